use super::*;
use std::io::{Cursor, Write as _};
use zip::write::SimpleFileOptions;

fn archive(entries: &[(&str, &[u8])]) -> Cursor<Vec<u8>> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("an archive")
}

fn read(archive: Cursor<Vec<u8>>) -> Result<Files> {
    let mut taken = Taken::new(".md", Limits { entries: 5, file: 1_000, all: 3_000 });
    zip(archive, &mut taken).map(|()| taken.files)
}

fn refused(entries: &[(&str, &[u8])]) -> String {
    format!("{:#}", read(archive(entries)).expect_err("refused"))
}

#[test]
fn what_is_asked_for_is_read_and_nothing_else() {
    let files = read(archive(&[("a/b.md", b"# B"), ("c.MD", b"# C"), ("d.html", b"x"), ("md", b"x")]));
    let files = files.expect("read");
    assert_eq!(
        files.into_iter().collect::<Vec<_>>(),
        [("a/b.md".into(), b"# B".to_vec()), ("c.MD".into(), b"# C".to_vec())]
    );
}

#[test]
fn paths_that_lead_out_are_refused_whatever_they_are_of() {
    for path in ["../a.md", "a/../../b.md", "/etc/a.md", "..\\a.md", "C:/a.md", "./a.md", "../x.png"] {
        let error = refused(&[("good.md", b"x"), (path, b"x")]);
        assert!(error.contains("leads out"), "{path}: {error}");
    }
}

#[test]
fn what_is_small_packed_and_huge_unpacked_is_refused() {
    let huge = vec![b'a'; 1_000_000];
    let packed = archive(&[("a.md", &huge)]);
    assert!(packed.get_ref().len() < 10_000);
    assert!(
        format!("{:#}", read(packed).expect_err("refused"))
            .contains("a.md has more than 1000 bytes unpacked")
    );
    let full = vec![b'a'; 1_000];
    let three: [(&str, &[u8]); 3] = [("1.md", &full), ("2.md", &full), ("3.md", &full)];
    assert_eq!(read(archive(&three)).expect("read").len(), 3);
    let more: Vec<(&str, &[u8])> = three.into_iter().chain([("4.md", "a".as_bytes())]).collect();
    assert!(refused(&more).contains("more than 3000 bytes unpacked"));
    // What is not read costs nothing.
    assert!(read(archive(&[("a.bin", &huge)])).expect("read").is_empty());
}

#[test]
fn more_entries_than_are_taken_are_refused() {
    let names: Vec<String> = (0..6).map(|n| format!("{n}.bin")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), "".as_bytes())).collect();
    assert!(refused(&entries).contains("more than 5 entries"));
    assert!(read(archive(entries.get(..5).expect("five"))).is_ok());
}

#[test]
fn what_is_no_archive_or_is_damaged_is_refused() {
    assert!(
        format!("{:#}", read(Cursor::new(b"# Hello".to_vec())).expect_err("refused")).contains("zip archive")
    );
    let mut bytes =
        archive(&[("a.md", b"what is said here is long enough to be packed, packed, packed")]).into_inner();
    // Within what is packed: the checksum does not fit.
    bytes[40] ^= 0xff;
    assert!(read(Cursor::new(bytes)).is_err());
}

#[test]
fn links_in_folders_are_not_followed() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.md"), "# A").expect("written");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).expect("a link");
    let files = super::read(folder.path(), ".md").expect("read");
    assert_eq!(files.into_keys().collect::<Vec<_>>(), ["a.md"]);
}
