//! Everything comes late: the provider is down, the schedule does not fire.

use relevo_e2e::{App, Fault, Store, eventually};
use serde_json::{Value, json};
use std::time::Duration;

use super::Scale;
use crate::aftermath::{Figures, check, drain, told};
use crate::calls::Hosts;
use crate::traffic::Traffic;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

pub fn provider_down(scale: &Scale) -> Figures {
    let (app, desk) = App::school(Store::Sqlite);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), true);
    let refusal = json!({"error": {"message": "try again later", "code": 2}});
    app.provider.misbehave(Fault::Status(503, refusal), u32::MAX, "/messages");
    traffic.during(|traffic| traffic.wait_for(scale.kills * 4));
    let begun = app.provider.received("/messages").len();
    for minutes in (0..=60).step_by(5) {
        app.set_clock(minutes * MINUTE);
        app.host.tick_all("delivery");
    }
    let tries = app.provider.received("/messages").len();
    assert!(tries > begun, "it is tried again and again");
    let accepted = app.provider.received("/messages").iter().filter(|r| r.status == 200).count();
    assert_eq!(accepted, 0, "the provider took nothing all the hour");
    let failed = desk.lead.get("outbox?status=failed").is(200).json();
    assert_eq!(failed["items"], json!([]), "an hour is no reason to give up");
    let mut figures = vec![("attempts refused", tries.to_string())];
    figures.extend(check(&app, &traffic, 0));
    figures
}

pub fn no_ticks(scale: &Scale) -> Figures {
    let (app, desk) = App::school(Store::Sqlite);
    let url = format!("{}/subscribers/sla", app.provider.base_url());
    desk.admin.post("subscribers", &json!({"url": url, "events": ["sla.warned", "sla.breached"]})).is(201);
    // Due at all hours, so that a day is enough for everything to be missed.
    let mut pack = desk.pack.clone();
    pack["sla"] = json!([{
        "name": "A day",
        "targets": {"first_response": {"seconds": 2 * HOUR, "calendar": "calendar_time", "warn": [50, 80]}},
    }]);
    desk.admin.put("pack", &pack).is(200);
    let traffic = Traffic::new(&app, &desk, Hosts::new(vec![app.client().clone()]), false);
    traffic.during(|traffic| traffic.wait_for(scale.kills * 4));
    app.set_clock(DAY);
    // As a schedule that is back does, at two places at once.
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| app.tick_everything());
        }
    });
    drain(&app, &desk);
    // Whoever was not answered was told of: a breach each, once.
    let mut missed = 0;
    for ticket in desk.tickets() {
        let target = desk.target(ticket["id"].as_str().unwrap(), "first_response");
        missed += usize::from(target["state"] == "breached");
    }
    assert!(missed > 0, "somebody waits for a first answer");
    let id = |body: &Value| {
        let data = &body["data"];
        format!("{} {} {}", data["ticket"]["id"], data["target"], data["threshold"])
    };
    let notices = eventually("every breach is told", Duration::from_secs(30), || {
        app.tick_everything();
        let notices = told(&app, "/subscribers/sla", id);
        (notices.keys().filter(|id| id.contains("breach")).count() >= missed).then_some(notices)
    });
    let twice: Vec<_> = notices.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "told twice: {twice:?}");
    let mut figures =
        vec![("targets missed", missed.to_string()), ("notices told, each once", notices.len().to_string())];
    figures.extend(check(&app, &traffic, 0));
    figures
}
