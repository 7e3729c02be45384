//! The index of words over a store: found by what was said, one follower or two, and made anew.
#![allow(missing_docs, unreachable_pub, clippy::expect_used, clippy::unwrap_used, clippy::panic)]

#[path = "support/counting.rs"]
mod counting;
#[path = "support/desk.rs"]
mod desk;

use chrono::{DateTime, Duration, Utc};
use counting::Counting;
use futures::executor::block_on;
use futures::future::join;
use relevo_domain::conversation::ConversationEvent;
use relevo_edge::app::DeskContext;
use relevo_journal::Month;
use relevo_journal::store::Store;
use relevo_projections::words::{self, Code, Found};
use relevo_projections::{follow, verify};
use serde_json::json;
use std::collections::BTreeSet;

struct World(Counting);

impl World {
    /// A desk with so many numbers taken.
    fn new(numbers: u64) -> Self {
        let world = Self(Counting::default());
        let context = world.at(0);
        block_on(async {
            let pack = json!({
                "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
                "queues": {"general": {"name": "General", "team": "support"}}, "teams": {"support": {"name": "Support"}},
                "channels": {"whatsapp": {"main": {}}},
            });
            desk::publish(&context, &pack).await;
            while context.next_ticket_number().await.unwrap() < numbers {}
        });
        world
    }

    fn at(&self, minutes: i64) -> DeskContext<Counting> {
        let start: DateTime<Utc> = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        block_on(desk::open(self.0.clone(), start + Duration::minutes(minutes)))
    }

    /// A customer says hello, for which they get the ticket of their number; and somebody notes this.
    fn note(&self, minutes: i64, who: u64, text: &str) {
        let context = self.at(minutes);
        block_on(async {
            let (mut commit, seen) = (context.commit(), desk::load(&context, who).await);
            let after = match seen.is_new() {
                true => desk::receive(&context, &mut commit, seen, who, &format!("m{who}")).await,
                false => seen,
            };
            let note = ConversationEvent::NoteWritten { ticket: 1, text: text.into() };
            desk::append(&context, &mut commit, after, vec![(format!("note.{minutes}.{who}"), note)]);
            context.journal.commit(commit).await.unwrap();
        });
    }

    fn follow(&self, minutes: i64) {
        let context = self.at(minutes);
        block_on(async {
            while follow::follow(&context, 1_000).await.unwrap().more {}
            while words::follow(&context, 1_000).await.unwrap().more {}
        });
    }

    fn fill(&self, minutes: i64) {
        let context = self.at(minutes);
        block_on(async { while words::fill(&context, 10).await.unwrap() {} });
    }

    fn found(&self, minutes: i64, segment: u64, all: &[&str]) -> Found {
        let context = self.at(minutes);
        let codes: Vec<Code> = all.iter().map(|word| Code::of(&context.keys, word)).collect();
        block_on(async {
            let index = words::index(&context).await.unwrap().state;
            words::candidates(&context, &index, segment, &codes).await.unwrap()
        })
    }

    fn differences(&self, minutes: i64) -> Vec<String> {
        let context = self.at(minutes);
        let month = Month::of(context.now);
        block_on(verify::verify(&context, &[month])).unwrap().differences
    }
}

fn only(numbers: &[u64]) -> Found {
    Found::Only(numbers.iter().copied().collect::<BTreeSet<_>>())
}

#[test]
fn tickets_are_found_by_all_of_their_words_and_by_words_that_come_later() {
    let world = World::new(2_100);
    world.follow(0);
    world.fill(0);
    world.note(1, 7, "La FACTURA de marzo no llega");
    world.note(2, 2_050, "la factura de abril, del plan Pro");
    world.follow(3);
    assert_eq!(world.found(3, 0, &["factura"]), only(&[7]));
    assert_eq!(world.found(3, 2, &["factura"]), only(&[2_050]));
    assert_eq!(world.found(3, 0, &["factura", "marzo"]), only(&[7]));
    assert_eq!(world.found(3, 0, &["factura", "abril"]), only(&[]));
    assert_eq!(world.found(3, 1, &["factura"]), only(&[]));
    world.note(4, 7, "y la de abril tampoco");
    world.follow(5);
    assert_eq!(world.found(5, 0, &["factura", "abril", "hola"]), only(&[7]));
    assert_eq!(world.differences(6), Vec::<String>::new());
}

#[test]
fn a_desk_with_tickets_and_no_index_gets_one_bit_by_bit() {
    let world = World::new(1_500);
    for who in [3, 450, 1_250] {
        world.note(1, who, "matrícula");
    }
    let context = world.at(2);
    block_on(async { while follow::follow(&context, 1_000).await.unwrap().more {} });
    // Nothing was indexed yet: any ticket may fit.
    world.follow(2);
    assert_eq!(world.found(2, 0, &["matricula"]), Found::Any);
    let mut rounds = 0;
    while block_on(words::fill(&context, 4)).unwrap() {
        rounds += 1;
    }
    assert!(rounds > 2, "bit by bit");
    assert_eq!(world.found(3, 0, &["matricula"]), only(&[3, 450]));
    assert_eq!(world.found(3, 1, &["matricula"]), only(&[1_250]));
    assert_eq!(world.differences(4), Vec::<String>::new());
}

#[test]
fn two_followers_at_once_find_what_one_finds() {
    let world = World::new(20);
    for who in 1..=20 {
        world.note(1, who, "traslado de expediente");
    }
    let (one, other) = (world.at(2), world.at(2));
    block_on(async {
        while follow::follow(&one, 1_000).await.unwrap().more {}
        let (a, b) = join(words::follow(&one, 1_000), words::follow(&other, 1_000)).await;
        assert!(a.is_ok() && b.is_ok());
        while words::fill(&one, 10).await.unwrap() {}
    });
    let all: Vec<u64> = (1..=20).collect();
    assert_eq!(world.found(3, 0, &["expediente", "traslado"]), only(&all));
    assert_eq!(world.differences(4), Vec::<String>::new());
}

#[test]
fn a_segment_whose_key_is_destroyed_is_made_anew_and_what_was_there_is_removed() {
    let world = World::new(20);
    world.note(1, 7, "una palabra");
    world.follow(2);
    world.fill(2);
    assert_eq!(world.found(3, 0, &["palabra"]), only(&[7]));
    let context = world.at(4);
    let keys = block_on(words::index(&context)).unwrap().state.segments[&0].keys.clone();
    let table = format!("r1:n:s:school:t-words:w0-{}-{}", part_of("palabra", &world), keys[0]);
    assert!(block_on(world.0.get(&table)).unwrap().is_some());
    let mut commit = context.commit();
    context.journal.destroy_keys(&mut commit, &keys).unwrap();
    block_on(context.journal.commit(commit)).unwrap();
    // Later than any instance remembers a key.
    assert_eq!(world.found(60, 0, &["palabra"]), Found::Any);
    world.note(61, 8, "otra palabra");
    world.follow(62);
    assert_eq!(world.found(62, 0, &["palabra"]), Found::Any, "until it is made anew");
    world.fill(63);
    assert_eq!(world.found(64, 0, &["palabra"]), only(&[7, 8]));
    assert!(block_on(world.0.get(&table)).unwrap().is_none(), "what was there is removed");
    assert_eq!(world.differences(65), Vec::<String>::new());
}

/// The part of its segment that a word falls into, found by looking.
fn part_of(word: &str, world: &World) -> u8 {
    let context = world.at(4);
    format!("{:?}", Code::of(&context.keys, word))
        .split(&[' ', ','][..])
        .find_map(|part| part.parse().ok())
        .unwrap()
}

#[test]
fn what_a_message_and_a_query_cost_is_bounded() {
    let world = World::new(900);
    for who in 1..=60 {
        world.note(1, who, &format!("asunto número {who} con unas cuantas palabras más de relleno"));
    }
    world.follow(2);
    world.fill(2);
    world.note(3, 61, "otro asunto con unas cuantas palabras nuevas");
    let context = world.at(3);
    block_on(async { while follow::follow(&context, 1_000).await.unwrap().more {} });
    world.0.take();
    block_on(words::follow(&world.at(4), 100)).unwrap();
    let cost = world.0.take();
    assert!(cost.increments <= 16, "one for each part at most: {cost:?}");
    assert!(cost.writes <= 5, "four parts at once, and the cursor: {cost:?}");
    assert_eq!(world.found(5, 0, &["asunto", "nuevas"]), only(&[61]));
    world.at(5);
    world.0.take();
    world.found(5, 0, &["nuevas"]);
    let cost = world.0.take();
    assert!(cost.gets <= 24 && cost.increments == 0, "{cost:?}");
}
