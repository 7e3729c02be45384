//! Files that hold secrets, and the state folder.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::options::Store;

/// What `up` keeps in the state folder; nothing else in it is ever removed.
const KEPT: [&str; 7] =
    ["kv.db", "kv.db-journal", "kv.db-shm", "kv.db-wal", "host.log", "runtime-config.toml", "secrets.json"];

/// Writes a file that only its owner may read, whole or not at all.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let write = || -> Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        remove(&beside)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(fs::rename(&beside, path)?)
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// Makes a folder that only its owner may enter, if it is missing.
///
/// # Errors
/// When it cannot be made.
pub fn private_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("creating {}", path.display()))
}

/// Removes a file if it is there.
///
/// # Errors
/// When it is there and stays.
pub fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Empties the state folder of what `up` keeps there.
///
/// # Errors
/// When something stays.
pub fn empty(state: &Path) -> Result<()> {
    KEPT.iter().try_for_each(|name| remove(&state.join(name)))
}

/// Keeps others from the state folder while the answer lives. One on Redis may share it once another one is set up,
/// and waits for that; one on SQLite has it to itself.
///
/// # Errors
/// When somebody else has it.
pub fn lock(state: &Path, store: &Store) -> Result<File> {
    let path = state.join("lock");
    let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    match store {
        Store::Redis(_) => file.lock().with_context(|| format!("locking {}", path.display()))?,
        Store::Sqlite(_) => match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another `up` uses {}; give this one its own with --state", super::shown(state))
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        },
    }
    Ok(file)
}
