//! The invariants that need no interleavings: repeats, costs, recomputation, a projector that stalls.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/log.rs"]
mod log;

use futures::executor::block_on;
use log::{CountingStore, Log, at_ms, desk, event, stream};
use relevo_journal::{Commit, FeedCursor, Journal, Kind, Loaded, Month, verify};

async fn write(journal: &Journal<CountingStore>, name: &str, ms: i64, id: &str) {
    let loaded: Loaded<Log> = journal.load(&stream(name), at_ms(ms)).await.unwrap();
    let mut commit = Commit::new(desk(), at_ms(ms));
    commit.append(&loaded, vec![event(id, "hola")]).unwrap();
    journal.commit(commit).await.unwrap();
}

#[test]
fn invariant_2_a_message_delivered_again_for_days_changes_nothing() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        write(&journal, "a", 0, "wamid:1").await;
        let before = store.inner.dump();
        for day in 0..=7 {
            write(&journal, "a", day * 86_400_000, "wamid:1").await;
        }
        assert_eq!(store.inner.dump(), before);
    });
}

#[test]
fn invariant_2_a_message_delivered_twice_at_once_counts_once() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        let mut commits = Vec::new();
        for ms in [5, 3] {
            let loaded: Loaded<Log> = journal.load(&stream("a"), at_ms(ms)).await.unwrap();
            let mut commit = Commit::new(desk(), at_ms(ms));
            commit.append(&loaded, vec![event("wamid:1", "hola")]).unwrap();
            commits.push(commit);
        }
        for commit in commits {
            journal.commit(commit).await.unwrap();
        }
        let loaded: Loaded<Log> = journal.load(&stream("a"), at_ms(9)).await.unwrap();
        assert_eq!((loaded.state.texts(), loaded.slots(), loaded.events()), (vec!["hola"], 2, 2));
    });
}

#[test]
fn invariant_3_a_message_costs_two_increments_one_set_many_and_two_gets_however_many_streams_there_are() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        let mut costs = Vec::new();
        for streams in [1, 10, 1000] {
            for n in 0..streams {
                write(&journal, &format!("s{n}"), n, &format!("{streams}:{n}")).await;
            }
            store.take();
            write(&journal, "s0", 2_000, &format!("{streams}:next")).await;
            costs.push(store.take());
        }
        assert_eq!(costs, [[2, 2, 1, 0]; 3], "get, increment, set-many, delete-many");
        write(&journal, "new", 0, "1").await;
        assert_eq!(store.take(), [2, 3, 1, 0], "a new stream: one increment more, for the directory");
    });
}

#[test]
fn invariant_3_following_the_feed_costs_what_is_new() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        let mut cursor = FeedCursor::default();
        for n in 0..500 {
            write(&journal, &format!("s{n}"), n, "1").await;
        }
        while journal.read_feed(&desk(), &mut cursor, 100, at_ms(0)).await.unwrap().behind > 0 {}
        store.take();
        journal.read_feed(&desk(), &mut cursor, 100, at_ms(0)).await.unwrap();
        assert_eq!(store.take(), [1, 0, 0, 0], "nothing new: the counter");
        write(&journal, "s7", 1000, "2").await;
        store.take();
        journal.read_feed(&desk(), &mut cursor, 100, at_ms(0)).await.unwrap();
        assert_eq!(store.take(), [2, 0, 0, 0], "one entry: one more");
    });
}

#[test]
fn invariant_4_everything_served_can_be_recomputed() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        for n in 0..300i64 {
            // Clocks that go back and forth, ids that repeat.
            let ms = n * 1000 + (n * 7_919 % 5) * 60_000 - (n % 3) * 3_600_000;
            write(&journal, &format!("s{}", n % 4), ms, &format!("m{}", n % 250)).await;
        }
        let month = Month::of(at_ms(-3_600_000));
        let report = verify::verify_desk::<Log, _>(
            &journal,
            &desk(),
            month.until(Month::of(at_ms(3_600_000))),
            at_ms(0),
            async |stream, recomputed| {
                let served: Loaded<Log> = journal.load(stream, at_ms(0)).await?;
                let whole = journal.load_events::<Log>(stream, None).await?.0;
                Ok(if served.state == *recomputed && whole == *recomputed { vec![] } else { vec!["".into()] })
            },
        )
        .await
        .unwrap();
        assert_eq!((report.streams, report.faulty.len()), (4, 0), "{report:?}");
    });
}

#[test]
fn a_stalled_projector_that_writes_its_old_cursor_back_loses_nothing() {
    block_on(async {
        let journal = Journal::new(CountingStore::default());
        let name = Kind::new("views").unwrap();
        write(&journal, "a", 0, "1").await;
        let mut stalled = journal.load_cursor(&desk(), &name).await.unwrap();
        journal.read_feed(&desk(), &mut stalled, 9, at_ms(0)).await.unwrap();

        write(&journal, "b", 0, "1").await;
        let mut quick = journal.load_cursor(&desk(), &name).await.unwrap();
        let page = journal.read_feed(&desk(), &mut quick, 9, at_ms(0)).await.unwrap();
        assert_eq!(page.streams(), [stream("a"), stream("b")]);
        journal.save_cursor(&desk(), &name, &quick).await.unwrap();

        journal.save_cursor(&desk(), &name, &stalled).await.unwrap();
        let mut next = journal.load_cursor(&desk(), &name).await.unwrap();
        let page = journal.read_feed(&desk(), &mut next, 9, at_ms(0)).await.unwrap();
        assert_eq!(page.streams(), [stream("b")], "seen again rather than never");
    });
}

#[test]
fn nothing_but_increment_writes_counters() {
    block_on(async {
        let store = CountingStore::default();
        let journal = Journal::new(store.clone());
        for n in 0..20 {
            write(&journal, "a", n, &n.to_string()).await;
        }
        journal.lease(&desk(), &Kind::new("views").unwrap(), at_ms(0), 10).await.unwrap();
        for (key, value) in store.inner.dump() {
            let counter = key.starts_with("r1:n:");
            assert_eq!(counter, value.len() == 8 && value[0] != b'1', "{key} {value:?}");
        }
    });
}
