//! What must hold afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use relevo_e2e::{App, Desk};
use serde_json::Value;

use crate::ledger::{Texts, total};
use crate::traffic::Traffic;

/// What a scenario found, by what it is, in the order in which it is to be read.
pub type Figures = Vec<(&'static str, String)>;

/// How far the clock is put forward at most until everything was sent: retries are spread over about a day.
const MOST_SECONDS: i64 = 2 * 86_400;

/// Checks everything; `killed` hosts may have died between sending and noting it.
pub fn check(app: &App, traffic: &Traffic<'_>, killed: usize) -> Figures {
    app.provider.behave();
    let waited = drain(app, traffic.desk);
    let ledger = &traffic.ledger;
    let found = read(traffic.desk);
    same("messages", &ledger.messages, &found["in"]);
    same("replies", &ledger.replies, &found["out"]);
    same("notes", &ledger.notes, &found["note"]);
    let twice = sent(app, &ledger.replies);
    // The documented case: a sender that dies between the provider's answer and its own note. It has at most so many
    // messages in its hands.
    assert!(twice <= killed * 16, "{twice} replies were sent twice, {killed} hosts were killed");
    let problems = traffic.desk.lead.get("problems").is(200).json();
    assert_eq!(problems["items"].as_array().map(Vec::len), Some(0), "{problems}");
    let verified = app.verify();
    vec![
        ("acknowledged messages", total(&ledger.messages).to_string()),
        ("acknowledged replies", total(&ledger.replies).to_string()),
        ("acknowledged notes", total(&ledger.notes).to_string()),
        ("calls repeated", traffic.hosts.unacknowledged.load(Ordering::Relaxed).to_string()),
        ("lost", "0".to_owned()),
        ("there twice", "0".to_owned()),
        ("replies sent twice", twice.to_string()),
        ("clock put forward to send the rest", format!("{waited} s")),
        ("verify", verified.lines().last().unwrap_or_default().to_owned()),
    ]
}

/// Has everything sent; puts the clock forward as long as something waits for its time. How far, in seconds.
pub fn drain(app: &App, desk: &Desk) -> i64 {
    let mut offset = app.clock();
    let first = offset;
    let begun = Instant::now();
    loop {
        app.tick_everything();
        let waiting = desk.lead.get("outbox?status=queued").is(200).json();
        let waiting = waiting["items"].as_array().expect("items").clone();
        if waiting.is_empty() {
            return offset - first;
        }
        assert!(offset - first < MOST_SECONDS, "after two days these still wait: {waiting:?}");
        assert!(begun.elapsed() < Duration::from_secs(240), "these still wait: {waiting:?}");
        offset += if offset - first < 1_000 { 100 } else { 1_800 };
        app.set_clock(offset);
    }
}

/// All texts by direction and phone number; nothing may be there twice, nobody may have two tickets.
fn read(desk: &Desk) -> BTreeMap<&'static str, Texts> {
    let mut found: BTreeMap<_, _> = ["in", "out", "note"].map(|direction| (direction, Texts::new())).into();
    let mut people = BTreeSet::new();
    for ticket in desk.tickets() {
        let whole = desk.ticket(ticket["id"].as_str().unwrap());
        let phone = whole["contact"]["addresses"][0]["value"].as_str().unwrap().to_owned();
        assert!(people.insert(phone.clone()), "{phone} has two tickets");
        for message in whole["messages"].as_array().unwrap() {
            let texts = found.get_mut(message["direction"].as_str().unwrap()).expect("a direction");
            let text = message["text"].as_str().unwrap().to_owned();
            let new = texts.entry(phone.clone()).or_default().insert(text.clone());
            assert!(new, "{phone}: {text} is there twice");
        }
    }
    found
}

fn same(what: &str, acknowledged: &Mutex<Texts>, found: &Texts) {
    let acknowledged = acknowledged.lock().unwrap();
    let none = BTreeSet::new();
    for phone in acknowledged.keys().chain(found.keys()) {
        let (acknowledged, found) =
            (acknowledged.get(phone).unwrap_or(&none), found.get(phone).unwrap_or(&none));
        let lost: Vec<_> = acknowledged.difference(found).collect();
        assert!(lost.is_empty(), "{what} of {phone} that were acknowledged and are lost: {lost:?}");
        let more: Vec<_> = found.difference(acknowledged).collect();
        assert!(more.is_empty(), "{what} of {phone} that nobody was told of: {more:?}");
    }
}

/// Every reply reached the provider; how many of them more than once.
fn sent(app: &App, replies: &Mutex<Texts>) -> usize {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for request in app.provider.received("/messages").iter().filter(|request| request.status == 200) {
        let to = request.json()["to"].as_str().unwrap_or_default().to_owned();
        *counts.entry((to, request.text())).or_default() += 1;
    }
    let mut twice = 0;
    for (phone, texts) in replies.lock().unwrap().iter() {
        for text in texts {
            let times = counts.get(&(phone.clone(), text.clone())).copied().unwrap_or_default();
            assert!(times > 0, "the reply {text} to {phone} was never sent");
            twice += usize::from(times > 1);
        }
    }
    twice
}

/// What was told to a subscriber, by what makes it one: how often each.
pub fn told(app: &App, path: &str, id: impl Fn(&Value) -> String) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in app.provider.received(path).iter().filter(|request| request.status == 200) {
        *counts.entry(id(&request.json())).or_default() += 1;
    }
    counts
}
