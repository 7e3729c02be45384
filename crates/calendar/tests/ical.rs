//! Holidays from iCalendar files.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use proptest::prelude::*;
use relevo_calendar::ical::parse_holidays;

/// The dates and names of a calendar of these lines.
fn read(lines: &str) -> Result<Vec<String>, Vec<String>> {
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}\r\nEND:VCALENDAR\r\n", lines.join("\r\n"));
    parse_holidays(&text, 2025..=2028)
        .map(|found| {
            found.iter().map(|(date, name)| format!("{date} {name}").trim_end().to_owned()).collect()
        })
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// One event of these lines.
fn event(lines: &str) -> Result<Vec<String>, Vec<String>> {
    read(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"))
}

#[test]
fn all_day_events_are_holidays() {
    assert_eq!(
        event("DTSTART;VALUE=DATE:20260106\nDTEND;VALUE=DATE:20260107\nSUMMARY:Epifanía"),
        Ok(vec!["2026-01-06 Epifanía".into()])
    );
    assert_eq!(
        event("DTSTART:20260106\nSUMMARY;LANGUAGE=es:Reyes\\, \\;\\\\ día\\nfestivo"),
        Ok(vec!["2026-01-06 Reyes, ;\\ día festivo".into()])
    );
    assert_eq!(event("DTSTART;VALUE=DATE:20260106"), Ok(vec!["2026-01-06".into()]));
    // The end is the day after; some write the start again.
    let days = |rest: &str| event(&format!("DTSTART;VALUE=DATE:20260402\nSUMMARY:x\n{rest}"));
    let two = Ok(vec!["2026-04-02 x".to_owned(), "2026-04-03 x".to_owned()]);
    assert_eq!(days("DTEND;VALUE=DATE:20260404"), two);
    assert_eq!(days("DURATION:P2D"), two);
    assert_eq!(days("DTEND;VALUE=DATE:20260402"), Ok(vec!["2026-04-02 x".to_owned()]));
    assert_eq!(days("DURATION:P1W").unwrap().len(), 7);
    assert_eq!(days("STATUS:CANCELLED"), Ok(vec![]));
}

#[test]
fn files_come_folded_with_any_line_ends_and_with_other_things_in_them() {
    let file = "\u{feff}BEGIN:VCALENDAR\nX-WR-CALNAME;X=\"a:b\":Festivos\n\nBEGIN:VTIMEZONE\nDTSTART:19701025T030000\nRRULE:FREQ=HOURLY\nEND:VTIMEZONE\nBEGIN:VEVENT\r\nDTSTART;VALUE=DA\r\n TE:2026\n\t0106\nSUMMARY:Epi\n  fanía\nBEGIN:VALARM\nDURATION:PT15M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR";
    let found = parse_holidays(file, 2026..=2026).unwrap();
    assert_eq!(found, [(common::any::date("2026-01-06"), "Epi fanía".to_owned())]);
    // Years that were not asked for are left out.
    assert_eq!(parse_holidays(file, 2027..=2030).unwrap(), []);
}

#[test]
fn yearly_repetitions_are_written_out() {
    let of = |start: &str, rule: &str| event(&format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}"));
    let years = |day: &str| (2025..=2028).map(|year| format!("{year}-{day}")).collect::<Vec<_>>();
    assert_eq!(of("20200106", "FREQ=YEARLY"), Ok(years("01-06")));
    assert_eq!(of("20200106", "FREQ=YEARLY;WKST=MO;BYMONTH=1;BYMONTHDAY=6"), Ok(years("01-06")));
    assert_eq!(
        of("20200106", "FREQ=YEARLY;UNTIL=20260201T000000Z"),
        Ok(vec!["2025-01-06".into(), "2026-01-06".into()])
    );
    assert_eq!(of("20250106", "FREQ=YEARLY;COUNT=2"), Ok(vec!["2025-01-06".into(), "2026-01-06".into()]));
    assert_eq!(of("20240106", "FREQ=YEARLY;INTERVAL=2"), Ok(vec!["2026-01-06".into(), "2028-01-06".into()]));
    assert_eq!(of("20240229", "FREQ=YEARLY"), Ok(vec!["2028-02-29".into()]));
    // The fourth Thursday of November, the last Monday of May, the last day of February.
    assert_eq!(
        of("20201126", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH").unwrap(),
        ["2025-11-27", "2026-11-26", "2027-11-25", "2028-11-23"]
    );
    assert_eq!(
        of("20200525", "FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO").unwrap(),
        ["2025-05-26", "2026-05-25", "2027-05-31", "2028-05-29"]
    );
    assert_eq!(
        of("20200229", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1").unwrap(),
        ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]
    );
    assert_eq!(
        of("20271201", "FREQ=YEARLY;BYMONTH=3,12;BYMONTHDAY=1,2").unwrap(),
        ["2027-12-01", "2027-12-02", "2028-03-01", "2028-03-02", "2028-12-01", "2028-12-02"]
    );
    assert_eq!(
        event("DTSTART:20250106\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20260106,20270106\nRDATE:20260107"),
        Ok(vec!["2025-01-06".into(), "2026-01-07".into(), "2028-01-06".into()])
    );
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    let cases = [
        ("DTSTART:20260106T000000Z", "line 4: DTSTART has a time of the day"),
        ("DTSTART;VALUE=DATE-TIME:20260106", "line 4: DTSTART has a time of the day"),
        ("DTSTART;VALUE=DATE:2026-01-06", "line 4: \"2026-01-06\" is not a date"),
        ("DTSTART;VALUE=DATE:20260230", "line 4: \"20260230\" is not a date"),
        ("DTSTART:20260106,20260107", "line 4: DTSTART has one date"),
        ("SUMMARY:no date", "line 3: an event without DTSTART"),
        ("DTSTART:20260106\nDTEND:20260105", "line 3: an event lasts 1 to 366 days, not -1"),
        ("DTSTART:20260106\nDTEND:20280105", "line 3: an event lasts 1 to 366 days, not 729"),
        ("DTSTART:20260106\nDURATION:PT24H", "line 5: \"PT24H\" is not a number of whole days"),
        ("DTSTART:20260106\nRRULE:FREQ=WEEKLY", "line 5: only yearly repetitions"),
        ("DTSTART:20260106\nRRULE:FREQ=YEARLY;BYEASTER=1", "line 5: repetitions by BYEASTER cannot be read"),
        ("DTSTART:20260106\nRRULE:FREQ=YEARLY;BYDAY=1MO", "line 5: days of a yearly repetition need BYMONTH"),
        ("DTSTART:20260106\nRRULE:FREQ=YEARLY;BYMONTH=1;BYDAY=MO", "line 5: \"BYDAY=MO\" cannot be read"),
        ("DTSTART:20260106\nRRULE:FREQ=YEARLY;BYMONTH=13", "line 5: \"BYMONTH=13\" cannot be read"),
        ("DTSTART:20260106\nRRULE:FREQ=YEARLY;INTERVAL=0", "line 5: \"INTERVAL=0\" cannot be read"),
        ("DTSTART:20260106\nRRULE:FREQ=YEARLY\nRRULE:FREQ=YEARLY", "line 6: an event repeats by one rule"),
        ("DTSTART:20260106\nRECURRENCE-ID:20260106", "line 5: changed single dates"),
        ("DTSTART:20260106\nnonsense", "line 5: a line is NAME:value"),
        ("DTSTART:20260106\n;X=1:y", "line 5: a line is NAME:value"),
        ("DTSTART:20260106\nEND:VTODO", "line 5: END:VTODO without its BEGIN"),
    ];
    for (lines, message) in cases {
        let problems = event(lines).unwrap_err();
        assert!(problems[0].starts_with(message), "{lines}: {problems:?}");
    }
    assert!(parse_holidays("", 2026..=2026).is_err());
    assert!(parse_holidays("BEGIN:VCALENDAR", 2026..=2026).is_err());
    assert!(parse_holidays("<html>", 2026..=2026).is_err());
}

#[test]
fn they_join_a_calendar() {
    let found = parse_holidays(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260106\nSUMMARY:Epifanía\nEND:VEVENT\nEND:VCALENDAR",
        2026..=2026,
    );
    let calendar = common::calendar(
        &serde_json::json!({"time_zone": "UTC", "around_the_clock": true, "holidays": ["2026-01-06"]}),
    );
    let joined = calendar.with_holidays(found.unwrap());
    assert_eq!(joined.holidays().collect::<Vec<_>>(), [(common::any::date("2026-01-06"), "Epifanía")]);
    assert!(
        !joined.is_open(common::at("2026-01-06T12:00:00Z"))
            && joined.is_open(common::at("2026-01-07T00:00:00Z"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_is_answered(text in "(BEGIN:VEVENT|END:VEVENT|DTSTART|DTEND|RRULE|EXDATE|DURATION|SUMMARY|[;:=,\r\n \\\\\"-]|FREQ=YEARLY|BYDAY|BYMONTH|99MO|-1SU|\\PC|[0-9]{1,9}|P9999W){0,60}") {
        let _ = parse_holidays(&text, 1..=9999);
        let _ = parse_holidays(&format!("BEGIN:VEVENT\nDTSTART:20260106\nRRULE:FREQ=YEARLY;{text}\nEND:VEVENT"), i32::MIN..=i32::MAX);
    }
}
