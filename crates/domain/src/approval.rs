//! Replies of trainees that wait for somebody to look at them: which, of which tickets. Nothing of a customer.

use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the stream of a desk.
pub const ALL: &str = "all";

/// What happens to the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApprovalEvent {
    /// A reply waits.
    #[serde(rename = "approval.asked")]
    Asked {
        /// Message id.
        message: String,
        /// Ticket id.
        ticket: String,
        /// Person id of its writer.
        person: String,
    },
    /// It does not any more.
    #[serde(rename = "approval.settled")]
    Settled {
        /// Message id.
        message: String,
    },
}

/// A reply that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Ticket id.
    pub ticket: String,
    /// Person id of its writer.
    pub person: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// What waits at a desk, by message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approvals {
    /// By message id.
    pub waiting: BTreeMap<String, Waiting>,
}

impl Fold for Approvals {
    type Data = ApprovalEvent;
    const KIND: &'static str = "approvals";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<ApprovalEvent>) {
        match &event.data {
            ApprovalEvent::Asked { message, ticket, person } => {
                let (ticket, person, at) = (ticket.clone(), person.clone(), event.at);
                self.waiting.insert(message.clone(), Waiting { ticket, person, at });
            }
            ApprovalEvent::Settled { message } => {
                self.waiting.remove(message);
            }
        }
    }
}
