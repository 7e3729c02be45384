//! A state is a function of the set of events: not of the order in which they became visible, nor of how they
//! lie in slots, nor of how often one lies there, nor of when snapshots were made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/log.rs"]
mod log;

use futures::executor::block_on;
use log::{Log, at_ms, stream};
use proptest::prelude::*;
use relevo_journal::store::Store;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Journal, Loaded};

/// An event as it lies in a slot: id, logical time in milliseconds, text.
type Raw = (u8, u32, u8);

const DAY_MS: u64 = 86_400_000;

fn slot(events: &[Raw]) -> Vec<u8> {
    let list: Vec<String> = events
        .iter()
        .map(|(id, ms, text)| {
            let hlt = (u64::from(*ms) * DAY_MS / 4) << 16;
            format!(r#"{{"i":"m{id}","h":{hlt},"t":0,"b":"x","d":"{text}"}}"#)
        })
        .collect();
    format!("1[{}]", list.join(",")).into_bytes()
}

/// What the whole set makes, written again without the journal's code.
fn expected(mut events: Vec<Raw>) -> Vec<(String, String)> {
    events.sort_by_key(|(id, ms, _)| (*ms, format!("m{id}")));
    let mut accepted: Vec<(u8, u32)> = Vec::new();
    let mut seen = Vec::new();
    for (id, ms, text) in events {
        // Nine days are 36 quarters.
        if accepted.iter().any(|(known, at)| *known == id && ms - at <= 36) {
            continue;
        }
        accepted.push((id, ms));
        seen.push((format!("m{id}"), text.to_string()));
    }
    seen
}

/// Content is a function of the source, so one id at one time has one content.
fn events() -> impl Strategy<Value = Vec<Raw>> {
    proptest::collection::vec((0..8u8, 0..60u32), 1..24)
        .prop_map(|pairs| pairs.into_iter().map(|(id, ms)| (id, ms, id * 7)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn state_does_not_depend_on_order_slots_repeats_or_snapshots(
        (events, arrival) in events().prop_flat_map(|e| (Just(e.clone()), Just(e).prop_shuffle())),
        doubled in proptest::collection::vec(any::<prop::sample::Index>(), 0..4),
        sizes in proptest::collection::vec(1..4usize, 1..12),
        snapshots in proptest::collection::vec(any::<bool>(), 1..12),
        gaps in proptest::collection::vec(any::<bool>(), 1..12),
    ) {
        block_on(async {
            let mut arriving = arrival;
            for index in doubled {
                arriving.push(arriving[index.index(arriving.len())]);
            }
            let journal = Journal::new(MemoryStore::default());
            let stream = stream("a");
            let mut held_back = Vec::new();
            let (mut rest, mut n) = (arriving.as_slice(), 0);
            while !rest.is_empty() {
                let (batch, left) = rest.split_at(sizes[n % sizes.len()].min(rest.len()));
                rest = left;
                let number = journal.store().increment("r1:n:s:school:log:a", 1).await.unwrap();
                let entry = (format!("r1:s:school:log:a:{number}"), slot(batch));
                if gaps[n % gaps.len()] {
                    held_back.push(entry);
                } else {
                    journal.store().set_many(vec![entry]).await.unwrap();
                }
                if snapshots[n % snapshots.len()] {
                    let loaded: Loaded<Log> = journal.load(&stream, at_ms(0)).await.unwrap();
                    assert!(journal.save_snapshot(&loaded).await.unwrap());
                }
                n += 1;
            }
            for (i, entry) in held_back.into_iter().rev().enumerate() {
                journal.store().set_many(vec![entry]).await.unwrap();
                if snapshots[i % snapshots.len()] {
                    let loaded: Loaded<Log> = journal.load(&stream, at_ms(0)).await.unwrap();
                    journal.save_snapshot(&loaded).await.unwrap();
                }
            }
            let loaded: Loaded<Log> = journal.load(&stream, at_ms(0)).await.unwrap();
            let seen: Vec<_> =
                loaded.state.seen.iter().map(|(id, text, _)| (id.clone(), text.clone())).collect();
            assert_eq!(seen, expected(events));
            journal.drop_snapshot(&stream).await.unwrap();
            let whole: Loaded<Log> = journal.load(&stream, at_ms(0)).await.unwrap();
            assert_eq!(whole.state, loaded.state);
            assert_eq!(whole.events(), loaded.events());
        });
    }
}
