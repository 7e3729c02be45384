//! Which tickets wait for an item of another system: a stream for each item, so that a report about it finds them.

use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The kind of these streams.
pub const KIND: &str = "issue";

/// A ticket began to wait for the item, or no longer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IssueEvent {
    /// It does, or no longer.
    #[serde(rename = "issue.watched")]
    Watched {
        /// Ticket id.
        ticket: String,
        /// It does.
        linked: bool,
    },
}

/// The tickets that wait for an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watchers {
    /// Ticket ids.
    pub tickets: BTreeSet<String>,
}

impl Fold for Watchers {
    type Data = IssueEvent;
    const KIND: &'static str = KIND;
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<IssueEvent>) {
        let IssueEvent::Watched { ticket, linked } = &event.data;
        if *linked {
            self.tickets.insert(ticket.clone());
        } else {
            self.tickets.remove(ticket);
        }
    }
}
