//! Recomputing everything from the slots and comparing it with what is served.
//!
//! Meant for a store that nobody writes to at the moment; where somebody does, verify again what was reported.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::Journal;
use crate::error::JournalError;
use crate::event::{StoredEvent, sorted_set};
use crate::fold::{Fold, Folded};
use crate::keys::{self, Numbered};
use crate::load::{check_kind, decode_slots};
use crate::names::{Desk, Kind, Month, StreamId};
use crate::snapshot::{self, Snapshot};
use crate::store::Store;
use crate::vault::Keys;

/// How many differences are listed of one comparison.
const MOST_DIFFERENCES: usize = 20;

/// What was found in one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamReport {
    /// The stream.
    pub stream: StreamId,
    /// Numbers that were taken.
    pub slots: u64,
    /// Events in the set, repeats included.
    pub events: u64,
    /// Numbers that were taken and never written. Normal after a crash.
    pub holes: Vec<u64>,
    /// Numbers that were given up as holes and are written now: snapshots lack them. Remedy:
    /// [`Journal::drop_snapshot`].
    pub filled_late: Vec<u64>,
    /// Slots that this version cannot read.
    pub unreadable_slots: u64,
    /// Events whose data this version cannot read.
    pub undecodable_events: u64,
    /// Whether there is a snapshot that this version can use.
    pub snapshot: bool,
    /// What differs, as `snapshot: /json/pointer` or `served: /json/pointer`; no values.
    pub differences: Vec<String>,
}

impl StreamReport {
    /// Nothing is wrong. Holes are not.
    pub fn is_sound(&self) -> bool {
        self.filled_late.is_empty()
            && self.unreadable_slots == 0
            && self.undecodable_events == 0
            && self.differences.is_empty()
    }
}

/// What was found on one desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskReport {
    /// Streams that were looked at.
    pub streams: u64,
    /// Their events.
    pub events: u64,
    /// Those with which something is wrong.
    pub faulty: Vec<StreamReport>,
}

/// Recomputes a stream from its slots; compares the result with what a load serves, and the snapshot with the
/// fold of the slots it says it is of. Returns the recomputed state too.
///
/// # Errors
/// When the store fails, or the stream is not of the fold's kind.
pub async fn verify_stream<F: Fold, S: Store>(
    journal: &Journal<S>,
    stream: &StreamId,
    now: DateTime<Utc>,
) -> Result<(StreamReport, F), JournalError> {
    check_kind::<F>(stream)?;
    let at = Numbered::stream(stream);
    let served = journal.load::<F>(stream, now).await?;
    let saved = journal.store().get(&keys::snapshot(stream)).await?;
    let saved = saved.and_then(|bytes| snapshot::decode(F::VERSION, &bytes));
    let counter = journal.read_counter(&at).await?;
    let numbers: Vec<u64> = (1..=counter).collect();
    let found = journal.read_slots(&at, &numbers).await?;
    let (mut holes, mut slots) = (Vec::new(), Vec::new());
    for (number, value) in numbers.iter().zip(found) {
        match value {
            None => holes.push(*number),
            Some(bytes) => slots.push((*number, bytes)),
        }
    }

    let (events, unreadable_slots) = decode_slots(&slots);
    let mut keys = Keys::default();
    let named = events.iter().filter_map(|event| event.key.as_ref());
    journal.fetch_keys(stream.desk(), &mut keys, named.chain(saved.iter().flat_map(|s| s.keys()))).await?;
    let whole: Folded<F> = fold(stream, events, &keys);
    let mut differences = differences("served", &served.state, &whole.state)?;
    let mut filled_late = Vec::new();
    // One that cannot be opened (a key was destroyed since, or is not at hand) serves nobody.
    let opened = saved.and_then(|saved| {
        let Snapshot { cursor, tail, body, .. } = saved;
        Some((cursor, tail, body.base::<F>(stream, &keys)?.folded))
    });
    let snapshot = opened.is_some();
    if let Some((cursor, tail, is)) = opened {
        let mut is = Arc::unwrap_or_clone(is);
        filled_late.extend(cursor.lost.iter().filter(|lost| slots.iter().any(|(slot, _)| slot == *lost)));
        let known = |slot: &u64| {
            *slot <= cursor.upto
                && !cursor.holes.iter().any(|(hole, _)| hole == slot)
                && !cursor.lost.contains(slot)
        };
        slots.retain(|(slot, _)| known(slot));
        let (events, _) = decode_slots(&slots);
        let expected: Folded<F> = fold(stream, events, &keys);
        for (order, event) in sorted_set(tail) {
            is.apply(stream, &order, &event, &keys);
        }
        differences.extend(self::differences("snapshot", &is.state, &expected.state)?);
        let ledger = |folded: &Folded<F>| {
            (folded.ledger.newest.clone(), folded.ledger.events, folded.ledger.remembered())
        };
        if ledger(&is) != ledger(&expected) {
            differences.push("snapshot: the ids and the newest event that it remembers".to_owned());
        }
    }
    let report = StreamReport {
        stream: stream.clone(),
        slots: counter,
        events: whole.ledger.events,
        holes,
        filled_late,
        unreadable_slots,
        undecodable_events: whole.undecodable,
        snapshot,
        differences,
    };
    Ok((report, whole.state))
}

/// Verifies all streams of a kind that began in these months. `check` is called with every recomputed state
/// and says what is wrong with the projections made from it.
///
/// # Errors
/// When the store or `check` fails.
pub async fn verify_desk<F: Fold, S: Store>(
    journal: &Journal<S>,
    desk: &Desk,
    months: impl IntoIterator<Item = Month>,
    now: DateTime<Utc>,
    mut check: impl AsyncFnMut(&StreamId, &F) -> Result<Vec<String>, JournalError>,
) -> Result<DeskReport, JournalError> {
    let mut report = DeskReport::default();
    let kind = Kind::new(F::KIND)
        .map_err(|_| JournalError::WrongKind { stream: desk.to_string(), kind: F::KIND })?;
    for month in months {
        for stream in journal.all_streams(desk, &kind, month, now).await? {
            let (mut found, state) = verify_stream::<F, S>(journal, &stream, now).await?;
            if found.events == 0 && found.unreadable_slots == 0 {
                found.differences.push("directory: lists a stream without events".to_owned());
            }
            found.differences.extend(check(&stream, &state).await?);
            report.streams = report.streams.saturating_add(1);
            report.events = report.events.saturating_add(found.events);
            if !found.is_sound() {
                report.faulty.push(found);
            }
        }
    }
    Ok(report)
}

fn fold<F: Fold>(stream: &StreamId, events: Vec<StoredEvent>, keys: &Keys) -> Folded<F> {
    let mut folded = Folded::default();
    for (order, event) in sorted_set(events) {
        folded.apply(stream, &order, &event, keys);
    }
    folded
}

/// Where two states differ, as JSON pointers.
fn differences<F: Fold>(which: &str, is: &F, expected: &F) -> Result<Vec<String>, JournalError> {
    let json = |state: &F| {
        serde_json::to_value(state)
            .map_err(|e| JournalError::Encode { what: format!("a {} state", F::KIND), why: e.to_string() })
    };
    let mut found = Vec::new();
    compare(&format!("{which}: "), &json(is)?, &json(expected)?, &mut found);
    Ok(found)
}

fn compare(path: &str, is: &Value, expected: &Value, found: &mut Vec<String>) {
    if is == expected || found.len() >= MOST_DIFFERENCES {
        return;
    }
    match (is, expected) {
        (Value::Object(a), Value::Object(b)) => {
            let only_b = b.keys().filter(|key| !a.contains_key(*key));
            for key in a.keys().chain(only_b) {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                compare(&format!("{path}/{key}"), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{path}/{i}"), a, b, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_pointers_without_values() {
        let mut found = Vec::new();
        let (a, b) = (json!({"a": [1, {"b": "x"}], "c": 1}), json!({"a": [1, {"b": "y"}], "d": [1]}));
        compare("served: ", &a, &b, &mut found);
        assert_eq!(found, ["served: /a/1/b", "served: /c", "served: /d"]);
        compare("served: ", &json!([1]), &json!([1, 2]), &mut found);
        assert_eq!(found.last().unwrap(), "served: ");
    }
}
