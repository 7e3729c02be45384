//! Nobody who sets up a desk can have this application look around inside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use relevo_e2e::{App, Store, eventually, whatsapp};
use serde_json::json;

const PHONE: &str = "15552700001";

#[test]
fn a_subscriber_must_be_public_or_the_stand_in() {
    let (app, desk) = App::school(Store::Sqlite);
    let port = app.provider.base_url().rsplit(':').next().unwrap().to_owned();
    for url in [
        "http://example.org/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://delivery.spin.internal/internal/send",
        "https://user:pass@example.org/",
        "https://example.org:22/",
        "file:///etc/passwd",
        "/relative",
        &format!("http://localhost:{port}/"),
        &format!("http://127.0.0.1:{port}@10.0.0.1/"),
    ] {
        let answer = desk.admin.post("subscribers", &json!({"url": url}));
        assert_eq!(answer.json()["errors"][0]["pointer"], "/url", "{url}: {}", answer.body);
        assert_eq!(answer.problem(422), "invalid_document");
    }
    assert_eq!(desk.admin.get("subscribers").is(200).json()["items"], json!([]));
    for url in ["https://example.org:8443/hook", &format!("{}/subscribers/a", app.provider.base_url())] {
        desk.admin.post("subscribers", &json!({"url": url})).is(201);
    }
}

#[test]
fn a_packs_own_address_that_leads_inside_is_never_called() {
    let (app, desk) = App::school(Store::Sqlite);
    // Without a stand-in, as in operation: the pack's own address counts then.
    let host =
        app.another_host_with(&[("provider_base", ""), ("rehearsal_host", "https://rehearsal.invalid")], &[]);
    let mut pack = desk.pack.clone();
    pack["channels"]["whatsapp"]["main"]["settings"]["base_url"] = json!(app.provider.base_url());
    desk.admin.put("pack", &pack).is(200);
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    let inside = desk.through(&host.client);
    inside.agent.post(&format!("tickets/{id}/replies"), &json!({"text": "Buenos días"})).is(201);
    let failed = eventually("the delivery has failed", Duration::from_secs(10), || {
        host.tick_all("delivery");
        let list = inside.lead.get("outbox?status=failed").is(200).json();
        list["items"].as_array().unwrap().first().cloned()
    });
    assert!(failed["why"].as_str().unwrap().contains("https"), "{failed}");
    assert_eq!(app.provider.received("/messages").len(), 0);
}
