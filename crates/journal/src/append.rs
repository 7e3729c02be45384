//! Collecting what is to become visible together.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::audit::Known;
use crate::error::JournalError;
use crate::event::{NewEvent, StoredEvent};
use crate::feed::FeedCursor;
use crate::fold::{Fold, Folded};
use crate::hlt::{Hlt, millis};
use crate::keys;
use crate::load::{Loaded, check_kind};
use crate::names::{Desk, DocKey, Kind, SequenceId, StreamId};
use crate::sequence::Cursor;
use crate::snapshot;
use crate::value;

/// Events, values and numbered entries of one desk that become visible all at once or not at all.
///
/// Building it does no I/O; [`Journal::commit`](crate::Journal::commit) writes it.
#[derive(Debug)]
pub struct Commit {
    pub(crate) desk: Desk,
    pub(crate) now: DateTime<Utc>,
    /// Later than everything that was read for this commit.
    clock: Hlt,
    pub(crate) streams: Vec<Draft>,
    pub(crate) puts: Vec<(String, Vec<u8>)>,
    pub(crate) enqueued: Vec<(SequenceId, Vec<u8>)>,
    pub(crate) registers_desk: bool,
    pub(crate) trace: Option<String>,
}

/// What one stream gets: one slot.
#[derive(Debug)]
pub(crate) struct Draft {
    pub stream: StreamId,
    pub events: Vec<StoredEvent>,
    pub quiet: bool,
    /// Its writer saw no event: the directory gets an entry.
    pub is_new: bool,
    pub cursor: Cursor,
    pub snapshot_upto: u64,
    pub fold_version: u16,
    /// What its writer had read, if the journal that loaded it links events.
    pub known: Option<Known>,
    /// The snapshot but for its slot numbers; none when the state must not be saved.
    pub snapshot: Option<Box<RawValue>>,
}

impl Commit {
    /// An empty commit of a desk; `now` is the writer's clock.
    pub fn new(desk: Desk, now: DateTime<Utc>) -> Self {
        Self {
            desk,
            now,
            clock: Hlt(0),
            streams: Vec::new(),
            puts: Vec::new(),
            enqueued: Vec::new(),
            registers_desk: false,
            trace: None,
        }
    }

    /// Appends events to a stream as it was loaded, in this order. Those whose id the stream has seen are
    /// dropped. Returns the stream with the rest applied; a second batch in the same commit must go through it.
    ///
    /// # Errors
    /// When the stream is of another desk or kind, the load is outdated, or data is no JSON. The commit is
    /// unchanged then.
    pub fn append<F: Fold>(
        &mut self,
        loaded: &Loaded<F>,
        events: Vec<NewEvent<F::Data>>,
    ) -> Result<Loaded<F>, JournalError> {
        self.append_as(loaded, events, false)
    }

    /// As [`Commit::append`], without an entry in the feed or the directory: for derived streams, which
    /// projections write.
    ///
    /// # Errors
    /// As [`Commit::append`].
    pub fn append_quiet<F: Fold>(
        &mut self,
        loaded: &Loaded<F>,
        events: Vec<NewEvent<F::Data>>,
    ) -> Result<Loaded<F>, JournalError> {
        self.append_as(loaded, events, true)
    }

    fn append_as<F: Fold>(
        &mut self,
        loaded: &Loaded<F>,
        new: Vec<NewEvent<F::Data>>,
        quiet: bool,
    ) -> Result<Loaded<F>, JournalError> {
        check_kind::<F>(&loaded.stream)?;
        self.check_desk(loaded.stream.desk(), &loaded.stream)?;
        let draft = self.streams.iter_mut().find(|draft| draft.stream == loaded.stream);
        if draft.as_ref().map_or(0, |draft| draft.events.len()) != loaded.pending {
            return Err(JournalError::Outdated { stream: loaded.stream.to_string() });
        }

        let mut after = loaded.clone();
        let mut whole =
            Folded { state: after.state, ledger: after.ledger, undecodable: 0, sealing: after.sealing };
        let key = loaded.key();
        let mut clock = self.clock.max(whole.ledger.newest_hlt());
        let mut stored = Vec::new();
        for event in &new {
            let hlt = Hlt::next(millis(self.now), clock);
            if whole.ledger.repeats(&event.id, hlt, F::REMEMBER_MS).is_some() {
                continue;
            }
            let mut event = StoredEvent::new(&loaded.stream, event, hlt, self.now, key)?;
            if event.sealed.is_none() && event.key == whole.sealing.newest {
                event.key = None;
            }
            let order = event.order();
            whole.apply(&loaded.stream, &order, &event, &loaded.keys);
            after.tail.push((order, event.clone()));
            stored.push(event);
            clock = hlt;
        }
        // Data that does not read back would be skipped by every later load: count it as those loads will.
        after.unreadable = after.unreadable.saturating_add(whole.undecodable);
        (after.state, after.ledger, after.sealing) = (whole.state, whole.ledger, whole.sealing);
        snapshot::settle(&loaded.stream, &mut after.base, &mut after.tail, &loaded.keys);
        after.pending = after.pending.saturating_add(stored.len());
        if stored.is_empty() {
            return Ok(after);
        }

        let saved = match after.unreadable {
            0 => snapshot::encode_body(&loaded.stream, &after.base, &after.tail, &after.keys)?,
            _ => None,
        };
        match draft {
            Some(draft) => {
                draft.events.extend(stored);
                draft.snapshot = saved;
                draft.quiet &= quiet;
            }
            None => self.streams.push(Draft {
                stream: loaded.stream.clone(),
                events: stored,
                quiet,
                is_new: loaded.is_new(),
                cursor: loaded.cursor.clone(),
                snapshot_upto: loaded.snapshot_upto,
                fold_version: F::VERSION,
                known: loaded.known.clone(),
                snapshot: saved,
            }),
        }
        self.clock = clock;
        Ok(after)
    }

    /// Says where the change comes from, such as a W3C `traceparent`, at most 64 bytes: it stands in the feed entries
    /// and goes with them.
    pub fn trace(&mut self, trace: Option<String>) {
        self.trace = trace.filter(|trace| trace.len() <= 64);
    }

    /// Makes all events that are appended after this call sort after everything in `loaded`: for a stream that
    /// was read for the decision and is not appended to.
    pub fn after<F: Fold>(&mut self, loaded: &Loaded<F>) {
        self.clock = self.clock.max(loaded.newest());
    }

    /// Writes a document with the commit. Written blindly: the last writer wins.
    ///
    /// # Errors
    /// When it is of another desk or no JSON.
    pub fn put<T: Serialize>(&mut self, key: &DocKey, document: &T) -> Result<(), JournalError> {
        self.check_desk(key.desk(), key)?;
        self.puts.push((keys::doc(key), value::encode("a document", document)?));
        Ok(())
    }

    /// Writes one more numbered entry of a sequence with the commit.
    ///
    /// # Errors
    /// When it is of another desk.
    pub fn enqueue(&mut self, sequence: &SequenceId, bytes: Vec<u8>) -> Result<(), JournalError> {
        self.check_desk(sequence.desk(), sequence)?;
        self.enqueued.push((sequence.clone(), bytes));
        Ok(())
    }

    /// Saves how far a projection has followed the desk's feed, with what it wrote.
    ///
    /// # Errors
    /// When the cursor is no JSON, which it always is.
    pub fn save_cursor(&mut self, projection: &Kind, cursor: &FeedCursor) -> Result<(), JournalError> {
        self.puts.push((keys::cursor(&self.desk, projection), value::encode("a cursor", cursor)?));
        Ok(())
    }

    /// Adds the desk to the directory of desks with the commit. Adding it again is harmless.
    pub fn register_desk(&mut self) {
        self.registers_desk = true;
    }

    /// The desk it is of.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Whether committing it would write nothing: every event was a repeat.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.puts.is_empty() && self.enqueued.is_empty() && !self.registers_desk
    }

    fn check_desk(&self, desk: &Desk, what: &impl std::fmt::Display) -> Result<(), JournalError> {
        if *desk == self.desk {
            return Ok(());
        }
        Err(JournalError::ForeignDesk { what: what.to_string(), desk: self.desk.to_string() })
    }
}
