//! Bytes that no event should carry: attachments, raw mail, packs, exports. Content-addressed, in chunks, stored
//! before the event that names them. Personal ones are sealed, under names that disclose nothing.

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Journal;
use crate::data_key::{DataKey, KeyId};
use crate::error::JournalError;
use crate::keys;
use crate::names::{Desk, checked_name};
use crate::store::Store;
use crate::value;

/// A chunk's size.
const CHUNK_BYTES: usize = 256 * 1024;
/// Chunks written by one set-many.
const CHUNKS_AT_ONCE: usize = 3;

fn hex_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

checked_name!(
    /// Names a blob of a desk: the SHA-256 of its bytes, of a sealed one their keyed hash.
    BlobId, "blob id", "[0-9a-f]{64}", hex_digit, hex_digit, 64..=64
);

#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(rename = "n")]
    bytes: usize,
    /// The data key that the chunks are sealed under.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    key: Option<KeyId>,
}

impl<S: Store> Journal<S> {
    /// Stores bytes and returns their id. What is there already is not written again.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`] beyond `limit` bytes, before anything is written; else when the store fails:
    /// the same call may be repeated.
    pub async fn put_blob(&self, desk: &Desk, bytes: &[u8], limit: usize) -> Result<BlobId, JournalError> {
        self.put(desk, id_of(bytes, None), None, bytes, limit).await
    }

    /// Stores personal bytes, sealed under a data key: lost with it. The same bytes under the same key have the same id,
    /// which tells nobody else what they are.
    ///
    /// # Errors
    /// As [`Journal::put_blob`].
    pub async fn put_sealed_blob(
        &self,
        desk: &Desk,
        key: &DataKey,
        bytes: &[u8],
        limit: usize,
    ) -> Result<BlobId, JournalError> {
        self.put(desk, id_of(bytes, Some(key)), Some(key), bytes, limit).await
    }

    async fn put(
        &self,
        desk: &Desk,
        id: BlobId,
        key: Option<&DataKey>,
        bytes: &[u8],
        limit: usize,
    ) -> Result<BlobId, JournalError> {
        if bytes.len() > limit {
            return Err(JournalError::TooLarge { what: "a blob".to_owned(), bytes: bytes.len(), limit });
        }
        let head_key = keys::blob(desk, id.as_str());
        if self.store.get(&head_key).await?.is_some() {
            return Ok(id);
        }
        let chunks: Vec<_> = bytes.chunks(CHUNK_BYTES).enumerate().collect();
        for batch in chunks.chunks(CHUNKS_AT_ONCE) {
            let entry = |(i, chunk): &(usize, &[u8])| {
                let at = keys::blob_chunk(desk, id.as_str(), *i);
                let sealed = match key {
                    None => Some(chunk.to_vec()),
                    Some(key) => key.seal(&about(&at), chunk),
                };
                let why =
                    || JournalError::Encode { what: "a chunk".to_owned(), why: "it is too large".to_owned() };
                Ok((at, sealed.ok_or_else(why)?))
            };
            let entries = batch.iter().map(entry).collect::<Result<_, JournalError>>()?;
            self.store.set_many(entries).await?;
        }
        // The head last: where it is, all chunks are.
        let head = value::encode(
            "a blob's head",
            &Head { bytes: bytes.len(), key: key.map(|key| key.id().clone()) },
        )?;
        self.store.set_many(vec![(head_key, head)]).await?;
        Ok(id)
    }

    /// A blob's bytes, checked against its id; nothing when it is not there, or its key is destroyed.
    ///
    /// # Errors
    /// When the store fails, or what is stored is not what the id says.
    pub async fn get_blob(&self, desk: &Desk, id: &BlobId) -> Result<Option<Vec<u8>>, JournalError> {
        let Some((chunks, key)) = self.chunk_keys(desk, id).await? else { return Ok(None) };
        let key = match key {
            None => None,
            Some(key) => match self.data_key(desk, &key).await? {
                None => return Ok(None),
                key => key,
            },
        };
        let mut bytes = Vec::new();
        for batch in chunks.chunks(16) {
            let found = try_join_all(batch.iter().map(|key| self.store.get(key))).await?;
            for (at, chunk) in batch.iter().zip(found) {
                let chunk = chunk.unwrap_or_default();
                bytes.extend(match &key {
                    None => chunk,
                    Some(key) => key.open(&about(at), &chunk).unwrap_or_default(),
                });
            }
        }
        if id_of(&bytes, key.as_ref()) == *id {
            return Ok(Some(bytes));
        }
        let why = "the chunks are not what the id says".to_owned();
        Err(JournalError::Corrupt { key: keys::blob(desk, id.as_str()), why })
    }

    /// Removes a blob. Whoever else stored the same bytes on this desk loses them too: store what must go by
    /// itself under bytes of its own (encrypted ones are).
    ///
    /// # Errors
    /// When the store fails; the same call may be repeated.
    pub async fn delete_blob(&self, desk: &Desk, id: &BlobId) -> Result<(), JournalError> {
        let Some((chunks, _)) = self.chunk_keys(desk, id).await? else { return Ok(()) };
        for batch in chunks.chunks(64) {
            self.store.delete_many(batch.to_vec()).await?;
        }
        Ok(self.store.delete_many(vec![keys::blob(desk, id.as_str())]).await?)
    }

    /// The keys of a blob's chunks, and the data key that they are sealed under.
    async fn chunk_keys(
        &self,
        desk: &Desk,
        id: &BlobId,
    ) -> Result<Option<(Vec<String>, Option<KeyId>)>, JournalError> {
        let key = keys::blob(desk, id.as_str());
        let Some(head) = self.store.get(&key).await? else { return Ok(None) };
        let head: Head = value::decode(&head).map_err(|why| JournalError::Corrupt { key, why })?;
        let chunks = 0..head.bytes.div_ceil(CHUNK_BYTES);
        let chunks = chunks.map(|index| keys::blob_chunk(desk, id.as_str(), index)).collect();
        Ok(Some((chunks, head.key)))
    }
}

fn id_of(bytes: &[u8], key: Option<&DataKey>) -> BlobId {
    BlobId(match key {
        None => hex::encode(Sha256::digest(bytes)),
        Some(key) => key.hash(&[b"blob", bytes]),
    })
}

/// What a sealed chunk belongs to: its place.
fn about(at: &str) -> [&[u8]; 2] {
    [b"relevo/blob", at.as_bytes()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use futures::executor::block_on;

    #[test]
    fn blobs_of_all_sizes() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            let desk = Desk::new("school").unwrap();
            for size in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES] {
                let bytes: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
                let id = journal.put_blob(&desk, &bytes, size).await.unwrap();
                assert_eq!(journal.get_blob(&desk, &id).await.unwrap().unwrap(), bytes, "{size}");
                let other = Desk::new("cards").unwrap();
                assert_eq!(journal.get_blob(&other, &id).await.unwrap(), None, "another desk's");
                journal.delete_blob(&desk, &id).await.unwrap();
                assert!(journal.store().dump().is_empty(), "{size}");
                assert_eq!(journal.get_blob(&desk, &id).await.unwrap(), None);
            }
        });
    }

    #[test]
    fn sealed_blobs_disclose_nothing_and_are_lost_with_their_key() {
        block_on(async {
            let now = chrono::DateTime::UNIX_EPOCH;
            let store = MemoryStore::default();
            let open = |seconds| {
                let at = now + chrono::TimeDelta::seconds(seconds);
                Journal::new(store.clone()).with_vault(crate::Vault::open([3; 32], at))
            };
            let (journal, desk) = (open(0), Desk::new("school").unwrap());
            let key = |id: &str| DataKey::new(KeyId::new(id).unwrap(), [7; 32]);
            let (key, other) = (key("blobkey1"), DataKey::new(KeyId::new("blobkey2").unwrap(), [8; 32]));
            let mut commit = crate::Commit::new(desk.clone(), now);
            journal.keep_key(&mut commit, &key).unwrap();
            journal.commit(commit).await.unwrap();

            let bytes = b"planted ".repeat(CHUNK_BYTES / 4);
            let id = journal.put_sealed_blob(&desk, &key, &bytes, usize::MAX).await.unwrap();
            assert_eq!(journal.put_sealed_blob(&desk, &key, &bytes, usize::MAX).await.unwrap(), id);
            assert_ne!(id_of(&bytes, Some(&other)), id);
            assert_ne!(id_of(&bytes, None), id, "nobody can tell from the name what it holds");
            assert_eq!(journal.get_blob(&desk, &id).await.unwrap().unwrap(), bytes);
            assert!(store.dump().values().all(|value| !value.windows(7).any(|w| w == b"planted")));

            // Chunks cannot change places.
            let chunk = |n| keys::blob_chunk(&desk, id.as_str(), n);
            let (first, second) = (store.dump()[&chunk(0)].clone(), store.dump()[&chunk(1)].clone());
            store.set_many(vec![(chunk(0), second), (chunk(1), first.clone())]).await.unwrap();
            assert!(matches!(journal.get_blob(&desk, &id).await, Err(JournalError::Corrupt { .. })));

            let mut commit = crate::Commit::new(desk.clone(), now);
            journal.destroy_keys(&mut commit, &[key.id().clone()]).unwrap();
            journal.commit(commit).await.unwrap();
            assert_eq!(open(60).get_blob(&desk, &id).await.unwrap(), None);
        });
    }

    #[test]
    fn refusals() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            let desk = Desk::new("school").unwrap();
            let refused = journal.put_blob(&desk, b"four", 3).await;
            assert!(matches!(refused, Err(JournalError::TooLarge { bytes: 4, limit: 3, .. })));
            assert!(journal.store().dump().is_empty());
            let id = journal.put_blob(&desk, b"four", 4).await.unwrap();
            let chunk = keys::blob_chunk(&desk, id.as_str(), 0);
            journal.store().set_many(vec![(chunk, b"five".to_vec())]).await.unwrap();
            assert!(matches!(journal.get_blob(&desk, &id).await, Err(JournalError::Corrupt { .. })));
            for bad in ["", "abc", &"g".repeat(64), &"A".repeat(64), &"a".repeat(65)] {
                assert!(BlobId::new(bad).is_err(), "{bad}");
            }
        });
    }
}
