//! The one way out: an entry per message to the outside, from queued to sent or given up.

use crate::Private;
use crate::conversation::held::{Hold, Why};
use crate::message::{Address, Attachment};
use chrono::{DateTime, Duration, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What happens to an entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OutboxEvent {
    /// Something is to be sent.
    #[serde(rename = "outbox.queued")]
    Queued(Box<Entry>),
    /// An attempt came to an end.
    #[serde(rename = "outbox.attempted")]
    Attempted {
        /// Its number, from 1.
        attempt: u32,
        /// What came of it.
        outcome: Attempt,
    },
    /// The provider had accepted it and reported later that it was not delivered.
    #[serde(rename = "outbox.bounced")]
    Bounced {
        /// Why, without personal data.
        why: String,
    },
    /// A person had it tried again after it had been given up.
    #[serde(rename = "outbox.retried")]
    Retried,
    /// It was held, and is to be sent now, or at a time.
    #[serde(rename = "outbox.released")]
    Released {
        /// The attempt that was claimed for that.
        attempt: u32,
        /// When it is to be sent; none: now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// Its time came, and it was not sent: a person decides.
    #[serde(rename = "outbox.held_back")]
    HeldBack {
        /// The attempt that was claimed for that.
        attempt: u32,
    },
    /// It was held, and will not be sent.
    #[serde(rename = "outbox.cancelled")]
    Cancelled {
        /// The attempt that was claimed for that.
        attempt: u32,
    },
}

/// What is to be sent, and where it came from. Never changed once queued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What.
    pub request: Request,
    /// The ticket that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Stream name of the conversation to tell of the outcome, and the message's id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<(String, String)>,
    /// `traceparent` of what it follows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// It waits before it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// A message to a person through a channel account.
    Channel(Box<ChannelMessage>),
    /// A file that the provider keeps for a while is brought into the store.
    Fetch(Box<Fetch>),
    /// What a provider wants to have posted back before it sends events.
    Handshake {
        /// Channel slug.
        channel: String,
        /// Account name.
        account: String,
        /// The provider's id of the hook.
        hook: String,
        /// What it wants back.
        code: Private<String>,
    },
    /// What a provider's event names is read from its API.
    ReadBack(Box<ReadBack>),
    /// Another system is told about its item, or asked for one.
    Issue(Box<IssueWork>),
    /// An event to a subscriber.
    Subscriber {
        /// Subscriber id.
        subscriber: String,
        /// Event type, such as `message.received`.
        kind: String,
        /// The whole body.
        body: Private<Value>,
    },
}

impl Request {
    /// What it is sent through: `channel/account`, `channel/account/files` or `subscriber/<id>`. What fails at one of them
    /// does not hold up the others.
    pub fn through(&self) -> String {
        match self {
            Self::Channel(message) => format!("{}/{}", message.channel, message.account),
            Self::Fetch(file) => format!("{}/{}/files", file.channel, file.account),
            Self::Handshake { channel, account, .. } => format!("{channel}/{account}"),
            Self::ReadBack(read) => format!("{}/{}", read.channel, read.account),
            Self::Issue(work) => format!("{}/{}", work.system, work.account),
            Self::Subscriber { subscriber, .. } => format!("subscriber/{subscriber}"),
        }
    }
}

/// A file of a message, at its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// Channel slug.
    pub channel: String,
    /// Account name.
    pub account: String,
    /// The provider's media id, or an URL.
    #[serde(with = "relevo_journal::private")]
    pub reference: String,
    /// Stream name of the conversation to tell of it. Replies there do not wait for it.
    pub conversation: String,
    /// Id of the message that it belongs to.
    pub message: String,
}

/// An item that a provider's event names by its id alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBack {
    /// Channel slug.
    pub channel: String,
    /// Account name.
    pub account: String,
    /// The provider's id of the item.
    pub item: String,
    /// What happened to it: the event's type.
    pub kind: String,
    /// What the event is known by.
    #[serde(with = "relevo_journal::private")]
    pub external_id: String,
}

/// What another system is told, or asked for, on behalf of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueWork {
    /// The channel by which the system reports: `jira`.
    pub system: String,
    /// Account name.
    pub account: String,
    /// Stream name of the conversation to tell of the outcome.
    pub conversation: String,
    /// The ticket's place there.
    pub ordinal: u32,
    /// What.
    pub task: IssueTask,
}

/// What is done in another system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueTask {
    /// An item is made, for which the ticket waits from then on.
    Open {
        /// Where: the project's key.
        project: String,
        /// What it is about, in a line.
        summary: Private<String>,
        /// All that is known.
        description: Private<String>,
    },
    /// The ticket's agent has looked at what was finished: it is said there, and the item goes where that leads.
    Judged {
        /// What the system calls it.
        key: String,
        /// It is as it should be.
        accepted: bool,
        /// What is said there.
        comment: Private<String>,
    },
}

/// A message to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelMessage {
    /// Channel slug.
    pub channel: String,
    /// Account name.
    pub account: String,
    /// Where to.
    pub address: Address,
    /// What the customer reads.
    pub text: Private<String>,
    /// E-mail: the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Private<String>>,
    /// E-mail: the formatted part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<Private<String>>,
    /// WhatsApp: an approved template instead of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whatsapp: Option<WhatsappTemplate>,
    /// Buttons or a list to choose from, below the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Choices>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Provider's id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "relevo_journal::private")]
    pub in_reply_to: Option<String>,
    /// E-mail: what its answers are threaded by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Box<MailHeaders>>,
    /// Signed address at which a POST says that the person wants no more of these; none for answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe_url: Option<Private<String>>,
    /// `channel/account` of each way by which it could not be delivered, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
}

impl ChannelMessage {
    /// A text and nothing else.
    pub fn text(channel: String, account: String, address: Address, text: Private<String>) -> Self {
        Self {
            channel,
            account,
            address,
            text,
            subject: None,
            html: None,
            whatsapp: None,
            choices: None,
            attachments: Vec::new(),
            in_reply_to: None,
            mail: None,
            unsubscribe_url: None,
            tried: Vec::new(),
        }
    }
}

/// What a mail says of its place in a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailHeaders {
    /// Our Message-ID, without angle brackets.
    pub message_id: String,
    /// Ids of the thread, oldest first, without angle brackets.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "relevo_journal::private")]
    pub references: Vec<String>,
    /// Where answers go: an address of ours with a signed token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// No person wrote it: others must not answer it by themselves.
    #[serde(default)]
    pub automatic: bool,
}

/// What can be chosen from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// What is written on the button that opens them, where the channel shows a list.
    pub button: String,
    /// What comes back when one is chosen, and what the person reads.
    pub items: Vec<(String, String)>,
}

/// A WhatsApp template with its parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatsappTemplate {
    /// Name at the provider.
    pub name: String,
    /// Language code at the provider.
    pub language: String,
    /// Body parameters in order.
    #[serde(default)]
    pub parameters: Vec<Private<String>>,
    /// Their names, in the same order; empty if they go by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What goes into the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<TemplateHeader>,
    /// What goes into the buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<TemplateButton>,
}

/// What goes into the header of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateHeader {
    /// `text`, or the kind of file: `image`, `video`, `document`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The variable's value, or the file's address.
    pub value: Private<String>,
    /// The variable's name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What goes into a button of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateButton {
    /// Place of the button, from 0.
    pub index: u8,
    /// `url`, `quick_reply`, `copy_code`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The variable's value.
    pub value: Private<String>,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Accepted.
    Sent {
        /// The provider's id, if it gave one.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "relevo_journal::private")]
        external_id: Option<String>,
    },
    /// Did not work this time.
    Retry {
        /// When to try again.
        at: DateTime<Utc>,
        /// Why, without personal data.
        why: String,
    },
    /// Will not work.
    Refused {
        /// Why, without personal data.
        why: String,
    },
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// To be sent, now or later.
    #[default]
    Queued,
    /// Accepted by the receiver.
    Sent,
    /// Given up: a dead letter, until a person has it tried again.
    Failed,
    /// Not to be sent before somebody, or a time, lets it go.
    Held,
    /// Taken back before it was sent.
    Cancelled,
}

/// An outbox entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outbox {
    /// What is to be sent.
    pub entry: Option<Entry>,
    /// Where it stands.
    pub status: Status,
    /// Attempts that came to an end.
    pub attempts: u32,
    /// The attempt number after which a person had it retried; the count of retries starts anew.
    pub retried_after: u32,
    /// When it is to be sent.
    pub next_at: Option<DateTime<Utc>>,
    /// When it was queued.
    pub queued_at: Option<DateTime<Utc>>,
    /// When it was sent or given up.
    pub done_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub why: Option<String>,
    /// The provider's id.
    pub external_id: Option<String>,
    /// It was accepted and not delivered.
    #[serde(default)]
    pub bounced: bool,
}

/// Attempts before an entry is given up: with the delays below that takes about a day.
pub const MAX_ATTEMPTS: u32 = 12;

impl Outbox {
    /// What to record after a passing fault: try again later, or give up. `jitter` is 0.0 to 1.0,
    /// `after_seconds` what the receiver asked for.
    pub fn next_attempt(
        &self,
        now: DateTime<Utc>,
        jitter: f64,
        after_seconds: Option<u32>,
        why: String,
    ) -> Attempt {
        let tries = self.attempts.saturating_sub(self.retried_after).saturating_add(1);
        if tries >= MAX_ATTEMPTS {
            return Attempt::Refused { why: format!("given up after {tries} attempts; the last: {why}") };
        }
        let asked = after_seconds.map(|s| i64::from(s.min(86_400)) * 1_000);
        let delay_ms = asked.unwrap_or(0).max(backoff_ms(tries, jitter));
        Attempt::Retry { at: now + Duration::milliseconds(delay_ms), why }
    }
}

impl Outbox {
    /// An attempt was claimed for a decision, and sent nothing.
    fn decided(&mut self, attempt: u32) {
        self.attempts = self.attempts.max(attempt);
        self.retried_after = self.retried_after.max(attempt);
    }
}

/// Full-range exponential backoff: 2 s doubled each time, at most 4 h, of which a random half is taken off.
fn backoff_ms(tries: u32, jitter: f64) -> i64 {
    let ceiling = 2_000_i64.checked_shl(tries.saturating_sub(1).min(13)).unwrap_or(i64::MAX).min(14_400_000);
    let half = ceiling / 2;
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // at most 7.2 million
    let random = (half as f64 * jitter.clamp(0.0, 1.0)) as i64;
    half + random
}

impl Fold for Outbox {
    type Data = OutboxEvent;
    const KIND: &'static str = "outbox";
    const VERSION: u16 = 2;

    fn apply(&mut self, event: &Event<OutboxEvent>) {
        match &event.data {
            OutboxEvent::Queued(entry) => {
                if self.entry.is_none() {
                    self.entry = Some(entry.as_ref().clone());
                    self.queued_at = Some(event.at);
                    match entry.hold {
                        // One that awaits approval goes by itself at no time.
                        Some(hold) => {
                            self.status = Status::Held;
                            self.next_at = hold.until.filter(|_| hold.why != Why::AwaitingApproval);
                        }
                        None => self.next_at = Some(self.next_at.unwrap_or(event.at)),
                    }
                }
            }
            OutboxEvent::Attempted { attempt, outcome } => {
                self.attempts = self.attempts.max(*attempt);
                // Once accepted, always accepted: a second sender's late failure changes nothing.
                if self.status == Status::Sent || self.bounced {
                    return;
                }
                match outcome {
                    Attempt::Sent { external_id } => {
                        self.status = Status::Sent;
                        self.external_id.clone_from(external_id);
                        self.why = None;
                        self.next_at = None;
                        self.done_at = Some(event.at);
                    }
                    Attempt::Retry { at, why } => {
                        self.status = Status::Queued;
                        self.why = Some(why.clone());
                        self.next_at = Some(*at);
                    }
                    Attempt::Refused { why } => {
                        self.status = Status::Failed;
                        self.why = Some(why.clone());
                        self.next_at = None;
                        self.done_at = Some(event.at);
                    }
                }
            }
            OutboxEvent::Bounced { why } => {
                self.status = Status::Failed;
                self.bounced = true;
                self.why = Some(why.clone());
                self.next_at = None;
                self.done_at = Some(event.at);
            }
            OutboxEvent::Released { attempt, at } => {
                self.decided(*attempt);
                if self.status == Status::Held {
                    self.status = if at.is_some() { Status::Held } else { Status::Queued };
                    self.next_at = at.or(Some(event.at));
                }
            }
            OutboxEvent::HeldBack { attempt } => {
                self.decided(*attempt);
                if self.status == Status::Held {
                    self.next_at = None;
                }
            }
            OutboxEvent::Cancelled { attempt } => {
                self.decided(*attempt);
                if self.status == Status::Held {
                    self.status = Status::Cancelled;
                    self.next_at = None;
                    self.done_at = Some(event.at);
                }
            }
            OutboxEvent::Retried => {
                self.bounced = false;
                if self.status == Status::Failed {
                    self.status = Status::Queued;
                    self.retried_after = self.attempts;
                    self.next_at = Some(event.at);
                    self.done_at = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_stays_below_its_ceiling_and_is_never_zero() {
        assert_eq!(backoff_ms(1, 0.0), 1_000);
        assert_eq!(backoff_ms(1, 1.0), 2_000);
        assert_eq!(backoff_ms(5, 0.0), 16_000);
        assert_eq!(backoff_ms(40, 1.0), 14_400_000);
    }

    #[test]
    fn an_entry_is_given_up_after_the_last_attempt_and_a_persons_retry_starts_anew() {
        let now = DateTime::from_timestamp(0, 0).expect("epoch");
        let tired = Outbox { attempts: MAX_ATTEMPTS - 1, ..Outbox::default() };
        assert!(matches!(tired.next_attempt(now, 0.5, None, "x".into()), Attempt::Refused { .. }));
        let rested = Outbox { retried_after: MAX_ATTEMPTS - 1, ..tired };
        assert!(matches!(rested.next_attempt(now, 0.5, None, "x".into()), Attempt::Retry { .. }));
    }

    #[test]
    fn what_the_receiver_asks_for_is_respected() {
        let now = DateTime::from_timestamp(0, 0).expect("epoch");
        let retry = Outbox::default().next_attempt(now, 0.0, Some(120), "429".into());
        assert_eq!(retry, Attempt::Retry { at: now + Duration::seconds(120), why: "429".into() });
    }
}
