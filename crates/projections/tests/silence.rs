//! Silences over a store: looked at when they begin, and again when something follows.
#![allow(missing_docs, unreachable_pub, clippy::expect_used, clippy::unwrap_used)]

#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Duration, Utc};
use futures::executor::block_on;
use relevo_domain::conversation::{attention, decide};
use relevo_edge::app::{DeskContext, event};
use relevo_journal::store::memory::MemoryStore;
use relevo_projections::agenda::{self, Work};
use relevo_projections::notices;
use relevo_projections::silence::{self, Reminder};
use serde_json::json;

struct World(MemoryStore);

impl World {
    fn at(&self, minutes: i64) -> DeskContext<MemoryStore> {
        let start: DateTime<Utc> = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        block_on(desk::open(self.0.clone(), start + Duration::minutes(minutes)))
    }

    fn write(&self, minutes: i64, id: &str) {
        let context = self.at(minutes);
        block_on(async {
            let (mut commit, seen) = (context.commit(), desk::load(&context, 7).await);
            desk::receive(&context, &mut commit, seen, 7, id).await;
            context.journal.commit(commit).await.unwrap();
        });
    }

    fn wait_for_customer(&self, minutes: i64) {
        let context = self.at(minutes);
        block_on(async {
            let (mut commit, seen) = (context.commit(), desk::load(&context, 7).await);
            let pack = context.pack().await.unwrap();
            let events =
                decide::change_status(&seen.state, &pack.pack, 1, "waiting_for_customer", None).unwrap();
            let named = events.into_iter().map(|data| (format!("status.{minutes}"), data));
            desk::append(&context, &mut commit, seen, named.collect());
            context.journal.commit(commit).await.unwrap();
        });
    }

    fn status(&self, minutes: i64) -> String {
        block_on(desk::load(&self.at(minutes), 7)).state.ticket(1).unwrap().status.clone()
    }

    /// A tick: the conversations that were looked at, and the reminders, which are written.
    fn tick(&self, minutes: i64) -> (usize, Vec<Reminder>) {
        let context = self.at(minutes);
        block_on(async {
            while relevo_projections::follow::follow(&context, 2_000).await.unwrap().more {}
            let due = agenda::due(&context, Work::Sla, 100).await.unwrap();
            let (looked, reminders) = (due.streams.len(), {
                let waiting = notices::record(&context, &due.streams).await.unwrap().waiting;
                silence::follow(&context, &waiting).await.unwrap()
            });
            for reminder in &reminders {
                let (mut commit, seen) = (context.commit(), desk::load(&context, 7).await);
                let passed = event(reminder.id.clone(), silence::BY, 0, reminder.passed.clone()).unwrap();
                commit.append(&seen, vec![passed]).unwrap();
                context.journal.commit(commit).await.unwrap();
            }
            let reminded: Vec<String> = reminders.iter().map(|r| r.conversation.clone()).collect();
            assert!(silence::follow(&context, &reminded).await.unwrap().is_empty());
            agenda::done(&context, Work::Sla, due).await.unwrap();
            (looked, reminders)
        })
    }
}

fn world() -> World {
    let world = World(MemoryStore::default());
    block_on(desk::publish(
        &world.at(0),
        &json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}}, "channels": {"whatsapp": {"main": {}}},
            "templates": {"again": {}},
            "lifecycle": {"silence": [
                {"in": ["waiting_for_customer"], "after_seconds": 3600, "calendar": "calendar_time", "template": "again"},
                {"in": ["waiting_for_customer"], "after_seconds": 7200, "calendar": "calendar_time", "to": "closed"}
            ]}
        }),
    ));
    world
}

#[test]
fn a_customer_who_does_not_answer_is_reminded_once_and_then_it_closes() {
    let world = world();
    world.write(1, "a");
    assert_eq!(world.tick(2), (0, vec![]), "nothing waits for the customer");
    world.wait_for_customer(10);
    assert_eq!(world.tick(11).0, 1, "looked at when it begins");
    assert_eq!(world.tick(60).0, 0);
    let (_, reminders) = world.tick(70);
    assert_eq!(reminders.iter().map(|r| r.template.as_str()).collect::<Vec<_>>(), ["again"]);
    assert_eq!(world.tick(71), (0, vec![]), "once");
    assert_eq!(world.tick(129), (0, vec![]));
    assert_eq!(world.tick(130), (1, vec![]));
    assert_eq!(world.status(131), "closed");
    assert_eq!(world.tick(500).1, []);
}

#[test]
fn an_answer_stops_it() {
    let world = world();
    world.write(1, "a");
    world.wait_for_customer(10);
    world.tick(11);
    world.write(50, "b");
    assert_eq!(world.tick(70).1, []);
    world.wait_for_customer(80);
    world.tick(81);
    assert_eq!(world.tick(130), (0, vec![]), "the time begins anew");
    assert_eq!(world.tick(140).1.len(), 1);
    world.write(150, "c");
    world.tick(200);
    assert_eq!(world.status(201), "open");
}

#[test]
fn what_was_put_out_of_sight_comes_back_at_its_time() {
    let world = world();
    world.write(1, "a");
    let until = world.at(90).now;
    let context = world.at(10);
    block_on(async {
        let (mut commit, seen) = (context.commit(), desk::load(&context, 7).await);
        let events = attention::snooze(&seen.state, 1, Some(until), context.now).unwrap();
        desk::append(&context, &mut commit, seen, events.into_iter().map(|e| ("snooze".into(), e)).collect());
        context.journal.commit(commit).await.unwrap();
    });
    let snoozed =
        |minutes| block_on(desk::load(&world.at(minutes), 7)).state.ticket(1).unwrap().snoozed_until;
    world.tick(89);
    assert_eq!(snoozed(89), Some(until));
    world.tick(90);
    world.tick(91);
    assert_eq!(snoozed(91), None);
}
