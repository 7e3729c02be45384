//! Snapshots: a state saved so that a load need not fold everything. Derived, written blindly, possibly stale:
//! that only costs a longer fold.

use std::collections::BTreeSet;
use std::sync::Arc;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Journal;
use crate::audit::{Known, Mac, MacKey};
use crate::data_key::{DataKey, KeyId};
use crate::error::JournalError;
use crate::event::{Order, StoredEvent};
use crate::fold::{Fold, Folded, Ledger, Remembered, Sealing};
use crate::keys;
use crate::load::Loaded;
use crate::names::StreamId;
use crate::sequence::Cursor;
use crate::store::Store;
use crate::value;
use crate::vault::Keys;

/// A snapshot this small is written with every commit.
pub const SMALL_SNAPSHOT_BYTES: usize = 16 * 1024;
/// A larger one when this many slots have come since the last.
pub const SNAPSHOT_EVERY_SLOTS: u64 = 16;
/// One larger than this never.
pub const LARGEST_SNAPSHOT_BYTES: usize = 700_000;

/// The newest events are kept beside the state they are not yet in, so that one that was written at the same
/// time and sorts among them does not make the fold start over. At most so many,
const TAIL_EVENTS: usize = 16;
/// no older than this against the newest,
const TAIL_MS: u64 = 20_000;
/// and no more bytes of data than this, unless a single event has more.
const TAIL_BYTES: usize = 8 * 1024;

/// The whole stored form. The cursor is known only after the slot's number was taken, the rest before.
#[derive(Serialize, Deserialize)]
struct Form {
    #[serde(rename = "v")]
    version: u16,
    #[serde(rename = "u")]
    cursor: Cursor,
    #[serde(rename = "s")]
    body: Box<RawValue>,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    attested: Option<Attested>,
}

/// What the events of a snapshot come to in the graph, with a MAC: a writer takes the parents of its event from
/// here, and an anchor what there is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Attested(Known, Mac);

impl Attested {
    /// Of the events that a cursor has passed.
    pub(crate) fn new(key: &dyn MacKey, stream: &StreamId, cursor: &Cursor, known: Known) -> Self {
        let mac = Self::mac(key, stream, cursor, &known);
        Self(known, mac)
    }

    /// What is known, if it is of this stream and cursor and was written with the key.
    pub(crate) fn check(self, key: &dyn MacKey, stream: &StreamId, cursor: &Cursor) -> Option<Known> {
        (Self::mac(key, stream, cursor, &self.0) == self.1).then_some(self.0)
    }

    fn mac(key: &dyn MacKey, stream: &StreamId, cursor: &Cursor, known: &Known) -> Mac {
        // Neither can fail to be JSON.
        let json = serde_json::to_vec(&(cursor, known)).unwrap_or_default();
        key.mac(&[b"snapshot", stream.to_string().as_bytes(), &json])
    }
}

/// What a snapshot says of the graph, whatever it is a snapshot of.
pub(crate) fn decode_attested(bytes: &[u8]) -> Option<(Cursor, Attested)> {
    let form: Form = value::decode(bytes).ok()?;
    Some((form.cursor, form.attested?))
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Body {
    #[serde(rename = "n")]
    newest: Option<Order>,
    #[serde(rename = "c")]
    events: u64,
    #[serde(rename = "i")]
    ids: Vec<Remembered>,
    #[serde(rename = "t")]
    tail: Vec<StoredEvent>,
    /// The state of a stream without personal values.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    state: Option<Box<RawValue>>,
    /// The state, sealed under all data keys that its values were sealed under: with any of them it is lost.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
    /// These keys.
    #[serde(rename = "k", default, skip_serializing_if = "BTreeSet::is_empty")]
    keys: BTreeSet<KeyId>,
    /// The newest of them.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    newest_key: Option<KeyId>,
    /// Events whose personal values were erased.
    #[serde(rename = "x", default, skip_serializing_if = "is_zero")]
    erased: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape that serde asks for
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What a snapshot gives a load to start from; its state is opened when its keys are there.
pub(crate) struct Snapshot {
    pub cursor: Cursor,
    pub tail: Vec<StoredEvent>,
    pub attested: Option<Attested>,
    pub body: Body,
}

impl Snapshot {
    /// The data keys that the state and the tail need.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &KeyId> {
        self.body.keys.iter().chain(self.tail.iter().filter_map(|event| event.key.as_ref()))
    }
}

/// What a state is the fold of but for the tail. Shared by the states that follow from one load, until it changes.
#[derive(Clone, Debug)]
pub(crate) struct Base<F> {
    pub folded: Arc<Folded<F>>,
    /// The stored form it was read from.
    stored: Option<Arc<StoredState>>,
}

impl<F: Fold> Default for Base<F> {
    fn default() -> Self {
        Self { folded: Arc::default(), stored: None }
    }
}

/// The stored form of a state: one of the two.
#[derive(Clone, Debug)]
struct StoredState {
    plain: Option<Box<RawValue>>,
    sealed: Option<String>,
}

impl Body {
    /// What the state is the fold of; nothing when it cannot be opened: one of its keys was destroyed since, or is
    /// not at hand. It is only a saving.
    pub(crate) fn base<F: Fold>(self, stream: &StreamId, keys: &Keys) -> Option<Base<F>> {
        let state = match (&self.state, &self.sealed) {
            (Some(state), _) => serde_json::from_str(state.get()).ok()?,
            (None, sealed) => {
                let all: Option<Vec<&DataKey>> = self.keys.iter().map(|id| keys.get(id)).collect();
                let sealed = BASE64.decode(sealed.as_ref()?.as_bytes()).ok()?;
                let text = DataKey::of_all(all?)?.open(&about(&stream.to_string()), &sealed)?;
                serde_json::from_slice(&text).ok()?
            }
        };
        let ledger = Ledger::restore(self.newest, self.events, self.ids);
        let sealing = Sealing { keys: self.keys, newest: self.newest_key, erased: self.erased, closed: 0 };
        let folded = Arc::new(Folded { state, ledger, undecodable: 0, sealing });
        Some(Base { folded, stored: Some(Arc::new(StoredState { plain: self.state, sealed: self.sealed })) })
    }
}

/// What a sealed state belongs to. Not to a place in time: a snapshot may be of any.
fn about(stream: &str) -> [&[u8]; 2] {
    [b"relevo/snapshot", stream.as_bytes()]
}

/// The part of a snapshot that does not depend on slot numbers.
///
/// None for a state that must not be saved: it lacks personal values that could not be opened, and a reader that
/// can open them would take it for complete.
pub(crate) fn encode_body<F: Fold>(
    stream: &StreamId,
    base: &Base<F>,
    tail: &[(Order, StoredEvent)],
    keys: &Keys,
) -> Result<Option<Box<RawValue>>, JournalError> {
    let Sealing { keys: ids, newest: newest_key, erased, closed } = base.folded.sealing.clone();
    if closed > 0 {
        return Ok(None);
    }
    let StoredState { plain, sealed } = match &base.stored {
        Some(stored) => (**stored).clone(),
        None => stored_state(stream, &base.folded, keys)?,
    };
    let body = Body {
        newest: base.folded.ledger.newest.clone(),
        events: base.folded.ledger.events,
        ids: base.folded.ledger.remembered(),
        tail: tail.iter().map(|(_, event)| event.clone()).collect(),
        state: plain,
        sealed,
        keys: ids,
        newest_key,
        erased,
    };
    serde_json::value::to_raw_value(&body).map(Some).map_err(|error| failed::<F>(error.to_string()))
}

/// A state's stored form: sealed, if any of what it is the fold of was.
fn stored_state<F: Fold>(
    stream: &StreamId,
    folded: &Folded<F>,
    keys: &Keys,
) -> Result<StoredState, JournalError> {
    let state = serde_json::value::to_raw_value(&folded.state).map_err(|e| failed::<F>(e.to_string()))?;
    if folded.sealing.keys.is_empty() {
        return Ok(StoredState { plain: Some(state), sealed: None });
    }
    let all: Option<Vec<&DataKey>> = folded.sealing.keys.iter().map(|id| keys.get(id)).collect();
    let key = all.and_then(DataKey::of_all).ok_or_else(|| failed::<F>("a data key is missing".to_owned()))?;
    let sealed = key.seal(&about(&stream.to_string()), state.get().as_bytes());
    let sealed = sealed.ok_or_else(|| failed::<F>("it is too large".to_owned()))?;
    Ok(StoredState { plain: None, sealed: Some(BASE64.encode(&sealed)) })
}

fn failed<F: Fold>(why: String) -> JournalError {
    JournalError::Encode { what: format!("the snapshot of a {} stream", F::KIND), why }
}

/// The stored form.
pub(crate) fn encode(
    version: u16,
    cursor: Cursor,
    body: Box<RawValue>,
    attested: Option<Attested>,
) -> Result<Vec<u8>, JournalError> {
    value::encode("a snapshot", &Form { version, cursor, body, attested })
}

/// Reads a snapshot; nothing when it is of another fold version or not readable: it is only a saving.
pub(crate) fn decode(version: u16, bytes: &[u8]) -> Option<Snapshot> {
    let form: Form = value::decode(bytes).ok()?;
    if form.version != version {
        return None;
    }
    let mut body: Body = serde_json::from_str(form.body.get()).ok()?;
    let tail = std::mem::take(&mut body.tail);
    Some(Snapshot { cursor: form.cursor, tail, attested: form.attested, body })
}

impl<S: Store> Journal<S> {
    /// Saves a state as its stream's snapshot, for the loads that follow. Commits do so by themselves; this is
    /// for a reader that had to fold much. False when the state cannot be saved: it is too large, or has what
    /// this version cannot read, or what is not yet committed.
    ///
    /// # Errors
    /// When the store fails; it does no harm.
    pub async fn save_snapshot<F: Fold>(&self, loaded: &Loaded<F>) -> Result<bool, JournalError> {
        if loaded.unreadable > 0 || loaded.pending > 0 {
            return Ok(false);
        }
        let body = encode_body(&loaded.stream, &loaded.base, &loaded.tail, &loaded.keys)?;
        let Some(body) = body else { return Ok(false) };
        if body.get().len() > LARGEST_SNAPSHOT_BYTES {
            return Ok(false);
        }
        let attested = match (&self.link_key, &loaded.known) {
            (Some(key), Some(known)) => {
                Some(Attested::new(&*key.0, &loaded.stream, &loaded.cursor, known.clone()))
            }
            _ => None,
        };
        let bytes = encode(F::VERSION, loaded.cursor.clone(), body, attested)?;
        self.store.set_many(vec![(keys::snapshot(&loaded.stream), bytes)]).await?;
        Ok(true)
    }
}

/// Moves what need not stay in the tail into the base.
pub(crate) fn settle<F: Fold>(
    stream: &StreamId,
    base: &mut Base<F>,
    tail: &mut Vec<(Order, StoredEvent)>,
    keys: &Keys,
) {
    let Some(newest_ms) = tail.last().map(|(_, event)| event.hlt.ms()) else { return };
    let mut bytes: usize = tail.iter().map(|(_, event)| event.bytes()).sum();
    let mut left = tail.len();
    let settled = tail
        .iter()
        .take_while(|(_, event)| {
            let old = newest_ms.saturating_sub(event.hlt.ms()) > TAIL_MS;
            let moves = left > 1 && (left > TAIL_EVENTS || old || bytes > TAIL_BYTES);
            left = left.saturating_sub(1);
            bytes = bytes.saturating_sub(event.bytes());
            moves
        })
        .count();
    if settled == 0 {
        return;
    }
    base.stored = None;
    let folded = Arc::make_mut(&mut base.folded);
    for (order, event) in tail.drain(..settled) {
        folded.apply(stream, &order, &event, keys);
    }
}
