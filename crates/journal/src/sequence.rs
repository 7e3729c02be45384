//! Numbered slots behind a counter: what streams, feeds, directories and agenda buckets all are.
//!
//! A number is taken by an increment and its slot is written afterwards, so a reader may find slots missing
//! below the counter: *holes*. Their writer died, or has not written yet. A cursor keeps them listed and looks
//! again, for a day.

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::Journal;
use crate::error::JournalError;
use crate::hlt::millis;
use crate::keys::Numbered;
use crate::names::SequenceId;
use crate::store::{Store, decode_counter};

/// For how long a hole stays listed.
pub const HOLE_MS: u64 = 24 * 60 * 60 * 1000;

/// How many slots are fetched at once.
const GETS_AT_ONCE: usize = 64;

/// How many slots that were given up a cursor keeps a note of.
const MOST_LOST: usize = 256;

/// How far a reader has come in a sequence. Starts at `default()`; self-contained: an older one that is written
/// back over a newer one only makes its reader see entries again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Every slot up to here was returned, is listed as a hole, or was given up.
    #[serde(rename = "u")]
    pub upto: u64,
    /// Slots that were missing, with the reader's clock (ms) when each was first missed.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<(u64, u64)>,
    /// The newest of the slots that stayed missing for a day and are no longer looked for.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<u64>,
}

/// What a read of a sequence found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Slot number and value, by ascending number; filled holes come first.
    pub entries: Vec<(u64, Vec<u8>)>,
    /// How many numbers beyond the cursor were taken when this was read: 0 at the end.
    pub behind: u64,
}

impl<S: Store> Journal<S> {
    /// Reads the next `limit` slots after the cursor and all open holes, and moves the cursor.
    ///
    /// Costs one get, then one for each of these slots, concurrently.
    ///
    /// # Errors
    /// When the store fails; the cursor is unchanged then.
    pub async fn read_after(
        &self,
        sequence: &SequenceId,
        cursor: &mut Cursor,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Page, JournalError> {
        self.read_numbered(&Numbered::sequence(sequence), cursor, limit, now).await
    }

    pub(crate) async fn read_numbered(
        &self,
        at: &Numbered,
        cursor: &mut Cursor,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Page, JournalError> {
        let counter = self.read_counter(at).await?;
        self.advance(at, cursor, counter, u64::try_from(limit).unwrap_or(u64::MAX), now).await
    }

    /// The newest number taken; 0 when none was.
    pub(crate) async fn read_counter(&self, at: &Numbered) -> Result<u64, JournalError> {
        let key = at.counter();
        let bytes = self.store.get(&key).await?;
        counter_value(&key, bytes)
    }

    /// The read, once the counter is known.
    pub(crate) async fn advance(
        &self,
        at: &Numbered,
        cursor: &mut Cursor,
        counter: u64,
        limit: u64,
        now: DateTime<Utc>,
    ) -> Result<Page, JournalError> {
        let now_ms = millis(now);
        let last = counter.min(cursor.upto.saturating_add(limit)).max(cursor.upto);
        let mut next = Cursor { upto: last, holes: Vec::new(), lost: cursor.lost.clone() };
        let mut entries = Vec::new();

        let holes: Vec<u64> = cursor.holes.iter().map(|(slot, _)| *slot).collect();
        for ((slot, first_missed), found) in cursor.holes.iter().zip(self.read_slots(at, &holes).await?) {
            match found {
                Some(bytes) => entries.push((*slot, bytes)),
                None if now_ms.saturating_sub(*first_missed) > HOLE_MS => next.lost.push(*slot),
                None => next.holes.push((*slot, *first_missed)),
            }
        }

        let fresh: Vec<u64> = (cursor.upto.saturating_add(1)..=last).collect();
        let mut missing = Vec::new();
        for (slot, found) in fresh.iter().zip(self.read_slots(at, &fresh).await?) {
            match found {
                Some(bytes) => {
                    next.lost.retain(|lost| lost != slot);
                    entries.push((*slot, bytes));
                }
                None if next.lost.contains(slot) => {}
                None => missing.push(*slot),
            }
        }
        if !missing.is_empty() {
            // Only now: in the steady state nothing is missing and this get is not made.
            let trimmed = self.read_trimmed(at).await?.upto;
            next.upto = next.upto.max(trimmed);
            next.holes.retain(|(slot, _)| *slot > trimmed);
            next.holes.extend(missing.into_iter().filter(|slot| *slot > trimmed).map(|slot| (slot, now_ms)));
        }
        let surplus = next.lost.len().saturating_sub(MOST_LOST);
        next.lost.drain(..surplus);
        *cursor = next;
        Ok(Page { entries, behind: counter.saturating_sub(cursor.upto) })
    }

    /// The values of slots, in their order.
    pub(crate) async fn read_slots(
        &self,
        at: &Numbered,
        slots: &[u64],
    ) -> Result<Vec<Option<Vec<u8>>>, JournalError> {
        let mut values = Vec::with_capacity(slots.len());
        for batch in slots.chunks(GETS_AT_ONCE) {
            let gets = batch.iter().map(|slot| async move { self.store.get(&at.slot(*slot)).await });
            values.extend(try_join_all(gets).await?);
        }
        Ok(values)
    }
}

/// A counter's value as it was fetched: 0 when absent.
pub(crate) fn counter_value(key: &str, bytes: Option<Vec<u8>>) -> Result<u64, JournalError> {
    let Some(bytes) = bytes else { return Ok(0) };
    decode_counter(&bytes)
        .and_then(|value| u64::try_from(value).ok())
        .ok_or_else(|| JournalError::Corrupt { key: key.to_owned(), why: "no counter".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use chrono::TimeDelta;
    use futures::executor::block_on;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    struct Fixture {
        journal: Journal<MemoryStore>,
        sequence: SequenceId,
        cursor: Cursor,
    }

    impl Fixture {
        fn new(counter: i64, slots: &[u64]) -> Self {
            let sequence: SequenceId = "school:agenda:202607".parse().unwrap();
            let fixture =
                Self { journal: Journal::new(MemoryStore::default()), sequence, cursor: Cursor::default() };
            let key = Numbered::sequence(&fixture.sequence).counter();
            block_on(fixture.journal.store.increment(&key, counter)).unwrap();
            fixture.fill(slots);
            fixture
        }

        fn fill(&self, slots: &[u64]) {
            let key = |slot: &u64| Numbered::sequence(&self.sequence).slot(*slot);
            let entries = slots.iter().map(|slot| (key(slot), slot.to_string().into_bytes())).collect();
            block_on(self.journal.store.set_many(entries)).unwrap();
        }

        fn read(&mut self, limit: usize, seconds: i64) -> Vec<u64> {
            let read = self.journal.read_after(&self.sequence, &mut self.cursor, limit, at(seconds));
            block_on(read).unwrap().entries.iter().map(|(slot, _)| *slot).collect()
        }
    }

    #[test]
    fn reads_on_from_the_cursor() {
        let mut f = Fixture::new(5, &[1, 2, 3, 4, 5]);
        assert_eq!(f.read(2, 0), [1, 2]);
        assert_eq!(f.read(2, 0), [3, 4]);
        assert_eq!(f.read(2, 0), [5]);
        assert!(f.read(2, 0).is_empty());
        assert_eq!(f.cursor, Cursor { upto: 5, ..Cursor::default() });
    }

    #[test]
    fn a_hole_is_looked_at_again_until_it_is_filled() {
        let mut f = Fixture::new(3, &[1, 3]);
        assert_eq!(f.read(9, 100), [1, 3]);
        assert_eq!(f.cursor.holes, [(2, 100_000)]);
        assert!(f.read(9, 200).is_empty());
        assert_eq!(f.cursor.holes, [(2, 100_000)], "keeps its first time");
        f.fill(&[2]);
        assert_eq!(f.read(9, 300), [2]);
        assert_eq!(f.cursor, Cursor { upto: 3, ..Cursor::default() });
    }

    #[test]
    fn a_hole_is_given_up_after_a_day_and_noted() {
        let mut f = Fixture::new(2, &[1]);
        f.read(9, 0);
        f.read(9, 86_400);
        assert_eq!(f.cursor.holes, [(2, 0)]);
        f.fill(&[2]);
        let mut late = Cursor { holes: vec![(2, 0)], ..f.cursor.clone() };
        let read = f.journal.read_after(&f.sequence, &mut late, 9, at(90_000));
        assert_eq!(block_on(read).unwrap().entries.len(), 1, "the last look counts");

        let mut f = Fixture::new(2, &[1]);
        f.read(9, 0);
        f.read(9, 86_401);
        assert_eq!(f.cursor, Cursor { upto: 2, holes: vec![], lost: vec![2] });
        f.fill(&[2]);
        assert!(f.read(9, 86_402).is_empty());
    }

    #[test]
    fn says_how_far_behind_it_is() {
        let f = Fixture::new(5, &[1, 2, 3, 4, 5]);
        let mut cursor = Cursor::default();
        let page = block_on(f.journal.read_after(&f.sequence, &mut cursor, 2, at(0))).unwrap();
        assert_eq!(page.behind, 3);
    }

    #[test]
    fn a_counter_that_is_none_is_an_error() {
        let f = Fixture::new(1, &[]);
        let key = Numbered::sequence(&f.sequence).counter();
        block_on(f.journal.store.set_many(vec![(key, b"abc".to_vec())])).unwrap();
        let mut cursor = Cursor::default();
        let read = block_on(f.journal.read_after(&f.sequence, &mut cursor, 1, at(0)));
        assert!(matches!(read, Err(JournalError::Corrupt { .. })));
    }
}
