//! Has a channel account gone silent against its habit? A provider that stops calling is noticed by nobody else: there
//! is no error, only less work.
//!
//! The habit is the hours of the week: an hour in which the account was heard in most of the last weeks is one in which
//! it should be heard. Weekends, nights and accounts that are seldom used expect nothing. Public holidays do look like
//! silence.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Weeks that are compared with.
const WEEKS: i64 = 4;

/// In so many of them the account was heard in an hour in which it is expected.
const MOST: usize = 3;

/// So many hours in which it was expected make a silence: one may be chance.
const MISSED: usize = 2;

const HOURS_PER_DAY: i64 = 24;
const HOURS_PER_WEEK: i64 = 7 * HOURS_PER_DAY;

/// Days that are kept: those weeks, and the one that is compared.
const DAYS: i64 = 7 * (WEEKS + 1);

/// The hours in which an account was heard. Noting an hour twice changes nothing, in whatever order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    /// Days since 1970, and a bit for each hour (UTC).
    days: BTreeMap<i64, u32>,
}

/// What there is to tell of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It has been silent since then.
    WentSilent(DateTime<Utc>),
    /// It had been silent since then and is not any more.
    HeardAgain(DateTime<Utc>),
}

impl Habit {
    /// Notes that something came in. Does that say anything new?
    pub fn note(&mut self, at: DateTime<Utc>) -> bool {
        let before = self.days.clone();
        let hour = hour_of(at);
        *self.days.entry(hour.div_euclid(HOURS_PER_DAY)).or_default() |= bit(hour);
        if let Some(newest) = self.days.keys().next_back().copied() {
            self.days.retain(|day, _| *day > newest - DAYS);
        }
        self.days != before
    }

    /// Since when the account has been silent although it should have been heard.
    pub fn silent_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (day, mask) = self.days.iter().next_back()?;
        let last = (0..HOURS_PER_DAY).rev().find(|hour| mask & bit(*hour) != 0)? + day * HOURS_PER_DAY;
        // The present hour is not over. One week of silence has every hour that can be expected in it.
        let over = (last + 1..hour_of(now)).take(usize::try_from(HOURS_PER_WEEK).unwrap_or(usize::MAX));
        let missed = over.filter(|hour| self.expects(*hour)).take(MISSED).count();
        if missed < MISSED {
            return None;
        }
        DateTime::UNIX_EPOCH.checked_add_signed(Duration::try_hours(last + 1)?)
    }

    /// What there is to tell of an account, if it is not known yet. `known` is since when it is known to be silent.
    pub fn news(&self, known: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<News> {
        match (known, self.silent_since(now)) {
            (None, Some(since)) => Some(News::WentSilent(since)),
            (Some(since), None) => Some(News::HeardAgain(since)),
            _ => None,
        }
    }

    fn expects(&self, hour: i64) -> bool {
        let weeks = (1..=WEEKS).filter(|weeks| self.heard(hour - weeks * HOURS_PER_WEEK));
        weeks.count() >= MOST
    }

    fn heard(&self, hour: i64) -> bool {
        self.days.get(&hour.div_euclid(HOURS_PER_DAY)).is_some_and(|mask| mask & bit(hour) != 0)
    }
}

fn hour_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(3_600)
}

fn bit(hour: i64) -> u32 {
    1 << hour.rem_euclid(HOURS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday at that hour.
    fn monday(week: i64, hour: i64, minute: i64) -> DateTime<Utc> {
        let first: DateTime<Utc> = "2026-06-01T00:00:00Z".parse().expect("a time");
        first + Duration::weeks(week) + Duration::hours(hour) + Duration::minutes(minute)
    }

    /// Heard from 9 to 17 h from Monday to Friday for some weeks.
    fn office(weeks: i64) -> Habit {
        let mut habit = Habit::default();
        for week in 0..weeks {
            for hour in (0..5).flat_map(|day| (9..17).map(move |hour| day * 24 + hour)) {
                assert!(habit.note(monday(week, hour, 7)));
                assert!(!habit.note(monday(week, hour, 59)), "the same hour says nothing new");
            }
        }
        habit
    }

    #[test]
    fn nights_and_weekends_are_no_silence_and_two_missed_hours_are() {
        let habit = office(4);
        let since = Some(monday(3, 4 * 24 + 17, 0));
        assert_eq!(habit.silent_since(monday(4, 0, 0)), None, "the weekend");
        assert_eq!(
            habit.silent_since(monday(4, 10, 59)),
            None,
            "one hour may be chance, the second is not over"
        );
        assert_eq!(habit.silent_since(monday(4, 11, 0)), since);
        assert_eq!(habit.silent_since(monday(30, 0, 0)), since, "and so it stays");
    }

    #[test]
    fn what_is_new_or_seldom_used_expects_nothing() {
        assert_eq!(Habit::default().silent_since(monday(9, 12, 0)), None);
        assert_eq!(office(2).silent_since(monday(2, 20, 0)), None, "two weeks are no habit");
        let mut seldom = Habit::default();
        for week in [0, 1, 3] {
            seldom.note(monday(week, 9, 0));
        }
        assert_eq!(seldom.silent_since(monday(4, 20, 0)), None, "one hour a week is one hour missed");
    }

    #[test]
    fn three_of_four_weeks_make_the_habit() {
        let without = |gaps: &[i64]| {
            let mut habit = Habit::default();
            for week in (0..4).filter(|week| !gaps.contains(week)) {
                habit.note(monday(week, 9, 0));
                habit.note(monday(week, 10, 0));
            }
            habit.note(monday(4, 0, 0));
            habit.silent_since(monday(4, 11, 0))
        };
        assert_eq!(without(&[1]), Some(monday(4, 1, 0)));
        assert_eq!(without(&[1, 2]), None);
    }

    #[test]
    fn it_is_told_once_and_once_more_when_it_is_heard_again() {
        let mut habit = office(4);
        let (now, since) = (monday(4, 12, 0), monday(3, 4 * 24 + 17, 0));
        assert_eq!(habit.news(None, now), Some(News::WentSilent(since)));
        assert_eq!(habit.news(Some(since), now), None);
        habit.note(now);
        assert_eq!(habit.news(Some(since), now), Some(News::HeardAgain(since)));
        assert_eq!(habit.news(None, now), None);
    }

    #[test]
    fn it_does_not_grow_and_the_order_does_not_matter() {
        let mut forward = Habit::default();
        let mut backward = Habit::default();
        let hours: Vec<_> = (0..9_000).map(|hour| monday(0, hour, 0)).collect();
        hours.iter().for_each(|at| assert!(forward.note(*at)));
        hours.iter().rev().for_each(|at| _ = backward.note(*at));
        assert_eq!(forward, backward);
        assert_eq!(i64::try_from(forward.days.len()), Ok(DAYS));
    }
}
