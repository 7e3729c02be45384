//! The past can be read: a ticket as it was known at an instant, and everything that was done since.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Store, eventually, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15551100001";

#[test]
fn a_ticket_is_shown_as_it_was_at_every_instant_of_its_history() {
    let (app, desk) = App::school(Store::Sqlite);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    let act = |action: &str, body: Value| desk.agent.post(&format!("tickets/{id}/{action}"), &body);
    let mut seen = vec![desk.ticket(&id)];
    for (action, body, status) in [
        ("assignment", json!({"agent": desk.agent.person}), 200),
        ("priority", json!({"priority": "urgent"}), 200),
        ("fields", json!({"school": "San José", "pupils": 3}), 200),
        ("tags", json!({"add": ["matrícula"], "remove": ["whatsapp"]}), 200),
        ("notes", json!({"text": "Llamó ayer"}), 201),
        ("escalation", json!({"team": "tecnico", "reason": "no es de aquí"}), 200),
        ("status", json!({"status": "en_desarrollo"}), 200),
        ("fields", json!({"pupils": null}), 200),
        ("status", json!({"status": "solved"}), 200),
    ] {
        act(action, body).is(status);
        seen.push(desk.ticket(&id));
    }
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let history = history["items"].as_array().unwrap();
    assert!(history.iter().all(|item| item["at"].is_string() && item["by"].is_string()), "{history:?}");
    let by_agent = format!("person:{}", desk.agent.person);
    assert_eq!(history.iter().filter(|item| item["by"] == json!(by_agent)).count(), 9, "{history:?}");
    let instants: Vec<_> = history.iter().map(|item| item["at"].as_str().unwrap()).collect();
    assert!(instants.is_sorted(), "{instants:?}");

    for (n, expected) in seen.iter().enumerate() {
        let at = instants[n];
        let shown = desk.agent.get(&format!("tickets/{id}?as_of={at}")).is(200).json();
        // Who is writing is of now.
        let mut expected = expected.clone();
        expected.as_object_mut().unwrap().remove("writing");
        assert_eq!(shown, expected, "at {at}, after {}", history[n]["type"]);
    }
    let fields = &seen[8]["fields"];
    assert_eq!(fields, &json!({"school": "San José"}), "null removes a field");
}

#[test]
fn before_its_time_a_ticket_is_not_there_and_a_rating_neither() {
    let (app, desk) = App::school(Store::Sqlite);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    let before = desk.agent.get(&format!("tickets/{id}?as_of=2020-01-01T00:00:00Z"));
    assert_eq!(before.problem(404), "not_there_yet");
    for wrong in ["yesterday", "2026-13-01T00:00:00Z", ""] {
        let answer = desk.agent.get(&format!("tickets/{id}?as_of={wrong}"));
        assert_eq!(answer.problem(400), "bad_instant", "{wrong}");
    }
    desk.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    let link = app.provider.wait_for(PHONE, "/s/").link().unwrap();
    let solved = eventually("the survey is in the ticket", std::time::Duration::from_secs(5), || {
        let ticket = desk.ticket(&id);
        let asked =
            ticket["messages"].as_array().unwrap().iter().any(|message| message["direction"] == "out");
        asked.then(|| ticket["updated_at"].as_str().unwrap().to_owned())
    });
    app.client()
        .send("POST", &link, &[("content-type", "application/json")], Some(br#"{"score":5}"#))
        .is(200);
    let ratings = |ticket: Value| ticket["ratings"].as_array().unwrap().len();
    assert_eq!(ratings(desk.ticket(&id)), 1);
    assert_eq!(ratings(desk.agent.get(&format!("tickets/{id}?as_of={solved}")).is(200).json()), 0);
}

#[test]
fn work_lists_are_narrowed_and_paged() {
    let (app, desk) = App::school(Store::Sqlite);
    let messages: Vec<_> =
        (0..130).map(|n| whatsapp::text(&format!("1555111{n:04}"), &format!("wamid.{n}"), "hola")).collect();
    whatsapp::deliver(app.client(), &desk, &whatsapp::batch(&[vec![whatsapp::change(&[], &messages, &[])]]))
        .is(200);
    let all = desk.tickets();
    let numbers: Vec<_> = all.iter().map(|ticket| ticket["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=130).rev().collect::<Vec<_>>(), "newest first, each once, over all pages");

    let chosen = all[3]["id"].as_str().unwrap();
    desk.agent.post(&format!("tickets/{chosen}/assignment"), &json!({"agent": desk.agent.person})).is(200);
    desk.agent.post(&format!("tickets/{chosen}/status"), &json!({"status": "por_validar"})).is(200);
    let list = |query: &str| desk.agent.get(&format!("tickets?{query}")).is(200).json()["items"].clone();
    for query in
        ["assignee=me", "status=por_validar", "status=to_be_validated", "assignee=me&queue=plataforma"]
    {
        let items = list(query);
        assert_eq!(items.as_array().map(Vec::len), Some(1), "{query}");
        assert_eq!(items[0]["id"], chosen, "{query}");
    }
    let phone = all[7]["contact"]["addresses"][0]["value"].as_str().unwrap();
    assert_eq!(list(&format!("contact={phone}"))[0]["id"], all[7]["id"]);
    assert_eq!(list("queue=telefono"), json!([]));
    let beyond = desk.agent.get("tickets?cursor=n18446744073709551615").is(200).json();
    assert!(beyond["items"].is_array(), "a cursor is a number, however large: {beyond}");
    for wrong in ["limit=0", "limit=201", "limit=x", "cursor=x"] {
        desk.agent.get(&format!("tickets?{wrong}")).problem(400);
    }
}
