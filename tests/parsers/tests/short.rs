//! Every target for a moment, and on all that was ever found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use relevo_parsers::{Mutator, Target, targets};

/// Changed copies for each target.
const TIMES: u64 = 400;

#[test]
fn every_channel_has_a_target_and_every_target_something_to_begin_with() {
    let targets = targets();
    let names: BTreeSet<_> = targets.iter().map(|target| target.name.clone()).collect();
    assert_eq!(names.len(), targets.len());
    for slug in relevo_channels::SLUGS {
        assert!(names.contains(&format!("channel/{slug}")), "{slug}");
    }
    for target in &targets {
        assert!(target.corpus.len() > 1, "{} begins with {}", target.name, target.corpus.len());
    }
}

#[test]
fn nothing_that_is_read_makes_a_reader_panic() {
    let mut faults = Vec::new();
    for (n, target) in (0..).zip(&targets()) {
        for (path, bytes) in target.findings() {
            attempt(target, &bytes, &mut faults, &format!("{}", path.display()));
        }
        for bytes in &target.corpus {
            attempt(target, bytes, &mut faults, "as it is");
        }
        let mut mutator = Mutator::new(n);
        for time in 0..TIMES {
            attempt(target, &mutator.change(&target.corpus), &mut faults, &format!("change {time}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn attempt(target: &Target, bytes: &[u8], faults: &mut Vec<String>, what: &str) {
    if catch_unwind(AssertUnwindSafe(|| target.run(bytes))).is_err() {
        faults.push(format!("{}, {what}: {}", target.name, bytes.escape_ascii()));
    }
}

#[test]
fn changes_are_many_and_the_same_for_the_same_seed() {
    let corpus = [b"{\"a\":1}".to_vec(), b"x=y&z".to_vec()];
    let made = |seed| {
        let mut mutator = Mutator::new(seed);
        (0..100).map(|_| mutator.change(&corpus)).collect::<Vec<_>>()
    };
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2));
    assert!(made(1).into_iter().collect::<BTreeSet<_>>().len() > 60);
}
