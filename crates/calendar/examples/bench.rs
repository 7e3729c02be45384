//! Due dates a second: `cargo run --release --example bench`.
#![allow(missing_docs, clippy::unwrap_used)]

use chrono::{DateTime, TimeDelta, Utc};
use relevo_calendar::Calendar;
use serde_json::json;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let document = json!({
        "time_zone": "Europe/Madrid",
        "hours": {
            "mon": [["09:00", "14:00"], ["15:00", "18:00"]], "tue": [["09:00", "14:00"], ["15:00", "18:00"]],
            "wed": [["09:00", "14:00"], ["15:00", "18:00"]], "thu": [["09:00", "14:00"], ["15:00", "18:00"]],
            "fri": [["09:00", "14:00"]]
        },
        "holidays": ["2026-01-01", "2026-01-06", "2026-04-03", "2026-05-01", "2026-12-25"]
    });
    let calendar = Calendar::parse(&document).unwrap();
    let start: DateTime<Utc> = "2026-01-05T08:00:00Z".parse().unwrap();
    time("parse a calendar", 2_000, |_| black_box(Calendar::parse(&document).unwrap()));
    for (what, seconds) in
        [("an hour", 3600), ("8 hours", 28_800), ("5 days", 144_000), ("10 years", 70_000_000)]
    {
        time(&format!("due in {what}"), 20_000, |n| calendar.due_at(spread(start, n), seconds).unwrap());
    }
    for (what, days) in [("a day", 1), ("a month", 30), ("10 years", 3650), ("1000 years", 365_000)] {
        let count = if days > 10_000 { 20 } else { 20_000 };
        time(&format!("elapsed in {what}"), count, |n| {
            calendar.elapsed(spread(start, n), spread(start, n) + TimeDelta::days(days))
        });
    }
}

/// Some instant of the year.
fn spread(start: DateTime<Utc>, n: i64) -> DateTime<Utc> {
    start + TimeDelta::seconds(n * 7_919 % 31_536_000)
}

fn time<T>(what: &str, count: i64, run: impl Fn(i64) -> T) {
    let begun = Instant::now();
    for n in 0..count {
        black_box(run(n));
    }
    let each = begun.elapsed() / u32::try_from(count).unwrap();
    println!("{what:22} {each:>12.1?}  {:>12.0}/s", 1.0 / each.as_secs_f64());
}
