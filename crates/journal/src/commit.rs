//! Writing a commit: numbers first, then everything at once.

use crate::Journal;
use crate::append::{Commit, Draft};
use crate::audit::links::{MOST_PARENTS, Texts};
use crate::audit::{Mac, SharedKey};
use crate::directory;
use crate::error::JournalError;
use crate::feed::{self, FeedEntry};
use crate::hlt::millis;
use crate::keys::{self, Numbered};
use crate::names::StreamId;
use crate::sequence::Cursor;
use crate::snapshot::{self, Attested, LARGEST_SNAPSHOT_BYTES, SMALL_SNAPSHOT_BYTES, SNAPSHOT_EVERY_SLOTS};
use crate::store::{MAX_VALUE_BYTES, Store};
use crate::value;

/// What all values of one commit may hold together.
pub const MAX_COMMIT_BYTES: usize = 900_000;

/// More than any feed or directory entry takes with its key.
const ENTRY_BYTES: usize = 512;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The slot that each stream got.
    pub slots: Vec<(StreamId, u64)>,
    /// Streams whose state has grown too large for a snapshot: every load of them folds more and more.
    pub too_large_for_snapshot: Vec<StreamId>,
}

impl<S: Store> Journal<S> {
    /// Writes a commit. When this returns `Ok`, every later load, feed and sequence read has what is in it.
    ///
    /// Costs one increment for each stream and sequence in it, one for the feed unless all its streams are
    /// quiet, one for the directory of each new stream, and one set-many. An empty commit costs nothing.
    ///
    /// # Errors
    /// [`JournalError::TooLarge`] before anything is written. When the store fails the commit may have been
    /// made or not: load again, decide again under the same event ids.
    pub async fn commit(&self, mut commit: Commit) -> Result<Receipt, JournalError> {
        if commit.is_empty() {
            return Ok(Receipt::default());
        }
        let mut entries: Vec<(String, Vec<u8>)> = Vec::new();
        let mut slots = Vec::with_capacity(commit.streams.len());
        for draft in &commit.streams {
            slots.push(Texts::of(&draft.events)?);
        }
        let mut room = room_left(&commit, &slots)?;

        let mut receipt = Receipt::default();
        let mut announced = Vec::new();
        for (draft, texts) in commit.streams.iter_mut().zip(slots) {
            let at = Numbered::stream(&draft.stream);
            let number = self.take_slots(&at, 1).await?;
            entries.push((at.slot(number), link(draft, &texts, number, self.link_key.as_ref())));
            match snapshot_of(draft, number, millis(commit.now), self.link_key.as_ref())? {
                Due::Now(bytes) if bytes.len() <= room => {
                    room = room.saturating_sub(bytes.len());
                    entries.push((keys::snapshot(&draft.stream), bytes));
                }
                Due::TooLarge => receipt.too_large_for_snapshot.push(draft.stream.clone()),
                Due::Now(_) | Due::Later => {}
            }
            if !draft.quiet {
                announced.push((&*draft, number));
            }
            receipt.slots.push((draft.stream.clone(), number));
        }

        let announcements = announced.iter().map(|(draft, slot)| {
            let partition = feed::partition_of(&draft.stream, feed::FEED_PARTITIONS);
            let (stream, trace) = (draft.stream.clone(), commit.trace.clone());
            let entry = FeedEntry { stream, slot: *slot, trace };
            Ok((Numbered::feed(&commit.desk, partition), value::encode("a feed entry", &entry)?))
        });
        let mut numbered = announcements.collect::<Result<Vec<_>, JournalError>>()?;
        for (draft, _) in announced.iter().filter(|(draft, _)| draft.is_new) {
            numbered.push(directory::stream_entry(&draft.stream, commit.now)?);
        }
        if commit.registers_desk {
            numbered.push(directory::desk_entry(&commit.desk)?);
        }
        numbered.extend(commit.enqueued.into_iter().map(|(id, bytes)| (Numbered::sequence(&id), bytes)));
        self.number(numbered, &mut entries).await?;

        entries.extend(commit.puts);
        self.store.set_many(entries).await?;
        Ok(receipt)
    }

    /// Gives every value the next number of its sequence: one increment for each sequence.
    async fn number(
        &self,
        mut values: Vec<(Numbered, Vec<u8>)>,
        entries: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<(), JournalError> {
        values.sort_by(|a, b| a.0.cmp(&b.0)); // stable: entries of one sequence keep their order
        for group in values.chunk_by_mut(|a, b| a.0 == b.0) {
            let count = group.len();
            let Some((at, _)) = group.first() else { continue };
            let at = at.clone();
            let first = self.take_slots(&at, count).await?;
            for (number, (_, bytes)) in (first..).zip(group) {
                entries.push((at.slot(number), std::mem::take(bytes)));
            }
        }
        Ok(())
    }

    /// Takes `count` consecutive numbers and returns the first.
    async fn take_slots(&self, at: &Numbered, count: usize) -> Result<u64, JournalError> {
        let key = at.counter();
        let corrupt = || JournalError::Corrupt { key: key.clone(), why: "out of range".to_owned() };
        let delta = i64::try_from(count).map_err(|_| corrupt())?;
        let last = self.store.increment(&key, delta).await?;
        let first = last.checked_sub(delta).and_then(|before| before.checked_add(1)).ok_or_else(corrupt)?;
        u64::try_from(first).ok().filter(|first| *first > 0).ok_or_else(corrupt)
    }
}

/// What is left for snapshots when everything else is counted.
fn room_left(commit: &Commit, slots: &[Texts]) -> Result<usize, JournalError> {
    let values = commit
        .streams
        .iter()
        .zip(slots)
        .map(|(draft, texts)| (draft.stream.to_string(), texts.most_bytes(parents(draft).len())))
        .chain(commit.puts.iter().map(|(key, bytes)| (key.clone(), bytes.len())))
        .chain(commit.enqueued.iter().map(|(id, bytes)| (id.to_string(), bytes.len())));
    let mut sum = commit.streams.len().saturating_mul(2 * ENTRY_BYTES);
    for (what, bytes) in values {
        if bytes > MAX_VALUE_BYTES {
            let what = format!("the value for {what}");
            return Err(JournalError::TooLarge { what, bytes, limit: MAX_VALUE_BYTES });
        }
        sum = sum.saturating_add(bytes).saturating_add(ENTRY_BYTES / 2);
    }
    MAX_COMMIT_BYTES.checked_sub(sum).ok_or(JournalError::TooLarge {
        what: "the commit".to_owned(),
        bytes: sum,
        limit: MAX_COMMIT_BYTES,
    })
}

/// What the first event of a draft names as its parents.
fn parents(draft: &Draft) -> Vec<Mac> {
    draft.known.iter().flat_map(|known| &known.heads).take(MOST_PARENTS).copied().collect()
}

/// The value of a draft's slot, now that its number is known; what the draft knows then includes it.
fn link(draft: &mut Draft, texts: &Texts, number: u64, key: Option<&SharedKey>) -> Vec<u8> {
    let parents = parents(draft);
    let (Some(key), Some(known)) = (key, &mut draft.known) else { return texts.unlinked() };
    let (slot, last) = texts.linked(&*key.0, &draft.stream, number, &parents);
    if let Some(last) = last {
        known.extend(draft.events.len(), last, &parents);
    }
    slot
}

enum Due {
    Now(Vec<u8>),
    Later,
    TooLarge,
}

/// The snapshot that goes with a draft whose slot got this number.
fn snapshot_of(
    draft: &Draft,
    number: u64,
    now_ms: u64,
    key: Option<&SharedKey>,
) -> Result<Due, JournalError> {
    let Some(body) = &draft.snapshot else { return Ok(Due::Later) };
    let bytes = body.get().len();
    if bytes > LARGEST_SNAPSHOT_BYTES {
        return Ok(Due::TooLarge);
    }
    if bytes > SMALL_SNAPSHOT_BYTES && number.saturating_sub(draft.snapshot_upto) < SNAPSHOT_EVERY_SLOTS {
        return Ok(Due::Later);
    }
    // Numbers between what was read and the own one belong to others: holes to this snapshot, written or not.
    let mut cursor: Cursor = draft.cursor.clone();
    let others = cursor.upto.saturating_add(1)..number;
    cursor.holes.extend(others.map(|slot| (slot, now_ms)));
    cursor.upto = cursor.upto.max(number);
    let attested = match (key, &draft.known) {
        (Some(key), Some(known)) => Some(Attested::new(&*key.0, &draft.stream, &cursor, known.clone())),
        _ => None,
    };
    Ok(Due::Now(snapshot::encode(draft.fold_version, cursor, body.clone(), attested)?))
}
