//! The audit: a history that was tampered with, in every way that there is, and one that was not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/log.rs"]
mod log;

use std::collections::BTreeMap;
use std::rc::Rc;

use futures::executor::block_on;
use log::{Log, TestKey, at_ms, event};
use relevo_journal::audit::anchor::Exported;
use relevo_journal::audit::verify::{AuditReport, Finding, verify_desk};
use relevo_journal::store::Store;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Commit, Desk, Journal, Kind, Loaded, Month, StreamId};
use serde_json::Value;

type Data = BTreeMap<String, Vec<u8>>;

const HOUR: i64 = 3_600_000;

fn desk(name: &str) -> Desk {
    Desk::new(name).unwrap()
}

fn stream(id: &str) -> StreamId {
    id.parse().unwrap()
}

/// Each desk has its own key.
fn journal(store: &MemoryStore, desk: &str) -> Journal<MemoryStore> {
    let key = if desk == "school" { "key of school" } else { "key of travel" };
    Journal::new(store.clone()).linked(Rc::new(TestKey(key)))
}

fn store_of(data: &Data) -> MemoryStore {
    let store = MemoryStore::default();
    block_on(store.set_many(data.clone().into_iter().collect())).unwrap();
    store
}

fn write(journal: &Journal<MemoryStore>, id: &str, ms: i64, events: &[&str]) {
    let loaded: Loaded<Log> = block_on(journal.load(&stream(id), at_ms(ms))).unwrap();
    let mut commit = Commit::new(loaded.stream().desk().clone(), at_ms(ms));
    commit.append(&loaded, events.iter().map(|id| event(id, &format!("text of {id}"))).collect()).unwrap();
    block_on(journal.commit(commit)).unwrap();
}

fn anchor(journal: &Journal<MemoryStore>, name: &str, ms: i64) -> usize {
    let kinds = [Kind::new("log").unwrap()];
    let since = Month::of(at_ms(0));
    let mut streams = 0;
    loop {
        let anchored = block_on(journal.anchor(&desk(name), &kinds, since, at_ms(ms))).unwrap();
        streams += anchored.streams;
        if !anchored.more {
            return streams;
        }
    }
}

/// Two desks, two streams each; writers at the same time; two anchors; one slot after the last of them.
fn history() -> (Data, Vec<Exported>) {
    let store = MemoryStore::default();
    for name in ["school", "travel"] {
        let journal = journal(&store, name);
        write(&journal, &format!("{name}:log:a"), 0, &["a:1"]);
        // Two who have read the same.
        let loaded: Loaded<Log> =
            block_on(journal.load(&stream(&format!("{name}:log:a")), at_ms(1))).unwrap();
        for id in ["a:2", "a:3"] {
            let mut commit = Commit::new(desk(name), at_ms(2));
            commit.append(&loaded, vec![event(id, "at once")]).unwrap();
            block_on(journal.commit(commit)).unwrap();
        }
        write(&journal, &format!("{name}:log:a"), 3, &["a:4", "a:5"]);
        write(&journal, &format!("{name}:log:b"), 4, &["b:1"]);
        assert_eq!(anchor(&journal, name, 10 * HOUR), 2);
        write(&journal, &format!("{name}:log:a"), 11 * HOUR, &["a:6"]);
        assert_eq!(anchor(&journal, name, 20 * HOUR), 1);
        write(&journal, &format!("{name}:log:b"), 21 * HOUR, &["b:2"]);
    }
    let exported =
        block_on(journal(&store, "school").export_anchors(&desk("school"), 0, 100, 1 << 20)).unwrap();
    (store.dump(), exported)
}

fn verify(data: &Data, exported: &[Exported]) -> AuditReport {
    let journal = journal(&store_of(data), "school");
    let keys: Vec<String> = data.keys().cloned().collect();
    block_on(verify_desk(&journal, &desk("school"), &keys, exported, |kind| kind.as_str() == "index"))
        .unwrap()
}

/// What is found when something was done to the history.
fn found(tamper: impl FnOnce(&mut Data)) -> Vec<Finding> {
    let (mut data, _) = history();
    tamper(&mut data);
    verify(&data, &[]).findings
}

#[track_caller]
fn assert_names(findings: &[Finding], of: &str, slot: Option<u64>, event: Option<&str>, what: &str) {
    let is =
        |f: &&Finding| f.of == of && f.slot == slot && f.event.as_deref() == event && f.what.contains(what);
    assert!(findings.iter().any(|f| is(&f)), "no {what:?} of {of} {slot:?} {event:?} in {findings:#?}");
}

const A: &str = "school:log:a";
const CHAIN: &str = "school:anchors:chain";

fn slot(stream: &str, n: u64) -> String {
    format!("r1:s:{stream}:{n}")
}

#[test]
fn an_untouched_history_has_no_findings() {
    let (data, exported) = history();
    let report = verify(&data, &exported);
    assert_eq!(report.findings, []);
    assert_eq!((report.streams, report.events, report.anchors), (3, 8 + 2, 2));
    assert_eq!(report.anchored_until_ms, Some(at_ms(20 * HOUR).timestamp_millis()));
    assert_eq!((report.unlinked, report.late), (0, 0));
}

#[test]
fn every_byte_of_every_event_and_anchor_that_is_changed_is_found() {
    let (data, _) = history();
    let slots: Vec<&String> = data.keys().filter(|key| key.starts_with("r1:s:school:")).collect();
    assert_eq!(slots.len(), 4 + 1 + 1 + 1 + 2);
    for key in slots {
        let (of, n) = key.strip_prefix("r1:s:").unwrap().rsplit_once(':').unwrap();
        for at in 0..data[key].len() {
            for bit in [1u8, 0x20] {
                let mut changed = data.clone();
                changed.get_mut(key).unwrap()[at] ^= bit;
                let findings = verify(&changed, &[]).findings;
                let named = findings.iter().any(|f| f.of == of && f.slot == n.parse().ok());
                assert!(
                    named,
                    "byte {at} of {key} in {:?}: {findings:#?}",
                    String::from_utf8_lossy(&changed[key])
                );
            }
        }
    }
}

#[test]
fn every_field_of_an_event_that_is_changed_is_found_by_the_name_of_the_event() {
    for field in ["h", "t", "b", "g", "d", "l", "new"] {
        let findings = found(|data| {
            let bytes = data.get_mut(&slot(A, 4)).unwrap();
            let mut events: Value = serde_json::from_slice(&bytes[1..]).unwrap();
            match field {
                "h" | "t" | "g" => events[1][field] = (events[1][field].as_u64().unwrap() + 1).into(),
                "l" => events[1]["l"][1] = events[0]["l"][1].clone(),
                _ => events[1][field] = "another".into(),
            }
            *bytes = [b"1".to_vec(), serde_json::to_vec(&events).unwrap()].concat();
        });
        assert!(
            findings.iter().any(|f| f.slot == Some(4) && f.event.as_deref() == Some("a:5")),
            "{field}: {findings:#?}"
        );
    }
}

#[test]
fn an_event_that_was_taken_out_of_its_slot_is_found() {
    let findings = found(|data| {
        let bytes = data.get_mut(&slot(A, 4)).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let second = text.find(",{\"i\":\"a:5\"").unwrap();
        *bytes = format!("{}]", &text[..second]).into_bytes();
    });
    assert_names(&findings, A, Some(4), Some("a:4"), "its MAC is not that");
}

#[test]
fn a_removed_slot_is_found_by_who_had_read_it_and_by_the_anchor() {
    let findings = found(|data| drop(data.remove(&slot(A, 2))));
    assert_names(&findings, A, Some(4), Some("a:4"), "had read is gone");
    assert_names(&findings, A, Some(2), None, "removed: it was there at the anchor of");
}

#[test]
fn swapped_and_copied_slots_are_found() {
    let findings = found(|data| {
        let (two, three) = (data[&slot(A, 2)].clone(), data[&slot(A, 3)].clone());
        data.insert(slot(A, 2), three);
        data.insert(slot(A, 3), two);
    });
    assert_names(&findings, A, Some(2), Some("a:3"), "moved here");
    assert_names(&findings, A, Some(3), Some("a:2"), "moved here");

    let copied = |from: &str, to: String| {
        let from = from.to_owned();
        move |data: &mut Data| {
            let value = data[&from].clone();
            data.insert(to, value);
        }
    };
    // Over another, and as a new one, from the same stream, another stream and another desk.
    for from in [slot(A, 2), slot("school:log:b", 1), slot("travel:log:a", 1)] {
        assert_names_slot(&found(copied(&from, slot(A, 3))), 3);
        let findings = found(|data| {
            copied(&from, slot(A, 6))(data);
            data.insert(format!("r1:n:s:{A}"), 6i64.to_le_bytes().to_vec());
        });
        assert_names_slot(&findings, 6);
    }
}

#[track_caller]
fn assert_names_slot(findings: &[Finding], slot: u64) {
    assert!(findings.iter().any(|f| f.of == A && f.slot == Some(slot)), "{findings:#?}");
}

/// Writes an event of school's as a process would that has this key, or none.
fn write_with(data: &mut Data, key: Option<&'static str>, id: &str, ms: i64, event: &str) {
    let store = store_of(data);
    let journal = Journal::new(store.clone());
    let journal = match key {
        Some(key) => journal.linked(Rc::new(TestKey(key))),
        None => journal,
    };
    write(&journal, id, ms, &[event]);
    *data = store.dump();
}

#[test]
fn an_event_that_was_added_without_the_key_is_found() {
    let findings = found(|data| write_with(data, None, A, 30 * HOUR, "x"));
    assert_names(&findings, A, Some(6), Some("x"), "it has no MAC");
    let findings = found(|data| write_with(data, Some("a guess"), A, 30 * HOUR, "x"));
    assert_names(&findings, A, Some(6), Some("x"), "its MAC is not that");
    let findings = found(|data| write_with(data, None, "school:log:new", 30 * HOUR, "x"));
    assert_names(&findings, "school:log:new", Some(1), Some("x"), "it has no MAC");
    // In a place that the counter does not know.
    let findings = found(|data| {
        let value = data[&slot(A, 5)].clone();
        data.insert(slot(A, 9), value);
    });
    assert_names(&findings, A, Some(9), None, "beyond the counter");
}

#[test]
fn an_anchor_does_not_make_good_what_was_added_before_it() {
    let findings = found(|data| {
        write_with(data, None, A, 30 * HOUR, "x");
        let store = store_of(data);
        anchor(&journal(&store, "school"), "school", 40 * HOUR);
        *data = store.dump();
    });
    assert_names(&findings, A, Some(6), Some("x"), "it has no MAC");
}

#[test]
fn a_back_dated_event_is_found_even_if_its_writer_had_the_key() {
    // Into a stream whose newest event is later.
    let findings = found(|data| write_with(data, Some("key of school"), A, 5 * HOUR, "x"));
    assert_names(
        &findings,
        A,
        Some(6),
        Some("x"),
        "back-dated: it says 2026-07-01T05:00:00Z, and its writer had read",
    );
    // As the first of a stream that an anchor has not seen.
    let findings = found(|data| write_with(data, Some("key of school"), "school:log:new", 5 * HOUR, "x"));
    assert_names(
        &findings,
        "school:log:new",
        Some(1),
        Some("x"),
        "was not there at the anchor of 2026-07-01T20:00:00Z",
    );
    // And if another anchor has seen it since.
    let findings = found(|data| {
        write_with(data, Some("key of school"), "school:log:new", 5 * HOUR, "x");
        let store = store_of(data);
        anchor(&journal(&store, "school"), "school", 40 * HOUR);
        *data = store.dump();
    });
    assert_names(
        &findings,
        "school:log:new",
        Some(1),
        Some("x"),
        "was not there at the anchor of 2026-07-01T20:00:00Z",
    );
    // A clock that is an hour wrong is none.
    assert_eq!(found(|data| write_with(data, Some("key of school"), A, 19 * HOUR, "x")), []);
}

#[test]
fn a_truncated_stream_is_found_up_to_the_last_anchor() {
    let findings = found(|data| drop(data.remove(&slot(A, 5))));
    assert_names(&findings, A, Some(5), None, "removed: it was there at the anchor of 2026-07-01T20:00:00Z");
    let findings = found(|data| {
        data.remove(&slot(A, 5));
        data.insert(format!("r1:n:s:{A}"), 4i64.to_le_bytes().to_vec());
    });
    assert_names(
        &findings,
        A,
        None,
        None,
        "its counter says 4, at the anchor of 2026-07-01T20:00:00Z it was 5",
    );
    // After the last anchor nobody can tell it from a writer that died.
    assert_eq!(found(|data| drop(data.remove(&slot("school:log:b", 2)))), []);
}

#[test]
fn a_stream_that_was_removed_or_hidden_is_found() {
    let findings = found(|data| data.retain(|key, _| !key.contains("school:log:a")));
    assert_names(&findings, A, None, None, "the whole stream is gone");
    let findings = found(|data| data.retain(|key, _| !key.starts_with("r1:d:school")));
    assert_names(&findings, A, None, None, "no directory lists it");
}

#[test]
fn anchors_that_were_removed_or_altered_are_found_in_the_store_or_by_those_kept_outside() {
    let findings = found(|data| drop(data.remove(&slot(CHAIN, 1))));
    assert_names(&findings, CHAIN, Some(2), Some("anchor.2"), "had read is gone");

    let (mut data, exported) = history();
    assert_eq!(exported.len(), 2);
    data.remove(&slot(CHAIN, 2));
    data.remove(&slot(A, 5));
    assert_eq!(verify(&data, &[]).findings, [], "without those outside, the last anchor is one earlier");
    let findings = verify(&data, &exported).findings;
    assert_names(&findings, "school:anchors:chain (exported)", Some(2), None, "gone from the store");
    assert_names(&findings, A, Some(5), None, "removed");

    let (data, mut exported) = history();
    let text = exported[1].events.get().replace("\"u\":5", "\"u\":4");
    exported[1].events = serde_json::value::RawValue::from_string(text).unwrap();
    let findings = verify(&data, &exported).findings;
    assert_names(&findings, "school:anchors:chain (exported)", Some(2), None, "altered in the file");

    // Everything of the desk is gone.
    let (mut data, exported) = history();
    data.retain(|key, _| !key.contains(":school"));
    let findings = verify(&data, &exported).findings;
    assert_names(&findings, A, None, None, "the whole stream is gone");
}

#[test]
fn an_exported_anchor_is_one_line_of_json_and_survives_it() {
    let (data, exported) = history();
    let lines: Vec<String> = exported.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    assert!(lines.iter().all(|line| !line.contains('\n')));
    let back: Vec<Exported> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verify(&data, &back).findings, []);
    let store = store_of(&data);
    let journal = journal(&store, "school");
    let page = |after, limit, bytes| {
        let page = block_on(journal.export_anchors(&desk("school"), after, limit, bytes)).unwrap();
        page.iter().map(|line| line.slot).collect::<Vec<_>>()
    };
    assert_eq!((page(0, 1, 1 << 20), page(1, 9, 1 << 20), page(2, 9, 1 << 20)), (vec![1], vec![2], vec![]));
    assert_eq!(page(0, 9, 10), [1], "one at least");
}

#[test]
fn an_anchor_is_made_of_what_changed_and_of_nothing_else() {
    let (data, _) = history();
    let store = store_of(&data);
    let journal = journal(&store, "school");
    assert_eq!(anchor(&journal, "school", 30 * HOUR), 1, "what came after the last");
    let before = store.dump();
    assert_eq!(anchor(&journal, "school", 40 * HOUR), 0);
    assert_eq!(store.dump(), before, "nothing changed: nothing is written");
    let unlinked = Journal::new(store);
    let kinds = [];
    assert!(block_on(unlinked.anchor(&desk("cards"), &kinds, Month::of(at_ms(0)), at_ms(0))).is_ok());
    write(&unlinked, "cards:log:a", 0, &["1"]);
    assert!(block_on(unlinked.anchor(&desk("cards"), &kinds, Month::of(at_ms(0)), at_ms(0))).is_err());
}

#[test]
fn two_anchors_that_are_made_at_once_are_both_true() {
    let (data, _) = history();
    let store = store_of(&data);
    let first = store_of(&data);
    anchor(&journal(&first, "school"), "school", 30 * HOUR);
    // The other had read the cursor before the first wrote: it finds the same, and its cursor is written last.
    let cursor = "r1:c:school:anchors".to_owned();
    block_on(store.set_many(first.dump().into_iter().filter(|(key, _)| *key != cursor).collect())).unwrap();
    write(&journal(&store, "school"), A, 31 * HOUR, &["a:7"]);
    assert_eq!(anchor(&journal(&store, "school"), "school", 31 * HOUR), 2);
    let data = store.dump();
    let report = verify(&data, &[]);
    assert_eq!((report.findings, report.anchors), (vec![], 4));
}

#[test]
fn a_snapshot_whose_heads_were_changed_or_taken_out_is_not_believed() {
    let (data, _) = history();
    let key = format!("r1:p:{A}");
    let text = String::from_utf8(data[&key].clone()).unwrap();
    let attested = text.find(",\"a\":[").unwrap();
    for snapshot in [
        text.replace("\"h\":[\"", "\"h\":[\"AAAAAAAAAAAAAAAAAAAAAA\",\""),
        format!("{}}}", &text[..attested]),
    ] {
        assert_ne!(snapshot, text);
        let mut changed = data.clone();
        changed.insert(key.clone(), snapshot.into_bytes());
        let store = store_of(&changed);
        write(&journal(&store, "school"), A, 25 * HOUR, &["a:7"]);
        let links = |slot_of| -> Value {
            let events: Value = serde_json::from_slice(&store.dump()[&slot(A, slot_of)][1..]).unwrap();
            events[0]["l"].clone()
        };
        assert_eq!(links(6)[1], links(5)[0], "the parent is the event that is there");
        anchor(&journal(&store, "school"), "school", 30 * HOUR);
        assert_eq!(verify(&store.dump(), &[]).findings, []);
    }
}

#[test]
fn a_late_event_is_fine() {
    let store = MemoryStore::default();
    let journal = journal(&store, "school");
    write(&journal, A, 0, &["1"]);
    let loaded: Loaded<Log> = block_on(journal.load(&stream(A), at_ms(1))).unwrap();
    let mut slow = Commit::new(desk("school"), at_ms(1));
    slow.append(&loaded, vec![event("slow", "x")]).unwrap();
    // It has taken its number when the anchor is made, and writes hours later.
    let before = store.dump();
    block_on(journal.commit(slow)).unwrap();
    let late: Vec<_> = store.dump().into_iter().filter(|(key, _)| !before.contains_key(key)).collect();
    block_on(store.delete_many(
        late.iter().map(|(key, _)| key.clone()).filter(|key| !key.starts_with("r1:n:")).collect(),
    ))
    .unwrap();
    block_on(store.set_many(vec![(format!("r1:p:{A}"), before[&format!("r1:p:{A}")].clone())])).unwrap();
    anchor(&journal, "school", 10 * HOUR);
    block_on(store.set_many(late.into_iter().filter(|(key, _)| !key.starts_with("r1:n:")).collect()))
        .unwrap();
    write(&journal, A, 11 * HOUR, &["2"]);
    anchor(&journal, "school", 12 * HOUR);
    let report = verify(&store.dump(), &[]);
    assert_eq!((report.findings, report.late, report.events), (vec![], 1, 3 + 2));
}

#[test]
fn what_was_written_before_there_were_links_is_reported_and_guarded_from_the_first_anchor_on() {
    let store = MemoryStore::default();
    let old = Journal::new(store.clone());
    write(&old, A, 0, &["1"]);
    write(&old, A, 1, &["2"]);
    write(&old, "school:log:b", 2, &["3"]);
    let unanchored = verify(&store.dump(), &[]);
    assert_eq!((unanchored.findings, unanchored.unlinked), (vec![], 3));
    assert_eq!(unanchored.unlinked_until_ms, Some(at_ms(2).timestamp_millis()));

    let journal = journal(&store, "school");
    write(&journal, A, HOUR, &["4"]);
    // The feed of those days is gone: the directories still list them.
    let feed: Vec<String> = store.dump().into_keys().filter(|key| key.starts_with("r1:f:")).collect();
    block_on(store.delete_many(feed)).unwrap();
    assert_eq!(anchor(&journal, "school", 2 * HOUR), 2);
    write(&journal, "school:log:b", 3 * HOUR, &["5"]);
    anchor(&journal, "school", 4 * HOUR);
    let data = store.dump();
    let report = verify(&data, &[]);
    assert_eq!((report.findings, report.unlinked), (vec![], 3));

    let tampered = |tamper: &dyn Fn(&mut Data)| {
        let mut data = data.clone();
        tamper(&mut data);
        verify(&data, &[]).findings
    };
    let findings = tampered(&|data| {
        let text = String::from_utf8(data[&slot(A, 2)].clone()).unwrap();
        data.insert(slot(A, 2), text.replace("text of 2", "text of 9").into_bytes());
    });
    assert_names(&findings, A, None, None, "before events had MACs was altered");
    assert_names(&tampered(&|data| drop(data.remove(&slot(A, 1)))), A, Some(1), None, "removed");
    let findings = tampered(&|data| write_with(data, None, A, 0, "x"));
    assert_names(&findings, A, Some(4), Some("x"), "it has no MAC");
    let findings = tampered(&|data| data.retain(|key, _| !key.contains("school:log:b")));
    assert_names(&findings, "school:log:b", None, None, "the whole stream is gone");
}

#[test]
fn blobs_are_held_against_their_names() {
    let (mut data, _) = history();
    let store = store_of(&data);
    block_on(journal(&store, "school").put_blob(&desk("school"), b"a pack", 100)).unwrap();
    data = store.dump();
    assert_eq!(verify(&data, &[]).findings, []);
    let chunk =
        data.keys().find(|key| key.starts_with("r1:b:school:") && key.ends_with(":0")).unwrap().clone();
    data.get_mut(&chunk).unwrap()[0] ^= 1;
    let findings = verify(&data, &[]).findings;
    assert_names(&findings, chunk.trim_end_matches(":0"), None, None, "not what the id says");
}
