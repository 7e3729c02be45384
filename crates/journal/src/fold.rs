//! State as a function of the set of events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data_key::KeyId;
use crate::event::{Event, EventId, Order, StoredEvent};
use crate::hlt::Hlt;
use crate::names::StreamId;
use crate::vault::{Access, Keys};

/// How a kind of stream folds its events.
///
/// The state is a function of the *set* of events: they are applied in the order of logical time, id and
/// content, whatever the order in which they became visible. `apply` is total: it accepts any event in any
/// state. The state's JSON must be a function of the state (ordered maps, not hashed ones), because states are
/// compared.
pub trait Fold: Clone + Default + Serialize + DeserializeOwned {
    /// What events of this kind say.
    type Data: Clone + Serialize + DeserializeOwned;
    /// The kind of stream.
    const KIND: &'static str;
    /// Compatibility of snapshots: count up whenever `apply` or the state's shape changes.
    const VERSION: u16;
    /// For how long a repeated event id is dropped, in milliseconds of logical time; 0 for a fold that is
    /// idempotent by itself. The ids of this window are part of every snapshot.
    const REMEMBER_MS: u64 = 9 * 24 * 60 * 60 * 1000;
    /// Its streams are computed from others and appended to with [`Commit::append_quiet`](crate::Commit): they
    /// can be computed again, so their events carry no links.
    const DERIVED: bool = false;

    /// Applies the next event.
    fn apply(&mut self, event: &Event<Self::Data>);
}

/// An event id that was accepted, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub tag: u32,
    pub hlt: Hlt,
}

/// What was admitted to a fold so far: decides which event counts and which repeats one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// The newest event of the set, if there is one.
    pub newest: Option<Order>,
    /// Events in the set, repeats too: grows with the set, so it tells a fuller state from one less full.
    pub events: u64,
    ids: BTreeMap<EventId, Accepted>,
    /// The same in the order in which they were accepted, which is that of their logical time.
    by_age: VecDeque<(EventId, Hlt)>,
}

/// (id, tag, logical time): a remembered id in a snapshot.
pub(crate) type Remembered = (EventId, u32, Hlt);

impl Ledger {
    /// A ledger as a snapshot keeps it; the ids oldest first.
    pub(crate) fn restore(newest: Option<Order>, events: u64, ids: Vec<Remembered>) -> Self {
        let accepted = |(id, tag, hlt): &Remembered| (id.clone(), Accepted { tag: *tag, hlt: *hlt });
        Self {
            newest,
            events,
            ids: ids.iter().map(accepted).collect(),
            by_age: ids.into_iter().map(|(id, _, hlt)| (id, hlt)).collect(),
        }
    }

    /// The remembered ids, oldest first.
    pub(crate) fn remembered(&self) -> Vec<Remembered> {
        let tag = |id| self.ids.get(id).map_or(0, |accepted| accepted.tag);
        self.by_age.iter().map(|(id, hlt)| (id.clone(), tag(id), *hlt)).collect()
    }

    /// Takes the next event of the sorted set; says whether it counts.
    pub(crate) fn admit(&mut self, order: &Order, event: &StoredEvent, remember_ms: u64) -> bool {
        self.events = self.events.saturating_add(1);
        self.newest = Some(order.clone());
        if remember_ms == 0 {
            return true;
        }
        self.forget_before(event.hlt, remember_ms);
        if self.ids.contains_key(&event.id) {
            return false;
        }
        self.ids.insert(event.id.clone(), Accepted { tag: event.tag, hlt: event.hlt });
        self.by_age.push_back((event.id.clone(), event.hlt));
        true
    }

    fn forget_before(&mut self, hlt: Hlt, remember_ms: u64) {
        while let Some((id, accepted)) = self.by_age.front() {
            if hlt.ms().saturating_sub(accepted.ms()) <= remember_ms {
                return;
            }
            self.ids.remove(id);
            self.by_age.pop_front();
        }
    }

    /// The accepted event that one with this id at this time would repeat.
    pub(crate) fn repeats(&self, id: &EventId, hlt: Hlt, remember_ms: u64) -> Option<Accepted> {
        let accepted = self.ids.get(id)?;
        (hlt.ms().saturating_sub(accepted.hlt.ms()) <= remember_ms).then_some(*accepted)
    }

    pub(crate) fn newest_hlt(&self) -> Hlt {
        self.newest.as_ref().map_or(Hlt(0), |order| order.0)
    }
}

/// A state and the ledger of what went into it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folded<F> {
    pub state: F,
    pub ledger: Ledger,
    /// Events that counted but whose data this version cannot decode.
    pub undecodable: u64,
    pub sealing: Sealing,
}

/// Under which data keys the personal values in a state were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sealing {
    /// All that still exist.
    pub keys: BTreeSet<KeyId>,
    /// The newest of them: what is appended is sealed under it.
    pub newest: Option<KeyId>,
    /// Events whose personal values were erased.
    pub erased: u64,
    /// Events whose personal values are there and could not be opened: the vault is closed.
    pub closed: u64,
}

impl Sealing {
    fn note(&mut self, event: &StoredEvent, keys: &Keys) {
        let Some(id) = &event.key else { return };
        match keys.access(id) {
            Access::Open(_) => {
                self.keys.insert(id.clone());
                self.newest = Some(id.clone());
            }
            Access::Destroyed if event.sealed.is_some() => self.erased = self.erased.saturating_add(1),
            Access::Closed if event.sealed.is_some() => self.closed = self.closed.saturating_add(1),
            Access::Destroyed | Access::Closed => {}
        }
    }
}

impl<F: Fold> Folded<F> {
    /// Applies an event that sorts after all so far.
    pub(crate) fn apply(&mut self, stream: &StreamId, order: &Order, event: &StoredEvent, keys: &Keys) {
        if !self.ledger.admit(order, event, F::REMEMBER_MS) {
            return;
        }
        self.sealing.note(event, keys);
        match event.decode(stream, keys) {
            Some(event) => self.state.apply(&event),
            None => self.undecodable = self.undecodable.saturating_add(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{NewEvent, sorted_set};
    use chrono::DateTime;
    use serde::Deserialize;

    #[derive(Clone, Default, Serialize, Deserialize)]
    struct Log(Vec<String>);

    impl Fold for Log {
        type Data = String;
        const KIND: &'static str = "log";
        const VERSION: u16 = 1;
        const REMEMBER_MS: u64 = 100;
        fn apply(&mut self, event: &Event<String>) {
            self.0.push(event.data.clone());
        }
    }

    fn stream() -> StreamId {
        "school:log:a".parse().unwrap()
    }

    fn event<D: Serialize>(id: &str, ms: u64, data: D) -> StoredEvent {
        let new = NewEvent { id: EventId::new(id).unwrap(), by: "x".to_owned(), tag: 1, data };
        StoredEvent::new(&stream(), &new, Hlt(ms << 16), DateTime::UNIX_EPOCH, None).unwrap()
    }

    fn fold(events: Vec<StoredEvent>) -> Folded<Log> {
        let mut folded = Folded::default();
        for (order, event) in sorted_set(events) {
            folded.apply(&stream(), &order, &event, &Keys::default());
        }
        folded
    }

    #[test]
    fn the_first_of_a_repeated_id_wins_within_the_window() {
        let folded =
            fold(vec![event("a", 50, "late"), event("a", 10, "first"), event("a", 110, "still in it")]);
        assert_eq!(folded.state.0, ["first"]);
        assert_eq!(folded.ledger.events, 3);
        let folded =
            fold(vec![event("a", 10, "first"), event("a", 111, "after it"), event("a", 112, "again")]);
        assert_eq!(folded.state.0, ["first", "after it"]);
    }

    #[test]
    fn what_cannot_be_decoded_is_skipped_and_remembered() {
        let folded =
            fold(vec![event("a", 1, "x"), event("new", 2, 42), event("new", 3, "y"), event("b", 4, "z")]);
        assert_eq!(folded.state.0, ["x", "z"]);
        assert_eq!(folded.undecodable, 1);
        assert!(folded.ledger.repeats(&EventId::new("new").unwrap(), Hlt(4 << 16), 100).is_some());
    }

    #[test]
    fn ids_outside_the_window_are_forgotten() {
        let folded = fold(vec![event("a", 1, "x"), event("b", 200, "y")]);
        assert_eq!(folded.ledger.ids.len(), 1);
        let b = EventId::new("b").unwrap();
        assert!(folded.ledger.repeats(&b, Hlt(300 << 16), 100).is_some());
        assert!(folded.ledger.repeats(&b, Hlt(301 << 16), 100).is_none());
    }
}
