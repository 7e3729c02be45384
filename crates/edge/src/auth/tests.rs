use super::*;
use crate::app::event;
use futures::executor::block_on;
use http::StatusCode;
use relevo_domain::config::ConfigEvent;
use relevo_journal::Desk;
use relevo_journal::store::memory::MemoryStore;
use serde_json::{Value, json};

const MASTER: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";
const LONG: &str = "an operator's secret that nobody guesses";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_000_000, 0).expect("an instant")
}

fn open(store: &MemoryStore, desk: &str) -> DeskContext<MemoryStore> {
    let desk = Desk::new(desk).expect("a desk");
    let load = || {
        let keys = DeskKeys::derive(MASTER, desk.as_str()).expect("a good key");
        block_on(DeskContext::load(Journal::new(store.clone()), desk.clone(), keys, now())).expect("opened")
    };
    let context = load();
    if !context.exists() {
        publish(&context, json!({"ana": {"name": "Ana", "role": "lead"}}));
    }
    load()
}

/// Publishes a pack with these people.
fn publish(context: &DeskContext<MemoryStore>, people: Value) {
    let pack = json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {"general": {"name": "General"}}, "people": people,
    });
    let blob = block_on(context.store_pack(pack)).expect("stored").to_string();
    let published = ConfigEvent::PackPublished { version: None, blob: blob.clone() };
    let published = event(format!("publish.{blob}"), "person:operator", 0, published).expect("an event");
    let mut commit = context.commit();
    commit.append(&context.config, vec![published]).expect("appended");
    block_on(context.journal.commit(commit)).expect("published");
}

#[test]
fn a_token_may_do_what_the_pack_gives_its_person_now() {
    let store = MemoryStore::default();
    let school = open(&store, "school");
    let token = issue(&school, |_| ());
    let service = issue(&school, |document| {
        document.person = "portal".to_owned();
        document.role = Role::Service;
    });
    let role = |token: &str| who(&open(&store, "school"), &operator("", ""), token).map(|caller| caller.role);
    assert_eq!((role(&token), role(&service)), (Ok(Role::Lead), Ok(Role::Service)));
    publish(&open(&store, "school"), json!({"ana": {"name": "Ana", "role": "agent"}}));
    assert_eq!(role(&token), Ok(Role::Agent));
    publish(&open(&store, "school"), json!({"ana": {"name": "Ana", "role": "admin"}}));
    assert_eq!(role(&token), Ok(Role::Lead), "no more than it was issued for");
    publish(&open(&store, "school"), json!({}));
    assert_eq!((role(&token), role(&service)), (Err(StatusCode::UNAUTHORIZED), Ok(Role::Service)));
}

fn operator(present: &str, previous: &str) -> Operator {
    Operator {
        admin: [present.to_owned(), previous.to_owned()],
        tick: ["tick".to_owned(), String::new()],
        master_keys: [MASTER.to_owned(), String::new()],
    }
}

fn bearing(token: &str) -> Incoming {
    let mut request = Incoming::for_tests("GET", "/api/school/me");
    request.headers.insert("authorization", format!("Bearer {token}").parse().expect("a value"));
    request
}

/// Issues a token at a desk; `change` makes its document special.
fn issue(context: &DeskContext<MemoryStore>, change: impl FnOnce(&mut TokenDocument)) -> String {
    let token = token::issue(&context.keys, context.desk.as_str()).expect("random bytes");
    let mut document = TokenDocument {
        id: "tok_a".to_owned(),
        person: "ana".to_owned(),
        role: Role::Lead,
        operations: Vec::new(),
        issued_at: now(),
        expires_at: None,
        revoked: false,
    };
    change(&mut document);
    let key = context.doc(TOKENS, &token::document_name(&context.keys, &token)).expect("a key");
    block_on(context.journal.put_doc(&key, &document)).expect("written");
    token
}

fn who(context: &DeskContext<MemoryStore>, operator: &Operator, token: &str) -> Result<Caller, StatusCode> {
    block_on(authenticate(context, operator, &bearing(token))).map_err(|problem| problem.status)
}

#[test]
fn a_token_is_good_at_its_desk_until_it_ends_or_is_revoked() {
    let store = MemoryStore::default();
    let (school, travel) = (open(&store, "school"), open(&store, "travel"));
    let nobody = operator("", "");
    let good = issue(&school, |_| {});
    let caller = who(&school, &nobody, &good).expect("known");
    assert_eq!((caller.person.as_str(), caller.role), ("ana", Role::Lead));
    assert_eq!(who(&travel, &nobody, &good), Err(StatusCode::UNAUTHORIZED));
    let ends = |at: DateTime<Utc>| issue(&school, |t| t.expires_at = Some(at));
    assert!(who(&school, &nobody, &ends(now() + chrono::Duration::seconds(1))).is_ok());
    assert_eq!(who(&school, &nobody, &ends(now())), Err(StatusCode::UNAUTHORIZED));
    let revoked = issue(&school, |t| t.revoked = true);
    assert_eq!(who(&school, &nobody, &revoked), Err(StatusCode::UNAUTHORIZED));
}

#[test]
fn of_two_operators_secrets_both_count_and_an_empty_one_never() {
    let store = MemoryStore::default();
    let school = open(&store, "school");
    for (present, previous) in [("new", "old"), (LONG, "old"), ("new", LONG)] {
        let operator = operator(present, previous);
        for token in [present, previous] {
            assert_eq!(who(&school, &operator, token).map(|c| c.person), Ok("operator".to_owned()));
        }
        for token in ["", " ", "ne", "newer", "NEW"] {
            assert_eq!(who(&school, &operator, token), Err(StatusCode::UNAUTHORIZED), "{token:?}");
        }
    }
    assert_eq!(who(&school, &operator("", ""), "new"), Err(StatusCode::UNAUTHORIZED));
    assert_eq!(presented("", &[String::new(), String::new()]), None);
    assert_eq!(who(&school, &operator("new", ""), "tick"), Err(StatusCode::UNAUTHORIZED));
}

#[test]
fn guesses_hold_up_nobody_who_has_a_token() {
    let store = MemoryStore::default();
    let (school, travel) = (open(&store, "school"), open(&store, "travel"));
    let good = issue(&school, |_| {});
    let (weak, strong) = (operator("short", ""), operator(LONG, ""));
    let foreign = issue(&travel, |_| {});
    let rotated = Operator { master_keys: ["1e".repeat(32), MASTER.to_owned()], ..weak.clone() };
    for _ in 0..200 {
        assert_eq!(who(&school, &weak, &foreign), Err(StatusCode::UNAUTHORIZED), "a genuine one, elsewhere");
        assert_eq!(who(&school, &weak, "tick"), Err(StatusCode::UNAUTHORIZED), "the schedule's");
        assert_eq!(who(&school, &rotated, &foreign), Err(StatusCode::UNAUTHORIZED), "under a new master key");
    }
    let guesses: Vec<_> = (0..200).map(|n| who(&school, &weak, &format!("guess-{n}"))).collect();
    let count = |status| guesses.iter().filter(|g| **g == Err(status)).count();
    assert_eq!((count(StatusCode::UNAUTHORIZED), count(StatusCode::TOO_MANY_REQUESTS)), (120, 80));
    assert!(who(&school, &weak, &good).is_ok(), "issued here: no guess");
    assert!(who(&school, &strong, LONG).is_ok(), "beyond guessing");
    assert_eq!(who(&school, &weak, "short"), Err(StatusCode::TOO_MANY_REQUESTS), "not even compared");
}

#[test]
fn a_token_that_is_limited_to_some_operations_does_no_others() {
    let caller = |role, operations: &[&str]| Caller {
        operations: operations.iter().map(|o| (*o).to_owned()).collect(),
        ..Caller::without_token("ana", role)
    };
    assert!(caller(Role::Lead, &[]).needs(Role::Lead, "outbox.list").is_ok());
    assert!(caller(Role::Lead, &["outbox.list"]).needs(Role::Lead, "outbox.list").is_ok());
    for (role, operations) in [(Role::Agent, &["outbox.list"][..]), (Role::Admin, &["outbox.read"])] {
        let refused = caller(role, operations).needs(Role::Lead, "outbox.list");
        assert_eq!(refused.map_err(|p| p.status), Err(StatusCode::FORBIDDEN));
    }
}
