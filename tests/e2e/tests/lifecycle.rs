//! The life of a ticket: changes of status that the pack allows, hand-overs that come back to be validated, issues in Jira,
//! what happens by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use relevo_e2e::{Answer, App, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550960001";

fn desk(change: impl FnOnce(&mut Value)) -> (App, Desk, String) {
    let app = App::bare(Store::Sqlite);
    let mut pack = pack("school");
    change(&mut pack);
    let desk = app.publish_pack("school", &pack);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "no carga nada")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    (app, desk, id)
}

/// What Jira sends when the status of an issue changes.
fn jira(app: &App, desk: &Desk, webhook: &str, key: &str, status: &str, category: &str) -> Answer {
    let body = json!({
        "webhookEvent": "jira:issue_updated",
        "issue": {"key": key, "fields": {"status": {"name": status, "statusCategory": {"key": category}}}},
        "changelog": {"items": [{"field": "status", "toString": status}]}
    })
    .to_string();
    let signature = whatsapp::signature(&desk.secret("jira", "main"), &body);
    let headers = [
        ("content-type", "application/json"),
        ("x-hub-signature", signature.as_str()),
        ("x-atlassian-webhook-identifier", webhook),
    ];
    app.client().send("POST", &desk.hook("jira", "main"), &headers, Some(body.as_bytes()))
}

fn history(desk: &Desk, id: &str) -> Vec<String> {
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let items = history["items"].as_array().unwrap();
    items.iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn people_move_tickets_as_the_pack_allows() {
    let (_app, desk, id) = desk(|pack| {
        pack["transitions"] = json!([
            {"to": ["en_desarrollo"], "fields": ["module"], "reason": true},
            {"from": ["cerrado"], "role": "lead"},
            {"from": ["nuevo", "abierto", "en_desarrollo"], "to": ["abierto", "cerrado"]}
        ]);
    });
    let path = format!("tickets/{id}/status");
    let to = |status: &str, reason: &str| json!({"status": status, "reason": reason});
    assert_eq!(desk.agent.post(&path, &to("resuelto", "")).problem(409), "transition_not_allowed");
    assert_eq!(desk.agent.post(&path, &to("en_desarrollo", "falla")).problem(422), "fields_missing");
    desk.agent.post(&format!("tickets/{id}/fields"), &json!({"module": "actas"})).is(200);
    assert_eq!(desk.agent.post(&path, &to("en_desarrollo", " ")).problem(422), "reason_missing");
    desk.agent.post(&path, &to("en_desarrollo", "falla")).is(200);
    desk.agent.post(&path, &to("cerrado", "")).is(200);
    let escalation = json!({"team": "desarrollo"});
    let refused = desk.agent.post(&format!("tickets/{id}/escalation"), &escalation);
    assert_eq!(refused.problem(409), "ticket_is_over", "what is closed is nobody's work");
    assert_eq!(desk.agent.post(&path, &to("abierto", "")).problem(403), "transition_forbidden");
    assert_eq!(desk.lead.post(&path, &to("abierto", "")).is(200).json()["category"], "open");

    let mut wrong = desk.pack.clone();
    wrong["transitions"] = json!([{"to": ["nowhere"]}]);
    wrong["lifecycle"] = json!({"after_reply": {"abierto": "gone"}, "after_handover": {"nobody": "abierto"}});
    let answer = desk.admin.put("pack", &wrong).is(422).json();
    let places: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|e| e["pointer"].clone()).collect();
    let at = ["/transitions/0/to/0", "/lifecycle/after_reply/abierto", "/lifecycle/after_handover/nobody"];
    assert_eq!(json!(places), json!(at));
}

#[test]
fn what_jira_closes_comes_back_to_its_agent_to_be_validated_and_may_be_sent_back() {
    let (app, desk, id) = desk(|_| ());
    let path = |action: &str| format!("tickets/{id}/{action}");
    desk.agent.post(&path("assignment"), &json!({"agent": desk.agent.person})).is(200);
    let team = desk.ticket(&id)["team"].clone();
    let issue = json!({"system": "jira", "key": "CAMP-7"});
    assert_eq!(
        desk.agent.post(&path("issues"), &json!({"system": "trello", "key": "x"})).problem(422),
        "invalid_document"
    );
    assert_eq!(
        desk.agent.post(&path("issues"), &json!({"system": "jira", "key": "a b"})).problem(422),
        "bad_key"
    );
    for _ in 0..2 {
        let linked = desk.agent.post_once(&path("issues"), "k", &issue).is(200).json();
        assert_eq!(linked["issues"], json!([{"system": "jira", "key": "CAMP-7", "done": false}]));
    }
    desk.agent.post(&path("escalation"), &json!({"team": "desarrollo", "reason": "falla"})).is(200);
    desk.agent.post(&path("status"), &json!({"status": "en_desarrollo"})).is(200);
    assert_eq!(
        desk.agent.post(&path("validation"), &json!({"accepted": true})).problem(409),
        "nothing_to_validate"
    );

    jira(&app, &desk, "w1", "CAMP-7", "En curso", "indeterminate").is(200);
    assert_eq!(desk.ticket(&id)["status"], "en_desarrollo");
    jira(&app, &desk, "w0", "CAMP-8", "Hecho", "done").is(200);
    assert_eq!(desk.ticket(&id)["status"], "en_desarrollo", "of another issue");
    // Twice, as Jira repeats what it got no answer to.
    for _ in 0..2 {
        jira(&app, &desk, "w2", "CAMP-7", "Hecho", "done").is(200);
    }
    let back = desk.ticket(&id);
    assert_eq!(
        (&back["status"], &back["assignee"], &back["team"]),
        (&json!("por_validar"), &json!(desk.agent.person), &team)
    );
    assert_eq!(history(&desk, &id).iter().filter(|name| *name == "ticket.returned").count(), 1);

    assert_eq!(
        desk.agent.post(&path("validation"), &json!({"accepted": false})).problem(422),
        "reason_missing"
    );
    let rejected = json!({"accepted": false, "reason": "sigue sin cargar"});
    let sent_back = desk.agent.post(&path("validation"), &rejected).is(200).json();
    assert_eq!((&sent_back["status"], &sent_back["team"]), (&json!("en_desarrollo"), &json!("desarrollo")));
    jira(&app, &desk, "w2", "CAMP-7", "Hecho", "done").is(200);
    assert_eq!(desk.ticket(&id)["status"], "en_desarrollo", "an old repeat says nothing new");
    jira(&app, &desk, "w3", "CAMP-7", "Reabierto", "indeterminate").is(200);
    jira(&app, &desk, "w4", "CAMP-7", "Hecho", "done").is(200);
    let accepted = desk.agent.post(&path("validation"), &json!({"accepted": true})).is(200).json();
    assert_eq!((&accepted["category"], &accepted["assignee"]), (&json!("open"), &json!(desk.agent.person)));

    // Handed to the account manager's space it closes by itself.
    let handed = desk.agent.post(&path("escalation"), &json!({"team": "cuentas"})).is(200).json();
    assert_eq!((&handed["status"], &handed["category"]), (&json!("entregado_am"), &json!("closed")));
}

#[test]
fn a_customer_who_does_not_answer_is_reminded_and_then_the_ticket_closes_unless_they_do() {
    let (app, desk, id) = desk(|pack| {
        pack["lifecycle"] = json!({
            "after_reply": {"abierto": "esperando_cliente"},
            "silence": [
                {"in": ["esperando_cliente"], "after_seconds": 3600, "calendar": "calendar_time",
                 "template": "recordatorio", "data": {"days": 3}},
                {"in": ["esperando_cliente"], "after_seconds": 7200, "calendar": "calendar_time", "to": "cerrado"}
            ]
        });
    });
    let tick = |app: &App, seconds: i64| {
        app.set_clock(seconds);
        app.host.tick_all("projections");
        app.host.tick_all("sla");
        app.host.tick_all("delivery");
    };
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "abierto"})).is(200);
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "¿Qué navegador usa?"})).is(201);
    assert_eq!(desk.ticket(&id)["status"], "esperando_cliente", "a reply leads there by itself");
    let reminders = |app: &App| app.provider.sent_to(PHONE, "recordatorio_respuesta").len();
    tick(&app, 10);
    tick(&app, 3_500);
    assert_eq!(reminders(&app), 0);
    for seconds in [3_700, 3_710, 3_800] {
        tick(&app, seconds);
    }
    app.provider.wait_for(PHONE, "recordatorio_respuesta");
    assert_eq!(reminders(&app), 1, "once");
    assert_eq!(desk.target(&id, "first_response")["state"], "met", "by the reply, not by the reminder");

    // The customer answers: nothing closes, and the next silence begins anew.
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.2", "Firefox")).is(200);
    tick(&app, 7_400);
    assert_eq!(desk.ticket(&id)["category"], "open");
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Pruebe ahora."})).is(201);
    for seconds in [7_500, 11_200, 14_700] {
        tick(&app, seconds);
    }
    assert_eq!(reminders(&app), 2);
    assert_eq!((desk.ticket(&id)["status"].as_str(), history(&desk, &id).len() > 8), (Some("cerrado"), true));
}

#[test]
fn tickets_go_out_of_sight_replies_see_the_last_message_and_closed_ones_are_followed_up() {
    let (app, desk, id) = desk(|_| ());
    let path = |action: &str| format!("tickets/{id}/{action}");
    let seen = desk.ticket(&id)["last_said"].clone();
    let reply =
        |after: &Value| desk.agent.post(&path("replies"), &json!({"text": "Ya está.", "after": after}));
    let answered = reply(&seen).is(201).json();
    assert_eq!(reply(&seen).problem(409), "collision", "by the reply before");
    reply(&answered["last_said"]).is(201);

    let opened = desk.ticket(&id)["opened_at"].clone();
    let clock = json!({"time_zone": "UTC", "around_the_clock": true});
    let question = json!({"calendar": clock, "start": opened, "seconds": 7_200});
    let until = desk.agent.post("sla/preview", &question).is(200).json()["due"].clone();
    assert_eq!(desk.agent.post(&path("snooze"), &json!({"until": opened})).problem(422), "bad_instant");
    desk.agent.post(&path("snooze"), &json!({"until": until})).is(200);
    let listed = |snoozed: &str| {
        let list = desk.agent.get(&format!("tickets?snoozed={snoozed}")).is(200).json();
        list["items"].as_array().unwrap().len()
    };
    assert_eq!((listed("true"), listed("false")), (1, 0));
    app.set_clock(2 * 3_600 + 60);
    app.host.tick_all("projections");
    app.host.tick_all("sla");
    assert_eq!((desk.ticket(&id)["snoozed_until"].clone(), listed("false")), (Value::Null, 1));

    assert_eq!(desk.agent.post(&path("follow-up"), &json!({})).problem(409), "ticket_is_not_closed");
    desk.agent.post(&path("status"), &json!({"status": "cerrado"})).is(200);
    let first = desk.agent.post_once(&path("follow-up"), "f", &json!({})).is(201).json();
    let again = desk.agent.post_once(&path("follow-up"), "f", &json!({})).is(201).json();
    assert_eq!((&first["id"], &first["follows"]), (&again["id"], &json!(id)));
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.9", "otra vez")).is(200);
    let messages = desk.ticket(first["id"].as_str().unwrap())["messages"].as_array().unwrap().len();
    assert_eq!((messages, desk.tickets().len()), (1, 2));
}
