//! Automations over a store: once, whoever follows and however often, and on the agenda where they wait.
#![allow(missing_docs, unreachable_pub, clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Duration, Utc};
use counting::Counting;
use futures::executor::block_on;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_edge::app::DeskContext;
use relevo_journal::Fold;
use relevo_journal::store::memory::MemoryStore;
use relevo_projections::agenda::{self, Work};
use relevo_projections::automations::{self, Owed};
use relevo_projections::{follow, heads};
use serde_json::{Value, json};

struct World(MemoryStore);

impl World {
    fn new(automations: Value) -> Self {
        let world = Self(MemoryStore::default());
        let pack = json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}}, "channels": {"whatsapp": {"main": {}}},
            "templates": {"thanks": {}}, "automations": automations
        });
        block_on(desk::publish(&world.at(0), &pack));
        world
    }

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

    fn follow(&self, minutes: i64) -> Vec<String> {
        let context = self.at(minutes);
        let mut owing = Vec::new();
        block_on(async {
            loop {
                let followed = follow::follow(&context, 2_000).await.unwrap();
                owing.extend(followed.owing);
                if !followed.more {
                    return owing;
                }
            }
        })
    }

    /// A tick: the conversations that were looked at, and what is owed.
    fn tick(&self, minutes: i64) -> (usize, Vec<Owed>) {
        self.follow(minutes);
        let context = self.at(minutes);
        block_on(async {
            let due = agenda::due(&context, Work::Sla, 100).await.unwrap();
            let looked = due.streams.len();
            let owed = automations::settle(&context, &due.streams).await.unwrap();
            agenda::done(&context, Work::Sla, due).await.unwrap();
            (looked, owed)
        })
    }

    fn events(&self, minutes: i64) -> Vec<ConversationEvent> {
        let context = self.at(minutes);
        let stream = context.stream(Conversation::KIND, &desk::name(&context, 7)).unwrap();
        let (_, events) = block_on(context.journal.load_events::<Conversation>(&stream, None)).unwrap();
        events.into_iter().map(|event| event.data).collect()
    }

    fn fired(&self, minutes: i64) -> usize {
        let events = self.events(minutes);
        events.iter().filter(|event| matches!(event, ConversationEvent::AutomationFired(_))).count()
    }
}

#[test]
fn it_applies_once_although_the_feed_is_read_again_and_by_two_at_once() {
    let world = World::new(json!([
        {"id": "note", "name": "Note", "on": ["message.received"], "then": [{"note": {"text": "seen"}}]}
    ]));
    world.write(1, "a");
    let context = world.at(2);
    let entries = block_on(async {
        let mut cursor = Default::default();
        context.journal.read_feed(&context.desk, &mut cursor, 64, context.now).await.unwrap().entries
    });
    // Two that have read the same, one after the other and at the same time.
    let (one, two) = (world.at(2), world.at(2));
    let (first, second) = block_on(futures::future::join(
        automations::follow(&one, &entries),
        automations::follow(&two, &entries),
    ));
    assert!(first.unwrap().applied + second.unwrap().applied > 0);
    world.follow(3);
    block_on(automations::follow(&world.at(4), &entries)).unwrap();
    assert_eq!(world.fired(5), 1);
    let notes = |minutes| {
        let events = world.events(minutes);
        events.iter().filter(|event| matches!(event, ConversationEvent::NoteWritten { .. })).count()
    };
    assert_eq!(notes(5), 1);
    world.write(6, "b");
    world.follow(7);
    assert_eq!((world.fired(8), notes(8)), (2, 2), "another message is another cause");
    let context = world.at(9);
    let heads = block_on(heads::load(&context, 7)).unwrap();
    let fired: u32 =
        heads.values().filter_map(|head| head.automations.get("note")).map(|ran| ran.fired).sum();
    assert_eq!(fired, 2);
}

#[test]
fn what_waits_is_on_the_agenda_and_applies_once() {
    let world = World::new(json!([
        {"id": "hour", "name": "Hour", "after": {"seconds": 3600, "calendar": "calendar_time", "since": "customer_wrote"},
         "when": {"category": ["new"]}, "then": [{"tags": {"add": ["late"]}}]}
    ]));
    world.write(1, "a");
    assert_eq!(world.tick(2), (0, vec![]));
    world.write(30, "b");
    assert_eq!((world.tick(60).0, world.fired(60)), (0, 0), "not before its time");
    assert_eq!((world.tick(61).0, world.fired(61)), (1, 0), "looked at, and the customer has written since");
    world.tick(90);
    assert_eq!(world.fired(90), 1);
    world.tick(91);
    world.tick(200);
    assert_eq!(world.fired(200), 1, "once");
    world.write(300, "c");
    world.tick(361);
    assert_eq!(world.fired(361), 1, "already tagged: nothing would change");
}

#[test]
fn a_reply_that_is_wanted_is_owed_until_it_is_written() {
    let world = World::new(json!([
        {"id": "thanks", "name": "Thanks", "on": ["ticket.opened"], "then": [{"reply": {"template": "thanks"}}]}
    ]));
    world.write(1, "a");
    assert_eq!(world.follow(2).len(), 1, "somebody who can render is told at once");
    let (_, owed) = world.tick(3);
    assert_eq!(owed.iter().map(|owed| owed.reply.reply.template.as_str()).collect::<Vec<_>>(), ["thanks"]);
}

#[test]
fn a_desk_without_automations_pays_nothing() {
    let world = World::new(json!([]));
    world.write(1, "a");
    let (context, mut cursor) = (world.at(2), Default::default());
    let entries = block_on(async {
        context.journal.read_feed(&context.desk, &mut cursor, 64, context.now).await.unwrap().entries
    });
    let store = Counting::over(world.0.clone());
    let context = block_on(desk::open(store.clone(), world.at(2).now));
    block_on(context.pack()).unwrap();
    store.take();
    assert_eq!(block_on(automations::follow(&context, &entries)).unwrap(), automations::Done::default());
    assert_eq!(store.take(), Default::default());
}
