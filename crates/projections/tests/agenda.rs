//! Nothing that was put on an agenda is forgotten: clocks that disagree, ticks that were missed, crowded minutes.
#![allow(missing_docs, clippy::expect_used)]

use chrono::{DateTime, Duration, Utc};
use futures::executor::block_on;
use relevo_edge::app::DeskContext;
use relevo_edge::keys::DeskKeys;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Desk, Journal};
use relevo_projections::agenda::{self, Floors, Work};
use std::collections::BTreeSet;
use std::rc::Rc;

struct World(Rc<MemoryStore>);

impl World {
    fn desk(&self, now: DateTime<Utc>) -> DeskContext<Rc<MemoryStore>> {
        let desk = Desk::new("school").expect("a desk");
        let keys = DeskKeys::derive(&"0f".repeat(32), "school").expect("a key");
        block_on(DeskContext::load(Journal::new(self.0.clone()), desk, keys, now)).expect("a store")
    }

    fn schedule(&self, now: DateTime<Utc>, at: DateTime<Utc>, streams: &[String]) {
        let context = self.desk(now);
        let floors = block_on(Floors::load(&context)).expect("a store");
        for some in streams.chunks(500) {
            let mut commit = context.commit();
            for stream in some {
                agenda::schedule(&mut commit, &floors, Work::Sla, stream, at, now).expect("scheduled");
            }
            block_on(context.journal.commit(commit)).expect("committed");
        }
    }

    /// Ticks until there is no more; what was due.
    fn tick(&self, now: DateTime<Utc>) -> BTreeSet<String> {
        let context = self.desk(now);
        let mut seen = BTreeSet::new();
        loop {
            let due = block_on(agenda::due(&context, Work::Sla, 200)).expect("a store");
            seen.extend(due.streams.iter().cloned());
            let more = due.more;
            block_on(agenda::done(&context, Work::Sla, due)).expect("a store");
            if !more {
                return seen;
            }
        }
    }
}

fn world() -> (World, DateTime<Utc>) {
    (World(Rc::default()), DateTime::from_timestamp(1_780_000_000, 0).expect("an instant"))
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("stream{n}")).collect()
}

fn set(names: &[String]) -> BTreeSet<String> {
    names.iter().cloned().collect()
}

#[test]
fn what_is_scheduled_behind_a_tick_whose_clock_was_ahead_is_seen_at_either_clock() {
    let one = names(1);
    for tick_at in [Duration::zero(), Duration::hours(1)] {
        let (world, now) = world();
        assert!(world.tick(now).is_empty());
        assert!(world.tick(now + Duration::hours(1)).is_empty(), "this clock is an hour ahead");
        world.schedule(now, now, &one);
        assert_eq!(world.tick(now + tick_at), set(&one), "by a clock {tick_at} ahead");
    }
}

#[test]
fn ticks_of_two_clocks_an_hour_apart_see_everything() {
    let (world, start) = world();
    let mut seen = BTreeSet::new();
    let all = names(90);
    for (n, name) in all.iter().enumerate() {
        let now = start + Duration::minutes(i64::try_from(n).expect("few"));
        world.schedule(now, now + Duration::minutes(3), std::slice::from_ref(name));
        let ahead = if n % 2 == 0 { Duration::hours(1) } else { Duration::zero() };
        seen.extend(world.tick(now + ahead));
    }
    seen.extend(world.tick(start + Duration::minutes(100)));
    assert_eq!(seen, set(&all));
}

#[test]
fn a_minute_with_thousands_is_finished_before_it_is_passed() {
    let (world, now) = world();
    assert!(world.tick(now).is_empty());
    let all = names(6_000);
    world.schedule(now, now + Duration::minutes(1), &all);
    // The schedule comes back two days later: more minutes than one call looks through.
    assert_eq!(world.tick(now + Duration::days(2)).len(), all.len());
}

#[test]
fn many_crowded_minutes_after_missed_ticks_are_all_seen() {
    let (world, now) = world();
    assert!(world.tick(now).is_empty());
    let all = names(9_000);
    for (n, some) in all.chunks(3_000).enumerate() {
        let at = now + Duration::minutes(20 * (i64::try_from(n).expect("few") + 1));
        world.schedule(now, at, some);
    }
    assert_eq!(world.tick(now + Duration::days(2)).len(), all.len());
}
