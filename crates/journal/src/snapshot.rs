//! Snapshots: a state saved so that a load need not fold everything. Derived, written blindly, possibly stale:
//! that only costs a longer fold.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Journal;
use crate::error::JournalError;
use crate::event::{Order, StoredEvent};
use crate::fold::{Fold, Folded, Ledger, Remembered};
use crate::keys;
use crate::load::Loaded;
use crate::sequence::Cursor;
use crate::store::Store;
use crate::value;

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
const TAIL_MS: u64 = 120_000;
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
}

#[derive(Serialize, Deserialize)]
struct Body<F> {
    #[serde(rename = "n")]
    newest: Option<Order>,
    #[serde(rename = "c")]
    events: u64,
    #[serde(rename = "i")]
    ids: Vec<Remembered>,
    #[serde(rename = "t")]
    tail: Vec<StoredEvent>,
    #[serde(rename = "d")]
    state: F,
}

/// What a snapshot gives a load to start from.
pub(crate) struct Snapshot<F> {
    pub cursor: Cursor,
    pub base: Folded<F>,
    pub tail: Vec<StoredEvent>,
}

/// The part of a snapshot that does not depend on slot numbers.
pub(crate) fn encode_body<F: Fold>(
    base: &Folded<F>,
    tail: &[(Order, StoredEvent)],
) -> Result<Box<RawValue>, JournalError> {
    let body = Body {
        newest: base.ledger.newest.clone(),
        events: base.ledger.events,
        ids: base.ledger.remembered(),
        tail: tail.iter().map(|(_, event)| event.clone()).collect(),
        state: &base.state,
    };
    serde_json::value::to_raw_value(&body).map_err(|e| JournalError::Encode {
        what: format!("the snapshot of a {} stream", F::KIND),
        why: e.to_string(),
    })
}

/// The stored form.
pub(crate) fn encode(version: u16, cursor: Cursor, body: Box<RawValue>) -> Result<Vec<u8>, JournalError> {
    value::encode("a snapshot", &Form { version, cursor, body })
}

/// Reads a snapshot; nothing when it is of another fold version or not readable: it is only a saving.
pub(crate) fn decode<F: Fold>(bytes: &[u8]) -> Option<Snapshot<F>> {
    let form: Form = value::decode(bytes).ok()?;
    if form.version != F::VERSION {
        return None;
    }
    let body: Body<F> = serde_json::from_str(form.body.get()).ok()?;
    let ledger = Ledger::restore(body.newest, body.events, body.ids);
    let base = Folded { state: body.state, ledger, undecodable: 0 };
    Some(Snapshot { cursor: form.cursor, base, tail: body.tail })
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
        let body = encode_body(&loaded.base, &loaded.tail)?;
        if body.get().len() > LARGEST_SNAPSHOT_BYTES {
            return Ok(false);
        }
        let bytes = encode(F::VERSION, loaded.cursor.clone(), body)?;
        self.store.set_many(vec![(keys::snapshot(&loaded.stream), bytes)]).await?;
        Ok(true)
    }
}

/// Moves what need not stay in the tail into the base.
pub(crate) fn settle<F: Fold>(base: &mut Folded<F>, tail: &mut Vec<(Order, StoredEvent)>) {
    let Some(newest_ms) = tail.last().map(|(_, event)| event.hlt.ms()) else { return };
    let mut bytes: usize = tail.iter().map(|(_, event)| event.data.get().len()).sum();
    let mut left = tail.len();
    let settled = tail
        .iter()
        .take_while(|(_, event)| {
            let old = newest_ms.saturating_sub(event.hlt.ms()) > TAIL_MS;
            let moves = left > 1 && (left > TAIL_EVENTS || old || bytes > TAIL_BYTES);
            left = left.saturating_sub(1);
            bytes = bytes.saturating_sub(event.data.get().len());
            moves
        })
        .count();
    for (order, event) in tail.drain(..settled) {
        base.apply(&order, &event);
    }
}
