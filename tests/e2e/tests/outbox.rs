//! What is to go out does go out, once, whatever the receiver does meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::thread;
use std::time::Duration;

use relevo_e2e::{App, Desk, Fault, Host, Received, Store, eventually, verify_standard, whatsapp};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// A ticket of somebody who wrote.
fn ticket(app: &App, desk: &Desk, phone: &str) -> String {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(phone, &format!("wamid.in.{phone}"), "hola"))
        .is(200);
    desk.ticket_of(phone)["id"].as_str().unwrap().to_owned()
}

fn reply(desk: &Desk, id: &str, text: &str) {
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": text})).is(201);
}

/// How often the provider accepted something.
fn accepted(requests: &[Received]) -> usize {
    requests.iter().filter(|request| request.status == 200).count()
}

fn delivery(desk: &Desk, id: &str) -> Value {
    let ticket = desk.ticket(id);
    let out = ticket["messages"].as_array().unwrap().iter().find(|message| message["direction"] == "out");
    out.unwrap()["delivery"].clone()
}

/// Two schedules that overlap, until `done`.
fn tick_in_parallel(host: &Host, what: &str, mut done: impl FnMut() -> bool) {
    eventually(what, LIMIT, || {
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| host.tick("delivery"));
            }
        });
        done().then_some(())
    });
}

#[test]
fn a_provider_that_fails_or_hangs_up_is_tried_again_and_gets_the_message_once() {
    let (app, desk) = App::school(Store::Sqlite);
    for (n, fault) in [Fault::Status(500, json!({})), Fault::Status(429, json!({})), Fault::NoAnswer]
        .into_iter()
        .enumerate()
    {
        let phone = format!("1555080{n:04}");
        let id = ticket(&app, &desk, &phone);
        app.provider.misbehave(fault.clone(), 1, "/messages");
        reply(&desk, &id, "Con paciencia");
        eventually("the first attempt", LIMIT, || app.provider.sent_to(&phone, "").into_iter().next());
        assert_eq!(delivery(&desk, &id), "queued", "{fault:?}");
        tick_in_parallel(&app.host, "the second attempt", || accepted(&app.provider.sent_to(&phone, "")) > 0);
        eventually("it is marked as sent", LIMIT, || (delivery(&desk, &id) == "sent").then_some(()));
        app.host.tick_all("delivery");
        assert_eq!(app.provider.sent_to(&phone, "").len(), 2, "{fault:?}: one failure, one success");
    }
    let attempts = desk.lead.get("outbox?status=sent").is(200).json();
    assert!(attempts["items"].as_array().unwrap().iter().all(|item| item["attempts"] == 2), "{attempts}");
}

#[test]
fn a_message_that_is_refused_for_good_is_a_dead_letter_until_a_person_has_it_tried_again() {
    let (app, desk) = App::school(Store::Sqlite);
    let phone = "15550810001";
    let id = ticket(&app, &desk, phone);
    let refusal =
        json!({"error": {"message": "(#131026) Message undeliverable", "code": 131026, "fbtrace_id": "A"}});
    app.provider.misbehave(Fault::Status(400, refusal), 1, "/messages");
    reply(&desk, &id, "¿Llega?");
    eventually("it is marked as failed", LIMIT, || (delivery(&desk, &id) == "failed").then_some(()));
    app.host.tick_all("delivery");
    assert_eq!(app.provider.sent_to(phone, "").len(), 1, "not tried again of itself");

    let failed = desk.lead.get("outbox?status=failed").is(200).json();
    assert_eq!(failed["items"].as_array().map(Vec::len), Some(1), "{failed}");
    let entry = failed["items"][0].clone();
    assert_eq!(entry["ticket"], json!(id));
    assert!(entry["why"].as_str().unwrap().starts_with("131026"), "{entry}");
    assert!(!entry.to_string().contains(phone), "a number is nowhere in the list: {entry}");

    let retry = format!("outbox/{}/retry", entry["id"].as_str().unwrap());
    desk.lead.post(&retry, &json!({})).is(200);
    eventually("it is marked as sent", LIMIT, || (delivery(&desk, &id) == "sent").then_some(()));
    assert_eq!(app.provider.sent_to(phone, "¿Llega?").len(), 2);
    assert_eq!(desk.lead.post(&retry, &json!({})).problem(409), "not_failed");
    let failed = desk.lead.get("outbox?status=failed").is(200).json();
    assert_eq!(failed["items"], json!([]), "{failed}");
}

#[test]
fn schedules_that_overlap_send_each_message_once() {
    let (app, desk) = App::school(Store::Sqlite);
    let phones: Vec<_> = (0..12).map(|n| format!("1555082{n:04}")).collect();
    let ids: Vec<_> = phones.iter().map(|phone| ticket(&app, &desk, phone)).collect();
    // First attempts fail until the account is left alone: what is due after that is for the schedules alone.
    app.provider.misbehave(Fault::Status(503, json!({})), 12, "/messages");
    ids.iter().for_each(|id| reply(&desk, id, "Una vez"));
    eventually("the first attempts", LIMIT, || (app.provider.received("/messages").len() >= 5).then_some(()));
    app.provider.behave();
    app.provider.misbehave(Fault::Slow(Duration::from_millis(150)), 12, "/messages");
    tick_in_parallel(&app.host, "all are sent", || {
        phones.iter().all(|phone| accepted(&app.provider.sent_to(phone, "")) > 0)
    });
    for (phone, id) in phones.iter().zip(&ids) {
        eventually("it is marked as sent", LIMIT, || (delivery(&desk, id) == "sent").then_some(()));
        assert_eq!(accepted(&app.provider.sent_to(phone, "")), 1, "{phone}");
    }
}

#[test]
fn a_slow_provider_keeps_nobody_waiting() {
    let (app, desk) = App::school(Store::Sqlite);
    let id = ticket(&app, &desk, "15550830001");
    app.provider.misbehave(Fault::Slow(Duration::from_secs(3)), 1, "/messages");
    let begun = std::time::Instant::now();
    reply(&desk, &id, "Sin prisa");
    let next = whatsapp::message("15550830002", "wamid.in.next", "hola");
    whatsapp::deliver(app.client(), &desk, &next).is(200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(delivery(&desk, &id), "queued");
    eventually("it is marked as sent", LIMIT, || (delivery(&desk, &id) == "sent").then_some(()));
}

#[test]
fn subscribers_get_each_event_once_signed_and_after_a_failure_the_same_bytes_again() {
    let (app, desk) = App::school(Store::Sqlite);
    let url = format!("{}/subscribers/crm", app.provider.base_url());
    let created = desk.admin.post("subscribers", &json!({"url": url, "events": []})).is(201).json();
    let secret = created["secret"].as_str().unwrap();
    assert!(!desk.admin.get("subscribers").is(200).body.contains(secret), "it is shown once");
    app.provider.misbehave(Fault::Status(500, json!({})), 1, "/subscribers/crm");

    let id = ticket(&app, &desk, "15550840001");
    desk.agent.post(&format!("tickets/{id}/assignment"), &json!({"agent": desk.agent.person})).is(200);
    let expected = ["message.received", "ticket.assigned", "ticket.opened"];
    eventually("all events are there", LIMIT, || {
        thread::scope(|scope| {
            for name in ["projections", "delivery", "projections", "delivery"] {
                let host = &app.host;
                scope.spawn(move || host.tick(name));
            }
        });
        (accepted(&app.provider.received("/subscribers/crm")) >= expected.len()).then_some(())
    });
    app.host.tick_all("projections");
    app.host.tick_all("delivery");

    let all = app.provider.received("/subscribers/crm");
    for request in &all {
        let header = |name| request.header(name);
        let (id, at, signature) =
            (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        assert!(verify_standard(secret, id, at, &request.body, signature), "{request:?}");
    }
    let mut types: Vec<_> =
        all.iter().filter(|r| r.status == 200).map(|r| r.json()["type"].clone()).collect();
    types.sort_by_key(Value::to_string);
    assert_eq!(types, expected);
    let failed = all.iter().find(|request| request.status == 500).unwrap();
    let again =
        all.iter().filter(|r| r.status == 200 && r.header("webhook-id") == failed.header("webhook-id"));
    assert_eq!(again.map(|request| &request.body).collect::<Vec<_>>(), [&failed.body]);
}

#[test]
fn a_subscriber_hears_only_of_the_tickets_that_it_asked_for() {
    let (app, desk) = App::school(Store::Sqlite);
    let url = |name: &str| format!("{}/subscribers/{name}", app.provider.base_url());
    let subscribe =
        |name: &str, only: Value| desk.admin.post("subscribers", &json!({"url": url(name), "only": only}));
    assert_eq!(subscribe("x", json!({"queues": ["nobody"]})).problem(422), "invalid_document");
    assert_eq!(subscribe("x", json!({"channels": ["telegram", "pigeon"]})).problem(422), "invalid_document");
    subscribe("x", json!({"priorities": ["burning"]})).problem(422);
    subscribe("x", json!({"queue": ["support"]})).problem(422);
    let vip = subscribe("vip", json!({"tags": ["vip"], "channels": ["whatsapp"]})).is(201).json();
    assert_eq!(vip["only"], json!({"channels": ["whatsapp"], "tags": ["vip"]}));
    subscribe("quiet", json!({"channels": ["standard"]})).is(201);

    let (one, other) = (ticket(&app, &desk, "15550840011"), ticket(&app, &desk, "15550840012"));
    app.host.tick_all("projections");
    desk.agent.post(&format!("tickets/{one}/tags"), &json!({"add": ["vip"]})).is(200);
    for id in [&one, &other] {
        desk.agent.post(&format!("tickets/{id}/assignment"), &json!({"agent": desk.agent.person})).is(200);
    }
    eventually("the ticket's assignment is told", LIMIT, || {
        app.host.tick_all("projections");
        app.host.tick_all("delivery");
        (accepted(&app.provider.received("/subscribers/vip")) > 0).then_some(())
    });
    for request in app.provider.received("/subscribers/vip") {
        assert_eq!(request.json()["data"]["ticket"]["id"], one.as_str(), "{request:?}");
    }
    assert!(app.provider.received("/subscribers/quiet").is_empty());
}

#[test]
fn deliveries_and_contacts_are_listed_to_the_last_page_by_page() {
    let (app, desk) = App::school(Store::Sqlite);
    let phones: Vec<String> = (0..5).map(|n| format!("1555077{n:04}")).collect();
    for phone in &phones {
        reply(&desk, &ticket(&app, &desk, phone), "hola");
    }
    app.tick_everything();
    let walk = |path: &str| -> Vec<String> {
        let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = desk.lead.get(&format!("{path}?limit=2{cursor}")).is(200).json();
            let items = page["items"].as_array().unwrap();
            found.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            pages += 1;
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
            assert!(pages < 6, "{page}");
        }
        found
    };
    for path in ["contacts", "outbox"] {
        let whole = desk.lead.get(&format!("{path}?limit=200")).is(200).json();
        let whole: Vec<String> =
            whole["items"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!((walk(path), whole.len()), (whole, 5), "{path}");
        for cursor in ["x", "1", "99999999999999999.x", ".5"] {
            let refused = desk.lead.get(&format!("{path}?cursor={cursor}"));
            if path == "contacts" || !cursor.contains("99") {
                assert_eq!(refused.problem(400), "bad_cursor", "{path} {cursor}");
            }
        }
    }
}

/// A notice to a room of Slack, which says no with status 200 or, where it is asked too often, with 429.
#[test]
fn a_room_that_is_busy_is_told_later_and_one_that_there_is_not_is_a_dead_letter() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("travel");
    let complains = |phone: &str| {
        let message = whatsapp::message(phone, &format!("wamid.in.{phone}"), "Жалоба: гид не пришёл");
        whatsapp::deliver(app.client(), &desk, &message).is(200);
    };
    let no = |error: &str| json!({"ok": false, "error": error});
    let posted = || app.provider.received("/api/chat.postMessage");
    app.provider.misbehave(Fault::Status(200, no("ratelimited")), 1, "/chat.postMessage");
    app.provider.misbehave(Fault::RetryAfter(429, 1), 1, "/chat.postMessage");
    complains("15550860001");
    eventually("the room is told", LIMIT, || {
        app.tick_everything();
        (posted().iter().filter(|request| request.status == 200).count() == 2).then_some(())
    });
    let all = posted();
    assert_eq!(all.iter().map(|request| request.status).collect::<Vec<_>>(), [200, 429, 200]);
    assert!(all.iter().all(|request| request.body == all[0].body), "the same is said again: {all:?}");
    let sent = |status: &str| desk.lead.get(&format!("outbox?status={status}")).is(200).json();
    let through_slack = |list: &Value| -> Vec<Value> {
        let items = list["items"].as_array().unwrap().iter();
        items.filter(|item| item["to"] == "slack/main").cloned().collect()
    };
    eventually("it is noted", LIMIT, || (through_slack(&sent("sent")).len() == 1).then_some(()));
    assert_eq!(through_slack(&sent("sent"))[0]["attempts"], 3);

    app.provider.misbehave(Fault::Status(200, no("channel_not_found")), 1, "/chat.postMessage");
    complains("15550860002");
    let dead = eventually("it is given up", LIMIT, || {
        app.tick_everything();
        through_slack(&sent("failed")).pop()
    });
    assert_eq!((&dead["why"], &dead["attempts"]), (&json!("channel_not_found"), &json!(1)), "{dead}");
    assert_eq!(posted().len(), 4, "not tried again of itself");
    desk.lead.post(&format!("outbox/{}/retry", dead["id"].as_str().unwrap()), &json!({})).is(200);
    eventually("it is told after all", LIMIT, || {
        app.tick_everything();
        (posted().len() == 5 && through_slack(&sent("failed")).is_empty()).then_some(())
    });
}
