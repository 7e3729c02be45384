//! The model test: writers, readers, snapshotters and projectors that are interleaved at every store call, with
//! clocks that are an hour wrong, repeats, crashes between any two calls, and calls whose outcome is unknown.
//!
//! `PROPTEST_CASES=100000 cargo test --release -p relevo-journal --test model` runs it for long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "model/faults.rs"]
mod faults;
#[path = "support/log.rs"]
mod log;
#[path = "model/oracle.rs"]
mod oracle;
#[path = "model/tasks.rs"]
mod tasks;
#[path = "model/world.rs"]
mod world;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use log::{Log, desk, stream};
use proptest::prelude::*;
use relevo_journal::audit::verify::verify_desk;
use relevo_journal::{Cursor, Kind, Loaded, Month, verify};
use tasks::{Index, Plan, Run, STREAMS, Step, check_promises, index_stream, sequence};
use world::{Choices, World};

/// Runs the plans in one interleaving and checks everything.
fn check(plans: &[Plan], choices: Box<dyn Choices>, faults: usize) -> Run {
    check_in(World::shared(choices, faults), plans)
}

fn check_in(world: world::Shared, plans: &[Plan]) -> Run {
    let run = Run::new(world);
    world::run(&run.world, plans.iter().map(|plan| run.task(plan)).collect());
    world::settle(&run.world);
    let last = run.clone();
    world::run(&run.world, vec![Box::pin(async move { check_the_end(&last).await })]);
    run
}

/// When all is quiet: every state is the fold of the visible set, nothing that was acknowledged is missing
/// anywhere, and what was recomputed and what is served are equal.
async fn check_the_end(run: &Run) {
    let now = run.now(0);
    let journal = &run.journal;
    while !run.project(0, 2, false).await.unwrap() {}
    let index: Loaded<Index> = journal.load(&index_stream(), now).await.unwrap();
    let kind = Kind::new("log").unwrap();
    // Clocks are an hour wrong: the run may be at the border of two months.
    let (first, last) = (Month::of(run.now(-3_600_000)), Month::of(run.now(3_600_000)));
    let mut listed = Vec::new();
    for month in first.until(last) {
        listed.extend(journal.all_streams(&desk(), &kind, month, now).await.unwrap());
    }

    for name in STREAMS {
        let stream = stream(name);
        let visible = run.visible(&stream);
        let expected = oracle::fold(&visible);
        let loaded: Loaded<Log> = journal.load(&stream, now).await.unwrap();
        assert_eq!(loaded.state, expected, "a load is not the fold of the visible set");
        check_promises(&loaded.state, &run.acknowledged(name));
        let (whole, _) = journal.load_events::<Log>(&stream, None).await.unwrap();
        assert_eq!(whole, expected, "the history is not the fold of the visible set");
        let (report, recomputed) = verify::verify_stream::<Log, _>(journal, &stream, now).await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert_eq!(recomputed, expected);

        let slots: BTreeSet<(String, u64)> = {
            let world = run.world.0.borrow();
            oracle::slots(&world.data, &stream.to_string()).keys().map(|n| (stream.to_string(), *n)).collect()
        };
        assert!(slots.is_subset(&run.record.borrow().processed), "no projector saw {slots:?}");
        if !visible.is_empty() {
            assert!(listed.contains(&stream), "{stream} is in no directory");
            let row = &index.state.rows[&stream.to_string()];
            let ids: Vec<_> = expected.seen.iter().map(|(id, _, _)| id.clone()).collect();
            assert_eq!((row.events, &row.ids), (visible.len() as u64, &ids), "the projection is stale");
        }
    }

    check_the_audit(run).await;

    let mut followers = std::mem::take(&mut run.record.borrow_mut().followers);
    followers.push((Cursor::default(), BTreeSet::new()));
    for (mut cursor, mut seen) in followers {
        let page = journal.read_after(&sequence(), &mut cursor, usize::MAX, now).await.unwrap();
        seen.extend(page.entries.into_iter().map(|(_, bytes)| bytes));
        assert!(run.record.borrow().enqueued.is_subset(&seen), "a sequence lacks entries: {seen:?}");
    }
}

/// The links and the anchors of what was written by many at once agree with what is there.
async fn check_the_audit(run: &Run) {
    while run.anchor().await.unwrap() {}
    let keys: Vec<String> = run.world.0.borrow().data.keys().cloned().collect();
    let derived = |kind: &Kind| kind.as_str() == "index";
    let report = verify_desk(&run.journal, &desk(), &keys, &[], derived).await.unwrap();
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    let events: usize = STREAMS.iter().map(|name| run.visible(&stream(name)).len()).sum();
    assert!(report.events >= events as u64, "{report}");
    assert_eq!(report.unlinked, 0, "{report}");
}

/// Choices from a list; when it is at its end the first possibility is taken.
struct Listed {
    list: std::vec::IntoIter<u16>,
}

impl Choices for Listed {
    fn choose(&mut self, n: usize) -> usize {
        usize::from(self.list.next().unwrap_or(0)) % n
    }

    fn fate(&mut self, n: usize) -> usize {
        let value = usize::from(self.list.next().unwrap_or(0)) % 64;
        value.saturating_sub(64 - n)
    }

    fn let_others_first(&mut self) -> bool {
        self.list.next().unwrap_or(0) % 4 == 3
    }
}

fn skew() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0i64), -100..100i64, Just(-3_600_000i64), Just(3_600_000i64)]
}

fn writer() -> impl Strategy<Value = Plan> {
    let step =
        (0..STREAMS.len(), proptest::option::weighted(0.2, 0..STREAMS.len()), 0..6usize, any::<bool>())
            .prop_map(|(stream, also, id, enqueue)| Step { stream, also, id, enqueue });
    (skew(), proptest::collection::vec(step, 1..4))
        .prop_map(|(skew_ms, steps)| Plan::Writer { skew_ms, steps })
}

fn reader() -> impl Strategy<Value = Plan> {
    let as_of = proptest::option::weighted(0.3, prop_oneof![0..1000i64, Just(3_600_000), Just(-3_600_000)]);
    (skew(), 0..STREAMS.len(), 1..4usize, any::<bool>(), as_of).prop_map(
        |(skew_ms, stream, rounds, saves, as_of_ms)| Plan::Reader {
            skew_ms,
            stream,
            rounds,
            saves,
            as_of_ms,
        },
    )
}

fn projector() -> impl Strategy<Value = Plan> {
    (skew(), 1..4usize, 1..4usize, any::<bool>()).prop_map(|(skew_ms, rounds, limit, cursor_apart)| {
        Plan::Projector { skew_ms, rounds, limit, cursor_apart }
    })
}

fn follower() -> impl Strategy<Value = Plan> {
    (skew(), 1..4usize, 1..3usize).prop_map(|(skew_ms, rounds, limit)| Plan::Sequence {
        skew_ms,
        rounds,
        limit,
    })
}

fn anchorer() -> impl Strategy<Value = Plan> {
    (1..3usize).prop_map(|rounds| Plan::Anchorer { rounds })
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    use proptest::collection::vec;
    let others = (vec(projector(), 0..3), vec(follower(), 0..2), vec(anchorer(), 0..3));
    (vec(writer(), 1..6), vec(reader(), 0..5), others)
        .prop_map(|(writers, readers, (c, d, e))| [writers, readers, c, d, e].concat())
}

/// Takes seconds in a debug build.
const DEFAULT_CASES: u32 = 1500;

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(DEFAULT_CASES)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    /// Nothing that was acknowledged is lost, whoever dies when.
    #[test]
    fn invariant_1_what_was_acknowledged_survives_in_random_interleavings(
        plans in plans(),
        faults in 0..5usize,
        list in proptest::collection::vec(any::<u16>(), 0..1500),
    ) {
        check(&plans, Box::new(Listed { list: list.into_iter() }), faults);
    }
}

/// Depth first through all possibilities.
#[derive(Default)]
struct Path {
    taken: Vec<(usize, usize)>,
    at: usize,
}

#[derive(Clone, Default)]
struct All(Rc<RefCell<Path>>);

impl All {
    /// To the next path; false after the last.
    fn next(&self) -> bool {
        let mut path = self.0.borrow_mut();
        path.at = 0;
        while let Some((choice, n)) = path.taken.pop() {
            if choice + 1 < n {
                path.taken.push((choice + 1, n));
                return true;
            }
        }
        false
    }
}

impl Choices for All {
    fn choose(&mut self, n: usize) -> usize {
        let mut path = self.0.borrow_mut();
        let at = path.at;
        path.at += 1;
        match path.taken.get(at) {
            Some((choice, _)) => *choice,
            None => {
                path.taken.push((0, n));
                0
            }
        }
    }

    fn fate(&mut self, n: usize) -> usize {
        self.choose(n)
    }

    fn let_others_first(&mut self) -> bool {
        false
    }
}

/// Runs all interleavings, and with `faults` all ways in which so many calls can go wrong. Returns how many.
fn check_all(plans: &[Plan], faults: usize) -> usize {
    let all = All::default();
    let mut runs = 1;
    check(plans, Box::new(all.clone()), faults);
    while all.next() {
        check(plans, Box::new(all.clone()), faults);
        runs += 1;
    }
    runs
}

fn writes(skew_ms: i64, ids: &[usize]) -> Plan {
    let step = |id: &usize| Step { stream: 0, also: None, id: *id, enqueue: false };
    Plan::Writer { skew_ms, steps: ids.iter().map(step).collect() }
}

#[test]
fn invariant_1_all_interleavings_of_two_first_messages() {
    let runs = check_all(&[writes(0, &[1]), writes(-3_600_000, &[2])], 0);
    println!("{runs} interleavings");
    assert!(runs >= 924, "{runs}");
}

#[test]
fn invariant_1_all_ways_in_which_calls_of_a_writer_go_wrong() {
    let runs = check_all(&[writes(0, &[1])], 2);
    println!("{runs} interleavings");
    assert!(runs > 1_000, "{runs}");
    if cases() > DEFAULT_CASES {
        let reader = Plan::Reader { skew_ms: 0, stream: 0, rounds: 1, saves: false, as_of_ms: None };
        let runs = check_all(&[writes(0, &[1]), reader], 1);
        println!("{runs} interleavings beside a reader");
        assert!(runs > 10_000, "{runs}");
    }
}

#[test]
fn invariant_2_all_interleavings_of_one_message_delivered_twice_at_once() {
    let runs = check_all(&[writes(0, &[1]), writes(100, &[1])], 0);
    println!("{runs} interleavings");
    assert!(runs >= 924, "{runs}");
}

#[test]
fn invariant_4_all_interleavings_of_a_writer_and_a_reader_that_saves() {
    let reader = |rounds| Plan::Reader { skew_ms: 0, stream: 0, rounds, saves: true, as_of_ms: None };
    let runs = check_all(&[writes(0, &[1]), reader(2)], 0) + check_all(&[writes(0, &[1, 2]), reader(1)], 0);
    println!("{runs} interleavings");
    assert!(runs > 1_000, "{runs}");
}

#[test]
fn all_interleavings_of_a_writer_and_a_projector() {
    let projector = Plan::Projector { skew_ms: 0, rounds: 2, limit: 9, cursor_apart: true };
    let runs = check_all(&[writes(0, &[1]), projector], 0);
    println!("{runs} interleavings");
    assert!(runs > 1_000, "{runs}");
}
