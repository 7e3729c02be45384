//! Figures that explain themselves: each comes with numerator, denominator, exclusions and its definition.
//!
//! A figure is computed over a [`Cohort`]: the tickets opened in a period and the surveys issued in it. Numerator and
//! denominator always come from the same cohort, and whatever is left out is counted under a reason, so that
//! denominator and exclusions add up to the cohort. The figures are in [`FIGURES`], one line each; what a line
//! measures is in `time`, `tickets`, `targets` or `surveys`.

mod answers;
mod figures;
mod group;
mod interval;
mod report;
mod surveys;
mod targets;
#[cfg(test)]
mod tests;
mod tickets;
mod time;

pub use figures::{FIGURES, Figure};
pub use group::{GroupBy, Grouping};
pub use interval::Interval;
pub use report::{REPORTS, Report};

use crate::quality::Listed;
use crate::rows::{SurveyRow, TicketRow};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;

/// A figure as the API returns it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kpi {
    /// As in [`FIGURES`].
    pub name: &'static str,
    /// What it is, in a sentence or two, with what numerator, denominator and exclusions are.
    pub definition: String,
    /// The figure; none if the denominator is 0.
    pub value: Option<f64>,
    /// Of times the sum of seconds, of means the sum of scores, of ratios a count.
    pub numerator: i64,
    /// How many tickets or surveys the figure is about.
    pub denominator: u64,
    /// How many of the cohort it is not about, by reason.
    pub excluded: BTreeMap<String, u64>,
    /// What the value is counted in.
    pub unit: Unit,
    /// Of what customers answered: how far the value can be trusted. Narrow where there are many answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence_95: Option<Interval>,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From 0 to 1; of two shares whose difference it is, from -1 to 1.
    Ratio,
    /// Of the scale that was asked for.
    Score,
    /// Seconds.
    Seconds,
}

/// A stretch of time, from an instant up to but without another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first instant of it.
    pub from: DateTime<Utc>,
    /// The first instant after it.
    pub to: DateTime<Utc>,
}

impl Period {
    /// Is an instant, in milliseconds since 1970, in the period?
    pub fn contains_ms(&self, at_ms: i64) -> bool {
        (self.from.timestamp_millis()..self.to.timestamp_millis()).contains(&at_ms)
    }
}

/// What figures are computed over.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cohort<'a> {
    /// Tickets opened in the period.
    pub tickets: Vec<&'a TicketRow>,
    /// Surveys issued in the period, and decisions made in it to issue none.
    pub surveys: Vec<&'a SurveyRow>,
    /// Answers that people gave in the period, where they are audited.
    pub answers: Vec<&'a Listed>,
}

impl<'a> Cohort<'a> {
    /// The cohort of a period among all rows.
    pub fn of(
        period: Period,
        tickets: impl IntoIterator<Item = &'a TicketRow>,
        surveys: impl IntoIterator<Item = &'a SurveyRow>,
    ) -> Self {
        Self {
            tickets: tickets.into_iter().filter(|row| period.contains_ms(row.opened_ms)).collect(),
            surveys: surveys.into_iter().filter(|row| period.contains_ms(row.issued_ms)).collect(),
            answers: Vec::new(),
        }
    }
}

/// How one ticket or survey enters a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    /// It is one of the denominator and adds this to the numerator.
    Counted(i64),
    /// It is neither in the one nor in the other, for this reason.
    Excluded(&'a str),
}

/// The sum of parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tally {
    numerator: i64,
    denominator: u64,
    /// The sum of the squares of what was added.
    squares: i64,
    excluded: BTreeMap<String, u64>,
}

impl<'a> FromIterator<Part<'a>> for Tally {
    fn from_iter<I: IntoIterator<Item = Part<'a>>>(parts: I) -> Self {
        let mut tally = Self::default();
        for part in parts {
            match part {
                Part::Counted(adds) => {
                    tally.numerator = tally.numerator.saturating_add(adds);
                    tally.denominator = tally.denominator.saturating_add(1);
                    tally.squares = tally.squares.saturating_add(adds.saturating_mul(adds));
                }
                Part::Excluded(reason) => {
                    let count = tally.excluded.entry(reason.to_owned()).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
        tally
    }
}

impl Tally {
    /// Numerator by denominator.
    #[allow(clippy::cast_precision_loss)] // counts and sums of seconds are far below 2^53
    fn quotient(&self) -> Option<f64> {
        (self.denominator > 0).then(|| self.numerator as f64 / self.denominator as f64)
    }

    /// How far a figure on a scale can be trusted; on that from 0 to 1 it is a share.
    #[allow(clippy::cast_precision_loss)] // counts and sums of scores are far below 2^53
    fn interval(&self, scale: (f64, f64)) -> Option<Interval> {
        let (sum, n) = (self.numerator as f64, self.denominator as f64);
        match scale {
            (0.0, 1.0) => interval::of_share(sum, n),
            _ => interval::of_mean(sum, self.squares as f64, n, scale),
        }
    }
}
