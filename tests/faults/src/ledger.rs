//! What was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Texts by the customer's phone number.
pub type Texts = BTreeMap<String, BTreeSet<String>>;

/// What was acknowledged, by what it is.
#[derive(Default)]
pub struct Ledger {
    /// Messages of customers.
    pub messages: Mutex<Texts>,
    /// Replies of agents.
    pub replies: Mutex<Texts>,
    /// Notes of agents.
    pub notes: Mutex<Texts>,
    /// How much in all.
    count: AtomicUsize,
    stop: AtomicBool,
}

impl Ledger {
    /// Enters something that was acknowledged.
    pub fn enter(&self, texts: &Mutex<Texts>, phone: &str, text: String) {
        let new = texts.lock().unwrap().entry(phone.to_owned()).or_default().insert(text);
        assert!(new, "the traffic says nothing twice");
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How much was acknowledged.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Ends the traffic.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Has it been ended?
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// How many texts there are.
pub fn total(texts: &Mutex<Texts>) -> usize {
    texts.lock().unwrap().values().map(BTreeSet::len).sum()
}
