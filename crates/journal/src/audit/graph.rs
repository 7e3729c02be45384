//! What a set of a stream's events comes to in the graph.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::links::{self, Place};
use super::{Mac, MacKey};
use crate::names::StreamId;

/// What is known of a set of events without their content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// How many are stored, repeats included.
    #[serde(rename = "n")]
    pub events: u64,
    /// The MACs of those that none of the others names as its parent. One that became visible after an event
    /// that names it may be among them; it is only named twice then.
    #[serde(rename = "h")]
    pub heads: BTreeSet<Mac>,
    /// Those that were written before there were links.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub unlinked: Option<Unlinked>,
}

/// Events without links: how many, and the MACs that they would have, combined so that their order does not
/// matter. Each MAC is of another place, so no two cancel each other out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlinked(pub u64, pub Mac);

impl Known {
    /// Adds the events of some slots. Slots that this version cannot read count for nothing.
    pub(crate) fn add(&mut self, key: &dyn MacKey, stream: &StreamId, slots: &[(u64, Vec<u8>)]) {
        let mut parents = BTreeSet::new();
        for (slot, bytes) in slots {
            parents.extend(self.add_slot(key, stream, *slot, bytes));
        }
        self.heads.retain(|head| !parents.contains(head));
    }

    /// One slot by itself. Its heads are all its events.
    pub(crate) fn of(key: &dyn MacKey, stream: &StreamId, slot: u64, bytes: &[u8]) -> Self {
        let mut known = Self::default();
        known.add_slot(key, stream, slot, bytes);
        known
    }

    /// Adds how many events there are in another set that has none of these.
    pub(crate) fn count(&mut self, other: &Known) {
        self.events = self.events.saturating_add(other.events);
        if let Some(Unlinked(count, sum)) = other.unlinked {
            self.add_unlinked(count, sum);
        }
    }

    /// Adds the events of a slot as heads; returns what they name as their parents.
    fn add_slot(&mut self, key: &dyn MacKey, stream: &StreamId, slot: u64, bytes: &[u8]) -> Vec<Mac> {
        let mut parents = Vec::new();
        let Ok(texts) = links::texts(bytes) else { return parents };
        for (index, text) in texts.iter().enumerate() {
            self.events = self.events.saturating_add(1);
            let event = links::split(text.get());
            match event.links {
                Some((mac, named)) => {
                    self.heads.insert(mac);
                    parents.extend(named);
                }
                None => {
                    let at = Place { stream, slot, index, of: texts.len() };
                    self.add_unlinked(1, at.mac(key, event.body, None));
                }
            }
        }
        parents
    }

    /// Adds events that were just written: the last of them has this MAC, the first named these parents.
    pub(crate) fn extend(&mut self, events: usize, last: Mac, parents: &[Mac]) {
        self.events = self.events.saturating_add(u64::try_from(events).unwrap_or(u64::MAX));
        self.heads.retain(|head| !parents.contains(head));
        self.heads.insert(last);
    }

    fn add_unlinked(&mut self, more: u64, macs: Mac) {
        let Unlinked(count, sum) = self.unlinked.get_or_insert_default();
        *count = count.saturating_add(more);
        for (byte, other) in sum.0.iter_mut().zip(macs.0) {
            *byte ^= other;
        }
    }
}
