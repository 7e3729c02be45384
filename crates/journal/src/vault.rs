//! Data keys: what personal values are sealed under, wrapped in the store, destroyed to erase.
//!
//! A *data key* is 32 random bytes with an id of its own. The store has it only wrapped under the desk's wrapping
//! key, which is derived from the master key and stored nowhere. Destroying a data key overwrites the wrapped form;
//! whatever was sealed under it cannot be read from then on, in whichever slot, snapshot or copy of the store it lies
//! (a copy that still has the wrapped key: see the README). Which keys belong to whom is the callers' business.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::Journal;
use crate::append::Commit;
use crate::data_key::{DataKey, KeyId};
use crate::error::JournalError;
use crate::hlt::millis;
use crate::keys;
use crate::names::Desk;
use crate::store::Store;
use crate::value;

/// How long an instance uses a data key without looking whether it still exists: after a destruction it may go on
/// reading and writing under the key for so long.
pub const CACHED_MS: u64 = 30_000;

/// Data keys that an instance remembers.
const CACHED_KEYS: usize = 2_048;

/// What a journal can open: everything of a desk, with its wrapping key, or nothing.
#[derive(Clone, Default)]
pub struct Vault(Option<Open>);

#[derive(Clone)]
struct Open {
    wrapping: DataKey,
    now_ms: u64,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Vault(open)" } else { "Vault(closed)" })
    }
}

impl Vault {
    /// Opens nothing: sealed values read as if they were erased, and none can be written. What only counts and
    /// compares needs no more.
    pub fn closed() -> Self {
        Self(None)
    }

    /// Opens what is wrapped under a desk's wrapping key; `now` is the caller's clock, by which remembered keys age.
    pub fn open(wrapping: [u8; 32], now: DateTime<Utc>) -> Self {
        let wrapping = DataKey::named("wrapping", wrapping);
        Self(Some(Open { wrapping, now_ms: millis(now) }))
    }
}

/// Id of the data key that a vault has by itself: a desk's own, for what belongs to no person. It is never destroyed.
const DESK_KEY: &str = "desk";

/// What is known of a data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Here it is.
    Open(DataKey),
    /// It was destroyed.
    Destroyed,
    /// The vault is closed.
    Closed,
}

/// The data keys that a stream's events name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(BTreeMap<KeyId, Access>);

impl Keys {
    pub(crate) fn access(&self, id: &KeyId) -> &Access {
        self.0.get(id).unwrap_or(&Access::Closed)
    }

    pub(crate) fn get(&self, id: &KeyId) -> Option<&DataKey> {
        match self.access(id) {
            Access::Open(key) => Some(key),
            _ => None,
        }
    }

    pub(crate) fn insert(&mut self, key: DataKey) {
        self.0.insert(key.id().clone(), Access::Open(key));
    }
}

/// The stored form of a data key.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    /// The key, wrapped; absent once it is destroyed.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// When it was destroyed, in milliseconds.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    destroyed_ms: Option<u64>,
}

struct Cached {
    wrapping: [u8; 32],
    access: Access,
    at_ms: u64,
}

thread_local! {
    static CACHE: RefCell<BTreeMap<KeyId, Cached>> = const { RefCell::new(BTreeMap::new()) };
}

impl<S: Store> Journal<S> {
    /// The same journal with what it can open.
    #[must_use]
    pub fn with_vault(self, vault: Vault) -> Self {
        Self { vault, ..self }
    }

    /// A data key by its id; nothing when it was destroyed. Costs a get unless it is remembered.
    ///
    /// # Errors
    /// When the store fails, the vault is closed, or the key was wrapped under another key than the vault's.
    pub async fn data_key(&self, desk: &Desk, id: &KeyId) -> Result<Option<DataKey>, JournalError> {
        let mut keys = Keys::default();
        self.fetch_keys(desk, &mut keys, [id]).await?;
        match keys.access(id) {
            Access::Open(key) => Ok(Some(key.clone())),
            Access::Destroyed => Ok(None),
            Access::Closed => Err(JournalError::Closed),
        }
    }

    /// The desk's own data key, for what belongs to no person and is never erased. It needs no storing.
    ///
    /// # Errors
    /// When the vault is closed.
    pub fn desk_key(&self) -> Result<DataKey, JournalError> {
        self.vault.0.as_ref().map(Open::desk_key).ok_or(JournalError::Closed)
    }

    /// Writes a new data key with the commit that first uses it.
    ///
    /// # Errors
    /// When the vault is closed or the commit is another desk's.
    pub fn keep_key(&self, commit: &mut Commit, key: &DataKey) -> Result<(), JournalError> {
        let open = self.vault.0.as_ref().ok_or(JournalError::Closed)?;
        let about: [&[u8]; 3] =
            [b"relevo/key", commit.desk.as_str().as_bytes(), key.id().as_str().as_bytes()];
        let wrapped = open.wrapping.seal(&about, key.bytes()).ok_or(JournalError::Closed)?;
        let form = Wrapped { key: Some(BASE64.encode(&wrapped)), destroyed_ms: None };
        let entry = (keys::data_key(&commit.desk, key.id()), value::encode("a data key", &form)?);
        commit.puts.push(entry);
        Ok(())
    }

    /// Destroys data keys with a commit, for good. Other instances notice within [`CACHED_MS`].
    ///
    /// # Errors
    /// When the stored form is no JSON, which it always is.
    pub fn destroy_keys(&self, commit: &mut Commit, ids: &[KeyId]) -> Result<(), JournalError> {
        for id in ids {
            let form = Wrapped { key: None, destroyed_ms: Some(millis(commit.now)) };
            let entry = (keys::data_key(&commit.desk, id), value::encode("a destroyed key", &form)?);
            commit.puts.push(entry);
            CACHE.with_borrow_mut(|cache| cache.remove(id));
        }
        Ok(())
    }

    /// Which of these data keys the store still has, remembered or not. Costs a get each, concurrently.
    ///
    /// # Errors
    /// When the store fails or holds something else.
    pub async fn existing_keys(&self, desk: &Desk, ids: &[KeyId]) -> Result<Vec<KeyId>, JournalError> {
        let found = try_join_all(ids.iter().map(|id| self.read_key(desk, id))).await?;
        Ok(ids
            .iter()
            .zip(found)
            .filter(|(_, found)| found.as_ref().is_some_and(|form| form.key.is_some()))
            .map(|(id, _)| id.clone())
            .collect())
    }

    /// Adds what is known of data keys: one get for each that is not remembered, concurrently.
    pub(crate) async fn fetch_keys<'a>(
        &self,
        desk: &Desk,
        known: &mut Keys,
        ids: impl IntoIterator<Item = &'a KeyId>,
    ) -> Result<(), JournalError> {
        let Some(open) = &self.vault.0 else { return Ok(()) };
        let mut missing = Vec::new();
        for id in ids {
            if known.0.contains_key(id) || missing.contains(&id) {
                continue;
            }
            if id.as_str() == DESK_KEY {
                known.insert(open.desk_key());
                continue;
            }
            match remembered(open, id) {
                Some(access) => {
                    known.0.insert(id.clone(), access);
                }
                None => missing.push(id),
            }
        }
        let found = try_join_all(missing.iter().map(|id| self.read_key(desk, id))).await?;
        for (id, wrapped) in missing.into_iter().zip(found) {
            let access = match wrapped.as_ref().map(|form| &form.key) {
                Some(Some(wrapped)) => Access::Open(unwrap(open, desk, id, wrapped)?),
                Some(None) | None => Access::Destroyed,
            };
            // One that is not there may be about to be written.
            if wrapped.is_some() {
                remember(open, id, &access);
            }
            known.0.insert(id.clone(), access);
        }
        Ok(())
    }

    async fn read_key(&self, desk: &Desk, id: &KeyId) -> Result<Option<Wrapped>, JournalError> {
        let key = keys::data_key(desk, id);
        let Some(bytes) = self.store.get(&key).await? else { return Ok(None) };
        value::decode(&bytes).map(Some).map_err(|why| JournalError::Corrupt { key, why })
    }
}

impl Open {
    fn desk_key(&self) -> DataKey {
        self.wrapping.derive(DESK_KEY)
    }
}

fn unwrap(open: &Open, desk: &Desk, id: &KeyId, wrapped: &str) -> Result<DataKey, JournalError> {
    let about: [&[u8]; 3] = [b"relevo/key", desk.as_str().as_bytes(), id.as_str().as_bytes()];
    let sealed = BASE64.decode(wrapped.as_bytes()).unwrap_or_default();
    let bytes = open.wrapping.open(&about, &sealed).and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.ok_or_else(|| JournalError::Corrupt {
        key: keys::data_key(desk, id),
        why: "it was wrapped under another master key, or altered".to_owned(),
    })?;
    Ok(DataKey::new(id.clone(), bytes))
}

fn remembered(open: &Open, id: &KeyId) -> Option<Access> {
    CACHE.with_borrow(|cache| {
        let cached = cache.get(id)?;
        let age_ms = open.now_ms.checked_sub(cached.at_ms)?;
        (age_ms < CACHED_MS && cached.wrapping == *open.wrapping.bytes()).then(|| cached.access.clone())
    })
}

fn remember(open: &Open, id: &KeyId, access: &Access) {
    CACHE.with_borrow_mut(|cache| {
        if cache.len() >= CACHED_KEYS {
            cache.clear();
        }
        let cached = Cached { wrapping: *open.wrapping.bytes(), access: access.clone(), at_ms: open.now_ms };
        cache.insert(id.clone(), cached);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use chrono::TimeDelta;
    use futures::executor::block_on;

    fn key(id: &str, byte: u8) -> DataKey {
        DataKey::new(KeyId::new(id).unwrap(), [byte; 32])
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1_000 + seconds)
    }

    fn journal(store: &MemoryStore, wrapping: u8, seconds: i64) -> Journal<MemoryStore> {
        Journal::new(store.clone()).with_vault(Vault::open([wrapping; 32], at(seconds)))
    }

    #[test]
    fn keys_are_kept_wrapped_remembered_for_a_while_and_destroyed_for_good() {
        block_on(async {
            let (store, desk) = (MemoryStore::default(), Desk::new("school").unwrap());
            let key = key("vaultkey1", 7);
            let first = journal(&store, 1, 0);
            let mut commit = Commit::new(desk.clone(), at(0));
            first.keep_key(&mut commit, &key).unwrap();
            first.commit(commit).await.unwrap();
            let stored = store.dump().into_values().collect::<Vec<_>>().concat();
            assert!(!stored.windows(4).any(|w| w == [7; 4]), "only wrapped");

            assert_eq!(first.data_key(&desk, key.id()).await.unwrap(), Some(key.clone()));
            let other = journal(&store, 2, 0).data_key(&desk, key.id()).await;
            assert!(matches!(other, Err(JournalError::Corrupt { .. })), "another wrapping key");
            CACHE.with_borrow_mut(BTreeMap::clear);
            let foreign = Desk::new("cards").unwrap();
            assert_eq!(first.data_key(&foreign, key.id()).await.unwrap(), None, "another desk's");

            assert_eq!(first.data_key(&desk, key.id()).await.unwrap(), Some(key.clone()));
            let before = store.dump();
            let mut commit = Commit::new(desk.clone(), at(1));
            Journal::new(MemoryStore::default()).destroy_keys(&mut commit, &[key.id().clone()]).unwrap();
            remember(first.vault.0.as_ref().unwrap(), key.id(), &Access::Open(key.clone()));
            first.commit(commit).await.unwrap();
            let late = journal(&store, 1, 29).data_key(&desk, key.id()).await.unwrap();
            assert_eq!(late, Some(key.clone()), "another instance still remembers it");
            assert_eq!(journal(&store, 1, 31).data_key(&desk, key.id()).await.unwrap(), None);
            assert_eq!(
                journal(&store, 1, -1).data_key(&desk, key.id()).await.unwrap(),
                None,
                "clock set back"
            );
            assert!(first.existing_keys(&desk, &[key.id().clone()]).await.unwrap().is_empty());
            assert_ne!(store.dump(), before);

            let closed = Journal::new(store);
            assert!(matches!(closed.data_key(&desk, key.id()).await, Err(JournalError::Closed)));
            let mut commit = Commit::new(desk, at(0));
            assert!(matches!(closed.keep_key(&mut commit, &key), Err(JournalError::Closed)));
        });
    }
}
