//! Merges across conversations over a store: who is told what, also when things were written at the same time.
#![allow(missing_docs, unreachable_pub, clippy::expect_used, clippy::unwrap_used)]

#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Duration, Utc};
use futures::executor::block_on;
use relevo_domain::conversation::merge::{self, Customers, Place};
use relevo_domain::conversation::{Conversation, Ticket, decide};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::{ids, merging};
use relevo_journal::Loaded;
use relevo_journal::store::memory::MemoryStore;
use relevo_projections::follow::follow;
use serde_json::json;
use std::rc::Rc;

/// Three customers, each with a ticket of the number of their place.
struct World(Rc<MemoryStore>, i64);

impl World {
    fn new() -> Self {
        let world = Self(Rc::default(), 0);
        let pack = json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}}, "channels": {"whatsapp": {"main": {}}},
        });
        block_on(desk::publish(&world.context(), &pack));
        let mut world = world;
        (1..=3).for_each(|who| world.write(who, &format!("first{who}")));
        world
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap() + Duration::minutes(self.1)
    }

    fn context(&self) -> DeskContext<Rc<MemoryStore>> {
        block_on(desk::open(self.0.clone(), self.now()))
    }

    fn name(&self, who: u32) -> String {
        desk::name(&self.context(), u64::from(who))
    }

    fn id(&self, who: u32) -> String {
        ids::ticket(&self.name(who), 1)
    }

    fn load(&self, who: u32) -> Loaded<Conversation> {
        block_on(desk::load(&self.context(), u64::from(who)))
    }

    fn ticket(&self, who: u32) -> Ticket {
        self.load(who).state.ticket(1).unwrap().clone()
    }

    /// A customer writes, as it was when `seen` was loaded; whoever keeps the message tells of it if told to.
    fn keep(&self, seen: Loaded<Conversation>, who: u32, id: &str, tell: bool) {
        let (context, name) = (self.context(), self.name(who));
        block_on(async {
            let mut commit = context.commit();
            let after = desk::receive(&context, &mut commit, seen, u64::from(who), id).await;
            let mut conversations = merging::Conversations::from([(name, after)]);
            if tell {
                merging::tell(&context, &mut commit, &mut conversations).await.unwrap();
            }
            context.journal.commit(commit).await.unwrap();
        });
    }

    fn write(&mut self, who: u32, id: &str) {
        self.1 += 1;
        self.keep(self.load(who), who, id, true);
    }

    /// What merging one into another writes, decided on what is there now.
    fn decide_merge(&self, from: u32, into: u32) -> impl FnOnce(&Self) + use<> {
        let (source, target) = (self.load(from), self.load(into));
        let (source_id, target_id) = (self.id(from), self.id(into));
        let place = |state, id| Place { state, ordinal: 1, id };
        let context = self.context();
        let pack = block_on(context.pack()).unwrap();
        let (went, came) = merge::merge(
            place(&source.state, &source_id),
            place(&target.state, &target_id),
            false,
            Customers::Same,
            &pack.pack,
        )
        .unwrap();
        move |world| {
            let context = world.context();
            let mut commit = context.commit();
            let id = format!("api.{from}{into}");
            commit.append(&source, vec![event(id.clone(), "person:ana", 0, went).unwrap()]).unwrap();
            commit
                .append(&target, vec![event(format!("{id}.into"), "person:ana", 0, came).unwrap()])
                .unwrap();
            block_on(context.journal.commit(commit)).unwrap();
        }
    }

    fn merge(&mut self, from: u32, into: u32) {
        self.1 += 1;
        self.decide_merge(from, into)(self);
    }

    fn answer(&mut self, who: u32) {
        self.1 += 1;
        let (context, loaded) = (self.context(), self.load(who));
        let message = serde_json::from_value(json!({"id": format!("r{}", self.1), "text": "ya"})).unwrap();
        block_on(async {
            let pack = context.pack().await.unwrap();
            let events = decide::reply(&loaded.state, pack.published(), 1, message, true).unwrap();
            let named =
                events.into_iter().enumerate().map(|(n, data)| (format!("reply.{}.{n}", self.1), data));
            let mut commit = context.commit();
            desk::append(&context, &mut commit, loaded, named.collect());
            context.journal.commit(commit).await.unwrap();
        });
    }

    fn waits(&self, who: u32) -> bool {
        self.ticket(who).timeline.unanswered().is_some()
    }

    fn went_to(&self, who: u32) -> Option<String> {
        self.ticket(who).merged.map(|merged| merged.into.id)
    }

    fn settle(&self, who: u32) {
        block_on(merging::settle(&self.context(), &self.name(who))).unwrap();
    }

    fn follow(&self) {
        block_on(follow(&self.context(), 1_000)).unwrap();
    }
}

#[test]
fn a_message_reaches_the_last_ticket_of_a_chain_with_its_own_commit_and_once() {
    let mut world = World::new();
    world.merge(1, 2);
    world.merge(2, 3);
    world.answer(3);
    assert!(!world.waits(3));
    let before = world.load(1);
    world.write(1, "second");
    assert!(world.waits(3) && world.load(1).state.untold().next().is_none());
    // The same message once more, by somebody who had not seen it: nothing is told twice.
    world.answer(3);
    world.keep(before, 1, "second", true);
    world.settle(1);
    world.follow();
    assert!(!world.waits(3), "it was answered");
    assert_eq!(world.load(1).state.tickets.len(), 1);
}

#[test]
fn a_message_written_at_the_same_time_as_the_merge_is_told_by_whoever_looks_next() {
    for next in ["settle", "follow"] {
        let mut world = World::new();
        world.answer(1);
        world.answer(2);
        let seen = world.load(1);
        let merge = world.decide_merge(1, 2);
        world.1 += 1;
        match next {
            // Before the merge, or after it.
            "settle" => {
                world.keep(seen, 1, "late", false);
                world.1 += 1;
                merge(&world);
            }
            _ => {
                merge(&world);
                world.1 += 1;
                world.keep(seen, 1, "late", false);
            }
        }
        assert!(!world.waits(2), "{next}: nobody told yet");
        match next {
            "settle" => world.settle(1),
            _ => world.follow(),
        }
        assert!(world.waits(2), "{next}");
        world.answer(2);
        world.follow();
        world.settle(1);
        assert!(!world.waits(2), "{next}: told once");
    }
}

#[test]
fn merges_in_a_circle_at_the_same_time_are_opened_at_the_oldest_ticket() {
    let mut world = World::new();
    let merges = [world.decide_merge(1, 2), world.decide_merge(2, 1)];
    merges.into_iter().for_each(|merge| merge(&world));
    world.settle(2);
    world.settle(1);
    assert_eq!((world.went_to(1), world.went_to(2)), (None, Some(world.id(1))));
    assert!(world.ticket(2).absorbed.is_empty());
    world.write(2, "second");
    assert!(world.waits(1));

    let mut world = World::new();
    let merges = [world.decide_merge(1, 2), world.decide_merge(2, 3), world.decide_merge(3, 1)];
    merges.into_iter().for_each(|merge| merge(&world));
    // A message finds the circle before anybody else does.
    world.write(3, "second");
    assert_eq!(
        (world.went_to(1), world.went_to(2), world.went_to(3)),
        (None, Some(world.id(3)), Some(world.id(1)))
    );
    assert!(world.waits(1));
    (1..=3).for_each(|who| world.settle(who));
    assert_eq!(world.went_to(3), Some(world.id(1)), "nothing else comes out");
}
