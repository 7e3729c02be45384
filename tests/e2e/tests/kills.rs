//! A reply that was accepted survives the death of the host. Kills in the middle of mixed traffic are in tests/faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Store, whatsapp};
use serde_json::json;

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
