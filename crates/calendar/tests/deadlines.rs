//! Legal deadlines: how days are counted, where they end, what is refused.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{at, calendar};
use relevo_calendar::deadline::{Deadline, DeadlineError, RuleBook, Trigger};
use relevo_calendar::{Calendar, rfc3339};
use serde_json::{Value, json};

fn spain() -> Calendar {
    calendar(&json!({
        "time_zone": "Europe/Madrid",
        "around_the_clock": true,
        "holidays": ["2026-01-01", "2026-01-06", "2026-04-02", "2026-04-03", "2026-05-01", "2026-10-12"]
    }))
}

fn book(name: &str) -> RuleBook {
    let text = match name {
        "es" => include_str!("../rules/es.json"),
        _ => include_str!("../rules/fr.json"),
    };
    RuleBook::parse(&serde_json::from_str(text).unwrap()).unwrap()
}

/// A book with one rule, changed.
fn with(change: Value) -> RuleBook {
    let mut rule = json!({
        "id": "r", "version": 1, "from": "2016-01-31", "title": "t", "counts_from": {"notified": 0},
        "length": {"natural_days": 20}, "roll": "none", "working_week": ["mon", "tue", "wed", "thu", "fri"],
        "source": {"title": "law", "url": "https://example.org/law"}
    });
    rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    RuleBook::parse(&json!({"jurisdiction": "ES", "rules": [rule]})).unwrap()
}

fn deadline(book: &RuleBook, rule: &str, kind: &str, instant: &str) -> Result<Deadline, DeadlineError> {
    book.deadline(rule, &Trigger { kind, at: at(instant), circumstances: &[] }, &spain())
}

/// `(kind, instant of the trigger, last day, end)`.
fn ends(book: &RuleBook, rule: &str, table: &[(&str, &str, &str, &str)]) {
    for (kind, instant, last, end) in table {
        let found = deadline(book, rule, kind, instant).unwrap();
        let found = (found.last_day.to_string(), rfc3339(found.ends_at));
        assert_eq!(found, ((*last).to_owned(), (*end).to_owned()), "{rule} {kind} {instant}");
    }
}

#[test]
fn natural_days_count_from_the_day_after_to_24_local_time() {
    ends(
        &book("es"),
        "fine.pay_reduced",
        &[
            ("notified", "2026-03-02T09:00:00Z", "2026-03-22", "2026-03-22T23:00:00Z"),
            // The local date counts: 00:30 in Madrid is the day after.
            ("notified", "2026-03-02T23:30:00Z", "2026-03-23", "2026-03-23T23:00:00Z"),
            // Summer time begins in between.
            ("notified", "2026-03-10T09:00:00Z", "2026-03-30", "2026-03-30T22:00:00Z"),
            // A Sunday stays: this rule does not roll.
            ("notified", "2026-02-09T09:00:00Z", "2026-03-01", "2026-03-01T23:00:00Z"),
        ],
    );
}

#[test]
fn some_triggers_count_later() {
    ends(
        &book("es"),
        "fine.pay_reduced",
        &[
            // Unread for 10 natural days: rejected on the 12th.
            ("unread", "2026-03-02T09:00:00Z", "2026-04-01", "2026-04-01T22:00:00Z"),
            // Published: notified 20 natural days later, on the 22nd.
            ("published", "2026-03-02T09:00:00Z", "2026-04-11", "2026-04-11T22:00:00Z"),
        ],
    );
    let unread = deadline(&book("es"), "fine.pay_reduced", "unread", "2026-03-02T09:00:00Z").unwrap();
    assert_eq!(unread.counts_from.to_string(), "2026-03-12");
    assert_eq!(
        unread.why,
        [
            "unread on 2026-03-02",
            "counts 10 natural days later, on 2026-03-12",
            "20 natural days from the day after: 2026-04-01"
        ]
    );
}

#[test]
fn business_days_leave_out_holidays_and_days_off() {
    let rule = with(json!({"length": {"business_days": 5}}));
    ends(
        &rule,
        "r",
        &[
            // Friday 2026-01-02; Tuesday the 6th is a holiday: 5, 7, 8, 9, 12.
            ("notified", "2026-01-02T09:00:00Z", "2026-01-12", "2026-01-12T23:00:00Z"),
            // From a Saturday.
            ("notified", "2026-01-10T09:00:00Z", "2026-01-16", "2026-01-16T23:00:00Z"),
        ],
    );
    let saturdays = with(
        json!({"length": {"business_days": 5}, "working_week": ["mon", "tue", "wed", "thu", "fri", "sat"]}),
    );
    ends(&saturdays, "r", &[("notified", "2026-01-02T09:00:00Z", "2026-01-09", "2026-01-09T23:00:00Z")]);
}

#[test]
fn months_end_on_the_same_number_or_the_last_of_the_month() {
    ends(
        &with(json!({"length": {"months": 1}})),
        "r",
        &[
            ("notified", "2026-01-15T09:00:00Z", "2026-02-15", "2026-02-15T23:00:00Z"),
            ("notified", "2026-01-31T09:00:00Z", "2026-02-28", "2026-02-28T23:00:00Z"),
            ("notified", "2028-01-31T09:00:00Z", "2028-02-29", "2028-02-29T23:00:00Z"),
            ("notified", "2026-12-31T09:00:00Z", "2027-01-31", "2027-01-31T23:00:00Z"),
        ],
    );
    ends(
        &with(json!({"length": {"months": 14}})),
        "r",
        &[("notified", "2026-01-31T09:00:00Z", "2027-03-31", "2027-03-31T22:00:00Z")],
    );
}

#[test]
fn hours_count_from_the_instant() {
    ends(
        &book("es"),
        "tow.notified_by_authority",
        &[
            ("towed", "2026-03-28T12:15:30Z", "2026-03-29", "2026-03-29T12:15:30Z"),
            ("towed", "2026-01-05T23:30:00Z", "2026-01-07", "2026-01-06T23:30:00Z"),
        ],
    );
    // After a trigger that itself counts later: from the end of that day.
    let later = with(json!({"length": {"hours": 1}, "counts_from": {"unread": 10}}));
    ends(&later, "r", &[("unread", "2026-03-02T09:00:00Z", "2026-03-13", "2026-03-13T00:00:00Z")]);
}

#[test]
fn a_last_day_rolls_only_where_the_rule_says_so() {
    // 2026-03-03 + 1 month is Good Friday, and the Thursday before is a holiday too.
    let rolled = deadline(&book("es"), "fine.appeal", "notified", "2026-03-03T09:00:00Z").unwrap();
    assert_eq!(
        (rolled.last_day.to_string(), rolled.moved_from.unwrap().to_string()),
        ("2026-04-06".into(), "2026-04-03".into())
    );
    assert_eq!(rolled.why.last().unwrap(), "nobody works on 2026-04-03: moved to 2026-04-06");
    let stays = with(json!({"length": {"months": 1}}));
    let stays = deadline(&stays, "r", "notified", "2026-03-03T09:00:00Z").unwrap();
    assert_eq!((stays.last_day.to_string(), stays.moved_from), ("2026-04-03".to_owned(), None));
    // A working day is not moved.
    let works = deadline(&book("es"), "fine.appeal", "notified", "2026-03-04T09:00:00Z").unwrap();
    assert_eq!(
        (works.last_day.to_string(), works.moved_from),
        ("2026-04-06".to_owned(), Some("2026-04-04".parse().unwrap()))
    );
    let works = deadline(&book("es"), "fine.appeal", "notified", "2026-03-10T09:00:00Z").unwrap();
    assert_eq!((works.last_day.to_string(), works.moved_from), ("2026-04-10".to_owned(), None));
}

#[test]
fn france_counts_from_sending_and_longer_if_paid_electronically() {
    let paris = calendar(&json!({"time_zone": "Europe/Paris", "around_the_clock": true}));
    let of = |rule: &str, circumstances: &[&str]| {
        let trigger = Trigger { kind: "sent", at: at("2026-03-02T09:00:00Z"), circumstances };
        book("fr").deadline(rule, &trigger, &paris).map(|d| d.last_day.to_string())
    };
    assert_eq!(of("fine.identify_driver", &[]).unwrap(), "2026-04-16");
    assert_eq!(of("fine.pay_reduced", &[]).unwrap(), "2026-03-17");
    assert_eq!(of("fine.pay_reduced", &["paid_electronically"]).unwrap(), "2026-04-01");
    assert_eq!(of("fine.pay_normal", &["paid_electronically"]).unwrap(), "2026-05-01");
    let error = of("fine.identify_driver", &["paid_electronically"]).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the rule "fine.identify_driver" does not know "paid_electronically"; it knows none"#
    );
}

#[test]
fn the_version_in_force_on_the_date_of_the_trigger_counts() {
    let version = |version: u32, from: &str, until: Value, days: u32| {
        json!({
            "id": "r", "version": version, "from": from, "until": until, "title": "t", "counts_from": {"sent": 0},
            "length": {"natural_days": days}, "roll": "none", "working_week": ["mon"],
            "source": {"title": "law", "url": "https://example.org/law", "checked": "2026-01-01"}
        })
    };
    let rules = [
        version(2, "2020-01-01", json!("2024-12-31"), 30),
        version(1, "2010-01-01", Value::Null, 15),
        version(3, "2026-01-01", Value::Null, 45),
    ];
    let book = RuleBook::parse(&json!({"jurisdiction": "XX", "rules": rules})).unwrap();
    let version = |on: &str| book.rule("r", on.parse().unwrap()).map(|rule| rule.version);
    assert_eq!(version("2009-12-31"), None);
    assert_eq!(version("2019-12-31"), Some(1));
    assert_eq!(version("2020-01-01"), Some(2));
    assert_eq!(version("2025-06-01"), Some(1), "where the second ended, the first still holds");
    assert_eq!(version("2026-01-01"), Some(3));
    let missing = deadline(&book, "r", "sent", "2009-06-01T00:00:00Z").unwrap_err();
    assert_eq!(missing.to_string(), r#"XX has no rule "r" in force on 2009-06-01"#);
}

#[test]
fn other_triggers_are_refused() {
    let error = deadline(&book("es"), "fine.pay_reduced", "sent", "2026-03-02T09:00:00Z").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the rule "fine.pay_reduced" does not count from "sent"; it counts from notified, published, unread"#
    );
    assert!(matches!(
        deadline(&book("es"), "fine.forget", "sent", "2026-03-02T09:00:00Z"),
        Err(DeadlineError::NoRule { .. })
    ));
}

#[test]
fn dates_beyond_counting_are_refused() {
    let always_off =
        (0..60_000).map(|n| json!((common::any::date("2026-01-01") + chrono::Days::new(n)).to_string()));
    let never_open =
        json!({"time_zone": "UTC", "around_the_clock": true, "holidays": always_off.collect::<Value>()});
    let trigger = Trigger { kind: "notified", at: at("2026-03-02T09:00:00Z"), circumstances: &[] };
    let rule = with(json!({"length": {"business_days": 1}}));
    assert_eq!(rule.deadline("r", &trigger, &calendar(&never_open)), Err(DeadlineError::Beyond));
    for rule in [json!({"length": {"months": 10_000}}), json!({"length": {"hours": 10_000}}), json!({})] {
        for instant in [chrono::DateTime::<chrono::Utc>::MAX_UTC, chrono::DateTime::<chrono::Utc>::MIN_UTC] {
            let _ = with(rule.clone()).deadline("r", &Trigger { at: instant, ..trigger.clone() }, &spain());
        }
    }
}

#[test]
fn rule_books_are_checked() {
    let problems = |change: Value| -> Vec<String> {
        let mut rule = serde_json::to_value(&with(json!({})).rules[0]).unwrap();
        rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let found = RuleBook::parse(&json!({"jurisdiction": "ES", "rules": [rule]})).unwrap_err();
        found.into_iter().map(|problem| problem.pointer).collect()
    };
    assert_eq!(problems(json!({"length": {"natural_days": 0}})), ["/rules/0/length"]);
    assert_eq!(problems(json!({"length": {"weeks": 2}})), ["/rules/0/length"]);
    assert_eq!(problems(json!({"length": {"natural_days": 1, "months": 1}})), ["/rules/0/length"]);
    assert_eq!(problems(json!({"roll": "back"})), ["/rules/0/roll"]);
    assert_eq!(problems(json!({"until": "2010-01-01"})), ["/rules/0/until"]);
    assert_eq!(problems(json!({"working_week": []})), ["/rules/0/working_week"]);
    assert_eq!(problems(json!({"working_week": ["mon", "Tue"]})), ["/rules/0/working_week/1"]);
    assert_eq!(problems(json!({"counts_from": {}})), ["/rules/0/counts_from"]);
    assert_eq!(problems(json!({"counts_from": {"a/b": 1_000_000}})), ["/rules/0/counts_from/a~1b"]);
    assert_eq!(problems(json!({"colour": "red"})), ["/rules/0/colour"]);
    assert_eq!(problems(json!({"id": " "})), ["/rules/0/id"]);
    let twice = serde_json::to_value(with(json!({})).rules[0].clone()).unwrap();
    let found = RuleBook::parse(&json!({"jurisdiction": "ES", "rules": [twice.clone(), twice]})).unwrap_err();
    assert_eq!(found[0].pointer, "/rules/1/version");
}
