//! The main job, told once from end to end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use relevo_e2e::{App, Desk, Store, eventually, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550100001";

#[test]
fn a_signed_webhook_becomes_a_ticket_and_is_answered_from_a_template_and_rated_on_sqlite() {
    tell(Store::Sqlite);
}

#[test]
fn a_signed_webhook_becomes_a_ticket_and_is_answered_from_a_template_and_rated_on_redis() {
    tell(Store::Redis);
}

fn tell(store: Store) {
    let (app, desk) = App::school(store);
    shake_hands(&app, &desk);
    let id = write(&app, &desk);
    let (external_id, begun) = answer(&app, &desk, &id);
    report(&app, &desk, &id, &external_id);

    let first = desk.target(&id, "first_response");
    assert_eq!(first["state"], "met", "{first}");
    assert_eq!(desk.target(&id, "full_resolution")["state"], "running");

    let solved =
        desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved", "reason": "answered"}));
    assert_eq!(solved.is(200).json()["status"], "resuelto");
    assert_eq!(desk.target(&id, "full_resolution")["state"], "met");
    rate(&app, &desk, &id);
    figures(&desk, begun);
    history(&desk, &id);
}

/// Meta checks the webhook before it uses it.
fn shake_hands(app: &App, desk: &Desk) {
    let path = |token: &str| {
        let hook = desk.hook("whatsapp", "main");
        format!("{hook}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
    };
    let answer = app.client().send("GET", &path("verify-school-main"), &[], None).is(200);
    assert_eq!(answer.body, "1158201444");
    assert_eq!(
        app.client().send("GET", &path("verify-school-other"), &[], None).problem(401),
        "webhook_refused"
    );
}

fn write(app: &App, desk: &Desk) -> String {
    let words = "  ¿Dónde se cambia el periodo? 😀\n";
    let accepted =
        whatsapp::deliver(app.client(), desk, &whatsapp::message(PHONE, "wamid.IN1", words)).is(200);
    assert_eq!(accepted.header("content-length"), "0");

    let ticket = desk.ticket_of(PHONE);
    let id = ticket["id"].as_str().unwrap();
    assert!(id.starts_with("tkt_"), "{id}");
    assert_eq!(
        json!([ticket["number"], ticket["status"], ticket["category"], ticket["channel"], ticket["queue"]]),
        json!([1, "nuevo", "new", "whatsapp", "plataforma"])
    );
    assert_eq!(ticket["contact"]["name"], "Rosa Núñez");
    let messages = ticket["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "{ticket}");
    assert_eq!(
        json!([messages[0]["direction"], messages[0]["external_id"], messages[0]["text"]]),
        json!(["in", "wamid.IN1", words]),
        "kept as it was sent"
    );
    for name in ["first_response", "full_resolution"] {
        let target = desk.target(id, name);
        assert_eq!(target["state"], "running", "{target}");
        assert!(target["due"].is_string(), "{target}");
        assert_eq!(target["log"][0]["event"], "activated", "{target}");
    }
    id.to_owned()
}

/// The agent's reply is at the provider within a second; returns the provider's id of it.
fn answer(app: &App, desk: &Desk, id: &str) -> (String, Instant) {
    let body = json!({"template": "respuesta", "data": {"answer": "En Ajustes › Curso."}});
    let begun = Instant::now();
    let ticket = desk.agent.post(&format!("tickets/{id}/replies"), &body).is(201).json();
    assert_eq!(ticket["category"], "open", "a reply takes a new ticket on");
    let sent = app.provider.wait_for(PHONE, "En Ajustes › Curso.");
    assert!(sent.at - begun < Duration::from_secs(1), "it took {:?}", sent.at - begun);
    assert_eq!(sent.path, "/v23.0/100200300400501/messages");
    assert_eq!(sent.header("authorization"), "Bearer access-school-main");
    assert!(sent.text().starts_with("Hola, Rosa Núñez:\n\n"), "{}", sent.text());

    let outgoing = eventually("the reply is marked as sent", Duration::from_secs(5), || {
        outgoing(&desk.ticket(id)).filter(|message| message["delivery"] == "sent")
    });
    assert_eq!(outgoing["text"], sent.text(), "the ticket shows what the customer reads");
    (outgoing["external_id"].as_str().unwrap().to_owned(), begun)
}

/// What the provider reports comes back, in any order; a late step back changes nothing.
fn report(app: &App, desk: &Desk, id: &str, external_id: &str) {
    for (state, expected) in
        [("delivered", "delivered"), ("read", "read"), ("delivered", "read"), ("sent", "read")]
    {
        whatsapp::deliver(app.client(), desk, &whatsapp::report(external_id, state, PHONE)).is(200);
        assert_eq!(outgoing(&desk.ticket(id)).unwrap()["delivery"], expected, "after {state}");
    }
}

fn rate(app: &App, desk: &Desk, id: &str) {
    let link = app.provider.wait_for(PHONE, "/s/").link().unwrap();
    for _ in 0..3 {
        let page = app.client().send("GET", &link, &[], None).is(200);
        assert!(page.body.contains("<form") && page.body.contains("lang=\"es\""), "{}", page.body);
    }
    assert_eq!(desk.ticket(id)["ratings"], json!([]), "a GET records nothing");

    let form = [("content-type", "application/x-www-form-urlencoded")];
    app.client().send("POST", &link, &form, Some(b"score=5&comment=Muy+amable")).is(200);
    let ticket = desk.ticket(id);
    let ratings = ticket["ratings"].as_array().unwrap();
    assert_eq!(ratings.len(), 1, "{ticket}");
    assert_eq!(json!([ratings[0]["score"], ratings[0]["comment"]]), json!([5, "Muy amable"]));
}

/// Each figure with what it was made of.
fn figures(desk: &Desk, begun: Instant) {
    let kpi = |report: &str, name: &str| {
        let answer = desk.lead.get(&format!("reports/{report}")).is(200).json();
        let mut kpis = answer["kpis"].as_array().unwrap_or_else(|| panic!("{answer}")).iter();
        let kpi =
            kpis.find(|kpi| kpi["name"] == name).unwrap_or_else(|| panic!("no {name}: {answer}")).clone();
        assert!(kpi["definition"].as_str().is_some_and(|text| text.len() > 20), "{kpi}");
        kpi
    };
    let parts = |kpi: &Value| json!([kpi["value"], kpi["numerator"], kpi["denominator"]]);
    assert_eq!(parts(&kpi("csat", "csat_mean")), json!([5.0, 5, 1]));
    assert_eq!(parts(&kpi("csat", "csat_share")), json!([1.0, 1, 1]));
    assert_eq!(parts(&kpi("response_rate", "response_rate")), json!([1.0, 1, 1]));
    assert_eq!(parts(&kpi("resolution", "resolution_rate")), json!([1.0, 1, 1]));
    let first = kpi("first_response", "first_response_median");
    assert_eq!(first["denominator"], 1, "{first}");
    let limit = begun.elapsed().as_secs_f64() + 30.0;
    assert!(first["value"].as_f64().is_some_and(|seconds| (0.0..limit).contains(&seconds)), "{first}");
}

fn history(desk: &Desk, id: &str) {
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let types: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| &item["type"]).collect();
    let expected = [
        "message.received",
        "reply.written",
        "status.changed",
        "delivery.concluded",
        "delivery.reported",
        "delivery.reported",
        "delivery.reported",
        "status.changed",
        "survey.decided",
    ];
    assert_eq!(types[..expected.len()], expected, "{history}");
}

/// The newest message to the customer.
fn outgoing(ticket: &Value) -> Option<Value> {
    ticket["messages"].as_array()?.iter().rev().find(|message| message["direction"] == "out").cloned()
}
