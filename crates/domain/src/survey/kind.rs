//! What is asked, and what an answer means.

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// What is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurveyKind {
    /// Satisfaction, 1 to 5; 4 and 5 are positive, 3 is not.
    #[default]
    Csat,
    /// Would you recommend us, 0 to 10; 9 and 10 are promoters, 0 to 6 detractors.
    Nps,
    /// How easy was it, 1 to 7; 5 to 7 are positive.
    Effort,
    /// Thumb down (0) or up (1).
    Thumbs,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Something went wrong.
    Negative,
    /// Neither.
    Neutral,
    /// Praise.
    Positive,
}

impl SurveyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csat, Self::Nps, Self::Effort, Self::Thumbs];

    /// As in a pack.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::Nps => "nps",
            Self::Effort => "effort",
            Self::Thumbs => "thumbs",
        }
    }

    /// The scores that can be given.
    pub fn scores(self) -> RangeInclusive<u8> {
        match self {
            Self::Csat => 1..=5,
            Self::Nps => 0..=10,
            Self::Effort => 1..=7,
            Self::Thumbs => 0..=1,
        }
    }

    /// What a score means.
    pub fn mood(self, score: u8) -> Mood {
        match (self, score) {
            (Self::Csat, 4..) | (Self::Nps, 9..) | (Self::Effort, 5..) | (Self::Thumbs, 1..) => {
                Mood::Positive
            }
            (Self::Csat, 3) | (Self::Nps, 7..) | (Self::Effort, 4) => Mood::Neutral,
            _ => Mood::Negative,
        }
    }

    /// Which scores there are, for whoever gave another.
    pub fn advice(self) -> String {
        let scores = self.scores();
        format!("the score is a number from {} to {}", scores.start(), scores.end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_has_the_meaning_of_its_definition() {
        let moods = |kind: SurveyKind| -> String {
            let letter = |score| match kind.mood(score) {
                Mood::Negative => '-',
                Mood::Neutral => '=',
                Mood::Positive => '+',
            };
            kind.scores().map(letter).collect()
        };
        assert_eq!(moods(SurveyKind::Csat), "--=++");
        assert_eq!(moods(SurveyKind::Nps), "-------==++");
        assert_eq!(moods(SurveyKind::Effort), "---=+++");
        assert_eq!(moods(SurveyKind::Thumbs), "-+");
    }
}
