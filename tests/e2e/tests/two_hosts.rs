//! Two hosts on one Redis: whatever comes through either is there once, and both show the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use relevo_e2e::{App, Desk, Store, eventually, whatsapp};
use serde_json::{Value, json};

const PEOPLE: usize = 24;
const MESSAGES: usize = 6;

fn phone(person: usize) -> String {
    format!("1555120{person:04}")
}

#[test]
fn traffic_through_both_hosts_at_once_is_there_once_and_both_show_all_of_it() {
    let (app, one) = App::school(Store::Redis);
    let host = app.another_host();
    let two = one.through(&host.client);
    let url = format!("{}/subscribers/all", app.provider.base_url());
    one.admin.post("subscribers", &json!({"url": url, "events": ["message.received"]})).is(201);
    let clients = [(app.client(), &one), (&host.client, &two)];

    thread::scope(|scope| {
        for part in 0..4 {
            scope.spawn(move || {
                for person in (part..PEOPLE).step_by(4) {
                    for message in 0..MESSAGES {
                        let body = whatsapp::message(
                            &phone(person),
                            &format!("wamid.{person}.{message}"),
                            &format!("m{message}"),
                        );
                        // Alternately through one of them, and every third through both.
                        for (n, (client, desk)) in clients.iter().enumerate() {
                            if message % 2 == n || message % 3 == 0 {
                                whatsapp::deliver(client, desk, &body).is(200);
                            }
                        }
                    }
                }
            });
        }
        // Schedules fire on both meanwhile.
        for host in [&app.host, &host] {
            scope.spawn(move || {
                for name in ["projections", "sla", "delivery", "surveys"].repeat(3) {
                    host.tick(name).is(200);
                }
            });
        }
    });
    assert_eq!(whole(&one), expected());
    assert_eq!(whole(&two), expected());
    assert_eq!(one.tickets(), two.tickets(), "the same list through both");

    replies(&app, &one, &two);
    let received = eventually("the subscriber is told of every message", Duration::from_secs(20), || {
        thread::scope(|scope| {
            for (host, name) in [
                (&app.host, "projections"),
                (&host, "projections"),
                (&app.host, "delivery"),
                (&host, "delivery"),
            ] {
                scope.spawn(move || host.tick(name));
            }
        });
        let received = app.provider.received("/subscribers/all");
        (received.len() >= PEOPLE * MESSAGES).then_some(received)
    });
    let ids: BTreeSet<_> =
        received.iter().map(|r| r.json()["data"]["message"]["external_id"].to_string()).collect();
    assert_eq!((received.len(), ids.len()), (PEOPLE * MESSAGES, PEOPLE * MESSAGES), "each once");
}

/// Replies through both hosts: each is sent once.
fn replies(app: &App, one: &Desk, two: &Desk) {
    let tickets = one.tickets();
    thread::scope(|scope| {
        for desk in [one, two] {
            let tickets = &tickets;
            scope.spawn(move || {
                for ticket in tickets {
                    let path = format!("tickets/{}/replies", ticket["id"].as_str().unwrap());
                    // The same call through both, as after a broken connection.
                    desk.agent.post_once(&path, "shared", &json!({"text": "Para los dos"})).is(201);
                }
            });
        }
    });
    for person in 0..PEOPLE {
        let sent = || app.provider.sent_to(&phone(person), "Para los dos").len();
        eventually("the reply is sent", Duration::from_secs(10), || (sent() > 0).then_some(()));
        app.tick("delivery").is(200);
        assert_eq!(sent(), 1, "{}", phone(person));
    }
}

/// Texts by phone number, as the tickets in the list show them.
fn whole(desk: &Desk) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::new();
    for ticket in desk.tickets() {
        let whole = desk.ticket(ticket["id"].as_str().unwrap());
        let messages = whole["messages"].as_array().unwrap();
        let texts: BTreeSet<_> = messages.iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect();
        assert_eq!(texts.len(), messages.len(), "nothing twice: {whole}");
        let phone = ticket["contact"]["addresses"][0]["value"].as_str().unwrap().to_owned();
        assert_eq!(all.insert(phone, texts), None, "one ticket each");
    }
    all
}

fn expected() -> BTreeMap<String, BTreeSet<String>> {
    let texts: BTreeSet<_> = (0..MESSAGES).map(|message| format!("m{message}")).collect();
    (0..PEOPLE).map(|person| (phone(person), texts.clone())).collect()
}

#[test]
fn what_is_changed_through_one_host_is_in_force_at_the_other_at_once() {
    let (app, one) = App::school(Store::Redis);
    let host = app.another_host();
    let two = one.through(&host.client);
    for round in 0..5 {
        let (here, there) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let issued =
            here.admin.post("tokens", &json!({"person": "portal", "role": "service"})).is(201).json();
        let token = format!("Bearer {}", issued["token"].as_str().unwrap());
        let me = |client: &relevo_e2e::Client| {
            client.send("GET", "/api/school/me", &[("authorization", &token)], None)
        };
        let clients = [app.client(), &host.client];
        clients.iter().for_each(|client| drop(me(client).is(200)));
        there.admin.delete(&format!("tokens/{}", issued["id"].as_str().unwrap())).is(204);
        clients.iter().for_each(|client| drop(me(client).problem(401)));

        let mut pack = one.pack.clone();
        pack["name"] = json!(format!("ronda {round}"));
        here.admin.put("pack", &pack).is(200);
        let read: Value = there.lead.get("pack").is(200).json();
        assert_eq!(json!([read["version"], read["pack"]["name"]]), json!([round + 2, pack["name"]]));
    }
}
