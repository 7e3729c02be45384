//! Every item of a batched webhook is read, and one that cannot be understood keeps no other from it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use relevo_e2e::{App, Desk, Store, eventually, whatsapp};
use serde_json::{Value, json};

const ANA: &str = "34600111222";
const BETO: &str = "525512345678";
const CARLA: &str = "33612345678";

#[test]
fn every_entry_change_message_and_status_of_a_batch_is_read_and_a_bad_item_is_kept_as_a_problem() {
    let (app, desk) = App::school(Store::Sqlite);
    let sent: Vec<_> = [ANA, BETO].iter().map(|phone| conversation(&app, &desk, phone)).collect();

    let bad = r#"{"from":"33612345678","timestamp":"1772442000","type":"text","text":{"body":"sin id"}}"#
        .to_owned();
    let people = [whatsapp::contact(ANA, "Ana Nuñez"), whatsapp::contact(BETO, "Beto")];
    let body = whatsapp::batch(&[
        vec![
            whatsapp::change(
                &people,
                &[whatsapp::text(ANA, "wamid.1", "uno"), whatsapp::text(BETO, "wamid.2", "dos")],
                &[],
            ),
            whatsapp::change(&[], &[], &[whatsapp::status(&sent[0], "delivered", ANA)]),
        ],
        vec![whatsapp::change(
            &[whatsapp::contact(CARLA, "Carla")],
            &[whatsapp::text(CARLA, "wamid.3", "tres"), bad, whatsapp::text(CARLA, "wamid.4", "cuatro")],
            &[whatsapp::status(&sent[1], "delivered", BETO), whatsapp::status(&sent[1], "read", BETO)],
        )],
        vec![whatsapp::change(&people, &[whatsapp::text(ANA, "wamid.5", "cinco")], &[])],
    ]);
    // The second delivery is the provider's repeat: nothing of it may be there twice.
    for _ in 0..2 {
        whatsapp::deliver(app.client(), &desk, &body).is(200);
    }

    assert_eq!(received(&desk, ANA), ["hola", "uno", "cinco"]);
    assert_eq!(received(&desk, BETO), ["hola", "dos"]);
    assert_eq!(received(&desk, CARLA), ["tres", "cuatro"]);
    assert_eq!(desk.ticket_of(ANA)["contact"]["name"], "Ana Nuñez");
    assert_eq!(outgoing(&desk, ANA)["delivery"], "delivered");
    assert_eq!(outgoing(&desk, BETO)["delivery"], "read");

    let problems = desk.lead.get("problems").is(200).json();
    assert_eq!(problems["items"].as_array().map(Vec::len), Some(1), "{problems}");
    let problem = &problems["items"][0];
    assert_eq!(problem["pointer"], "/entry/1/changes/0/value/messages/1/id", "{problem}");
    assert_eq!(problem["item"]["text"]["body"], "sin id", "{problem}");
}

#[test]
fn a_batch_of_a_thousand_messages_of_fifty_people_is_there_whole() {
    let (app, desk) = App::school(Store::Sqlite);
    let phone = |n: usize| format!("1555020{:04}", n % 50);
    let messages: Vec<_> = (0..1_000)
        .map(|n| whatsapp::text(&phone(n), &format!("wamid.M{n}"), &format!("mensaje {n}")))
        .collect();
    let body = whatsapp::batch(&[vec![whatsapp::change(&[], &messages, &[])]]);
    whatsapp::deliver(app.client(), &desk, &body).is(200);

    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 50);
    let texts: BTreeMap<String, Vec<String>> = tickets
        .iter()
        .map(|ticket| {
            let whole = desk.ticket(ticket["id"].as_str().unwrap());
            (ticket["contact"]["addresses"][0]["value"].as_str().unwrap().to_owned(), texts(&whole))
        })
        .collect();
    for n in 0..50 {
        let expected: Vec<_> = (0..20).map(|round| format!("mensaje {}", round * 50 + n)).collect();
        assert_eq!(texts[&phone(n)], expected, "in the order of the batch");
    }
}

#[test]
fn statuses_may_come_before_we_know_what_they_are_about() {
    let (app, desk) = App::school(Store::Sqlite);
    whatsapp::deliver(app.client(), &desk, &whatsapp::report("wamid.UNKNOWN", "delivered", "15550109999"))
        .is(200);
    assert_eq!(desk.tickets(), Vec::<Value>::new(), "a report makes no conversation of its own");
}

/// A conversation with one message each way; the provider's id of ours.
fn conversation(app: &App, desk: &Desk, phone: &str) -> String {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(phone, &format!("wamid.first.{phone}"), "hola"))
        .is(200);
    let id = desk.ticket_of(phone)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Buenos días"})).is(201);
    eventually("the reply has gone out", Duration::from_secs(5), || {
        outgoing(desk, phone)["external_id"].as_str().map(str::to_owned)
    })
}

fn outgoing(desk: &Desk, phone: &str) -> Value {
    let ticket = desk.ticket_of(phone);
    let mut messages = ticket["messages"].as_array().unwrap().iter();
    messages.find(|message| message["direction"] == "out").unwrap().clone()
}

fn received(desk: &Desk, phone: &str) -> Vec<String> {
    texts(&desk.ticket_of(phone))
}

fn texts(ticket: &Value) -> Vec<String> {
    let messages =
        ticket["messages"].as_array().unwrap().iter().filter(|message| message["direction"] == "in");
    messages.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}
