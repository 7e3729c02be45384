//! Nothing personal lies in a store in clear, and what is erased is gone, in the store and in a restored backup.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/desk.rs"]
mod desk;
#[path = "../../local-host/tests/support/redis.rs"]
mod redis_server;

use chrono::Duration;
use desk::{
    act, at, contact, contact_name, conversation, day, found_in, memory, publish, raw, receive, restored,
};
use relevo_domain::category::Category;
use relevo_domain::contact::ContactEvent;
use relevo_domain::conversation::ConversationEvent;
use relevo_domain::message::{Address, AddressKind};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::identity::Identity;
use relevo_edge::ids;
use relevo_edge::people;
use relevo_edge::personal::{self, Persons, Sighting};
use relevo_journal::{CACHED_MS, Month};
use relevo_local_host::kv::{Backend, Bucket, Location};
use relevo_privacy::{erasure, export, hold, ledger, retention};
use relevo_projections::{follow, verify};
use serde_json::{Value, json};

/// Long enough for every instance to notice.
fn later(days: i64) -> chrono::DateTime<chrono::Utc> {
    day(days) + Duration::milliseconds(i64::try_from(CACHED_MS).unwrap() + 1)
}

/// A call with an Idempotency-Key.
fn keyed(id: &str, tag: u32) -> Identity {
    Identity { id: id.to_owned(), tag, is_keyed: true }
}

async fn told(store: &Bucket) {
    publish(store, day(0), Value::Null).await;
    receive(store, day(1), "a").await;
    act(store, day(2), "note", ConversationEvent::NoteWritten { ticket: 1, text: desk::TEXT.into() }).await;
    let fields = json!({"flat": desk::TEXT}).as_object().unwrap().clone();
    act(store, day(2), "fields", ConversationEvent::FieldsChanged { ticket: 1, set: fields.into() }).await;
    act(store, day(3), "solved", solved()).await;
    receive(store, day(4), "b").await;
    follow::follow(&at(store, day(4)).await, 100).await.unwrap();
}

fn solved() -> ConversationEvent {
    let (status, category) = ("solved".to_owned(), Category::Solved);
    ConversationEvent::StatusChanged { ticket: 1, status, category, reason: Some(desk::TEXT.into()) }
}

async fn verified(store: &Bucket, now: chrono::DateTime<chrono::Utc>) -> Vec<String> {
    let months: Vec<Month> = Month::of(day(0)).until(Month::of(now)).collect();
    verify::verify(&at(store, now).await, &months).await.unwrap().differences
}

/// What figures are computed from: states without what is personal.
async fn figures(store: &Bucket, now: chrono::DateTime<chrono::Utc>) -> Value {
    let context = at(store, now).await;
    let state = conversation(&context).await.state;
    let shards = relevo_projections::shards::load::<relevo_domain::rows::TicketRow, _>(&context, "n0").await;
    let rows: Vec<Value> = shards.unwrap().state.rows().map(|(k, row)| json!([k, row])).collect();
    let tickets: Vec<Value> = state
        .tickets
        .iter()
        .map(|t| {
            json!([
                t.number,
                t.status,
                t.category,
                t.opened_at,
                t.updated_at,
                t.resolutions,
                t.reopenings,
                t.replies,
                t.timeline
            ])
        })
        .collect();
    json!({"tickets": tickets, "rows": rows, "last": state.last_inbound_at})
}

/// The whole of it, on one backend.
async fn story(store: &Bucket) {
    told(store).await;
    assert!(found_in(&raw(store).await).is_empty(), "{:?}", found_in(&raw(store).await));
    let before = at(store, day(5)).await;
    let gathered = export::gather(&before, &contact_name(&before)).await.unwrap();
    for planted in [desk::NAME, desk::PHONE, desk::TEXT] {
        assert!(gathered.to_string().contains(planted), "{planted} in {gathered}");
        assert!(export::page(&gathered).contains(planted));
    }
    assert_eq!(gathered["tickets"][0]["messages"].as_array().unwrap().len(), 3, "{gathered}");
    assert_eq!(gathered["keys"]["in_use"].as_array().unwrap().len(), 1);
    let counted = figures(store, day(5)).await;
    assert!(verified(store, day(5)).await.is_empty());
    let backup = raw(store).await;

    let name = contact_name(&before);
    let erased = erasure::erase(&before, &name, "person:dpo", "erase-1", "asked by letter").await.unwrap();
    assert_eq!(erased.keys, 1);
    assert!(erased.at.is_some());
    let again =
        erasure::erase(&at(store, day(5)).await, &name, "person:dpo", "erase-2", "again").await.unwrap();
    assert_eq!((again.keys, again.at), (0, erased.at), "there is nothing more to do");

    let after = at(store, later(5)).await;
    let left = export::gather(&after, &name).await.unwrap();
    for planted in [desk::NAME, desk::PHONE, desk::TEXT, "Quevedo", "wamid"] {
        assert!(!left.to_string().contains(planted), "{planted} in {left}");
    }
    assert_eq!(left["contact"]["erased_at"], "2026-07-06T00:00:00Z");
    assert_eq!(figures(store, later(5)).await, counted, "figures do not change");
    assert_eq!(conversation(&after).await.erased(), 5);
    assert!(verified(store, later(5)).await.is_empty());

    // Somebody who writes again is a contact again, under a new key.
    receive(store, later(5), "c").await;
    let back = at(store, later(6)).await;
    assert_eq!(conversation(&back).await.state.party.unwrap().name.unwrap().0, desk::NAME);
    assert_eq!((contact(&back).await.keys.len(), contact(&back).await.addresses.len()), (1, 1));
    assert!(found_in(&raw(store).await).is_empty());

    // The backup has the wrapped key. The ledger, kept apart, destroys it again.
    let kept = ledger::export(&back).await.unwrap();
    assert_eq!(
        (kept.len(), kept[0].by.as_str(), kept[0].reason.as_str()),
        (1, "person:dpo", "asked by letter")
    );
    assert!(kept[0].contact.as_deref().unwrap().ends_with(&name));
    let kept: Vec<ledger::Entry> = serde_json::from_value(serde_json::to_value(kept).unwrap()).unwrap();
    let restored = restored(&backup).await;
    let context = at(&restored, day(20)).await;
    assert_eq!(conversation(&context).await.state.party.unwrap().name.unwrap().0, desk::NAME, "it is back");
    let replayed = ledger::replay(&context, &kept, "person:operator").await.unwrap();
    assert_eq!((replayed.entries, replayed.destroyed), (1, 1));
    let twice = ledger::replay(&at(&restored, day(20)).await, &kept, "person:operator").await.unwrap();
    assert_eq!(twice.destroyed, 0);
    let context = at(&restored, later(20)).await;
    let left = export::gather(&context, &name).await.unwrap().to_string();
    assert!([desk::NAME, desk::PHONE, desk::TEXT].iter().all(|planted| !left.contains(planted)), "{left}");
    assert!(contact(&context).await.erased_at.is_some());
    assert!(verified(&restored, later(20)).await.is_empty());
}

#[tokio::test]
async fn in_memory() {
    story(&memory().await).await;
}

#[tokio::test]
async fn on_sqlite_down_to_the_bytes_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kv.db");
    let backend = Backend::open(&Location::Sqlite(file.clone())).await.unwrap();
    story(&backend.bucket("default")).await;
    drop(backend);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(found_in(&[(path.display().to_string(), bytes)]).is_empty(), "{}", path.display());
    }
    assert!(std::fs::metadata(file).unwrap().len() > 10_000);
}

#[tokio::test]
async fn on_redis() {
    let server = redis_server::RedisServer::start();
    let backend = Backend::open(&Location::Redis(server.url())).await.unwrap();
    story(&backend.bucket("default")).await;
}

#[tokio::test]
async fn nothing_is_erased_while_it_is_held_and_who_why_and_when_is_known() {
    let store = memory().await;
    told(&store).await;
    let context = at(&store, day(5)).await;
    let name = contact_name(&context);
    let held = hold::set(&context, &name, "person:counsel", &keyed("h1", 1), true, "a dispute".to_owned())
        .await
        .unwrap();
    let held = held.expect("in force");
    assert_eq!((held.reason.0.as_str(), held.by.as_str(), held.at), ("a dispute", "person:counsel", day(5)));
    assert!(!found_in(&raw(&store).await).iter().any(|p| p == "dispute"));

    let context = at(&store, day(6)).await;
    let refused = erasure::erase(&context, &name, "person:dpo", "e1", "asked").await.unwrap_err();
    assert_eq!((refused.status.as_u16(), refused.code), (409, "contact_held"));
    assert!(
        refused.detail.contains("2026-07-06") && !refused.detail.contains("dispute"),
        "{}",
        refused.detail
    );
    assert_eq!(conversation(&at(&store, later(6)).await).await.erased(), 0);

    let context = at(&store, day(7)).await;
    let place = |tag, held| {
        let (context, name) = (&context, &name);
        async move {
            hold::set(context, name, "person:counsel", &keyed("h1", tag), held, "a dispute".to_owned()).await
        }
    };
    assert!(place(1, true).await.unwrap().is_some(), "the same call again");
    assert_eq!(place(2, false).await.unwrap_err().code, "idempotency_key_reused");
    let other = keyed("h2", 1);
    let lifted = hold::set(&context, &name, "person:counsel", &other, false, "settled".to_owned());
    assert_eq!(lifted.await.unwrap(), None);
    let context = at(&store, day(8)).await;
    assert!(erasure::erase(&context, &name, "person:dpo", "e2", "asked").await.unwrap().keys > 0);
    let unknown = erasure::erase(&context, &"a".repeat(26), "person:dpo", "e3", "asked").await.unwrap_err();
    assert_eq!(unknown.code, "unknown_contact");
}

#[tokio::test]
async fn what_is_over_for_as_long_as_the_pack_says_goes_and_figures_stay() {
    let store = memory().await;
    told(&store).await;
    publish(&store, day(5), json!({"personal_days": 90, "unplaced_days": 30})).await;
    act(
        &store,
        day(6),
        "closed",
        ConversationEvent::StatusChanged {
            ticket: 1,
            status: "closed".to_owned(),
            category: Category::Closed,
            reason: None,
        },
    )
    .await;
    // A new ticket later: a new key.
    receive(&store, day(60), "new").await;
    follow::follow(&at(&store, day(60)).await, 100).await.unwrap();
    assert_eq!(contact(&at(&store, day(61)).await).await.keys.len(), 2);
    let counted = figures(&store, day(61)).await;

    assert_eq!(round(&store, 95).await, 0, "not yet over for so long");
    assert_eq!(round(&store, 97).await, 1);
    let context = at(&store, later(97)).await;
    let left = export::gather(&context, &contact_name(&context)).await.unwrap();
    assert_eq!(left["tickets"][0]["messages"][0]["text"], "", "{left}");
    assert_eq!(left["tickets"][1]["messages"][0]["text"], desk::TEXT, "the open ticket is whole");
    assert_eq!(left["contact"]["name"], desk::NAME, "and who it is from is known");
    assert_eq!(left["contact"]["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(figures(&store, later(97)).await, counted);
    assert!(verified(&store, later(97)).await.is_empty());
    let entries = ledger::export(&context).await.unwrap();
    assert_eq!((entries.len(), entries[0].by.as_str()), (1, "system:retention"));
    assert_eq!(round(&store, 99).await, 0);
}

/// A whole round of retention on some day.
async fn round(store: &Bucket, days: i64) -> usize {
    let mut destroyed = 0;
    for _ in 0..12 {
        destroyed += retention::step(&at(store, day(days)).await).await.unwrap();
    }
    destroyed
}

/// An instance with a memory of its own.
async fn elsewhere<F: Future>(work: impl FnOnce() -> F + Send + 'static) {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(work());
    });
    tokio::task::spawn_blocking(move || thread.join().unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_is_written_after_an_erasure_is_kept_by_an_instance_that_remembers_the_keys() {
    let store = memory().await;
    publish(&store, day(0), Value::Null).await;
    receive(&store, day(1), "a").await;
    // Now this instance remembers the key.
    assert_eq!(conversation(&at(&store, day(1)).await).await.erased(), 0);
    let other = store.clone();
    elsewhere(move || async move {
        let context = at(&other, day(1)).await;
        let name = contact_name(&context);
        erasure::erase(&context, &name, "person:lead", "erase.1", "asked").await.unwrap();
    })
    .await;
    assert_eq!(conversation(&at(&store, day(1)).await).await.erased(), 0, "it has not noticed");
    let text = "written afterwards";
    act(&store, day(1), "note", ConversationEvent::NoteWritten { ticket: 1, text: text.into() }).await;
    receive(&store, day(1), "b").await;
    let state = conversation(&at(&store, later(1)).await).await.state;
    let texts: Vec<&str> = state.messages(1).filter_map(|m| m.text.as_ref()).map(|t| t.0.as_str()).collect();
    assert_eq!(texts, ["", text, desk::TEXT], "what was there is gone, and what came is there");
}

#[tokio::test]
async fn a_key_that_is_asked_for_twice_before_it_is_written_is_one_key() {
    let store = memory().await;
    publish(&store, day(0), Value::Null).await;
    let context = at(&store, day(1)).await;
    let name = contact_name(&context);
    let (mut commit, mut persons) = (context.commit(), Persons::new(&context, "channel"));
    let first = persons.key(&mut commit, &name, Some("c"), true).await.unwrap();
    let again = persons.key(&mut commit, &name, Some("c"), true).await.unwrap();
    assert_eq!((first.1, again.1, first.0 == again.0), (true, false, true));
    context.journal.commit(commit).await.unwrap();
    let found = context.journal.data_key(&context.desk, first.0.id()).await.unwrap();
    assert_eq!(found, Some(first.0), "nobody has noted meanwhile that it is gone");
}

/// Another contact, who turns out to be the one of that name.
async fn merged_into(context: &DeskContext<Bucket>, name: &str) -> String {
    let address = Address { kind: AddressKind::Email, value: "bermejo@example.org".into() };
    let called: relevo_domain::Private<String> = "Z. Bermejo".into();
    let other = ids::contact(&context.keys, "postmark", &address);
    let (mut commit, mut persons) = (context.commit(), Persons::new(context, "person:ana"));
    let (key, made) = persons.key(&mut commit, &other, Some("elsewhere"), true).await.unwrap();
    let sighting = Sighting {
        contact: &other,
        channel: "postmark",
        address: &address,
        name: Some(&called),
        conversation: "elsewhere",
    };
    persons.learn(&mut commit, sighting, &key, made).await.unwrap();
    let merged = event("merge", "person:ana", 0, ContactEvent::Merged { into: name.to_owned() }).unwrap();
    persons.note(&mut commit, &other, merged).await.unwrap();
    let absorbed = event("merge", "person:ana", 0, ContactEvent::Absorbed { other: other.clone() }).unwrap();
    persons.note(&mut commit, name, absorbed).await.unwrap();
    context.journal.commit(commit).await.unwrap();
    other
}

#[tokio::test]
async fn contacts_that_were_merged_are_shown_held_and_erased_as_one_person() {
    let store = memory().await;
    told(&store).await;
    let context = at(&store, day(5)).await;
    let name = contact_name(&context);
    let other = merged_into(&context, &name).await;
    let hold = |held| {
        let (store, other) = (store.clone(), other.clone());
        async move {
            let id = keyed(&format!("hold-{held}"), 1);
            let context = at(&store, day(6)).await;
            hold::set(&context, &other, "person:counsel", &id, held, "a dispute".to_owned()).await.unwrap();
        }
    };
    hold(true).await;
    let context = at(&store, day(7)).await;
    let refused = erasure::erase_person(&context, &name, "person:dpo", "e1", "asked").await.unwrap_err();
    assert_eq!(refused.code, "contact_held");
    assert_eq!(conversation(&at(&store, later(7)).await).await.erased(), 0, "neither of the two");
    hold(false).await;

    let context = at(&store, day(8)).await;
    let gathered = export::gather(&context, &other).await.unwrap();
    assert_eq!(gathered["contact"]["id"], format!("{}{name}", ids::CONTACT));
    assert_eq!(gathered["merged"][0]["name"], "Z. Bermejo");
    assert_eq!(gathered["tickets"].as_array().unwrap().len(), 1);
    assert!(erasure::erase_person(&context, &other, "person:dpo", "e2", "asked").await.unwrap().keys > 1);
    let after = at(&store, later(8)).await;
    let person = people::united(&after, &name).await.unwrap();
    assert_eq!(person.members.len(), 2, "that they are one is no personal value");
    assert!(person.members.iter().all(|(_, member)| member.keys.is_empty() && member.erased_at.is_some()));
    assert!(!export::gather(&after, &name).await.unwrap().to_string().contains("Bermejo"));
}

#[tokio::test]
async fn a_file_that_came_in_for_nobody_goes_with_its_month() {
    let store = memory().await;
    publish(&store, day(0), json!({"unplaced_days": 30})).await;
    let context = at(&store, day(1)).await;
    let (channel, account) = ("whatsapp", "main");
    let key = personal::account_key(&context, channel, account, "person:ana").await.unwrap();
    let next = at(&store, day(2)).await;
    let again = personal::account_key(&next, channel, account, "person:ana").await.unwrap();
    assert!(key == again, "one a month");
    let blob =
        context.journal.put_sealed_blob(&context.desk, &key, desk::TEXT.as_bytes(), 100).await.unwrap();
    assert!(found_in(&raw(&store).await).is_empty());
    assert_eq!(round(&store, 61).await, 0);
    assert_eq!(round(&store, 62).await, 1);
    let context = at(&store, later(62)).await;
    assert_eq!(context.journal.get_blob(&context.desk, &blob).await.unwrap(), None);
}
