//! A store in memory that counts, and that lets others go on at every call.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it

use futures::future::poll_fn;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::store::{Store, StoreError};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

/// What was asked of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub gets: usize,
    pub increments: usize,
    pub writes: usize,
    pub bytes_read: usize,
    pub bytes_written: usize,
}

#[derive(Clone, Default)]
pub struct Counting(MemoryStore, Rc<Cell<Counts>>);

impl Counting {
    /// Over a store that has something in it.
    pub fn over(store: MemoryStore) -> Self {
        Self(store, Rc::default())
    }

    /// What was asked since the last time.
    pub fn take(&self) -> Counts {
        self.1.take()
    }

    fn count(&self, more: impl FnOnce(&mut Counts)) {
        let mut counts = self.1.get();
        more(&mut counts);
        self.1.set(counts);
    }
}

impl Store for Counting {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.0.get(key).await?;
        let mut waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.count(|counts| {
            counts.gets += 1;
            counts.bytes_read += value.as_ref().map_or(0, Vec::len);
        });
        Ok(value)
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        self.count(|counts| {
            counts.writes += 1;
            counts.bytes_written += entries.iter().map(|(_, value)| value.len()).sum::<usize>();
        });
        self.0.set_many(entries).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.count(|counts| counts.increments += 1);
        self.0.increment(key, delta).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        self.count(|counts| counts.writes += 1);
        self.0.delete_many(keys).await
    }
}
