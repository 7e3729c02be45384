//! What comes in from a channel, in the one vocabulary that all channels are parsed to.

use crate::Private;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a person is reached on a channel, as the provider wrote it. Never normalised for replying.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// What kind of identifier `value` is.
    pub kind: AddressKind,
    /// The identifier as received.
    pub value: Private<String>,
}

/// Kinds of address. Two addresses of different kinds are never equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// A telephone number (WhatsApp id, SMS sender, caller).
    Phone,
    /// An e-mail address.
    Email,
    /// A user id that has a meaning only at the provider (WhatsApp `user_id`, page-scoped id, chat id …).
    User,
    /// A conversation of several people (WhatsApp group, Slack channel or thread, Telegram group).
    Group,
}

/// What a verified webhook item turns out to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "item", rename_all = "snake_case")]
pub enum Inbound {
    /// Somebody wrote.
    Message(Box<InboundMessage>),
    /// Somebody on our own side wrote, past this system (in the provider's app, in a CRM's chat): an outgoing
    /// message of the conversation that is already sent.
    Outgoing(Box<OutgoingMessage>),
    /// A telephone call, as far as it has got.
    Call(Box<CallReport>),
    /// The provider reports on something that was sent earlier.
    Status(StatusReport),
    /// Something else that belongs to a conversation or to the account; kept, opens nothing.
    Other(OtherEvent),
    /// An item that could not be understood. The rest of its batch is not affected.
    Problem(Problem),
}

/// A message from a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// The provider's id, by which a repeat is recognised.
    #[serde(with = "relevo_journal::private")]
    pub external_id: String,
    /// Who wrote, and where a reply goes unless `reply_to` says otherwise.
    pub from: Address,
    /// Where a reply goes if not to `from`: the group or channel it was written in, a mail's Reply-To.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Address>,
    /// Further identifiers of the same sender in this message. Where the provider vouches for them they lead to the same
    /// conversation; what somebody filled in themselves never does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_known_as: Vec<Address>,
    /// The sender's name as the provider gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private<String>>,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// The text as sent, not trimmed; for kinds without text a plain description (a location's name, a
    /// button's title).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Private<String>>,
    /// E-mail and forms: the subject line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Private<String>>,
    /// Files, by reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// By what other messages refer to this one, where that is not `external_id` (a Message-ID, a message's
    /// number in its chat).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "relevo_journal::private")]
    pub message_ref: Option<String>,
    /// The external id or `message_ref` of the message that this one answers, quotes or reacts to.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "relevo_journal::private")]
    pub in_reply_to: Option<String>,
    /// The provider's structure where text does not carry it all (coordinates, contact cards, button ids,
    /// the whole of an unsupported type).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Private<Value>>,
    /// When the provider says it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime<Utc>>,
    /// BCP 47 language where the provider names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// E-mail only: what threading and display need beside the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Box<Mail>>,
    /// Observations for people who look into it: a foreign phone number id, a forwarded mark. No personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl InboundMessage {
    /// A text message with nothing else known of it.
    pub fn text(external_id: impl Into<String>, from: Address, text: impl Into<String>) -> Self {
        Self {
            external_id: external_id.into(),
            from,
            reply_to: None,
            also_known_as: Vec::new(),
            name: None,
            kind: MessageKind::Text,
            text: Some(Private(text.into())),
            subject: None,
            attachments: Vec::new(),
            message_ref: None,
            in_reply_to: None,
            data: None,
            sent_at: None,
            locale: None,
            mail: None,
            remarks: Vec::new(),
        }
    }
}

/// What an e-mail carries beside sender, subject, text and files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// The ids of the messages it follows, oldest first, without angle brackets: `References`, then
    /// `In-Reply-To`, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "relevo_journal::private")]
    pub references: Vec<String>,
    /// `To`, as far as it could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Address>,
    /// `Cc`, as far as it could be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    /// The HTML part as sent: not safe for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<Private<String>>,
    /// What the sender quoted of earlier messages, cut from `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<Private<String>>,
    /// The sender's signature, cut from `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Private<String>>,
    /// Set when no person wrote it: such a message is never answered by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<Automatic>,
}

/// Why a mail counts as written by a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Automatic {
    /// A program's own, on whatever occasion: an order in a shop, a form of a web site, a monitor's alarm (RFC 3834,
    /// `auto-generated`).
    Generated,
    /// An absence note or another automatic answer (RFC 3834 and its forerunners).
    Reply,
    /// A report that a mail could not be delivered (RFC 3464).
    Bounce,
    /// A mailing list or bulk mail.
    Bulk,
}

/// A message of our own side that another system has already sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutgoingMessage {
    /// The provider's id, by which a repeat is recognised.
    #[serde(with = "relevo_journal::private")]
    pub external_id: String,
    /// Whose conversation it belongs to.
    pub to: Address,
    /// Who on our side wrote it, where the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Private<String>>,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// The text as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Private<String>>,
    /// Files, by reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The external id of the message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "relevo_journal::private")]
    pub in_reply_to: Option<String>,
    /// The provider's structure where text does not carry it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Private<Value>>,
    /// When the provider says it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime<Utc>>,
    /// Observations for people who look into it. No personal data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// One report on a telephone call; a call gives several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallReport {
    /// By which a repeat of this report is recognised (call and state).
    #[serde(with = "relevo_journal::private")]
    pub external_id: String,
    /// The call; the same in all its reports.
    #[serde(with = "relevo_journal::private")]
    pub call_id: String,
    /// The person at the other end; none where a report names the call alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Address>,
    /// Who called whom; none where a report does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<CallDirection>,
    /// How far the call has got.
    pub state: CallState,
    /// Our agent, as the provider names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Seconds of conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_seconds: Option<u32>,
    /// Seconds on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<u32>,
    /// Seconds of work after the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up_seconds: Option<u32>,
    /// How the agent or the dialler classified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// Notes of the agent or a transcript.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Private<String>>,
    /// Recordings, by reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// When, as the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// The provider's further fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Private<Value>>,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// The person called us.
    In,
    /// We called the person.
    Out,
}

/// States of a call, in their natural order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// It exists; nobody has answered.
    Started,
    /// Somebody is talking.
    Answered,
    /// It is over after having been answered.
    Ended,
    /// It is over without having been answered (busy, no answer, cancelled, failed).
    Missed,
    /// A recording of it is there.
    Recorded,
    /// The person left a voice message.
    Voicemail,
}

/// Kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Plain text.
    Text,
    /// One or more files.
    Media,
    /// A place.
    Location,
    /// Contact cards.
    Contacts,
    /// A button or list entry was chosen.
    Choice,
    /// An emoji on another message (empty text: it was taken back). Opens no ticket, stops no clock.
    Reaction,
    /// A basket or an enquiry about products.
    Order,
    /// A type that this version does not know; kept whole in `data`.
    Unsupported,
}

/// What the reference of a file begins with whose bytes are in the store.
pub const STORED: &str = "blob:";

/// A file by reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The provider's media id or an URL until the bytes are here, then `blob:` and their name in the store.
    #[serde(with = "relevo_journal::private")]
    pub reference: String,
    /// `image`, `audio`, `video`, `document`, `sticker`, `file`.
    pub kind: String,
    /// MIME type as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// File name as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<Private<String>>,
    /// Hash as declared by the provider (`sha256:<hex or base64>`).
    #[serde(default, skip_serializing_if = "Option::is_none", with = "relevo_journal::private")]
    pub hash: Option<String>,
    /// Size in bytes where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// Id of the delivery that fetches it from the provider, where that has to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched_by: Option<String>,
    /// Why its bytes are not here and will not be, in words for the desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<String>,
}

impl Attachment {
    /// A file of which nothing more is known.
    pub fn new(reference: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            kind: kind.into(),
            mime_type: None,
            filename: None,
            hash: None,
            size_bytes: None,
            fetched_by: None,
            lost: None,
        }
    }

    /// Are its bytes in the store?
    pub fn is_stored(&self) -> bool {
        self.reference.starts_with(STORED)
    }

    /// `image`, `audio` or `video` by the MIME type, else `file`.
    pub fn kind_of(mime_type: Option<&str>) -> &'static str {
        match mime_type.and_then(|mime_type| mime_type.split('/').next()) {
            Some("image") => "image",
            Some("audio") => "audio",
            Some("video") => "video",
            _ => "file",
        }
    }
}

/// What became of something that we sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The provider's id of our message.
    pub external_id: String,
    /// Our own id of the message, where the provider gives back what we sent along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub our_id: Option<String>,
    /// The new state.
    pub state: DeliveryState,
    /// The recipient as the provider names it, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Address>,
    /// Provider's error code and title, for `failed`. No personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When, as the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// States of an outgoing message, in their natural order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Accepted by us, not yet by the provider.
    Queued,
    /// Accepted by the provider.
    Sent,
    /// Arrived at the device.
    Delivered,
    /// Opened.
    Read,
    /// Given up, or refused by the provider.
    Failed,
}

/// An event that is neither a message nor a status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OtherEvent {
    /// By which a repeat is recognised.
    #[serde(with = "relevo_journal::private")]
    pub external_id: String,
    /// The provider's name for it.
    pub kind: String,
    /// The person it concerns; none means the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Address>,
    /// The group or channel in which it happened, if that was not between the person and us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Address>,
    /// What it means, where that is more than a line of the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub means: Option<Box<Meaning>>,
    /// The payload.
    pub data: Private<Value>,
}

/// What providers have words and forms of their own for, in the one form that the rest knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Meaning {
    /// Whoever wrote a message wrote something else in its place.
    Edited {
        /// The message: its external id, or what others refer to it by.
        #[serde(with = "relevo_journal::private")]
        of: String,
        /// What it says now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Private<String>>,
        /// When, as the provider says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// Whoever wrote a message took it back.
    Withdrawn {
        /// As above.
        #[serde(with = "relevo_journal::private")]
        of: String,
        /// As above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// The provider knows the person by other identifiers from now on; the first is the one to write to.
    Renamed {
        /// The identifiers.
        to: Vec<Address>,
    },
}

/// An item that is kept for a person to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// By which a repeat is recognised: the item's own id or a hash of its bytes.
    #[serde(with = "relevo_journal::private")]
    pub external_id: String,
    /// Where in the payload: a JSON pointer.
    pub pointer: String,
    /// What was wrong with it. No personal data.
    pub why: String,
    /// The item itself.
    pub data: Private<Value>,
    /// Content address of the request that it came in, so that it can be read once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
}
