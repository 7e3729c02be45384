//! The three primitives that every backend has, and nothing that some of them break.
//!
//! Spin's key-value store offers more on paper (compare-and-swap, get-many, listing); on one backend or
//! another each of those is broken or scans everything, so nothing here uses them.

use std::rc::Rc;

use thiserror::Error;

pub mod memory;
#[cfg(feature = "spin")]
pub mod spin;

/// What a value may hold at most on every backend.
pub const MAX_VALUE_BYTES: usize = 1_000_000;

/// A plain key-value store.
///
/// Keys are `[A-Za-z0-9:_-]`, at most 256 bytes; values at most 1 MB. An error of a writing call is
/// *ambiguous*: the write may have been applied.
#[allow(async_fn_in_trait)] // single-threaded in a component; callers never need `Send`
pub trait Store {
    /// The value of a key, or nothing. Any number of these may run at once.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes all entries or none.
    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError>;

    /// Adds `delta` to a counter (absent: 0) and returns the new value; no two callers get the same one for
    /// a positive `delta`. Counter keys are in a namespace that no other call ever writes: on SQLite an
    /// increment of anything else kills the store.
    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError>;

    /// Removes keys; absent ones are no error. Not atomic.
    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError>;
}

impl<S: Store> Store for Rc<S> {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        S::get(self, key).await
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        S::set_many(self, entries).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        S::increment(self, key, delta).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        S::delete_many(self, keys).await
    }
}

/// A store call that failed. The text is the backend's own and holds no values.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the key-value store failed during {call}: {why}")]
pub struct StoreError {
    /// Which primitive.
    pub call: &'static str,
    /// What the backend said.
    pub why: String,
}

/// Refuses, before any call, what some backend would refuse or break on.
///
/// # Errors
/// When the key or the value's size is not allowed.
pub fn check(call: &'static str, key: &str, bytes: usize) -> Result<(), StoreError> {
    if !crate::keys::is_valid(key) {
        return Err(StoreError { call, why: format!("{key:?} is no valid key") });
    }
    if bytes > MAX_VALUE_BYTES {
        return Err(StoreError { call, why: format!("the value of {key} has {bytes} bytes") });
    }
    Ok(())
}

/// Reads a counter that was fetched with `get`: Spin keeps it as a little-endian `i64` on SQLite and as ASCII
/// digits on Redis. Eight bytes that are all digits are Redis's: as an `i64` they would exceed 3·10^18.
pub fn decode_counter(bytes: &[u8]) -> Option<i64> {
    let digits = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    if digits {
        return std::str::from_utf8(bytes).ok()?.parse().ok();
    }
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}
