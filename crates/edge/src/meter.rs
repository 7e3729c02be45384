//! Counting what leaves no trace in the journal: refusals, repeats, outcomes.
//!
//! An instance lives for moments and shares no memory with others, so what it counted goes to the store: some time
//! after the first count and in one piece, in a task of its own that no answer waits for. Under load a counter costs an
//! increment per instance and [`FLUSH_AFTER_NS`], whatever the number of requests. What an instance had counted when
//! it was killed is lost, so a figure may be too small, by no more than what half a second brought.

use relevo_journal::store::Store;
use relevo_journal::store::spin::SpinStore;
use relevo_journal::{Journal, VitalName};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Time from the first count to the write, in nanoseconds.
const FLUSH_AFTER_NS: u64 = 500_000_000;

/// Attempts of one flush while the store does not answer.
const ATTEMPTS: u32 = 8;

thread_local! {
    static COUNTS: RefCell<BTreeMap<VitalName, u32>> = const { RefCell::new(BTreeMap::new()) };
    static WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Counts one.
pub fn count(parts: &[&str]) {
    add(parts, 1);
}

/// Counts several. The parts name the counter; they come from a fixed vocabulary, never from a caller.
pub fn add(parts: &[&str], by: usize) {
    let (Ok(name), Ok(by)) = (VitalName::new(parts), u32::try_from(by)) else { return };
    if by == 0 {
        return;
    }
    COUNTS.with_borrow_mut(|counts| {
        let sum = counts.entry(name).or_default();
        *sum = sum.saturating_add(by);
    });
    // Elsewhere than in a component nothing is counted for good.
    if cfg!(target_family = "wasm") && !WAITING.replace(true) {
        spin_sdk::wasip3::spawn(async {
            for _ in 0..ATTEMPTS {
                spin_sdk::wasip3::clocks::monotonic_clock::wait_for(FLUSH_AFTER_NS).await;
                WAITING.set(false);
                let flushed = match SpinStore::open("default").await {
                    Ok(store) => flush(&Journal::new(store)).await,
                    Err(_) => false,
                };
                if flushed || WAITING.replace(true) {
                    return;
                }
            }
            WAITING.set(false);
        });
    }
}

/// Writes what was counted; what cannot be written now stays counted.
async fn flush<S: Store>(journal: &Journal<S>) -> bool {
    let mut all = true;
    for (name, by) in COUNTS.take() {
        // A failed increment may have been made or not. Counted once more is worse than not at all only where
        // somebody is alarmed by it; here it is the other way around.
        if journal.count(&name, by).await.is_err() {
            all = false;
            COUNTS.with_borrow_mut(|counts| {
                let sum = counts.entry(name).or_default();
                *sum = sum.saturating_add(by);
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use relevo_journal::store::StoreError;
    use relevo_journal::store::memory::MemoryStore;

    #[test]
    fn counts_are_written_together_and_once() {
        let journal = Journal::new(MemoryStore::default());
        for _ in 0..5 {
            count(&["refused", "inbound", "webhook_refused"]);
        }
        add(&["intake", "school"], 3);
        add(&["intake", "school"], 0);
        count(&["Not a name"]);
        block_on(async {
            assert!(flush(&journal).await);
            assert!(flush(&journal).await);
            let counts = journal.counts().await.expect("a store");
            let expected = [("intake:school", 3), ("refused:inbound:webhook_refused", 5)];
            assert_eq!(counts.iter().map(|(name, n)| (name.as_str(), *n)).collect::<Vec<_>>(), expected);
        });
    }

    struct Down;

    impl Store for Down {
        async fn get(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
            Err(StoreError { call: "get", why: "down".into() })
        }
        async fn set_many(&self, _: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
            Err(StoreError { call: "set-many", why: "down".into() })
        }
        async fn increment(&self, _: &str, _: i64) -> Result<i64, StoreError> {
            Err(StoreError { call: "increment", why: "down".into() })
        }
        async fn delete_many(&self, _: Vec<String>) -> Result<(), StoreError> {
            Err(StoreError { call: "delete-many", why: "down".into() })
        }
    }

    #[test]
    fn what_the_store_did_not_take_is_written_later() {
        add(&["intake", "school"], 3);
        let journal = Journal::new(MemoryStore::default());
        block_on(async {
            assert!(!flush(&Journal::new(Down)).await);
            add(&["intake", "school"], 1);
            assert!(flush(&journal).await);
            assert_eq!(journal.counts().await.expect("a store").get("intake:school"), Some(&4));
        });
    }
}
