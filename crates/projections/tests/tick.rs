//! The service-level tick over a store: what it costs, and what ticks that overlap tell.
#![allow(missing_docs, unreachable_pub, clippy::expect_used, clippy::unwrap_used)]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Duration, Utc};
use counting::{Counting, Counts};
use futures::executor::block_on;
use futures::future::join;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_edge::app::DeskContext;
use relevo_journal::Fold;
use relevo_projections::agenda::{self, Work};
use relevo_projections::follow::follow;
use relevo_projections::notices;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

fn pack(seconds: u64) -> Value {
    json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "people": {"ana": {"name": "Ana", "role": "agent"}, "lea": {"name": "Lea", "role": "lead"},
                   "max": {"name": "Max", "role": "manager"}},
        "queues": {"general": {"name": "General"}}, "channels": {"whatsapp": {"main": {}}},
        "sla": [{
            "name": "all",
            "targets": {"first_response": {"seconds": seconds, "calendar": "calendar_time", "warn": [50, 80]}},
            "escalation": {"steps": [{"after_seconds": 60, "to": ["lead"]}, {"after_seconds": 120, "to": ["manager"]}]}
        }]
    })
}

/// Opens tickets of these numbers, as many in a commit as one holds, and brings the tables up to date.
async fn open(context: &DeskContext<Counting>, numbers: std::ops::Range<u64>) {
    let numbers: Vec<u64> = numbers.collect();
    for some in numbers.chunks(50) {
        let mut commit = context.commit();
        for who in some {
            let seen = desk::load(context, *who).await;
            desk::receive(context, &mut commit, seen, *who, &format!("m{who}")).await;
        }
        context.journal.commit(commit).await.unwrap();
    }
    while follow(context, 2_000).await.unwrap().more {}
}

/// A tick as the component makes it: how many notices it recorded.
async fn tick(context: &DeskContext<Counting>) -> usize {
    while follow(context, 2_000).await.unwrap().more {}
    let due = agenda::due(context, Work::Sla, 2_000).await.unwrap();
    let mut recorded = 0;
    for some in due.streams.chunks(32) {
        recorded += notices::record(context, some).await.unwrap().notices;
    }
    agenda::done(context, Work::Sla, due).await.unwrap();
    recorded
}

const DUE: u64 = 64;

/// What ticks cost with so many tickets open, of which the same number is due: the one that tells, and an idle one.
fn cost(open_tickets: u64) -> [Counts; 2] {
    block_on(async {
        let store = Counting::default();
        let at = |minutes: i64| desk::open(store.clone(), start() + Duration::minutes(minutes));
        desk::publish(&at(0).await, &pack(86_400)).await;
        // In shards that hold none of those that will be due.
        open(&at(1).await, 1_000..1_000 + open_tickets).await;
        desk::publish(&at(2).await, &pack(600)).await;
        open(&at(3).await, 0..DUE).await;
        assert_eq!(tick(&at(4).await).await, 0);
        store.take();
        assert_eq!(tick(&at(20).await).await, usize::try_from(DUE).unwrap());
        let told = store.take();
        // What was told is followed, and the first step of the escalation is due later.
        assert_eq!(tick(&at(20).await).await, 0);
        store.take();
        assert_eq!(tick(&at(20).await).await, 0);
        let idle = store.take();
        println!("{open_tickets} open: {told:?}, idle {idle:?}");
        [told, idle]
    })
}

#[test]
fn a_tick_costs_what_is_due_and_not_what_is_open() {
    let (few, many) = (cost(0), cost(1_500));
    assert!(few[0].gets > 64 && few[0].writes >= 2, "{few:?}");
    for (few, many) in few.into_iter().zip(many) {
        assert_eq!((few.gets, few.increments, few.writes), (many.gets, many.increments, many.writes));
        // Numbers get longer.
        let longer = |few: usize, many: usize| many.abs_diff(few) * 50 <= few;
        assert!(longer(few.bytes_read, many.bytes_read), "{few:?} {many:?}");
        assert!(longer(few.bytes_written, many.bytes_written), "{few:?} {many:?}");
    }
}

/// What a customer's conversation was told of the target, each threshold with who was told.
fn told(context: &DeskContext<Counting>, who: u64) -> Vec<(String, Vec<String>)> {
    let stream = context.stream(Conversation::KIND, &desk::name(context, who)).unwrap();
    let (_, events) = block_on(context.journal.load_events::<Conversation>(&stream, None)).unwrap();
    let notices = events.into_iter().filter_map(|event| match event.data {
        ConversationEvent::NoticeSent { threshold, to, folded, .. } => {
            Some(folded.into_iter().map(|folded| (folded, vec![])).chain([(threshold, to)]))
        }
        _ => None,
    });
    notices.flatten().collect()
}

#[test]
fn ticks_that_overlap_tell_each_threshold_and_each_step_once_whichever_clock_is_ahead() {
    // Two of the thresholds that are passed one after another, by minutes after the ticket was opened: the percents of
    // ten minutes, the breach, the steps. Each tick has read before the other one writes.
    let moments = [5, 8, 10, 11, 12];
    for pair in moments.windows(2).flat_map(|pair| [[pair[0], pair[1]], [pair[1], pair[0]]]) {
        let store = Counting::default();
        let at = |minutes: i64| block_on(desk::open(store.clone(), start() + Duration::minutes(minutes)));
        block_on(async {
            desk::publish(&desk::open(store.clone(), start()).await, &pack(600)).await;
            open(&desk::open(store.clone(), start()).await, 7..8).await;
        });
        // What came before was told in its time.
        for minute in moments.into_iter().take_while(|minute| *minute < pair[0].min(pair[1])) {
            assert_eq!(block_on(tick(&at(minute))), 1, "{minute}");
        }
        let (one, two) = (at(pair[0]), at(pair[1]));
        let conversation = [desk::name(&one, 7)];
        let (first, second) =
            block_on(join(notices::record(&one, &conversation), notices::record(&two, &conversation)));
        assert_eq!(
            (first.unwrap().notices, second.unwrap().notices),
            (1, 1),
            "{pair:?}: neither saw the other"
        );
        // Whatever the one that counts did not tell of is due again.
        while block_on(tick(&at(13))) > 0 {}
        let mut told = told(&at(13), 7);
        let people: Vec<_> = told.iter().flat_map(|(_, to)| to.clone()).collect();
        for person in ["lea", "max"] {
            assert_eq!(people.iter().filter(|p| **p == person).count(), 1, "{pair:?}: {told:?}");
        }
        told.sort();
        let thresholds: Vec<_> = told.iter().map(|(threshold, _)| threshold.as_str()).collect();
        assert_eq!(thresholds, ["breach", "e1", "e2", "w50", "w80"], "{pair:?}");
    }
}

/// The text of every test of the workspace's.
fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_rule_of_service_levels_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("components/sla/README.md")).unwrap();
    let (_, table) = readme.split_once("## Rule by rule").unwrap();
    let mut text = String::new();
    for folder in ["calendar/tests", "domain/src", "domain/tests", "projections/tests"] {
        sources(&root.join("crates").join(folder), &mut text);
    }
    sources(&root.join("tests/e2e/tests"), &mut text);
    let rows: Vec<&str> =
        table.lines().filter(|line| line.starts_with("| ") && !line.contains("**")).skip(1).collect();
    assert!(rows.len() >= 35, "{rows:?}");
    for row in rows {
        let (_, tests) = row.trim_end_matches(" |").rsplit_once(" | ").unwrap();
        assert!(!tests.is_empty(), "{row}");
        for test in tests.split(", ").map(|test| test.trim_matches('`')) {
            assert!(text.contains(&format!("fn {test}(")), "{test}");
        }
    }
}
