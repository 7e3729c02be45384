//! What the tests share: a fold whose state shows everything, a key, and a store that counts its calls.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use relevo_journal::audit::{Mac, MacKey};
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::store::{Store, StoreError};
use relevo_journal::{Desk, Event, EventId, Fold, NewEvent, StreamId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Keeps the order in which it was given events, and a number that depends on that order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// (id, data, logical time)
    pub seen: Vec<(String, String, u64)>,
    pub mixed: u64,
}

impl Log {
    pub fn texts(&self) -> Vec<&str> {
        self.seen.iter().map(|(_, data, _)| data.as_str()).collect()
    }
}

impl Fold for Log {
    type Data = String;
    const KIND: &'static str = "log";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<String>) {
        self.seen.push((event.id.to_string(), event.data.clone(), event.hlt.0));
        for byte in event.id.as_str().bytes().chain(event.data.bytes()) {
            self.mixed = self.mixed.wrapping_mul(31).wrapping_add(u64::from(byte));
        }
    }
}

pub fn desk() -> Desk {
    Desk::new("school").unwrap()
}

pub fn stream(name: &str) -> StreamId {
    format!("school:log:{name}").parse().unwrap()
}

/// 2026-07-01 plus so many milliseconds.
pub fn at_ms(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_864_000, 0).unwrap() + TimeDelta::milliseconds(ms)
}

pub fn event(id: &str, data: &str) -> NewEvent<String> {
    NewEvent { id: EventId::new(id).unwrap(), by: "test".to_owned(), tag: 7, data: data.to_owned() }
}

/// A key for tests: a hash with a prefix.
pub struct TestKey(pub &'static str);

impl MacKey for TestKey {
    fn mac(&self, parts: &[&[u8]]) -> Mac {
        let mut hash = Sha256::new_with_prefix(self.0);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Mac(hash.finalize()[..16].try_into().unwrap())
    }
}

/// Counts calls by name.
#[derive(Clone, Default)]
pub struct CountingStore {
    pub inner: MemoryStore,
    counts: Rc<RefCell<BTreeMap<&'static str, usize>>>,
}

impl CountingStore {
    fn count(&self, call: &'static str) {
        *self.counts.borrow_mut().entry(call).or_default() += 1;
    }

    /// get, increment, set-many, delete-many since the last time this was asked.
    pub fn take(&self) -> [usize; 4] {
        let counts = std::mem::take(&mut *self.counts.borrow_mut());
        ["get", "increment", "set-many", "delete-many"].map(|call| counts.get(call).copied().unwrap_or(0))
    }
}

impl Store for CountingStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.count("get");
        self.inner.get(key).await
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        self.count("set-many");
        self.inner.set_many(entries).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.count("increment");
        self.inner.increment(key, delta).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        self.count("delete-many");
        self.inner.delete_many(keys).await
    }
}
