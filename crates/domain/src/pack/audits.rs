//! The sheet by which answers are audited, and how many are.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most questions of a sheet.
const MAX_QUESTIONS: usize = 50;

/// How answers are audited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audits {
    /// How many of a hundred answers are audited.
    pub share: u8,
    /// The most points for a question; the fewest are 0.
    pub scale: u8,
    /// The sheet.
    pub questions: Vec<Question>,
}

/// A question of the sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What the scores call it.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// How much it counts beside the others.
    #[serde(default = "one")]
    pub weight: u16,
    /// No points for this, and nothing else counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub critical: bool,
}

fn one() -> u16 {
    1
}

impl Audits {
    /// What is wrong: pointer below the audits, and what to do.
    pub(crate) fn check(&self) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let mut say = |pointer: String, what: &str| wrong.push((pointer, what.to_owned()));
        if !(1..=100).contains(&self.share) {
            say("/share".into(), "how many of a hundred: 1 to 100");
        }
        if !(1..=100).contains(&self.scale) {
            say("/scale".into(), "the most points for a question: 1 to 100");
        }
        if !(1..=MAX_QUESTIONS).contains(&self.questions.len()) {
            say("/questions".into(), "a sheet has 1 to 50 questions");
        }
        let mut ids = BTreeSet::new();
        for (n, question) in self.questions.iter().enumerate() {
            if question.id.is_empty() || question.id.len() > 64 || !ids.insert(&question.id) {
                say(format!("/questions/{n}/id"), "an id of its own, of 1 to 64 characters");
            }
            if question.text.trim().is_empty() {
                say(format!("/questions/{n}/text"), "nothing is asked");
            }
            if question.weight == 0 {
                say(format!("/questions/{n}/weight"), "a question that does not count; at least 1");
            }
        }
        wrong
    }
}
