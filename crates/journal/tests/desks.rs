//! What a commit leaves beside its events: feed, directory, sequences, documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/log.rs"]
mod log;

use futures::executor::block_on;
use log::{Log, at_ms, desk, event, stream};
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{
    Commit, Cursor, Desk, DocKey, FeedCursor, Journal, Kind, Loaded, Month, SequenceId, verify,
};

async fn commit_of(journal: &Journal<MemoryStore>, names: &[&str], id: &str, quiet: bool) -> Commit {
    let mut commit = Commit::new(desk(), at_ms(0));
    for name in names {
        let loaded: Loaded<Log> = journal.load(&stream(name), at_ms(0)).await.unwrap();
        let events = vec![event(id, "x")];
        if quiet {
            commit.append_quiet(&loaded, events).unwrap();
        } else {
            commit.append(&loaded, events).unwrap();
        }
    }
    commit
}

fn month() -> Month {
    Month::of(at_ms(0))
}

#[test]
fn the_feed_says_which_streams_changed() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        journal.commit(commit_of(&journal, &["a", "b"], "1", false).await).await.unwrap();
        journal.commit(commit_of(&journal, &["a"], "2", false).await).await.unwrap();
        journal.commit(commit_of(&journal, &["quiet"], "3", true).await).await.unwrap();
        let mut cursor = FeedCursor::default();
        let page = journal.read_feed(&desk(), &mut cursor, 2, at_ms(0)).await.unwrap();
        assert_eq!((page.entries.len(), page.behind), (2, 1));
        let rest = journal.read_feed(&desk(), &mut cursor, 2, at_ms(0)).await.unwrap();
        assert_eq!((rest.entries[0].stream.clone(), rest.entries[0].slot), (stream("a"), 2));
        assert_eq!((rest.entries.len(), rest.behind, rest.unreadable), (1, 0, 0));
        assert_eq!(page.streams(), [stream("a"), stream("b")]);
        let (cards, mut cursor) = (Desk::new("cards").unwrap(), FeedCursor::default());
        let other = journal.read_feed(&cards, &mut cursor, 9, at_ms(0)).await.unwrap();
        assert!(other.entries.is_empty(), "another desk's");
    });
}

#[test]
fn a_cursor_is_saved_alone_or_with_what_was_projected() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let projection = Kind::new("views").unwrap();
        journal.commit(commit_of(&journal, &["a"], "1", false).await).await.unwrap();
        let mut cursor = journal.load_cursor(&desk(), &projection).await.unwrap();
        assert_eq!(cursor, FeedCursor::default());
        journal.read_feed(&desk(), &mut cursor, 9, at_ms(0)).await.unwrap();
        journal.save_cursor(&desk(), &projection, &cursor).await.unwrap();
        assert_eq!(journal.load_cursor(&desk(), &projection).await.unwrap(), cursor);

        let other = Kind::new("other").unwrap();
        let row: DocKey = "school:rows:a".parse().unwrap();
        let mut commit = Commit::new(desk(), at_ms(0));
        commit.put(&row, &"projected").unwrap();
        commit.save_cursor(&other, &cursor).unwrap();
        journal.commit(commit).await.unwrap();
        assert_eq!(journal.load_cursor(&desk(), &other).await.unwrap(), cursor);
        assert_eq!(journal.get_doc::<String>(&row).await.unwrap().as_deref(), Some("projected"));
    });
}

#[test]
fn the_directory_lists_every_stream_that_is_not_quiet() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let kind = Kind::new("log").unwrap();
        journal.commit(commit_of(&journal, &["a", "b"], "1", false).await).await.unwrap();
        journal.commit(commit_of(&journal, &["b", "c"], "2", false).await).await.unwrap();
        journal.commit(commit_of(&journal, &["quiet"], "3", true).await).await.unwrap();
        let listed = journal.all_streams(&desk(), &kind, month(), at_ms(0)).await.unwrap();
        assert_eq!(listed, [stream("a"), stream("b"), stream("c")]);
        let mut cursor = Cursor::default();
        let page = journal.read_directory(&desk(), &kind, month(), &mut cursor, 2, at_ms(0)).await.unwrap();
        assert_eq!((page.entries.len(), page.behind), (2, 1));
        for (desk, kind) in [("cards", "log"), ("school", "other")] {
            let (desk, kind) = (Desk::new(desk).unwrap(), Kind::new(kind).unwrap());
            assert!(journal.all_streams(&desk, &kind, month(), at_ms(0)).await.unwrap().is_empty());
        }
    });
}

#[test]
fn first_writers_at_the_same_time_both_list_the_stream() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let (one, two) =
            (commit_of(&journal, &["a"], "1", false).await, commit_of(&journal, &["a"], "2", false).await);
        journal.commit(one).await.unwrap();
        journal.commit(two).await.unwrap();
        let kind = Kind::new("log").unwrap();
        assert_eq!(journal.all_streams(&desk(), &kind, month(), at_ms(0)).await.unwrap(), [stream("a")]);
    });
}

#[test]
fn desks_are_listed_once_registered() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        for name in ["school", "cards", "school"] {
            let mut commit = Commit::new(Desk::new(name).unwrap(), at_ms(0));
            commit.register_desk();
            journal.commit(commit).await.unwrap();
        }
        let desks = journal.all_desks(at_ms(0)).await.unwrap();
        assert_eq!(desks.iter().map(Desk::as_str).collect::<Vec<_>>(), ["cards", "school"]);
    });
}

#[test]
fn sequences_get_consecutive_numbers_with_the_commit() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        let (due, other): (SequenceId, SequenceId) =
            ("school:agenda:0900".parse().unwrap(), "school:agenda:1000".parse().unwrap());
        let mut commit = commit_of(&journal, &["a"], "1", false).await;
        commit.enqueue(&due, b"one".to_vec()).unwrap();
        commit.enqueue(&other, b"else".to_vec()).unwrap();
        commit.enqueue(&due, b"two".to_vec()).unwrap();
        journal.commit(commit).await.unwrap();
        let page = journal.read_after(&due, &mut Cursor::default(), 9, at_ms(0)).await.unwrap();
        assert_eq!(page.entries, [(1, b"one".to_vec()), (2, b"two".to_vec())]);
        let page = journal.read_after(&other, &mut Cursor::default(), 9, at_ms(0)).await.unwrap();
        assert_eq!(page.entries, [(1, b"else".to_vec())]);
    });
}

#[test]
fn a_desk_is_verified_through_its_directory() {
    block_on(async {
        let journal = Journal::new(MemoryStore::default());
        journal.commit(commit_of(&journal, &["a", "b"], "1", false).await).await.unwrap();
        let months = || month().until(month());
        let verify = async |wrong: &str| {
            verify::verify_desk::<Log, _>(&journal, &desk(), months(), at_ms(1), async |stream, state| {
                let bad = stream.name() == wrong && !state.seen.is_empty();
                Ok(if bad { vec!["rows: not as the stream says".to_owned()] } else { vec![] })
            })
            .await
            .unwrap()
        };
        let sound = verify("").await;
        assert_eq!((sound.streams, sound.events, sound.faulty.len()), (2, 2, 0));
        let faulty = verify("b").await.faulty;
        assert_eq!(faulty.len(), 1);
        assert_eq!(faulty[0].differences, ["rows: not as the stream says"]);
    });
}
