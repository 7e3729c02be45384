//! Removing what was needed for days only. A counter is never reset while its name is in use.

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::Journal;
use crate::error::JournalError;
use crate::feed::FEED_PARTITIONS;
use crate::hlt::millis;
use crate::keys::{self, Numbered};
use crate::names::{Desk, Kind, SequenceId, StreamId};
use crate::sequence::HOLE_MS;
use crate::store::Store;
use crate::value;

/// Slots removed by one call at most: what is left is for the next.
pub const TRIM_BATCH: u64 = 256;

/// How far a sequence was trimmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trimmed {
    /// What readers pass over.
    #[serde(rename = "u")]
    pub upto: u64,
    /// What is certainly gone.
    #[serde(rename = "r")]
    pub removed: u64,
}

/// Up to where all projections had come in each partition at some time.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Marks {
    #[serde(rename = "t")]
    at_ms: u64,
    #[serde(rename = "u")]
    upto: Vec<u64>,
}

impl<S: Store> Journal<S> {
    /// Removes the slots of a sequence up to and including `upto`, at most [`TRIM_BATCH`] in one call; call
    /// again while it returns true. Readers pass over what is gone. Trim only what no reader will want: a
    /// slot that is written after it was trimmed stays unread.
    ///
    /// # Errors
    /// When the store fails; the same call may be repeated.
    pub async fn trim(&self, sequence: &SequenceId, upto: u64) -> Result<bool, JournalError> {
        self.trim_numbered(&Numbered::sequence(sequence), upto).await
    }

    /// Removes a sequence for good, its counter too, at most [`TRIM_BATCH`] slots in one call; call again while
    /// it returns true. Only for a name that is never used again, such as a bucket of a time long past.
    ///
    /// # Errors
    /// When the store fails; the same call may be repeated.
    pub async fn discard_sequence(&self, sequence: &SequenceId) -> Result<bool, JournalError> {
        self.discard(&Numbered::sequence(sequence)).await
    }

    /// Removes a derived stream for good, as [`Journal::discard_sequence`] does: a rebuilt projection goes to
    /// streams of a new name.
    ///
    /// # Errors
    /// When the store fails; the same call may be repeated.
    pub async fn discard_stream(&self, stream: &StreamId) -> Result<bool, JournalError> {
        self.drop_snapshot(stream).await?;
        self.discard(&Numbered::stream(stream)).await
    }

    /// Removes a stream's snapshot: the next load folds all its events. The remedy for a snapshot that
    /// `verify` finds wrong.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn drop_snapshot(&self, stream: &StreamId) -> Result<(), JournalError> {
        Ok(self.store.delete_many(vec![keys::snapshot(stream)]).await?)
    }

    /// Removes feed entries that each of these projections has passed a day ago or earlier, at most
    /// [`TRIM_BATCH`] of each partition in one call. Call it now and then, naming *all* projections; one that
    /// never ran keeps everything. True when there is more to remove at once.
    ///
    /// # Errors
    /// When the store fails or a saved cursor cannot be read; the same call may be repeated.
    pub async fn retire_feed(
        &self,
        desk: &Desk,
        projections: &[Kind],
        now: DateTime<Utc>,
    ) -> Result<bool, JournalError> {
        let key = keys::feed_marks(desk);
        let marks = match self.store.get(&key).await? {
            None => Marks::default(),
            Some(bytes) => {
                value::decode(&bytes).map_err(|why| JournalError::Corrupt { key: key.clone(), why })?
            }
        };
        let now_ms = millis(now);
        if !marks.upto.is_empty() && now_ms.saturating_sub(marks.at_ms) <= HOLE_MS {
            return Ok(false);
        }
        let mut more = false;
        for (partition, upto) in (0u16..).zip(&marks.upto) {
            more |= self.trim_numbered(&Numbered::feed(desk, partition), *upto).await?;
        }
        if !more {
            let marks = Marks { at_ms: now_ms, upto: self.passed_by_all(desk, projections).await? };
            self.store.set_many(vec![(key, value::encode("feed marks", &marks)?)]).await?;
        }
        Ok(more)
    }

    /// Up to which number all projections have passed each partition, open holes not counted.
    async fn passed_by_all(&self, desk: &Desk, projections: &[Kind]) -> Result<Vec<u64>, JournalError> {
        let cursors = try_join_all(projections.iter().map(|name| self.load_cursor(desk, name))).await?;
        let partitions = 0..usize::from(FEED_PARTITIONS);
        let passed = partitions.map(|partition| {
            let each = cursors.iter().map(|cursor| {
                let Some(cursor) = cursor.partitions.get(partition) else { return 0 };
                let holes = cursor.holes.iter().map(|(slot, _)| slot.saturating_sub(1));
                holes.chain([cursor.upto]).min().unwrap_or(0)
            });
            each.min().unwrap_or(0)
        });
        Ok(passed.collect())
    }

    /// Removes slots; true when there are more.
    async fn trim_numbered(&self, at: &Numbered, upto: u64) -> Result<bool, JournalError> {
        let before = self.read_trimmed(at).await?;
        let last = upto.min(before.removed.saturating_add(TRIM_BATCH));
        if last <= before.removed {
            return Ok(false);
        }
        // First the note, then the removal: a reader that finds a slot gone finds the note.
        let note = |removed| {
            let trimmed = Trimmed { upto: before.upto.max(last), removed };
            Ok::<_, JournalError>(vec![(at.trimmed(), value::encode("a trim mark", &trimmed)?)])
        };
        self.store.set_many(note(before.removed)?).await?;
        let slots: Vec<u64> = (before.removed.saturating_add(1)..=last).collect();
        for batch in slots.chunks(64) {
            self.store.delete_many(batch.iter().map(|slot| at.slot(*slot)).collect()).await?;
        }
        self.store.set_many(note(last)?).await?;
        Ok(last < upto)
    }

    /// Removes all slots, then the counter; true when there is more to remove.
    async fn discard(&self, at: &Numbered) -> Result<bool, JournalError> {
        let counter = self.read_counter(at).await?;
        if self.trim_numbered(at, counter).await? {
            return Ok(true);
        }
        // The mark last: without it, a reader would list what is gone.
        self.store.delete_many(vec![at.counter()]).await?;
        self.store.delete_many(vec![at.trimmed()]).await?;
        Ok(false)
    }

    /// How far a sequence's slots have been removed.
    pub(crate) async fn read_trimmed(&self, at: &Numbered) -> Result<Trimmed, JournalError> {
        let key = at.trimmed();
        match self.store.get(&key).await? {
            None => Ok(Trimmed::default()),
            Some(bytes) => value::decode(&bytes).map_err(|why| JournalError::Corrupt { key, why }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use crate::{Commit, Cursor};
    use chrono::TimeDelta;
    use futures::executor::block_on;

    fn filled(entries: usize) -> (Journal<MemoryStore>, SequenceId) {
        let journal = Journal::new(MemoryStore::default());
        let sequence: SequenceId = "school:agenda:1".parse().unwrap();
        let mut commit = Commit::new(sequence.desk().clone(), DateTime::UNIX_EPOCH);
        for i in 0..entries {
            commit.enqueue(&sequence, i.to_string().into_bytes()).unwrap();
        }
        block_on(journal.commit(commit)).unwrap();
        (journal, sequence)
    }

    #[test]
    fn trimming_is_bounded_and_readers_pass_over_it() {
        let (journal, sequence) = filled(600);
        block_on(async {
            assert!(journal.trim(&sequence, 590).await.unwrap());
            assert!(journal.trim(&sequence, 590).await.unwrap());
            assert!(!journal.trim(&sequence, 590).await.unwrap());
            assert_eq!(journal.store().dump().len(), 10 + 2, "slots, counter and mark");
            let mut cursor = Cursor::default();
            let first = journal.read_after(&sequence, &mut cursor, 5, DateTime::UNIX_EPOCH).await.unwrap();
            assert_eq!((first.entries.len(), cursor.upto, cursor.holes.len()), (0, 590, 0));
            let rest = journal.read_after(&sequence, &mut cursor, 50, DateTime::UNIX_EPOCH).await.unwrap();
            assert_eq!(rest.entries.len(), 10);
            // Numbers go on.
            let mut commit = Commit::new(sequence.desk().clone(), DateTime::UNIX_EPOCH);
            commit.enqueue(&sequence, b"new".to_vec()).unwrap();
            journal.commit(commit).await.unwrap();
            let next = journal.read_after(&sequence, &mut cursor, 50, DateTime::UNIX_EPOCH).await.unwrap();
            assert_eq!(next.entries, [(601, b"new".to_vec())]);
        });
    }

    #[test]
    fn a_trim_that_was_cut_short_is_taken_up() {
        let (journal, sequence) = filled(3);
        block_on(async {
            let at = Numbered::sequence(&sequence);
            let cut = value::encode("a mark", &Trimmed { upto: 3, removed: 0 }).unwrap();
            journal.store().set_many(vec![(at.trimmed(), cut)]).await.unwrap();
            assert!(!journal.trim(&sequence, 3).await.unwrap());
            assert_eq!(journal.store().dump().len(), 2);
        });
    }

    #[test]
    fn discarding_leaves_nothing() {
        let (journal, sequence) = filled(300);
        block_on(async {
            assert!(journal.discard_sequence(&sequence).await.unwrap());
            assert!(!journal.discard_sequence(&sequence).await.unwrap());
            assert!(journal.store().dump().is_empty());
            assert!(!journal.discard_sequence(&sequence).await.unwrap(), "again is harmless");
        });
    }

    #[test]
    fn the_feed_is_kept_for_a_day_after_all_projections_passed() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            let desk = Desk::new("school").unwrap();
            let (fast, slow) = (Kind::new("fast").unwrap(), Kind::new("slow").unwrap());
            let at = Numbered::feed(&desk, 0);
            journal.store().increment(&at.counter(), 4).await.unwrap();
            let entry = value::encode("an entry", &"x").unwrap();
            let slots = [1, 2, 4].map(|slot| (at.slot(slot), entry.clone())).to_vec();
            journal.store().set_many(slots).await.unwrap();
            let left = || {
                let dump = journal.store().dump();
                (1..=4u64).filter(|slot| dump.contains_key(&at.slot(*slot))).collect::<Vec<_>>()
            };
            let day = |days: i64| DateTime::UNIX_EPOCH + TimeDelta::hours(25 * days);
            let retire = async |days| {
                journal.retire_feed(&desk, &[fast.clone(), slow.clone()], day(days)).await.unwrap()
            };
            let follow = async |name: &Kind, days| {
                let mut cursor = journal.load_cursor(&desk, name).await.unwrap();
                journal.read_feed(&desk, &mut cursor, 100, day(days)).await.unwrap();
                journal.save_cursor(&desk, name, &cursor).await.unwrap();
            };
            follow(&fast, 1).await;
            retire(1).await;
            retire(2).await;
            assert_eq!(left(), [1, 2, 4], "one projection has not passed");
            follow(&slow, 3).await;
            retire(3).await;
            journal
                .retire_feed(&desk, std::slice::from_ref(&fast), day(3) + TimeDelta::hours(1))
                .await
                .unwrap();
            assert_eq!(left(), [1, 2, 4], "not for a day yet");
            retire(4).await;
            assert_eq!(left(), [4], "up to the open hole");
        });
    }
}
