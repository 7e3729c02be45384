//! The survey of a pack.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How satisfaction is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Template of the message that carries the link; it gets `link`, `ticket_number` and `contact_name`.
    pub template: String,
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
    /// The texts of the page, by locale.
    pub page: BTreeMap<String, SurveyPage>,
}

fn fourteen() -> u32 {
    14
}

fn twenty_four() -> u32 {
    24
}

/// Texts of the survey page in one language. Scores are 1 to 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyPage {
    /// Title and heading.
    pub title: String,
    /// The question.
    pub question: String,
    /// Labels of the scores 1, 2, 3, 4, 5.
    pub labels: [String; 5],
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
}
