//! What follows by itself: on events, when a time is over, on service levels and votes; once, never in circles, and with its
//! reason in the history. Macros: all that they do, or nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use relevo_e2e::{App, Desk, Store, pack, whatsapp};
use serde_json::{Value, json};
use std::thread;

const PHONE: &str = "15550970001";

fn desk(change: impl FnOnce(&mut Value)) -> (App, Desk) {
    let app = App::bare(Store::Sqlite);
    let mut pack = pack("school");
    pack["automations"] = json!([]);
    pack["routing"] = json!([{"queue": "plataforma"}]);
    change(&mut pack);
    let desk = app.publish_pack("school", &pack);
    (app, desk)
}

fn write(app: &App, desk: &Desk, phone: &str, id: &str, text: &str) -> String {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(phone, id, text)).is(200);
    desk.ticket_of(phone)["id"].as_str().unwrap().to_owned()
}

fn history(desk: &Desk, id: &str) -> Vec<Value> {
    desk.agent.get(&format!("tickets/{id}/history")).is(200).json()["items"].as_array().unwrap().clone()
}

fn of_type(history: &[Value], kind: &str) -> Vec<Value> {
    history.iter().filter(|item| item["type"] == kind).cloned().collect()
}

/// How often an automation applied, and was held.
fn ran(desk: &Desk, id: &str) -> (u64, u64) {
    let list = desk.lead.get("automations").is(200).json();
    let one = list["items"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    (one["fired"].as_u64().unwrap(), one["held"].as_u64().unwrap())
}

#[test]
fn what_follows_a_message_is_done_once_with_its_reason() {
    let (app, desk) = desk(|pack| {
        pack["automations"] = json!([
            {"id": "actas", "name": "Actas primero", "on": ["message.received"],
             "when": {"text": {"contains": ["acta"]}, "channel": ["whatsapp"]},
             "then": [{"priority": {"priority": "high"}}, {"tags": {"add": ["actas"]}},
                      {"reply": {"template": "acuse"}}], "stop": true},
            {"id": "resto", "name": "El resto", "on": ["message.received"], "then": [{"tags": {"add": ["resto"]}}]}
        ]);
    });
    let id = write(&app, &desk, PHONE, "wamid.1", "No carga el ACTA, ayuda");
    // Redelivered, and followed by several at once.
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "No carga el ACTA, ayuda"))
        .is(200);
    thread::scope(|scope| {
        for tick in ["projections", "sla", "projections", "sla"] {
            let app = &app;
            scope.spawn(move || {
                app.tick(tick).is(200);
            });
        }
    });
    app.tick("sla").is(200);
    let ticket = desk.ticket(&id);
    assert_eq!((&ticket["priority"], &ticket["tags"]), (&json!("high"), &json!(["actas"])));
    let history = history(&desk, &id);
    let fired = of_type(&history, "automation.fired");
    assert_eq!(fired.len(), 1, "{fired:?}");
    assert_eq!(fired[0]["by"], "automation:actas");
    let changed = &of_type(&history, "priority.changed")[0];
    assert_eq!(changed["by"], "automation:actas");
    assert_eq!(
        (&changed["because"]["name"], &changed["because"]["version"]),
        (&json!("Actas primero"), &json!(1))
    );
    assert_eq!(changed["because"]["why"], "message.received; channel is whatsapp, text contains acta");
    let replies = of_type(&history, "reply.written");
    assert_eq!(replies.len(), 1, "the reply is written once: {history:?}");
    assert_eq!(
        (&replies[0]["by"], &replies[0]["data"]["human"]),
        (&json!("automation:actas"), &json!(false))
    );
    assert_eq!((ran(&desk, "actas"), ran(&desk, "resto")), ((1, 0), (0, 0)));

    write(&app, &desk, PHONE, "wamid.2", "gracias");
    assert_eq!((ran(&desk, "actas"), ran(&desk, "resto")), ((1, 0), (1, 0)));
}

#[test]
fn nothing_goes_round_in_circles_and_what_was_held_is_seen() {
    let swing = |id: &str, from: &str, to: &str| {
        json!({"id": id, "name": id, "on": ["ticket.priority_changed"], "when": {"priority": [from]},
               "then": [{"priority": {"priority": to}}], "stop": true})
    };
    let (app, desk) = desk(|pack| {
        pack["automations"] = json!([swing("up", "low", "high"), swing("down", "high", "low")]);
    });
    let id = write(&app, &desk, PHONE, "wamid.1", "hola");
    desk.agent.post(&format!("tickets/{id}/priority"), &json!({"priority": "low"})).is(200);
    for _ in 0..3 {
        app.tick("projections").is(200);
    }
    assert_eq!((ran(&desk, "up"), ran(&desk, "down")), ((1, 1), (1, 0)));
    let held = of_type(&history(&desk, &id), "automation.held");
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(
        (&held[0]["data"]["why"], &held[0]["data"]["chain"]),
        (&json!("loop"), &json!(["up", "down"]))
    );
    assert_eq!(desk.ticket(&id)["priority"], "low");
    // By hand again it is another cause.
    desk.agent.post(&format!("tickets/{id}/priority"), &json!({"priority": "normal"})).is(200);
    assert_eq!((ran(&desk, "up").0, ran(&desk, "down").0), (1, 1));
    desk.agent.post(&format!("tickets/{id}/priority"), &json!({"priority": "high"})).is(200);
    app.tick("projections").is(200);
    assert_eq!((ran(&desk, "up").0, ran(&desk, "down").0), (2, 2));
}

#[test]
fn times_that_are_over_and_service_levels_lead_to_something_once() {
    let (app, desk) = desk(|pack| {
        pack["sla"] = json!([{"name": "quick", "targets": {
            "first_response": {"seconds": 600, "calendar": "calendar_time"}}}]);
        pack["automations"] = json!([
            {"id": "soon", "name": "Soon", "after": {"seconds": 300, "calendar": "calendar_time", "since": "customer_wrote"},
             "when": {"category": ["new"]}, "then": [{"tags": {"add": ["waits"]}}]},
            {"id": "missed", "name": "Missed", "on": ["sla.breached"], "when": {"target": ["first_response"]},
             "then": [{"escalation": {"team": "tecnico"}}, {"notice": {"notice": "missed", "text": "Tarde"}}]}
        ]);
    });
    let id = write(&app, &desk, PHONE, "wamid.1", "hola");
    app.tick("sla").is(200);
    assert_eq!((ran(&desk, "soon"), ran(&desk, "missed")), ((0, 0), (0, 0)), "not before their time");
    app.set_clock(301);
    app.tick("sla").is(200);
    assert_eq!((ran(&desk, "soon"), ran(&desk, "missed")), ((1, 0), (0, 0)));
    app.set_clock(601);
    for _ in 0..2 {
        app.tick("sla").is(200);
    }
    assert_eq!((ran(&desk, "soon"), ran(&desk, "missed")), ((1, 0), (1, 0)), "once");
    let ticket = desk.ticket(&id);
    assert_eq!((&ticket["team"], &ticket["tags"]), (&json!("tecnico"), &json!(["waits"])));
    let history = history(&desk, &id);
    assert_eq!(of_type(&history, "notice.raised")[0]["because"]["automation"], "missed");
    let waited = of_type(&history, "tags.changed");
    assert_eq!(
        waited[0]["because"]["why"],
        "300 s of calendar_time since the customer wrote; category is new"
    );
}

#[test]
fn a_macro_does_all_that_it_does_or_nothing() {
    let (app, desk) = desk(|pack| {
        pack["transitions"] = json!([{"to": ["cerrado"], "role": "lead"}, {"to": ["abierto", "resuelto"]}]);
        pack["macros"] = json!({
            "resolver": {"name": "Resolver", "then": [
                {"tags": {"add": ["resuelta"]}}, {"reply": {"template": "respuesta"}}, {"status": {"status": "resuelto"}}]},
            "cerrar": {"name": "Cerrar", "then": [{"tags": {"add": ["cerrada"]}}, {"status": {"status": "cerrado"}}]},
            "jefes": {"name": "Jefes", "role": "lead", "then": [{"note": {"text": "visto"}}]},
            "tecnicos": {"name": "Técnicos", "teams": ["tecnico"], "then": [{"note": {"text": "visto"}}]}
        });
    });
    let id = write(&app, &desk, PHONE, "wamid.1", "hola");
    let path = format!("tickets/{id}/macro");
    let before = history(&desk, &id).len();
    for (body, status, code) in [
        (json!({"macro": "none"}), 422, "invalid_document"),
        (json!({"macro": "jefes"}), 403, "macro_forbidden"),
        (json!({"macro": "tecnicos"}), 403, "macro_forbidden"),
        (json!({"macro": "cerrar"}), 403, "transition_forbidden"),
        (json!({"macro": "cerrar", "data": {"answer": "x"}}), 422, "invalid_document"),
        (json!({"macro": "cerrar", "why": "x"}), 422, "invalid_document"),
    ] {
        assert_eq!(desk.agent.post(&path, &body).problem(status), code, "{body}");
    }
    let asked = desk.agent.post(&path, &json!({"macro": "resolver"}));
    assert!(asked.status >= 400 && asked.status < 500, "the template asks for an answer: {}", asked.status);
    assert_eq!(history(&desk, &id).len(), before, "nothing was done");

    let list = desk.agent.get("macros").is(200).json();
    let one =
        |name: &str| list["items"].as_array().unwrap().iter().find(|one| one["id"] == name).unwrap().clone();
    assert_eq!((&one("jefes")["may_apply"], &one("resolver")["may_apply"]), (&json!(false), &json!(true)));
    let asks = one("resolver")["asks"].as_object().unwrap().clone();
    let asks: Vec<String> =
        asks.into_iter().filter(|(_, kind)| kind["optional"] != true).map(|(name, _)| name).collect();
    assert!(!asks.is_empty(), "the template asks for something");
    let data: Value =
        asks.iter().map(|name| (name.clone(), json!("Ya está."))).collect::<serde_json::Map<_, _>>().into();
    let body = json!({"macro": "resolver", "data": data});
    let done = desk.agent.post_once(&path, "k", &body).is(200).json();
    assert_eq!((&done["category"], &done["tags"]), (&json!("solved"), &json!(["resuelta"])));
    desk.agent.post_once(&path, "k", &body).is(200);
    let history = history(&desk, &id);
    assert_eq!(of_type(&history, "macro.applied").len(), 1, "a repeat");
    let reply = &of_type(&history, "reply.written")[0];
    assert_eq!((&reply["because"]["macro"], &reply["data"]["human"]), (&json!("resolver"), &json!(true)));

    // On many at once, with the refusal of each.
    let other = write(&app, &desk, "15550970002", "wamid.2", "hola");
    let order = json!({"tickets": [id, other], "actions": [{"macro": {"id": "cerrar"}}]});
    let items = desk.agent.post("tickets/bulk", &order).is(202).json()["items"].clone();
    assert_eq!(items[1]["code"], "transition_forbidden", "{items}");
    assert_eq!(desk.ticket(&other)["tags"], json!([]));
    assert_eq!(
        desk.agent
            .post("tickets/bulk", &json!({"tickets": [other], "actions": [{"macro": {"id": "jefes"}}]}))
            .problem(403),
        "macro_forbidden"
    );
    let items = desk.lead.post("tickets/bulk", &order).is(202).json()["items"].clone();
    assert_eq!((&items[0]["state"], &items[1]["state"]), (&json!("done"), &json!("done")), "{items}");
}

#[test]
fn a_rating_leads_to_a_notice_or_to_a_task() {
    let (app, desk) = desk(|pack| {
        pack["survey"].as_object_mut().unwrap().remove("recovery");
        pack["automations"] = json!([
            {"id": "good", "name": "Good", "on": ["rating.received"], "when": {"score": {"at_least": 4}},
             "then": [{"notice": {"notice": "praise"}}]},
            {"id": "bad", "name": "Bad", "on": ["rating.received"], "when": {"score": {"at_most": 2}},
             "then": [{"tags": {"add": ["recuperar"]}}, {"status": {"status": "abierto"}},
                      {"assignment": {"team": "tecnico"}}]}
        ]);
    });
    let id = write(&app, &desk, PHONE, "wamid.1", "hola");
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "resuelto"})).is(200);
    let link = app.provider.wait_for(PHONE, "/s/").link().unwrap();
    let json = [("content-type", "application/json")];
    app.client().send("POST", &link, &json, Some(br#"{"score":1}"#)).is(200);
    assert_eq!((ran(&desk, "good"), ran(&desk, "bad")), ((0, 0), (1, 0)));
    let ticket = desk.ticket(&id);
    assert_eq!((&ticket["category"], &ticket["team"]), (&json!("open"), &json!("tecnico")));
}

#[test]
fn a_trial_says_what_automations_would_have_done_and_changes_nothing() {
    let automations = json!([
        {"id": "actas", "name": "Actas", "on": ["message.received"], "when": {"text": {"contains": ["acta"]}},
         "then": [{"priority": {"priority": "high"}}, {"tags": {"add": ["actas"]}}]},
        {"id": "altas", "name": "Altas", "on": ["ticket.priority_changed"], "when": {"priority": ["high"]},
         "then": [{"queue": {"queue": "incidencias"}}]},
        {"id": "espera", "name": "Espera", "after": {"seconds": 300, "calendar": "calendar_time", "since": "opened"},
         "when": {"category": ["new"]}, "then": [{"note": {"text": "espera"}}]},
        {"id": "malas", "name": "Malas", "on": ["rating.received"], "when": {"score": {"at_most": 2}},
         "then": [{"tags": {"add": ["mala"]}}]}
    ]);
    let (app, desk) = desk(|pack| {
        pack["automations"] = automations.clone();
        pack["survey"].as_object_mut().unwrap().remove("recovery");
    });
    let mut tickets = Vec::new();
    for (n, text) in ["el acta", "hola", "un acta más", "nada", "adiós"].iter().enumerate() {
        tickets.push(write(&app, &desk, &format!("1555097010{n}"), &format!("wamid.{n}"), text));
        app.tick("projections").is(200);
    }
    desk.agent.post(&format!("tickets/{}/status", tickets[1]), &json!({"status": "resuelto"})).is(200);
    let link = app.provider.wait_for("15550970101", "/s/").link().unwrap();
    let json_body = [("content-type", "application/json")];
    app.client().send("POST", &link, &json_body, Some(br#"{"score":2}"#)).is(200);
    app.tick("sla").is(200);
    app.set_clock(301);
    app.tick("sla").is(200);

    // The same on the past: as often as it happened.
    let trial = |body: &Value| desk.lead.post("automations/simulate", body).is(200).json();
    let before: Vec<usize> = tickets.iter().map(|id| history(&desk, id).len()).collect();
    let tried = trial(&json!({}));
    let expected = [("actas", 2), ("altas", 2), ("espera", 4), ("malas", 1)];
    for (id, count) in expected {
        assert_eq!(ran(&desk, id), (count, 0), "{id}");
        assert_eq!(
            tried["automations"][id],
            json!({"fired": count, "held": 0, "tickets": count}),
            "{id}: {tried}"
        );
    }
    assert_eq!((&tried["tickets"], &tried["changed"]), (&json!(5), &json!(5)));
    assert_eq!(tried["in_words"], "would have changed 5 tickets");

    // Others: with the ticket as it then was, and with what each would have changed.
    let draft = json!({"days": 1, "automations": [
        {"id": "nuevo", "name": "Nuevo", "on": ["message.received"],
         "when": {"text": {"contains": ["hola"]}, "category": ["new"]}, "then": [{"tags": {"add": ["saludo"]}}]}]});
    let tried = trial(&draft);
    assert_eq!(
        (&tried["changed"], &tried["automations"]["nuevo"]["fired"]),
        (&json!(1), &json!(1)),
        "{tried}"
    );
    let sample = &tried["samples"][0];
    assert_eq!(sample["ticket"], json!(tickets[1]), "it is solved by now, and was new then");
    assert_eq!(sample["would"][0]["changes"][0]["data"]["add"], json!(["saludo"]));
    let after: Vec<usize> = tickets.iter().map(|id| history(&desk, id).len()).collect();
    assert_eq!(after, before, "nothing was done");

    let stream =
        desk.lead.call("POST", "automations/simulate", &[("accept", "application/x-ndjson")], Some(&draft));
    let lines: Vec<Value> =
        stream.is(200).body.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert!(
        lines[0]["sample"]["ticket"].is_string() && lines.iter().any(|line| line["progress"].is_object())
    );
    assert_eq!(lines.last().unwrap()["summary"]["changed"], 1);

    assert_eq!(desk.agent.post("automations/simulate", &json!({})).problem(403), "forbidden");
    assert_eq!(desk.lead.post("automations/simulate", &json!({"days": 0})).problem(422), "invalid_document");
    // Many that write much, on everything: told in short, and no more of them than one trial takes.
    let many = |count: usize, actions: usize| {
        let then = vec![json!({"note": {"text": "x".repeat(300)}}); actions];
        let one = |n: usize| json!({"id": format!("a{n}"), "name": "A", "on": ["message.received", "note.written"], "then": then});
        json!({"automations": (0..count).map(one).collect::<Vec<_>>()})
    };
    let tried = trial(&many(100, 1));
    assert_eq!(tried["automations"]["a99"]["tickets"], 5, "{tried}");
    let sample = &tried["samples"][0];
    assert_eq!(sample["would"].as_array().unwrap().len(), 20);
    assert!(sample["more"].as_u64().unwrap() >= 80, "{sample}");
    let text = sample["would"][0]["changes"][0]["data"]["text"].as_str().unwrap();
    assert_eq!(text, format!("{}…", "x".repeat(200)));
    let refused = desk.lead.post("automations/simulate", &many(101, 5));
    assert_eq!(refused.json()["errors"][0]["pointer"], "/automations");
    assert!(refused.body.contains("at most 500 in all"), "{}", refused.body);
    assert_eq!(refused.problem(422), "invalid_document");
    let wrong = json!({"automations": [{"id": "x", "name": "X", "on": ["ticket.opened"],
        "then": [{"queue": {"queue": "nowhere"}}]}]});
    let refused = desk.lead.post("automations/simulate", &wrong).is(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/automations/0/then/0/queue/queue");
}

#[test]
fn what_sounds_like_fraud_counts_on_a_ticket_that_waits_for_others_too() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("cards");
    let manager = desk.token("karla-mendez", "manager");
    let write = |id: &str, text: &str| {
        let body = whatsapp::message(PHONE, id, text);
        let signature = whatsapp::signature(&desk.secret("whatsapp", "main"), &body);
        let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
        app.client().send("POST", &desk.hook("whatsapp", "main"), &headers, Some(body.as_bytes())).is(200);
        let tickets = manager.get("tickets").is(200).json();
        tickets["items"][0]["id"].as_str().expect("a ticket").to_owned()
    };
    let id = write("wamid.f1", "Quiero aclarar algo de mi cuenta");
    let escalation = json!({"team": "nogal-aclaraciones"});
    manager.post(&format!("tickets/{id}/escalation"), &escalation).is(200);
    manager.post(&format!("tickets/{id}/status"), &json!({"status": "escalado"})).is(200);
    let ticket = || manager.get(&format!("tickets/{id}")).is(200).json();
    assert_eq!((&ticket()["queue"], &ticket()["category"]), (&json!("nogal"), &json!("waiting_for_others")));
    write("wamid.f2", "Me clonaron la tarjeta");
    app.tick_everything();
    let ticket = ticket();
    assert_eq!(
        (&ticket["queue"], &ticket["priority"]),
        (&json!("nogal-fraudes"), &json!("urgent")),
        "{ticket}"
    );
}
