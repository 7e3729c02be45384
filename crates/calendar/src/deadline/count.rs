//! Counting the days.

use super::rules::{Length, Roll, Rule};
use super::{Deadline, DeadlineError, Trigger};
use crate::calendar::Calendar;
use crate::hours::{date_of, day_of};
use chrono::{DateTime, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// Days that are looked at for working days: more than any rule's length needs.
const PATIENCE: i64 = 40_000;

pub(super) fn count(
    jurisdiction: &str,
    rule: &Rule,
    trigger: &Trigger<'_>,
    calendar: &Calendar,
) -> Result<Deadline, DeadlineError> {
    let after = rule.counts_from.get(trigger.kind).ok_or_else(|| DeadlineError::Trigger {
        rule: rule.id.clone(),
        kind: trigger.kind.to_owned(),
        known: names(&rule.counts_from),
    })?;
    let mut extra = 0_u32;
    for name in trigger.circumstances {
        let more = rule.extended_by.get(*name).ok_or_else(|| DeadlineError::Circumstance {
            rule: rule.id.clone(),
            name: (*name).to_owned(),
            known: names(&rule.extended_by),
        })?;
        extra = extra.saturating_add(*more);
    }

    let happened = calendar.zone().local(trigger.at).date();
    let counts_from = plus(happened, i64::from(*after))?;
    let mut why = vec![format!("{} on {happened}", trigger.kind)];
    if *after > 0 {
        why.push(format!("counts {after} natural days later, on {counts_from}"));
    }
    if extra > 0 {
        why.push(format!("{extra} more for {}", trigger.circumstances.join(", ")));
    }

    let mut ends_at = None;
    let last = match rule.length {
        Length::NaturalDays(days) => {
            let days = days.saturating_add(extra);
            let last = plus(counts_from, i64::from(days))?;
            why.push(format!("{days} natural days from the day after: {last}"));
            last
        }
        Length::BusinessDays(days) => {
            let days = days.saturating_add(extra);
            let last = working_days(rule, calendar, counts_from, days)?;
            why.push(format!("{days} working days from the day after: {last}"));
            last
        }
        Length::Months(months) => {
            let months = months.saturating_add(extra);
            let last = counts_from.checked_add_months(Months::new(months)).ok_or(DeadlineError::Beyond)?;
            why.push(format!("{months} months: {last}"));
            last
        }
        Length::Hours(hours) => {
            let hours = hours.saturating_add(extra);
            // Where the trigger itself only counts later, from the end of the day on which it does.
            let begin = if *after == 0 { trigger.at } else { end_of(counts_from, calendar)? };
            let end =
                begin.checked_add_signed(TimeDelta::hours(i64::from(hours))).ok_or(DeadlineError::Beyond)?;
            ends_at = Some(end);
            let last = calendar.zone().local(end).date();
            why.push(format!("{hours} hours: on {last}"));
            last
        }
    };

    let moved = match rule.roll {
        Roll::NextWorkingDay if ends_at.is_none() && !is_working(rule, calendar, last) => {
            let next = working_days(rule, calendar, last, 1)?;
            why.push(format!("nobody works on {last}: moved to {next}"));
            Some(next)
        }
        _ => None,
    };
    let last_day = moved.unwrap_or(last);
    let ends_at = match ends_at {
        Some(instant) => instant,
        None => end_of(last_day, calendar)?,
    };
    Ok(Deadline {
        jurisdiction: jurisdiction.to_owned(),
        rule: rule.id.clone(),
        version: rule.version,
        counts_from,
        last_day,
        moved_from: moved.map(|_| last),
        ends_at,
        why,
    })
}

fn names(of: &BTreeMap<String, u32>) -> String {
    if of.is_empty() { "none".to_owned() } else { of.keys().cloned().collect::<Vec<_>>().join(", ") }
}

fn is_working(rule: &Rule, calendar: &Calendar, date: NaiveDate) -> bool {
    rule.is_working_weekday(day_of(date)) && !calendar.is_holiday(date)
}

/// The date that is so many working days after another.
fn working_days(
    rule: &Rule,
    calendar: &Calendar,
    from: NaiveDate,
    count: u32,
) -> Result<NaiveDate, DeadlineError> {
    let mut left = count;
    for after in 1..=PATIENCE {
        let date = plus(from, after)?;
        left -= u32::from(is_working(rule, calendar, date));
        if left == 0 {
            return Ok(date);
        }
    }
    Err(DeadlineError::Beyond)
}

fn plus(date: NaiveDate, days: i64) -> Result<NaiveDate, DeadlineError> {
    date_of(day_of(date).saturating_add(days)).ok_or(DeadlineError::Beyond)
}

/// 24:00 local time.
fn end_of(date: NaiveDate, calendar: &Calendar) -> Result<DateTime<Utc>, DeadlineError> {
    calendar.zone().instant(plus(date, 1)?.and_time(NaiveTime::MIN)).ok_or(DeadlineError::Beyond)
}
