//! A channel account that goes silent against its habit, over a store: told once, to whoever runs it and to subscribers.
#![allow(missing_docs, unreachable_pub, clippy::expect_used, clippy::unwrap_used, clippy::panic)]

#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Duration, Utc};
use futures::executor::block_on;
use relevo_domain::config::{Filter, Subscriber};
use relevo_domain::outbox::{Outbox, Request};
use relevo_edge::app::DeskContext;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Fold, Journal};
use relevo_projections::{account_silence, follow, vitals};
use serde_json::{Value, json};
use std::rc::Rc;

struct World(Rc<MemoryStore>);

impl World {
    fn new() -> Self {
        let world = Self(Rc::default());
        let pack = json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}},
            "channels": {"whatsapp": {"main": {}, "other": {}}},
        });
        block_on(desk::publish(&world.context(monday(0, 0)), &pack));
        world
    }

    fn context(&self, now: DateTime<Utc>) -> DeskContext<Rc<MemoryStore>> {
        let mut context = block_on(desk::open(self.0.clone(), now));
        let subscriber = Subscriber {
            url: "https://example.org/".into(),
            events: vec!["account.silent".into(), "account.heard".into()],
            only: Filter::default(),
            sealed: String::new(),
        };
        context.config.state.subscribers.insert("s".into(), subscriber);
        context
    }

    /// A customer writes, and the feed is followed.
    fn write(&self, now: DateTime<Utc>) {
        let context = self.context(now);
        block_on(async {
            let mut commit = context.commit();
            let seen = desk::load(&context, 1).await;
            desk::receive(&context, &mut commit, seen, 1, &format!("m{}", now.timestamp())).await;
            context.journal.commit(commit).await.unwrap();
            follow::follow(&context, 1_000).await.unwrap();
        });
    }

    /// A round of housekeeping and what subscribers are told after it.
    fn round(&self, now: DateTime<Utc>) -> Vec<Value> {
        let context = self.context(now);
        block_on(async {
            account_silence::tell(&context).await.unwrap();
            let mut told = Vec::new();
            for name in follow::follow(&context, 1_000).await.unwrap().queued {
                let stream = context.stream(Outbox::KIND, &name).unwrap();
                let entry = context.journal.load::<Outbox>(&stream, now).await.unwrap().state.entry.unwrap();
                assert_eq!(entry.ticket, None);
                let Request::Subscriber { body, .. } = entry.request else { panic!("{:?}", entry.request) };
                told.push(body.0);
            }
            told
        })
    }

    /// Health's word on the accounts and the metrics' line.
    fn watched(&self, now: DateTime<Utc>) -> (bool, String, Option<String>) {
        let journal = Journal::new(self.0.clone());
        let desks = [self.context(now)];
        let gathered = block_on(vitals::gather(&desks, &journal)).unwrap();
        let name = format!("accounts.{}", desks[0].desk);
        let check = vitals::health(&desks, &gathered, now).into_iter().find(|c| c.name == name).unwrap();
        let text = vitals::exposition(&gathered, &[], now);
        let line = text.lines().find(|line| line.starts_with("relevo_account_silent_seconds{"));
        (check.ok, check.detail, line.map(str::to_owned))
    }
}

fn monday(week: i64, hour: i64) -> DateTime<Utc> {
    "2026-06-01T00:10:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::weeks(week) + Duration::hours(hour)
}

#[test]
fn a_silent_account_is_told_of_once_and_once_more_when_it_is_heard_again() {
    let world = World::new();
    for week in 0..4 {
        world.write(monday(week, 9));
        world.write(monday(week, 10));
        assert_eq!(world.round(monday(week, 12)), [json!(null); 0]);
    }
    assert_eq!(world.round(monday(4, 10)), [json!(null); 0], "one missed hour may be chance");
    assert!(world.watched(monday(4, 10)).0);

    let told = world.round(monday(4, 11));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["type"], "account.silent");
    let silent = json!({"channel": "whatsapp", "account": "main", "silent_since": "2026-06-22T11:00:00Z"});
    assert_eq!(told[0]["data"], silent);
    assert_eq!(world.round(monday(4, 12)), [json!(null); 0], "it is known");
    let (ok, detail, line) = world.watched(monday(4, 12));
    assert!(!ok && detail.contains("whatsapp/main (since 2026-06-22T11:00:00"), "{detail}");
    assert!(!detail.contains("whatsapp/other"), "what was never heard has no habit");
    let line = line.unwrap();
    assert!(line.contains(r#"account="whatsapp/main""#) && line.ends_with(" 609000.0"), "{line}");

    world.write(monday(4, 13));
    let told = world.round(monday(4, 13));
    assert_eq!((told.len(), &told[0]["type"]), (1, &json!("account.heard")));
    assert_eq!(told[0]["data"], silent);
    assert_eq!(world.round(monday(4, 14)), [json!(null); 0]);
    let (ok, _, line) = world.watched(monday(4, 14));
    assert!(ok && line.is_none(), "{line:?}");
}

#[test]
fn rounds_at_once_tell_of_it_once() {
    let world = World::new();
    for week in 0..4 {
        world.write(monday(week, 9));
        world.write(monday(week, 10));
    }
    let now = monday(4, 11);
    let (one, other) = (world.context(now), world.context(now));
    block_on(async { futures::try_join!(account_silence::tell(&one), account_silence::tell(&other)) })
        .unwrap();
    assert_eq!(world.round(now).len(), 1);
}
