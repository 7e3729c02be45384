//! Documents: plain values, written blindly. For what may be lost to a later writer: caches, settings, marks.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Journal;
use crate::error::JournalError;
use crate::keys;
use crate::names::DocKey;
use crate::store::Store;
use crate::value;

impl<S: Store> Journal<S> {
    /// A document, or nothing.
    ///
    /// # Errors
    /// When the store fails or the document is not of this type.
    pub async fn get_doc<T: DeserializeOwned>(&self, key: &DocKey) -> Result<Option<T>, JournalError> {
        let key = keys::doc(key);
        match self.store.get(&key).await? {
            None => Ok(None),
            Some(bytes) => value::decode(&bytes).map(Some).map_err(|why| JournalError::Corrupt { key, why }),
        }
    }

    /// Writes a document by itself; with events: [`Commit::put`](crate::Commit::put).
    ///
    /// # Errors
    /// When the store fails or the document is too large or no JSON.
    pub async fn put_doc<T: Serialize>(&self, key: &DocKey, document: &T) -> Result<(), JournalError> {
        let entry = (keys::doc(key), value::encode("a document", document)?);
        Ok(self.store.set_many(vec![entry]).await?)
    }

    /// Removes documents; absent ones are no error.
    ///
    /// # Errors
    /// When the store fails: some may have been removed.
    pub async fn delete_docs(&self, docs: &[DocKey]) -> Result<(), JournalError> {
        for batch in docs.chunks(64) {
            self.store.delete_many(batch.iter().map(keys::doc).collect()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use futures::executor::block_on;

    #[test]
    fn documents_are_written_read_and_removed() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            let key: DocKey = "school:marks:a".parse().unwrap();
            let other: DocKey = "cards:marks:a".parse().unwrap();
            assert_eq!(journal.get_doc::<u32>(&key).await.unwrap(), None);
            journal.put_doc(&key, &7u32).await.unwrap();
            assert_eq!(journal.get_doc::<u32>(&key).await.unwrap(), Some(7));
            assert!(matches!(journal.get_doc::<String>(&key).await, Err(JournalError::Corrupt { .. })));
            assert_eq!(journal.get_doc::<u32>(&other).await.unwrap(), None, "another desk's");
            journal.delete_docs(&[key.clone(), other]).await.unwrap();
            assert_eq!(journal.get_doc::<u32>(&key).await.unwrap(), None);
            assert!(journal.put_doc(&key, &"x".repeat(1_000_001)).await.is_err());
        });
    }
}
