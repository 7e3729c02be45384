//! Legal deadlines: the last day by which something must be done, and how it was counted.
//!
//! Rules are data: per jurisdiction, in versions, each with its source. A period counts from the **day after** the
//! date of its trigger and ends at 24:00 local time of its last day; that day moves to the next working day only
//! where the rule says so. Holidays and time zone are those of a [`Calendar`]; which days of the week are working days
//! is part of the rule, because jurisdictions differ in what they mean (Saturdays).

mod count;
mod rules;

pub use rules::{Length, Roll, Rule, RuleBook, Source};

use crate::calendar::Calendar;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// What set a period going.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger<'a> {
    /// A kind that the rule counts from: `sent`, `notified`, `unread`, `published` …
    pub kind: &'a str,
    /// When it happened; for `unread`, when the notice was made available.
    pub at: DateTime<Utc>,
    /// What else is known that lengthens the period, by the names of the rule (`paid_electronically`).
    pub circumstances: &'a [&'a str],
}

/// When something must be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// Jurisdiction of the rule.
    pub jurisdiction: String,
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule.
    pub version: u32,
    /// The date that counts as that of the trigger; days count from the one after.
    pub counts_from: NaiveDate,
    /// The last day. For a rule in hours, the day on which they end.
    pub last_day: NaiveDate,
    /// The last day before it was moved to a working day.
    pub moved_from: Option<NaiveDate>,
    /// The instant at which it is too late.
    pub ends_at: DateTime<Utc>,
    /// How it was counted, step by step, for people.
    pub why: Vec<String>,
}

/// Why there is no deadline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeadlineError {
    /// No such rule was in force.
    #[error("{jurisdiction} has no rule {rule:?} in force on {on}")]
    NoRule {
        /// Jurisdiction asked.
        jurisdiction: String,
        /// Rule asked for.
        rule: String,
        /// Local date of the trigger.
        on: NaiveDate,
    },
    /// The rule does not count from such a trigger.
    #[error("the rule {rule:?} does not count from {kind:?}; it counts from {known}")]
    Trigger {
        /// Id of the rule.
        rule: String,
        /// Kind asked for.
        kind: String,
        /// Kinds that it knows.
        known: String,
    },
    /// The rule knows no such circumstance.
    #[error("the rule {rule:?} does not know {name:?}; it knows {known}")]
    Circumstance {
        /// Id of the rule.
        rule: String,
        /// Circumstance asked for.
        name: String,
        /// Those that it knows.
        known: String,
    },
    /// The dates go beyond what can be counted.
    #[error("the deadline lies beyond what can be counted; look at the trigger and the holidays")]
    Beyond,
}

impl RuleBook {
    /// The deadline by the version of a rule that was in force on the local date of the trigger.
    ///
    /// # Errors
    /// If there is no such rule, it does not count from such a trigger, or the dates cannot be counted.
    pub fn deadline(
        &self,
        rule: &str,
        trigger: &Trigger<'_>,
        calendar: &Calendar,
    ) -> Result<Deadline, DeadlineError> {
        let on = calendar.zone().local(trigger.at).date();
        let found = self.rule(rule, on).ok_or_else(|| DeadlineError::NoRule {
            jurisdiction: self.jurisdiction.clone(),
            rule: rule.to_owned(),
            on,
        })?;
        count::count(&self.jurisdiction, found, trigger, calendar)
    }
}
