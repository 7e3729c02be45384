//! The application says how it is: one line per request and event, figures, health, the way of a message.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use relevo_e2e::{App, Store, eventually, whatsapp};
use serde_json::{Value, json};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The value of a sample whose line begins with this; none if there is no such sample.
fn sample(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

fn lines_of<'a>(log: &'a [Value], trace: &str) -> Vec<&'a Value> {
    log.iter().filter(|line| line["relevo.trace"] == trace).collect()
}

#[test]
fn one_search_shows_the_way_of_a_message_from_webhook_to_subscriber_and_nothing_personal() {
    let (app, desk) = App::school(Store::Sqlite);
    let url = format!("{}/subscribers/all", app.provider.base_url());
    desk.admin.post("subscribers", &json!({"url": url, "events": ["message.received"]})).is(201);
    let phone = "15551400001";
    let body = whatsapp::message(phone, "wamid.trace", "palabras del cliente");
    let signature = whatsapp::signature(&desk.secret("whatsapp", "main"), &body);
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [("x-hub-signature-256", &*signature), ("traceparent", &*parent)];
    app.client().send("POST", &desk.hook("whatsapp", "main"), &headers, Some(body.as_bytes())).is(200);
    app.tick_everything();

    let told = app.provider.received("/subscribers/all");
    assert_eq!(told.len(), 1);
    let sent = told[0].header("traceparent").to_owned();
    assert!(sent.starts_with(&format!("00-{TRACE}-")) && sent != parent, "{sent}");

    let log = app.host.log_lines();
    let way = lines_of(&log, TRACE);
    let events: Vec<_> = way.iter().map(|line| line["relevo.event"].as_str().unwrap()).collect();
    assert_eq!(events, ["intake.kept", "request", "outbox.queued", "outbox.attempted"], "{way:?}");
    assert_eq!(
        (&way[1]["relevo.route"], &way[1]["relevo.status"]),
        (&json!("webhooks.receive"), &json!(200))
    );
    assert_eq!(way[2]["relevo.outbox"], way[3]["relevo.outbox"]);
    assert_eq!(way[3]["relevo.outcome"], "sent");
    let spans: BTreeSet<_> = way.iter().map(|line| line["relevo.span"].to_string()).collect();
    assert_eq!(spans.len(), 3, "a span for the request, the queueing and the attempt each");

    // A reply: from the agent's call to the provider.
    let id = desk.ticket_of(phone)["id"].as_str().unwrap().to_owned();
    let agent = [("traceparent", "00-11111111111111111111111111111111-00f067aa0ba902b7-01")];
    let reply = json!({"text": "palabras del agente"});
    desk.agent.call("POST", &format!("tickets/{id}/replies"), &agent, Some(&reply)).is(201);
    let sent = app.provider.wait_for(phone, "palabras del agente");
    assert!(sent.header("traceparent").starts_with("00-11111111111111111111111111111111-"));
    eventually("the attempt is in the log", Duration::from_secs(5), || {
        let log = app.host.log_lines();
        let way = lines_of(&log, "11111111111111111111111111111111");
        let has = |event: &str| way.iter().any(|line| line["relevo.event"] == event);
        (has("outbox.queued") && has("outbox.attempted") && has("request")).then_some(())
    });

    let said = app.host.log();
    for personal in [phone, "palabras", "Rosa", "Núñez", "access-school-main", &*desk.agent.token] {
        assert!(!said.contains(personal), "{personal} is in the log");
    }
}

#[test]
fn the_figures_say_what_happened_and_are_for_the_schedule_alone() {
    let (app, desk) = App::school(Store::Sqlite);
    for n in 0..3 {
        let body = whatsapp::message("15551400002", &format!("wamid.{n}"), "hola");
        whatsapp::deliver(app.client(), &desk, &body).is(200);
        whatsapp::deliver(app.client(), &desk, &body).is(200);
    }
    whatsapp::deliver_signed(app.client(), &desk, "{}", "sha256=00").is(401);
    for path in ["/internal/metrics", "/internal/health", "/.well-known/relevo/metrics"] {
        app.client().send("GET", path, &[], None).is(401);
        let admin = format!("Bearer {}", relevo_e2e::ADMIN_TOKEN);
        app.client().send("GET", path, &[("authorization", &admin)], None).is(401);
    }
    let before = app.host.internal("/internal/metrics").is(200);
    assert!(before.header("content-type").starts_with("application/openmetrics-text"));
    assert_eq!(
        sample(&before.body, r#"relevo_projection_lag_entries{desk="school",projection="views"}"#)
            .map(|lag| lag > 0.0),
        Some(true),
        "{}",
        before.body
    );
    app.tick_everything();
    let figures = eventually("what was counted is written", Duration::from_secs(10), || {
        let text = app.host.internal("/internal/metrics").is(200).body;
        let intake = |outcome: &str| {
            let series =
                format!(r#"relevo_intake_total{{desk="school",channel="whatsapp",outcome="{outcome}"}}"#);
            sample(&text, &series)
        };
        ((intake("kept"), intake("repeated")) == (Some(3.0), Some(3.0))).then_some(text)
    });
    for (series, value) in [
        (r#"relevo_refusals_total{component="inbound",code="webhook_refused"}"#, 1.0),
        (r#"relevo_projection_lag_entries{desk="school",projection="views"}"#, 0.0),
        (r#"relevo_outbox_entries{desk="school",status="queued"}"#, 0.0),
        (r#"relevo_tick_ok{tick="sla"}"#, 1.0),
        (r#"relevo_tick_ok{tick="projections"}"#, 1.0),
    ] {
        assert_eq!(sample(&figures, series), Some(value), "{series}\n{figures}");
    }
    let host = app.host.internal("/.well-known/relevo/metrics").is(200).body;
    let webhooks = sample(&host, r#"relevo_host_requests_total{component="inbound",status="200"}"#);
    assert_eq!(webhooks, Some(6.0), "{host}");
    let calls = sample(&host, r#"relevo_host_store_calls_total{call="set-many",outcome="ok"}"#);
    assert!(calls.is_some_and(|calls| calls >= 3.0), "{host}");
}

#[test]
fn health_tells_live_from_ready_with_reasons() {
    let (mut app, desk) = App::school(Store::Redis);
    let check = |health: &Value, name: &str| {
        let checks = health["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {health}"))
    };
    let fresh = app.host.internal("/internal/health").is(200).json();
    assert_eq!(
        (&fresh["live"], &fresh["ready"], &fresh["status"]),
        (&json!(true), &json!(true), &json!("degraded"))
    );
    assert!(check(&fresh, "tick.sla")["detail"].as_str().unwrap().contains("never run"));
    app.tick_everything();
    let well = app.host.internal("/internal/health").is(200).json();
    assert_eq!(well["status"], "ready", "{well}");

    // The schedule stops for three minutes.
    app.set_clock(180);
    let late = app.host.internal("/internal/health").is(200).json();
    assert_eq!(late["status"], "degraded");
    assert!(check(&late, "tick.delivery")["detail"].as_str().unwrap().contains("s ago"));
    app.set_clock(0);

    app.redis.as_mut().unwrap().kill9();
    let down = app.host.internal("/internal/health").is(503).json();
    assert_eq!(
        (&down["live"], &down["ready"], &down["status"]),
        (&json!(true), &json!(false), &json!("unready"))
    );
    assert_eq!(check(&down, "store")["ok"], false);
    let body = whatsapp::message("15551400003", "wamid.down", "hola");
    let refused = whatsapp::deliver(app.client(), &desk, &body);
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    refused.is(503);
    app.redis.as_mut().unwrap().start_again();
    eventually("it is ready again", Duration::from_secs(10), || {
        let health = app.host.internal("/internal/health");
        (health.status == 200).then_some(())
    });
    whatsapp::deliver(app.client(), &desk, &body).is(200);
}

#[test]
fn a_store_that_is_full_is_told_from_one_that_is_silent() {
    let (mut app, desk) = App::school(Store::Sqlite);
    let store = |health: &Value| {
        let checks = health["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "store").unwrap_or_else(|| panic!("{health}"))
    };
    let well = app.host.internal("/internal/health").is(200).json();
    assert_eq!(store(&well)["ok"], true, "{well}");
    // No page more than there is.
    app.host.kill9();
    app.host.restart_with(&["--kv-max-pages", "1"]);
    let desk = desk.through(app.client());
    let refused = (0..400).any(|n| {
        let body = whatsapp::message("15551400009", &format!("wamid.full.{n}"), &"lleno ".repeat(200));
        whatsapp::deliver(app.client(), &desk, &body).status == 503
    });
    assert!(refused, "it fills up");
    let full = app.host.internal("/internal/health").is(503).json();
    assert_eq!((&full["live"], &full["ready"]), (&json!(true), &json!(false)), "{full}");
    let detail = store(&full)["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("full or read-only"), "{detail}");
    app.host.kill9();
    app.host.restart_with(&[]);
    app.host.internal("/internal/health").is(200);
}
