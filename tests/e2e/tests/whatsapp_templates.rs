//! Templates that WhatsApp keeps: what is sent, and what becomes of them at the provider, in its own words.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "34600700003";

/// A desk with a template of the provider in Spanish, by name, and a ticket.
fn desk(app: &App) -> (Desk, String) {
    let mut pack = pack("school");
    pack["templates"]["vence"] = json!({
        "data": {
            "contact_name": { "type": "string", "example": "Ana" },
            "due": { "type": "datetime", "example": "2026-11-23T13:00:00Z" },
            "token": { "type": "string", "example": "abc" },
        },
        "locales": { "es": { "whatsapp": {
            "name": "aviso_vence", "language": "es",
            "header": { "type": "text", "text": "Aviso para {{1}}", "value": "{{ contact_name }}" },
            "parameters": { "nombre": "{{ contact_name }}", "hora": "{{ due | time }}" },
            "body": "Hola, {{nombre}}: vence a las {{hora}}.",
            "buttons": [
                { "type": "quick_reply", "text": "Ya está" },
                { "type": "url", "text": "Ver", "url": "https://ayuda.campanario.example.com/{{1}}", "value": "{{ token }}" },
            ],
        } } },
    });
    let locales = &mut pack["templates"]["vence"]["locales"];
    locales["en"] = locales["es"].clone();
    locales["en"]["whatsapp"]["language"] = json!("en");
    let desk = app.publish_pack("school", &pack);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.W1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    (desk, id)
}

/// What the provider says of the template, byte by byte as it says it.
fn says(app: &App, desk: &Desk, time: u64, field: &str, more: &str) {
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"102290129340398","time":{time},"changes":[{{"value":{{{more},"message_template_id":594425479261596,"message_template_name":"aviso_vence","message_template_language":"es"}},"field":"{field}"}}]}}]}}"#
    );
    // Twice: a repeat changes nothing.
    for _ in 0..2 {
        whatsapp::deliver(app.client(), desk, &body).is(200);
    }
}

fn approval(desk: &Desk) -> Value {
    let read = desk.agent.get("templates/vence").is(200).json();
    let approvals = read["approvals"].as_array().unwrap();
    approvals.iter().find(|a| a["locale"] == "es").unwrap().clone()
}

#[test]
fn a_template_is_sent_with_names_header_and_button_in_the_reader_s_time() {
    let app = App::bare(Store::Sqlite);
    let (desk, id) = desk(&app);
    let reply = |data: Value| {
        let body = json!({ "template": "vence", "data": data });
        desk.agent.post(&format!("tickets/{id}/replies"), &body)
    };
    let due = json!({ "due": "2026-07-01T10:00:00Z", "token": "t0k" });
    reply(due.clone()).is(201);
    let sent = app.provider.wait_for(PHONE, "aviso_vence").json();
    let template = &sent["template"];
    assert_eq!((&template["name"], &template["language"]["code"]), (&json!("aviso_vence"), &json!("es")));
    assert_eq!(
        template["components"],
        json!([
            { "type": "header", "parameters": [{ "type": "text", "text": "Rosa Núñez" }] },
            { "type": "body", "parameters": [
                { "type": "text", "text": "12:00", "parameter_name": "hora" },
                { "type": "text", "text": "Rosa Núñez", "parameter_name": "nombre" },
            ] },
            { "type": "button", "sub_type": "url", "index": "1", "parameters": [{ "type": "text", "text": "t0k" }] },
        ])
    );
    let shown = desk.ticket(&id)["messages"].as_array().unwrap().last().unwrap()["text"].clone();
    assert_eq!(shown, "Aviso para Rosa Núñez\n\nHola, Rosa Núñez: vence a las 12:00.", "in Madrid");
    // The ticket says that its reader is elsewhere.
    desk.agent.post(&format!("tickets/{id}/fields"), &json!({ "time_zone": "America/Lima" })).is(200);
    reply(due.clone()).is(201);
    assert!(app.provider.wait_for(PHONE, "5:00").text().contains("\"5:00\""), "in Lima");
    desk.agent.post(&format!("tickets/{id}/fields"), &json!({ "time_zone": "Marte/Base" })).is(200);
    reply(due).is(201);
    let hostile = json!({ "due": "2026-07-01T10:00:00Z", "token": "a b" });
    let refused = reply(hostile);
    assert!(refused.body.contains("buttons/1/value has white space"), "{}", refused.body);
    refused.problem(422);
}

#[test]
fn what_the_provider_does_not_send_is_refused_in_words_and_sent_again_once_it_is_approved() {
    let app = App::bare(Store::Sqlite);
    let (desk, id) = desk(&app);
    let data = json!({ "due": "2026-07-01T10:00:00Z", "token": "t0k" });
    let reply = |locale: &str| {
        let body = json!({ "template": "vence", "locale": locale, "data": data });
        desk.agent.post(&format!("tickets/{id}/replies"), &body)
    };
    assert_eq!(approval(&desk)["state"], Value::Null, "nothing is known: the provider has the last word");
    reply("es").is(201);
    let status = "message_template_status_update";
    for (time, said, state, usable) in [
        (1, r#""event":"PENDING","reason":null"#, "pending", false),
        (2, r#""event":"REJECTED","reason":"INVALID_FORMAT""#, "rejected", false),
        (3, r#""event":"APPROVED","reason":"NONE""#, "approved", true),
        (
            4,
            r#""event":"PAUSED","reason":"NONE","other_info":{"title":"FIRST_PAUSE","description":"Paused for 3 hours"}"#,
            "paused",
            false,
        ),
        (5, r#""event":"DISABLED","disable_info":{"disable_date":"2026-11-25"}"#, "disabled", false),
        (6, r#""event":"APPROVED","reason":"NONE""#, "approved", true),
        (7, r#""event":"FLAGGED","disable_info":{"disable_date":"2026-11-28"}"#, "flagged", true),
    ] {
        says(&app, &desk, time, status, said);
        let known = approval(&desk);
        assert_eq!((&known["state"], &known["usable"]), (&json!(state), &json!(usable)), "{known}");
        if usable {
            reply("es").is(201);
        } else {
            let refused = reply("es");
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert_eq!(refused.problem(409), "template_not_approved");
            assert!(detail.contains("aviso_vence") && detail.contains(state), "{detail}");
        }
        reply("en").is(201);
    }
    let detail = approval(&desk);
    assert_eq!(detail["reason"], Value::Null, "the reason of another state is over: {detail}");
    says(
        &app,
        &desk,
        8,
        "message_template_quality_update",
        r#""previous_quality_score":"GREEN","new_quality_score":"RED""#,
    );
    let known = approval(&desk);
    assert_eq!(json!([known["quality"], known["state"], known["usable"]]), json!(["red", "flagged", true]));
    let messages = desk.ticket(&id)["messages"].as_array().unwrap().clone();
    let written = messages.iter().filter(|m| m["direction"] == "out").count();
    assert_eq!(written, 1 + 3 + 7, "a refused reply is none");
}
