//! What must be true, computed from the raw values without the journal's code.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::log::Log;

pub type Data = BTreeMap<String, Vec<u8>>;

/// An event as it lies in a slot. Ordered as the fold orders: here, equal time and id means equal content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Raw {
    pub hlt: u64,
    pub id: String,
    pub at_ms: i64,
    pub data: String,
}

fn json(bytes: &[u8]) -> Value {
    assert_eq!(bytes[0], b'1');
    serde_json::from_slice(&bytes[1..]).unwrap()
}

fn raw(event: &Value) -> Raw {
    Raw {
        hlt: event["h"].as_u64().unwrap(),
        id: event["i"].as_str().unwrap().to_owned(),
        at_ms: event["t"].as_i64().unwrap(),
        data: event["d"].as_str().unwrap_or_default().to_owned(),
    }
}

/// The slots of a stream (`school:log:a`) that are written, with their events.
pub fn slots(data: &Data, stream: &str) -> BTreeMap<u64, Vec<Raw>> {
    raw_slots(data, stream)
        .into_iter()
        .map(|(slot, events)| (slot, events.iter().map(raw).collect()))
        .collect()
}

/// The same as they are stored.
fn raw_slots(data: &Data, stream: &str) -> BTreeMap<u64, Vec<Value>> {
    let prefix = format!("r1:s:{stream}:");
    let written = data.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
    written
        .map(|(key, bytes)| (key[prefix.len()..].parse().unwrap(), json(bytes).as_array().unwrap().clone()))
        .collect()
}

/// The events of one slot.
pub fn events(slot: &[u8]) -> Vec<Raw> {
    json(slot).as_array().unwrap().iter().map(raw).collect()
}

/// The set of visible events, sorted.
pub fn visible(data: &Data, stream: &str) -> BTreeSet<Raw> {
    slots(data, stream).into_values().flatten().collect()
}

/// The events that count: the first of each id.
pub fn counted<'a>(set: impl IntoIterator<Item = &'a Raw>) -> Vec<(String, String, u64)> {
    let mut ids = BTreeSet::new();
    set.into_iter()
        .filter(|event| ids.insert(event.id.clone()))
        .map(|event| (event.id.clone(), event.data.clone(), event.hlt))
        .collect()
}

/// The state that a set of events makes.
pub fn fold<'a>(set: impl IntoIterator<Item = &'a Raw>) -> Log {
    log(counted(set))
}

/// The state that events make in the order given, whether it is theirs or not.
pub fn fold_in_order(events: &[&Raw]) -> Log {
    log(events.iter().map(|event| (event.id.clone(), event.data.clone(), event.hlt)).collect())
}

fn log(seen: Vec<(String, String, u64)>) -> Log {
    let bytes = seen.iter().flat_map(|(id, data, _)| id.bytes().chain(data.bytes()));
    let mixed = bytes.fold(0u64, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Log { seen, mixed }
}

/// A snapshot is the fold of exactly the slots that it says it is of.
pub fn check_snapshot(data: &Data, key: &str) {
    let stream = key.strip_prefix("r1:p:").unwrap();
    if !stream.contains(":log:") {
        return;
    }
    let snapshot = json(&data[key]);
    let cursor = &snapshot["u"];
    let upto = cursor["u"].as_u64().unwrap();
    let holes: BTreeSet<u64> =
        cursor["h"].as_array().into_iter().flatten().map(|hole| hole[0].as_u64().unwrap()).collect();
    assert!(cursor["x"].is_null(), "nothing is given up within a run");
    let events: BTreeSet<Raw> = slots(data, stream)
        .into_iter()
        .filter(|(slot, _)| *slot <= upto && !holes.contains(slot))
        .flat_map(|(_, events)| events)
        .collect();
    let covered =
        raw_slots(data, stream).into_iter().filter(|(slot, _)| *slot <= upto && !holes.contains(slot));
    check_graph(&snapshot, &covered.flat_map(|(_, events)| events).collect::<Vec<_>>());
    let body = &snapshot["s"];
    let mut seen: Vec<(String, String, u64)> = serde_json::from_value(body["d"]["seen"].clone()).unwrap();
    for event in body["t"].as_array().unwrap().iter().map(raw) {
        if !seen.iter().any(|(id, _, _)| *id == event.id) {
            seen.push((event.id, event.data, event.hlt));
        }
    }
    assert_eq!(seen, counted(&events), "snapshot of {stream} up to {upto} without {holes:?}");
}

/// What a snapshot says of the graph: how many events there are, and which of them no other names. One that became
/// visible after an event that names it may be among the heads too.
fn check_graph(snapshot: &Value, events: &[Value]) {
    let links = |event: &Value| -> Vec<String> { serde_json::from_value(event["l"].clone()).unwrap() };
    let own: BTreeSet<String> = events.iter().map(|event| links(event)[0].clone()).collect();
    assert_eq!(own.len(), events.len(), "two events with one MAC");
    let named: BTreeSet<String> = events.iter().flat_map(|event| links(event).split_off(1)).collect();
    let known = &snapshot["a"][0];
    assert_eq!(known["n"], events.len());
    let heads: BTreeSet<String> = serde_json::from_value(known["h"].clone()).unwrap();
    assert!(heads.is_subset(&own), "heads that are no events: {heads:?} of {own:?}");
    let expected: BTreeSet<String> = own.difference(&named).cloned().collect();
    assert!(heads.is_superset(&expected), "{heads:?} lacks some of {expected:?}");
}

/// What is checked of a load: it saw all that was visible when it began, nothing that was not when it ended,
/// and folded it in order.
pub fn check_load(state: &Log, before: &BTreeSet<Raw>, after: &BTreeSet<Raw>) {
    let ids: BTreeMap<&str, u64> = state.seen.iter().map(|(id, _, hlt)| (id.as_str(), *hlt)).collect();
    assert_eq!(ids.len(), state.seen.len(), "an id counts twice: {state:?}");
    for event in before {
        let hlt = ids.get(event.id.as_str());
        assert!(hlt.is_some_and(|hlt| *hlt <= event.hlt), "{event:?} was visible, got {state:?}");
    }
    let mut chosen = BTreeSet::new();
    for (id, data, hlt) in &state.seen {
        let found = after.iter().find(|event| (&event.id, &event.data, event.hlt) == (id, data, *hlt));
        chosen.insert(found.unwrap_or_else(|| panic!("{id} at {hlt} was never visible")).clone());
    }
    assert_eq!(*state, fold(&chosen), "not in order");
}
