//! The model notices: with each of these defects in a reader or in the store, its checks fail. A model that did not
//! would prove nothing.

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};
use relevo_journal::StreamId;
use relevo_journal::store::{Store, decode_counter};

use crate::log::Log;
use crate::oracle::{self, Raw};
use crate::tasks::{Plan, Run};
use crate::world::World;
use crate::{Listed, check_in, plans};

/// What a reader of streams may do wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Defect {
    /// None: the control.
    None,
    /// A slot that is not written yet is passed over for good.
    HolesIgnored,
    /// Events are folded in the order of their slots.
    SlotOrderTrusted,
    /// Every event of one id counts.
    RepeatsKept,
}

impl Defect {
    /// Reads a stream again and again as a reader with this defect would, and checks each time what is checked of
    /// every load.
    pub async fn read(self, run: &Run, stream: &StreamId, rounds: usize) {
        let mut known: Vec<(u64, Vec<Raw>)> = Vec::new();
        let mut upto = 0;
        for _ in 0..rounds {
            let before = run.visible(stream);
            let Ok(counter) = run.world.get(&format!("r1:n:s:{stream}")).await else { return };
            let counter = counter.map_or(0, |bytes| decode_counter(&bytes).unwrap().unsigned_abs());
            if self != Self::HolesIgnored {
                (known, upto) = (Vec::new(), 0);
            }
            for slot in upto + 1..=counter {
                let Ok(found) = run.world.get(&format!("r1:s:{stream}:{slot}")).await else { return };
                known.extend(found.map(|bytes| (slot, oracle::events(&bytes))));
            }
            upto = counter;
            oracle::check_load(&self.fold(&known), &before, &run.visible(stream));
        }
    }

    fn fold(self, slots: &[(u64, Vec<Raw>)]) -> Log {
        let mut events: Vec<Raw> = slots.iter().flat_map(|(_, events)| events.clone()).collect();
        if self != Self::SlotOrderTrusted {
            events.sort();
        }
        let kept =
            |n: &usize| self == Self::RepeatsKept || !events[..*n].iter().any(|e| e.id == events[*n].id);
        let counted: Vec<&Raw> = (0..events.len()).filter(kept).map(|n| &events[n]).collect();
        oracle::fold_in_order(&counted)
    }
}

/// Random interleavings until the checks fail; what they said then.
fn search(defect: Defect, tears_set_many: bool) -> Option<String> {
    let config = ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() };
    let config = ProptestConfig { max_shrink_iters: 0, ..config };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let runs = (plans(), 0..2usize, 0..5usize, proptest::collection::vec(any::<u16>(), 0..1500));
    let outcome = runner.run(&runs, |(mut plans, stream, faults, list)| {
        plans.push(Plan::Defective { defect, stream, rounds: 3 });
        let world = World::shared(Box::new(Listed { list: list.into_iter() }), faults);
        world.0.borrow_mut().tears_set_many = tears_set_many;
        check_in(world, &plans);
        Ok(())
    });
    match outcome {
        Ok(()) => None,
        Err(TestError::Fail(reason, _)) => Some(reason.to_string()),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// The model's checks fail, and with one of these words: not because the test itself broke.
fn assert_noticed(defect: Defect, tears_set_many: bool, words: &[&str]) {
    let said = search(defect, tears_set_many).expect("the model notices nothing");
    println!("{defect:?}: {said}");
    assert!(words.iter().any(|words| said.contains(words)), "{said}");
}

#[test]
fn the_model_finds_nothing_where_nothing_is_wrong() {
    assert_eq!(search(Defect::None, false), None);
}

#[test]
fn the_model_notices_holes_that_are_ignored() {
    assert_noticed(Defect::HolesIgnored, false, &["was visible, got"]);
}

#[test]
fn the_model_notices_slot_order_that_is_trusted() {
    assert_noticed(Defect::SlotOrderTrusted, false, &["not in order", "was visible, got"]);
}

#[test]
fn the_model_notices_repeats_that_are_kept() {
    assert_noticed(Defect::RepeatsKept, false, &["an id counts twice"]);
}

#[test]
fn the_model_notices_a_set_many_that_is_not_atomic() {
    assert_noticed(
        Defect::None,
        true,
        &["no projector saw", "is in no directory", "a sequence lacks entries"],
    );
}
