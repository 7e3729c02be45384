//! Loading a stream: its state as a function of the set of events that are visible.

use chrono::{DateTime, Utc};
use futures::future::try_join;

use crate::Journal;
use crate::audit::Known;
use crate::data_key::DataKey;
use crate::error::JournalError;
use crate::event::{Event, EventId, Order, StoredEvent, decode_slot, sorted_set};
use crate::fold::{Fold, Ledger, Sealing};
use crate::hlt::{Hlt, millis};
use crate::keys::{self, Numbered};
use crate::names::StreamId;
use crate::sequence::{Cursor, counter_value};
use crate::snapshot::{self, Base, Snapshot};
use crate::store::Store;
use crate::vault::Keys;

/// A stream's state as it was when it was loaded, and what is needed to append to it.
#[derive(Clone, Debug)]
pub struct Loaded<F> {
    /// The fold of all visible events.
    pub state: F,
    pub(crate) stream: StreamId,
    pub(crate) now_ms: u64,
    /// Of everything in `state`.
    pub(crate) ledger: Ledger,
    pub(crate) sealing: Sealing,
    /// What is in `state` but for the tail; see `snapshot`.
    pub(crate) base: Base<F>,
    pub(crate) tail: Vec<(Order, StoredEvent)>,
    pub(crate) cursor: Cursor,
    /// Up to which slot the snapshot went that this load began with.
    pub(crate) snapshot_upto: u64,
    /// Events and slots that this version cannot read: such a state is not saved as a snapshot.
    pub(crate) unreadable: u64,
    /// Events that were appended in a commit that is not yet made.
    pub(crate) pending: usize,
    /// The data keys that its events name.
    pub(crate) keys: Keys,
    /// What is appended is sealed under this one instead of the newest in use.
    pub(crate) sealed_under: Option<DataKey>,
    /// What the events that were read come to in the graph; of a journal with a key.
    pub(crate) known: Option<Known>,
}

impl<F: Fold> Loaded<F> {
    /// No event is visible.
    pub fn is_new(&self) -> bool {
        self.ledger.newest.is_none()
    }

    /// The stream it was loaded from.
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The tag of the event with this id, when there is one within the window in which ids are remembered: an
    /// event with this id would be dropped.
    pub fn seen(&self, id: &EventId) -> Option<u32> {
        let next = Hlt::next(self.now_ms, self.newest());
        self.ledger.repeats(id, next, F::REMEMBER_MS).map(|accepted| accepted.tag)
    }

    /// The logical time of the newest event; 0 when there is none.
    pub fn newest(&self) -> Hlt {
        self.ledger.newest_hlt()
    }

    /// The newest slot number that was taken when it was loaded.
    pub fn slots(&self) -> u64 {
        self.cursor.upto
    }

    /// How many events the state is a function of, repeats included. Grows with the set: of two states of one
    /// stream the one with more events knows more.
    pub fn events(&self) -> u64 {
        self.ledger.events
    }

    /// Slot numbers that were taken and not (yet) written.
    pub fn holes(&self) -> usize {
        self.cursor.holes.len()
    }

    /// The data key that personal values are sealed under when events are appended: the one that was named, else the
    /// newest in use that still exists.
    pub fn key(&self) -> Option<&DataKey> {
        self.sealed_under.as_ref().or_else(|| self.keys.get(self.sealing.newest.as_ref()?))
    }

    /// The same with a data key to seal under from now on; without one as it is.
    #[must_use]
    pub fn sealed_under(mut self, key: impl Into<Option<DataKey>>) -> Self {
        if let Some(key) = key.into() {
            self.keys.insert(key.clone());
            self.sealed_under = Some(key);
        }
        self
    }

    /// Events whose personal values were erased: where they were, the state has defaults.
    pub fn erased(&self) -> u64 {
        self.sealing.erased
    }

    /// Events and slots that this version cannot read and that the state therefore lacks: a newer version
    /// wrote them.
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }
}

impl<S: Store> Journal<S> {
    /// Loads a stream.
    ///
    /// Costs two concurrent gets (counter, snapshot) and, where slots have come since the snapshot or are
    /// missing, one more for each of them, concurrently. Every event of a commit that was acknowledged before
    /// this call is in the state.
    ///
    /// # Errors
    /// When the store fails, or the stream is not of the fold's kind.
    pub async fn load<F: Fold>(
        &self,
        stream: &StreamId,
        now: DateTime<Utc>,
    ) -> Result<Loaded<F>, JournalError> {
        check_kind::<F>(stream)?;
        let at = Numbered::stream(stream);
        let (counter_key, snapshot_key) = (at.counter(), keys::snapshot(stream));
        let (counter, saved) = try_join(self.store.get(&counter_key), self.store.get(&snapshot_key)).await?;
        let counter = counter_value(&counter_key, counter)?;
        let saved = saved.and_then(|bytes| snapshot::decode(F::VERSION, &bytes));
        let snapshot_upto = saved.as_ref().map_or(0, |saved| saved.cursor.upto);

        let link_key = self.link_key.as_ref().filter(|_| !F::DERIVED).map(|key| &*key.0);
        let (mut before, mut keys) = (Cursor::default(), Keys::default());
        if let Some(mut saved) = saved {
            let attested = saved.attested.take();
            let mut known =
                link_key.map(|key| attested.and_then(|attested| attested.check(key, stream, &saved.cursor)));
            let page = self.advance(&at, &mut saved.cursor, counter, u64::MAX, now).await?;
            let (mut events, unreadable) = decode_slots(&page.entries);
            let named = events.iter().filter_map(|event| event.key.as_ref());
            self.fetch_keys(stream.desk(), &mut keys, saved.keys().chain(named)).await?;
            let Snapshot { cursor, tail, body, .. } = saved;
            let base = body.base::<F>(stream, &keys);
            events.extend(tail);
            let tail = sorted_set(events);
            let in_order = |base: &Base<F>| match (tail.first(), &base.folded.ledger.newest) {
                (Some((first, _)), Some(newest)) => first > newest,
                _ => true,
            };
            // A snapshot that says nothing of the graph, or says it without the key, serves only to see holes.
            if let Some(base) = base.filter(in_order).filter(|_| known != Some(None)) {
                if let (Some(key), Some(Some(known))) = (link_key, &mut known) {
                    known.add(key, stream, &page.entries);
                }
                let known = known.flatten();
                return Ok(finish(stream, now, cursor, base, tail, snapshot_upto, unreadable, keys, known));
            }
            before = cursor;
        }

        // From the first slot. What the snapshot knew of missing slots is kept: how long they have been missing.
        let mut cursor = Cursor { lost: before.lost, ..Cursor::default() };
        let page = self.advance(&at, &mut cursor, counter.max(before.upto), u64::MAX, now).await?;
        for (slot, first_missed) in &mut cursor.holes {
            if let Some((_, earlier)) = before.holes.iter().find(|(known, _)| known == slot) {
                *first_missed = *earlier;
            }
        }
        let (events, unreadable) = decode_slots(&page.entries);
        self.fetch_keys(stream.desk(), &mut keys, events.iter().filter_map(|e| e.key.as_ref())).await?;
        let tail = sorted_set(events);
        let known = link_key.map(|key| {
            let mut known = Known::default();
            known.add(key, stream, &page.entries);
            known
        });
        Ok(finish(stream, now, cursor, Base::default(), tail, snapshot_upto, unreadable, keys, known))
    }

    /// Loads a stream's whole history, without its snapshot: the state and the events that count, in order.
    ///
    /// With `as_of`, of the events that had been recorded by then (`at <= as_of`, the writers' clocks): what
    /// was known at that time.
    ///
    /// # Errors
    /// When the store fails, or the stream is not of the fold's kind.
    pub async fn load_events<F: Fold>(
        &self,
        stream: &StreamId,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<(F, Vec<Event<F::Data>>), JournalError> {
        check_kind::<F>(stream)?;
        let at = Numbered::stream(stream);
        let mut cursor = Cursor::default();
        let page =
            self.read_numbered(&at, &mut cursor, usize::MAX, as_of.unwrap_or(DateTime::UNIX_EPOCH)).await?;
        let (mut stored, _) = decode_slots(&page.entries);
        if let Some(as_of) = as_of {
            stored.retain(|event| event.at_ms <= as_of.timestamp_millis());
        }
        let mut keys = Keys::default();
        self.fetch_keys(stream.desk(), &mut keys, stored.iter().filter_map(|e| e.key.as_ref())).await?;
        let (mut state, mut ledger) = (F::default(), Ledger::default());
        let mut events = Vec::new();
        for (order, event) in sorted_set(stored) {
            if ledger.admit(&order, &event, F::REMEMBER_MS)
                && let Some(event) = event.decode(stream, &keys)
            {
                state.apply(&event);
                events.push(event);
            }
        }
        Ok((state, events))
    }

    /// The events of one slot, in order, as a feed entry names it: what one commit appended. Repeats are in it;
    /// what this version cannot decode is not. Empty when the slot is not there.
    ///
    /// # Errors
    /// When the store fails, or the stream is not of the fold's kind.
    pub async fn read_slot<F: Fold>(
        &self,
        stream: &StreamId,
        slot: u64,
    ) -> Result<Vec<Event<F::Data>>, JournalError> {
        check_kind::<F>(stream)?;
        let found = self.store.get(&Numbered::stream(stream).slot(slot)).await?;
        let stored = found.and_then(|bytes| decode_slot(&bytes).ok()).unwrap_or_default();
        let mut keys = Keys::default();
        self.fetch_keys(stream.desk(), &mut keys, stored.iter().filter_map(|e| e.key.as_ref())).await?;
        Ok(stored.iter().filter_map(|event| event.decode(stream, &keys)).collect())
    }
}

pub(crate) fn check_kind<F: Fold>(stream: &StreamId) -> Result<(), JournalError> {
    if stream.kind().as_str() == F::KIND {
        return Ok(());
    }
    Err(JournalError::WrongKind { stream: stream.to_string(), kind: F::KIND })
}

/// The events of slots, and how many slots are not readable.
pub(crate) fn decode_slots(entries: &[(u64, Vec<u8>)]) -> (Vec<StoredEvent>, u64) {
    let (mut events, mut unreadable) = (Vec::new(), 0u64);
    for (_, bytes) in entries {
        match decode_slot(bytes) {
            Ok(slot) => events.extend(slot),
            Err(_) => unreadable = unreadable.saturating_add(1),
        }
    }
    (events, unreadable)
}

#[allow(clippy::too_many_arguments)] // what a load has found, each used once
fn finish<F: Fold>(
    stream: &StreamId,
    now: DateTime<Utc>,
    cursor: Cursor,
    mut base: Base<F>,
    mut tail: Vec<(Order, StoredEvent)>,
    snapshot_upto: u64,
    unreadable_slots: u64,
    keys: Keys,
    known: Option<Known>,
) -> Loaded<F> {
    snapshot::settle(stream, &mut base, &mut tail, &keys);
    let mut whole = (*base.folded).clone();
    for (order, event) in &tail {
        whole.apply(stream, order, event, &keys);
    }
    Loaded {
        state: whole.state,
        stream: stream.clone(),
        now_ms: millis(now),
        ledger: whole.ledger,
        base,
        tail,
        cursor,
        snapshot_upto,
        unreadable: unreadable_slots.saturating_add(whole.undecodable),
        pending: 0,
        sealing: whole.sealing,
        keys,
        sealed_under: None,
        known,
    }
}
