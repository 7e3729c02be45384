//! One person under several identifiers, and what they take back: as WhatsApp tells it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Desk, Store, pack, seconds_since_1970, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "34600700001";
const USER: &str = "ES.13491208655302741918";
const AT: i64 = 1_772_442_000;

/// Delivers one message with these members beside a text.
fn says(app: &App, desk: &Desk, id: &str, who: &Value) {
    let mut item = json!({"id": id, "timestamp": now().to_string(), "type": "text", "text": {"body": id}});
    item.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
    tells(app, desk, &item);
}

/// Delivers one item.
fn tells(app: &App, desk: &Desk, item: &Value) {
    let body = whatsapp::batch(&[vec![whatsapp::change(&[], &[item.to_string()], &[])]]);
    whatsapp::deliver(app.client(), desk, &body).is(200);
}

fn now() -> i64 {
    i64::try_from(seconds_since_1970()).unwrap()
}

fn number() -> Value {
    json!({"from": PHONE})
}

fn user() -> Value {
    json!({"from_user_id": USER})
}

fn both() -> Value {
    json!({"from": PHONE, "from_user_id": USER})
}

/// What the desk's only ticket says, the contact's addresses too.
#[track_caller]
fn only(desk: &Desk) -> (Vec<String>, Vec<String>) {
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    let ticket = desk.ticket(tickets[0]["id"].as_str().unwrap());
    let texts = ticket["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned());
    let contact = ticket["contact"]["id"].as_str().unwrap();
    let contact = desk.agent.get(&format!("contacts/{contact}")).is(200).json();
    let values = contact["addresses"].as_array().unwrap().iter();
    (texts.collect(), values.map(|a| a["value"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn a_number_and_a_user_id_that_came_together_are_one_person_in_any_order() {
    let app = App::bare(Store::Sqlite);
    let orders: [&[fn() -> Value]; 4] = [
        &[both, user, number, both],
        &[user, both, number, user],
        &[number, both, user, both],
        &[both, both],
    ];
    for (n, order) in orders.into_iter().enumerate() {
        let desk = app.publish_pack(&format!("order{n}"), &pack("school"));
        let texts: Vec<_> = (0..order.len()).map(|m| format!("wamid.{n}.{m}")).collect();
        for (who, id) in order.iter().zip(&texts) {
            says(&app, &desk, id, &who());
        }
        let (said, mut known_as) = only(&desk);
        known_as.sort();
        assert_eq!(said, texts, "order {n}");
        assert_eq!(known_as, [PHONE, USER], "order {n}");
    }
    // Also in one request, whose items are placed at once.
    let desk = app.publish_pack("batch", &pack("school"));
    let item = |id: &str, who: Value| {
        let mut item =
            json!({"id": id, "timestamp": now().to_string(), "type": "text", "text": {"body": id}});
        item.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        item.to_string()
    };
    let items = [item("wamid.b1", user()), item("wamid.b2", both())];
    let body = whatsapp::batch(&[vec![whatsapp::change(&[], &items, &[])]]);
    whatsapp::deliver(app.client(), &desk, &body).is(200);
    assert_eq!(only(&desk).0.len(), 2);
}

#[test]
fn two_numbers_are_two_people_whatever_their_user_ids() {
    let (app, desk) = App::school(Store::Sqlite);
    says(&app, &desk, "wamid.n0", &user());
    says(&app, &desk, "wamid.n1", &both());
    says(&app, &desk, "wamid.n2", &json!({"from": "34600700002", "from_user_id": USER}));
    assert_eq!(desk.tickets().len(), 2);
    says(&app, &desk, "wamid.n3", &both());
    assert_eq!(desk.ticket_of(PHONE)["messages"].as_array().unwrap().len(), 3);
}

#[test]
fn who_had_a_ticket_under_either_identifier_is_one_contact_from_then_on() {
    let (app, desk) = App::school(Store::Sqlite);
    says(&app, &desk, "wamid.t1", &number());
    says(&app, &desk, "wamid.t2", &user());
    assert_eq!(desk.tickets().len(), 2, "nobody knows yet");
    says(&app, &desk, "wamid.t3", &both());
    let ticket = desk.ticket_of(PHONE);
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 2);
    let contact = ticket["contact"]["id"].as_str().unwrap().to_owned();
    let known = desk.agent.get(&format!("contacts/{contact}")).is(200).json();
    assert_eq!(known["tickets"].as_array().unwrap().len(), 2, "{known}");
    // When the ticket under the id is over, what follows is said where the number leads.
    let other = desk.tickets().into_iter().find(|t| t["id"] != ticket["id"]).unwrap();
    let other = other["id"].as_str().unwrap();
    for status in ["solved", "closed"] {
        desk.agent.post(&format!("tickets/{other}/status"), &json!({"status": status})).is(200);
    }
    says(&app, &desk, "wamid.t4", &user());
    assert_eq!(desk.tickets().len(), 2);
    let ticket = desk.ticket(ticket["id"].as_str().unwrap());
    assert_eq!(ticket["messages"].as_array().unwrap().len(), 3);
}

#[test]
fn who_gets_another_number_or_id_stays_who_they_are() {
    let (app, desk) = App::school(Store::Sqlite);
    says(&app, &desk, "wamid.c1", &both());
    let at = now().to_string();
    tells(
        &app,
        &desk,
        &json!({"from": PHONE, "id": "wamid.c2", "timestamp": at, "type": "system", "system":
        {"type": "user_changed_number", "wa_id": "34600700009", "user_id": "ES.2", "previous_user_id": USER}}),
    );
    says(&app, &desk, "wamid.c3", &json!({"from": "34600700009", "from_user_id": "ES.2"}));
    says(&app, &desk, "wamid.c4", &json!({"from_user_id": "ES.2"}));
    tells(
        &app,
        &desk,
        &json!({"id": "wamid.c5", "timestamp": at, "type": "system", "system":
        {"type": "user_changed_user_id", "user_id": "ES.3", "previous_user_id": "ES.2"}}),
    );
    says(&app, &desk, "wamid.c6", &json!({"from_user_id": "ES.3"}));
    says(&app, &desk, "wamid.c7", &json!({"from": "34600700009", "from_user_id": "ES.3"}));
    let (said, known_as) = only(&desk);
    assert_eq!(said, ["wamid.c1", "wamid.c3", "wamid.c4", "wamid.c6", "wamid.c7"]);
    assert!(known_as.contains(&"34600700009".to_owned()), "{known_as:?}");
    // A ticket that we open for the new number is theirs too.
    let new = json!({"channel": "whatsapp", "contact": {"address": "34600700009"}});
    let opened = desk.agent.post("tickets", &new).is(201).json();
    assert_eq!(opened["contact"]["id"], desk.tickets()[0]["contact"]["id"]);
}

#[test]
fn what_whatsapp_delivers_a_day_late_opens_no_window() {
    let (app, desk) = App::school(Store::Sqlite);
    let late = (now() - 25 * 3600).to_string();
    tells(
        &app,
        &desk,
        &json!({"from": PHONE, "id": "wamid.l1", "timestamp": late, "type": "text", "text": {"body": "?"}}),
    );
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    let replies = format!("tickets/{id}/replies");
    assert_eq!(desk.agent.post(&replies, &json!({"text": "hola"})).problem(409), "outside_window");
    // One that claims to be from tomorrow keeps it open no longer than from now.
    says(&app, &desk, "wamid.l2", &number());
    desk.agent.post(&replies, &json!({"text": "hola"})).is(201);
}

#[test]
fn a_ticket_shows_what_its_customer_says_now_and_the_history_what_they_said() {
    let (app, desk) = App::school(Store::Sqlite);
    for id in ["wamid.e1", "wamid.e2"] {
        says(&app, &desk, id, &number());
    }
    let item = |id: &str, kind: &str, detail: Value| {
        let mut item = json!({"from": PHONE, "id": id, "timestamp": AT.to_string(), "type": kind});
        item[kind] = detail;
        item
    };
    let edit = json!({"original_message_id": "wamid.e1", "message": {"type": "text", "text": {"body": "otra cosa"}}});
    tells(&app, &desk, &item("wamid.e3", "edit", edit));
    tells(&app, &desk, &item("wamid.e4", "revoke", json!({"original_message_id": "wamid.e2"})));
    let ticket = desk.ticket_of(PHONE);
    let messages = ticket["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!((&messages[0]["text"], messages[0]["edited_at"].is_string()), (&json!("otra cosa"), true));
    assert_eq!((&messages[1]["text"], messages[1]["withdrawn_at"].is_string()), (&Value::Null, true));
    let id = ticket["id"].as_str().unwrap();
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json().to_string();
    assert!(history.contains("wamid.e1") && history.contains("\"wamid.e2\""), "what was said is there");
}

#[test]
fn a_business_that_telegram_lets_us_into_is_answered_there_and_its_own_words_open_nothing() {
    let app = App::bare(Store::Sqlite);
    let desk =
        app.publish_with("school", |pack| pack["channels"]["telegram"]["main"] = json!({"settings": {}}));
    let secret = desk.secret("telegram", "main");
    let headers = [("content-type", "application/json"), ("x-telegram-bot-api-secret-token", &*secret)];
    let deliver = |id: i64, writer: i64, text: &str| {
        let message = json!({"message_id": id, "date": now(), "business_connection_id": "bc_1", "text": text,
            "from": {"id": writer, "is_bot": false, "first_name": "Luz"}, "chat": {"id": 7, "type": "private"}});
        let update = json!({"update_id": id, "business_message": message}).to_string();
        app.client().send("POST", &desk.hook("telegram", "main"), &headers, Some(update.as_bytes())).is(200);
    };
    deliver(1, 555, "Buenos días");
    assert!(desk.tickets().is_empty(), "the owner wrote to somebody");
    deliver(2, 7, "¿Hay plazas?");
    deliver(3, 555, "Sí, tres");
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "{tickets:?}");
    let id = tickets[0]["id"].as_str().unwrap();
    let ticket = desk.ticket(id);
    let directions: Vec<_> = ticket["messages"].as_array().unwrap().iter().map(|m| &m["direction"]).collect();
    assert_eq!(directions, ["in", "out"]);
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Le esperamos"})).is(201);
    let sent = relevo_e2e::eventually("it goes out", std::time::Duration::from_secs(10), || {
        app.provider.received("/sendMessage").into_iter().next()
    });
    assert_eq!(
        (&sent.json()["chat_id"], &sent.json()["business_connection_id"]),
        (&json!("7"), &json!("bc_1"))
    );
}
