//! Standard Webhooks, the generic channel, both ways.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use relevo_e2e::{Answer, App, Desk, Store, eventually, seconds_since_1970, sign_standard, verify_standard};
use serde_json::{Value, json};

fn post(app: &App, desk: &Desk, id: &str, body: &Value) -> Answer {
    let (at, body) = (seconds_since_1970().to_string(), body.to_string());
    let signature = sign_standard(&desk.secret("standard", "main"), id, &at, &body);
    let headers = [("webhook-id", id), ("webhook-timestamp", &*at), ("webhook-signature", &*signature)];
    app.client().send("POST", &desk.hook("standard", "main"), &headers, Some(body.as_bytes()))
}

#[test]
fn a_message_of_the_generic_channel_is_answered_on_it_signed() {
    let (app, desk) = App::school(Store::Sqlite);
    let message = json!({"type": "message", "data": {
        "from": "ana@example.org", "name": "Ana Núñez", "text": " Sin recortar \n", "external_id": "portal-1",
    }});
    for id in ["msg_1", "msg_1", "msg_2"] {
        post(&app, &desk, id, &message).is(200);
    }
    let tickets = desk.tickets();
    assert_eq!(tickets.len(), 1, "known by its external_id, whatever the envelope: {tickets:?}");
    let id = tickets[0]["id"].as_str().unwrap();
    let ticket = desk.ticket(id);
    assert_eq!(ticket["messages"].as_array().map(Vec::len), Some(1), "{ticket}");
    assert_eq!(ticket["messages"][0]["text"], " Sin recortar \n");
    assert_eq!(ticket["contact"]["addresses"][0]["kind"], "email");

    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Enseguida, Ana"})).is(201);
    let sent = eventually("the portal gets the reply", Duration::from_secs(5), || {
        app.provider.received("/relevo/mensajes").into_iter().next()
    });
    let header = |name| sent.header(name);
    let (id, at, signature) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    assert!(verify_standard(&desk.secret("standard", "main"), id, at, &sent.body, signature), "{sent:?}");
    let body = sent.json();
    assert_eq!(
        json!([body["type"], body["data"]["to"], body["data"]["text"]]),
        json!(["message", "ana@example.org", "Enseguida, Ana"])
    );
}

#[test]
fn any_other_event_is_kept_with_the_conversation_or_the_account() {
    let (app, desk) = App::school(Store::Sqlite);
    post(&app, &desk, "evt_0", &json!({"type": "user.login", "data": {"from": "luis@example.org"}})).is(200);
    assert_eq!(desk.tickets(), Vec::<Value>::new(), "an event opens no ticket");

    let message = json!({"type": "message", "data": {"from": "luis@example.org", "text": "hola"}});
    post(&app, &desk, "msg_1", &message).is(200);
    for _ in 0..2 {
        post(
            &app,
            &desk,
            "evt_1",
            &json!({"type": "user.upgraded", "data": {"from": "luis@example.org", "plan": "pro"}}),
        )
        .is(200);
    }
    let id = desk.tickets()[0]["id"].as_str().unwrap().to_owned();
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let events = history["items"].as_array().unwrap().iter().filter(|item| item["type"] == "event.received");
    let kinds: Vec<_> = events.map(|item| item["data"]["kind"].clone()).collect();
    assert_eq!(kinds, [json!("user.upgraded")], "{history}");
    assert_eq!(desk.ticket(&id)["messages"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_signed_event_without_what_it_needs_is_malformed() {
    let (app, desk) = App::school(Store::Sqlite);
    for body in [
        json!({}),
        json!({"type": 1}),
        json!({"type": "message"}),
        json!({"type": "message", "data": {"text": "nobody"}}),
        json!({"type": "message", "data": {"from": "a@example.org"}}),
        json!({"type": "message", "data": {"from": "a@example.org", "text": 1}}),
        json!([]),
    ] {
        assert_eq!(post(&app, &desk, "msg_x", &body).problem(400), "malformed", "{body}");
    }
    assert_eq!(desk.tickets(), Vec::<Value>::new());
}
