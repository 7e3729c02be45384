//! One survey: asked once for one resolution of one ticket, answered by the customer.

mod asking;
pub mod chat;
mod kind;

pub use asking::{Asking, RECOVERY_TAG, not_eligible};
pub use kind::{Mood, SurveyKind};

use crate::Private;
use crate::refusal::Refusal;
use chrono::{DateTime, Duration, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};

/// Who asks, as the writer of events.
pub const BY: &str = "system:surveys";

/// What happens to a survey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SurveyEvent {
    /// The link went out.
    #[serde(rename = "survey.issued")]
    SurveyIssued(Issued),
    /// The customer answered, for the first time or again.
    #[serde(rename = "survey.answered")]
    SurveyAnswered {
        /// One of the kind's scores.
        score: u8,
        /// What the customer added.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<Private<String>>,
        /// Where it was given.
        #[serde(default)]
        via: Via,
    },
    /// There was no answer, and the customer was asked once more.
    #[serde(rename = "survey.reminded")]
    SurveyReminded,
    /// What a vote leads to was done: a note, a ticket, or nothing.
    #[serde(rename = "survey.followed_up")]
    SurveyFollowedUp {
        /// When the vote was given.
        vote: DateTime<Utc>,
        /// The ticket that it led to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<String>,
    },
    /// A lead decided whether the vote counts.
    #[serde(rename = "survey.reviewed")]
    SurveyReviewed {
        /// The decision.
        verdict: Verdict,
        /// Why.
        reason: Private<String>,
    },
}

/// Where a vote was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// On the page.
    #[default]
    Page,
    /// By a program that had the link.
    Api,
    /// In the conversation.
    Chat,
    /// By a provider's signed event.
    Callback,
}

/// Whether a vote counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Counted,
    /// It is left out until somebody has looked into it.
    Disputed,
    /// It does not.
    Excluded,
}

impl Verdict {
    /// As in figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Disputed => "disputed",
            Self::Excluded => "excluded",
        }
    }
}

/// What a survey is about, as it was when it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Ticket id; empty if the survey is anonymous.
    pub ticket: String,
    /// Friendly number; 0 if it is anonymous.
    pub number: u64,
    /// Which resolution.
    pub resolution: u32,
    /// Who solved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Queue id.
    pub queue: String,
    /// Channel slug.
    pub channel: String,
    /// Language of the page.
    pub locale: String,
    /// After this the link is over.
    pub expires_at: DateTime<Utc>,
    /// Hours after the first vote in which it can be changed.
    pub change_hours: u32,
    /// What is asked.
    #[serde(default)]
    pub kind: SurveyKind,
    /// Stream name of the contact, for those who do not want to be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What the ticket was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// When to ask once more if there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind_at: Option<DateTime<Utc>>,
    /// The ticket was itself opened after a negative vote.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovery: bool,
}

/// A survey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyState {
    /// What it is about.
    pub issued: Option<Issued>,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// The vote that counts.
    pub vote: Option<Vote>,
    /// The customer was asked once more.
    #[serde(default)]
    pub reminded: bool,
    /// Up to which vote what follows from it was done.
    #[serde(default)]
    pub followed_up: Option<DateTime<Utc>>,
    /// The ticket that a vote led to.
    #[serde(default)]
    pub led_to: Option<String>,
    /// What a lead decided about the vote.
    #[serde(default)]
    pub review: Option<Review>,
}

/// A lead's decision about a vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The decision.
    pub verdict: Verdict,
    /// Why.
    pub reason: Private<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// One of the kind's scores.
    pub score: u8,
    /// What the customer added.
    pub comment: Option<Private<String>>,
    /// When the customer first voted; the time to change it runs from here.
    pub first_at: DateTime<Utc>,
    /// When this vote was given.
    pub at: DateTime<Utc>,
    /// Where.
    #[serde(default)]
    pub via: Via,
}

/// Longest comment that is kept, in characters.
pub const MAX_COMMENT_CHARS: usize = 4_000;

impl SurveyState {
    /// May a vote be given at this moment? `None`: yes.
    pub fn closed(&self, now: DateTime<Utc>) -> Option<SurveyClosed> {
        let Some(issued) = &self.issued else { return Some(SurveyClosed::Unknown) };
        let until = self.vote.as_ref().map(|v| v.first_at + Duration::hours(i64::from(issued.change_hours)));
        match until {
            Some(until) if now > until => Some(SurveyClosed::NoMoreChanges),
            _ if now > issued.expires_at => Some(SurveyClosed::Expired),
            _ => None,
        }
    }

    /// When something is to be done about it next: remind, or follow up a vote.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        match (&self.vote, &self.issued) {
            (Some(vote), _) if self.followed_up.is_none_or(|until| until < vote.at) => Some(vote.at),
            (None, Some(issued)) if !self.reminded => issued.remind_at,
            _ => None,
        }
    }
}

/// Why a survey takes no vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SurveyClosed {
    /// It was never issued.
    Unknown,
    /// The link is over.
    Expired,
    /// The vote was given and the time to change it is over.
    NoMoreChanges,
}

/// A vote.
///
/// # Errors
/// If there is no such score or the comment is too long.
pub fn answer(
    kind: SurveyKind,
    score: i64,
    comment: Option<String>,
    via: Via,
) -> Result<SurveyEvent, Refusal> {
    let score = u8::try_from(score).ok().filter(|score| kind.scores().contains(score));
    let score = score.ok_or_else(|| Refusal::invalid("bad_score", "/score", kind.advice()))?;
    let comment = comment.filter(|c| !c.trim().is_empty());
    if comment.as_ref().is_some_and(|c| c.chars().count() > MAX_COMMENT_CHARS) {
        let what = format!("the comment is longer than {MAX_COMMENT_CHARS} characters");
        return Err(Refusal::invalid("comment_too_long", "/comment", what));
    }
    Ok(SurveyEvent::SurveyAnswered { score, comment: comment.map(Private), via })
}

/// A lead's decision about a vote.
///
/// # Errors
/// If there is no vote, or no reason.
pub fn review(state: &SurveyState, verdict: Verdict, reason: String) -> Result<SurveyEvent, Refusal> {
    if state.issued.is_none() {
        return Err(Refusal::not_found("unknown_survey", "there is no such survey at this desk"));
    }
    if state.vote.is_none() {
        return Err(Refusal::conflict("not_answered", "the survey has no answer that could be left out"));
    }
    if reason.trim().is_empty() || reason.chars().count() > MAX_COMMENT_CHARS {
        let what = format!("a reason has 1 to {MAX_COMMENT_CHARS} characters");
        return Err(Refusal::invalid("bad_reason", "/reason", what));
    }
    Ok(SurveyEvent::SurveyReviewed { verdict, reason: Private(reason) })
}

/// What a vote means: its score, unless the comment has a word of complaint.
pub fn mood(kind: SurveyKind, vote: &Vote, complaints: &[String]) -> Mood {
    let comment = vote.comment.as_ref().map(|c| format!(" {} ", chat::plain(&c.0))).unwrap_or_default();
    let complains = complaints
        .iter()
        .map(|word| chat::plain(word))
        .any(|word| !word.is_empty() && comment.contains(&format!(" {word} ")));
    if complains { Mood::Negative } else { kind.mood(vote.score) }
}

/// The channels of a colour written `#rrggbb`.
pub fn rgb(color: &str) -> Option<[u8; 3]> {
    let digits =
        color.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    let [_, red, green, blue] = value.to_be_bytes();
    Some([red, green, blue])
}

impl Fold for SurveyState {
    type Data = SurveyEvent;
    const KIND: &'static str = "survey";
    const VERSION: u16 = 2;

    fn apply(&mut self, event: &Event<SurveyEvent>) {
        match &event.data {
            SurveyEvent::SurveyIssued(issued) => {
                self.issued.get_or_insert_with(|| issued.clone());
                self.issued_at.get_or_insert(event.at);
            }
            // Whether it still counts is a matter of the set: of two votes at once at the end of the window
            // each reader keeps the same one.
            SurveyEvent::SurveyAnswered { score, comment, via } if self.closed(event.at).is_none() => {
                let first_at = self.vote.as_ref().map_or(event.at, |v| v.first_at);
                // Who only says the score again in the chat takes nothing back.
                let kept = self.vote.take().filter(|_| *via == Via::Chat).and_then(|v| v.comment);
                let comment = comment.clone().or(kept);
                self.vote = Some(Vote { score: *score, comment, first_at, at: event.at, via: *via });
            }
            SurveyEvent::SurveyAnswered { .. } => {}
            SurveyEvent::SurveyReminded => self.reminded = true,
            SurveyEvent::SurveyFollowedUp { vote, ticket } => {
                self.followed_up = self.followed_up.max(Some(*vote));
                if ticket.is_some() {
                    self.led_to.clone_from(ticket);
                }
            }
            SurveyEvent::SurveyReviewed { verdict, reason } => {
                let (by, at) = (event.by.clone(), event.at);
                self.review = Some(Review { verdict: *verdict, reason: reason.clone(), by, at });
            }
        }
    }
}
