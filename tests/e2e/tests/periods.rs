//! Critical periods: what they change, and where they are seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relevo_e2e::{App, Desk, Store, whatsapp};
use serde_json::{Value, json};

/// A desk on which a period is on now and another was long ago.
fn desk() -> (App, Desk) {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish_with("school", |pack| {
        pack["calendars"]["never"] = json!({"time_zone": "UTC", "hours": {"mon": [["00:00", "00:01"]]}, "exceptions": []});
        pack["calendars"]["never"].as_object_mut().unwrap().remove("exceptions");
        pack["calendars"]["always"] = json!({"time_zone": "UTC", "hours": {
            "mon": [["00:00", "24:00"]], "tue": [["00:00", "24:00"]], "wed": [["00:00", "24:00"]], "thu": [["00:00", "24:00"]],
            "fri": [["00:00", "24:00"]], "sat": [["00:00", "24:00"]], "sun": [["00:00", "24:00"]]}});
        pack["people"]["alba-serrano"]["shifts"] = json!(["never"]);
        pack["people"]["alba-serrano"]["capacity"] = json!({"total": 2});
        pack["periods"] = json!({
            "now": {"name": "Inicio de curso", "from": "2020-01-01", "to": "2090-01-01", "capacity_percent": 150,
                    "shifts": {"alba-serrano": ["always"]}, "raise": [{"when": {"channel": ["whatsapp"]}, "to": "high"}]},
            "then": {"name": "Migración", "from": "2019-01-01", "to": "2019-01-31"}
        });
        let terms = json!({"name": "Inicio", "when": {"period": ["now"], "priority": ["high"]},
                           "targets": {"first_response": {"seconds": 600, "calendar": "calendar_time"}}});
        pack["sla"].as_array_mut().unwrap().insert(0, terms);
    });
    (app, desk)
}

#[test]
fn a_period_changes_priorities_terms_and_staff_and_is_seen_in_figures() {
    let (app, desk) = desk();
    let periods = desk.agent.get("periods").is(200).json();
    let on: Vec<_> = periods["items"].as_array().unwrap().iter().map(|p| (&p["id"], &p["on"])).collect();
    assert_eq!(json!(on), json!([["now", true], ["then", false]]));
    let then = desk.agent.get("periods?at=2019-01-31T23:59:59Z").is(200).json();
    let on: Vec<_> = then["items"].as_array().unwrap().iter().map(|p| &p["on"]).collect();
    assert_eq!(json!(on), json!([false, true]));
    assert_eq!(desk.agent.get("periods?at=today").problem(400), "bad_instant");

    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15550109001", "wamid.p1", "hola")).is(200);
    let ticket = desk.ticket_of("15550109001");
    assert_eq!((&ticket["period"], &ticket["priority"]), (&json!("now"), &json!("high")));
    let target = desk.target(ticket["id"].as_str().unwrap(), "first_response");
    assert_eq!(target["policy"], "Inicio", "{target}");
    let chosen = json!({"channel": "whatsapp", "contact": {"address": "15550109002"}, "priority": "low"});
    let chosen = desk.agent.post("tickets", &chosen).is(201).json();
    assert_eq!((&chosen["period"], &chosen["priority"]), (&json!("now"), &json!("low")), "a person chose");

    let shifts = desk.agent.get("shifts").is(200).json();
    let of = |items: &Value, key: &str| {
        items["items"].as_array().unwrap().iter().find(|one| one[key] == "alba-serrano").unwrap().clone()
    };
    assert_eq!(of(&shifts, "person")["on_shift"], true);
    assert_eq!(of(&desk.agent.get("people").is(200).json(), "id")["on_shift"], true);
    let before = desk.agent.get("shifts?at=2018-06-05T12:00:00Z").is(200).json();
    assert_eq!(of(&before, "person")["on_shift"], false);

    let report = desk.lead.get("reports/resolution?group_by=period").is(200).json();
    assert_eq!(report["periods"], json!(["now"]));
    let keys: Vec<_> = report["groups"].as_array().unwrap().iter().map(|group| &group["key"]).collect();
    assert_eq!(json!(keys), json!(["now"]));
    app.tick_everything();
    app.verify();
}
