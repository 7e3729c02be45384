//! A space as an export and as a live Confluence gives it: the articles that are made, what could not be taken over, and
//! what is refused. `UPDATE_EXPECT=1` writes the expected text for you to read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code)]
#[path = "../../../tests/e2e/src/confluence.rs"]
mod stand_in;

use relevo_import::confluence::rest::Confluence;
use relevo_import::confluence::{Options, Space, articles, export, probes};
use relevo_import::{File, Note};
use stand_in::{Fault, LOGIN};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/confluence")
}

fn options() -> Options {
    Options {
        name: "confluence".to_owned(),
        locale: Some("es".to_owned()),
        owner: Some("nuria-sanz".to_owned()),
        partition: None,
    }
}

/// As a desk would name them.
fn made(space: &Space) -> (Vec<File>, Vec<Note>) {
    let ids = probes(space, &options()).into_iter().map(|file| {
        let id = format!("art_{}", file.path.replace(['/', '.'], "-"));
        (file.path, id)
    });
    articles(space, &options(), &ids.collect::<BTreeMap<_, _>>())
}

fn told(space: &Space) -> String {
    let (files, notes) = made(space);
    let files = files.iter().map(|file| format!("== {}\n{}", file.path, file.markdown));
    let notes = notes.iter().map(|note| format!("!! {}: {}\n", note.page, note.why));
    files.chain(notes).collect()
}

fn check(space: &Space, name: &str) {
    let (path, told) = (fixtures().join("expected").join(name), told(space));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(&path).unwrap(), "{name}");
}

fn never(_: Duration) {
    panic!("nothing is to be waited for");
}

fn live(server: &stand_in::Confluence) -> Confluence {
    Confluence::new(&server.base_url(), LOGIN, never).unwrap()
}

#[test]
fn an_export_becomes_articles_and_says_what_it_lost() {
    let space = export::read(&fixtures().join("export")).unwrap();
    assert_eq!((space.key.as_str(), space.pages.len()), ("SCH", 3));
    check(&space, "export.txt");
    // The archive of it, whose pages lie in a folder, says the same.
    let archive = fixtures().join("export.zip");
    assert!(export::is_one(&archive).unwrap() && !export::is_one(&fixtures().join("rest")).unwrap());
    assert_eq!(told(&export::read(&archive).unwrap()), told(&space));
}

#[test]
fn a_live_space_becomes_articles_and_says_what_it_lost() {
    let server = stand_in::Confluence::start();
    let space = live(&server).read("SCH").unwrap();
    check(&space, "rest.txt");
    let asked = server.received();
    assert_eq!(
        asked.iter().filter(|path| path.contains("/spaces/65540/pages")).count(),
        3,
        "by cursor: {asked:?}"
    );
}

#[test]
fn the_same_page_is_the_same_article_both_ways() {
    let server = stand_in::Confluence::start();
    let paths = |space: &Space| -> Vec<String> { made(space).0.into_iter().map(|file| file.path).collect() };
    let (one, other) =
        (export::read(&fixtures().join("export")).unwrap(), live(&server).read("SCH").unwrap());
    let wanted = ["confluence/SCH/98305.md", "confluence/SCH/98417.md", "confluence/SCH/98500.md"];
    let mut from_export = paths(&one);
    from_export.sort();
    assert_eq!(
        (from_export, paths(&other)),
        (wanted.map(str::to_owned).to_vec(), wanted.map(str::to_owned).to_vec())
    );
}

static WAITED: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[test]
fn what_confluence_asks_to_wait_is_waited_and_not_for_ever() {
    let server = stand_in::Confluence::start();
    let patient =
        Confluence::new(&server.base_url(), LOGIN, |time| WAITED.lock().unwrap().push(time.as_secs()))
            .unwrap();
    server.misbehave(Fault::Status(429, Some(7)), 2, "/labels");
    server.misbehave(Fault::Status(503, None), 1, "/spaces?");
    assert_eq!(told(&patient.read("SCH").unwrap()).matches("== ").count(), 3);
    assert_eq!(std::mem::take(&mut *WAITED.lock().unwrap()), [2, 7, 7]);
    server.misbehave(Fault::Status(429, Some(1)), 99, "/labels");
    let error = format!("{:#}", patient.read("SCH").unwrap_err());
    assert!(error.contains("again and again"), "{error}");
    assert_eq!(std::mem::take(&mut *WAITED.lock().unwrap()), [1, 1, 1, 1]);
    let server = stand_in::Confluence::start();
    server.misbehave(Fault::Status(429, Some(86_400)), 1, "/spaces");
    let error = format!("{:#}", live(&server).read("SCH").unwrap_err());
    assert!(error.contains("86400 seconds"), "{error}");
}

#[test]
fn what_cannot_be_read_is_said_in_words_and_without_the_token() {
    let secret = LOGIN.split_once(':').unwrap().1;
    let refused = |fault: Option<(Fault, &str)>, key: &str, login: &str| {
        let server = stand_in::Confluence::start();
        if let Some((fault, path)) = fault {
            server.misbehave(fault, 99, path);
        }
        let error = Confluence::new(&server.base_url(), login, |_| ()).unwrap().read(key).unwrap_err();
        let error = format!("{error:#} {error:?}");
        assert!(!error.contains(secret) && !error.contains("Basic"), "{error}");
        error
    };
    for (fault, key, login, says) in [
        (None, "SCH", "nuria@colegio.example:wrong", "does not know this mail address and API token"),
        (None, "NONE", LOGIN, "there is no space NONE"),
        (None, "S&H", LOGIN, "no key of a space"),
        (Some((Fault::Status(403, None), "/pages?")), "SCH", LOGIN, "does not let this person read"),
        (Some((Fault::Status(404, None), "/spaces")), "SCH", LOGIN, "is the address that of a Confluence"),
        (Some((Fault::Status(302, None), "/spaces")), "SCH", LOGIN, "sends elsewhere"),
        (Some((Fault::Status(500, None), "/spaces")), "SCH", LOGIN, "answered 500"),
        (Some((Fault::Nonsense, "/labels")), "SCH", LOGIN, "not as Confluence writes it"),
        (
            Some((Fault::Next("https://elsewhere.example/wiki".to_owned()), "/pages?")),
            "SCH",
            LOGIN,
            "not followed",
        ),
        (Some((Fault::Next("//elsewhere.example/wiki".to_owned()), "/pages?")), "SCH", LOGIN, "not followed"),
        (
            Some((Fault::Next("/wiki/api/v2/spaces/65540/pages?body-format=storage".to_owned()), "/pages?")),
            "SCH",
            LOGIN,
            "does not end",
        ),
    ] {
        let error = refused(fault, key, login);
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn a_token_does_not_travel_in_clear_and_a_login_that_is_none_is_refused() {
    for (address, login, says) in [
        ("http://colegio.atlassian.net", LOGIN, "https://"),
        ("https://nuria:x@colegio.atlassian.net", LOGIN, "names no person"),
        ("colegio", LOGIN, "address"),
        ("https://colegio.atlassian.net", "only-a-token", "a colon"),
        ("https://colegio.atlassian.net", "", "a colon"),
    ] {
        let error = format!("{:#}", Confluence::new(address, login, never).err().expect(address));
        assert!(error.contains(says) && !error.contains("only-a-token"), "{address}: {error}");
    }
}

#[test]
fn what_is_no_export_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = || format!("{:#}", export::read(folder.path()).unwrap_err());
    assert!(refused().contains("no index.html"), "{}", refused());
    std::fs::write(folder.path().join("index.html"), "<title>Web</title>").unwrap();
    assert!(refused().contains("does not say a key"), "{}", refused());
    std::fs::write(folder.path().join("index.html"), "<title>Web (WEB)</title>").unwrap();
    std::fs::write(folder.path().join("about_12.html"), "<p>hello</p>").unwrap();
    assert!(refused().contains("no page as Confluence writes them"), "{}", refused());
}
