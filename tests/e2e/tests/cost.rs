//! What a message costs at the store, whatever the number of tickets and messages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Desk, Store, pack, whatsapp};
use serde_json::json;

/// Sends a message and returns the calls that it made, each its name and the namespaces of its keys.
fn calls_of_a_message(app: &App, desk: &Desk, phone: &str, id: &str) -> Vec<String> {
    calls_of(app, desk, &whatsapp::message(phone, id, "sigo esperando"))
}

fn calls_of(app: &App, desk: &Desk, body: &str) -> Vec<String> {
    let before = app.calls("inbound").len();
    whatsapp::deliver(app.client(), desk, body).is(200);
    let calls = app.calls("inbound").split_off(before);
    let shape = |call: &Vec<String>| {
        let keys = call.iter().skip(1).step_by(2);
        let spaces: Vec<_> = keys.map(|key| key.split(':').nth(1).unwrap().to_owned()).collect();
        format!("{} {}", call[0], spaces.join(" "))
    };
    // What is counted for operators is written apart, every half second in one piece, however many messages came;
    // what counts towards a limit is told in portions of many messages.
    let counts = |call: &Vec<String>| {
        let spaces = ["r1:n:y:", "r1:y:", "r1:w:", "r1:n:l:", "r1:l:"];
        call[1..].iter().any(|key| spaces.iter().any(|of| key.starts_with(of)))
    };
    let mut shapes: Vec<_> = calls.iter().filter(|call| !counts(call)).map(shape).collect();
    // Gets are made at once, in no order.
    shapes.sort();
    shapes
}

/// The calls without the one that gets a key, and whether there was one.
fn without_key(mut calls: Vec<String>) -> (Vec<String>, usize) {
    let fetched = usize::from(calls.first().is_some_and(|call| call == "get k"));
    (calls.split_off(fetched), fetched)
}

#[test]
fn a_message_on_an_open_ticket_costs_four_gets_two_increments_and_one_set_many() {
    let app = App::noting_calls(Store::Sqlite);
    let desk = app.publish("school");
    let steady = [
        "get n", // the desk's configuration and the conversation, each counter and snapshot
        "get n",
        "get p",
        "get p",
        "increment n", // the conversation's slot and the feed's
        "increment n",
        "set-many s p f", // the event, the state with it, the feed entry
    ];
    let first = calls_of_a_message(&app, &desk, "15551100001", "wamid.1");
    assert!(first.len() > steady.len(), "a ticket is opened: {first:?}");
    // An instance that sees a key for the first time gets it, once; then it is at hand.
    let mut fetched = 0;
    for n in 2..12 {
        let (calls, keys) =
            without_key(calls_of_a_message(&app, &desk, "15551100001", &format!("wamid.{n}")));
        assert_eq!(calls, steady, "message {n}");
        fetched += keys;
    }
    assert!(fetched < 5, "a key is kept in memory, and was fetched {fetched} times for ten messages");
    for n in 0..30 {
        calls_of_a_message(&app, &desk, &format!("155511001{n:02}"), &format!("wamid.other.{n}"));
    }
    let (calls, _) = without_key(calls_of_a_message(&app, &desk, "15551100001", "wamid.many"));
    assert_eq!(calls, steady, "among many tickets");
    let (repeated, _) = without_key(calls_of_a_message(&app, &desk, "15551100001", "wamid.many"));
    assert_eq!(repeated, steady[..4], "a repeat writes nothing");
}

#[test]
fn a_message_that_carries_a_user_id_beside_the_number_costs_one_get_more() {
    let app = App::noting_calls(Store::Sqlite);
    let desk = app.publish("school");
    let carries = |id: &str, who: &str| {
        let message = whatsapp::message("15551300001", id, "sigo esperando");
        let from = r#""from":"15551300001""#;
        assert!(message.contains(from), "{message}");
        calls_of(&app, &desk, &message.replace(from, who))
    };
    let (number, both) = (r#""from":"15551300001""#, r#""from":"15551300001","from_user_id":"US.1""#);
    carries("wamid.i1", both);
    carries("wamid.i2", both);
    let shapes = |id: &str, who: &str| {
        let (mut calls, _) = without_key(carries(id, who));
        calls.sort();
        calls
    };
    let usual = shapes("wamid.i3", number);
    let more = shapes("wamid.i4", both);
    let gets = |calls: &[String]| calls.iter().filter(|call| call.starts_with("get ")).count();
    assert_eq!((more.len(), gets(&more)), (usual.len() + 1, gets(&usual) + 1), "{usual:?} {more:?}");
}

#[test]
fn a_ticket_that_opens_costs_one_load_more_where_its_account_is_looked_up() {
    let app = App::noting_calls(Store::Sqlite);
    let mut document = pack("school");
    let filled = app.publish_pack("filled", &document);
    document.as_object_mut().unwrap().remove("enrichment");
    let plain = app.publish_pack("plain", &document);
    let loads = |desk: &Desk, phone: &str| {
        let calls = calls_of_a_message(&app, desk, phone, &format!("wamid.{phone}"));
        calls.iter().filter(|call| ["get n", "get p"].contains(&call.as_str())).count()
    };
    let account = json!({"values": {"name": "Colegio Sur"}, "domains": []});
    filled.lead.put("directory/accounts/sur", &account).is(200);
    let person = json!({"addresses": [{"address": "15551200002"}], "account": "sur", "values": {}});
    filled.lead.put("directory/people", &person).is(200);
    // What an instance reads of a desk once.
    loads(&filled, "15551200001");
    loads(&plain, "15551200001");
    let usual = loads(&plain, "15551200003");
    assert_eq!(loads(&filled, "15551200003"), usual, "the contact is at hand");
    assert_eq!(loads(&filled, "15551200002"), usual + 2, "the account: its counter and its snapshot");
    assert_eq!(filled.ticket_of("15551200002")["fields"]["school"], "Colegio Sur");
}
