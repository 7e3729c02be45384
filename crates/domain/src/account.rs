//! What concerns a channel account as a whole: items that could not be understood, events of no conversation.

pub mod approval;

use crate::message::{OtherEvent, Problem};
use approval::{Approvals, TemplateReport};
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold, KeyId};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What happens to an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccountEvent {
    /// An item was kept for a person to look at.
    #[serde(rename = "problem.kept")]
    ProblemKept(Problem),
    /// A kept item was read once more and is understood now.
    #[serde(rename = "problem.resolved")]
    ProblemResolved {
        /// Id of the event that kept it.
        problem: String,
    },
    /// The provider reported something about the account.
    #[serde(rename = "event.received")]
    EventReceived(OtherEvent),
    /// The provider said what became of a template that it keeps.
    #[serde(rename = "template.reported")]
    TemplateReported(TemplateReport),
    /// A data key was made: what names nobody who is known is sealed under it.
    #[serde(rename = "key.made")]
    KeyMade {
        /// The data key.
        key: KeyId,
    },
    /// Data keys were destroyed: their time was over.
    #[serde(rename = "keys.destroyed")]
    KeysDestroyed {
        /// The data keys.
        keys: Vec<KeyId>,
    },
    /// Nothing comes in although by habit something should.
    #[serde(rename = "account.silent")]
    WentSilent {
        /// Channel slug.
        channel: String,
        /// Account name.
        account: String,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Something came in again.
    #[serde(rename = "account.heard")]
    HeardAgain {
        /// Channel slug.
        channel: String,
        /// Account name.
        account: String,
        /// Since when it had been silent.
        since: DateTime<Utc>,
    },
}

/// A data key of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKey {
    /// The key.
    pub id: KeyId,
    /// When it was made.
    pub at: DateTime<Utc>,
}

/// A kept item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Id of the event that kept it.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The item and what was wrong.
    pub problem: Problem,
}

/// An account. The state keeps the newest problems; all of them are in the stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The newest problems, oldest first.
    pub problems: VecDeque<Kept>,
    /// How many there have been.
    pub problem_count: u64,
    /// How many events there have been.
    pub event_count: u64,
    /// The data keys that exist, oldest first.
    #[serde(default)]
    pub keys: Vec<AccountKey>,
    /// What the provider said of its templates.
    #[serde(default)]
    pub templates: Approvals,
    /// Since when it has been silent against its habit.
    #[serde(default)]
    pub silent_since: Option<DateTime<Utc>>,
}

/// Problems kept in the state, and the bytes of each beyond which only the stream has the item itself.
const IN_STATE: usize = 50;
const ITEM_BYTES: usize = 4_096;

impl Fold for Account {
    type Data = AccountEvent;
    const KIND: &'static str = "account";
    const VERSION: u16 = 4;

    fn apply(&mut self, event: &Event<AccountEvent>) {
        match &event.data {
            AccountEvent::ProblemKept(problem) => {
                self.problem_count = self.problem_count.saturating_add(1);
                let mut problem = problem.clone();
                if problem.data.0.to_string().len() > ITEM_BYTES {
                    problem.data = serde_json::Value::Null.into();
                }
                self.problems.push_back(Kept { id: event.id.to_string(), at: event.at, problem });
                if self.problems.len() > IN_STATE {
                    self.problems.pop_front();
                }
            }
            AccountEvent::KeyMade { key } => self.keys.push(AccountKey { id: key.clone(), at: event.at }),
            AccountEvent::KeysDestroyed { keys } => self.keys.retain(|key| !keys.contains(&key.id)),
            AccountEvent::ProblemResolved { problem } => self.problems.retain(|kept| kept.id != *problem),
            AccountEvent::TemplateReported(report) => self.templates.note(report, event.at),
            AccountEvent::WentSilent { since, .. } => self.silent_since = Some(*since),
            AccountEvent::HeardAgain { .. } => self.silent_since = None,
            AccountEvent::EventReceived(_) => self.event_count = self.event_count.saturating_add(1),
        }
    }
}
