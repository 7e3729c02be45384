//! What is too much is refused before anything is done: nothing that was acknowledged is lost, and who keeps within
//! bounds does not notice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use relevo_e2e::{App, Client, Desk, Store, eventually, whatsapp};
use serde_json::{Value, json};

const PHONE: &str = "15552600001";

/// Publishes a desk's pack again with limits.
fn limit(desk: &Desk, limits: &Value) {
    let mut pack = desk.pack.clone();
    pack["limits"] = limits.clone();
    desk.admin.put("pack", &pack).is(200);
}

/// External ids of all messages of a desk's tickets.
fn kept(desk: &Desk) -> BTreeSet<String> {
    let messages = |ticket: &Value| {
        let ticket = desk.ticket(ticket["id"].as_str().unwrap());
        ticket["messages"].as_array().unwrap().clone()
    };
    let ids = desk.tickets().iter().flat_map(messages).collect::<Vec<_>>();
    ids.iter().map(|message| message["external_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_noisy_account_is_refused_and_the_neighbours_are_not() {
    let (app, noisy) = App::school(Store::Sqlite);
    let quiet = app.publish("travel");
    limit(&noisy, &json!({"account": 60}));
    let mut acknowledged = BTreeSet::new();
    let mut refused = 0;
    for n in 0..120 {
        let id = format!("wamid.{n}");
        let answer = whatsapp::deliver(app.client(), &noisy, &whatsapp::message(PHONE, &id, "hola"));
        match answer.status {
            200 => _ = acknowledged.insert(id),
            _ => {
                let seconds: u32 = answer.header("retry-after").parse().unwrap();
                assert!((1..=10).contains(&seconds), "{seconds}");
                assert_eq!(answer.problem(429), "too_many_requests");
                refused += 1;
            }
        }
        if n % 10 == 0 {
            let id = format!("wamid.Q{n}");
            whatsapp::deliver(app.client(), &quiet, &whatsapp::message(PHONE, &id, "привет")).is(200);
            // Another account of the same desk, and its people, are not held up either.
            noisy.agent.get("me").is(200);
        }
    }
    assert!(refused > 20 && acknowledged.len() >= 10, "{refused} refused, {} accepted", acknowledged.len());
    assert_eq!(kept(&noisy), acknowledged, "what was accepted is there, what was refused is not");
    assert_eq!(kept(&quiet).len(), 12);
    // Whoever has no secret uses up nothing: forged ones are refused as ever and count for nobody.
    limit(&quiet, &json!({"account": 600}));
    for n in 0..120 {
        let forged = whatsapp::message(PHONE, &format!("wamid.F{n}"), "x");
        whatsapp::deliver_signed(app.client(), &quiet, &forged, "sha256=00").is(401);
    }
    whatsapp::deliver(app.client(), &quiet, &whatsapp::message(PHONE, "wamid.after", "ещё")).is(200);
}

#[test]
fn a_noisy_token_is_refused_its_neighbours_and_the_operator_are_not() {
    let (_app, desk) = App::school(Store::Sqlite);
    limit(&desk, &json!({"token": 120}));
    let statuses: Vec<_> = (0..90).map(|_| desk.agent.get("me").status).collect();
    let count = |status| statuses.iter().filter(|s| **s == status).count();
    assert!(count(429) > 10 && count(200) >= 20, "{statuses:?}");
    desk.lead.get("me").is(200);
    for _ in 0..60 {
        desk.admin.get("me").is(200);
    }
    limit(&desk, &json!({"desk": 120}));
    let all = || [&desk.agent, &desk.lead].map(|caller| caller.get("me").status);
    let statuses: Vec<_> = (0..60).flat_map(|_| all()).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    limit(&desk, &json!({}));
    eventually("the next time slice begins", Duration::from_secs(20), || {
        (desk.agent.get("me").status == 200).then_some(())
    });
}

#[test]
fn no_pack_gives_a_desk_more_than_the_operator_allows() {
    let (app, desk) = App::school(Store::Sqlite);
    let host = app.another_host_with(&[("desk_requests_per_minute", "60")], &[]);
    limit(&desk, &json!({"desk": 4_000_000}));
    let desk = desk.through(&host.client);
    let statuses: Vec<_> = (0..60).map(|_| desk.agent.get("me").status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn a_provider_that_sends_once_is_not_refused_and_one_that_fears_4xx_gets_503() {
    let (app, desk) = App::school(Store::Sqlite);
    let settings = json!({"main": {"settings": {}}});
    let mut pack = desk.pack.clone();
    pack["channels"]["mime"] = settings.clone();
    pack["channels"]["form"] = settings;
    pack["limits"] = json!({"account": 6});
    desk.admin.put("pack", &pack).is(200);
    let secrets = json!({"secret": "0123456789abcdef"});
    for channel in ["mime", "form"] {
        desk.admin.put(&format!("channels/{channel}/main/secrets"), &secrets).is(204);
    }
    let post = |channel: &str, content: &str, body: String| {
        let headers = [("authorization", "Bearer 0123456789abcdef"), ("content-type", content)];
        app.client().send("POST", &desk.hook(channel, "main"), &headers, Some(body.as_bytes()))
    };
    let mut statuses = BTreeSet::new();
    for n in 0..12 {
        let mail = format!("From: ana@example.org\r\nTo: a@b.org\r\nMessage-ID: <{n}@x>\r\n\r\nhola\r\n");
        let answer = post("mime", "message/rfc822", mail);
        if answer.status == 503 {
            assert!(!answer.header("retry-after").is_empty());
            assert_eq!(answer.clone().problem(503), "too_many_requests");
        }
        statuses.insert(answer.status);
        let form = json!({"email": "eva@example.org", "message": format!("hola {n}")}).to_string();
        let answer = post("form", "application/json", form);
        assert!(answer.status < 300, "{}: {}", answer.status, answer.body);
    }
    assert!(statuses.contains(&503) && !statuses.contains(&429), "{statuses:?}");
}

#[test]
fn an_overloaded_host_turns_away_what_it_has_not_begun() {
    let (app, desk) = App::school(Store::Sqlite);
    let host = app.another_host_with(&[], &["--max-requests", "2"]);
    let acknowledged = Mutex::new(BTreeSet::new());
    let shed = Mutex::new(0);
    std::thread::scope(|scope| {
        for writer in 0..24 {
            let (acknowledged, shed, desk, client) = (&acknowledged, &shed, &desk, &host.client);
            scope.spawn(move || send(client, desk, writer, acknowledged, shed));
        }
    });
    let (acknowledged, shed) = (acknowledged.into_inner().unwrap(), shed.into_inner().unwrap());
    assert!(shed > 0 && !acknowledged.is_empty(), "{shed} shed, {} accepted", acknowledged.len());
    assert_eq!(kept(&desk), acknowledged);
}

fn send(
    client: &Client,
    desk: &Desk,
    writer: u32,
    acknowledged: &Mutex<BTreeSet<String>>,
    shed: &Mutex<u32>,
) {
    for n in 0..6 {
        let id = format!("wamid.{writer}.{n}");
        let answer = whatsapp::deliver(client, desk, &whatsapp::message(PHONE, &id, "hola"));
        if answer.status == 200 {
            acknowledged.lock().unwrap().insert(id);
        } else {
            assert_eq!(answer.header("retry-after"), "1");
            assert_eq!(answer.problem(503), "overloaded");
            *shed.lock().unwrap() += 1;
        }
    }
}
