//! What a support lead does with service levels: escalations, excuses, trials on the past, new terms for what is open.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use relevo_e2e::{App, Desk, Store, eventually, pack, whatsapp};
use serde_json::{Value, json};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

fn policy(seconds: u64) -> Value {
    json!([
        {"name": "Avería", "when": {"tags": ["averia"]}, "targets": {
            "full_resolution": {"seconds": 600, "calendar": "calendar_time"}}},
        {"name": "Al momento",
         "targets": {
            "first_response": {"seconds": seconds, "calendar": "calendar_time"},
            "full_resolution": {"seconds": 86_400, "calendar": "calendar_time"}},
         "escalation": {"targets": ["first_response"], "steps": [{"after_seconds": 0, "to": ["lead"]}]}}
    ])
}

/// A desk with one ticket whose answer was missed after a second, and who has noticed.
fn missed() -> (App, Desk, String) {
    let app = App::bare(Store::Sqlite);
    let desk = app.publish("school");
    let mut pack = pack("school");
    pack["sla"] = policy(1);
    for person in pack["people"].as_object_mut().unwrap().values_mut() {
        person.as_object_mut().unwrap().remove("shifts");
    }
    desk.admin.put("pack", &pack).is(200);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message("15550940001", "wamid.1", "hola")).is(200);
    let id = desk.ticket_of("15550940001")["id"].as_str().unwrap().to_owned();
    eventually("the breach is recorded", LIMIT, || {
        app.host.tick_all("sla");
        let target = desk.target(&id, "first_response");
        target["log"]
            .as_array()
            .unwrap()
            .iter()
            .any(|e| e["why"].as_str().unwrap().contains("told at"))
            .then_some(())
    });
    (app, desk, id)
}

fn figure(desk: &Desk, name: &str) -> Value {
    let report = desk.lead.get("reports/sla").is(200).json();
    report["kpis"].as_array().unwrap().iter().find(|kpi| kpi["name"] == name).unwrap().clone()
}

#[test]
fn a_breach_is_escalated_and_can_be_excused_by_a_lead() {
    let (_app, desk, id) = missed();
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let notice = history["items"].as_array().unwrap().iter().find(|e| e["type"] == "notice.sent").unwrap();
    assert_eq!(notice["data"]["folded"], json!(["e1"]), "the first step is at once: {notice}");
    let people = &desk.pack["people"];
    let to: Vec<&str> =
        notice["data"]["to"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    assert!(to.iter().any(|person| people[*person]["role"] == "lead"), "{to:?}");

    let excuse = |target: &str, reason: &str| {
        desk.lead.post(&format!("tickets/{id}/sla/excuse"), &json!({"target": target, "reason": reason}))
    };
    let body = json!({"target": "first_response", "reason": "x"});
    assert_eq!(desk.agent.post(&format!("tickets/{id}/sla/excuse"), &body).problem(403), "forbidden");
    assert_eq!(excuse("first_response", " ").problem(422), "bad_reason");
    assert_eq!(excuse("lunch", "x").problem(422), "unknown_target");
    assert_eq!(excuse("full_resolution", "x").problem(409), "not_breached");
    let before = figure(&desk, "sla_first_response");
    assert_eq!((&before["numerator"], &before["denominator"]), (&json!(0), &json!(1)));
    for _ in 0..2 {
        let targets = excuse("first_response.1", "caída del proveedor").is(200).json();
        let first =
            targets["targets"].as_array().unwrap().iter().find(|t| t["name"] == "first_response").unwrap();
        assert_eq!((&first["state"], &first["excused"]), (&json!("breached"), &json!(true)));
        let excused = first["log"].as_array().unwrap().iter().filter(|e| e["event"] == "excused");
        assert_eq!(excused.count(), 1, "{first}");
    }
    let path = format!("tickets/{id}/sla/excuse");
    let keyed = |reason: &str| {
        desk.lead.post_once(&path, "k", &json!({"target": "first_response", "reason": reason}))
    };
    assert_eq!(keyed("otra vez").problem(409), "already_excused");
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let excuses = history["items"].as_array().unwrap().iter().filter(|e| e["type"] == "sla.excused").count();
    assert_eq!(excuses, 1, "one reason stands");
    let counted = figure(&desk, "sla_first_response");
    assert_eq!((&counted["numerator"], &counted["denominator"]), (&json!(0), &json!(1)));
    let without = figure(&desk, "sla_first_response_excusing");
    assert_eq!((&without["denominator"], &without["excluded"]["excused"]), (&json!(0), &json!(1)));

    let shifts = desk.agent.get("shifts").is(200).json();
    assert!(shifts["items"].as_array().unwrap().iter().all(|person| person["on_shift"] == true), "{shifts}");
    assert_eq!(desk.agent.get("shifts?at=monday").problem(400), "bad_instant");
}

#[test]
fn other_terms_are_tried_on_the_past_and_applied_to_what_is_open() {
    let (_app, desk, id) = missed();
    let simulate = |body: &Value| desk.lead.post("sla/simulate", body);
    assert_eq!(desk.agent.post("sla/simulate", &json!({"days": 1, "sla": []})).problem(403), "forbidden");
    for (body, pointer) in [
        (json!({"days": 0, "sla": []}), "/days"),
        (json!({"days": 367, "sla": []}), "/days"),
        (json!({"days": 7}), "/sla"),
        (json!({"days": 7, "sla": [], "cursor": "x"}), "/cursor"),
        (
            json!({"days": 7, "calendars": {"soporte": {"time_zone": "Europe/Madrit"}}}),
            "/calendars/soporte/time_zone",
        ),
        (
            json!({"days": 7, "sla": [{"name": "p", "targets": {"first_response": {"seconds": 1, "calendar": "no"}}}]}),
            "/sla/0/targets/first_response/calendar",
        ),
    ] {
        let answer = simulate(&body);
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}: {}", answer.body);
        answer.problem(422);
    }
    let same = simulate(&json!({"days": 7, "sla": policy(1)})).is(200).json();
    assert_eq!((&same["tickets"], &same["differ"], &same["next"]), (&json!(1), &json!([]), &Value::Null));
    let milder = json!({"days": 7, "sla": policy(3_600)});
    let tried = simulate(&milder).is(200).json();
    let first = &tried["targets"]["first_response"];
    assert_eq!(
        (&first["before"]["breached"], &first["after"]["breached"]),
        (&json!(1), &json!(0)),
        "{tried}"
    );
    assert_eq!(tried["differ"][0]["ticket"], id.as_str(), "{tried}");
    assert_eq!(tried["differ"][0]["targets"][0]["after"]["state"], "running", "{tried}");

    let lines =
        desk.lead.call("POST", "sla/simulate", &[("accept", "application/x-ndjson")], Some(&milder)).is(200);
    let lines: Vec<Value> = lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&String> =
        lines.iter().map(|line| line.as_object().unwrap().keys().next().unwrap()).collect();
    assert_eq!(kinds, ["differs", "progress", "summary"], "{lines:?}");
    assert_eq!(lines[2]["summary"]["targets"], tried["targets"]);

    // Nothing was written, and publishing alone changes no promise.
    let due = || desk.target(&id, "full_resolution")["due"].clone();
    let before = due();
    let mut pack = desk.admin.get("pack").is(200).json()["pack"].clone();
    pack["sla"][1]["targets"]["full_resolution"]["seconds"] = json!(172_800);
    let published = desk.admin.put("pack", &pack).is(200).json();
    assert_eq!(published["terms_changed"], true, "{published}");
    let place = "/sla/1/targets/full_resolution/seconds";
    let whole = json!([{"pointer": "/sla", "change": "changed"}]);
    let precise = json!([{"pointer": place, "change": "changed"}]);
    assert!([whole, precise].contains(&published["changes"]), "{published}");
    assert_eq!(due(), before);
    let apply = |dry_run: bool| desk.lead.post("sla/apply", &json!({"dry_run": dry_run})).is(200).json();
    let shown = apply(true);
    assert_eq!(shown["changed"][0]["targets"][0]["instance"], "full_resolution.1", "{shown}");
    assert_eq!(due(), before, "a dry run");
    let keyed = |key: &str, dry_run: bool| {
        desk.lead.post_once("sla/apply", key, &json!({"dry_run": dry_run, "cursor": null}))
    };
    assert_eq!(keyed("a", true).is(200).json()["changed"], shown["changed"]);
    assert_eq!(due(), before, "a dry run uses no key up");
    assert_eq!(keyed("a", false).is(200).json()["changed"], shown["changed"]);
    assert_eq!(keyed("a", false).is(200).json()["changed"], shown["changed"], "as the first time");
    assert_eq!(keyed("a", true).problem(409), "idempotency_key_reused");
    assert_eq!(
        keyed("b", false).is(200).json()["changed"],
        json!([]),
        "another call finds nothing to change"
    );
    let target = desk.target(&id, "full_resolution");
    assert_ne!(target["due"], before);
    let changed = target["log"].as_array().unwrap().iter().find(|e| e["event"] == "changed").unwrap();
    assert!(changed["why"].as_str().unwrap().starts_with("pack changed, pack "), "{changed}");
    assert_eq!(apply(false)["changed"], json!([]), "again: nothing differs");

    desk.agent.post(&format!("tickets/{id}/tags"), &json!({"add": ["averia"]})).is(200);
    let target = desk.target(&id, "full_resolution");
    assert_eq!((&target["policy"], &target["seconds"]), (&json!("Avería"), &json!(600)));
}
