//! Answering: drafts, who else is writing, answers that have not seen the last message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550970001";

fn desk(change: impl FnOnce(&mut Value)) -> (App, Desk, String) {
    let app = App::bare(Store::Sqlite);
    let mut pack = pack("school");
    change(&mut pack);
    let desk = app.publish_pack("school", &pack);
    says(&app, &desk, "wamid.1", "no carga el acta");
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    (app, desk, id)
}

fn says(app: &App, desk: &Desk, id: &str, words: &str) {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(PHONE, id, words)).is(200);
}

fn read(caller: &Caller, id: &str) -> Value {
    caller.get(&format!("tickets/{id}")).is(200).json()
}

#[test]
fn drafts_are_kept_and_tell_others_who_is_writing() {
    let (app, desk, id) = desk(|_| ());
    let (agent, lead, draft) = (&desk.agent, &desk.lead, format!("tickets/{id}/draft"));
    assert_eq!(agent.get(&draft).problem(404), "no_draft");
    let saved = agent.put(&draft, &json!({"text": ""})).is(200).json();
    let since = saved["since"].clone();
    agent.put(&draft, &json!({"text": "Hola, le pregunto a Ana"})).is(200);
    assert_eq!(agent.get(&draft).is(200).json()["text"], "Hola, le pregunto a Ana");
    let writing = json!([{"person": agent.person, "since": since}]);
    assert_eq!((&read(lead, &id)["writing"], &read(agent, &id)["writing"]), (&writing, &json!([])));
    let of_lead = lead.put(&draft, &json!({"text": "Yo también"})).is(200).json();
    assert_eq!(of_lead["writing"], writing);
    assert_eq!(lead.get(&draft).is(200).json()["text"], "Yo también", "each has their own");

    // What is wrong is refused, and nobody works on tickets for a program.
    assert_eq!(agent.put(&draft, &json!({"text": "x".repeat(32_769)})).problem(422), "text_too_long");
    assert_eq!(agent.put(&draft, &json!({"txt": "x"})).problem(422), "invalid_document");
    let nowhere = format!("tickets/tkt_{}_1/draft", "a".repeat(26));
    assert_eq!(agent.put(&nowhere, &json!({"text": "x"})).problem(404), "unknown_ticket");

    // Sent, it is no draft any more; its writer is told of the other.
    let sent = agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Ya está."})).is(201).json();
    assert_eq!(sent["writing"][0]["person"], json!(lead.person));
    assert_eq!(agent.get(&draft).problem(404), "no_draft");
    assert_eq!(read(lead, &id)["writing"], json!([]));
    // Whoever has gone is not writing any more; what they wrote is still there.
    app.set_clock(301);
    assert_eq!(read(agent, &id)["writing"], json!([]));
    assert_eq!(lead.get(&draft).is(200).json()["text"], "Yo también");

    // It is the customer's: it is exported with the rest, and goes with the rest.
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    let path = |what: &str| format!("contacts/{contact}/{what}");
    let export = desk.admin.get(&path("export")).is(200).json();
    assert_eq!(export["tickets"][0]["drafts"][0]["text"], "Yo también");
    desk.admin.post(&path("erasure"), &json!({"reason": "asked for"})).is(200);
    assert_eq!(lead.get(&draft).is(200).json()["text"], "");
    lead.delete(&draft).is(204);
    lead.delete(&draft).is(204);
    assert_eq!(lead.get(&draft).problem(404), "no_draft");
    app.tick_everything();
    app.verify();
}

#[test]
fn an_answer_that_has_not_seen_the_last_message_is_refused_unless_it_is_meant() {
    let (app, desk, id) = desk(|_| ());
    let replies = format!("tickets/{id}/replies");
    let seen = desk.ticket(&id)["last_said"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/notes"), &json!({"text": "lo miro"})).is(201);
    let first = desk.lead.post(&replies, &json!({"text": "Un momento.", "seen": seen})).is(201).json();
    let between = |answer: relevo_e2e::Answer| {
        let between = answer.is(409).json()["between"].as_array().unwrap().clone();
        between.iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    says(&app, &desk, "wamid.2", "¿hola?");
    let last = desk.ticket(&id)["last_said"].as_str().unwrap().to_owned();
    let body = json!({"text": "¿Qué navegador usa?", "after": seen});
    let refused = desk.agent.post(&replies, &body);
    assert_eq!(refused.clone().problem(409), "collision");
    assert_eq!(between(refused), [first["last_said"].as_str().unwrap(), &last]);
    // The same in a header.
    let text = json!({"text": "¿Qué navegador usa?"});
    let tagged = |seen: &str| desk.agent.call("POST", &replies, &[("if-match", seen)], Some(&text));
    assert_eq!(between(tagged(&format!("\"{seen}\""))).len(), 2);
    assert_eq!(
        desk.agent.post(&replies, &json!({"text": "x", "after": "msg_?"})).problem(422),
        "invalid_document"
    );
    tagged(&format!("\"{last}\"")).is(201);
    let meant = json!({"text": "¿Qué navegador usa?", "after": seen, "despite": true});
    desk.agent.post(&replies, &meant).is(201);
}

#[test]
fn nobody_is_unassigned_by_an_empty_document() {
    let (_app, desk, id) = desk(|_| ());
    let path = format!("tickets/{id}/assignment");
    let assignee = |body: Value| desk.agent.post(&path, &body).is(200).json()["assignee"].clone();
    assert_eq!(assignee(json!({"agent": desk.agent.person})), json!(desk.agent.person));
    for empty in [json!({}), json!({"team": null})] {
        assert_eq!(desk.agent.post(&path, &empty).problem(422), "invalid_document");
    }
    assert_eq!(read(&desk.agent, &id)["assignee"], json!(desk.agent.person));
    assert_eq!(assignee(json!({"agent": null})), Value::Null);
}
