//! Answering: drafts, who else is writing, answers that have not seen the last message, answers that wait before they go
//! out, mentions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, eventually, pack, whatsapp};
use serde_json::{Value, json};
use std::time::Duration;

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
    let first = desk.lead.post(&replies, &json!({"text": "Un momento.", "after": seen})).is(201).json();
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

/// An instant so many seconds after the ticket was opened.
fn in_seconds(desk: &Desk, seconds: u64) -> Value {
    let clock = json!({"time_zone": "UTC", "around_the_clock": true});
    let begun = desk.tickets()[0]["opened_at"].clone();
    let question = json!({"calendar": clock, "start": begun, "seconds": seconds});
    desk.agent.post("sla/preview", &question).is(200).json()["due"].clone()
}

fn message(ticket: &Value, id: &Value) -> Value {
    ticket["messages"].as_array().unwrap().iter().find(|message| message["id"] == *id).unwrap().clone()
}

fn history(desk: &Desk, id: &str) -> Vec<(String, String)> {
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let items = history["items"].as_array().unwrap().clone();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    items.iter().map(|item| (text(item, "type"), text(item, "by"))).collect()
}

fn sends(app: &App) {
    for name in ["projections", "delivery", "projections"] {
        app.host.tick_all(name);
    }
}

fn sent(app: &App, text: &str) -> usize {
    app.provider.sent_to(PHONE, text).len()
}

#[test]
fn an_answer_may_be_taken_back_until_its_window_is_over_and_counts_from_then() {
    let (app, desk, id) = desk(|pack| pack["replies"] = json!({"undo_seconds": 60}));
    let replies = format!("tickets/{id}/replies");
    let write = |text: &str| desk.agent.post(&replies, &json!({"text": text})).is(201).json();
    let first = write("Con prisa");
    let (reply, status) = (first["reply"]["id"].clone(), first["category"].clone());
    let path = |what: &str| format!("{replies}/{}{what}", reply.as_str().unwrap());
    assert_eq!((first["reply"]["held"]["state"].as_str(), status.as_str()), (Some("undo"), Some("new")));
    sends(&app);
    assert_eq!(
        (sent(&app, "Con prisa"), desk.target(&id, "first_response")["state"].as_str()),
        (0, Some("running"))
    );
    let shown = message(&desk.ticket(&id), &reply);
    assert_eq!((shown["delivery"].as_str(), shown["held"]["state"].as_str()), (Some("queued"), Some("undo")));
    let other = desk.token("andres-quiroga", "agent");
    assert_eq!(other.delete(&path("")).problem(403), "not_yours");
    assert_eq!(desk.agent.delete(&format!("{replies}/msg_{}", "a".repeat(26))).problem(404), "unknown_reply");
    let cancelled = desk.agent.delete(&path("")).is(200).json();
    assert_eq!(cancelled["held"], json!([]));
    assert_eq!(desk.agent.delete(&path("")).problem(409), "not_held");
    assert_eq!(desk.agent.post(&path("/release"), &json!({})).problem(409), "not_held");

    let second = write("Con calma");
    let reply = second["reply"]["id"].clone();
    app.set_clock(61);
    let path = format!("{replies}/{}", reply.as_str().unwrap());
    assert_eq!(desk.agent.delete(&path).problem(409), "too_late");
    sends(&app);
    assert_eq!((sent(&app, "Con prisa"), sent(&app, "Con calma")), (0, 1));
    let ticket = desk.ticket(&id);
    assert_eq!((&ticket["category"], ticket["held"].as_array().unwrap().len()), (&json!("open"), 0));
    assert_eq!(desk.target(&id, "first_response")["state"], "met");
    assert_eq!(desk.agent.delete(&path).problem(409), "too_late");
    let shown = message(&ticket, &reply);
    assert_eq!(
        (shown["delivery"].as_str(), shown["held"]["state"].as_str()),
        (Some("sent"), Some("released"))
    );
    let kinds: Vec<String> = history(&desk, &id).into_iter().map(|(kind, _)| kind).collect();
    for kind in ["reply.held", "reply.cancelled", "reply.released"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}: {kinds:?}");
    }
    let rows = desk.lead.get("outbox?status=cancelled").is(200).json();
    assert_eq!(rows["items"].as_array().unwrap().len(), 1);
    app.tick_everything();
    app.verify();
}

#[test]
fn a_scheduled_answer_goes_at_its_time_unless_the_customer_writes_before() {
    let (app, desk, id) = desk(|pack| pack["replies"] = json!({"hold_back": true}));
    let replies = format!("tickets/{id}/replies");
    let (soon, later) = (in_seconds(&desk, 600), in_seconds(&desk, 1_200));
    let write = |text: &str, at: &Value| desk.agent.post(&replies, &json!({"text": text, "send_at": at}));
    assert_eq!(write("x", &desk.ticket(&id)["opened_at"]).problem(422), "bad_instant");
    assert_eq!(write("x", &json!("tomorrow")).problem(422), "invalid_document");
    let first = write("A las diez", &soon).is(201).json();
    assert_eq!(
        first["held"][0],
        json!({"message": first["reply"]["id"], "state": "scheduled", "until": soon, "then": null})
    );
    // What is written after it goes before it.
    desk.agent.post(&replies, &json!({"text": "Ahora"})).is(201);
    eventually("the other is sent", Duration::from_secs(20), || (sent(&app, "Ahora") == 1).then_some(()));
    assert_eq!(sent(&app, "A las diez"), 0);
    app.set_clock(605);
    sends(&app);
    assert_eq!(sent(&app, "A las diez"), 1);

    let second = write("A las once", &later).is(201).json();
    app.set_clock(700);
    says(&app, &desk, "wamid.2", "ya no hace falta");
    app.set_clock(1_205);
    sends(&app);
    assert_eq!(sent(&app, "A las once"), 0);
    let reply = second["reply"]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.ticket(&id)["held"][0]["state"], "held_back");
    assert!(history(&desk, &id).contains(&("reply.held_back".into(), "system:delivery".into())));
    // A person looks again, and sends it.
    for _ in 0..2 {
        desk.agent.post_once(&format!("{replies}/{reply}/release"), "go", &json!({})).is(200);
    }
    eventually("it is sent", Duration::from_secs(20), || (sent(&app, "A las once") == 1).then_some(()));
    app.tick_everything();
    assert_eq!(sent(&app, "A las once"), 1);
    app.verify();
}

#[test]
fn what_a_trainee_answers_goes_out_when_a_lead_has_approved_it() {
    let (app, desk, id) = desk(|pack| pack["people"]["carlos-mena"]["trainee"] = json!(true));
    let (trainee, replies) = (desk.token("carlos-mena", "agent"), format!("tickets/{id}/replies"));
    let write = |text: &str| {
        let answer = trainee.post(&replies, &json!({"text": text})).is(201).json();
        assert_eq!(answer["reply"]["held"]["state"], "awaiting_approval");
        format!("{replies}/{}", answer["reply"]["id"].as_str().unwrap())
    };
    let waiting = || desk.lead.get("approvals").is(200).json()["items"].as_array().unwrap().clone();
    let (one, two, three) = (write("Está echo"), write("Mire el manual"), write("Adiós"));
    assert_eq!(
        waiting().iter().map(|item| item["text"].as_str().unwrap()).collect::<Vec<_>>(),
        ["Está echo", "Mire el manual", "Adiós"]
    );
    assert_eq!(waiting()[0]["by"], "carlos-mena");
    let page = desk.lead.get("approvals?limit=2").is(200).json();
    let rest =
        desk.lead.get(&format!("approvals?limit=2&cursor={}", page["next"].as_str().unwrap())).is(200).json();
    assert_eq!((rest["items"][0]["text"].as_str(), &rest["next"]), (Some("Adiós"), &Value::Null));
    sends(&app);
    assert_eq!((sent(&app, ""), desk.target(&id, "first_response")["state"].as_str()), (0, Some("running")));

    let decide = |who: &Caller, reply: &str, body: Value| who.post(&format!("{reply}/approval"), &body);
    assert_eq!(decide(&desk.agent, &one, json!({"accepted": true})).problem(403), "forbidden");
    assert_eq!(desk.agent.post(&format!("{one}/release"), &json!({})).problem(409), "awaits_approval");
    assert_eq!(decide(&desk.lead, &two, json!({"accepted": false})).problem(422), "invalid_document");
    assert_eq!(
        decide(&desk.lead, &two, json!({"accepted": false, "note": " ", "text": "x"})).problem(422),
        "invalid_document"
    );
    // Who stands in for a lead has the lead's rights, but a trainee approves nothing for all that.
    let absences = format!("people/{}/absences", desk.lead.person);
    let away = |substitute: &str| {
        desk.admin.post(&absences, &json!({"substitute": substitute})).is(201).json()["id"].clone()
    };
    let absence = away("carlos-mena");
    trainee.get("approvals").is(200);
    assert_eq!(decide(&trainee, &one, json!({"accepted": true})).problem(403), "forbidden");
    desk.admin.delete(&format!("{absences}/{}", absence.as_str().unwrap())).is(204);
    let absence = away("andres-quiroga");
    let edited = json!({"accepted": true, "text": "Está hecho.", "note": "con hache"});
    let substitute = desk.token("andres-quiroga", "agent");
    decide(&substitute, &one, edited).is(200);
    desk.admin.delete(&format!("{absences}/{}", absence.as_str().unwrap())).is(204);
    eventually("it is sent", Duration::from_secs(20), || (sent(&app, "Está hecho.") == 1).then_some(()));
    assert_eq!(desk.target(&id, "first_response")["state"], "met");
    decide(&desk.lead, &two, json!({"accepted": false, "note": "diga qué página"})).is(200);
    assert_eq!(decide(&desk.lead, &two, json!({"accepted": true})).problem(409), "not_held");
    decide(&desk.lead, &three, json!({"accepted": true})).is(200);
    eventually("it is sent", Duration::from_secs(20), || (sent(&app, "Adiós") == 1).then_some(()));
    sends(&app);
    assert_eq!((sent(&app, ""), waiting().len()), (2, 0));
    let told = history(&desk, &id);
    for step in [
        ("reply.held", "carlos-mena"),
        ("reply.approved", "andres-quiroga"),
        ("reply.rejected", &desk.lead.person),
    ] {
        assert!(told.contains(&(step.0.to_owned(), format!("person:{}", step.1))), "{step:?}: {told:?}");
    }
    let ticket = desk.ticket(&id);
    let of = |path: &str| message(&ticket, &json!(path.rsplit('/').next().unwrap()));
    assert_eq!(
        (of(&one)["by"].as_str(), of(&one)["held"]["by"].as_str()),
        (Some("person:carlos-mena"), Some("person:andres-quiroga"))
    );
    assert_eq!(of(&one)["held"]["note"], "con hache");
    assert_eq!(
        (of(&two)["held"]["state"].as_str(), of(&two)["held"]["note"].as_str()),
        (Some("rejected"), Some("diga qué página"))
    );
    app.tick_everything();
    app.verify();
}

#[test]
fn who_is_mentioned_in_a_note_finds_it_in_their_inbox() {
    let (app, desk, id) = desk(|_| ());
    desk.admin.post("subscribers", &json!({"url": format!("{}/subscribers/a", app.provider.base_url()), "events": ["note.mentioned"]})).is(201);
    let (alba, hugo) = (&desk.agent, desk.token("hugo-salas", "lead"));
    let note =
        |text: &str| desk.lead.post(&format!("tickets/{id}/notes"), &json!({"text": text})).is(201).json();
    let told =
        note(&format!("@{} ¿lo ves con @tecnico? Pregunta a @nadie (x@y.es)", alba.person))["mentions"]
            .clone();
    assert_eq!(told, json!({"people": [alba.person], "teams": ["tecnico"], "unknown": ["nadie"]}));
    note("sin nadie");
    let inbox = |who: &Caller, more: &str| {
        who.get(&format!("me/mentions{more}")).is(200).json()["items"].as_array().unwrap().clone()
    };
    let (own, of_team) = (inbox(alba, ""), inbox(&hugo, ""));
    assert_eq!((own.len(), own[0]["ticket"].as_str(), &own[0]["team"]), (1, Some(&*id), &Value::Null));
    assert_eq!(
        (of_team.len(), of_team[0]["team"].as_str(), &of_team[0]["seen_at"]),
        (1, Some("tecnico"), &Value::Null)
    );
    assert_eq!(inbox(&desk.token("gonzalo-prieto", "agent"), ""), Vec::<Value>::new());
    let shown = message(&desk.ticket(&id), &own[0]["note"]);
    assert_eq!(
        (shown["direction"].as_str(), &shown["mentions"]["people"]),
        (Some("note"), &json!([alba.person]))
    );

    assert_eq!(alba.post("me/mentions", &json!({"seen": []})).problem(422), "invalid_document");
    alba.post("me/mentions", &json!({"seen": [own[0]["note"]]})).is(204);
    assert!(inbox(alba, "?seen=true")[0]["seen_at"].is_string());
    assert_eq!((inbox(alba, "?seen=false").len(), inbox(&hugo, "?seen=false").len()), (0, 1));
    assert_eq!(alba.get("me/mentions?seen=maybe").problem(400), "bad_seen");
    for n in 0..3 {
        note(&format!("@{} {n}", alba.person));
    }
    let page = alba.get("me/mentions?limit=3").is(200).json();
    let rest =
        alba.get(&format!("me/mentions?limit=3&cursor={}", page["next"].as_str().unwrap())).is(200).json();
    assert_eq!((rest["items"][0]["note"].clone(), &rest["next"]), (own[0]["note"].clone(), &Value::Null));
    sends(&app);
    let posted = eventually("subscribers are told", Duration::from_secs(20), || {
        app.provider.received("/subscribers/a").into_iter().next()
    });
    assert!(posted.body.contains("note.mentioned"), "{}", posted.body);
    app.verify();
}
