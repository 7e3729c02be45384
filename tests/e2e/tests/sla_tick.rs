//! Service levels on the clock: each warning and each breach is told of once, by whichever tick comes first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use relevo_e2e::{App, Desk, Store, eventually, pack, verify_standard, whatsapp};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// The school's desk with targets of seconds, by the wall clock.
fn hurried(app: &App, seconds: u64) -> Desk {
    let desk = app.publish("school");
    let mut pack = pack("school");
    let target =
        |seconds: u64, warn: Value| json!({"seconds": seconds, "calendar": "calendar_time", "warn": warn});
    pack["sla"] = json!([{
        "name": "Al momento",
        "targets": {
            "first_response": target(seconds, json!([50])),
            "full_resolution": target(86_400, json!([50])),
        },
    }]);
    desk.admin.put("pack", &pack).is(200);
    desk
}

fn write(app: &App, desk: &Desk, phone: &str) -> String {
    whatsapp::deliver(app.client(), desk, &whatsapp::message(phone, &format!("wamid.{phone}"), "hola"))
        .is(200);
    desk.ticket_of(phone)["id"].as_str().unwrap().to_owned()
}

/// The thresholds that notices were recorded for, each with how often.
fn notices(desk: &Desk, id: &str) -> BTreeMap<String, usize> {
    let history = desk.agent.get(&format!("tickets/{id}/history")).is(200).json();
    let mut notices = BTreeMap::new();
    for item in history["items"].as_array().unwrap().iter().filter(|item| item["type"] == "notice.sent") {
        let name = format!(
            "{} {}",
            item["data"]["instance"].as_str().unwrap(),
            item["data"]["threshold"].as_str().unwrap()
        );
        *notices.entry(name).or_default() += 1;
    }
    notices
}

fn once(names: &[&str]) -> BTreeMap<String, usize> {
    names.iter().map(|name| ((*name).to_owned(), 1)).collect()
}

#[test]
fn ticks_that_overlap_warn_and_record_a_breach_once_each_on_sqlite() {
    overlapping(Store::Sqlite);
}

#[test]
fn ticks_that_overlap_warn_and_record_a_breach_once_each_on_redis() {
    overlapping(Store::Redis);
}

fn overlapping(store: Store) {
    let app = App::bare(store);
    let desk = hurried(&app, 2);
    let url = format!("{}/subscribers/alarm", app.provider.base_url());
    let events = json!(["sla.warned", "sla.breached"]);
    let created = desk.admin.post("subscribers", &json!({"url": url, "events": events})).is(201).json();
    let secret = created["secret"].as_str().unwrap();

    let ids: Vec<_> = (0..10).map(|n| write(&app, &desk, &format!("1555090{n:04}"))).collect();
    let expected = once(&["first_response.1 breach", "first_response.1 w50"]);
    eventually("every breach is recorded", LIMIT, || {
        thread::scope(|scope| {
            for name in ["sla", "sla", "sla", "projections"] {
                let host = &app.host;
                scope.spawn(move || host.tick(name).is(200));
            }
        });
        ids.iter().all(|id| notices(&desk, id).len() == expected.len()).then_some(())
    });
    for id in &ids {
        assert_eq!(notices(&desk, id), expected);
        let target = desk.target(id, "first_response");
        assert_eq!(target["state"], "breached", "{target}");
        let log: Vec<_> =
            target["log"].as_array().unwrap().iter().map(|entry| entry["event"].clone()).collect();
        assert_eq!(log, ["activated", "warned", "breached"], "{target}");
    }

    eventually("the subscriber is told of all", LIMIT, || {
        app.host.tick_all("projections");
        app.host.tick_all("delivery");
        (app.provider.received("/subscribers/alarm").len() >= 20).then_some(())
    });
    app.host.tick_all("sla");
    app.host.tick_all("projections");
    app.host.tick_all("delivery");
    let told = app.provider.received("/subscribers/alarm");
    let mut by_ticket: BTreeMap<String, usize> = BTreeMap::new();
    for request in &told {
        let (id, at) = (request.header("webhook-id"), request.header("webhook-timestamp"));
        assert!(
            verify_standard(secret, id, at, &request.body, request.header("webhook-signature")),
            "{request:?}"
        );
        let event = request.json();
        let key = format!(
            "{} {}",
            event["data"]["ticket"]["id"].as_str().unwrap(),
            event["type"].as_str().unwrap()
        );
        *by_ticket.entry(key).or_default() += 1;
    }
    let expected: BTreeMap<_, _> = ids
        .iter()
        .flat_map(|id| ["sla.breached", "sla.warned"].map(|kind| (format!("{id} {kind}"), 1)))
        .collect();
    assert_eq!(by_ticket, expected);
}

#[test]
fn an_answer_in_time_is_followed_by_no_notice() {
    let app = App::bare(Store::Sqlite);
    let desk = hurried(&app, 3);
    let (answered, forgotten) = (write(&app, &desk, "15550910001"), write(&app, &desk, "15550910002"));
    desk.agent.post(&format!("tickets/{answered}/replies"), &json!({"text": "Aquí estoy"})).is(201);
    eventually("the breach of the other is recorded", LIMIT, || {
        app.host.tick_all("sla");
        notices(&desk, &forgotten).contains_key("first_response.1 breach").then_some(())
    });
    assert_eq!(notices(&desk, &answered), BTreeMap::new());
    assert_eq!(desk.target(&answered, "first_response")["state"], "met");
}

#[test]
fn an_answer_that_comes_too_late_between_two_ticks_still_is_a_breach() {
    let app = App::bare(Store::Sqlite);
    let desk = hurried(&app, 1);
    let id = write(&app, &desk, "15550920001");
    eventually("it is due", LIMIT, || {
        (desk.target(&id, "first_response")["state"] == "breached").then_some(())
    });
    desk.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Perdón por la espera"})).is(201);
    let target = desk.target(&id, "first_response");
    assert_eq!(target["state"], "breached", "{target}");
    assert!(target["met_at"].is_string() && target["breached_at"].is_string(), "{target}");
    assert!(target["met_at"].as_str() > target["breached_at"].as_str(), "{target}");
    for _ in 0..2 {
        app.host.tick_all("sla");
    }
    assert_eq!(notices(&desk, &id).get("first_response.1 breach"), Some(&1));
}

#[test]
fn a_schedule_that_was_missed_is_made_up_for_after_a_restart() {
    let mut app = App::bare(Store::Sqlite);
    let desk = hurried(&app, 1);
    let id = write(&app, &desk, "15550930001");
    app.host.kill9();
    app.host.restart();
    eventually("it is due", LIMIT, || {
        (desk.target(&id, "first_response")["state"] == "breached").then_some(())
    });
    app.host.tick_all("sla");
    assert_eq!(notices(&desk, &id).get("first_response.1 breach"), Some(&1));
}

#[test]
fn due_dates_follow_the_desks_calendar() {
    let (_app, desk) = App::school(Store::Sqlite);
    let preview = |start: &str, seconds: u64| {
        let question = json!({"calendar": "soporte", "start": start, "seconds": seconds});
        desk.agent.post("sla/preview", &question).is(200).json()["due"].clone()
    };
    // Friday noon and Monday noon in Madrid; in between the clocks were put forward.
    let friday = preview("2026-03-27T11:00:00Z", 60);
    assert_eq!(friday, "2026-03-27T11:01:00Z");
    let question = json!({"calendar": "calendar_time", "start": "2026-03-28T11:00:00Z", "seconds": 86_400});
    assert_eq!(desk.agent.post("sla/preview", &question).is(200).json()["due"], "2026-03-29T11:00:00Z");
    let unknown = desk
        .agent
        .post("sla/preview", &json!({"calendar": "nadie", "start": "2026-03-27T11:00:00Z", "seconds": 1}));
    assert_eq!(unknown.problem(422), "invalid_document");
}
