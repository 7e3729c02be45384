//! Personal values are sealed in everything that is stored, and lost with their key; the rest stays.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, TimeDelta, Utc};
use futures::executor::block_on;
use relevo_journal::store::Store as _;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::verify::verify_stream;
use relevo_journal::{
    Commit, DataKey, Desk, Event, EventId, Fold, Journal, JournalError, KeyId, Loaded, NewEvent, StreamId,
    Vault,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Said {
    topic: String,
    #[serde(with = "relevo_journal::private")]
    words: String,
}

/// Figures and personal values side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Talk {
    topics: Vec<String>,
    #[serde(with = "relevo_journal::private")]
    words: Vec<String>,
}

impl Fold for Talk {
    type Data = Said;
    const KIND: &'static str = "talk";
    const VERSION: u16 = 1;
    fn apply(&mut self, event: &Event<Said>) {
        self.topics.push(event.data.topic.clone());
        self.words.push(event.data.words.clone());
    }
}

const PLANTED: [&str; 2] = ["Rosa Núñez +34600111222", "rosa@example.org"];

struct Fixture {
    store: MemoryStore,
    stream: StreamId,
    desk: Desk,
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_864_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

/// Every test has keys of its own: instances remember them by id.
fn key(test: &str, byte: u8) -> DataKey {
    DataKey::new(KeyId::new(format!("{test}{byte}")).unwrap(), [byte; 32])
}

fn said(id: &str, words: &str) -> NewEvent<Said> {
    let data = Said { topic: format!("topic of {id}"), words: words.to_owned() };
    NewEvent { id: EventId::new(id).unwrap(), by: "test".to_owned(), tag: 1, data }
}

impl Fixture {
    fn new() -> Self {
        let desk = Desk::new("school").unwrap();
        Self { store: MemoryStore::default(), stream: "school:talk:a".parse().unwrap(), desk }
    }

    fn journal(&self, seconds: i64) -> Journal<MemoryStore> {
        Journal::new(self.store.clone()).with_vault(Vault::open([9; 32], at(seconds)))
    }

    fn load(&self, seconds: i64) -> Loaded<Talk> {
        block_on(self.journal(seconds).load(&self.stream, at(seconds))).unwrap()
    }

    /// Says something, under a new key or the stream's own.
    fn say(&self, seconds: i64, id: &str, words: &str, new: Option<&DataKey>) {
        let journal = self.journal(seconds);
        let mut loaded = self.load(seconds);
        let mut commit = Commit::new(self.desk.clone(), at(seconds));
        if let Some(key) = new {
            journal.keep_key(&mut commit, key).unwrap();
            loaded = loaded.sealed_under(key.clone());
        }
        commit.append(&loaded, vec![said(id, words)]).unwrap();
        block_on(journal.commit(commit)).unwrap();
    }

    fn destroy(&self, seconds: i64, key: &DataKey) {
        let journal = self.journal(seconds);
        let mut commit = Commit::new(self.desk.clone(), at(seconds));
        journal.destroy_keys(&mut commit, &[key.id().clone()]).unwrap();
        block_on(journal.commit(commit)).unwrap();
    }

    /// Everything that lies in the store, values and keys.
    fn raw(&self) -> String {
        let all = self.store.dump().into_iter();
        all.map(|(key, value)| format!("{key}={}\n", String::from_utf8_lossy(&value))).collect()
    }

    fn verify(&self, seconds: i64) -> Vec<String> {
        let journal = self.journal(seconds);
        let verified = block_on(verify_stream::<Talk, _>(&journal, &self.stream, at(seconds)));
        verified.unwrap().0.differences
    }
}

#[test]
fn nothing_personal_lies_in_the_store_and_everything_is_read_back() {
    let f = Fixture::new();
    let key = key("raw", 1);
    f.say(0, "a", PLANTED[0], Some(&key));
    for (n, words) in PLANTED.iter().cycle().take(40).enumerate() {
        f.say(n as i64 * 60, &format!("b{n}"), words, None);
    }
    let loaded = f.load(4_000);
    assert_eq!(loaded.state.words.len(), 41);
    assert_eq!(loaded.state.words[..2], [PLANTED[0], PLANTED[0]]);
    assert_eq!(loaded.key().unwrap().id(), key.id(), "what is appended goes on under the same key");
    let (whole, events) = block_on(f.journal(4_000).load_events::<Talk>(&f.stream, None)).unwrap();
    assert_eq!((&whole, events[1].data.words.as_str()), (&loaded.state, PLANTED[0]));
    assert_eq!(block_on(f.journal(0).read_slot::<Talk>(&f.stream, 1)).unwrap()[0].data.words, PLANTED[0]);
    assert!(block_on(f.journal(4_000).save_snapshot(&loaded)).unwrap());
    let raw = f.raw();
    for word in ["Rosa", "600111222", "example.org", "rosa"] {
        assert!(!raw.contains(word), "{word} in {raw}");
    }
    assert!(raw.contains("topic of b7"), "what is not personal stays readable");
    assert!(f.verify(4_000).is_empty());
}

#[test]
fn with_its_key_a_value_is_gone_from_slots_and_snapshots_and_the_rest_stays() {
    let f = Fixture::new();
    let (rosa, juan) = (key("gone", 1), key("gone", 2));
    f.say(0, "a", PLANTED[0], Some(&rosa));
    f.say(200, "b", "from Juan", Some(&juan));
    // Both are in the state of this snapshot, and not in its tail.
    f.say(400, "c", "Juan again", None);
    assert_eq!(f.load(400).state.words, [PLANTED[0], "from Juan", "Juan again"]);

    let with_snapshots_of_before = f.store.dump();
    f.destroy(401, &rosa);
    let loaded = f.load(432);
    assert_eq!(loaded.state.words, ["", "from Juan", "Juan again"]);
    assert_eq!(loaded.state.topics, ["topic of a", "topic of b", "topic of c"], "what is no person's stays");
    assert_eq!((loaded.erased(), loaded.events()), (1, 3));
    assert!(f.verify(432).is_empty());

    // What is saved now is sealed under the key that is left, and says that something was erased.
    f.say(434, "d", "Juan", None);
    let loaded = f.load(470);
    assert_eq!((loaded.state.words.len(), loaded.erased()), (4, 1));
    assert!(f.verify(470).is_empty());

    f.destroy(470, &juan);
    let loaded = f.load(501);
    assert_eq!(loaded.state.words, ["", "", "", ""]);
    assert!(loaded.key().is_none(), "a destroyed key seals nothing more");
    assert!(f.verify(501).is_empty());

    // A snapshot that a stale writer puts back is of no use to anybody.
    let snapshot: Vec<_> =
        with_snapshots_of_before.into_iter().filter(|(key, _)| key.starts_with("r1:p:")).collect();
    assert_eq!(snapshot.len(), 1);
    block_on(f.store.set_many(snapshot)).unwrap();
    assert_eq!(f.load(502).state.words, ["", "", "", ""]);
}

#[test]
fn without_a_key_no_personal_value_is_stored_and_without_the_vault_none_is_lost() {
    let f = Fixture::new();
    let mut commit = Commit::new(f.desk.clone(), at(0));
    let refused = commit.append(&f.load(0), vec![said("a", PLANTED[0])]);
    assert!(matches!(refused, Err(JournalError::Unsealed { .. })));
    assert!(commit.is_empty());

    f.say(0, "a", PLANTED[0], Some(&key("vault", 1)));
    f.say(200, "b", PLANTED[1], None);
    f.say(400, "c", PLANTED[1], None);
    // A reader without the desk's keys sees the shape, and saves nothing that others would take for whole.
    let closed = Journal::new(f.store.clone());
    let loaded: Loaded<Talk> = block_on(closed.load(&f.stream, at(400))).unwrap();
    assert_eq!((loaded.state.topics.len(), loaded.state.words.join("")), (3, String::new()));
    assert_eq!(loaded.erased(), 0);
    assert!(!block_on(closed.save_snapshot(&loaded)).unwrap());
    assert_eq!(f.load(401).state.words, [PLANTED[0], PLANTED[1], PLANTED[1]]);
}

#[test]
fn values_are_bound_to_their_event_and_field() {
    let f = Fixture::new();
    f.say(0, "a", PLANTED[0], Some(&key("bound", 1)));
    f.say(1, "b", PLANTED[1], None);
    let slot = |n: u32| format!("r1:s:school:talk:a:{n}");
    let stored = |n: u32| String::from_utf8(f.store.dump()[&slot(n)].clone()).unwrap();
    let sealed = |text: &str| {
        let from = text.find("\"p\":\"").unwrap() + 5;
        text[from..].split('"').next().unwrap().to_owned()
    };
    let (a, b) = (stored(1), stored(2));
    for altered in [
        a.replace(&sealed(&a), &sealed(&b)),
        a.replace("topic of a", "topic of x"),
        a.replace("\"i\":\"a\"", "\"i\":\"x\""),
    ] {
        assert_ne!(altered, a);
        block_on(f.store.set_many(vec![(slot(1), altered.into_bytes())])).unwrap();
        let report = block_on(verify_stream::<Talk, _>(&f.journal(2), &f.stream, at(2))).unwrap().0;
        assert_eq!(report.undecodable_events, 1, "noticed, and no wrong value is shown");
    }
}

#[test]
fn what_was_written_before_there_were_keys_still_reads() {
    let f = Fixture::new();
    // As an earlier version stored it.
    let slot = br#"1[{"i":"old","h":116841775104000000,"t":1782864000000,"b":"test","g":1,"d":{"topic":"old","words":"in clear"}}]"#;
    let snapshot = br#"1{"v":1,"u":{"u":1},"s":{"n":[116841775104000000,"old",1],"c":1,"i":[["old",1,116841775104000000]],"t":[],"d":{"topics":["old"],"words":["in clear"]}}}"#;
    let entries = vec![
        ("r1:s:school:talk:a:1".to_owned(), slot.to_vec()),
        ("r1:p:school:talk:a".to_owned(), snapshot.to_vec()),
    ];
    block_on(f.store.set_many(entries)).unwrap();
    block_on(f.store.increment("r1:n:s:school:talk:a", 1)).unwrap();
    assert_eq!(f.load(10).state.words, ["in clear"], "from the snapshot");
    let (state, _) = block_on(f.journal(10).load_events::<Talk>(&f.stream, None)).unwrap();
    assert_eq!(state.words, ["in clear"], "from the slot");
    f.say(300, "new", PLANTED[0], Some(&key("old", 1)));
    assert_eq!(f.load(301).state.words, ["in clear", PLANTED[0]]);
    assert!(f.verify(301).is_empty());
}

#[test]
fn a_repeated_commit_writes_the_same_and_a_cached_key_costs_nothing() {
    let f = Fixture::new();
    let key = key("same", 1);
    let draft = || {
        let mut commit = Commit::new(f.desk.clone(), at(0));
        let loaded = f.load(0).sealed_under(key.clone());
        f.journal(0).keep_key(&mut commit, &key).unwrap();
        commit.append(&loaded, vec![said("a", PLANTED[0])]).unwrap();
        commit
    };
    let (once, twice) = (draft(), draft());
    block_on(f.journal(0).commit(once)).unwrap();
    block_on(f.journal(0).commit(twice)).unwrap();
    let dump = f.store.dump();
    assert_eq!(dump["r1:s:school:talk:a:1"], dump["r1:s:school:talk:a:2"]);
    assert_eq!(f.load(1).events(), 1, "one and the same event");
}
