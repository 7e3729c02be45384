//! When a calendar is open on one date after another, as instants.

use crate::calendar::{Calendar, cut, unite};
use crate::hours::{DAY, Interval, weekday};
use crate::zone::Steady;

/// Reads a calendar date by date; remembers where the zone does not change, so that most dates cost an addition.
pub(crate) struct Days<'a> {
    calendar: &'a Calendar,
    steady: Option<Steady>,
    /// When it is open on the date last read: seconds since 1970, sorted and apart.
    pub spans: Vec<(i64, i64)>,
}

impl<'a> Days<'a> {
    pub fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, steady: None, spans: Vec::new() }
    }

    /// Reads a date.
    pub fn read(&mut self, day: i64) {
        self.spans.clear();
        let midnight = day.saturating_mul(DAY);
        if self.is_special(day) || !self.is_steady(midnight) {
            self.spans = self.calendar.open_on(day);
            return;
        }
        let zero = midnight.saturating_sub(self.steady.map_or(0, |steady| steady.offset));
        let regular = self.calendar.plan.regular.get(weekday(day)).map(Vec::as_slice).unwrap_or_default();
        self.spans.extend(regular.iter().map(|(from, until)| (zero + from, zero + until)));
    }

    /// How many regular weeks without any change begin with this day, and the instant of its midnight.
    pub fn regular_weeks(&mut self, day: i64) -> Option<(i64, i64)> {
        let midnight = day.saturating_mul(DAY);
        if self.is_special(day) || !self.is_steady(midnight) {
            return None;
        }
        let steady = self.steady?;
        let special = &self.calendar.plan.special;
        let until_special = special
            .get(special.partition_point(|s| *s < day))
            .map_or(i64::MAX, |next| next.saturating_sub(day));
        let until_change = steady.until_local.saturating_sub(1).saturating_sub(midnight) / DAY;
        let weeks = until_special.min(until_change) / 7;
        (weeks > 0).then_some((weeks, midnight.saturating_sub(steady.offset)))
    }

    fn is_special(&self, day: i64) -> bool {
        self.calendar.plan.special.binary_search(&day).is_ok()
    }

    /// Does nothing change from this midnight to the next, both included?
    fn is_steady(&mut self, midnight: i64) -> bool {
        let holds = |steady: &Steady| {
            steady.from_local <= midnight && midnight.saturating_add(DAY) < steady.until_local
        };
        if !self.steady.as_ref().is_some_and(holds) {
            self.steady = self.calendar.zone.steady(midnight);
        }
        self.steady.as_ref().is_some_and(holds)
    }
}

impl Calendar {
    /// When it is open on a date, from first principles.
    pub(crate) fn open_on(&self, day: i64) -> Vec<(i64, i64)> {
        let mut spans = Vec::new();
        let Some((midnight, next)) = self.bounds(day).filter(|_| !self.is_closed(day)) else { return spans };
        // Two days back: when the date in between does not exist, what starts before it ends after it.
        for owner in day.saturating_sub(2)..=day {
            spans.extend(self.declared(owner).map(|(from, until)| (from.max(midnight), until.min(next))));
        }
        unite(&mut spans);
        for owner in day.saturating_sub(2)..=day {
            if self.bounds(owner).is_some() {
                for pause in self.breaks(owner) {
                    cut(&mut spans, self.mapped(owner, pause));
                }
            }
        }
        spans
    }

    /// The intervals that start on a date, as instants; none if it is a holiday or does not exist.
    pub(crate) fn declared(&self, day: i64) -> impl Iterator<Item = (i64, i64)> {
        let exists = self.bounds(day).is_some() && !self.is_closed(day);
        let intervals = if exists { self.intervals(day) } else { &[] };
        intervals.iter().map(move |interval| self.mapped(day, interval))
    }

    /// The instants of a date's midnight and of the next one; none if the date does not exist, as 2011-12-30 in Samoa.
    pub(crate) fn bounds(&self, day: i64) -> Option<(i64, i64)> {
        let midnight = day.saturating_mul(DAY);
        let (from, until) =
            (self.zone.instant_of(midnight), self.zone.instant_of(midnight.saturating_add(DAY)));
        (from < until).then_some((from, until))
    }

    fn mapped(&self, day: i64, interval: &Interval) -> (i64, i64) {
        let instant = |second: i64| self.zone.instant_of(day.saturating_mul(DAY).saturating_add(second));
        (instant(interval.start), instant(interval.end))
    }
}
