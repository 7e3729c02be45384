//! Whatever was acknowledged survives the death of any process at any instant, and is there once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use relevo_e2e::{App, Client, Desk, Store, eventually, whatsapp};
use serde_json::json;

/// Providers that deliver at the same time, each for people of its own.
const WRITERS: usize = 4;
const PEOPLE_EACH: usize = 6;

/// What was sent, and what came of it.
#[derive(Default)]
struct Ledger {
    /// By phone number: the texts that were acknowledged.
    acknowledged: Mutex<BTreeMap<String, BTreeSet<String>>>,
    count: AtomicUsize,
    stop: AtomicBool,
}

#[test]
fn killing_the_host_fifty_times_in_the_middle_of_traffic_loses_and_doubles_nothing_on_sqlite() {
    let (mut app, desk) = App::school(Store::Sqlite);
    under_fire(&mut app, &desk, 50, |app, _| {
        app.host.kill9();
        app.host.restart();
    });
}

#[test]
fn killing_the_host_and_redis_in_the_middle_of_traffic_loses_and_doubles_nothing() {
    let (mut app, desk) = App::school(Store::Redis);
    under_fire(&mut app, &desk, 16, |app, round| {
        // The host, Redis under the host, or both.
        if round % 4 != 1 {
            app.host.kill9();
        }
        if round % 2 == 1 {
            app.redis.as_mut().unwrap().kill9_and_restart();
        }
        if round % 4 != 1 {
            app.host.restart();
        }
    });
}

fn under_fire(app: &mut App, desk: &Desk, rounds: usize, mut strike: impl FnMut(&mut App, usize)) {
    let ledger = Ledger::default();
    let client = app.client().clone();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (ledger, client) = (&ledger, &client);
            scope.spawn(move || keep_writing(client, desk, writer, ledger));
        }
        let (ledger, client) = (&ledger, &client);
        scope.spawn(move || keep_working(client, desk, ledger));
        for round in 0..rounds {
            // In the middle of traffic: after another number of messages each time.
            let wanted = ledger.count.load(Ordering::Relaxed) + 1 + round * 7 % 17;
            eventually("messages are acknowledged", Duration::from_secs(30), || {
                (ledger.count.load(Ordering::Relaxed) >= wanted).then_some(())
            });
            strike(app, round);
        }
        ledger.stop.store(true, Ordering::Relaxed);
    });
    for name in ["projections", "delivery", "surveys", "sla"] {
        app.host.tick_all(name);
    }
    let expected = ledger.acknowledged.into_inner().unwrap();
    assert!(expected.len() == WRITERS * PEOPLE_EACH, "everybody has written");
    let listed = desk.tickets();
    assert_eq!(listed.len(), expected.len(), "every ticket is in the list once");
    for ticket in listed {
        let whole = desk.ticket(ticket["id"].as_str().unwrap());
        let phone = whole["contact"]["addresses"][0]["value"].as_str().unwrap();
        let incoming =
            whole["messages"].as_array().unwrap().iter().filter(|message| message["direction"] == "in");
        let texts: Vec<_> = incoming.map(|message| message["text"].as_str().unwrap().to_owned()).collect();
        let set: BTreeSet<_> = texts.iter().cloned().collect();
        assert_eq!(texts.len(), set.len(), "{phone}: something is there twice");
        assert_eq!(set, expected[phone], "{phone}");
    }
    let problems = desk.lead.get("problems").is(200).json();
    assert_eq!(problems["items"], json!([]));
}

/// Delivers one message after the other as a provider does: each again and again until it is acknowledged.
fn keep_writing(client: &Client, desk: &Desk, writer: usize, ledger: &Ledger) {
    for n in 0.. {
        if ledger.stop.load(Ordering::Relaxed) && n >= PEOPLE_EACH {
            return;
        }
        let phone = format!("1555130{writer}{:03}", n % PEOPLE_EACH);
        let text = format!("mensaje {n}");
        let body = whatsapp::message(&phone, &format!("wamid.{writer}.{n}"), &text);
        eventually("a message is acknowledged", Duration::from_secs(60), || {
            let answer = whatsapp::try_deliver(client, desk, &body)?;
            // A store that is down is a 503, and the provider tries again; nothing else may come of it.
            assert!(matches!(answer.status, 200 | 503), "{} {}", answer.status, answer.body);
            (answer.status == 200).then_some(())
        });
        ledger.acknowledged.lock().unwrap().entry(phone).or_default().insert(text);
        ledger.count.fetch_add(1, Ordering::Relaxed);
    }
}

/// What else goes on: schedules fire and the work list is read, whether anything answers or not.
fn keep_working(client: &Client, desk: &Desk, ledger: &Ledger) {
    let bearer = |token: &str| format!("Bearer {token}");
    let (tick, agent) = (bearer(relevo_e2e::TICK_TOKEN), bearer(&desk.agent.token));
    while !ledger.stop.load(Ordering::Relaxed) {
        for name in ["projections", "sla", "delivery"] {
            let path = format!("/internal/tick/{name}");
            let _ = client.attempt("POST", &path, &[("authorization", &tick)], Some(b"{}"));
        }
        let _ = client.attempt("GET", "/api/school/tickets?limit=5", &[("authorization", &agent)], None);
    }
}

#[test]
fn a_reply_that_was_accepted_before_the_host_died_is_sent_or_waits_to_be() {
    let (mut app, desk) = App::school(Store::Sqlite);
    for n in 0..8 {
        let (phone, text) = (format!("1555131{n:04}"), format!("respuesta {n}"));
        whatsapp::deliver(app.client(), &desk, &whatsapp::message(&phone, &format!("wamid.{n}"), "hola"))
            .is(200);
        let id = desk.ticket_of(&phone)["id"].as_str().unwrap().to_owned();
        desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": text})).is(201);
        app.host.kill9();
        app.host.restart();
        app.host.tick_all("delivery");

        let message = desk.ticket(&id)["messages"][1].clone();
        assert_eq!(message["text"], text.as_str(), "{message}");
        let outbox = desk.lead.get("outbox").is(200).json();
        let entry =
            outbox["items"].as_array().unwrap().iter().find(|entry| entry["ticket"] == id.as_str()).unwrap();
        match (entry["status"].as_str().unwrap(), app.provider.sent_to(&phone, &text).len()) {
            ("sent", 1) => {}
            // The dead sender had taken it: it is left alone until its taker cannot be alive any more.
            ("queued", 0 | 1) => assert!(entry["next_attempt_at"].is_string(), "{entry}"),
            other => panic!("{other:?}: {entry}"),
        }
    }
}
