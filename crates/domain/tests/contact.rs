//! What a contact's stream makes of keys, holds and erasures, and which keys have had their time.
#![allow(clippy::expect_used, clippy::unwrap_used)] // a test that cannot go on fails

use chrono::{DateTime, Duration, Utc};
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::decide::{self, NewTicket, Published};
use relevo_domain::conversation::{Conversation, ConversationEvent, Party};
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::pack::{Pack, parse};
use relevo_domain::retention::expired;
use relevo_journal::{Event, EventId, Fold, Hlt, KeyId};
use serde_json::json;
use std::collections::BTreeMap;

fn day(days: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).expect("an instant") + Duration::days(days)
}

fn told<F: Fold>(state: &mut F, at: DateTime<Utc>, data: F::Data) {
    let id = EventId::new(format!("e{}", at.timestamp())).unwrap();
    state.apply(&Event { id, hlt: Hlt(1), at, by: "person:ana".into(), tag: 0, data });
}

fn key(name: &str) -> KeyId {
    KeyId::new(name).unwrap()
}

fn made(contact: &mut Contact, days: i64, name: &str, conversation: Option<&str>) {
    let conversation = conversation.map(str::to_owned);
    told(contact, day(days), ContactEvent::KeyMade { key: key(name), conversation });
}

fn pack() -> Pack {
    let pack = json!({"format": "relevo-pack/1", "name": "T", "locale": {"default": "es"}, "queues": {"a": {"name": "A"}}});
    parse(pack).expect("a pack")
}

/// A conversation with tickets opened and closed on these days.
fn conversation(tickets: &[(i64, Option<i64>)]) -> BTreeMap<String, Conversation> {
    let pack = pack();
    let party = Party {
        channel: "whatsapp".into(),
        account: "main".into(),
        address: Address { kind: AddressKind::Phone, value: "34600000001".into() },
        contact: "ctc_x".into(),
        name: None,
        locale: "es".into(),
    };
    let mut state = Conversation::default();
    for (ordinal, (opened, closed)) in (1..).zip(tickets) {
        let published = Published { pack: &pack, version: 1 };
        let opening = decide::create(published, party.clone(), 1, NewTicket::default()).unwrap();
        told(&mut state, day(*opened), opening);
        if let Some(closed) = closed {
            let over = ConversationEvent::StatusChanged {
                ticket: ordinal,
                status: "closed".into(),
                category: relevo_domain::category::Category::Closed,
                reason: None,
            };
            told(&mut state, day(*closed), over);
        }
    }
    BTreeMap::from([("c".to_owned(), state)])
}

fn names(keys: Vec<KeyId>) -> Vec<String> {
    keys.into_iter().map(String::from).collect()
}

#[test]
fn a_key_goes_when_all_tickets_of_its_time_have_been_over_for_long_enough() {
    let mut contact = Contact::default();
    made(&mut contact, 0, "k1", Some("c"));
    made(&mut contact, 100, "k2", Some("c"));
    let tickets = conversation(&[(0, Some(10)), (40, Some(50)), (100, None)]);
    let at = |days: i64| names(expired(&contact, &tickets, day(days)));
    assert!(at(49).is_empty(), "the second ticket was not yet over");
    assert_eq!(at(50), ["k1"], "the third ticket is sealed under the next key");
    assert_eq!(at(500), ["k1"], "an open ticket is kept however old");
    let tickets = conversation(&[(0, Some(10)), (40, Some(50)), (100, Some(101))]);
    assert_eq!(names(expired(&contact, &tickets, day(101))), ["k1", "k2"]);
    let tickets = conversation(&[(0, None), (40, Some(50)), (100, Some(101))]);
    assert!(
        expired(&contact, &tickets, day(500)).is_empty(),
        "what is said of an open ticket may be under any"
    );
}

#[test]
fn keys_without_tickets_go_by_their_age_and_nothing_goes_while_held() {
    let mut contact = Contact::default();
    made(&mut contact, 0, "k1", Some("c"));
    made(&mut contact, 5, "k2", None);
    let none = BTreeMap::new();
    assert!(expired(&contact, &none, day(-1)).is_empty());
    assert_eq!(names(expired(&contact, &none, day(4))), ["k1"], "its message was never committed");
    assert_eq!(names(expired(&contact, &none, day(5))), ["k1", "k2"]);
    told(&mut contact, day(6), ContactEvent::HoldPlaced { reason: "a dispute".into() });
    assert!(expired(&contact, &none, day(500)).is_empty());
}

#[test]
fn an_erasure_takes_all_keys_there_are_and_none_that_come_later() {
    let mut contact = Contact::default();
    made(&mut contact, 0, "k1", Some("c"));
    told(&mut contact, day(1), ContactEvent::Erased);
    made(&mut contact, 2, "k2", Some("c"));
    assert_eq!(contact.destroyed, [key("k1")]);
    assert_eq!(contact.key_for(Some("c")).map(|k| &k.id), Some(&key("k2")));
    assert_eq!(contact.erased_at, Some(day(1)));
    told(&mut contact, day(3), ContactEvent::KeysExpired { keys: vec![key("k2"), key("other")] });
    assert_eq!((contact.keys.len(), contact.destroyed.len()), (0, 2));
}

#[test]
fn while_held_an_erasure_means_nothing_and_who_why_and_when_is_known() {
    let mut contact = Contact::default();
    made(&mut contact, 0, "k1", Some("c"));
    told(&mut contact, day(1), ContactEvent::HoldPlaced { reason: "a dispute".into() });
    told(&mut contact, day(2), ContactEvent::Erased);
    told(&mut contact, day(3), ContactEvent::KeysExpired { keys: vec![key("k1")] });
    assert_eq!((contact.keys.len(), contact.destroyed.len(), contact.erased_at), (1, 0, None));
    let hold = contact.hold.clone().expect("held");
    assert_eq!((hold.reason.0.as_str(), hold.by.as_str(), hold.at), ("a dispute", "person:ana", day(1)));
    told(&mut contact, day(4), ContactEvent::HoldLifted { reason: "settled".into() });
    told(&mut contact, day(5), ContactEvent::Erased);
    assert_eq!(contact.destroyed, [key("k1")]);
}

#[test]
fn an_address_that_was_erased_is_no_address() {
    let mut contact = Contact::default();
    let seen = |value: &str| ContactEvent::ContactSeen {
        channel: "whatsapp".into(),
        address: Address { kind: AddressKind::Phone, value: value.into() },
        name: None,
        conversation: "c".into(),
    };
    told(&mut contact, day(0), seen(""));
    told(&mut contact, day(1), seen("34600000001"));
    assert_eq!(contact.addresses.len(), 1);
}
