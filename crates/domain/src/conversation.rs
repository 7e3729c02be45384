//! A conversation: one contact on one channel account (or one e-mail thread), and the tickets it gave rise to.
//!
//! The state is a total function of the set of events: any event is accepted in any order and means
//! something or nothing, never an error. Whether a command is allowed is decided before, in [`decide`].

mod amendment;
pub mod apart;
pub mod attention;
mod call;
pub mod decide;
mod dispatch;
pub mod enrich;
mod event;
mod excuse;
mod facts;
pub mod family;
mod file;
mod fold;
pub mod held;
pub mod merge;
mod message;
pub mod passage;
pub mod queue;
mod ruled;
pub mod silence;
pub mod split;
pub mod trial;
pub mod validation;
pub mod view;
pub mod zone;

pub use call::Call;
pub use dispatch::Pending;
pub use event::*;
pub use excuse::excuse;
pub use facts::{TicketFacts, outdated, policy_change};
pub use held::{HeldReply, Hold};
pub use merge::{Merged, Said, TicketRef};
pub use message::{Direction, Envelope, Message};
pub use ruled::{Moments, OwedReply, Ran, RanBy};

pub use silence::Silent;
pub use validation::{Held, Issue, IssueReport};

use crate::Private;
use crate::category::Category;
use crate::pack::Priority;
use crate::sla::Timeline;
use chrono::{DateTime, Utc};
use message::Correspondence;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The kind of these streams.
pub const KIND: &str = "conversation";

/// What a conversation is at some moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Who and where; none before the first event.
    pub party: Option<Party>,
    /// Its tickets; a ticket's ordinal is its place, from 1.
    pub tickets: Vec<Ticket>,
    /// When what the customer last wrote came in.
    pub last_inbound_at: Option<DateTime<Utc>>,
    /// When the customer last wrote, as the provider says: its limits of what may be sent count from there, and what it
    /// delivers days later opens nothing anew. Never later than what it said so with came in.
    #[serde(default)]
    pub last_wrote_at: Option<DateTime<Utc>>,
    /// A survey that the customer may answer by a message: nothing else was said since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// What is not sent yet, nor given up, in the order in which it is to be sent.
    #[serde(default)]
    pub pending: Vec<Pending>,
    /// E-mail: Message-IDs of the thread, oldest first.
    #[serde(default)]
    pub thread: Vec<String>,
    /// The messages. Not part of a snapshot: complete only when the whole stream was read.
    #[serde(skip)]
    pub(crate) correspondence: Correspondence,
}

/// A ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its place in the conversation, from 1.
    pub ordinal: u32,
    /// The friendly number.
    pub number: u64,
    /// Numbers that others had taken for it who wrote at the same time; they stay unused.
    #[serde(default)]
    pub lost_numbers: Vec<u64>,
    /// The last who wrote is a program, which nothing is sent to but what a person writes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automatic: bool,
    /// Ids of the calls in which somebody was spoken to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spoken: Vec<String>,
    /// Status id.
    pub status: String,
    /// What the status means.
    pub category: Category,
    /// Queue id.
    pub queue: String,
    /// Team id.
    pub team: Option<String>,
    /// Priority.
    pub priority: Priority,
    /// Person id of the assignee.
    pub agent: Option<String>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// The critical period in which it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Custom fields.
    pub fields: Private<Map<String, Value>>,
    /// Custom fields that something that came in was no value of, with where it came from and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unvalidated: BTreeMap<String, String>,
    /// What it is about.
    pub subject: Option<Private<String>>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When something last happened.
    pub updated_at: DateTime<Utc>,
    /// A customer's message opened it; else an agent did.
    pub by_customer: bool,
    /// What service levels are computed from, with the policy in force.
    pub timeline: Timeline,
    /// How often it was solved.
    pub resolutions: u32,
    /// How often it was opened again.
    pub reopenings: u32,
    /// When it was first solved.
    pub first_solved_at: Option<DateTime<Utc>>,
    /// When it was last solved; none while it is open again.
    pub solved_at: Option<DateTime<Utc>>,
    /// Who had it when it was last solved.
    pub solved_by: Option<String>,
    /// Replies written by people.
    pub replies: u32,
    /// Handed to another team at some time.
    pub escalated: bool,
    /// What was decided about asking the customer, per resolution.
    pub surveys: Vec<SurveyDecision>,
    /// Where it went, if it is merged into another ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Box<Merged>>,
    /// Tickets that were merged into it, as far as this conversation knows: whether they still are is told by theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absorbed: Vec<TicketRef>,
    /// Nobody wants to see it before then, unless the customer writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// The last message of the customer or of one of us: who writes without having seen it is told so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_said: Option<String>,
    /// Ordinal of the ticket that it follows up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<u32>,
    /// Since when nobody said anything.
    #[serde(default = "Silent::unknown")]
    pub silent: Silent,
    /// Who gets it back from the team that it was handed over to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_by: Option<Box<Held>>,
    /// Where it came back from, to be validated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned_by: Option<Box<Held>>,
    /// Issues in other systems that it waits for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub issues: BTreeSet<Issue>,
    /// Those that are finished there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub issues_done: BTreeSet<Issue>,
    /// Of when, as its system says, the newest report on each is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub issues_reported: BTreeMap<String, DateTime<Utc>>,
    /// Replies that wait before they go out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldReply>,
    /// The ticket that it is a report of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<TicketRef>>,
    /// Tickets that report it, as far as this conversation knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<TicketRef>,
    /// Ordinal of the ticket that its first messages were taken out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<u32>,
    /// Messages that were taken out of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub moved_away: BTreeSet<String>,
    /// Articles of the knowledge base that helped.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub articles: BTreeSet<String>,
    /// How often it was assigned: what is decided by itself names the assignment that it follows.
    #[serde(default, skip_serializing_if = "never")]
    pub assignments: u32,
    /// When something last happened that rules may wait from.
    #[serde(default)]
    pub moments: Moments,
    /// What automations did on it.
    #[serde(default, skip_serializing_if = "RanBy::is_empty")]
    pub automations: RanBy,
    /// The last time that one applied: the event that tells of it, and the automations that had led there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted: Option<(String, Vec<String>)>,
    /// Replies that automations want and that are not written yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<OwedReply>,
    /// What whoever gets it must be able to do, by the routing rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
}

/// See [`SurveyDecided`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyDecision {
    /// Which resolution.
    pub resolution: u32,
    /// Survey id, if one was due.
    pub survey: Option<String>,
    /// Why none was due.
    pub not_eligible: Option<String>,
    /// When it was decided.
    pub at: DateTime<Utc>,
}

/// A survey that may be answered by a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Survey id.
    pub survey: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn never(count: &u32) -> bool {
    *count == 0
}

impl Conversation {
    /// Lets go of the messages, as a snapshot does.
    pub(crate) fn forget_messages(&mut self) {
        self.correspondence = Correspondence::default();
    }

    /// A ticket by ordinal.
    pub fn ticket(&self, ordinal: u32) -> Option<&Ticket> {
        self.tickets.get(usize::try_from(ordinal).ok()?.checked_sub(1)?)
    }

    /// A ticket by ordinal.
    fn ticket_mut(&mut self, ordinal: u32) -> Option<&mut Ticket> {
        self.tickets.get_mut(usize::try_from(ordinal).ok()?.checked_sub(1)?)
    }

    /// The ticket that a message joins now, if there is one: the last, or the one of this conversation that it went up
    /// in, unless it is over. One that went up in a ticket of another conversation is not over while that may go on.
    pub fn current(&self) -> Option<&Ticket> {
        let ticket = self.ticket(self.home(self.newest()))?;
        Some(ticket).filter(|t| t.merged.is_some() || !matches!(t.category, Category::Closed))
    }

    /// The ticket that what is said next is about: the last; if that was split off one and is done, and that one is not,
    /// that one.
    fn newest(&self) -> u32 {
        let last = u32::try_from(self.tickets.len()).unwrap_or(u32::MAX);
        let mut ordinal = last;
        while let Some(ticket) = self.ticket(ordinal).filter(|ticket| ticket.category.is_done()) {
            let Some(source) = ticket.split_from.filter(|source| *source < ordinal) else { return last };
            ordinal = source;
        }
        if self.ticket(ordinal).is_some() { ordinal } else { last }
    }

    /// The messages of a ticket, oldest first. Complete only if the whole stream was read.
    pub fn messages(&self, ordinal: u32) -> impl Iterator<Item = &Message> {
        self.correspondence.of(ordinal)
    }

    /// A message by our id.
    pub fn message(&self, id: &str) -> Option<&Message> {
        self.correspondence.message(id)
    }

    /// How far a message is that a provider knows by this id; none: there is none, or it is none of ours.
    pub fn delivery_of(&self, external_id: &str) -> Option<crate::message::DeliveryState> {
        self.correspondence.delivery_of(external_id)
    }
}
