//! What holds for every calendar.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use chrono::{DateTime, NaiveDate, Utc};
use common::any::document;
use common::calendar;
use proptest::prelude::*;
use relevo_calendar::{Calendar, Zone, preview, rfc3339};
use serde_json::{Value, json};
use std::time::Duration;

/// Zones of all kinds of rules.
const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Madrid",
    "Europe/Moscow",
    "America/New_York",
    "America/Mexico_City",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
];

/// A calendar and an instant near its exceptions.
fn any() -> impl Strategy<Value = (Calendar, DateTime<Utc>)> {
    (proptest::sample::select(&ZONES[..]), 1975_i32..2060, 1_u32..366)
        .prop_flat_map(|(zone, year, day)| {
            let around = NaiveDate::from_yo_opt(year, day.min(365)).unwrap();
            let seconds = (-10_i64 * 86_400..10 * 86_400, 0_u32..4);
            (document(zone, around), seconds, Just(around))
        })
        .prop_map(|(document, (seconds, quarters), around)| {
            let second = around.and_time(Default::default()).and_utc().timestamp() + seconds;
            (calendar(&document), DateTime::from_timestamp(second, quarters * 250_000_000).unwrap())
        })
}

/// Amounts from seconds to years.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![1_u64..100, 1_u64..40_000, 1_u64..1_000_000, 1_u64..30_000_000]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn elapsed_is_what_was_added((calendar, start) in any(), seconds in amount()) {
        let Ok(due) = calendar.due_at(start, seconds) else { return Ok(()) };
        prop_assert!(due > start);
        prop_assert_eq!(calendar.elapsed_exact(start, due), Duration::from_secs(seconds));
        // It is the first such instant: a moment before there is less.
        let moment = due - chrono::TimeDelta::nanoseconds(1);
        prop_assert!(calendar.elapsed_exact(start, moment) < Duration::from_secs(seconds));
    }

    #[test]
    fn subtracting_undoes_adding((calendar, at) in any(), seconds in amount()) {
        let Ok(open) = calendar.next_open(at) else { return Ok(()) };
        prop_assert!(calendar.is_open(open) && open >= at);
        prop_assert_eq!(calendar.elapsed_exact(at, open), Duration::ZERO);
        if let Ok(due) = calendar.due_at(open, seconds) {
            prop_assert_eq!(calendar.subtract(due, seconds), Ok(open));
        }
        if let Ok(begun) = calendar.subtract(at, seconds) {
            prop_assert_eq!(calendar.elapsed_exact(begun, at), Duration::from_secs(seconds));
            prop_assert!(calendar.is_open(begun));
        }
    }

    #[test]
    fn later_and_longer_are_due_later((calendar, start) in any(), seconds in amount(), more in amount()) {
        let (Ok(due), Ok(longer)) = (calendar.due_at(start, seconds), calendar.due_at(start, seconds + more)) else {
            return Ok(());
        };
        prop_assert!(longer > due);
        let later = start + chrono::TimeDelta::seconds(i64::try_from(more).unwrap());
        if let Ok(from_later) = calendar.due_at(later, seconds) {
            prop_assert!(from_later >= due);
        }
    }

    #[test]
    fn a_split_changes_nothing((calendar, start) in any(), first in amount(), second in amount()) {
        let Ok(whole) = calendar.due_at(start, first + second) else { return Ok(()) };
        let middle = calendar.due_at(start, first).unwrap();
        prop_assert_eq!(calendar.due_at(middle, second), Ok(whole));
        let parts = calendar.elapsed_exact(start, middle) + calendar.elapsed_exact(middle, whole);
        prop_assert_eq!(parts, calendar.elapsed_exact(start, whole));
    }

    #[test]
    fn what_passes_is_at_most_the_wall((calendar, start) in any(), seconds in amount()) {
        let end = start + chrono::TimeDelta::seconds(i64::try_from(seconds).unwrap());
        let open = calendar.elapsed_exact(start, end);
        prop_assert!(open <= Duration::from_secs(seconds));
        prop_assert_eq!(calendar.elapsed(end, start), -calendar.elapsed(start, end));
        if calendar.shift_at(start).is_some() {
            prop_assert!(calendar.is_open(start));
        }
    }

    #[test]
    fn fractions_add_up((calendar, start) in any(), millis in 0_u64..100_000) {
        let amount = Duration::from_millis(millis);
        let Ok(due) = calendar.due_after(start, amount) else { return Ok(()) };
        prop_assert_eq!(calendar.elapsed_exact(start, due), amount);
    }

    #[test]
    fn a_shift_contains_its_instants((calendar, at) in any()) {
        prop_assert_eq!(calendar.shift_at(at).is_some(), calendar.is_open(at));
        if let Some(shift) = calendar.shift_at(at) {
            prop_assert!(shift.opens <= at && at < shift.closes);
        }
    }

    #[test]
    fn what_is_written_reads_the_same((calendar, start) in any(), seconds in amount()) {
        let document = serde_json::to_value(&calendar).unwrap();
        let read: Calendar = serde_json::from_value(document.clone()).unwrap();
        prop_assert_eq!(&read, &calendar);
        prop_assert_eq!(serde_json::to_value(&read).unwrap(), document.clone());
        // The preview says what the calendar says.
        let item = json!({"calendar": document, "start": rfc3339(start), "seconds": seconds});
        let previewed = preview(&item, &|_| None).map_err(|problems| problems.len());
        let due = calendar.due_at(start, seconds).map(|due| json!({"due": rfc3339(due)})).map_err(|_| 1);
        prop_assert_eq!(previewed, due);
    }

    #[test]
    fn any_document_is_answered(document in json_value()) {
        let _ = Calendar::parse(&document);
        let _ = preview(&document, &|_| None);
    }

    #[test]
    fn a_wall_time_has_an_instant(zone in proptest::sample::select(&ZONES[..]), second in -4_000_000_000_i64..6_000_000_000) {
        let zone = Zone::parse(zone).unwrap();
        let at = DateTime::from_timestamp(second, 0).unwrap();
        let local = zone.local(at);
        let back = zone.instant(local).unwrap();
        // The same, or the first of two readings.
        prop_assert!(back <= at && zone.local(back) == local);
    }
}

/// Documents that look somewhat like calendars.
fn json_value() -> impl Strategy<Value = Value> {
    let key = proptest::sample::select(vec![
        "time_zone",
        "hours",
        "holidays",
        "breaks",
        "shifts",
        "around_the_clock",
        "mon",
        "sun",
        "2026-01-06",
        "date",
        "name",
        "calendar",
        "start",
        "seconds",
        "end",
        "Ñ/~",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!("Europe/Madrid")),
        Just(json!("09:00")),
        Just(json!("24:00")),
        Just(json!("2026-02-30")),
        Just(json!("2026-01-05T08:00:00Z")),
        Just(json!(-1)),
        Just(json!(1.5)),
        Just(json!(u64::MAX)),
        Just(json!("+262143-12-31T23:59:60Z")),
        ".*".prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}
