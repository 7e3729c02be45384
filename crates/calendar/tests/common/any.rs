//! Random calendars.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{Days, NaiveDate};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Zones with a date near which something happens to them.
pub const EVENTFUL: [(&str, &str); 16] = [
    ("Europe/Madrid", "2025-03-30"),
    ("Europe/Madrid", "2025-10-26"),
    ("Europe/Dublin", "2025-10-26"),
    ("America/New_York", "2025-03-09"),
    ("America/New_York", "2025-11-02"),
    ("America/St_Johns", "2010-11-07"),
    ("America/Havana", "2024-11-03"),
    ("America/Nuuk", "2025-03-29"),
    ("Australia/Lord_Howe", "2025-04-06"),
    ("Australia/Lord_Howe", "2025-10-05"),
    ("Pacific/Apia", "2011-12-30"),
    ("Pacific/Kwajalein", "1993-08-21"),
    ("Africa/Casablanca", "2025-02-23"),
    ("Asia/Beirut", "2025-03-30"),
    ("Antarctica/Troll", "2025-03-30"),
    ("Asia/Kolkata", "2025-05-05"),
];

pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A time of the day: quarters mostly, midnight and the small hours often, any second now and then.
fn second() -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => (0_u32..96).prop_map(|quarter| quarter * 900),
        3 => (0_u32..24).prop_map(|quarter| quarter * 900),
        1 => Just(0_u32),
        2 => 0_u32..86_400,
    ]
}

fn text(second: u32) -> String {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

fn interval() -> impl Strategy<Value = Value> {
    (second(), second(), any::<u8>()).prop_filter_map("no length", |(start, end, whole)| {
        let end = if whole < 20 { "24:00".to_owned() } else { text(end) };
        (text(start) != end).then(|| json!([text(start), end]))
    })
}

fn dated(around: NaiveDate) -> impl Strategy<Value = Map<String, Value>> {
    btree_map(0_u64..9, vec(interval(), 0..3), 0..3).prop_map(move |dates| {
        let day = |n: u64| (around - Days::new(4) + Days::new(n)).to_string();
        dates.into_iter().map(|(n, intervals)| (day(n), Value::Array(intervals))).collect()
    })
}

/// A calendar in a zone, with its exceptions around a date.
pub fn document(zone: &'static str, around: NaiveDate) -> impl Strategy<Value = Value> {
    let hours = vec(vec(interval(), 0..3), 7).prop_map(|week| {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        days.iter().zip(week).map(|(day, i)| ((*day).to_owned(), Value::Array(i))).collect::<Map<_, _>>()
    });
    let holidays = vec(0_u64..9, 0..3).prop_map(move |days| {
        days.iter().map(|n| json!((around - Days::new(4) + Days::new(*n)).to_string())).collect::<Value>()
    });
    (hours, holidays, dated(around), dated(around), 0_u8..10)
        .prop_map(move |(hours, holidays, breaks, shifts, kind)| {
            let mut document = json!({"time_zone": zone, "holidays": holidays, "breaks": breaks});
            if kind == 0 {
                document["around_the_clock"] = json!(true);
            } else {
                document["hours"] = json!(hours);
            }
            document["shifts"] = json!(shifts);
            document
        })
        .prop_filter("no hours", |document| relevo_calendar::Calendar::parse(document).is_ok())
}

/// Any of the eventful zones with a calendar around its date.
pub fn eventful() -> impl Strategy<Value = (&'static str, NaiveDate, Value)> {
    proptest::sample::select(&EVENTFUL[..]).prop_flat_map(|(zone, day)| {
        let day = date(day);
        document(zone, day).prop_map(move |document| (zone, day, document))
    })
}
