//! Quality audits: which answers are looked at, what was found, and what was said about that.
//!
//! Each answer of a person is noted on the day that it was given, with whether it is one of the sample: a keyed hash of the
//! message decides, so it can be computed again and nobody can choose. What an audit says in words is in a stream of its own,
//! sealed under the key of the answer's contact; the day has its result alone.

use crate::Private;
use crate::pack::Audits;
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest comment, note, reason, in characters.
pub const MAX_WORDS: usize = 4_000;

/// The greatest result: percent with two decimals.
pub const FULL: u32 = 10_000;

/// An answer that a person gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Ticket id.
    pub ticket: String,
    /// Person id of who wrote it.
    pub person: String,
    /// Queue of the ticket.
    pub queue: String,
    /// Team of the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Channel slug.
    pub channel: String,
    /// It is one of the sample.
    pub sampled: bool,
}

/// What happens to the answers of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DayEvent {
    /// An answer was given.
    #[serde(rename = "answer.given")]
    Given {
        /// Message id.
        message: String,
        /// The answer.
        answer: Box<Answer>,
    },
    /// It was audited, or that was disputed, or the dispute resolved.
    #[serde(rename = "answer.audited")]
    Audited {
        /// Message id.
        message: String,
        /// What it came to.
        result: Outcome,
    },
}

/// What an audit came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Percent with two decimals: 0 to [`FULL`].
    pub score: u32,
    /// Something failed that must not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
    /// Where it stands.
    pub state: State,
}

/// Where an audit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Scored.
    Done,
    /// Its subject disagrees.
    Disputed,
    /// A manager has decided.
    Resolved,
}

impl State {
    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Disputed => "disputed",
            Self::Resolved => "resolved",
        }
    }
}

/// An answer, and what its audit came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The answer.
    pub answer: Answer,
    /// When it was given.
    pub at: DateTime<Utc>,
    /// What its audit came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
}

/// The answers of a part of a day, by message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// By message id.
    pub answers: BTreeMap<String, Listed>,
}

impl Fold for Answers {
    type Data = DayEvent;
    const KIND: &'static str = "answers";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<DayEvent>) {
        match &event.data {
            DayEvent::Given { message, answer } => {
                let listed = Listed { answer: answer.as_ref().clone(), at: event.at, result: None };
                self.answers.entry(message.clone()).or_insert(listed);
            }
            DayEvent::Audited { message, result } => {
                if let Some(listed) = self.answers.get_mut(message) {
                    listed.result = Some(result.clone());
                }
            }
        }
    }
}

/// Points for a question, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Points {
    /// From 0 to the sheet's scale.
    pub points: u8,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Private<String>>,
}

/// The scores of a sheet, by question.
pub type Scores = BTreeMap<String, Points>;

/// What happens to an audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditEvent {
    /// Somebody scored the answer.
    #[serde(rename = "audit.scored")]
    Scored {
        /// By question.
        scores: Scores,
        /// What it comes to.
        score: u32,
        /// Something failed that must not.
        critical: bool,
        /// Version of the pack whose sheet it is.
        pack: u32,
        /// For whoever wrote the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        coaching: Option<Private<String>>,
    },
    /// Who wrote the answer disagrees.
    #[serde(rename = "audit.disputed")]
    Disputed {
        /// Why.
        reason: Private<String>,
    },
    /// A manager decided about that.
    #[serde(rename = "audit.resolved")]
    Resolved {
        /// The scores that count now; none: those that there were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scores: Option<Scores>,
        /// What it comes to.
        score: u32,
        /// Something failed that must not.
        critical: bool,
        /// Why.
        note: Private<String>,
    },
}

/// A step of an audit: who, when, and what was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who, as the journal names actors.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Private<String>>,
}

/// The audit of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// By question.
    pub scores: Scores,
    /// What it comes to.
    pub score: u32,
    /// Something failed that must not.
    pub critical: bool,
    /// Version of the pack whose sheet it is.
    pub pack: u32,
    /// Who scored it, and what they say to its writer.
    pub scored: Option<Said>,
    /// Its writer's disagreement.
    pub disputed: Option<Said>,
    /// What a manager decided about that.
    pub resolved: Option<Said>,
}

impl Audit {
    /// Where it stands; none: it is still to be done.
    pub fn state(&self) -> Option<State> {
        match (&self.scored, &self.disputed, &self.resolved) {
            (None, ..) => None,
            (_, _, Some(_)) => Some(State::Resolved),
            (_, Some(_), None) => Some(State::Disputed),
            _ => Some(State::Done),
        }
    }

    /// What it came to.
    pub fn outcome(&self) -> Option<Outcome> {
        Some(Outcome { score: self.score, critical: self.critical, state: self.state()? })
    }
}

impl Fold for Audit {
    type Data = AuditEvent;
    const KIND: &'static str = "quality";
    const VERSION: u16 = 1;

    /// The first word counts.
    fn apply(&mut self, event: &Event<AuditEvent>) {
        let said = |text: Option<&Private<String>>| {
            Some(Said { by: event.by.clone(), at: event.at, text: text.cloned() })
        };
        match &event.data {
            AuditEvent::Scored { scores, score, critical, pack, coaching } if self.scored.is_none() => {
                (self.scores, self.score, self.critical) = (scores.clone(), *score, *critical);
                (self.pack, self.scored) = (*pack, said(coaching.as_ref()));
            }
            AuditEvent::Disputed { reason } if self.state() == Some(State::Done) => {
                self.disputed = said(Some(reason));
            }
            AuditEvent::Resolved { scores, score, critical, note }
                if self.state() == Some(State::Disputed) =>
            {
                if let Some(scores) = scores {
                    self.scores = scores.clone();
                }
                (self.score, self.critical, self.resolved) = (*score, *critical, said(Some(note)));
            }
            _ => {}
        }
    }
}

/// Is a message one of a sample? `hash` is a keyed hash of it, in letters and digits of base 32.
pub fn is_sampled(hash: &str, share: u8) -> bool {
    let place =
        hash.bytes().take(8).fold(0_u64, |sum, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte)));
    place % 100 < u64::from(share)
}

/// What scores come to: the weighted share of the points, none if a critical question has none.
///
/// # Errors
/// If they are not those of the sheet.
pub fn total(audits: &Audits, scores: &Scores) -> Result<(u32, bool), Refusal> {
    let wrong = |what: String| Err(Refusal::invalid("bad_scores", "/scores", what));
    if let Some(unknown) = scores.keys().find(|id| audits.questions.iter().all(|q| q.id != **id)) {
        return wrong(format!("the sheet has no question {unknown:?}"));
    }
    let (mut sum, mut most, mut critical) = (0_u64, 0_u64, false);
    for question in &audits.questions {
        let Some(given) = scores.get(&question.id) else {
            return wrong(format!("the question {:?} has no points", question.id));
        };
        if given.points > audits.scale {
            return wrong(format!(
                "{:?} has {} points; the scale ends at {}",
                question.id, given.points, audits.scale
            ));
        }
        if given.comment.as_ref().is_some_and(|comment| comment.0.chars().count() > MAX_WORDS) {
            return wrong(format!("the comment on {:?} is longer than {MAX_WORDS} characters", question.id));
        }
        let weight = u64::from(question.weight);
        sum = sum.saturating_add(weight.saturating_mul(given.points.into()));
        most = most.saturating_add(weight.saturating_mul(audits.scale.into()));
        critical |= question.critical && given.points == 0;
    }
    let share = sum.saturating_mul(FULL.into()).checked_div(most).unwrap_or_default();
    Ok((if critical { 0 } else { u32::try_from(share).unwrap_or(FULL) }, critical))
}

/// A text that an audit needs.
///
/// # Errors
/// If there is none, or it is too long.
pub fn words(text: &str, pointer: &'static str) -> Result<Private<String>, Refusal> {
    if text.trim().is_empty() || text.chars().count() > MAX_WORDS {
        let what = format!("a text of 1 to {MAX_WORDS} characters");
        return Err(Refusal::invalid("bad_text", pointer, what));
    }
    Ok(Private(text.to_owned()))
}

#[cfg(test)]
mod tests;
