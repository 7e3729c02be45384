//! Automations: what follows when something happens on a ticket, or for a time does not. Pure: which of them apply to an
//! event and a state, and what they make of the ticket.
//!
//! They are gone through in the order of the pack, each seeing what the ones before it did. One applies only if it changes
//! something. What it does is a cause for others, and so on: each applies at most once on a ticket to what began the
//! chain, and a chain has at most [`MAX_CHAIN`] of them. So however they are written, what happens leads to no more
//! than each of them once; what is kept from applying is noted, once for what began the chain.

mod cause;
mod check;
mod facts;
mod react;
pub mod trial;
mod waiting;

pub use cause::{Cause, Told, Trigger, causes, rated};
pub use check::{check, check_as};
pub use facts::FACTS;
pub use react::{BY, Reaction, react};
pub use waiting::{due_at, overdue, waiting};

use crate::action::Action;
use crate::condition::Conditions;
use serde::{Deserialize, Serialize};

/// Most automations that lead one to the other.
pub const MAX_CHAIN: usize = 5;

/// An automation: `{"id": "vip", "name": "VIPs first", "on": ["ticket.opened"], "when": {"segment": ["vip"]},
/// "then": [{"priority": {"priority": "high"}}]}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Automation {
    /// What it is known by, over all versions of the pack.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// It is looked at; else it is only kept.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub enabled: bool,
    /// What it follows: one of these happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on: Vec<Trigger>,
    /// Or for how long something did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Wait>,
    /// All of these hold; empty: always.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
    /// What is done, in this order. What is refused is noted and keeps nothing else from being done.
    pub then: Vec<Action>,
    /// None after it is looked at for the same cause if this one applied.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop: bool,
}

/// How long an automation waits. It applies once for each instant that it waits from: when the time is over and its
/// conditions hold, looked at then and at whatever happens on the ticket later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wait {
    /// For how long.
    pub seconds: u64,
    /// Calendar that counts, or `calendar_time`.
    pub calendar: String,
    /// From when.
    pub since: Since,
}

/// What an automation waits from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// The ticket was opened.
    Opened,
    /// The customer wrote.
    CustomerWrote,
    /// A person replied.
    Replied,
    /// The status became what it is.
    StatusChanged,
}

impl Automation {
    /// Does it follow something of this kind?
    pub fn follows(&self, trigger: Trigger) -> bool {
        self.enabled && self.on.contains(&trigger)
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_yes(value: &bool) -> bool {
    *value
}
