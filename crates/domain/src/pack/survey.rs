//! The satisfaction survey of a pack: what is asked, when, of whom and how often, and what follows from the answer.

mod check;

pub(super) use check::check;

use super::Priority;
use crate::survey::{Mood, SurveyKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How satisfaction is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Template of the message that carries the link; it gets `link`, `ticket_number` and `contact_name`.
    pub template: String,
    /// What is asked.
    #[serde(default)]
    pub kind: SurveyKind,
    /// Minutes between solving and asking; 0: at once.
    #[serde(default)]
    pub delay_minutes: u32,
    /// Days after which the link has expired.
    #[serde(default = "fourteen")]
    pub expires_days: u32,
    /// Hours after the first vote in which it can be changed.
    #[serde(default = "twenty_four")]
    pub change_hours: u32,
    /// Only tickets of these channels are asked; empty: all.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Who else is not asked, and how often one person is.
    #[serde(default)]
    pub rule: AskingRule,
    /// One more message if there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder: Option<Reminder>,
    /// An answer in the chat counts as a vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_chat: Option<InChat>,
    /// Who answered cannot be seen: neither the ticket nor whoever solved it is kept with the vote.
    #[serde(default)]
    pub anonymous: bool,
    /// Custom field of the ticket that names its topic, for figures by topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_field: Option<String>,
    /// A positive vote is noted on the ticket, for those who earned it.
    #[serde(default)]
    pub praise: bool,
    /// What follows from a negative vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// How the page looks.
    #[serde(default)]
    pub brand: Brand,
    /// The texts of the page, by locale.
    pub page: BTreeMap<String, SurveyPage>,
}

/// Who is not asked, and how often one person is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AskingRule {
    /// Asked only within the hours of this calendar; else when it opens next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// One person is asked at most once in so many days; 0: after every ticket.
    pub every_days: u32,
    /// Of a hundred tickets so many are asked about, drawn by chance.
    pub percent: u8,
    /// Queues that are not asked about.
    pub except_queues: Vec<String>,
    /// Tags that keep a ticket from being asked about, beside `no_survey` and `merged`.
    pub except_tags: Vec<String>,
    /// Tickets that nobody replied to are asked about too.
    pub without_reply: bool,
}

impl Default for AskingRule {
    fn default() -> Self {
        Self {
            calendar: None,
            every_days: 0,
            percent: 100,
            except_queues: Vec::new(),
            except_tags: Vec::new(),
            without_reply: true,
        }
    }
}

/// One more message if there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reminder {
    /// Days after the invitation.
    pub after_days: u32,
    /// Its template; gets what the invitation gets.
    pub template: String,
}

/// Votes in the conversation itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InChat {
    /// Hours after the invitation in which an answer is read as a vote.
    pub hours: u32,
    /// Where the channel has buttons or lists, the invitation carries the scores as such.
    #[serde(default)]
    pub buttons: bool,
    /// Whole answers that are votes, beside the number itself: score by phrase, by locale.
    #[serde(default)]
    pub phrases: BTreeMap<String, BTreeMap<String, u8>>,
}

/// What follows from a negative vote: a ticket of its own, for a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Queue of the new ticket.
    pub queue: String,
    /// Its priority; with the queue it leads to service levels of its own.
    #[serde(default)]
    pub priority: Priority,
    /// Person id of whom it is assigned to; else the first lead of the queue's team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Words in a comment that make any vote a negative one, by locale.
    #[serde(default)]
    pub complaints: BTreeMap<String, Vec<String>>,
    /// When the new ticket is solved, the customer is asked again.
    #[serde(default)]
    pub ask_again: bool,
}

/// How the page looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Brand {
    /// Who asks; shown above the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Colour of the button, `#rrggbb`; what is written on it is black or white, whichever reads better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
}

fn fourteen() -> u32 {
    14
}

fn twenty_four() -> u32 {
    24
}

/// Texts of the survey page in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyPage {
    /// Title and heading.
    pub title: String,
    /// The question.
    pub question: String,
    /// Labels of the scores, lowest first: of all, or of the lowest and the highest.
    pub labels: Vec<String>,
    /// Label of the comment field.
    pub comment: String,
    /// The button.
    pub submit: String,
    /// Shown after a vote.
    pub thanks: String,
    /// Shown for a link that is over: expired or closed for changes.
    pub closed: String,
    /// Shown for a link that does not exist.
    pub unknown: String,
    /// Asked after the vote, by what it was.
    #[serde(default)]
    pub follow_up: FollowUp,
    /// Shown if no score was chosen; else the question is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<String>,
    /// The button of those who do not want to be asked again; there is none without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<String>,
    /// Shown to those who pressed it; else `thanks` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opted_out: Option<String>,
}

/// Questions after the vote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FollowUp {
    /// After a negative vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// After one in between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub neutral: Option<String>,
    /// After a positive one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// The button below any of them; else the page's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submit: Option<String>,
}

impl FollowUp {
    /// The question after a vote.
    pub fn after(&self, mood: Mood) -> Option<&str> {
        match mood {
            Mood::Negative => self.negative.as_deref(),
            Mood::Neutral => self.neutral.as_deref(),
            Mood::Positive => self.positive.as_deref(),
        }
    }
}

impl SurveyPage {
    /// The label of a score.
    pub fn label(&self, kind: SurveyKind, score: u8) -> Option<&str> {
        let (lowest, highest) = (*kind.scores().start(), *kind.scores().end());
        let index = match self.labels.len() {
            2 if score == lowest => 0,
            2 if score == highest => 1,
            2 => return None,
            _ => usize::from(score.checked_sub(lowest)?),
        };
        self.labels.get(index).map(String::as_str)
    }
}
