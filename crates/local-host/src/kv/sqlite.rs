//! An SQLite file with Spin's own table.
//!
//! Reads have connections of their own and see what is committed; all writes go through one thread that
//! commits whatever is waiting as one durable transaction. While the file is open it is in WAL mode, so that
//! readers and the writer do not wait for each other; when the last handle goes it is put back in one piece.

mod writer;

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::oneshot;

use self::writer::{Job, Write};
use super::KvError;

const READERS: usize = 4;
/// How long to wait for another process that has the file.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const CREATE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,

    PRIMARY KEY (store, key)
)";

pub(super) struct Sqlite {
    readers: Vec<Mutex<Connection>>,
    next_reader: AtomicUsize,
    /// Set by the writer once, read before every call.
    broken: Arc<OnceLock<KvError>>,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path, max_pages: Option<u32>) -> Result<Self, KvError> {
        let named = |error: &dyn std::fmt::Display| KvError::Other(format!("{}: {error}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| named(&error))?;
        }
        let connection = connect(path).map_err(|error| named(&error))?;
        connection.execute(CREATE, []).map_err(|error| named(&error))?;
        if let Some(pages) = max_pages {
            connection.pragma_update(None, "max_page_count", pages).map_err(|error| named(&error))?;
        }
        let readers = (0..READERS)
            .map(|_| connect(path).map(Mutex::new))
            .collect::<Result<_, _>>()
            .map_err(|error| named(&error))?;
        let broken = Arc::new(OnceLock::new());
        let (jobs, waiting) = mpsc::channel();
        let writer =
            writer::start(connection, waiting, Arc::clone(&broken)).map_err(|error| named(&error))?;
        Ok(Self { readers, next_reader: AtomicUsize::new(0), broken, jobs: Some(jobs), writer: Some(writer) })
    }

    pub(super) fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.reader()?
            .prepare_cached("SELECT value FROM spin_key_value WHERE store = ?1 AND key = ?2")
            .and_then(|mut query| query.query_row([store, key], |row| row.get(0)).optional())
            .map_err(failed)
    }

    pub(super) fn exists(&self, store: &str, key: &str) -> Result<bool, KvError> {
        self.reader()?
            .prepare_cached("SELECT 1 FROM spin_key_value WHERE store = ?1 AND key = ?2")
            .and_then(|mut query| query.exists([store, key]))
            .map_err(failed)
    }

    pub(super) fn list_keys(&self, store: &str) -> Result<Vec<String>, KvError> {
        self.reader()?
            .prepare_cached("SELECT key FROM spin_key_value WHERE store = ?1")
            .and_then(|mut query| query.query_map(params![store], |row| row.get(0))?.collect())
            .map_err(failed)
    }

    pub(super) async fn set_many(
        &self,
        store: &Arc<str>,
        entries: Vec<(String, Vec<u8>)>,
    ) -> Result<(), KvError> {
        self.write(store, Write::SetMany(entries)).await.map(drop)
    }

    pub(super) async fn delete_many(&self, store: &Arc<str>, keys: Vec<String>) -> Result<(), KvError> {
        self.write(store, Write::DeleteMany(keys)).await.map(drop)
    }

    pub(super) async fn increment(&self, store: &Arc<str>, key: &str, delta: i64) -> Result<i64, KvError> {
        self.write(store, Write::Increment(key.to_owned(), delta)).await
    }

    /// Waits until the write is on the disk. A caller that stops waiting does not undo it.
    async fn write(&self, store: &Arc<str>, write: Write) -> Result<i64, KvError> {
        let gone = || KvError::Other("the writer is gone".into());
        let (done, outcome) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Job { store: Arc::clone(store), write, done }).map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }

    fn reader(&self) -> Result<MutexGuard<'_, Connection>, KvError> {
        if let Some(error) = self.broken.get() {
            return Err(error.clone());
        }
        if let Some(free) = self.readers.iter().find_map(|reader| reader.try_lock().ok()) {
            return Ok(free);
        }
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let reader = self.readers.get(turn % READERS).ok_or_else(|| KvError::Other("no reader".into()))?;
        Ok(reader.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // The writer leaves WAL mode at its end, for which it must be alone.
        self.readers.clear();
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    Ok(connection)
}

fn failed(error: rusqlite::Error) -> KvError {
    KvError::Other(format!("sqlite: {error}"))
}
