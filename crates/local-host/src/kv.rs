//! The key-value backends, as Spin has them: an SQLite file, memory, Redis.
//!
//! The differences between the backends are Spin's own and are kept on purpose: an increment's value is a
//! little-endian `i64` in SQLite and memory and ASCII digits in Redis, `get_many` is refused on Redis, Redis
//! ignores the store's label, and an increment of a value that is not a counter breaks SQLite until a restart.

mod calls;
pub mod copy;
mod journal;
mod manner;
mod memory;
mod redis;
mod sqlite;

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

use thiserror::Error;

use self::{memory::Memory, redis::Redis, sqlite::Sqlite};

pub use self::calls::CallLog;
pub use self::manner::{Manner, Watcher};

/// Where the values are kept. Written `sqlite:PATH`, `redis://HOST[:PORT][/DB]` or `memory`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file with Spin's own table; created with its folder if absent.
    Sqlite(PathBuf),
    /// The address of a Redis server.
    Redis(String),
    /// Nowhere: gone when the last handle is.
    Memory,
}

/// An open backend. Clones share it; a file is put in order when the last clone goes.
#[derive(Clone)]
pub struct Backend {
    engine: Engine,
    manner: Manner,
    log: Option<Arc<CallLog>>,
}

/// One store of a backend, by its label.
#[derive(Clone)]
pub struct Bucket {
    label: Arc<str>,
    engine: Engine,
    manner: Manner,
    /// Where calls are noted, and whose they are.
    log: Option<(Arc<CallLog>, Arc<str>)>,
}

/// A call that failed. After a failed write the value may be there or not.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KvError {
    /// The store is of no more use until the host is started anew: something incremented a value that is no
    /// counter. Spin panics here and at every later call.
    #[error("the key-value store is broken until a restart: {0}")]
    Broken(String),
    /// What the backend said.
    #[error("{0}")]
    Other(String),
}

#[derive(Clone)]
enum Engine {
    Memory(Arc<Memory>),
    Redis(Redis),
    Sqlite(Arc<Sqlite>),
}

impl Backend {
    /// Opens a backend; a file that is absent is created.
    pub async fn open(location: &Location) -> Result<Self, KvError> {
        Self::open_limited(location, None).await
    }

    /// Opens a backend whose file may not grow beyond so many pages (of 4 KB): a rehearsal of a full disk.
    pub async fn open_limited(location: &Location, max_pages: Option<u32>) -> Result<Self, KvError> {
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(Arc::new(Sqlite::open(path, max_pages)?)),
            _ if max_pages.is_some() => {
                return Err(KvError::Other("only a file can be limited to a number of pages".into()));
            }
            Location::Memory => Engine::Memory(Arc::default()),
            Location::Redis(url) => Engine::Redis(Redis::connect(url).await?),
        };
        Ok(Self { engine, manner: Manner::default(), log: None })
    }

    /// The same, with the calls of components noted.
    #[must_use]
    pub fn recording(self, log: CallLog) -> Self {
        Self { log: Some(Arc::new(log)), ..self }
    }

    /// The same backend with a manner.
    #[must_use]
    pub fn with(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// Opens a backend that must be there already, for tools that only look.
    pub async fn open_existing(location: &Location) -> Result<Self, KvError> {
        match location {
            Location::Sqlite(path) if !path.is_file() => {
                Err(KvError::Other(format!("there is no data file {}", path.display())))
            }
            _ => Self::open(location).await,
        }
    }

    /// The store with this label. Any label exists; Redis has one store whatever the label.
    pub fn bucket(&self, label: &str) -> Bucket {
        Bucket { label: label.into(), engine: self.engine.clone(), manner: self.manner.clone(), log: None }
    }

    /// The store with this label in the hands of a component.
    pub fn bucket_of(&self, component: &str, label: &str) -> Bucket {
        let log = self.log.clone().map(|log| (log, component.into()));
        Bucket { log, ..self.bucket(label) }
    }
}

impl Bucket {
    /// The value of a key, or nothing.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let call = async {
            match &self.engine {
                Engine::Memory(memory) => memory.get(&self.label, key),
                Engine::Redis(redis) => redis.get(key).await,
                Engine::Sqlite(sqlite) => sqlite.get(&self.label, key),
            }
        };
        let found = self.manner.call("get", call).await;
        if let Ok(value) = &found {
            self.note("get", &[(key, value.as_ref().map(Vec::len))]);
        }
        found
    }

    /// Whether a key has a value.
    pub async fn exists(&self, key: &str) -> Result<bool, KvError> {
        let call = async {
            match &self.engine {
                Engine::Memory(memory) => Ok(memory.get(&self.label, key)?.is_some()),
                Engine::Redis(redis) => redis.exists(key).await,
                Engine::Sqlite(sqlite) => sqlite.exists(&self.label, key),
            }
        };
        self.note("exists", &[(key, None)]);
        self.manner.call("exists", call).await
    }

    /// Every key, in no order: a full scan.
    pub async fn list_keys(&self) -> Result<Vec<String>, KvError> {
        let call = async {
            match &self.engine {
                Engine::Memory(memory) => memory.list_keys(&self.label),
                Engine::Redis(redis) => redis.list_keys().await,
                Engine::Sqlite(sqlite) => sqlite.list_keys(&self.label),
            }
        };
        self.note("list-keys", &[]);
        self.manner.call("list-keys", call).await
    }

    /// The keys that have a value, with it. Refused on Redis: Spin's own call is broken there.
    pub async fn get_many(&self, keys: &[String]) -> Result<Vec<(String, Vec<u8>)>, KvError> {
        keys.iter().for_each(|key| self.note("get-many", &[(key, None)]));
        let one = |key: &String| match &self.engine {
            Engine::Memory(memory) => memory.get(&self.label, key),
            Engine::Redis(_) => {
                Err(KvError::Other("get-many does not work on Redis: get the keys one by one".into()))
            }
            Engine::Sqlite(sqlite) => sqlite.get(&self.label, key),
        };
        keys.iter()
            .filter_map(|key| one(key).map(|value| value.map(|value| (key.clone(), value))).transpose())
            .collect()
    }

    /// Writes all entries or none, durably.
    pub async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        if entries.is_empty() {
            return Ok(());
        }
        if self.log.is_some() {
            let keys: Vec<_> = entries.iter().map(|(key, value)| (key.as_str(), Some(value.len()))).collect();
            self.note("set-many", &keys);
        }
        let call = async {
            match &self.engine {
                Engine::Memory(memory) => memory.set_many(&self.label, entries),
                Engine::Redis(redis) => redis.set_many(entries).await,
                Engine::Sqlite(sqlite) => sqlite.set_many(&self.label, entries).await,
            }
        };
        self.manner.call("set-many", call).await
    }

    /// Removes keys; absent ones are no error.
    pub async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        if keys.is_empty() {
            return Ok(());
        }
        if self.log.is_some() {
            self.note("delete-many", &keys.iter().map(|key| (key.as_str(), None)).collect::<Vec<_>>());
        }
        let call = async {
            match &self.engine {
                Engine::Memory(memory) => memory.delete_many(&self.label, keys),
                Engine::Redis(redis) => redis.delete_many(keys).await,
                Engine::Sqlite(sqlite) => sqlite.delete_many(&self.label, keys).await,
            }
        };
        self.manner.call("delete-many", call).await
    }

    /// Adds to a counter (absent: 0) and returns the new value. See [`KvError::Broken`].
    pub async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        let call = async {
            match &self.engine {
                Engine::Memory(memory) => memory.increment(&self.label, key, delta),
                Engine::Redis(redis) => redis.increment(key, delta).await,
                Engine::Sqlite(sqlite) => sqlite.increment(&self.label, key, delta).await,
            }
        };
        self.note("increment", &[(key, None)]);
        self.manner.call("increment", call).await
    }

    fn note(&self, call: &str, keys: &[(&str, Option<usize>)]) {
        if let Some((log, component)) = &self.log {
            log.note(component, call, keys);
        }
    }
}

impl FromStr for Location {
    type Err = KvError;

    fn from_str(text: &str) -> Result<Self, KvError> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("redis", rest)) if rest.starts_with("//") => Ok(Self::Redis(text.into())),
            _ => Err(KvError::Other(format!("{text:?} is not sqlite:PATH, redis://HOST[:PORT] or memory"))),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => out.write_str("memory"),
            // A password may be part of the address.
            Self::Redis(url) => write!(out, "redis at {}", url.rsplit('@').next().unwrap_or_default()),
            Self::Sqlite(path) => write!(out, "sqlite:{}", path.display()),
        }
    }
}

/// Adds to a stored counter as Spin's SQLite store does: eight bytes, little-endian.
fn add_to_counter(key: &str, stored: Option<Vec<u8>>, delta: i64) -> Result<i64, KvError> {
    let value = match stored {
        None => 0,
        Some(bytes) => match <[u8; 8]>::try_from(bytes) {
            Ok(bytes) => i64::from_le_bytes(bytes),
            Err(_) => return Err(KvError::Broken(format!("increment of {key:?}, which holds no counter"))),
        },
    };
    value.checked_add(delta).ok_or_else(|| KvError::Other(format!("the counter {key:?} would overflow")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_read_and_mistakes_refused() {
        assert_eq!("memory".parse(), Ok(Location::Memory));
        assert_eq!("sqlite:a/b.db".parse(), Ok(Location::Sqlite("a/b.db".into())));
        assert_eq!("redis://h:1/2".parse(), Ok(Location::Redis("redis://h:1/2".into())));
        for wrong in ["", "sqlite:", "sqlite", "redis:h", "rediss://h", "a.db", "memory:"] {
            assert!(wrong.parse::<Location>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(Location::Redis("redis://u:secret@h:1".into()).to_string(), "redis at h:1");
    }

    #[test]
    fn a_counter_is_eight_bytes_and_does_not_wrap() {
        assert_eq!(add_to_counter("k", None, 3), Ok(3));
        assert_eq!(add_to_counter("k", Some(vec![1, 0, 0, 0, 0, 0, 0, 0]), -2), Ok(-1));
        assert!(matches!(add_to_counter("k", Some(b"12".to_vec()), 1), Err(KvError::Broken(_))));
        assert!(matches!(
            add_to_counter("k", Some(i64::MAX.to_le_bytes().to_vec()), 1),
            Err(KvError::Other(_))
        ));
    }
}
