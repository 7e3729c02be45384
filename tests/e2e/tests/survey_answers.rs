//! Answers to surveys: in the chat, on the page, by a signed event; what they lead to, and who may leave one out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{Answer, App, Desk, Store, eventually, pack, seconds_since_1970, sign_standard, whatsapp};
use serde_json::{Value, json};
use std::time::Duration;

const PHONE: &str = "15550700001";
const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

fn write(app: &App, desk: &Desk, id: &str, text: &str) {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(PHONE, id, text)).is(200);
}

/// A ticket that was solved, and the path of its link.
fn asked(app: &App, desk: &Desk) -> (String, String) {
    write(app, desk, "wamid.S1", "hola");
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    let link = app.provider.wait_for(PHONE, "/s/").link().unwrap();
    (id, link)
}

/// A signed event of the desk's own application.
fn signal(app: &App, desk: &Desk, id: &str, body: &Value) -> Answer {
    let (at, body) = (seconds_since_1970().to_string(), body.to_string());
    let signature = sign_standard(&desk.secret("standard", "main"), id, &at, &body);
    let headers = [("webhook-id", id), ("webhook-timestamp", &*at), ("webhook-signature", &*signature)];
    app.client().send("POST", &desk.hook("standard", "main"), &headers, Some(body.as_bytes()))
}

fn ratings(desk: &Desk, id: &str) -> Vec<i64> {
    desk.ticket(id)["ratings"].as_array().unwrap().iter().map(|r| r["score"].as_i64().unwrap()).collect()
}

/// What follows from an answer is done by the tick.
fn follow_up(app: &App) {
    app.host.tick_all("surveys");
    app.host.tick_all("surveys");
}

#[test]
fn a_number_in_the_chat_is_a_vote_and_a_question_is_a_question() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, _) = asked(&app, &desk);
    write(&app, &desk, "wamid.V1", "4");
    write(&app, &desk, "wamid.V1", "4");
    assert_eq!(ratings(&desk, &id), [4]);
    assert_eq!(desk.ticket(&id)["category"], "solved", "a vote opens nothing again");
    write(&app, &desk, "wamid.V2", "Muy bien, gracias");
    assert_eq!(ratings(&desk, &id), [5]);
    write(&app, &desk, "wamid.V3", "¿Me envían la factura 3?");
    assert_eq!(desk.ticket(&id)["category"], "open");
    write(&app, &desk, "wamid.V4", "2");
    assert_eq!(ratings(&desk, &id), [5], "what follows a question is no vote");
    let texts: Vec<_> = desk.ticket(&id)["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["direction"] == "in")
        .map(|m| m["text"].clone())
        .collect();
    assert_eq!(
        texts,
        ["hola", "4", "Muy bien, gracias", "¿Me envían la factura 3?", "2"],
        "every word is kept"
    );
}

#[test]
fn a_signed_event_and_the_page_end_in_the_same_vote() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    let survey = desk.lead.get("surveys").is(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let event = |score: Value, survey: &str| json!({"type": "rating", "data": {"survey": survey, "score": score, "comment": "Por la app"}});
    for (n, body) in
        [event(json!(9), &survey), event(json!("5"), &survey), event(json!(5), "srv_none")].iter().enumerate()
    {
        signal(&app, &desk, &format!("evt_bad{n}"), body).is(200);
    }
    assert_eq!(ratings(&desk, &id), [0_i64; 0], "what is no vote is kept and counts for nothing");
    for _ in 0..2 {
        signal(&app, &desk, "evt_1", &event(json!(3), &survey)).is(200);
    }
    assert_eq!(ratings(&desk, &id), [3]);
    let page = app.client().send("POST", &link, &FORM, Some(b"score=2")).is(200);
    assert!(page.body.contains("¿Qué ha fallado"), "a further question by score: {}", page.body);
    app.client().send("POST", &link, &FORM, Some("score=2&comment=Tardaron".as_bytes())).is(200);
    let rating = desk.ticket(&id)["ratings"][0].clone();
    assert_eq!(json!([rating["score"], rating["comment"]]), json!([2, "Tardaron"]));
    let refused = app.client().send("POST", &link, &FORM, Some(b"comment=x")).is(422);
    assert!(
        refused.body.contains("role=\"alert\"") && refused.header("content-type").starts_with("text/html")
    );
}

#[test]
fn two_devices_at_once_leave_one_vote() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    std::thread::scope(|scope| {
        for n in 0..12 {
            let (app, link) = (&app, &link);
            scope.spawn(move || {
                let body = format!("score={}&comment=n{n}", n % 2 + 4);
                app.client().send("POST", link, &FORM, Some(body.as_bytes())).is(200);
            });
        }
    });
    let scores = ratings(&desk, &id);
    assert!(scores == [4] || scores == [5], "{scores:?}");
    let kpis = desk.lead.get("reports/csat").is(200).json();
    let share =
        kpis["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == "csat_share").unwrap().clone();
    assert_eq!(json!([share["numerator"], share["denominator"]]), json!([1, 1]));
    assert!(share["confidence_95"]["low"].as_f64().unwrap() < 0.5, "one answer proves little: {share}");
}

#[test]
fn a_negative_vote_leads_to_one_ticket_for_a_lead_with_the_whole_story() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    let account = json!({"values": {"name": "Colegio Sur", "csm": "Eva Ríos", "product": "campanario-pro"}});
    desk.lead.put("directory/accounts/sur", &account).is(200);
    let people = format!("addresses,account\n{PHONE},sur\n");
    desk.lead.send_as("POST", "directory/import?kind=people", "text/csv; charset=utf-8", &people).is(200);
    app.client().send("POST", &link, &FORM, Some("score=1".as_bytes())).is(200);
    follow_up(&app);
    app.client().send("POST", &link, &FORM, Some("score=1&comment=Nadie+contest%C3%B3".as_bytes())).is(200);
    follow_up(&app);
    let tickets = desk.tickets_of(PHONE);
    assert_eq!(tickets.len(), 2, "one for a lead, however often the vote changes: {tickets:?}");
    let recovery = tickets.iter().find(|ticket| ticket["id"] != id.as_str()).unwrap();
    let recovery = desk.ticket(recovery["id"].as_str().unwrap());
    assert_eq!(json!([recovery["queue"], recovery["priority"]]), json!(["valoraciones", "high"]));
    let lead = recovery["assignee"].as_str().unwrap();
    assert_eq!(desk.pack["people"][lead]["role"], "lead");
    assert_eq!(json!([recovery["fields"]["rated_ticket"], recovery["fields"]["score"]]), json!([id, 1]));
    assert_eq!(
        json!([recovery["fields"]["school"], recovery["fields"]["csm"], recovery["fields"]["product"]]),
        json!(["Colegio Sur", "Eva Ríos", "campanario-pro"]),
        "filled from the directory as any other"
    );
    let notes: Vec<_> = recovery["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(notes[0].contains("hola") && notes[0].starts_with("★ 1/5"), "the story: {notes:?}");
    assert!(notes[1].contains("Nadie contestó"), "what was added later: {notes:?}");
    let targets = desk.lead.get(&format!("tickets/{}/sla", recovery["id"].as_str().unwrap())).is(200).json();
    assert!(
        targets["targets"].as_array().unwrap().iter().any(|t| t["due"].is_string()),
        "a deadline: {targets}"
    );
    let surveys = desk.lead.get("surveys").is(200).json();
    assert_eq!(surveys["items"][0]["led_to"], recovery["id"], "{surveys}");

    // Solved, it is asked about again; that answer leads to no further ticket.
    desk.lead
        .post(&format!("tickets/{}/status", recovery["id"].as_str().unwrap()), &json!({"status": "solved"}))
        .is(200);
    let again = eventually("asked again", Duration::from_secs(5), || {
        app.provider.sent_to(PHONE, "/s/").iter().filter_map(|sent| sent.link()).find(|other| *other != link)
    });
    app.client().send("POST", &again, &FORM, Some(b"score=1")).is(200);
    follow_up(&app);
    assert_eq!(desk.tickets_of(PHONE).len(), 2);
}

#[test]
fn praise_is_noted_for_those_who_earned_it_and_a_complaint_is_none() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    app.client().send("POST", &link, &FORM, Some("score=5&comment=Gracias".as_bytes())).is(200);
    follow_up(&app);
    let ticket = desk.ticket(&id);
    let notes: Vec<_> =
        ticket["messages"].as_array().unwrap().iter().filter(|m| m["direction"] == "note").collect();
    assert_eq!(notes.len(), 1, "{ticket}");
    assert!(notes[0]["text"].as_str().unwrap().contains("Gracias"));
    assert_eq!(ticket["category"], "solved");
    let words = "score=5&comment=Es+inadmisible".as_bytes();
    app.client().send("POST", &link, &FORM, Some(words)).is(200);
    follow_up(&app);
    assert_eq!(desk.tickets_of(PHONE).len(), 2, "words of complaint count more than the score");
}

#[test]
fn who_does_not_want_to_be_asked_is_not_and_figures_say_so() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    let page = app.client().send("POST", &link, &FORM, Some(b"opt_out=1")).is(200);
    assert!(page.body.contains("no volveremos a preguntarle"), "{}", page.body);
    assert_eq!(ratings(&desk, &id), [0_i64; 0]);
    let contact = desk.ticket(&id)["contact"]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.agent.get(&format!("contacts/{contact}")).is(200).json()["no_surveys"], true);
    let solve = || {
        for status in ["open", "solved"] {
            desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": status})).is(200);
        }
        app.host.tick_all("surveys");
    };
    solve();
    let rate = || {
        let kpis = desk.lead.get("reports/response_rate").is(200).json();
        kpis["kpis"][0].clone()
    };
    assert_eq!(rate()["excluded"], json!({"opted_out": 1}));
    desk.agent.post(&format!("contacts/{contact}/surveys"), &json!({"declined": false})).is(200);
    solve();
    assert_eq!(rate()["denominator"], 2);
    desk.agent
        .post("contacts/ctc_aaaaaaaaaaaaaaaaaaaaaaaaaa/surveys", &json!({"declined": true}))
        .problem(404);
}

#[test]
fn a_lead_leaves_a_vote_out_with_a_reason_and_everything_is_exported() {
    let (app, desk) = App::school(Store::Sqlite);
    let (id, link) = asked(&app, &desk);
    let survey = desk.lead.get("surveys").is(200).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("surveys/{survey}/review");
    let excluded = json!({"verdict": "excluded", "reason": "Era sobre otro ticket"});
    assert_eq!(desk.lead.post(&path, &excluded).problem(409), "not_answered");
    app.client().send("POST", &link, &FORM, Some("score=4&comment=%3D1%2B1".as_bytes())).is(200);
    desk.agent.post(&path, &excluded).problem(403);
    desk.lead.post(&path, &json!({"verdict": "excluded", "reason": " "})).problem(422);
    desk.lead.post(&path, &json!({"verdict": "deleted", "reason": "x"})).problem(422);
    desk.lead.post("surveys/srv_aaaaaaaaaaaaaaaaaaaaaaaaaa/review", &excluded).problem(404);
    for _ in 0..2 {
        let done = desk.lead.post_once(&path, "key-1", &excluded).is(200).json();
        assert_eq!(json!([done["verdict"], done["score"]]), json!(["excluded", 4]));
    }
    let other = json!({"verdict": "counted", "reason": "x"});
    assert_eq!(
        desk.lead.call("POST", &path, &[("idempotency-key", "key-1")], Some(&other)).problem(409),
        "idempotency_key_reused"
    );
    let kpis = desk.lead.get("reports/csat").is(200).json();
    let mean = kpis["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == "csat_mean").unwrap();
    assert_eq!(json!([mean["denominator"], mean["excluded"]]), json!([0, {"excluded": 1}]));
    assert_eq!(ratings(&desk, &id), [4], "the answer itself stays");
    let csv = desk.lead.call("GET", "surveys", &[("accept", "text/csv")], None).is(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.body.contains("'=1+1") && csv.body.contains("Era sobre otro ticket"), "{}", csv.body);
    let lines = desk.lead.call("GET", "surveys", &[("accept", "application/x-ndjson")], None).is(200);
    let item: Value = serde_json::from_str(lines.body.trim()).unwrap();
    assert_eq!(json!([item["score"], item["comment"], item["verdict"]]), json!([4, "=1+1", "excluded"]));
}

#[test]
fn quiet_hours_and_reminders_are_the_pack_s_rule() {
    let (app, desk) = App::school(Store::Sqlite);
    let mut pack = pack("school");
    // Open on one day of the year alone, and not on the day on which this runs: nobody is asked now.
    pack["calendars"]["closed"] = json!({"time_zone": "UTC", "hours": {"mon": [["00:00", "00:01"]]}});
    pack["survey"]["rule"] = json!({"calendar": "closed"});
    desk.admin.put("pack", &pack).is(200);
    write(&app, &desk, "wamid.S1", "hola");
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    app.host.tick_all("surveys");
    assert_eq!(app.provider.sent_to(PHONE, "/s/").len(), 0);
    pack["survey"]["rule"] = json!({"every_days": 30});
    desk.admin.put("pack", &pack).is(200);
    for status in ["open", "solved", "open", "solved"] {
        desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": status})).is(200);
        // What one resolution led to is known before the next is looked at.
        app.host.tick_all("surveys");
    }
    app.host.tick_all("surveys");
    app.host.tick_all("delivery");
    assert_eq!(app.provider.sent_to(PHONE, "/s/").len(), 1, "once in thirty days");
}

#[test]
fn an_anonymous_vote_names_neither_ticket_nor_agent() {
    let (app, desk) = App::school(Store::Sqlite);
    let mut pack = pack("school");
    pack["survey"]["anonymous"] = json!(true);
    pack["survey"].as_object_mut().unwrap().remove("recovery");
    desk.admin.put("pack", &pack).is(200);
    let (id, link) = asked(&app, &desk);
    app.client().send("POST", &link, &FORM, Some(b"score=1")).is(200);
    follow_up(&app);
    let ticket = desk.ticket(&id);
    assert_eq!(ticket["ratings"], json!([]));
    assert!(!ticket.to_string().contains(&link), "the link is not shown: with it the vote could be read");
    let survey = desk.lead.get("surveys").is(200).json()["items"][0].clone();
    assert_eq!(
        json!([survey["ticket"], survey["number"], survey["agent"], survey["score"]]),
        json!([null, null, null, 1])
    );
    let page = app.client().send("GET", &link, &[], None).is(200);
    assert!(!page.body.contains("checked"), "nor is the vote: {}", page.body);
}

#[test]
fn figures_are_told_by_queue_channel_and_topic_with_their_certainty() {
    let (app, desk) = App::school(Store::Sqlite);
    write(&app, &desk, "wamid.A0", "hola");
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/fields"), &json!({"module": "boletines"})).is(200);
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    let link = app.provider.wait_for(PHONE, "/s/").link().unwrap();
    app.client().send("POST", &link, &FORM, Some(b"score=4")).is(200);
    let ticket = desk.ticket(&id);
    for (by, expected) in
        [("queue", ticket["queue"].clone()), ("channel", json!("whatsapp")), ("topic", json!("boletines"))]
    {
        let told = desk.lead.get(&format!("reports/csat?group_by={by}")).is(200).json();
        let text = told.to_string();
        assert!(expected.is_string() && text.contains(expected.as_str().unwrap()), "{by}: {text}");
        assert!(text.contains("confidence_95"), "one answer is not many: {text}");
    }
    desk.lead.get("reports/csat?group_by=weather").problem(400);
}
