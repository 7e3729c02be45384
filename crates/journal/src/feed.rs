//! The feed of a desk: which streams have changed. Projections follow it with a cursor.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Journal;
use crate::error::JournalError;
use crate::hash::{FNV_START, fnv1a};
use crate::keys::{self, Numbered};
use crate::names::{Desk, Kind, StreamId};
use crate::sequence::Cursor;
use crate::store::Store;
use crate::value;

/// How many independent parts a desk's feed has. May be raised; never lowered while entries are in the others.
pub const FEED_PARTITIONS: u16 = 1;

/// A stream has a new slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FeedEntry {
    /// Which stream.
    #[serde(rename = "s")]
    pub stream: StreamId,
    /// Its slot, visible together with this entry.
    #[serde(rename = "n")]
    pub slot: u64,
    /// What its writer had to say of where the change came from: see [`Commit::trace`](crate::Commit::trace).
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// How far a projection has come in each partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FeedCursor {
    pub(crate) partitions: Vec<Cursor>,
}

impl FeedCursor {
    /// How many entries were passed, over all partitions.
    pub fn upto(&self) -> u64 {
        self.partitions.iter().fold(0, |sum, cursor| sum.saturating_add(cursor.upto))
    }

    /// How many numbers are missed and looked for.
    pub fn holes(&self) -> u64 {
        let all = self.partitions.iter().map(|cursor| cursor.holes.len());
        u64::try_from(all.sum::<usize>()).unwrap_or(u64::MAX)
    }

    /// How many numbers were given up, of the newest that are noted.
    pub fn lost(&self) -> u64 {
        let all = self.partitions.iter().map(|cursor| cursor.lost.len());
        u64::try_from(all.sum::<usize>()).unwrap_or(u64::MAX)
    }
}

/// What a read of the feed found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedPage {
    /// In no particular order; a stream may occur several times.
    pub entries: Vec<FeedEntry>,
    /// How many numbers beyond the cursor were taken when this was read: the projection's lag; 0 at the end.
    pub behind: u64,
    /// Entries that this version cannot read.
    pub unreadable: u64,
}

impl FeedPage {
    /// The streams that changed, each once.
    pub fn streams(&self) -> Vec<StreamId> {
        let mut streams: Vec<_> = self.entries.iter().map(|entry| entry.stream.clone()).collect();
        streams.sort();
        streams.dedup();
        streams
    }
}

impl<S: Store> Journal<S> {
    /// Reads the next `limit` entries of each partition and all open holes, and moves the cursor.
    ///
    /// # Errors
    /// When the store fails; the cursor must be thrown away then.
    pub async fn read_feed(
        &self,
        desk: &Desk,
        cursor: &mut FeedCursor,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<FeedPage, JournalError> {
        let mut whole = FeedPage::default();
        if cursor.partitions.len() < usize::from(FEED_PARTITIONS) {
            cursor.partitions.resize(usize::from(FEED_PARTITIONS), Cursor::default());
        }
        for (partition, cursor) in (0u16..).zip(&mut cursor.partitions) {
            let at = Numbered::feed(desk, partition);
            let page = self.read_numbered(&at, cursor, limit, now).await?;
            whole.behind = whole.behind.saturating_add(page.behind);
            for (_, bytes) in page.entries {
                match value::decode(&bytes) {
                    Ok(entry) => whole.entries.push(entry),
                    Err(_) => whole.unreadable = whole.unreadable.saturating_add(1),
                }
            }
        }
        Ok(whole)
    }

    /// How many entries the feed of a desk ever got, over all partitions; holes count.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn feed_length(&self, desk: &Desk) -> Result<u64, JournalError> {
        let mut length: u64 = 0;
        for partition in 0..FEED_PARTITIONS {
            length = length.saturating_add(self.read_counter(&Numbered::feed(desk, partition)).await?);
        }
        Ok(length)
    }

    /// How far a projection has followed a desk's feed; the beginning when it never has. Saved with
    /// [`Commit::save_cursor`](crate::Commit::save_cursor) or [`Journal::save_cursor`].
    ///
    /// # Errors
    /// When the store fails or the saved cursor cannot be read.
    pub async fn load_cursor(&self, desk: &Desk, projection: &Kind) -> Result<FeedCursor, JournalError> {
        let key = keys::cursor(desk, projection);
        match self.store.get(&key).await? {
            None => Ok(FeedCursor::default()),
            Some(bytes) => value::decode(&bytes).map_err(|why| JournalError::Corrupt { key, why }),
        }
    }

    /// Saves a cursor by itself, after everything that the projection wrote was acknowledged.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn save_cursor(
        &self,
        desk: &Desk,
        projection: &Kind,
        cursor: &FeedCursor,
    ) -> Result<(), JournalError> {
        let entry = (keys::cursor(desk, projection), value::encode("a cursor", cursor)?);
        Ok(self.store.set_many(vec![entry]).await?)
    }
}

/// Which partition a stream's entries go to: FNV-1a of its id.
pub(crate) fn partition_of(stream: &StreamId, partitions: u16) -> u16 {
    let hash = fnv1a(FNV_START, stream.to_string().as_bytes());
    u16::try_from(hash.checked_rem(u64::from(partitions)).unwrap_or(0)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_stable_and_spread() {
        let stream = |n: u32| format!("school:conversation:{n}").parse::<StreamId>().unwrap();
        let mut counts = [0; 4];
        for n in 0..400 {
            counts[usize::from(partition_of(&stream(n), 4))] += 1;
        }
        assert!(counts.iter().all(|count| (60..140).contains(count)), "{counts:?}");
        assert_eq!(partition_of(&stream(1), 4), partition_of(&stream(1), 4));
        assert_eq!(partition_of(&stream(1), 1), 0);
        assert_eq!(partition_of(&stream(1), 0), 0);
    }
}
