//! Jira in both directions: an issue is made for a ticket, what is closed there comes back to be validated, what is said of
//! it goes there, and what was changed by ourselves is no news.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use relevo_e2e::{App, Desk, Fault, Received, Store, eventually, whatsapp};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(25);
const PHONE: &str = "15550970001";

/// The user as whom Jira is told things, by the pack.
const OURS: &str = "557058:relevo";

fn start() -> (App, Desk, String) {
    let (app, desk) = App::school(Store::Sqlite);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "no carga el acta")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    desk.agent.post(&format!("tickets/{id}/assignment"), &json!({"agent": desk.agent.person})).is(200);
    (app, desk, id)
}

/// Jira's webhook for a change of status.
fn webhook(app: &App, desk: &Desk, id: &str, by: &str, key: &str, (status, category): (&str, &str)) {
    let body = json!({
        "timestamp": 1_772_442_000_000_i64 + id.bytes().map(i64::from).fold(0, |sum, byte| sum * 31 + byte) % 1_000_000,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "user": {"accountId": by, "displayName": "Alguien", "accountType": "atlassian"},
        "issue": {"id": "1", "key": key, "fields": {"status": {"name": status, "statusCategory": {"key": category}}}},
        "changelog": {"id": "9", "items": [{"field": "status", "fieldtype": "jira", "toString": status}]}
    })
    .to_string();
    let signature = whatsapp::signature(&desk.secret("jira", "main"), &body);
    let headers = [
        ("content-type", "application/json"),
        ("x-hub-signature", signature.as_str()),
        ("x-atlassian-webhook-identifier", id),
    ];
    app.client().send("POST", &desk.hook("jira", "main"), &headers, Some(body.as_bytes())).is(200);
}

/// What Jira was told at a path, by POST.
fn told(app: &App, path: &str) -> Vec<Received> {
    app.provider.received(path).into_iter().filter(|request| !request.body.is_empty()).collect()
}

fn done(desk: &Desk, id: &str) -> Value {
    desk.ticket(id)["issues"][0]["done"].clone()
}

fn count(desk: &Desk, id: &str, kind: &str) -> usize {
    let history = desk.lead.get(&format!("tickets/{id}/history")).is(200).json();
    history["items"].as_array().unwrap().iter().filter(|item| item["type"] == kind).count()
}

/// Waits for something that delivery does.
#[track_caller]
fn delivered<T>(app: &App, what: &str, find: impl Fn() -> Option<T>) -> T {
    eventually(what, LIMIT, || {
        app.tick("delivery").is(200);
        find()
    })
}

/// Has an issue made; its key, once the ticket waits for it.
fn open(app: &App, desk: &Desk, id: &str) -> String {
    let body = json!({"system": "jira", "open": {"summary": "No carga el acta", "description": "Colegio La Encina.\nDesde hoy."}});
    for _ in 0..2 {
        let opening = desk.agent.post_once(&format!("tickets/{id}/issues"), "o", &body).is(200).json();
        assert!(opening["opening"].as_str().is_some_and(|outbox| outbox.starts_with("out_")), "{opening}");
    }
    delivered(app, "the ticket waits for an issue", || {
        desk.ticket(id)["issues"][0]["key"].as_str().map(str::to_owned)
    })
}

#[test]
fn an_issue_is_made_once_closed_there_rejected_here_reopened_there_and_accepted_at_last() {
    let (app, desk, id) = start();
    let path = |action: &str| format!("tickets/{id}/{action}");
    let key = open(&app, &desk, &id);
    let made = told(&app, "/rest/api/3/issue");
    assert_eq!((made.len(), key.starts_with("CAMP-")), (1, true), "{key}");
    let fields = &made[0].json()["fields"];
    assert_eq!(
        (&fields["project"]["key"], &fields["issuetype"]["name"]),
        (&json!("CAMP"), &json!("Incidencia"))
    );
    assert_eq!(fields["description"]["content"][1]["content"][0]["text"], "Desde hoy.");
    let basic = "Basic cmVsZXZvQGNhbXBhbmFyaW8uZXhhbXBsZS5jb206YWNjZXNzLXNjaG9vbC1tYWlu";
    assert_eq!(made[0].header("authorization"), basic);

    desk.agent.post(&path("status"), &json!({"status": "en_desarrollo"})).is(200);
    webhook(&app, &desk, "w1", "557058:dev", &key, ("Hecho", "done"));
    assert_eq!((&desk.ticket(&id)["status"], done(&desk, &id)), (&json!("por_validar"), json!(true)));

    // Rejected: said there with the reason, and moved to where it is not done.
    desk.agent.post(&path("validation"), &json!({"accepted": false, "reason": "sigue en blanco"})).is(200);
    delivered(&app, "the ticket knows that the issue is open", || {
        (done(&desk, &id) == json!(false)).then_some(())
    });
    let comments = told(&app, &format!("/issue/{key}/comment"));
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.contains("sigue en blanco"), "{}", comments[0].body);
    let moves = told(&app, &format!("/issue/{key}/transitions"));
    assert_eq!((moves.len(), moves[0].json()), (1, json!({"transition": {"id": "11"}})));
    // What comes of it is our own.
    webhook(&app, &desk, "w2", OURS, &key, ("Reabierto", "indeterminate"));
    assert_eq!(count(&desk, &id, "issue.reported"), 1, "only what the developers did");
    // Of a time before the one that was rejected: it was overtaken on the way.
    webhook(&app, &desk, "v9", "557058:dev", &key, ("Hecho", "done"));
    assert_eq!((&desk.ticket(&id)["status"], done(&desk, &id)), (&json!("en_desarrollo"), json!(false)));

    webhook(&app, &desk, "w3", "557058:dev", &key, ("Hecho", "done"));
    assert_eq!(desk.ticket(&id)["status"], "por_validar");
    desk.agent.post(&path("validation"), &json!({"accepted": true})).is(200);
    let last = delivered(&app, "the issue is validated there", || {
        told(&app, &format!("/issue/{key}/transitions")).into_iter().nth(1)
    });
    assert_eq!(last.json(), json!({"transition": {"id": "31"}}));
    // Validated is a finished status too: without the guard the ticket would have to be validated for ever.
    for webhook_id in ["w4", "w5"] {
        webhook(&app, &desk, webhook_id, OURS, &key, ("Validado", "done"));
    }
    assert_eq!(desk.ticket(&id)["category"], "open");
    assert_eq!((count(&desk, &id, "ticket.returned"), count(&desk, &id, "issue.told")), (2, 2));
    assert_eq!(
        (told(&app, "/comment").len(), told(&app, "/transitions").len()),
        (2, 2),
        "nothing goes on by itself"
    );
    // Somebody else who does the same is news.
    webhook(&app, &desk, "w6", "557058:dev", &key, ("Validado", "done"));
    assert_eq!(desk.ticket(&id)["status"], "por_validar");
}

#[test]
fn what_was_made_before_a_crash_is_found_and_not_made_again() {
    let (app, desk, id) = start();
    // Jira made it, and the connection broke before it had said so.
    app.provider.misbehave(Fault::HalfAnswer, 1, "/rest/api/3/issue");
    app.provider.misbehave(Fault::Status(200, json!({"accountId": OURS})), 2, "/myself");
    let found = json!({"issues": [{"id": "1", "key": "CAMP-77"}], "isLast": true});
    app.provider.misbehave(Fault::Status(200, json!({"issues": [], "isLast": true})), 1, "/search/jql");
    app.provider.misbehave(Fault::Status(200, found), 1, "/search/jql");
    assert_eq!(open(&app, &desk, &id), "CAMP-77");
    let made = told(&app, "/rest/api/3/issue");
    assert_eq!(made.len(), 1);
    let label = made[0].json()["fields"]["labels"][0].as_str().unwrap().to_owned();
    let asked = told(&app, "/search/jql");
    assert!(asked.len() == 2 && asked.iter().all(|asked| asked.body.contains(&label)), "{label}");
}

#[test]
fn what_cannot_be_opened_is_refused_in_words() {
    let (app, desk, id) = start();
    let path = format!("tickets/{id}/issues");
    let open = |open: Value| desk.agent.post(&path, &json!({"system": "jira", "open": open}));
    for bad in [
        json!({"summary": " "}),
        json!({"summary": "x".repeat(256)}),
        json!({"summary": "x", "description": "x".repeat(30_001)}),
        json!({"summary": "x", "project": "A\" OR"}),
    ] {
        assert_eq!(open(bad).problem(422), "invalid_document");
    }
    for bad in [json!({"system": "jira"}), json!({"system": "jira", "key": "A-1", "open": {"summary": "x"}})]
    {
        assert_eq!(desk.agent.post(&path, &bad).problem(422), "invalid_document");
    }
    let unknown = desk.agent.post(&path, &json!({"system": "trello", "open": {"summary": "x"}}));
    assert_eq!(unknown.problem(422), "invalid_document");
    assert_eq!(told(&app, "/rest/api/3/").len(), 0);

    // What Jira refuses is a dead letter that names the ticket and repeats no value.
    let refused = json!({"errorMessages": [], "errors": {"issuetype": "No Rosa here"}});
    app.provider.misbehave(Fault::Status(400, refused), 1, "/rest/api/3/issue");
    let opening = open(json!({"summary": "x"})).is(200).json()["opening"].as_str().unwrap().to_owned();
    let dead = delivered(&app, "a dead letter", || {
        let entry = desk.lead.get(&format!("outbox/{opening}")).is(200).json();
        (entry["status"] == "failed").then_some(entry)
    });
    assert_eq!(
        (&dead["why"], &dead["ticket"]),
        (&json!("Jira does not take the issue's issuetype"), &json!(id))
    );

    // A pack without the guard tells Jira nothing.
    let mut pack = desk.pack.clone();
    pack["channels"]["jira"]["main"]["settings"].as_object_mut().unwrap().remove("account_id");
    desk.admin.put("pack", &pack).is(200);
    assert_eq!(open(json!({"summary": "x"})).problem(409), "issues_cannot_be_opened");
}
