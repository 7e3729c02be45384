//! What comes again, or twice at once, changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use relevo_e2e::{Answer, App, Store, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550300001";

/// Makes the same call from so many threads at once.
fn at_once(count: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let barrier = Barrier::new(count);
    thread::scope(|scope| {
        let (barrier, call) = (&barrier, &call);
        let calls: Vec<_> = (0..count)
            .map(|n| {
                scope.spawn(move || {
                    barrier.wait();
                    call(n)
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().expect("no panic")).collect()
    })
}

fn messages(ticket: &Value, direction: &str) -> usize {
    ticket["messages"].as_array().unwrap().iter().filter(|message| message["direction"] == direction).count()
}

#[test]
fn a_webhook_delivered_again_changes_nothing_even_in_another_envelope_or_after_solving() {
    let (app, desk) = App::school(Store::Sqlite);
    let first = whatsapp::message(PHONE, "wamid.R1", "¿Hay alguien?");
    for _ in 0..3 {
        whatsapp::deliver(app.client(), &desk, &first).is(200);
    }
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    let before = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();

    let again = whatsapp::batch(&[vec![whatsapp::change(
        &[],
        &[
            whatsapp::text(PHONE, "wamid.R1", "¿Hay alguien?"),
            whatsapp::text(PHONE, "wamid.R1", "¿Hay alguien?"),
        ],
        &[],
    )]]);
    whatsapp::deliver(app.client(), &desk, &first).is(200);
    whatsapp::deliver(app.client(), &desk, &again).is(200);

    let ticket = desk.ticket_of(PHONE);
    assert_eq!((messages(&ticket, "in"), &ticket["category"]), (1, &json!("solved")), "{ticket}");
    let after = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let received = |history: &Value| {
        let items = history["items"].as_array().unwrap();
        items.iter().filter(|item| item["type"] == "message.received").count()
    };
    assert_eq!((received(&before), received(&after)), (1, 1), "{after}");
}

#[test]
fn twenty_duplicates_at_once_are_one_message_of_one_ticket_on_sqlite() {
    twenty_duplicates(Store::Sqlite);
}

#[test]
fn twenty_duplicates_at_once_are_one_message_of_one_ticket_on_redis() {
    twenty_duplicates(Store::Redis);
}

fn twenty_duplicates(store: Store) {
    let (app, desk) = App::school(store);
    for round in 0..5 {
        let phone = format!("1555031{round:04}");
        let body = whatsapp::message(&phone, &format!("wamid.D{round}"), "una vez");
        for answer in at_once(20, |_| whatsapp::deliver(app.client(), &desk, &body)) {
            answer.is(200);
        }
        let ticket = desk.ticket_of(&phone);
        assert_eq!(messages(&ticket, "in"), 1, "{ticket}");
    }
    assert_eq!(desk.tickets().len(), 5);
}

#[test]
fn a_call_repeated_with_its_idempotency_key_is_answered_as_the_first_time_and_sent_once() {
    let (app, desk) = App::school(Store::Sqlite);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.K1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    let replies = format!("tickets/{id}/replies");
    let body = json!({"text": "Una sola vez"});

    let first = desk.agent.post_once(&replies, "key-1", &body).is(201).json();
    app.provider.wait_for(PHONE, "Una sola vez");
    for answer in at_once(8, |_| desk.agent.post_once(&replies, "key-1", &body)) {
        assert_eq!(answer.is(201).json()["id"], first["id"]);
    }
    app.host.tick_all("delivery");
    assert_eq!(messages(&desk.ticket(&id), "out"), 1);
    assert_eq!(app.provider.sent_to(PHONE, "Una sola vez").len(), 1);

    let other = desk.agent.post_once(&replies, "key-1", &json!({"text": "Otra cosa"}));
    assert_eq!(other.problem(409), "idempotency_key_reused");
    assert_eq!(messages(&desk.ticket(&id), "out"), 1);

    // A key is one person's: the lead's own first call with it is no repeat.
    desk.lead.post_once(&replies, "key-1", &body).is(201);
    assert_eq!(messages(&desk.ticket(&id), "out"), 2);
    let long = "k".repeat(256);
    for key in ["", "a key", &long] {
        assert_eq!(desk.agent.post_once(&replies, key, &body).problem(400), "bad_idempotency_key");
        // Also where nothing hangs on it.
        assert_eq!(desk.admin.post_once("tokens", key, &json!({})).problem(400), "bad_idempotency_key");
    }
    let listed = desk.agent.post(&replies, &json!(["Una lista es ningún documento"]));
    assert_eq!(listed.problem(422), "invalid_document");
    assert_eq!(desk.agent.get("tickets?priority=null").problem(400), "bad_priority");
    assert_eq!(desk.agent.get("tickets?limit=1&limit=2").problem(400), "repeated_parameter");
}

#[test]
fn the_same_key_at_once_opens_one_ticket() {
    let (app, desk) = App::school(Store::Sqlite);
    let body = json!({
        "channel": "whatsapp", "subject": "Llamada perdida",
        "contact": {"address": "15550300099", "name": "Iván"},
    });
    let ids: BTreeSet<_> = at_once(8, |_| desk.agent.post_once("tickets", "open-1", &body))
        .into_iter()
        .map(|answer| answer.is(201).json()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    let again = desk.agent.post_once("tickets", "open-1", &body).is(201).json();
    assert_eq!((&again["id"], &again["number"]), (&tickets[0]["id"], &tickets[0]["number"]));
    let other = json!({"channel": "whatsapp", "contact": {"address": "15550300099"}});
    assert_eq!(desk.agent.post_once("tickets", "open-1", &other).problem(409), "idempotency_key_reused");
    drop(app);
}
