//! What a calendar and a preview refuse, where they say it is wrong, and what they say to do.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use relevo_calendar::{Calendar, Problem, preview};
use serde_json::{Value, json};

/// The pointers and messages of what is wrong.
fn refused(document: Value) -> Vec<(String, String)> {
    match Calendar::parse(&document) {
        Ok(calendar) => panic!("accepted: {calendar:?}"),
        Err(problems) => {
            problems.into_iter().map(|Problem { pointer, message }| (pointer, message)).collect()
        }
    }
}

/// One problem at this place whose message contains this.
fn refuses(document: Value, pointer: &str, message: &str) {
    let problems = refused(document.clone());
    let [(at, said)] = problems.as_slice() else { panic!("{document}: {problems:?}") };
    assert_eq!(at, pointer, "{document}: {said}");
    assert!(said.contains(message), "{document}: {said:?} lacks {message:?}");
}

fn with(field: &str, value: Value) -> Value {
    let mut document = json!({"time_zone": "Europe/Madrid", "hours": {"mon": [["09:00", "17:00"]]}});
    document[field] = value;
    document
}

#[test]
fn a_calendar_is_an_object_of_known_fields() {
    refuses(json!([]), "", "must be an object, not a list");
    refuses(json!(null), "", "must be an object, not null");
    refuses(with("holliday", json!([])), "/holliday", "known are time_zone, hours");
    refuses(with("a/b~c", json!([])), "/a~1b~0c", "no such field");
}

#[test]
fn a_time_zone_is_one_of_the_database() {
    refuses(json!({"hours": {"mon": [["09:00", "17:00"]]}}), "", "time_zone is missing");
    refuses(with("time_zone", json!(1)), "/time_zone", "must be a text, not a number");
    refuses(with("time_zone", json!("Mars/Olympus")), "/time_zone", r#"write one such as "Europe/Madrid""#);
    refuses(with("time_zone", json!("europe/madrid")), "/time_zone", r#"did you mean "Europe/Madrid"?"#);
    refuses(with("time_zone", json!("Lord Howe")), "/time_zone", r#"did you mean "Australia/Lord_Howe"?"#);
    refuses(with("time_zone", json!("")), "/time_zone", "is not a time zone");
    refuses(with("time_zone", json!("+01:00")), "/time_zone", "is not a time zone");
}

#[test]
fn a_calendar_without_any_hours_never_opens() {
    let zone = |rest: Value| {
        let mut document = json!({"time_zone": "UTC"});
        document.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        document
    };
    refuses(zone(json!({})), "", "a calendar without any hours");
    refuses(zone(json!({"hours": {}})), "/hours", "a calendar without any hours");
    refuses(zone(json!({"hours": {"mon": [], "tue": []}})), "/hours", "a calendar without any hours");
    refuses(
        zone(json!({"hours": {"mon": []}, "shifts": {"2026-01-06": []}})),
        "/hours",
        "a calendar without any hours",
    );
    refuses(zone(json!({"around_the_clock": false})), "", "a calendar without any hours");
    assert!(Calendar::parse(&zone(json!({"shifts": {"2026-01-06": [["09:00", "10:00"]]}}))).is_ok());
}

#[test]
fn around_the_clock_is_true_or_false_and_has_no_hours() {
    refuses(with("around_the_clock", json!(true)), "/hours", "leave out one of the two");
    refuses(with("around_the_clock", json!("yes")), "/around_the_clock", "must be true or false, not a text");
    assert!(Calendar::parse(&with("around_the_clock", json!(false))).is_ok());
}

#[test]
fn hours_name_days_and_intervals() {
    refuses(with("hours", json!([])), "/hours", "must be an object");
    refuses(
        with("hours", json!({"monday": [["09:00", "17:00"]], "mon": [["09:00", "17:00"]]})),
        "/hours/monday",
        "known are mon, tue",
    );
    let hours = |interval: Value| with("hours", json!({"mon": [["09:00", "10:00"], interval]}));
    let cases = [
        (json!("09:00-17:00"), "an interval is a start and an end"),
        (json!(["09:00"]), "an interval is a start and an end"),
        (json!(["09:00", "12:00", "13:00"]), "an interval is a start and an end"),
        (json!([9, 17]), "an interval is a start and an end"),
        (json!(["9:00", "17:00"]), "\"9:00\" is not a time of the day"),
        (json!(["09:00", "25:00"]), "\"25:00\" is not a time"),
        (json!(["09:00", "24:01"]), "\"24:01\" is not a time"),
        (json!(["09:60", "17:00"]), "\"09:60\" is not a time"),
        (json!(["09:00:60", "17:00"]), "is not a time"),
        (json!(["09:00:00:00", "17:00"]), "is not a time"),
        (json!(["٠٩:00", "17:00"]), "is not a time"),
        (json!(["+9:00", "17:00"]), "is not a time"),
        (json!(["", "17:00"]), "is not a time"),
        (json!(["24:00", "06:00"]), "start it at 00:00 of the day after"),
        (json!(["09:00", "09:00"]), "has no length"),
        (json!(["00:00", "00:00"]), r#"write ["00:00","24:00"]"#),
    ];
    for (interval, message) in cases {
        refuses(hours(interval), "/hours/mon/1", message);
    }
    refuses(
        with("hours", json!({"mon": {"from": "09:00"}, "tue": [["09:00", "10:00"]]})),
        "/hours/mon",
        "must be a list",
    );
}

#[test]
fn dates_are_dates() {
    for field in ["breaks", "shifts"] {
        refuses(with(field, json!([])), &format!("/{field}"), "must be an object");
        refuses(
            with(field, json!({"6.1.2026": []})),
            &format!("/{field}/6.1.2026"),
            "write it as 2026-01-06",
        );
        refuses(with(field, json!({"2026-02-29": []})), &format!("/{field}/2026-02-29"), "is not a date");
        refuses(
            with(field, json!({"2026-01-06": [["09:00", "9"]]})),
            &format!("/{field}/2026-01-06/0"),
            "is not a time",
        );
    }
    refuses(with("holidays", json!("2026-01-06")), "/holidays", "must be a list");
    refuses(with("holidays", json!(["2026-01-01", "2026-1-6"])), "/holidays/1", "write it as 2026-01-06");
    refuses(with("holidays", json!([20_260_106])), "/holidays/0", "must be a text");
    refuses(with("holidays", json!([{"name": "Epifanía"}])), "/holidays/0", "date is missing");
    refuses(
        with("holidays", json!([{"date": "2026-01-06", "name": 6}])),
        "/holidays/0/name",
        "must be a text",
    );
    refuses(
        with("holidays", json!([{"date": "2026-01-06", "nmae": "x"}])),
        "/holidays/0/nmae",
        "known are date, name",
    );
    refuses(with("holidays", json!([{"date": "2026-13-06"}])), "/holidays/0/date", "is not a date");
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let pointers: Vec<String> = refused(json!({
        "time_zone": "Nowhere",
        "hours": {"mon": [["09:00", "8"]], "luns": []},
        "holidays": ["x"],
        "colour": "red"
    }))
    .into_iter()
    .map(|(pointer, _)| pointer)
    .collect();
    assert_eq!(pointers, ["/colour", "/time_zone", "/hours/luns", "/hours/mon/0", "/holidays/0"]);
}

#[test]
fn holidays_keep_their_names() {
    let calendar = common::calendar(&with(
        "holidays",
        json!(["2026-01-06", {"date": "2026-01-06", "name": "Epifanía"}, {"date": "2026-12-25", "name": "Navidad"}]),
    ));
    let names: Vec<String> = calendar.holidays().map(|(date, name)| format!("{date} {name}")).collect();
    assert_eq!(names, ["2026-01-06 Epifanía", "2026-12-25 Navidad"]);
    let error = serde_json::from_value::<Calendar>(json!({"time_zone": "UTC"})).unwrap_err();
    assert!(error.to_string().contains("a calendar without any hours"), "{error}");
}

fn asked(item: Value) -> Result<Value, Vec<(String, String)>> {
    let named = |name: &str| (name == "madrid").then(|| common::calendar(&with("holidays", json!([]))));
    preview(&item, &named).map_err(|problems| problems.into_iter().map(|p| (p.pointer, p.message)).collect())
}

#[test]
fn previews_answer() {
    let start = "2026-01-05T08:00:00Z";
    assert_eq!(
        asked(json!({"calendar": "madrid", "start": start, "seconds": 28_800})),
        Ok(json!({"due": "2026-01-05T16:00:00Z"}))
    );
    assert_eq!(
        asked(json!({"calendar": "madrid", "start": "2026-01-05T09:00:00+01:00", "seconds": 0})),
        Ok(json!({"due": start}))
    );
    assert_eq!(
        asked(json!({"calendar": "madrid", "start": start, "end": "2026-01-13T00:00:00Z"})),
        Ok(json!({"elapsed_seconds": 57_600}))
    );
    assert_eq!(
        asked(json!({"calendar": "madrid", "start": start, "end": start})),
        Ok(json!({"elapsed_seconds": 0}))
    );
    let inline = with("breaks", json!({"2026-01-05": [["09:00", "09:30"]]}));
    assert_eq!(
        asked(json!({"calendar": inline, "start": start, "seconds": 1})),
        Ok(json!({"due": "2026-01-05T08:30:01Z"}))
    );
}

#[test]
fn previews_refuse() {
    let start = "2026-01-05T08:00:00Z";
    let cases = [
        (json!("x"), "", "must be an object"),
        (json!({"start": start, "seconds": 1}), "", "calendar is missing"),
        (json!({"calendar": "madrid", "seconds": 1}), "", "start is missing"),
        (json!({"calendar": "madrid", "start": start}), "", "give seconds"),
        (json!({"calendar": "madrid", "start": start, "seconds": 1, "end": start}), "/end", "not both"),
        (
            json!({"calendar": "madrid", "start": start, "seconds": 1, "priority": 1}),
            "/priority",
            "no such field",
        ),
        (json!({"calendar": "Madrid", "start": start, "seconds": 1}), "/calendar", "no calendar \"Madrid\""),
        (json!({"calendar": 1, "start": start, "seconds": 1}), "/calendar", "must be the name"),
        (
            json!({"calendar": {"time_zone": "UTC", "hours": {}}, "start": start, "seconds": 1}),
            "/calendar/hours",
            "without any hours",
        ),
        (json!({"calendar": "madrid", "start": "2026-01-05", "seconds": 1}), "/start", "is not an instant"),
        (
            json!({"calendar": "madrid", "start": "2026-01-05T08:00:00", "seconds": 1}),
            "/start",
            "is not an instant",
        ),
        (json!({"calendar": "madrid", "start": start, "seconds": -1}), "/seconds", "zero or more, not -1"),
        (json!({"calendar": "madrid", "start": start, "seconds": 1.5}), "/seconds", "zero or more, not 1.5"),
        (
            json!({"calendar": "madrid", "start": start, "seconds": "1"}),
            "/seconds",
            "zero or more, not a text",
        ),
        (json!({"calendar": "madrid", "start": start, "seconds": 500_000_000}), "/seconds", "15 years"),
        (
            json!({"calendar": "madrid", "start": start, "end": "2026-01-05T07:59:59Z"}),
            "/end",
            "is before start",
        ),
        (
            json!({"calendar": "madrid", "start": start, "end": "2046-01-05T07:59:59Z"}),
            "/end",
            "fifteen years",
        ),
        (json!({"calendar": "madrid", "start": start, "end": 7}), "/end", "must be a text"),
    ];
    for (item, pointer, message) in cases {
        let problems = asked(item.clone()).unwrap_err();
        let [(at, said)] = problems.as_slice() else { panic!("{item}: {problems:?}") };
        assert!(at == pointer && said.contains(message), "{item}: {at} {said}");
    }
}
