//! Podio says what changed by ids alone: the items are read from its API, become tickets and go on as events of theirs,
//! and what cannot be read is kept as a problem.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use relevo_e2e::{App, Desk, Fault, Received, Store, eventually, seconds_since_1970};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(25);

/// Podio's hook, as raw bytes.
fn hook(app: &App, desk: &Desk, body: &str) {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let path = with_key(desk, &desk.secret("podio", "main"));
    app.client().send("POST", &path, &form, Some(body.as_bytes())).is(200);
}

/// Podio signs nothing: the secret is part of the URL.
fn with_key(desk: &Desk, key: &str) -> String {
    format!("{}?key={key}", desk.hook("podio", "main"))
}

fn create(item: &str) -> String {
    format!("item_id={item}&item_revision_id=0&type=item.create&hook_id=12")
}

fn update(item: &str, revision: u32) -> String {
    format!("item_id={item}&item_revision_id={revision}&type=item.update&hook_id=12")
}

/// Waits for the tickets of items; there are so many.
#[track_caller]
fn tickets(app: &App, desk: &Desk, count: usize) -> Vec<Value> {
    eventually("the items are tickets", LIMIT, || {
        app.tick("delivery").is(200);
        let found: Vec<_> =
            desk.tickets().into_iter().filter(|ticket| ticket["channel"] == "podio").collect();
        (found.len() >= count).then_some(found)
    })
}

fn problems(desk: &Desk) -> Vec<Value> {
    desk.lead.get("problems").is(200).json()["items"].as_array().cloned().unwrap()
}

#[track_caller]
fn problem(app: &App, desk: &Desk) -> Value {
    eventually("a problem is kept", LIMIT, || {
        app.tick("delivery").is(200);
        problems(desk).into_iter().next()
    })
}

fn history(desk: &Desk, id: &str) -> Vec<Value> {
    desk.lead.get(&format!("tickets/{id}/history")).is(200).json()["items"].as_array().cloned().unwrap()
}

fn asked_as(received: &[Received]) -> Vec<String> {
    received.iter().map(|request| request.header("authorization").to_owned()).collect()
}

#[test]
fn an_item_is_read_as_the_app_and_is_one_ticket_with_its_updates() {
    let (app, desk) = App::school(Store::Sqlite);
    for _ in 0..2 {
        hook(&app, &desk, &create("3000"));
    }
    let ticket = tickets(&app, &desk, 1)[0].clone();
    let id = ticket["id"].as_str().unwrap();
    let read = desk.ticket(id);
    let text = read["messages"][0]["text"].as_str().unwrap();
    assert_eq!(
        text,
        "No carga el acta\nColegio: La Encina\nDetalle: Se queda en blanco.\nUrgencia: Alta\nContacto: Rosa Pérez"
    );
    assert_eq!(read["contact"]["name"], "Rosa Pérez");
    assert_eq!(read["contact"]["addresses"][0]["value"], "rosa@encina.example", "{read}");

    let signed_in = app.provider.received("/oauth/token/v2");
    assert_eq!(signed_in.len(), 1);
    let (asked, expected) =
        (signed_in[0].json(), ["app", "2700100", "access-school-main", "relevo", "client-school-main"]);
    let given =
        ["grant_type", "app_id", "app_token", "client_id", "client_secret"].map(|key| asked[key].clone());
    assert_eq!(json!(given), json!(expected));

    // An update is an event of the ticket, not another message; the token from before is good for it.
    let changed = json!({"item_id": 3000, "title": "No carga ningún acta", "current_revision": {"revision": 1},
        "fields": [{"external_id": "contacto", "type": "contact", "label": "Contacto",
            "values": [{"value": {"name": "Otra", "mail": ["otra@encina.example"]}}]}]});
    app.provider.misbehave(Fault::Status(200, changed), 1, "/item/3000");
    hook(&app, &desk, &update("3000", 1));
    let event = eventually("the update is in the history", LIMIT, || {
        app.tick("delivery").is(200);
        history(&desk, id).into_iter().find(|item| item["type"] == "event.received")
    });
    assert!(event.to_string().contains("No carga ningún acta"), "{event}");
    assert_eq!(
        (desk.ticket(id)["messages"].as_array().unwrap().len(), tickets(&app, &desk, 1).len()),
        (1, 1)
    );
    assert_eq!(app.provider.received("/oauth/token/v2").len(), 1, "the token is kept");
    let tokens = asked_as(&app.provider.received("/item/3000"));
    assert!(
        tokens.len() == 2 && tokens[0] == tokens[1] && tokens[0].starts_with("OAuth2 token-"),
        "{tokens:?}"
    );

    // What is gone cannot be read: that it went is known of the ticket that it was.
    hook(&app, &desk, "item_id=3000&item_revision_id=2&type=item.delete&hook_id=12");
    assert!(history(&desk, id).iter().any(|item| item.to_string().contains("item.delete")));
    assert_eq!(app.provider.received("/item/3000").len(), 2);
    assert_eq!(problems(&desk), Vec::<Value>::new());

    // The reply goes to the contact, by mail.
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Lo miramos."})).is(201);
    let mail = eventually("a mail", LIMIT, || app.provider.received("/v3/").into_iter().next());
    assert!(mail.body.contains("rosa@encina.example"), "{}", mail.body);
}

#[test]
fn files_and_comments_of_an_item_are_in_its_ticket_each_once() {
    let (app, desk) = App::school(Store::Sqlite);
    hook(&app, &desk, &create("3000"));
    let ticket = tickets(&app, &desk, 1)[0].clone();
    let id = ticket["id"].as_str().unwrap();
    let file = desk.ticket(id)["messages"][0]["attachments"][0].clone();
    assert_eq!(
        (&file["filename"], &file["reference"]),
        (&json!("acta.png"), &json!("https://files.podio.com/501"))
    );

    let written = chrono::DateTime::from_timestamp(seconds_since_1970().cast_signed(), 0).unwrap();
    let written = written.format("%Y-%m-%d %H:%M:%S").to_string();
    let comment = |id: u32, text: &str| {
        json!({"comment_id": id, "value": text, "created_on": written,
            "created_by": {"type": "user", "id": 34, "name": "Iván Soto"}, "files": []})
    };
    let with = |comments: Value| json!({"item_id": 3000, "title": "No carga el acta", "comments": comments});
    let announced = |id: u32| format!("type=comment.create&hook_id=13&item_id=3000&comment_id={id}");
    let texts = || -> Vec<String> {
        let all = history(&desk, id).into_iter().filter(|item| item["data"]["kind"] == "comment.create");
        all.map(|item| item["data"]["data"]["text"].as_str().unwrap_or_default().to_owned()).collect()
    };
    app.provider.misbehave(Fault::Status(200, with(json!([comment(9, "Reproducido.")]))), 1, "/item/3000");
    hook(&app, &desk, &announced(9));
    eventually("a comment is in the history", LIMIT, || {
        app.tick("delivery").is(200);
        (texts() == ["Reproducido."]).then_some(())
    });
    let both = with(json!([comment(9, "Reproducido."), comment(10, "Arreglado en 4.3.")]));
    app.provider.misbehave(Fault::Status(200, both), 1, "/item/3000");
    hook(&app, &desk, &announced(10));
    eventually("so is another, and the first one still once", LIMIT, || {
        app.tick("delivery").is(200);
        (texts() == ["Reproducido.", "Arreglado en 4.3."]).then_some(())
    });
    hook(&app, &desk, "type=comment.delete&hook_id=13&item_id=3000&comment_id=9");
    assert!(history(&desk, id).iter().any(|item| item["data"]["kind"] == "comment.delete"));
    assert_eq!(desk.ticket(id)["messages"].as_array().unwrap().len(), 1, "colleagues' words are no message");
    assert_eq!(problems(&desk), Vec::<Value>::new());
}

#[test]
fn a_token_that_is_no_longer_taken_is_renewed_and_what_is_busy_is_asked_again() {
    let (app, desk) = App::school(Store::Sqlite);
    hook(&app, &desk, &create("3000"));
    tickets(&app, &desk, 1);
    let expired =
        json!({"error": "unauthorized", "error_description": "expired_token", "error_propagate": false});
    app.provider.misbehave(Fault::Status(401, expired), 1, "/item/3001");
    hook(&app, &desk, &create("3001"));
    let renewed = || Some(app.provider.received("/item/3001")).filter(|asked| asked.len() == 2);
    let asked = asked_as(&eventually("the item is asked for again", LIMIT, renewed));
    assert!(asked[0] != asked[1] && app.provider.received("/oauth/token/v2").len() == 2, "{asked:?}");

    app.provider.misbehave(Fault::RetryAfter(420, 1), 1, "/item/3002");
    app.provider.misbehave(Fault::Status(503, Value::Null), 1, "/item/3002");
    app.provider.misbehave(Fault::HalfAnswer, 1, "/item/3002");
    hook(&app, &desk, &create("3002"));
    eventually("the item was had in the end", Duration::from_secs(40), || {
        app.tick("delivery").is(200);
        (app.provider.received("/item/3002").len() == 4).then_some(())
    });
    // The same person: one conversation, one ticket, a message for each item.
    let ticket = tickets(&app, &desk, 1)[0].clone();
    eventually("three items", LIMIT, || {
        let read = desk.ticket(ticket["id"].as_str().unwrap());
        (read["messages"].as_array().unwrap().len() == 3).then_some(())
    });
    assert_eq!(problems(&desk), Vec::<Value>::new());
}

#[test]
fn what_cannot_be_read_is_a_problem_until_it_is_tried_again_and_can() {
    let (app, desk) = App::school(Store::Sqlite);
    let gone = json!({"error": "not_found", "error_description": "Object not found"});
    app.provider.misbehave(Fault::Status(404, gone), 1, "/item/3003");
    hook(&app, &desk, &create("3003"));
    let kept = problem(&app, &desk);
    assert_eq!(
        (&kept["channel"], &kept["why"]),
        (&json!("podio"), &json!("the provider no longer has the item"))
    );
    assert_eq!((&kept["item"]["item_id"], &kept["retryable"]), (&json!("3003"), &json!(false)), "{kept}");
    let problem_id = kept["id"].as_str().unwrap();
    assert_eq!(
        desk.lead.post(&format!("problems/{problem_id}/retry"), &json!({})).problem(409),
        "request_not_kept"
    );
    let outbox = kept["item"]["outbox"].as_str().unwrap();
    let entry = desk.lead.get(&format!("outbox/{outbox}")).is(200).json();
    assert_eq!((&entry["status"], &entry["to"]), (&json!("failed"), &json!("podio/main")));

    desk.lead.post(&format!("outbox/{outbox}/retry"), &json!({})).is(200);
    tickets(&app, &desk, 1);
    eventually("the problem is over", LIMIT, || problems(&desk).is_empty().then_some(()));
}

#[test]
fn what_no_app_may_read_and_what_is_no_item_are_problems_too() {
    let (app, desk) = App::school(Store::Sqlite);
    app.provider.misbehave(Fault::Status(200, json!({"title": "sin id"})), 1, "/item/3004");
    hook(&app, &desk, &create("3004"));
    let why = problem(&app, &desk)["why"].as_str().unwrap().to_owned();
    assert!(why.contains("/item_id"), "{why}");
    // Without the client's secret there is no token.
    desk.admin
        .put(
            "channels/podio/main/secrets",
            &json!({"secret": desk.secret("podio", "main"), "access_token": "x"}),
        )
        .is(204);
    app.set_clock(9 * 3_600);
    hook(&app, &desk, &create("3005"));
    eventually("the account says what it lacks", LIMIT, || {
        app.tick("delivery").is(200);
        problems(&desk)
            .iter()
            .any(|kept| kept["why"].as_str().unwrap().contains("client_secret"))
            .then_some(())
    });
    assert_eq!(app.provider.received("/item/3005").len(), 0);
    // From outside nobody hands an item in.
    let body =
        json!({"desk": "school", "channel": "podio", "account": "main", "kind": "item.create", "item": {}});
    let json = [("content-type", "application/json")];
    let outside = app.client().send("POST", "/internal/item", &json, Some(body.to_string().as_bytes()));
    assert!(matches!(outside.status, 401 | 404), "{}", outside.status);
    // A wrong key is a stranger's.
    let wrong = with_key(&desk, "wrong");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    app.client().send("POST", &wrong, &form, Some(create("3006").as_bytes())).is(401);
    assert_eq!(app.provider.received("/item/3006").len(), 0);
}
