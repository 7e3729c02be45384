//! What events hold.

use super::super::held::{Hold, NextStatus};
use super::super::merge::Said;
use crate::Private;
use crate::category::Category;
use crate::message::{Address, Attachment, CallReport, InboundMessage, OutgoingMessage};
use crate::pack::Priority;
use crate::sla::ResolvedPolicy;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The identity of a conversation, repeated in the events that may be its first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Channel slug.
    pub channel: String,
    /// Account name.
    pub account: String,
    /// Where replies go, as received.
    pub address: Address,
    /// Contact id.
    pub contact: String,
    /// The contact's name as last given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private<String>>,
    /// BCP 47 tag to write in.
    pub locale: String,
}

/// What a new ticket starts with. Only an event that carries one opens a ticket in a conversation that has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The friendly number.
    pub number: u64,
    /// Queue id.
    pub queue: String,
    /// Team of the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Priority.
    pub priority: Priority,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Status id in category `new` (or `open` for what an agent opens).
    pub status: String,
    /// Its category.
    pub category: Category,
    /// The policy that applies, with the version of the pack it is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<ResolvedPolicy>,
    /// Ordinal of the solved ticket that it follows up, which is too long over to be opened again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<u32>,
    /// The critical period that it was then, by the pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Custom fields that nobody said and that were known otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filled: Option<Private<BTreeMap<String, Filled>>>,
    /// Custom fields that were to be filled with what they do not hold: where it came from and why, not the value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unvalidated: BTreeMap<String, String>,
    /// What whoever gets it must be able to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// The routing rule that applied, and the conditions that held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed_by: Option<String>,
}

/// What a custom field was filled with, and by what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filled {
    /// The value.
    pub value: Value,
    /// `directory:<entry>@<revision>`, `rule:<id>`, `form:<channel>/<account>`, `channel:<channel>/<account>` or `default`.
    pub by: String,
}

/// See [`ConversationEvent::MessageReceived`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageReceived {
    /// Message id.
    pub id: String,
    /// Who and where.
    pub party: Party,
    /// The message.
    pub message: InboundMessage,
    /// Present if the writer saw no ticket that this message could join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// The pack's status of category `open`, for a ticket that this message re-opens; none means `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_status: Option<String>,
    /// It is a vote and nothing else: it re-opens nothing and starts no clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vote: Option<ChatVote>,
}

/// A vote that was given as a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatVote {
    /// Survey id.
    pub survey: String,
    /// The score.
    pub score: u8,
}

/// See [`ConversationEvent::MessageSentElsewhere`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageSentElsewhere {
    /// Message id.
    pub id: String,
    /// Who and where.
    pub party: Party,
    /// The message.
    pub message: OutgoingMessage,
    /// Present if the writer saw no ticket that this message could join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
}

/// See [`ConversationEvent::FileKept`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileKept {
    /// Message id.
    pub message: String,
    /// Id of the delivery that fetched it: which of the message's files it is.
    pub fetched_by: String,
    /// `blob:` and its name in the store.
    #[serde(with = "relevo_journal::private")]
    pub reference: String,
    /// Hash of the bytes: `sha256:<hex>`.
    #[serde(with = "relevo_journal::private")]
    pub hash: String,
    /// MIME type as the provider served it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// Size.
    pub size_bytes: u64,
}

/// See [`ConversationEvent::CallReported`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallReported {
    /// Message id of the call: the same in all its reports.
    pub id: String,
    /// Who and where; none in a report that names the call alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Party>,
    /// What was reported.
    pub call: CallReport,
    /// Present if the writer saw no ticket that this call could join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
    /// As in [`MessageReceived`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_status: Option<String>,
}

/// See [`ConversationEvent::TicketCreated`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketCreated {
    /// Who and where.
    pub party: Party,
    /// What it starts with.
    pub opening: Opening,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Private<String>>,
    /// Custom fields.
    #[serde(default)]
    pub fields: Private<Map<String, Value>>,
    /// Person id of the assignee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// An outgoing message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Message id.
    pub id: String,
    /// What the customer reads.
    pub text: Private<String>,
    /// E-mail: the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Private<String>>,
    /// E-mail: the formatted part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<Private<String>>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The template that it was made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateUse>,
    /// E-mail: our Message-ID, by which answers refer to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_ref: Option<String>,
    /// Stream name of the outbox entry that carries it: what is sent in a conversation is sent in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox: Option<String>,
}

impl Outgoing {
    /// A message with a text and nothing else.
    pub fn text(id: impl Into<String>, text: impl Into<Private<String>>) -> Self {
        Self {
            id: id.into(),
            text: text.into(),
            subject: None,
            html: None,
            attachments: Vec::new(),
            template: None,
            message_ref: None,
            outbox: None,
        }
    }
}

/// Which template a message was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateUse {
    /// Template name.
    pub name: String,
    /// The locale that was used.
    pub locale: String,
    /// Version of the pack.
    pub pack: u32,
}

/// See [`ConversationEvent::ReplyWritten`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplyWritten {
    /// Ordinal.
    pub ticket: u32,
    /// The message.
    pub message: Outgoing,
    /// Written by a person: stops response clocks. A program's reply does not.
    pub human: bool,
}

/// See [`ConversationEvent::ReplyHeld`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplyHeld {
    /// Ordinal.
    pub ticket: u32,
    /// The message.
    pub message: Outgoing,
    /// Written by a person.
    pub human: bool,
    /// How it is held.
    pub hold: Hold,
    /// The status that it leads to once it is let go, where whoever wrote it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<NextStatus>,
}

/// See [`ConversationEvent::TicketSplit`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketSplit {
    /// Ordinal of the ticket that they are taken out of.
    pub ticket: u32,
    /// Message ids.
    pub messages: Vec<String>,
    /// Those that were said to the customer or by them, oldest first: the new ticket's clocks follow from them.
    pub said: Vec<Said>,
    /// When the first of them was said.
    pub opened_at: DateTime<Utc>,
    /// The customer said it.
    pub by_customer: bool,
    /// Since when the customer waits for an answer on what stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<DateTime<Utc>>,
    /// What the new ticket starts with.
    pub opening: Opening,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Private<String>>,
    /// Person id of the assignee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// See [`ConversationEvent::SurveyDecided`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurveyDecided {
    /// Ordinal.
    pub ticket: u32,
    /// Which resolution of the ticket, from 1.
    pub resolution: u32,
    /// Survey id, if one is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<String>,
    /// The invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Outgoing>,
    /// When the link expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Why none is due: a word such as `channel_excluded`, `opted_out`, `asked_recently`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_eligible: Option<String>,
    /// Until when an answer in the conversation may be a vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes_until: Option<DateTime<Utc>>,
}

/// Why a ticket was given to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// `round_robin`, `least_loaded`, `sticky`, `substitute`, `shift_over`.
    pub method: String,
    /// Whose it was, or was to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// In words.
    pub why: String,
}
