//! Adding open time to an instant, and measuring it.
//!
//! Instants may have fractions of a second. They are kept exactly: an hour from 09:00:00.25 is 10:00:00.25, and what
//! is left of a second at closing time is used up after the next opening.

use crate::calendar::Calendar;
use crate::days::Days;
use crate::hours::{DAY, date_of};
use chrono::{DateTime, NaiveDate, Utc};
use std::time::Duration;

/// How far a search looks, in days: fifteen years.
pub const HORIZON_DAYS: i64 = 15 * 365 + 4;

/// The search found no answer within [`HORIZON_DAYS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{seconds} open seconds from {start} are not there within {} years; ask for less, or give the calendar more hours",
    HORIZON_DAYS / 365
)]
pub struct HorizonError {
    /// Where the search began.
    pub start: DateTime<Utc>,
    /// What was searched for.
    pub seconds: u64,
}

/// An interval of the calendar at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The local date on which it starts.
    pub date: NaiveDate,
    /// When it starts.
    pub opens: DateTime<Utc>,
    /// When it ends. Breaks do not divide it.
    pub closes: DateTime<Utc>,
}

impl Calendar {
    /// The instant at which so many open seconds have passed since `start`.
    ///
    /// What is used up exactly at closing is due at closing; zero seconds are due at the first open moment at or
    /// after `start`.
    ///
    /// # Errors
    /// Past the horizon.
    pub fn due_at(&self, start: DateTime<Utc>, seconds: u64) -> Result<DateTime<Utc>, HorizonError> {
        self.due_after(start, Duration::from_secs(seconds))
    }

    /// The same for an amount that may have a fraction of a second.
    ///
    /// # Errors
    /// Past the horizon.
    pub fn due_after(&self, start: DateTime<Utc>, open: Duration) -> Result<DateTime<Utc>, HorizonError> {
        let error = HorizonError { start, seconds: open.as_secs() };
        let (start, fraction) = split(start);
        let mut need = i64::try_from(open.as_secs()).map_err(|_| error)?;
        let mut nanos = open.subsec_nanos();
        let first = self.day_at(start);
        let last = first.saturating_add(HORIZON_DAYS);
        let mut days = Days::new(self);
        let mut day = first;
        while day <= last {
            if day > first
                && let Some((weeks, _)) = days.regular_weeks(day)
            {
                // One second at least is left over, so that the due instant is found within a day.
                let week = self.plan.week_seconds;
                let skipped = if week == 0 { weeks } else { weeks.min(need.saturating_sub(1).max(0) / week) };
                need -= skipped * week;
                day = day.saturating_add(skipped.saturating_mul(7));
                if day > last {
                    break;
                }
            }
            days.read(day);
            for &(from, until) in days.spans.iter().filter(|(_, until)| *until > start) {
                if from <= start {
                    (need, nanos) = add(need, nanos, fraction);
                }
                let from = from.max(start);
                let there = until - from;
                if need < there || (need == there && nanos == 0) {
                    return DateTime::from_timestamp(from + need, nanos).ok_or(error);
                }
                need -= there;
            }
            day = day.saturating_add(1);
        }
        Err(error)
    }

    /// The instant from which so many open seconds pass until `end`: the latest there is, so that what is used up
    /// exactly at opening leads to the opening. Zero seconds lead to the last closing if `end` is not after an opening.
    ///
    /// # Errors
    /// Past the horizon.
    pub fn subtract(&self, end: DateTime<Utc>, seconds: u64) -> Result<DateTime<Utc>, HorizonError> {
        let error = HorizonError { start: end, seconds };
        let (second, fraction) = split(end);
        let end = nanos_of(second) + i128::from(fraction);
        let mut need = i128::from(seconds) * NANOS;
        let mut days = Days::new(self);
        // The instants of a date may reach into what the wall calls the day before.
        let last = self.day_at(second).saturating_add(1);
        for back in 0..=HORIZON_DAYS {
            days.read(last.saturating_sub(back));
            for &(from, until) in days.spans.iter().rev() {
                let until = nanos_of(until).min(end);
                let there = until - nanos_of(from);
                if there <= 0 {
                    continue;
                }
                if need <= there {
                    return instant(until - need).ok_or(error);
                }
                need -= there;
            }
        }
        Err(error)
    }

    /// Open seconds between two instants, whole ones; negative if `end` is before `start`.
    pub fn elapsed(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> i64 {
        let seconds =
            |from, until| i64::try_from(self.elapsed_exact(from, until).as_secs()).unwrap_or(i64::MAX);
        if end < start { -seconds(end, start) } else { seconds(start, end) }
    }

    /// Open time between two instants, exactly; none if `end` is not after `start`.
    pub fn elapsed_exact(&self, start: DateTime<Utc>, end: DateTime<Utc>) -> Duration {
        if end <= start {
            return Duration::ZERO;
        }
        let ((start, start_nanos), (end, end_nanos)) = (split(start), split(end));
        let (first, last) = (self.day_at(start), self.day_at(end).saturating_add(1));
        let mut days = Days::new(self);
        let (mut total, mut nanos) = (0_i64, 0_i64);
        let mut day = first;
        while day <= last {
            if day > first
                && let Some((weeks, midnight)) = days.regular_weeks(day)
            {
                let skipped = weeks.min(end.saturating_sub(midnight).max(0) / (7 * DAY));
                total = total.saturating_add(skipped.saturating_mul(self.plan.week_seconds));
                day = day.saturating_add(skipped.saturating_mul(7));
            }
            days.read(day);
            for &(from, until) in &days.spans {
                total += (until.min(end) - from.max(start)).max(0);
                let is_in = |second| (from..until).contains(&second);
                nanos += if is_in(end) { i64::from(end_nanos) } else { 0 };
                nanos -= if is_in(start) { i64::from(start_nanos) } else { 0 };
            }
            day = day.saturating_add(1);
        }
        let seconds = total.saturating_add(nanos.div_euclid(1_000_000_000));
        let nanos = u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0);
        Duration::new(u64::try_from(seconds).unwrap_or(0), nanos)
    }

    /// The first open moment at or after an instant.
    ///
    /// # Errors
    /// If it does not open within the horizon.
    pub fn next_open(&self, at: DateTime<Utc>) -> Result<DateTime<Utc>, HorizonError> {
        self.due_at(at, 0)
    }

    /// Is it open at this instant? At opening time it is, at closing time it is not.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        let (second, _) = split(at);
        let day = self.day_at(second);
        let is_in = |span: &(i64, i64)| (span.0..span.1).contains(&second);
        (day..=day.saturating_add(1)).any(|day| self.open_on(day).iter().any(is_in))
    }

    /// The interval at work at an instant; none while it is closed. Where several overlap, the one that started
    /// first, and of those the longest.
    pub fn shift_at(&self, at: DateTime<Utc>) -> Option<Shift> {
        if !self.is_open(at) {
            return None;
        }
        let (second, _) = split(at);
        let day = self.day_at(second);
        let candidates = (day.saturating_sub(2)..=day.saturating_add(1)).flat_map(|owner| {
            let next = self.bounds(owner).map_or(i64::MAX, |(_, next)| next);
            let closed_after = self.is_closed(self.day_at(next));
            self.declared(owner)
                .filter(|(from, until)| (*from..*until).contains(&second))
                .map(move |(from, until)| (from, if closed_after { until.min(next) } else { until }, owner))
        });
        let (from, until, owner) = candidates.min_by_key(|(from, until, _)| (*from, -*until))?;
        Some(Shift {
            date: date_of(owner)?,
            opens: DateTime::from_timestamp(from, 0)?,
            closes: DateTime::from_timestamp(until, 0)?,
        })
    }

    /// The local date at an instant, as days since 1970.
    fn day_at(&self, at: i64) -> i64 {
        at.saturating_add(self.zone.offset(at)).div_euclid(DAY)
    }
}

/// Whole seconds since 1970 and what is over; a leap second counts as the end of the second before.
fn split(at: DateTime<Utc>) -> (i64, u32) {
    (at.timestamp(), at.timestamp_subsec_nanos().min(999_999_999))
}

fn add(seconds: i64, nanos: u32, more: u32) -> (i64, u32) {
    let sum = nanos + more;
    if sum < 1_000_000_000 { (seconds, sum) } else { (seconds + 1, sum - 1_000_000_000) }
}

const NANOS: i128 = 1_000_000_000;

fn nanos_of(second: i64) -> i128 {
    i128::from(second) * NANOS
}

fn instant(nanos: i128) -> Option<DateTime<Utc>> {
    let fraction = u32::try_from(nanos.rem_euclid(NANOS)).ok()?;
    DateTime::from_timestamp(i64::try_from(nanos.div_euclid(NANOS)).ok()?, fraction)
}
