//! What is larger than it should be is refused or set aside, and holds nothing else up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use relevo_e2e::{App, Store, whatsapp};
use serde_json::{Map, Value, json};

const PHONE: &str = "15551400001";

#[test]
fn long_messages_in_one_batch_are_all_there_in_their_order() {
    let (app, desk) = App::school(Store::Sqlite);
    let text = |n: usize| format!("{n} {}", "ñ".repeat(4_000));
    let messages: Vec<_> = (0..120).map(|n| whatsapp::text(PHONE, &format!("wamid.{n}"), &text(n))).collect();
    let body = whatsapp::batch(&[vec![whatsapp::change(&[], &messages, &[])]]);
    assert!(body.len() > 2_500_000, "as much as WhatsApp sends at once");
    whatsapp::deliver(app.client(), &desk, &body).is(200);
    let ticket = desk.ticket_of(PHONE);
    let texts: Vec<_> =
        ticket["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!(texts, (0..120).map(text).collect::<Vec<_>>());
}

#[test]
fn a_message_with_too_much_text_is_cut_with_the_whole_as_a_file_and_the_rest_of_its_batch_arrives() {
    let (app, desk) = App::school(Store::Sqlite);
    let huge = whatsapp::text("15551400002", "wamid.huge", &"x".repeat(3 << 20));
    let small = whatsapp::text(PHONE, "wamid.small", "hola");
    let body = whatsapp::batch(&[vec![whatsapp::change(&[], &[huge, small], &[])]]);
    for _ in 0..2 {
        whatsapp::deliver(app.client(), &desk, &body).is(200);
    }
    assert_eq!(desk.ticket_of(PHONE)["messages"][0]["text"], "hola");
    let messages = desk.ticket_of("15551400002")["messages"].as_array().unwrap().clone();
    assert_eq!(messages.len(), 1);
    assert!(messages[0]["text"].as_str().unwrap().ends_with("xx…"));
    let file = app.client().send("GET", messages[0]["attachments"][0]["url"].as_str().unwrap(), &[], None);
    assert_eq!(file.is(200).json()["text"].as_str().map(str::len), Some(3 << 20));
}

#[test]
fn an_item_too_large_to_be_one_is_kept_for_a_look_and_the_rest_of_its_batch_arrives() {
    let (app, desk) = App::school(Store::Sqlite);
    let huge = whatsapp::text("15551400002", &format!("wamid.{}", "x".repeat(300_000)), "hola");
    let small = whatsapp::text(PHONE, "wamid.small", "hola");
    let body = whatsapp::batch(&[vec![whatsapp::change(&[], &[huge, small], &[])]]);
    for _ in 0..2 {
        whatsapp::deliver(app.client(), &desk, &body).is(200);
    }
    assert_eq!(desk.ticket_of(PHONE)["messages"][0]["text"], "hola");
    assert_eq!(desk.tickets().len(), 1);
    let problems = desk.lead.get("problems").is(200).json();
    assert_eq!(problems["items"].as_array().map(Vec::len), Some(1), "{problems}");
    assert!(problems["items"][0]["item"]["blob"].is_string(), "{problems}");
}

#[test]
fn a_token_ends_within_ten_years_or_not_at_all() {
    let (_app, desk) = App::school(Store::Sqlite);
    let issue = |days: Value| {
        desk.admin.post("tokens", &json!({"person": "integration", "role": "service", "expires_days": days}))
    };
    for days in [json!(0), json!(3_651), json!(u32::MAX), json!(u64::MAX), json!(-1), json!(1.5), json!("30")]
    {
        let answer = issue(days.clone());
        assert_eq!(answer.clone().problem(422), "invalid_document", "{days}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/expires_days", "{days}");
    }
    for days in [json!(1), json!(3_650)] {
        assert!(issue(days).is(201).json()["expires_at"].is_string());
    }
    assert_eq!(issue(Value::Null).is(201).json()["expires_at"], Value::Null);
}

#[test]
fn a_subscriber_is_told_at_an_absolute_address_alone() {
    let (_app, desk) = App::school(Store::Sqlite);
    let add = |url: &str| desk.admin.post("subscribers", &json!({"url": url}));
    for url in [
        "",
        "/x",
        "example.org",
        "//example.org/x",
        "ftp://example.org",
        "https://",
        "https:///x",
        "https://a b/",
        "http://:80/",
        "https://münchen.example/",
        "javascript:alert(1)",
        "http://example.org/not-encrypted",
        "https://127.0.0.1:8080/inside",
    ] {
        let answer = add(url);
        assert_eq!(answer.clone().problem(422), "invalid_document", "{url:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/url", "{url:?}");
    }
    for url in ["https://xn--mnchen-3ya.example/", "https://example.org:8443/hook?a=b"] {
        assert_eq!(add(url).is(201).json()["url"], url);
    }
}

#[test]
fn an_agent_can_make_no_ticket_too_large_to_be_read() {
    let app = App::bare(Store::Sqlite);
    // Where a desk declares its fields they are bounded themselves.
    let desk = app.publish_with("school", |pack| {
        pack.as_object_mut().unwrap().remove("fields");
    });
    whatsapp::deliver(app.client(), &desk, &whatsapp::message(PHONE, "wamid.1", "hola")).is(200);
    let id = desk.ticket_of(PHONE)["id"].as_str().unwrap().to_owned();
    let post = |action: &str, body: &Value| desk.agent.post(&format!("tickets/{id}/{action}"), body);
    let long = "x".repeat(300_000);
    for (action, body) in [
        ("notes", json!({"text": long})),
        ("replies", json!({"text": long})),
        ("status", json!({"status": "solved", "reason": long})),
        ("fields", json!({"a": long})),
        ("tags", json!({"add": [long]})),
        ("escalation", json!({"team": "tecnico", "reason": long})),
    ] {
        assert_eq!(post(action, &body).problem(413), "body_too_large", "{action}");
    }
    assert_eq!(post("notes", &json!({"text": "x".repeat(32_769)})).problem(422), "text_too_long");
    post("notes", &json!({"text": "ñ".repeat(32_768)})).is(201);

    let mut refused = BTreeSet::new();
    for n in 0..12 {
        let answer = post("fields", &json!({format!("campo {n}"): "x".repeat(4_000)}));
        if answer.status != 200 {
            refused.insert(answer.problem(422));
        }
    }
    assert_eq!(refused, BTreeSet::from(["fields_too_large".to_owned()]), "fields add up");
    post("tags", &json!({"add": (0..99).map(|n| format!("t{n}")).collect::<Vec<_>>()})).is(200);
    assert_eq!(post("tags", &json!({"add": ["uno", "más"]})).problem(422), "too_many_tags");

    let open = |more: Map<String, Value>| {
        let mut body = json!({"channel": "whatsapp", "contact": {"address": "15551400003"}});
        body.as_object_mut().unwrap().extend(more);
        desk.agent.post("tickets", &body)
    };
    let with = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
    assert_eq!(open(with("subject", json!("x".repeat(999)))).problem(422), "subject_too_long");
    assert_eq!(open(with("fields", json!({"a": "x".repeat(40_000)}))).problem(422), "fields_too_large");
    assert_eq!(open(with("tags", json!(vec!["x"; 101]))).problem(422), "too_many_tags");
    assert_eq!(desk.tickets().len(), 1);
}
