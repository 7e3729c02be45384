//! Bytes that no event should carry: attachments, raw mail, packs, exports. Content-addressed, in chunks, stored
//! before the event that names them.

use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Journal;
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
    /// Names a blob of a desk: the SHA-256 of its bytes.
    BlobId, "blob id", "[0-9a-f]{64}", hex_digit, hex_digit, 64..=64
);

#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(rename = "n")]
    bytes: usize,
}

impl<S: Store> Journal<S> {
    /// Stores bytes and returns their id. What is there already is not written again.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`] beyond `limit` bytes, before anything is written; else when the store fails:
    /// the same call may be repeated.
    pub async fn put_blob(&self, desk: &Desk, bytes: &[u8], limit: usize) -> Result<BlobId, JournalError> {
        if bytes.len() > limit {
            return Err(JournalError::TooLarge { what: "a blob".to_owned(), bytes: bytes.len(), limit });
        }
        let id = id_of(bytes);
        let head_key = keys::blob(desk, id.as_str());
        if self.store.get(&head_key).await?.is_some() {
            return Ok(id);
        }
        let chunks: Vec<_> = bytes.chunks(CHUNK_BYTES).enumerate().collect();
        for batch in chunks.chunks(CHUNKS_AT_ONCE) {
            let entry =
                |(i, chunk): &(usize, &[u8])| (keys::blob_chunk(desk, id.as_str(), *i), chunk.to_vec());
            self.store.set_many(batch.iter().map(entry).collect()).await?;
        }
        // The head last: where it is, all chunks are.
        let head = value::encode("a blob's head", &Head { bytes: bytes.len() })?;
        self.store.set_many(vec![(head_key, head)]).await?;
        Ok(id)
    }

    /// A blob's bytes, checked against its id; nothing when it is not there.
    ///
    /// # Errors
    /// When the store fails, or what is stored is not what the id says.
    pub async fn get_blob(&self, desk: &Desk, id: &BlobId) -> Result<Option<Vec<u8>>, JournalError> {
        let Some(chunks) = self.chunk_keys(desk, id).await? else { return Ok(None) };
        let mut bytes = Vec::new();
        for batch in chunks.chunks(16) {
            for chunk in try_join_all(batch.iter().map(|key| self.store.get(key))).await? {
                bytes.extend(chunk.unwrap_or_default());
            }
        }
        if id_of(&bytes) == *id {
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
        let Some(chunks) = self.chunk_keys(desk, id).await? else { return Ok(()) };
        for batch in chunks.chunks(64) {
            self.store.delete_many(batch.to_vec()).await?;
        }
        Ok(self.store.delete_many(vec![keys::blob(desk, id.as_str())]).await?)
    }

    async fn chunk_keys(&self, desk: &Desk, id: &BlobId) -> Result<Option<Vec<String>>, JournalError> {
        let key = keys::blob(desk, id.as_str());
        let Some(head) = self.store.get(&key).await? else { return Ok(None) };
        let head: Head = value::decode(&head).map_err(|why| JournalError::Corrupt { key, why })?;
        let chunks = 0..head.bytes.div_ceil(CHUNK_BYTES);
        Ok(Some(chunks.map(|index| keys::blob_chunk(desk, id.as_str(), index)).collect()))
    }
}

fn id_of(bytes: &[u8]) -> BlobId {
    BlobId(hex::encode(Sha256::digest(bytes)))
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
