//! Answers that wait, and what else happens to their ticket meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use relevo_e2e::{App, Caller, Desk, Store, eventually, pack, whatsapp};
use serde_json::{Value, json};
use std::time::Duration;

const PHONE: &str = "15550980001";
const LIMIT: Duration = Duration::from_secs(20);

/// A desk where answers may be taken back for a minute, and a ticket.
fn desk(change: impl FnOnce(&mut Value)) -> (App, Desk, String) {
    let app = App::bare(Store::Sqlite);
    let mut pack = pack("school");
    pack["replies"] = json!({"undo_seconds": 60});
    change(&mut pack);
    let desk = app.publish_pack("school", &pack);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "no carga el acta")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    (app, desk, id)
}

fn write(who: &Caller, id: &str, text: &str) -> String {
    let written = who.post(&format!("tickets/{id}/replies"), &json!({"text": text})).is(201).json();
    written["reply"]["id"].as_str().unwrap().to_owned()
}

fn texts(app: &App) -> Vec<String> {
    let sent = app.provider.sent_to(PHONE, "");
    sent.iter().filter_map(|message| message.json()["text"]["body"].as_str().map(str::to_owned)).collect()
}

#[test]
fn whoever_solves_a_ticket_takes_nothing_back_and_the_answer_goes_before_the_survey() {
    let (app, desk, id) = desk(|_| ());
    let reply = write(&desk.agent, &id, "Ya está arreglado.");
    let solved =
        desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "resuelto"})).is(200).json();
    assert_eq!((&solved["category"], &solved["held"]), (&json!("solved"), &json!([])));
    let path = format!("tickets/{id}/replies/{reply}");
    assert_eq!(desk.agent.delete(&path).problem(409), "too_late");
    eventually("the answer and the survey are sent", LIMIT, || {
        app.tick_everything();
        (app.provider.sent_to(PHONE, "").len() == 2).then_some(())
    });
    assert_eq!(texts(&app)[0], "Ya está arreglado.");
    assert_eq!(desk.target(&id, "first_response")["state"], "met");
    assert_eq!(desk.target(&id, "full_resolution")["state"], "met");
    app.verify();
}

#[test]
fn what_is_solved_when_its_answer_goes_is_asked_about_at_once() {
    let (app, desk, id) = desk(|_| ());
    let solution = json!({"macro": "solucion", "data": {"solution": "Vuelva a entrar."}});
    desk.agent.post(&format!("tickets/{id}/macro"), &solution).is(200);
    app.set_clock(61);
    // Whoever lets the answer go tells who asks: no schedule of surveys is waited for.
    eventually("the answer and the survey are sent", LIMIT, || {
        app.tick("delivery").is(200);
        (app.provider.sent_to(PHONE, "").len() == 2).then_some(())
    });
}

#[test]
fn who_is_refused_another_status_can_still_take_the_answer_back() {
    let (app, desk, id) = desk(|pack| {
        let lead = json!({"to": ["cerrado"], "role": "lead"});
        pack["transitions"] = json!([lead, {"to": ["resuelto"], "reason": true}, {}]);
        pack["people"]["carlos-mena"]["trainee"] = json!(true);
    });
    let status = |body: Value| desk.agent.post(&format!("tickets/{id}/status"), &body);
    let (reply, waits) =
        (write(&desk.agent, &id, "Ya está."), || desk.ticket(&id)["held"][0]["state"].clone());
    assert_eq!(status(json!({"status": "cerrado"})).problem(403), "transition_forbidden");
    status(json!({"status": "resuelto"})).is(422);
    assert_eq!(waits(), "undo");
    // Nor does it go if another that awaits approval keeps the ticket open.
    let other = write(&desk.token("carlos-mena", "agent"), &id, "Mire el manual.");
    let solve = json!({"status": "resuelto", "reason": "x"});
    assert_eq!(status(solve.clone()).problem(409), "reply_waits");
    assert_eq!(waits(), "undo");
    desk.agent.delete(&format!("tickets/{id}/replies/{reply}")).is(200);
    desk.lead.delete(&format!("tickets/{id}/replies/{other}")).is(200);
    status(solve).is(200);
    app.tick_everything();
    assert!(texts(&app).iter().all(|text| text != "Ya está."), "{:?}", texts(&app));
    app.verify();
}

#[test]
fn a_macro_that_answers_and_solves_solves_when_its_answer_goes() {
    let (app, desk, id) = desk(|_| ());
    let solution = json!({"macro": "solucion", "data": {"solution": "Vuelva a entrar."}});
    let apply = |body: &Value| desk.agent.post(&format!("tickets/{id}/macro"), body);
    let first = apply(&solution).is(200).json();
    assert_eq!((&first["category"], &first["held"][0]["then"]), (&json!("new"), &json!("resuelto")));
    assert_eq!(
        apply(&json!({"macro": "solucion", "data": {"solution": "Otra."}})).is(200).json()["category"],
        "new"
    );
    let held = desk.ticket(&id)["held"].as_array().unwrap().clone();
    for reply in &held {
        let path = format!("tickets/{id}/replies/{}", reply["message"].as_str().unwrap());
        desk.agent.delete(&path).is(200);
    }
    app.set_clock(61);
    app.tick_everything();
    let ticket = desk.ticket(&id);
    assert_eq!(
        (&ticket["category"], texts(&app).len()),
        (&json!("new"), 0),
        "nothing was said, nothing is solved"
    );
    assert_eq!(desk.target(&id, "full_resolution")["state"], "running");

    apply(&solution).is(200);
    app.set_clock(125);
    app.tick_everything();
    eventually("it is solved, and asked how it went", LIMIT, || {
        app.tick_everything();
        (app.provider.sent_to(PHONE, "").len() == 2).then_some(())
    });
    assert_eq!(desk.ticket(&id)["status"], "resuelto");
    assert!(texts(&app)[0].contains("Vuelva a entrar."), "{:?}", texts(&app));
    app.verify();
}

#[test]
fn answers_whose_time_is_over_at_once_go_in_the_order_they_were_written_in() {
    let (app, desk, id) = desk(|_| ());
    let written: Vec<String> = (0..6).map(|n| format!("Parte {n}")).collect();
    for text in &written {
        write(&desk.agent, &id, text);
    }
    app.set_clock(70);
    eventually("all are sent", LIMIT, || {
        app.host.tick_all("delivery");
        (texts(&app).len() == written.len()).then_some(())
    });
    assert_eq!(texts(&app), written);
    app.tick_everything();
    app.verify();
}

#[test]
fn an_automation_follows_an_answer_that_waited_once_it_goes() {
    let (app, desk, id) = desk(|pack| {
        pack["automations"] = json!([{"id": "manual", "name": "Manual", "on": ["reply.written"],
            "when": {"text": {"contains": ["manual"]}}, "then": [{"tags": {"add": ["manual"]}}]}]);
    });
    write(&desk.agent, &id, "Mire el manual.");
    app.tick_everything();
    let tagged = || desk.ticket(&id)["tags"].as_array().unwrap().contains(&json!("manual"));
    assert!(!tagged(), "it may still be taken back");
    app.set_clock(61);
    eventually("the tag is there", LIMIT, || {
        app.tick_everything();
        tagged().then_some(())
    });
    app.verify();
}

#[test]
fn an_answer_to_somebody_who_is_erased_meanwhile_goes_nowhere() {
    let (app, desk, id) = desk(|pack| pack["people"]["carlos-mena"]["trainee"] = json!(true));
    let trainee = desk.token("carlos-mena", "agent");
    write(&desk.agent, &id, "Uno");
    let waiting = write(&trainee, &id, "Dos");
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    let manager = desk.token("marta-olmedo", "manager");
    manager.post(&format!("contacts/{contact}/erasure"), &json!({"reason": "asked for"})).is(200);
    let path = format!("tickets/{id}/replies/{waiting}");
    let approve = json!({"accepted": true, "text": "Tres"});
    assert_eq!(desk.lead.post(&format!("{path}/approval"), &approve).problem(409), "contact_erased");
    app.set_clock(61);
    eventually("nothing waits for its time any more", LIMIT, || {
        app.tick_everything();
        let held = desk.ticket(&id)["held"].clone();
        (held.as_array().unwrap().iter().all(|held| held["state"] == "awaiting_approval")).then_some(())
    });
    assert_eq!(app.provider.received("/messages").len(), 0);
    desk.lead.post(&format!("{path}/approval"), &json!({"accepted": false, "note": "ya no"})).is(200);
    assert_eq!(desk.ticket(&id)["held"], json!([]));
    app.verify();
}

#[test]
fn who_learns_the_work_lets_nothing_go_and_what_may_not_go_can_be_taken_back() {
    let (app, desk, id) = desk(|pack| pack["people"]["carlos-mena"]["trainee"] = json!(true));
    let trainee = desk.token("carlos-mena", "agent");
    let reply = write(&trainee, &id, "Mañana le digo.");
    let path = format!("tickets/{id}/replies/{reply}");
    assert_eq!(trainee.post(&format!("{path}/release"), &json!({})).problem(403), "forbidden");
    let status = format!("tickets/{id}/status");
    assert_eq!(desk.lead.post(&status, &json!({"status": "resuelto"})).problem(409), "reply_waits");
    // A program does not write for who learns the work, nor for anybody else who works here.
    let service = json!({"person": "carlos-mena", "role": "service"});
    assert_eq!(desk.admin.post("tokens", &service).problem(422), "invalid_document");

    let own = write(&desk.agent, &id, "Le escribo.");
    desk.agent.post(&status, &json!({"status": "spam"})).is(200);
    let own = format!("tickets/{id}/replies/{own}");
    assert_eq!(desk.agent.post(&format!("{own}/release"), &json!({})).problem(409), "ticket_is_spam");
    desk.agent.delete(&own).is(200);
    app.tick_everything();
    app.verify();
}

#[test]
fn a_token_and_a_subscriber_that_are_asked_for_again_are_the_same() {
    let (app, desk, _) = desk(|_| ());
    let token = json!({"person": "portal", "role": "service"});
    let issue = |key: &str| desk.admin.post_once("tokens", key, &token).is(201).json();
    let (first, again, other) = (issue("a"), issue("a"), issue("b"));
    assert_eq!(first, again);
    assert_ne!(first["token"], other["token"]);
    let more = json!({"person": "portal", "role": "service", "expires_days": 3});
    assert_eq!(desk.admin.post_once("tokens", "a", &more).problem(409), "idempotency_key_reused");
    let bearer = format!("Bearer {}", first["token"].as_str().unwrap());
    let me = app.client().send("GET", "/api/school/me", &[("authorization", &bearer)], None).is(200).json();
    assert_eq!(me["person"], "portal");

    let url = format!("{}/subscribers/all", app.provider.base_url());
    let subscribe = |key: &str, events: Value| {
        desk.admin.post_once("subscribers", key, &json!({"url": url, "events": events}))
    };
    let first = subscribe("a", json!(["ticket.opened"])).is(201).json();
    assert_eq!(subscribe("a", json!(["ticket.opened"])).is(201).json(), first);
    assert_eq!(subscribe("a", json!(["rating.received"])).problem(409), "idempotency_key_reused");
    let all = desk.admin.get("subscribers").is(200).json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
}
