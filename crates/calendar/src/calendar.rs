//! A business calendar: the open hours of a desk, a team or a person.

use crate::hours::{DAY, Interval, date_of, day_of, weekday};
use crate::zone::Zone;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Weekly hours, holidays, breaks and shifts in a time zone. Made by [`Calendar::parse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    pub(crate) zone: Zone,
    pub(crate) around_the_clock: bool,
    /// Hours of each day of the week, Monday first.
    pub(crate) week: [Vec<Interval>; 7],
    /// Names of the closed dates; empty where none was given.
    pub(crate) holidays: BTreeMap<NaiveDate, String>,
    pub(crate) breaks: BTreeMap<NaiveDate, Vec<Interval>>,
    pub(crate) shifts: BTreeMap<NaiveDate, Vec<Interval>>,
    pub(crate) plan: Plan,
}

/// What follows from the rules once and for all, in seconds on the wall.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// When it is open on a date of each day of the week, with what reaches over from the day before: sorted, apart.
    pub regular: [Vec<(i64, i64)>; 7],
    /// Open seconds of a whole regular week.
    pub week_seconds: i64,
    /// Days since 1970 on which something else may hold, sorted.
    pub special: Vec<i64>,
}

impl Calendar {
    /// Open at all times.
    pub fn around_the_clock(zone: Zone) -> Self {
        let week = std::array::from_fn(|_| vec![Interval::DAY]);
        Self::new(zone, true, week, BTreeMap::new(), BTreeMap::new(), BTreeMap::new())
    }

    pub(crate) fn new(
        zone: Zone,
        around_the_clock: bool,
        week: [Vec<Interval>; 7],
        holidays: BTreeMap<NaiveDate, String>,
        breaks: BTreeMap<NaiveDate, Vec<Interval>>,
        shifts: BTreeMap<NaiveDate, Vec<Interval>>,
    ) -> Self {
        let dates = holidays.keys().chain(breaks.keys()).chain(shifts.keys());
        let plan = Plan::new(&week, dates.map(|date| day_of(*date)));
        Self { zone, around_the_clock, week, holidays, breaks, shifts, plan }
    }

    /// The same calendar, closed on more dates. A name that is given replaces an empty one.
    #[must_use]
    pub fn with_holidays(self, more: impl IntoIterator<Item = (NaiveDate, String)>) -> Self {
        let mut holidays = self.holidays;
        for (date, name) in more {
            let known = holidays.entry(date).or_default();
            if known.is_empty() {
                *known = name;
            }
        }
        Self::new(self.zone, self.around_the_clock, self.week, holidays, self.breaks, self.shifts)
    }

    /// Its time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The dates on which it is closed, with their names (empty where none was given).
    pub fn holidays(&self) -> impl Iterator<Item = (NaiveDate, &str)> {
        self.holidays.iter().map(|(date, name)| (*date, name.as_str()))
    }

    /// Is this date a holiday?
    pub fn is_holiday(&self, date: NaiveDate) -> bool {
        self.holidays.contains_key(&date)
    }

    pub(crate) fn is_closed(&self, day: i64) -> bool {
        !self.holidays.is_empty() && date_of(day).is_none_or(|date| self.holidays.contains_key(&date))
    }

    /// The intervals that start on a day: those of a shift, else those of its day of the week.
    pub(crate) fn intervals(&self, day: i64) -> &[Interval] {
        let shift =
            if self.shifts.is_empty() { None } else { date_of(day).and_then(|date| self.shifts.get(&date)) };
        let regular = || self.week.get(weekday(day)).map(Vec::as_slice).unwrap_or_default();
        shift.map_or_else(regular, Vec::as_slice)
    }

    pub(crate) fn breaks(&self, day: i64) -> &[Interval] {
        if self.breaks.is_empty() {
            return &[];
        }
        date_of(day).and_then(|date| self.breaks.get(&date)).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Plan {
    fn new(week: &[Vec<Interval>; 7], dates: impl Iterator<Item = i64>) -> Self {
        let mut regular: [Vec<(i64, i64)>; 7] = Default::default();
        let mut week_seconds = 0;
        let before = week.iter().cycle().skip(6);
        for ((spans, own), eve) in regular.iter_mut().zip(week).zip(before) {
            spans.extend(own.iter().map(|i| (i.start, i.end.min(DAY))));
            spans.extend(eve.iter().filter(|i| i.end > DAY).map(|i| (0, i.end - DAY)));
            unite(spans);
            week_seconds += spans.iter().map(|(from, until)| until - from).sum::<i64>();
        }
        // What starts on a special date may reach over to the day after.
        let mut special: Vec<i64> = dates.flat_map(|day| [day, day + 1]).collect();
        special.sort_unstable();
        special.dedup();
        Self { regular, week_seconds, special }
    }
}

/// Sorts spans and joins those that overlap or touch; empty ones go.
pub(crate) fn unite(spans: &mut Vec<(i64, i64)>) {
    spans.retain(|(from, until)| from < until);
    spans.sort_unstable();
    spans.dedup_by(|next, last| {
        let joined = next.0 <= last.1;
        if joined {
            last.1 = last.1.max(next.1);
        }
        joined
    });
}

/// Takes a span out of sorted spans that are apart.
pub(crate) fn cut(spans: &mut Vec<(i64, i64)>, (from, until): (i64, i64)) {
    if from >= until {
        return;
    }
    let mut after = Vec::new();
    for span in spans.iter_mut() {
        if span.1 > until && span.0 < until {
            after.push((span.0.max(until), span.1));
        }
        if span.1 > from && span.0 < until {
            span.1 = from;
        }
    }
    spans.extend(after);
    unite(spans);
}
