//! Copies of a data file while it is in use, and putting one back.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::KvError;

/// How long to wait for a writer of a file that is not in WAL mode.
const PAUSE: Duration = Duration::from_millis(20);

/// Copies a data file to a new one with SQLite's online backup, whatever is written meanwhile: the copy is what the file
/// was at one moment at or after the call, checked and on the disk when this returns. It takes its name only then.
///
/// # Errors
/// When there is no such file, the copy is there already, or either cannot be read or written.
pub fn backup(data: &Path, copy: &Path) -> Result<(), KvError> {
    if copy.exists() {
        return Err(KvError::Other(format!("{} is there already: choose another name", copy.display())));
    }
    copy_to(data, copy)
}

/// Puts a copy in place of a data file, which nobody may have open. What was there is kept beside it, under the name that
/// is returned.
///
/// # Errors
/// When the copy is no data file, somebody has the file open, or it cannot be written.
pub fn restore(copy: &Path, data: &Path) -> Result<Option<PathBuf>, KvError> {
    check(&open(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?, copy)?;
    let mut kept = None;
    if data.exists() {
        let old = open(data, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // Leaves WAL mode, for which it must be alone; what was in the -wal file is in the file then.
        let mode: String = old
            .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
            .map_err(|error| failed(data, &error))?;
        if mode != "delete" {
            return Err(KvError::Other(format!("{} is in use: stop the host first", data.display())));
        }
        old.execute_batch("BEGIN EXCLUSIVE; COMMIT").map_err(|error| failed(data, &error))?;
        drop(old);
        let aside = free_name(data);
        fs::rename(data, &aside).map_err(|error| failed(data, &error))?;
        kept = Some(aside);
    }
    copy_to(copy, data)?;
    Ok(kept)
}

fn copy_to(from: &Path, to: &Path) -> Result<(), KvError> {
    let partial = with_ending(to, ".partial");
    let _ = fs::remove_file(&partial);
    let source = open(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    check(&source, from)?;
    let mut target = Connection::open(&partial).map_err(|error| failed(&partial, &error))?;
    copy_pages(&source, &mut target).map_err(|error| failed(&partial, &error))?;
    // One plain file: a copy in WAL mode would not be whole without its companions.
    target
        .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))
        .and_then(|()| target.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)))
        .map_err(|error| failed(&partial, &error))
        .and_then(|said| if said == "ok" { Ok(()) } else { Err(failed(&partial, &said)) })?;
    drop(target);
    let on_disk = || {
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    on_disk().map_err(|error| failed(to, &error))
}

/// All pages at one go: in WAL mode, in which the host has the file, that holds nobody up, and nothing that is written
/// meanwhile makes it begin anew.
fn copy_pages(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(source, target)?;
    while backup.step(-1)? != StepResult::Done {
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Is it a data file?
fn check(connection: &Connection, path: &Path) -> Result<(), KvError> {
    let is =
        connection.query_row("SELECT count(*) FROM sqlite_master WHERE name = 'spin_key_value'", [], |row| {
            row.get::<_, i64>(0)
        });
    match is {
        Ok(1) => Ok(()),
        _ => Err(KvError::Other(format!("{} is no data file of Spin or of this host", path.display()))),
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, KvError> {
    let connection = Connection::open_with_flags(path, flags).map_err(|error| failed(path, &error))?;
    connection.busy_timeout(super::sqlite::BUSY_TIMEOUT).map_err(|error| failed(path, &error))?;
    Ok(connection)
}

fn free_name(path: &Path) -> PathBuf {
    (1..)
        .map(|n| with_ending(path, &format!(".before-restore-{n}")))
        .find(|name| !name.exists())
        .unwrap_or_default()
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn failed(path: &Path, error: &impl std::fmt::Display) -> KvError {
    KvError::Other(format!("{}: {error}", path.display()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kv::sqlite::Sqlite;
    use std::sync::Arc;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("relevo-copy-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    async fn put(sqlite: &Sqlite, key: &str) {
        let label: Arc<str> = "default".into();
        sqlite.set_many(&label, vec![(key.to_owned(), vec![1])]).await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_has_what_was_written_before_and_a_file_in_use_is_not_replaced() {
        let folder = folder("whole");
        let (data, copy) = (folder.join("kv.db"), folder.join("copy.db"));
        let sqlite = Sqlite::open(&data, None).unwrap();
        put(&sqlite, "before").await;
        backup(&data, &copy).unwrap();
        put(&sqlite, "after").await;
        assert!(backup(&data, &copy).unwrap_err().to_string().contains("is there already"));
        assert!(restore(&copy, &data).is_err(), "it is in use");
        drop(sqlite);

        let kept = restore(&copy, &data).unwrap().unwrap();
        let has = |path: &Path, key| Sqlite::open(path, None).unwrap().get("default", key).unwrap().is_some();
        assert_eq!((has(&data, "before"), has(&data, "after")), (true, false));
        assert!(has(&kept, "after"), "what was there is kept");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_is_no_data_file_is_refused_and_nothing_is_touched() {
        let folder = folder("wrong");
        let (text, data) = (folder.join("text"), folder.join("kv.db"));
        fs::write(&text, "no data").unwrap();
        assert!(restore(&text, &data).is_err() && !data.exists());
        assert!(backup(&text, &folder.join("copy.db")).is_err());
        assert!(backup(&data, &folder.join("copy.db")).is_err(), "there is none");
        fs::remove_dir_all(&folder).unwrap();
    }
}
