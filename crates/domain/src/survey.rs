//! One survey: asked once for one resolution of one ticket, answered by the customer.

use crate::Private;
use crate::refusal::Refusal;
use chrono::{DateTime, Duration, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};

/// What happens to a survey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SurveyEvent {
    /// The link went out.
    #[serde(rename = "survey.issued")]
    SurveyIssued(Issued),
    /// The customer answered, for the first time or again.
    #[serde(rename = "survey.answered")]
    SurveyAnswered {
        /// 1 to 5.
        score: u8,
        /// What the customer added.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<Private<String>>,
    },
}

/// What a survey is about, as it was when it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// Ticket id.
    pub ticket: String,
    /// Friendly number.
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
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// 1 to 5.
    pub score: u8,
    /// What the customer added.
    pub comment: Option<Private<String>>,
    /// When the customer first voted; the time to change it runs from here.
    pub first_at: DateTime<Utc>,
    /// When this vote was given.
    pub at: DateTime<Utc>,
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
/// If the score is not 1 to 5 or the comment is too long.
pub fn answer(score: i64, comment: Option<String>) -> Result<SurveyEvent, Refusal> {
    let score = u8::try_from(score).ok().filter(|s| (1..=5).contains(s));
    let score =
        score.ok_or_else(|| Refusal::invalid("bad_score", "/score", "the score is a number from 1 to 5"))?;
    let comment = comment.filter(|c| !c.trim().is_empty());
    if comment.as_ref().is_some_and(|c| c.chars().count() > MAX_COMMENT_CHARS) {
        let what = format!("the comment is longer than {MAX_COMMENT_CHARS} characters");
        return Err(Refusal::invalid("comment_too_long", "/comment", what));
    }
    Ok(SurveyEvent::SurveyAnswered { score, comment: comment.map(Private) })
}

impl Fold for SurveyState {
    type Data = SurveyEvent;
    const KIND: &'static str = "survey";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<SurveyEvent>) {
        match &event.data {
            SurveyEvent::SurveyIssued(issued) => {
                self.issued.get_or_insert_with(|| issued.clone());
                self.issued_at.get_or_insert(event.at);
            }
            // Whether it still counts is a matter of the set: of two votes at once at the end of the window
            // each reader keeps the same one.
            SurveyEvent::SurveyAnswered { score, comment } if self.closed(event.at).is_none() => {
                let first_at = self.vote.as_ref().map_or(event.at, |v| v.first_at);
                self.vote = Some(Vote { score: *score, comment: comment.clone(), first_at, at: event.at });
            }
            SurveyEvent::SurveyAnswered { .. } => {}
        }
    }
}
