//! The messages of a conversation, as people see them.

use super::amendment::Amendment;
use super::call::Call;
use super::event::TemplateUse;
use super::held::HeldMessage;
use crate::Private;
use crate::mention::Mentions;
use crate::message::{Address, Attachment, Automatic, DeliveryState, Mail, Meaning, MessageKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer.
    In,
    /// To the customer.
    Out,
    /// Between colleagues.
    Note,
}

/// A message of a ticket.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Ordinal of its ticket.
    pub ticket: u32,
    /// Message id.
    pub id: String,
    /// The provider's id, once known.
    pub external_id: Option<String>,
    /// Which way.
    pub direction: Direction,
    /// Kind of an inbound message.
    pub kind: Option<MessageKind>,
    /// The text.
    pub text: Option<Private<String>>,
    /// E-mail: the subject.
    pub subject: Option<Private<String>>,
    /// E-mail: the formatted part as written: not safe for display.
    pub html: Option<Private<String>>,
    /// E-mail: no person wrote it.
    pub automatic: Option<Automatic>,
    /// E-mail: whom it was written to, and what was cut from its text.
    pub envelope: Option<Box<Envelope>>,
    /// By what other messages refer to it, where that is not the provider's id.
    pub message_ref: Option<String>,
    /// Files.
    pub attachments: Vec<Attachment>,
    /// The provider's structure.
    pub data: Option<Private<Value>>,
    /// The message that it answers: provider's id.
    pub in_reply_to: Option<String>,
    /// When it was recorded.
    pub at: DateTime<Utc>,
    /// When the provider says it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// Who wrote it, as the journal names actors.
    pub by: String,
    /// The template.
    pub template: Option<TemplateUse>,
    /// What became of an outgoing one.
    pub delivery: Option<DeliveryState>,
    /// Why it failed.
    pub error: Option<String>,
    /// It is a telephone call.
    pub call: Option<Call>,
    /// It was held before it went out, or is.
    pub held: Option<HeldMessage>,
    /// Of a note: who is mentioned.
    pub mentions: Option<Box<Mentions>>,
    /// Its writer wrote this in place of something else.
    pub edited_at: Option<DateTime<Utc>>,
    /// Its writer took it back.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// What a mail has around its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Envelope {
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    pub cc: Vec<Address>,
    /// What the sender quoted.
    pub quoted: Option<Private<String>>,
    /// The sender's signature.
    pub signature: Option<Private<String>>,
}

impl Envelope {
    pub(crate) fn of(mail: &Mail) -> Option<Box<Self>> {
        let Mail { to, cc, quoted, signature, .. } = mail.clone();
        let envelope = Self { to, cc, quoted, signature };
        (envelope != Self::default()).then(|| Box::new(envelope))
    }
}

/// Messages and what providers said of them, in whatever order both became known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Correspondence {
    messages: Vec<Message>,
    by_id: BTreeMap<String, usize>,
    by_external_id: BTreeMap<String, usize>,
    reports: BTreeMap<String, (DeliveryState, Option<String>)>,
    /// Ids under which providers had accepted what was sent again, or another way: what is said of them is past.
    superseded: BTreeSet<String>,
    amendments: BTreeMap<String, Amendment>,
}

/// Does a report change how far a message is, in whatever order they come? What was read has arrived, whatever else is said.
fn is_news(state: DeliveryState, known: DeliveryState) -> bool {
    let rank = |state| (state == DeliveryState::Read, state);
    rank(state) > rank(known)
}

impl Correspondence {
    pub(crate) fn of(&self, ticket: u32) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |m| m.ticket == ticket)
    }

    pub(crate) fn push(&mut self, message: Message) {
        let index = self.messages.len();
        self.by_id.insert(message.id.clone(), index);
        // An erased id is empty, and is nobody's.
        let external = [&message.external_id, &message.message_ref].into_iter().flatten();
        let known_as: Vec<String> = external.filter(|id| !id.is_empty()).cloned().collect();
        self.messages.push(message);
        for external in known_as {
            self.by_external_id.insert(external.clone(), index);
            self.amended(&external);
        }
    }

    /// What its writer did to a message; kept if the message is not known yet. `at` is when that was recorded. The ticket of
    /// the message.
    pub(crate) fn amend(&mut self, means: &Meaning, at: DateTime<Utc>) -> Option<u32> {
        let (of, said_at) = match means {
            Meaning::Edited { of, at, .. } | Meaning::Withdrawn { of, at } => (of, *at),
            Meaning::Renamed { .. } => return None,
        };
        // An erased id is empty, and is nobody's.
        if of.is_empty() {
            return None;
        }
        let at = said_at.map_or(at, |said| said.min(at));
        self.amendments.entry(of.clone()).or_default().note(means, at);
        self.amended(of)
    }

    fn amended(&mut self, external_id: &str) -> Option<u32> {
        let amendment = self.amendments.get(external_id)?;
        let message = self.by_external_id.get(external_id).and_then(|index| self.messages.get_mut(*index))?;
        amendment.apply(message);
        Some(message.ticket)
    }

    /// The message that stands for a call; made if there is none yet. Found by our id: the provider's may be erased.
    pub(crate) fn call(&mut self, id: &str, make: impl FnOnce() -> Message) -> Option<&mut Message> {
        let index = self.by_id.get(id).copied().unwrap_or_else(|| {
            self.push(make());
            self.messages.len().saturating_sub(1)
        });
        self.messages.get_mut(index)
    }

    /// A provider's id of a message that is known by ours: its report may come before our own note of sending.
    pub(crate) fn alias(&mut self, external_id: &str, message: &str) {
        if let Some(index) = self.by_id.get(message).filter(|_| !external_id.is_empty()) {
            self.by_external_id.insert(external_id.to_owned(), *index);
        }
    }

    /// A provider's report; kept if the message is not known yet.
    pub(crate) fn report(&mut self, external_id: &str, state: DeliveryState, error: Option<String>) {
        if external_id.is_empty() {
            return;
        }
        let known = self.reports.get(external_id).map(|(s, _)| *s);
        if known.is_none_or(|known| is_news(state, known)) {
            self.reports.insert(external_id.to_owned(), (state, error));
        }
        self.settle(external_id);
    }

    /// Sending ended: accepted under a provider's id, or given up.
    pub(crate) fn conclude(&mut self, id: &str, external_id: Option<&str>, failed: Option<String>) {
        let Some(index) = self.by_id.get(id).copied() else { return };
        let Some(message) = self.messages.get_mut(index) else { return };
        message.delivery = Some(if failed.is_some() { DeliveryState::Failed } else { DeliveryState::Sent });
        message.error = failed;
        // Some providers give no id, and an answer may break off before it.
        if let Some(external) = external_id {
            message.external_id = Some(external.to_owned());
            self.by_external_id.insert(external.to_owned(), index);
            self.settle(external);
        }
    }

    /// How far a message is that a provider knows by this id.
    pub(crate) fn delivery_of(&self, external_id: &str) -> Option<DeliveryState> {
        self.messages.get(*self.by_external_id.get(external_id)?)?.delivery
    }

    /// Back in the queue, by hand or for another way.
    pub(crate) fn retry(&mut self, id: &str) {
        if let Some(message) = self.by_id.get(id).and_then(|i| self.messages.get_mut(*i)) {
            message.delivery = Some(DeliveryState::Queued);
            message.error = None;
            self.superseded.extend(message.external_id.take().filter(|id| !id.is_empty()));
        }
    }

    /// Messages of a ticket become another one's.
    pub(crate) fn move_to(&mut self, ids: &[String], from: u32, to: u32) {
        for id in ids {
            if let Some(message) = self.message_mut(id).filter(|message| message.ticket == from) {
                message.ticket = to;
            }
        }
    }

    /// A message by id, to look at.
    pub(crate) fn message(&self, id: &str) -> Option<&Message> {
        self.messages.get(*self.by_id.get(id)?)
    }

    /// A message by id.
    pub(crate) fn message_mut(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.get_mut(*self.by_id.get(id)?)
    }

    fn settle(&mut self, external_id: &str) {
        let Some((state, error)) = self.reports.get(external_id) else { return };
        if self.superseded.contains(external_id) {
            return;
        }
        let Some(message) = self.by_external_id.get(external_id).and_then(|i| self.messages.get_mut(*i))
        else {
            return;
        };
        if message.direction == Direction::Out && message.delivery.is_none_or(|known| is_news(*state, known))
        {
            message.delivery = Some(*state);
            message.error = error.clone();
        }
    }
}
