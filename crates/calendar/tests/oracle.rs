//! Against a calendar that paints every second of some days: another way to the same answers, and another database
//! of time zones.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use common::any::eventful;
use common::calendar;
use proptest::prelude::*;
use serde_json::Value;

/// Days before and after the date in question that are painted.
const AROUND: u64 = 5;

struct Painted {
    from: i64,
    open: Vec<bool>,
}

impl Painted {
    fn new(document: &Value, zone: Tz, around: NaiveDate) -> Self {
        let first = around - Days::new(AROUND);
        let from = instant(zone, first.and_time(Default::default()));
        let until = instant(zone, (around + Days::new(AROUND)).and_time(Default::default()));
        let mut painted = Self { from, open: vec![false; usize::try_from(until - from).unwrap()] };
        let dates: Vec<NaiveDate> = first.iter_days().take(2 * 5 + 1).collect();
        let eve = first - Days::new(1);
        let is_holiday = |date: &NaiveDate| {
            document["holidays"].as_array().unwrap().iter().any(|h| h.as_str() == Some(&date.to_string()))
        };
        let exists = |date: &NaiveDate| {
            let midnight = |date: NaiveDate| instant(zone, date.and_time(Default::default()));
            midnight(*date) < midnight(*date + Days::new(1))
        };
        for date in std::iter::once(&eve).chain(&dates).filter(|date| exists(date) && !is_holiday(date)) {
            for (start, end) in intervals(document, *date) {
                painted.paint(zone, *date, start, end, true);
            }
        }
        for date in dates.iter().filter(|date| is_holiday(date)) {
            painted.paint(zone, *date, 0, 86_400, false);
        }
        for date in std::iter::once(&eve).chain(&dates).filter(|date| exists(date)) {
            for (start, end) in listed(&document["breaks"][date.to_string()]) {
                painted.paint(zone, *date, start, end, false);
            }
        }
        painted
    }

    fn paint(&mut self, zone: Tz, date: NaiveDate, start: i64, end: i64, open: bool) {
        let at = |second| instant(zone, date.and_time(Default::default()) + TimeDelta::seconds(second));
        for second in at(start)..at(end) {
            if let Some(slot) = usize::try_from(second - self.from).ok().and_then(|n| self.open.get_mut(n)) {
                *slot = open;
            }
        }
    }

    fn is_open(&self, at: i64) -> bool {
        self.open[usize::try_from(at - self.from).unwrap()]
    }

    fn elapsed(&self, start: i64, end: i64) -> i64 {
        i64::try_from((start..end).filter(|second| self.is_open(*second)).count()).unwrap()
    }

    /// None if it is past what is painted.
    fn due(&self, start: i64, seconds: u64) -> Option<i64> {
        let mut left = seconds;
        let end = self.from + i64::try_from(self.open.len()).unwrap();
        for second in start..end {
            if self.is_open(second) {
                if left == 0 {
                    return Some(second);
                }
                left -= 1;
                if left == 0 {
                    return Some(second + 1);
                }
            }
        }
        None
    }

    fn subtract(&self, end: i64, seconds: u64) -> Option<i64> {
        let mut left = seconds;
        for second in (self.from..end).rev() {
            if self.is_open(second) {
                if left == 0 {
                    return Some(second + 1);
                }
                left -= 1;
                if left == 0 {
                    return Some(second);
                }
            }
        }
        None
    }
}

fn intervals(document: &Value, date: NaiveDate) -> Vec<(i64, i64)> {
    if let Some(shift) = document["shifts"].get(date.to_string()) {
        return listed(shift);
    }
    if document["around_the_clock"] == true {
        return vec![(0, 86_400)];
    }
    let day =
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][date.weekday().num_days_from_monday() as usize];
    listed(&document["hours"][day])
}

fn listed(list: &Value) -> Vec<(i64, i64)> {
    let second = |text: &Value| {
        let parts: Vec<i64> = text.as_str().unwrap().split(':').map(|part| part.parse().unwrap()).collect();
        parts[0] * 3600 + parts[1] * 60 + parts.get(2).unwrap_or(&0)
    };
    let pairs = list.as_array().map(Vec::as_slice).unwrap_or_default().iter();
    let pairs = pairs.map(|pair| (second(&pair[0]), second(&pair[1])));
    pairs.map(|(start, end)| (start, if end < start { end + 86_400 } else { end })).collect()
}

/// The first reading of a local time, or the one by the offset before the gap: that of two days before, where there
/// is no gap even if a whole date is skipped.
fn instant(zone: Tz, local: NaiveDateTime) -> i64 {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return found.timestamp();
    }
    let before = zone.from_local_datetime(&(local - TimeDelta::hours(48))).earliest().unwrap();
    local.and_utc().timestamp() - i64::from(before.offset().fix().local_minus_utc())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn every_second_agrees(
        (zone, around, document) in eventful(),
        starts in proptest::collection::vec(0_i64..9 * 86_400, 12),
        amounts in proptest::collection::vec(prop_oneof![0_u64..100, 0_u64..90_000, 0_u64..300_000], 12),
    ) {
        let ours = calendar(&document);
        let painted = Painted::new(&document, zone.parse().unwrap(), around);
        let end = painted.from + i64::try_from(painted.open.len()).unwrap();
        let at = |second: i64| -> DateTime<Utc> { DateTime::from_timestamp(second, 0).unwrap() };
        for second in painted.from..end {
            let here = painted.is_open(second);
            // Where it opens or closes; in between nothing can change.
            if second == painted.from || here != painted.is_open(second - 1) {
                for near in (second - 1).max(painted.from)..=second {
                    prop_assert_eq!(ours.is_open(at(near)), painted.is_open(near), "open at {}", at(near));
                }
            }
        }
        let starts: Vec<i64> = starts.iter().map(|start| (painted.from + start).min(end - 1)).collect();
        // Amounts that are used up exactly when it closes, besides any.
        let closings: Vec<i64> = (painted.from + 1..end).filter(|s| painted.is_open(s - 1) && !painted.is_open(*s)).collect();
        let exactly = starts.iter().zip(closings.iter().rev()).filter(|(start, closing)| start < closing);
        let exactly = exactly.map(|(start, closing)| (*start, painted.elapsed(*start, *closing).unsigned_abs()));
        for (start, amount) in starts.iter().copied().zip(amounts.iter().copied()).chain(exactly) {
            if let Some(due) = painted.due(start, amount) {
                prop_assert_eq!(ours.due_at(at(start), amount), Ok(at(due)), "{} s from {}", amount, at(start));
            }
            if let Some(begun) = painted.subtract(start, amount) {
                prop_assert_eq!(ours.subtract(at(start), amount), Ok(at(begun)), "{} s to {}", amount, at(start));
            }
            let until = (start + i64::try_from(amount).unwrap()).min(end);
            prop_assert_eq!(ours.elapsed(at(start), at(until)), painted.elapsed(start, until));
        }
    }
}
