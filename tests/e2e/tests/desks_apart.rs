//! Nothing of one desk can be read or changed with another desk's credentials, ids or links.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use relevo_e2e::{App, Caller, Store, eventually, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15550600001";

#[test]
fn a_person_who_writes_to_two_desks_is_two_contacts_with_two_tickets() {
    let (app, school) = App::school(Store::Sqlite);
    let travel = app.publish("travel");
    let body = whatsapp::message(PHONE, "wamid.SAME", "hola, привет");
    for desk in [&school, &travel] {
        whatsapp::deliver(app.client(), desk, &body).is(200);
    }
    let (ours, theirs) = (school.ticket_of(PHONE), travel.ticket_of(PHONE));
    assert_ne!(ours["id"], theirs["id"]);
    assert_ne!(ours["contact"]["id"], theirs["contact"]["id"]);
    assert_ne!(ours["messages"][0]["id"], theirs["messages"][0]["id"]);
    assert_eq!((&ours["number"], &theirs["number"]), (&json!(1), &json!(1)), "each desk counts for itself");
}

#[test]
fn ids_of_one_desk_are_unknown_at_another() {
    let (app, school) = App::school(Store::Sqlite);
    let travel = app.publish("travel");
    whatsapp::deliver(app.client(), &school, &whatsapp::message(PHONE, "wamid.A1", "hola")).is(200);
    let ticket = school.ticket_of(PHONE);
    let id = ticket["id"].as_str().unwrap();
    school.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Buenos días"})).is(201);
    app.provider.wait_for(PHONE, "Buenos días");
    let history = || school.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let entry = eventually("the delivery is in the list", Duration::from_secs(5), || {
        let outbox = school.lead.get("outbox?status=sent").is(200).json();
        outbox["items"][0]["id"].as_str().map(str::to_owned)
    });
    eventually("its outcome is in the history", Duration::from_secs(5), || {
        history().to_string().contains("delivery.concluded").then_some(())
    });
    let before = history();

    for path in ["", "/history", "/sla"] {
        assert_eq!(travel.lead.get(&format!("tickets/{id}{path}")).problem(404), "unknown_ticket", "{path}");
    }
    for (action, body) in [
        ("replies", json!({"text": "x"})),
        ("notes", json!({"text": "x"})),
        ("status", json!({"status": "solved"})),
        ("assignment", json!({"agent": null})),
        ("priority", json!({"priority": "urgent"})),
        ("fields", json!({"a": 1})),
        ("tags", json!({"add": ["x"]})),
        ("escalation", json!({"team": "x"})),
    ] {
        let path = format!("tickets/{id}/{action}");
        assert_eq!(travel.agent.post(&path, &body).problem(404), "unknown_ticket", "{action}");
        assert_eq!(travel.agent.at("school").post(&path, &body).problem(401), "unauthorized", "{action}");
        assert_eq!(school.agent.at("travel").post(&path, &body).problem(401), "unauthorized", "{action}");
    }
    let contact = ticket["contact"]["id"].as_str().unwrap();
    assert_eq!(travel.agent.get(&format!("contacts/{contact}")).problem(404), "unknown_contact");
    assert_eq!(travel.lead.get(&format!("outbox/{entry}")).problem(404), "unknown_delivery");
    assert_eq!(
        travel.lead.post(&format!("outbox/{entry}/retry"), &json!({})).problem(404),
        "unknown_delivery"
    );
    for list in ["tickets", "contacts", "outbox", "problems", "surveys"] {
        let items = travel.lead.get(list).is(200).json()["items"].clone();
        assert_eq!(items, json!([]), "{list}");
    }
    assert_eq!(history(), before, "and nothing has changed");
}

#[test]
fn what_a_contact_told_one_client_of_a_desk_is_not_for_anothers_agents() {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("cards");
    let (nogal, albatros) = (desk.token("adriana-campos", "agent"), desk.token("daniela-rivas", "agent"));
    let open = |caller: &Caller, account: &str, more: Value| {
        let mut contact = json!({"address": "clara-77"});
        contact.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        caller.post("tickets", &json!({"channel": "standard", "account": account, "contact": contact}))
    };
    let told = open(&nogal, "nogal", json!({"name": "Clara Nogal"})).is(201).json();
    app.set_clock(3_600);
    let mine = open(&albatros, "albatros", json!({})).is(201).json();
    let contact = mine["contact"]["id"].as_str().unwrap();
    assert_eq!(told["contact"]["id"], contact, "one person at the desk");
    let seen = |caller: &Caller| caller.get(&format!("contacts/{contact}")).is(200).json();

    let view = seen(&albatros);
    assert_eq!((&view["name"], &view["since"]), (&Value::Null, &mine["opened_at"]), "{view}");
    assert_eq!(view["addresses"].as_array().unwrap().len(), 1, "{view}");
    assert_eq!(view["tickets"].as_array().unwrap().len(), 1, "{view}");
    for path in ["contacts", "contacts?address=clara-77"] {
        let list = albatros.get(path).is(200).json();
        assert_eq!(list["items"][0]["id"], contact, "{list}");
        assert!(!list.to_string().contains("Clara"), "{list}");
        assert_eq!(list["items"][0]["since"], mine["opened_at"], "{list}");
    }
    let view = seen(&nogal);
    assert_eq!((&view["name"], &view["since"]), (&json!("Clara Nogal"), &told["opened_at"]));
    let manager = desk.token("karla-mendez", "manager");
    assert_eq!(seen(&manager)["name"], "Clara Nogal");
    // What either is told is theirs.
    open(&albatros, "albatros", json!({"name": "Clara Albatros"})).is(201);
    assert_eq!(
        (&seen(&albatros)["name"], &seen(&nogal)["name"]),
        (&json!("Clara Albatros"), &json!("Clara Nogal"))
    );

    // Nor is it read by writing on the other's account.
    let new = json!({"channel": "standard", "account": "nogal", "contact": {"address": "clara-77"}, "queue": "albatros"});
    assert_eq!(albatros.post("tickets", &new).problem(403), "forbidden");
}

#[test]
fn a_survey_link_leads_to_its_own_desk_alone() {
    let (app, school) = App::school(Store::Sqlite);
    app.publish("travel");
    whatsapp::deliver(app.client(), &school, &whatsapp::message(PHONE, "wamid.S1", "hola")).is(200);
    let id = school.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    school.agent.post(&format!("tickets/{id}/status"), &json!({"status": "solved"})).is(200);
    let link = app.provider.wait_for(PHONE, "/s/").link().unwrap();
    let foreign = link.replace("/s/school.", "/s/travel.");
    assert_ne!(link, foreign, "the token names its desk");
    let json = [("content-type", "application/json")];
    app.client().send("GET", &foreign, &[], None).is(404);
    app.client().send("POST", &foreign, &json, Some(br#"{"score":1}"#)).is(404);
    assert_eq!(school.ticket(&id)["ratings"], json!([]));
    app.client().send("POST", &link, &json, Some(br#"{"score":4}"#)).is(200);
    assert_eq!(school.ticket(&id)["ratings"][0]["score"], 4);
}

#[test]
fn a_subscriber_hears_of_its_own_desk_alone() {
    let (app, school) = App::school(Store::Sqlite);
    let travel = app.publish("travel");
    for desk in [&school, &travel] {
        let url = format!("{}/subscribers/{}", app.provider.base_url(), desk.name);
        desk.admin.post("subscribers", &json!({"url": url, "events": ["ticket.opened"]})).is(201);
    }
    whatsapp::deliver(app.client(), &school, &whatsapp::message(PHONE, "wamid.T1", "hola")).is(200);
    eventually("the school's subscriber is told", Duration::from_secs(5), || {
        app.host.tick_all("projections");
        (!app.provider.received("/subscribers/school").is_empty()).then_some(())
    });
    app.host.tick_all("delivery");
    let told: Vec<Value> = app.provider.received("/subscribers/").iter().map(|r| json!(r.path)).collect();
    assert_eq!(told, [json!("/subscribers/school")]);
}
