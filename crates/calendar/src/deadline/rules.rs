//! The rules as data.

use crate::hours::{WEEK, weekday};
use crate::problem::{Problem, escape};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Longest period of days, months or hours.
const MAX_LENGTH: u32 = 10_000;

/// The rules of a jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleBook {
    /// As `ES`, `FR`, `ES-CT`.
    pub jurisdiction: String,
    /// In any order; the versions of a rule share its id.
    pub rules: Vec<Rule>,
}

/// A version of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// As `fine.identify_driver`.
    pub id: String,
    /// From 1.
    pub version: u32,
    /// The first date of a trigger to which this version applies.
    pub from: NaiveDate,
    /// The last such date; none if it is still in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// What must be done, or what happens.
    pub title: String,
    /// The kinds of trigger that it counts from, each with the natural days after which it counts: a notice `unread`
    /// for 10 days counts as rejected, so `{"notified": 0, "unread": 10}`.
    pub counts_from: BTreeMap<String, u32>,
    /// How long.
    pub length: Length,
    /// Circumstances that add as many of the same unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extended_by: BTreeMap<String, u32>,
    /// What happens to a last day on which nobody works.
    pub roll: Roll,
    /// Working days of the week, as `mon`.
    pub working_week: Vec<String>,
    /// Where it is written.
    pub source: Source,
}

/// A length of time in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Length {
    /// Every day counts.
    NaturalDays(u32),
    /// Only working days count.
    BusinessDays(u32),
    /// To the day of the same number so many months later, or the last of that month if it has none.
    Months(u32),
    /// From the instant of the trigger.
    Hours(u32),
}

/// What happens to a last day on which nobody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// It stays.
    None,
    /// It moves to the next working day.
    NextWorkingDay,
}

/// Where a rule is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Law and article.
    pub title: String,
    /// Where it can be read.
    pub url: String,
    /// When somebody last compared the rule with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<NaiveDate>,
}

impl RuleBook {
    /// Reads a rule book; the format is that of the fields.
    ///
    /// # Errors
    /// Everything that is wrong, with JSON pointers.
    pub fn parse(document: &Value) -> Result<Self, Vec<Problem>> {
        let book: Self = serde_path_to_error::deserialize(document)
            .map_err(|error| vec![Problem::at(pointer(error.path()), error.inner().to_string())])?;
        let problems = book.check();
        if problems.is_empty() { Ok(book) } else { Err(problems) }
    }

    /// The version of a rule that applies to a trigger of this date.
    pub fn rule(&self, id: &str, on: NaiveDate) -> Option<&Rule> {
        let versions = self.rules.iter().filter(|rule| rule.id == id);
        versions.filter(|rule| rule.covers(on)).max_by_key(|rule| rule.version)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut say = |pointer: String, message: &str| problems.push(Problem::at(pointer, message));
        for (n, rule) in self.rules.iter().enumerate() {
            let at = format!("/rules/{n}");
            if rule.id.trim().is_empty() {
                say(format!("{at}/id"), "a rule needs an id, as fine.identify_driver");
            }
            if rule.until.is_some_and(|until| until < rule.from) {
                say(format!("{at}/until"), "is before from; exchange the two");
            }
            if rule.counts_from.is_empty() {
                say(format!("{at}/counts_from"), "name what it counts from, as {\"notified\": 0}");
            }
            let (Length::NaturalDays(length)
            | Length::BusinessDays(length)
            | Length::Months(length)
            | Length::Hours(length)) = rule.length;
            if !(1..=MAX_LENGTH).contains(&length) {
                say(format!("{at}/length"), "must be 1 to 10000");
            }
            for (field, days) in [("counts_from", &rule.counts_from), ("extended_by", &rule.extended_by)] {
                for (name, _) in days.iter().filter(|(_, days)| **days > MAX_LENGTH) {
                    say(format!("{at}/{field}/{}", escape(name)), "must be at most 10000");
                }
            }
            if rule.working_week.is_empty() {
                say(format!("{at}/working_week"), "name at least one working day");
            }
            for (m, _) in
                rule.working_week.iter().enumerate().filter(|(_, day)| !WEEK.contains(&day.as_str()))
            {
                say(
                    format!("{at}/working_week/{m}"),
                    "there is no such day; known are mon, tue, wed, thu, fri, sat, sun",
                );
            }
            let same = |other: &&Rule| other.id == rule.id && other.version == rule.version;
            if self.rules.iter().take(n).any(|other| same(&other)) {
                say(
                    format!("{at}/version"),
                    "this version of the rule is there twice; give one another number",
                );
            }
        }
        problems
    }
}

impl Rule {
    fn covers(&self, on: NaiveDate) -> bool {
        self.from <= on && self.until.is_none_or(|until| on <= until)
    }

    /// Is this day of the week one on which people work?
    pub(super) fn is_working_weekday(&self, day: i64) -> bool {
        WEEK.get(weekday(day)).is_some_and(|name| self.working_week.iter().any(|working| working == name))
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let token = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => format!("/{}", escape(key)),
        Segment::Unknown => String::new(),
    };
    path.iter().map(token).collect()
}
