//! What rules of the pack did on a ticket, as far as it has to be remembered: how often, and which replies are still owed.

use super::event::{AutomationFired, AutomationHeld, AutomationReplied, WantedReply};
use super::{Conversation, Ticket};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When something last happened that rules may wait from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    /// The customer wrote.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub customer_wrote: Option<DateTime<Utc>>,
    /// A person replied.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub replied: Option<DateTime<Utc>>,
    /// The status became what it is.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub status_changed: Option<DateTime<Utc>>,
    /// The automations that led to that, if one did it.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub status_led_by: Vec<String>,
}

/// What an automation did on a ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// How often it applied.
    #[serde(rename = "f")]
    pub fired: u32,
    /// How often it was kept from going round in circles.
    #[serde(rename = "h", default, skip_serializing_if = "is_zero")]
    pub held: u32,
    /// When it last did either.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<DateTime<Utc>>,
    /// Of one that waits: the newest instant that it has waited from.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// The last cause that it applied to.
    #[serde(rename = "c", default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
}

/// A reply that is to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwedReply {
    /// Id of the event that wanted it.
    pub fired: String,
    /// Its place among the replies of that, from 0.
    pub place: usize,
    /// Automation id.
    pub automation: String,
    /// Id of the event that began the chain.
    pub root: String,
    /// The automations that led to it.
    pub chain: Vec<String>,
    /// What is to be written.
    pub reply: WantedReply,
}

/// Automations that ran, by id.
pub type RanBy = BTreeMap<String, Ran>;

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Ran {
    /// How often and when, and nothing of what for.
    pub fn counts(&self) -> Self {
        Self { fired: self.fired, held: self.held, last_at: self.last_at, ..Self::default() }
    }

    /// Counts what was done elsewhere in.
    pub fn add(&mut self, other: &Self) {
        self.fired = self.fired.saturating_add(other.fired);
        self.held = self.held.saturating_add(other.held);
        self.last_at = self.last_at.max(other.last_at);
    }

    fn at(&mut self, at: DateTime<Utc>) -> &mut Self {
        self.last_at = self.last_at.max(Some(at));
        self
    }
}

impl Conversation {
    pub(super) fn automation_fired(&mut self, fired: &AutomationFired, id: &str, at: DateTime<Utc>) {
        let Some(ticket) = self.ticket_mut(fired.ticket) else { return };
        let ran = ticket.automations.entry(fired.automation.clone()).or_default().at(at);
        ran.fired = ran.fired.saturating_add(1);
        ran.since = ran.since.max(fired.since);
        ran.cause.clone_from(&fired.cause);
        ticket.acted = Some((id.to_owned(), fired.chain.clone()));
        ticket.owed.extend(fired.replies.iter().enumerate().map(|(place, reply)| OwedReply {
            fired: id.to_owned(),
            place,
            automation: fired.automation.clone(),
            root: fired.root.clone(),
            chain: fired.chain.clone(),
            reply: reply.clone(),
        }));
    }

    pub(super) fn automation_held(&mut self, held: &AutomationHeld, at: DateTime<Utc>) {
        let Some(ticket) = self.ticket_mut(held.ticket) else { return };
        let ran = ticket.automations.entry(held.automation.clone()).or_default().at(at);
        ran.held = ran.held.saturating_add(1);
    }

    pub(super) fn automation_replied(&mut self, replied: &AutomationReplied) {
        let Some(ticket) = self.ticket_mut(replied.ticket) else { return };
        ticket.owed.retain(|owed| (&owed.fired, owed.place) != (&replied.fired, replied.place));
    }
}

impl Ticket {
    /// The automations that led to an event: what an automation did is named after the event that tells of it.
    pub(super) fn led_to(&self, id: &str) -> Vec<String> {
        let acted = self.acted.as_ref();
        let acted =
            acted.filter(|(fired, _)| id.strip_prefix(fired).is_some_and(|rest| rest.starts_with('.')));
        acted.map(|(_, chain)| chain.clone()).unwrap_or_default()
    }
}
