//! Streams: appending, loading, snapshots, holes, sizes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/log.rs"]
mod log;

use futures::executor::block_on;
use log::{CountingStore, Log, at_ms, desk, event, stream};
use relevo_journal::store::Store;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{
    Commit, Desk, EventId, Hlt, Journal, JournalError, LARGEST_SNAPSHOT_BYTES, Loaded, NewEvent, Receipt,
    SMALL_SNAPSHOT_BYTES, verify,
};

async fn write<S: Store>(journal: &Journal<S>, name: &str, ms: i64, id: &str, data: &str) -> Receipt {
    let loaded: Loaded<Log> = journal.load(&stream(name), at_ms(ms)).await.unwrap();
    write_on(journal, &loaded, ms, id, data).await
}

async fn write_on<S: Store>(
    journal: &Journal<S>,
    loaded: &Loaded<Log>,
    ms: i64,
    id: &str,
    data: &str,
) -> Receipt {
    let mut commit = Commit::new(desk(), at_ms(ms));
    commit.append(loaded, vec![event(id, data)]).unwrap();
    journal.commit(commit).await.unwrap()
}

async fn load<S: Store>(journal: &Journal<S>, name: &str, ms: i64) -> Loaded<Log> {
    journal.load(&stream(name), at_ms(ms)).await.unwrap()
}

/// Everything that `verify` finds wrong.
async fn faults<S: Store>(journal: &Journal<S>, name: &str) -> Vec<String> {
    let (report, _) = verify::verify_stream::<Log, S>(journal, &stream(name), at_ms(0)).await.unwrap();
    let mut faults = report.differences;
    faults.extend(report.filled_late.iter().map(|slot| format!("filled late: {slot}")));
    faults
}

#[test]
fn what_is_committed_is_loaded() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let before = load(&journal, "a", 0).await;
        assert!(before.is_new() && before.slots() == 0 && before.newest() == Hlt(0) && before.events() == 0);
        let receipt = write(&journal, "a", 5, "m:1", "hola").await;
        assert_eq!(receipt.slots, [(stream("a"), 1)]);
        let after = load(&journal, "a", 6).await;
        assert!(!after.is_new());
        assert_eq!(after.state.texts(), ["hola"]);
        assert_eq!(after.newest().ms(), at_ms(5).timestamp_millis() as u64);
        assert_eq!(after.seen(&EventId::new("m:1").unwrap()), Some(7));
        assert_eq!(after.seen(&EventId::new("m:2").unwrap()), None);
        assert!(load(&journal, "b", 6).await.is_new(), "another stream");
    });
}

#[test]
fn a_repeated_id_is_dropped_and_costs_nothing() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        write(&journal, "a", 0, "m:1", "hola").await;
        store.take();
        assert_eq!(write(&journal, "a", 9, "m:1", "hola").await, Receipt::default());
        assert_eq!(store.take(), [2, 0, 0, 0], "a load and no more");
        let loaded = load(&journal, "a", 9).await;
        let mut commit = Commit::new(desk(), at_ms(9));
        let after = commit.append(&loaded, vec![event("m:2", "x"), event("m:2", "x")]).unwrap();
        assert_eq!(after.state.texts(), ["hola", "x"], "twice in one batch");
    });
}

#[test]
fn an_id_is_remembered_for_nine_days() {
    block_on(async {
        let day = 86_400_000;
        let journal = Journal::new(MemoryStore::default());
        write(&journal, "a", 0, "m:1", "first").await;
        write(&journal, "a", 9 * day, "m:1", "within").await;
        write(&journal, "a", 9 * day + 1, "m:1", "after").await;
        assert_eq!(load(&journal, "a", 9 * day + 2).await.state.texts(), ["first", "after"]);
    });
}

#[test]
fn several_batches_and_streams_become_visible_together() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let (a, b) = (load(&journal, "a", 0).await, load(&journal, "b", 0).await);
        let mut commit = Commit::new(desk(), at_ms(0));
        let a2 = commit.append(&a, vec![event("1", "one")]).unwrap();
        let b2 = commit.append(&b, vec![event("2", "two")]).unwrap();
        assert_eq!(a2.state.texts(), ["one"]);
        assert!(matches!(commit.append(&a, vec![event("3", "x")]), Err(JournalError::Outdated { .. })));
        let a3 = commit.append(&a2, vec![event("3", "three")]).unwrap();
        assert!(b2.newest() > a2.newest() && a3.newest() > b2.newest(), "in the order of appending");
        let receipt = journal.commit(commit).await.unwrap();
        assert_eq!(receipt.slots, [(stream("a"), 1), (stream("b"), 1)]);
        assert_eq!(load(&journal, "a", 1).await.state, a3.state);
        assert_eq!(load(&journal, "b", 1).await.state, b2.state);
        assert!(faults(&journal, "a").await.is_empty());
    });
}

#[test]
fn what_was_read_comes_before_what_is_written() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        write(&journal, "ahead", 3_600_000, "1", "by a clock an hour ahead").await;
        let read = load(&journal, "ahead", 0).await;
        let other = load(&journal, "other", 0).await;
        let mut commit = Commit::new(desk(), at_ms(0));
        commit.after(&read);
        let after = commit.append(&other, vec![event("2", "later")]).unwrap();
        assert!(after.newest() > read.newest());
        write(&journal, "ahead", 0, "3", "reply").await;
        assert_eq!(load(&journal, "ahead", 0).await.state.texts(), ["by a clock an hour ahead", "reply"]);
    });
}

#[test]
fn as_of_is_what_was_recorded_by_then() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        for (ms, id) in [(10, "1"), (20, "2"), (30, "3")] {
            write(&journal, "a", ms, id, id).await;
        }
        let as_of = async |ms| {
            journal.load_events::<Log>(&stream("a"), Some(at_ms(ms))).await.unwrap().0.texts().join("")
        };
        assert_eq!(as_of(9).await, "");
        assert_eq!(as_of(20).await, "12");
        let (state, events) = journal.load_events::<Log>(&stream("a"), None).await.unwrap();
        assert_eq!(state, load(&journal, "a", 40).await.state);
        assert_eq!(events.iter().map(|e| e.data.as_str()).collect::<String>(), "123");
        assert_eq!(events[1].at, at_ms(20));
    });
}

#[test]
fn one_slot_can_be_read_by_itself() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        write(&journal, "a", 0, "1", "one").await;
        write(&journal, "a", 0, "2", "two").await;
        let slot = journal.read_slot::<Log>(&stream("a"), 2).await.unwrap();
        assert_eq!(slot.iter().map(|e| e.data.as_str()).collect::<Vec<_>>(), ["two"]);
        assert!(journal.read_slot::<Log>(&stream("a"), 3).await.unwrap().is_empty());
    });
}

#[test]
fn an_event_that_appears_late_takes_its_place() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        write(&journal, "a", 0, "1", "1").await;
        // A writer takes slot 2 and is silent.
        let slow = load(&journal, "a", 10).await;
        let store = journal.store().clone();
        let before = store.dump();
        write_on(&journal, &slow, 10, "2", "2").await;
        let slot = ("r1:s:school:log:a:2".to_owned(), store.dump()["r1:s:school:log:a:2"].clone());
        store.delete_many(vec![slot.0.clone()]).await.unwrap();
        let old_snapshot = before["r1:p:school:log:a"].clone();
        store.set_many(vec![("r1:p:school:log:a".to_owned(), old_snapshot)]).await.unwrap();

        let waiting = load(&journal, "a", 20).await;
        assert_eq!((waiting.state.texts(), waiting.holes()), (vec!["1"], 1));
        for n in 3..60 {
            write(&journal, "a", n * 10, &n.to_string(), "x").await;
        }
        assert!(faults(&journal, "a").await.is_empty());
        store.set_many(vec![slot]).await.unwrap();
        let filled = load(&journal, "a", 1000).await;
        assert_eq!(filled.state.texts()[..3], ["1", "2", "x"], "in its place");
        assert_eq!((filled.state.texts().len(), filled.holes()), (59, 0));
        write_on(&journal, &filled, 1001, "end", "end").await;
        assert!(faults(&journal, "a").await.is_empty());
    });
}

#[test]
fn writers_at_the_same_time_do_not_make_the_fold_start_over() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        for n in 0..100 {
            write(&journal, "a", n * 1000, &n.to_string(), "x").await;
        }
        let both = load(&journal, "a", 100_000).await;
        write_on(&journal, &both, 100_050, "late", "late").await;
        write_on(&journal, &both, 100_000, "early", "early").await;
        store.take();
        let loaded = load(&journal, "a", 100_100).await;
        assert_eq!(loaded.state.texts()[100..], ["early", "late"]);
        let [gets, ..] = store.take();
        assert!(gets <= 4, "{gets} gets");
        assert!(faults(&journal, "a").await.is_empty());
    });
}

#[test]
fn a_hole_is_given_up_after_a_day_and_verify_finds_it_filled() {
    block_on(async {
        let day = 86_400_000;
        let journal = Journal::new(MemoryStore::default());
        let store = journal.store().clone();
        write(&journal, "a", 0, "1", "1").await;
        store.increment("r1:n:s:school:log:a", 1).await.unwrap();
        write(&journal, "a", 10, "3", "3").await;
        assert_eq!(load(&journal, "a", day).await.holes(), 1);
        write(&journal, "a", day + 11, "4", "4").await;
        assert_eq!(load(&journal, "a", day + 12).await.holes(), 0, "given up");
        assert!(faults(&journal, "a").await.is_empty());

        let value = br#"1[{"i":"2","h":1,"t":1,"b":"x","d":"2"}]"#.to_vec();
        store.set_many(vec![("r1:s:school:log:a:2".to_owned(), value)]).await.unwrap();
        assert_eq!(load(&journal, "a", day + 13).await.state.texts(), ["1", "3", "4"], "documented");
        let found = faults(&journal, "a").await;
        assert!(found.contains(&"filled late: 2".to_owned()), "{found:?}");
        assert!(found.iter().any(|fault| fault.starts_with("served: ")), "{found:?}");
        journal.drop_snapshot(&stream("a")).await.unwrap();
        assert_eq!(load(&journal, "a", day + 14).await.state.texts(), ["2", "1", "3", "4"]);
        assert!(faults(&journal, "a").await.is_empty());
    });
}

#[test]
fn verify_finds_a_wrong_snapshot_and_says_where() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        for n in 0..40 {
            write(&journal, "a", n * 1000, &n.to_string(), "original").await;
        }
        assert!(faults(&journal, "a").await.is_empty());
        let key = "r1:p:school:log:a".to_owned();
        let text = String::from_utf8(journal.store().dump()[&key].clone()).unwrap();
        let at = text.rfind("original").unwrap();
        let forged = format!("{}0riginal{}", &text[..at], &text[at + 8..]);
        journal.store().set_many(vec![(key, forged.into_bytes())]).await.unwrap();
        let found = faults(&journal, "a").await;
        assert!(found.iter().any(|fault| fault.starts_with("snapshot: /seen/")), "{found:?}");
        assert!(!found.iter().any(|fault| fault.contains("riginal")), "no values: {found:?}");
    });
}

#[test]
fn small_states_are_saved_with_every_commit_and_larger_ones_now_and_then() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        write(&journal, "small", 0, "1", "x").await;
        store.take();
        load(&journal, "small", 1).await;
        assert_eq!(store.take(), [2, 0, 0, 0]);

        let mut most = 0;
        for n in 0..60 {
            write(&journal, "large", n * 1000, &n.to_string(), &"x".repeat(SMALL_SNAPSHOT_BYTES / 2)).await;
            store.take();
            load(&journal, "large", n * 1000).await;
            most = most.max(store.take()[0]);
        }
        assert!((10..=18).contains(&most), "{most} gets");
        assert!(faults(&journal, "large").await.is_empty());
    });
}

#[test]
fn a_state_that_is_too_large_is_not_saved_and_said_so() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let part = "x".repeat(LARGEST_SNAPSHOT_BYTES / 3);
        let mut told = Vec::new();
        for n in 0..4 {
            let receipt = write(&journal, "huge", n, &n.to_string(), &part).await;
            told.push(receipt.too_large_for_snapshot.len());
        }
        assert_eq!(told, [0, 0, 1, 1]);
        assert_eq!(load(&journal, "huge", 9).await.state.seen.len(), 4);
    });
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        let loaded = load(&journal, "a", 0).await;
        store.take();
        let mut commit = Commit::new(desk(), at_ms(0));
        commit.append(&loaded, vec![event("1", &"x".repeat(500_000))]).unwrap();
        let sequence = "school:agenda:1".parse().unwrap();
        commit.enqueue(&sequence, vec![0; 500_000]).unwrap();
        let refused = journal.commit(commit).await;
        assert!(matches!(refused, Err(JournalError::TooLarge { limit: 900_000, .. })), "{refused:?}");

        let mut commit = Commit::new(desk(), at_ms(0));
        commit.enqueue(&sequence, vec![0; 1_000_001]).unwrap();
        let refused = journal.commit(commit).await;
        assert!(matches!(refused, Err(JournalError::TooLarge { bytes: 1_000_001, .. })), "{refused:?}");
        assert_eq!(store.take(), [0; 4]);
        assert!(store.inner.dump().is_empty());
    });
}

#[test]
fn other_desks_and_kinds_are_refused() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let loaded = load(&journal, "a", 0).await;
        let mut commit = Commit::new(Desk::new("cards").unwrap(), at_ms(0));
        let refused = commit.append(&loaded, vec![event("1", "x")]);
        assert!(matches!(refused, Err(JournalError::ForeignDesk { .. })));
        assert!(commit.put(&"school:marks:a".parse().unwrap(), &1).is_err());
        assert!(commit.enqueue(&"school:agenda:a".parse().unwrap(), vec![]).is_err());
        assert!(commit.is_empty());
        let refused = journal.load::<Log>(&"school:other:a".parse().unwrap(), at_ms(0)).await;
        assert!(matches!(refused, Err(JournalError::WrongKind { .. })));
    });
}

#[test]
fn what_a_newer_version_wrote_is_skipped_counted_and_never_saved_over() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let store = journal.store().clone();
        write(&journal, "a", 0, "1", "1").await;
        let number = store.increment("r1:n:s:school:log:a", 1).await.unwrap();
        let newer = br#"1[{"i":"new","h":116845772800000000,"t":1,"b":"x","d":{"shape":2}}]"#.to_vec();
        store.set_many(vec![(format!("r1:s:school:log:a:{number}"), newer)]).await.unwrap();
        let number = store.increment("r1:n:s:school:log:a", 1).await.unwrap();
        store.set_many(vec![(format!("r1:s:school:log:a:{number}"), b"2unknown".to_vec())]).await.unwrap();

        let snapshot = store.dump()["r1:p:school:log:a"].clone();
        let loaded = load(&journal, "a", 5).await;
        assert_eq!((loaded.state.texts(), loaded.unreadable()), (vec!["1"], 2));
        assert!(loaded.seen(&EventId::new("new").unwrap()).is_some(), "its id is kept");
        write_on(&journal, &loaded, 5, "2", "2").await;
        assert_eq!(store.dump()["r1:p:school:log:a"], snapshot);
        assert_eq!(load(&journal, "a", 6).await.state.texts(), ["1", "2"]);
        let (report, _) = verify::verify_stream::<Log, _>(&journal, &stream("a"), at_ms(7)).await.unwrap();
        assert_eq!((report.unreadable_slots, report.undecodable_events), (1, 1));
        assert!(!report.is_sound());
    });
}

#[test]
fn a_snapshot_of_another_fold_version_is_not_used() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        write(&journal, "a", 0, "1", "1").await;
        let key = "r1:p:school:log:a".to_owned();
        for garbage in ["1{\"v\":2,\"u\":{\"u\":1},\"s\":{}}", "1{\"v\":1,\"u\":{\"u\":1},\"s\":{}}", "x", ""]
        {
            let entry = (key.clone(), garbage.as_bytes().to_vec());
            journal.store().set_many(vec![entry]).await.unwrap();
            assert_eq!(load(&journal, "a", 1).await.state.texts(), ["1"], "{garbage}");
        }
    });
}

#[test]
fn a_newer_snapshot_than_the_counter_that_was_read_is_used() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        write(&journal, "a", 0, "1", "1").await;
        write(&journal, "a", 1, "2", "2").await;
        journal.store().increment("r1:n:s:school:log:a", -1).await.unwrap(); // as if it had been read before
        let loaded = load(&journal, "a", 2).await;
        assert_eq!((loaded.state.texts(), loaded.slots()), (vec!["1", "2"], 2));
    });
}

#[test]
fn events_keep_who_and_tag() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let loaded = load(&journal, "a", 0).await;
        let mut commit = Commit::new(desk(), at_ms(0));
        let id = EventId::new("key:1").unwrap();
        let new =
            NewEvent { id: id.clone(), by: "agent:ana".to_owned(), tag: u32::MAX, data: "x".to_owned() };
        commit.append(&loaded, vec![new]).unwrap();
        journal.commit(commit).await.unwrap();
        assert_eq!(load(&journal, "a", 1).await.seen(&id), Some(u32::MAX), "for the caller to compare");
        let (_, events) = journal.load_events::<Log>(&stream("a"), None).await.unwrap();
        assert_eq!((events[0].by.as_str(), events[0].tag), ("agent:ana", u32::MAX));
    });
}
