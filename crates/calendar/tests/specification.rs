//! One table per rule of the README: what is due when, and what has passed.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{at, calendar};
use relevo_calendar::rfc3339;
use serde_json::{Value, json};

/// `(start, seconds, due)`: also that what passes until then is that much, unless the start was closed.
fn due(document: Value, table: &[(&str, u64, &str)]) {
    let calendar = calendar(&document);
    for (start, seconds, expected) in table {
        let found = calendar.due_at(at(start), *seconds).map(rfc3339).map_err(|e| e.to_string());
        assert_eq!(found.as_deref(), Ok(*expected), "{seconds} s from {start} in {document}");
        assert_eq!(
            calendar.elapsed(at(start), at(expected)),
            i64::try_from(*seconds).unwrap(),
            "{start} {expected}"
        );
    }
}

/// `(instant, open)`.
fn open(document: Value, table: &[(&str, bool)]) {
    let calendar = calendar(&document);
    for (instant, expected) in table {
        assert_eq!(calendar.is_open(at(instant)), *expected, "{instant} in {document}");
    }
}

fn madrid() -> Value {
    json!({
        "time_zone": "Europe/Madrid",
        "hours": {
            "mon": [["09:00", "14:00"], ["15:00", "18:00"]],
            "tue": [["09:00", "14:00"], ["15:00", "18:00"]],
            "wed": [["09:00", "14:00"], ["15:00", "18:00"]],
            "thu": [["09:00", "14:00"], ["15:00", "18:00"]],
            "fri": [["09:00", "14:00"]]
        },
        "holidays": ["2026-01-06"],
        "breaks": {"2026-01-07": [["11:00", "11:30"]]},
        "shifts": {"2026-01-10": [["10:00", "12:00"]]}
    })
}

#[test]
fn a_working_week_with_a_holiday_a_break_and_a_shift() {
    due(
        madrid(),
        &[
            ("2026-01-05T08:00:00Z", 5 * 3600, "2026-01-05T13:00:00Z"),
            ("2026-01-05T08:00:00Z", 5 * 3600 + 1, "2026-01-05T14:00:01Z"),
            // Epiphany is skipped, Wednesday has a break of half an hour.
            ("2026-01-05T08:00:00Z", 28_800 + 2 * 3600, "2026-01-07T10:00:00Z"),
            ("2026-01-05T08:00:00Z", 28_800 + 2 * 3600 + 1, "2026-01-07T10:30:01Z"),
            // Friday is short; then the shift of Saturday, then Monday.
            ("2026-01-09T12:00:00Z", 3600, "2026-01-09T13:00:00Z"),
            ("2026-01-09T12:00:00Z", 3 * 3600, "2026-01-10T11:00:00Z"),
            ("2026-01-09T12:00:00Z", 3 * 3600 + 60, "2026-01-12T08:01:00Z"),
            // Summer: an hour earlier by UTC.
            ("2026-07-06T07:00:00Z", 60, "2026-07-06T07:01:00Z"),
        ],
    );
}

#[test]
fn used_up_exactly_at_closing_is_due_at_closing() {
    due(
        madrid(),
        &[
            ("2026-01-05T16:00:00Z", 3600, "2026-01-05T17:00:00Z"),
            ("2026-01-08T16:00:00Z", 3600 + 5 * 3600, "2026-01-09T13:00:00Z"),
            ("2026-01-05T13:00:00Z", 3 * 3600, "2026-01-05T17:00:00Z"),
        ],
    );
}

#[test]
fn zero_seconds_are_due_at_the_first_open_moment() {
    due(
        madrid(),
        &[
            ("2026-01-05T08:00:00Z", 0, "2026-01-05T08:00:00Z"),
            ("2026-01-05T09:17:23Z", 0, "2026-01-05T09:17:23Z"),
            ("2026-01-05T13:00:00Z", 0, "2026-01-05T14:00:00Z"),
            ("2026-01-05T17:00:00Z", 0, "2026-01-07T08:00:00Z"),
            ("2026-01-10T11:00:00Z", 0, "2026-01-12T08:00:00Z"),
        ],
    );
}

#[test]
fn fractions_of_a_second_are_kept() {
    due(
        madrid(),
        &[
            ("2026-01-05T08:00:00.25Z", 3600, "2026-01-05T09:00:00.250Z"),
            // Three quarters of a second fit before 14:00, the rest comes after 15:00.
            ("2026-01-05T12:59:59.25Z", 1, "2026-01-05T14:00:00.250Z"),
            ("2026-01-05T12:59:59.25Z", 0, "2026-01-05T12:59:59.250Z"),
            // Closed: the fraction of the waiting time is nobody's.
            ("2026-01-05T13:30:00.999Z", 60, "2026-01-05T14:01:00Z"),
            ("2026-01-05T07:59:59.999999999Z", 0, "2026-01-05T08:00:00Z"),
        ],
    );
    let desk = calendar(&madrid());
    let exactly = |from, until| desk.elapsed_exact(at(from), at(until)).as_millis();
    assert_eq!(exactly("2026-01-05T12:59:59.250Z", "2026-01-05T14:00:00.100Z"), 850);
    assert_eq!(desk.elapsed(at("2026-01-05T12:59:59.250Z"), at("2026-01-05T14:00:00.100Z")), 0);
    assert_eq!(exactly("2026-01-05T13:10:00.250Z", "2026-01-05T13:40:00.100Z"), 0);
}

#[test]
fn intervals_that_overlap_or_touch_count_once() {
    due(
        json!({
            "time_zone": "UTC",
            "hours": {"mon": [["12:00", "15:00"], ["09:00", "12:30"], ["15:00", "16:00"], ["13:00", "14:00"]]}
        }),
        &[
            ("2026-01-05T00:00:00Z", 7 * 3600, "2026-01-05T16:00:00Z"),
            ("2026-01-05T00:00:00Z", 7 * 3600 + 1, "2026-01-12T09:00:01Z"),
            ("2026-01-05T12:15:00Z", 3600, "2026-01-05T13:15:00Z"),
        ],
    );
    // An interval over midnight and one of the day after that begins inside it.
    due(
        json!({"time_zone": "UTC", "hours": {"mon": [["22:00", "06:00"]], "tue": [["05:00", "07:00"]]}}),
        &[("2026-01-05T00:00:00Z", 9 * 3600, "2026-01-06T07:00:00Z")],
    );
}

#[test]
fn a_day_may_be_whole_and_end_at_24() {
    let monday =
        json!({"time_zone": "UTC", "hours": {"mon": [["00:00", "24:00"]], "tue": [["00:00", "01:00"]]}});
    due(
        monday.clone(),
        &[
            ("2026-01-05T00:00:00Z", 86_400, "2026-01-06T00:00:00Z"),
            ("2026-01-05T00:00:00Z", 86_401, "2026-01-06T00:00:01Z"),
            ("2026-01-05T23:59:59Z", 3601, "2026-01-06T01:00:00Z"),
        ],
    );
    open(
        monday,
        &[("2026-01-04T23:59:59Z", false), ("2026-01-05T00:00:00Z", true), ("2026-01-06T01:00:00Z", false)],
    );
}

#[test]
fn a_night_belongs_to_the_date_on_which_it_starts() {
    let nights = json!({"time_zone": "UTC", "hours": {"fri": [["22:00", "06:00"]]}});
    due(
        nights.clone(),
        &[
            ("2026-01-09T23:00:00Z", 7 * 3600, "2026-01-10T06:00:00Z"),
            ("2026-01-10T05:00:00Z", 3600 + 1, "2026-01-16T22:00:01Z"),
        ],
    );
    open(
        nights,
        &[("2026-01-09T05:00:00Z", false), ("2026-01-10T05:59:59Z", true), ("2026-01-10T06:00:00Z", false)],
    );
}

#[test]
fn a_shift_replaces_its_day_and_leaves_the_night_before() {
    let shift = |intervals: Value| {
        json!({
            "time_zone": "UTC",
            "hours": {"mon": [["22:00", "06:00"]], "tue": [["09:00", "17:00"]]},
            "shifts": {"2026-01-06": intervals}
        })
    };
    open(
        shift(json!([["12:00", "13:00"]])),
        &[
            ("2026-01-06T05:00:00Z", true),
            ("2026-01-06T09:30:00Z", false),
            ("2026-01-06T12:30:00Z", true),
            ("2026-01-13T09:30:00Z", true),
        ],
    );
    // With nothing: the day is closed.
    open(shift(json!([])), &[("2026-01-06T05:00:00Z", true), ("2026-01-06T12:30:00Z", false)]);
    // Over midnight, into a day of other hours.
    open(
        shift(json!([["20:00", "02:00"]])),
        &[("2026-01-06T12:00:00Z", false), ("2026-01-07T01:59:59Z", true), ("2026-01-07T02:00:00Z", false)],
    );
}

#[test]
fn a_holiday_closes_its_whole_local_date() {
    let nights = json!({
        "time_zone": "Europe/Madrid",
        "hours": {"mon": [["22:00", "06:00"]], "tue": [["09:00", "17:00"], ["22:00", "06:00"]], "wed": [["09:00", "17:00"]]},
        "holidays": ["2026-01-06"],
        "shifts": {"2026-01-06": [["10:00", "12:00"], ["23:00", "03:00"]]}
    });
    open(
        nights.clone(),
        &[
            ("2026-01-05T22:59:59Z", true),  // Monday 23:59:59
            ("2026-01-05T23:00:00Z", false), // Tuesday 00:00: the night of Monday is cut
            ("2026-01-06T10:00:00Z", false), // the shift of the holiday
            ("2026-01-06T22:30:00Z", false),
            ("2026-01-07T00:30:00Z", false), // Wednesday 01:30: the night of the holiday never began
            ("2026-01-07T08:00:00Z", true),
        ],
    );
    due(
        nights,
        &[
            ("2026-01-05T22:00:00Z", 3600, "2026-01-05T23:00:00Z"),
            ("2026-01-05T22:00:00Z", 3601, "2026-01-07T08:00:01Z"),
        ],
    );
    // The local date, not that of UTC.
    open(
        json!({"time_zone": "Pacific/Auckland", "around_the_clock": true, "holidays": ["2026-02-06"]}),
        &[
            ("2026-02-05T10:59:59Z", true),
            ("2026-02-05T11:00:00Z", false),
            ("2026-02-06T10:59:59Z", false),
            ("2026-02-06T11:00:00Z", true),
        ],
    );
}

#[test]
fn breaks_are_cut_out_of_what_is_left() {
    let breaks = json!({
        "time_zone": "UTC",
        "hours": {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "tue": [["00:00", "02:00"]]},
        "breaks": {"2026-01-05": [["11:30", "13:30"], ["11:45", "12:15"], ["08:00", "09:15"], ["23:00", "01:00"]]}
    });
    due(
        breaks,
        &[
            ("2026-01-05T00:00:00Z", 0, "2026-01-05T09:15:00Z"),
            ("2026-01-05T09:15:00Z", 8100, "2026-01-05T11:30:00Z"),
            ("2026-01-05T09:15:00Z", 8101, "2026-01-05T13:30:01Z"),
            // The break of Monday night reaches into Tuesday.
            ("2026-01-05T17:00:00Z", 0, "2026-01-06T01:00:00Z"),
        ],
    );
}

#[test]
fn nights_of_the_changing_clocks_have_real_seconds() {
    let nights = json!({"time_zone": "Europe/Madrid", "hours": {"sat": [["22:00", "06:00"]]}});
    due(
        nights,
        &[
            ("2026-03-28T12:00:00Z", 7 * 3600, "2026-03-29T04:00:00Z"), // 02:00 → 03:00: seven hours
            ("2026-03-28T12:00:00Z", 7 * 3600 + 1, "2026-04-04T20:00:01Z"),
            ("2026-10-24T12:00:00Z", 9 * 3600, "2026-10-25T05:00:00Z"), // 03:00 → 02:00: nine
            ("2026-10-24T12:00:00Z", 9 * 3600 + 1, "2026-10-31T21:00:01Z"),
        ],
    );
}

#[test]
fn a_skipped_time_moves_forward_by_the_gap() {
    // 2026-03-29 in Madrid: 02:00 → 03:00, at 01:00 UTC.
    let hours = |from, until| json!({"time_zone": "Europe/Madrid", "hours": {"sun": [[from, until]]}});
    let saturday = "2026-03-28T12:00:00Z";
    // 02:30 is 03:30: an interval from it starts then, one until it ends then.
    due(
        hours("02:30", "05:00"),
        &[(saturday, 0, "2026-03-29T01:30:00Z"), (saturday, 5400, "2026-03-29T03:00:00Z")],
    );
    due(
        hours("01:00", "02:30"),
        &[(saturday, 0, "2026-03-29T00:00:00Z"), (saturday, 5400, "2026-03-29T01:30:00Z")],
    );
    // 02:15–02:45 is 03:15–03:45.
    due(
        hours("02:15", "02:45"),
        &[(saturday, 0, "2026-03-29T01:15:00Z"), (saturday, 1800, "2026-03-29T01:45:00Z")],
    );
    // 02:30–03:10 ends before it starts: not this week.
    due(hours("02:30", "03:10"), &[(saturday, 0, "2026-04-05T00:30:00Z")]);
    // Breaks follow the same rule.
    due(
        json!({
            "time_zone": "Europe/Madrid",
            "hours": {"sun": [["01:00", "05:00"]]},
            "breaks": {"2026-03-29": [["02:15", "02:45"]]}
        }),
        &[(saturday, 2 * 3600, "2026-03-29T02:30:00Z")],
    );
}

#[test]
fn a_time_that_occurs_twice_means_the_first() {
    // 2026-10-25 in Madrid: 03:00 → 02:00, at 01:00 UTC.
    let hours = |from, until| json!({"time_zone": "Europe/Madrid", "hours": {"sun": [[from, until]]}});
    let saturday = "2026-10-24T12:00:00Z";
    due(
        hours("02:30", "04:00"),
        &[(saturday, 0, "2026-10-25T00:30:00Z"), (saturday, 9000, "2026-10-25T03:00:00Z")],
    );
    due(
        hours("01:00", "02:30"),
        &[(saturday, 5400, "2026-10-25T00:30:00Z"), (saturday, 5401, "2026-11-01T00:00:01Z")],
    );
    open(
        hours("01:00", "02:30"),
        &[("2026-10-25T00:29:59Z", true), ("2026-10-25T00:30:00Z", false), ("2026-10-25T01:15:00Z", false)],
    );
}

#[test]
fn clocks_that_change_at_midnight() {
    // Beirut 2026-03-29: 00:00 → 01:00. The date starts at 01:00.
    let beirut = json!({"time_zone": "Asia/Beirut", "hours": {"sun": [["00:00", "02:00"]]}});
    due(
        beirut,
        &[
            ("2026-03-28T12:00:00Z", 0, "2026-03-28T22:00:00Z"),
            ("2026-03-28T12:00:00Z", 3600, "2026-03-28T23:00:00Z"),
        ],
    );
    // Havana 2024-11-03: 01:00 → 00:00; the holiday has 25 hours.
    let havana = json!({"time_zone": "America/Havana", "around_the_clock": true, "holidays": ["2024-11-03"]});
    open(
        havana,
        &[
            ("2024-11-03T03:59:59Z", true),
            ("2024-11-03T04:00:00Z", false),
            ("2024-11-03T05:30:00Z", false),
            ("2024-11-04T04:59:59Z", false),
            ("2024-11-04T05:00:00Z", true),
        ],
    );
    // Nuuk 2026-03-28: 23:00 → 00:00 of the day after, which skips the end of the Saturday.
    let nuuk = json!({"time_zone": "America/Nuuk", "hours": {"sat": [["22:00", "24:00"]], "sun": [["00:00", "01:00"]]}});
    due(
        nuuk,
        &[
            ("2026-03-28T12:00:00Z", 0, "2026-03-29T00:00:00Z"),
            ("2026-03-28T12:00:00Z", 7200, "2026-03-29T02:00:00Z"),
        ],
    );
}

#[test]
fn lord_howe_moves_by_half_an_hour() {
    let nights = json!({"time_zone": "Australia/Lord_Howe", "hours": {"sat": [["22:00", "06:00"]]}});
    due(
        nights,
        &[
            // 2026-04-05 02:00 → 01:30; 22:00 is 11:00 UTC, 06:00 is 19:30 UTC.
            ("2026-04-04T08:00:00Z", 8 * 3600 + 1800, "2026-04-04T19:30:00Z"),
            // 2026-10-04 02:00 → 02:30; 22:00 is 11:30 UTC, 06:00 is 19:00 UTC.
            ("2026-10-03T08:00:00Z", 7 * 3600 + 1800, "2026-10-03T19:00:00Z"),
        ],
    );
}

#[test]
fn a_date_that_does_not_exist_has_no_hours() {
    // Samoa went from Thursday 2011-12-29 to Saturday 2011-12-31.
    let days = json!({
        "time_zone": "Pacific/Apia",
        "hours": {"thu": [["09:00", "17:00"]], "fri": [["09:00", "17:00"]], "sat": [["20:00", "21:00"]]}
    });
    due(
        days,
        &[
            ("2011-12-29T19:00:00Z", 8 * 3600, "2011-12-30T03:00:00Z"),
            ("2011-12-29T19:00:00Z", 8 * 3600 + 1, "2011-12-31T06:00:01Z"),
        ],
    );
    // The night of Thursday goes on on Saturday; the holiday that never was closes nothing.
    let nights = json!({
        "time_zone": "Pacific/Apia",
        "hours": {"thu": [["22:00", "06:00"]], "fri": [["22:00", "06:00"]]},
        "holidays": ["2011-12-30"],
        "breaks": {"2011-12-30": [["00:00", "24:00"]]}
    });
    due(nights, &[("2011-12-30T00:00:00Z", 8 * 3600, "2011-12-30T16:00:00Z")]);
}

#[test]
fn zones_that_changed_their_rules() {
    let nine = |zone: &str| json!({"time_zone": zone, "hours": {"mon": [["09:00", "17:00"]]}});
    // Moscow: +4 until 2014-10-26, +3 since. Istanbul: for good +3 since 2016. Mexico: no summer time since 2022.
    due(
        nine("Europe/Moscow"),
        &[
            ("2014-10-20T00:00:00Z", 0, "2014-10-20T05:00:00Z"),
            ("2014-10-27T00:00:00Z", 0, "2014-10-27T06:00:00Z"),
        ],
    );
    due(
        nine("Europe/Istanbul"),
        &[
            ("2016-01-11T00:00:00Z", 0, "2016-01-11T07:00:00Z"),
            ("2017-01-09T00:00:00Z", 0, "2017-01-09T06:00:00Z"),
        ],
    );
    due(
        nine("America/Mexico_City"),
        &[
            ("2022-07-04T00:00:00Z", 0, "2022-07-04T14:00:00Z"),
            ("2026-07-06T00:00:00Z", 0, "2026-07-06T15:00:00Z"),
        ],
    );
    // The tables of the database end in 2037, the rules do not.
    due(
        nine("Europe/Madrid"),
        &[
            ("2039-07-04T00:00:00Z", 0, "2039-07-04T07:00:00Z"),
            ("2039-01-03T00:00:00Z", 0, "2039-01-03T08:00:00Z"),
        ],
    );
}

#[test]
fn around_the_clock_is_the_wall_but_for_holidays() {
    let always = json!({"time_zone": "Europe/Paris", "around_the_clock": true});
    due(
        always.clone(),
        &[
            ("2026-03-01T10:00:00Z", 30 * 86_400, "2026-03-31T10:00:00Z"),
            ("2026-03-01T10:00:00.5Z", 0, "2026-03-01T10:00:00.500Z"),
        ],
    );
    open(always, &[("1970-01-01T00:00:00Z", true), ("2200-01-01T00:00:00Z", true)]);
}

#[test]
fn searches_end_after_fifteen_years() {
    let calendar = calendar(&json!({"time_zone": "UTC", "hours": {"mon": [["09:00", "10:00"]]}}));
    let start = at("2026-01-05T00:00:00Z");
    // 52 hours a year: 780 are there, 790 are not.
    assert!(calendar.due_at(start, 780 * 3600).unwrap() > at("2040-12-01T00:00:00Z"));
    let error = calendar.due_at(start, 790 * 3600).unwrap_err();
    assert_eq!((error.start, error.seconds), (start, 790 * 3600));
    assert!(error.to_string().contains("15 years"), "{error}");
    assert!(calendar.due_at(start, u64::MAX).is_err());
    assert!(calendar.subtract(start, u64::MAX).is_err());
    // A calendar of dates that are over never opens again.
    let past = common::calendar(&json!({"time_zone": "UTC", "shifts": {"2020-01-01": [["09:00", "10:00"]]}}));
    assert!(past.next_open(start).is_err());
    assert_eq!(past.next_open(at("2019-01-01T00:00:00Z")).map(rfc3339).unwrap(), "2020-01-01T09:00:00Z");
    assert_eq!(past.subtract(start, 3600).map(rfc3339).unwrap(), "2020-01-01T09:00:00Z");
}

#[test]
fn extreme_instants_are_answered() {
    for document in [madrid(), json!({"time_zone": "America/New_York", "around_the_clock": true})] {
        let calendar = calendar(&document);
        for instant in [chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC] {
            let _ = calendar.due_at(instant, 1);
            let _ = calendar.due_at(instant, u64::MAX);
            let _ = calendar.subtract(instant, 1);
            let _ = (calendar.is_open(instant), calendar.shift_at(instant), calendar.next_open(instant));
        }
        let whole = calendar.elapsed(at("1800-01-01T00:00:00Z"), at("2400-12-31T00:00:00Z"));
        assert!(whole > 0);
    }
}

#[test]
fn subtracting_goes_back_to_the_latest_start() {
    let calendar = calendar(&madrid());
    let table = [
        ("2026-01-05T09:00:00Z", 3600, "2026-01-05T08:00:00Z"),
        ("2026-01-05T14:00:00Z", 3600, "2026-01-05T12:00:00Z"), // from 15:00, over lunch
        ("2026-01-07T08:30:00Z", 3600, "2026-01-05T16:30:00Z"), // over the holiday
        ("2026-01-05T16:00:00Z", 0, "2026-01-05T16:00:00Z"),
        ("2026-01-07T08:00:00Z", 0, "2026-01-05T17:00:00Z"),
        ("2026-01-06T12:00:00Z", 0, "2026-01-05T17:00:00Z"),
        ("2026-01-05T14:00:00.250Z", 1, "2026-01-05T12:59:59.250Z"),
    ];
    for (end, seconds, expected) in table {
        assert_eq!(
            calendar.subtract(at(end), seconds).map(rfc3339).unwrap(),
            expected,
            "{seconds} s before {end}"
        );
    }
}

#[test]
fn elapsed_backwards_is_negative() {
    let calendar = calendar(&madrid());
    let (a, b) = (at("2026-01-05T12:00:00Z"), at("2026-01-05T15:00:00Z"));
    assert_eq!((calendar.elapsed(a, b), calendar.elapsed(b, a), calendar.elapsed(a, a)), (7200, -7200, 0));
}

#[test]
fn the_shift_at_work() {
    let calendar = calendar(&json!({
        "time_zone": "Europe/Moscow",
        "hours": {"mon": [["09:00", "18:00"], ["12:00", "21:00"]], "tue": [["22:00", "06:00"]], "wed": [["22:00", "06:00"]]},
        "holidays": ["2026-01-15"],
        "breaks": {"2026-01-12": [["14:00", "14:30"]]}
    }));
    let shift = |instant| {
        calendar.shift_at(at(instant)).map(|s| (s.date.to_string(), rfc3339(s.opens), rfc3339(s.closes)))
    };
    let of =
        |date: &str, opens: &str, closes: &str| Some((date.to_owned(), opens.to_owned(), closes.to_owned()));
    let (early, late) = (("06:00", "15:00"), ("09:00", "18:00"));
    let monday = |(from, until): (&str, &str)| {
        of("2026-01-12", &format!("2026-01-12T{from}:00Z"), &format!("2026-01-12T{until}:00Z"))
    };
    assert_eq!(shift("2026-01-12T06:00:00Z"), monday(early));
    assert_eq!(shift("2026-01-12T10:00:00Z"), monday(early), "the one that started first");
    assert_eq!(shift("2026-01-12T15:00:00Z"), monday(late));
    assert_eq!(shift("2026-01-12T11:15:00Z"), None, "a break");
    assert_eq!(shift("2026-01-12T18:00:00Z"), None, "closing time");
    assert_eq!(
        shift("2026-01-14T01:00:00Z"),
        of("2026-01-13", "2026-01-13T19:00:00Z", "2026-01-14T03:00:00Z")
    );
    assert_eq!(
        shift("2026-01-14T20:00:00Z"),
        of("2026-01-14", "2026-01-14T19:00:00Z", "2026-01-14T21:00:00Z"),
        "ends at the midnight of the holiday"
    );
}
