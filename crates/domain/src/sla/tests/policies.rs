//! Which policy applies, and which are refused.

use super::*;
use crate::sla::calendar_of;

fn facts(list: &[(&'static str, &[&str])]) -> BTreeMap<&'static str, Vec<String>> {
    list.iter().map(|(fact, values)| (*fact, values.iter().map(|v| (*v).to_owned()).collect())).collect()
}

fn when(condition: serde_json::Value) -> Policy {
    let target = json!({"seconds": 60, "calendar": "calendar_time"});
    serde_json::from_value(json!({"name": "p", "when": condition, "targets": {"first_response": target}}))
        .unwrap()
}

#[test]
fn the_first_policy_whose_conditions_all_hold_wins() {
    let name = |facts: &BTreeMap<&str, String>| resolve(&policies(), facts, 7).map(|p| (p.policy, p.pack));
    assert_eq!(name(&[("priority", "urgent".to_owned())].into()), Some(("urgent".to_owned(), 7)));
    assert_eq!(name(&[("priority", "low".to_owned())].into()), Some(("standard".to_owned(), 7)));
    assert_eq!(resolve(&policies()[..1], &BTreeMap::<&str, String>::new(), 7), None);
}

#[test]
fn conditions() {
    /// Condition, facts, whether it holds.
    type Case<'a> = (serde_json::Value, &'a [(&'static str, &'a [&'a str])], bool);
    let table: &[Case<'_>] = &[
        (json!({}), &[], true),
        (json!({"channel": ["email", "form"]}), &[("channel", &["form"])], true),
        (json!({"channel": ["email", "form"]}), &[("channel", &["whatsapp"])], false),
        (json!({"channel": ["email"]}), &[], false),
        (
            json!({"channel": ["email"], "queue": ["vip"]}),
            &[("channel", &["email"]), ("queue", &["vip"])],
            true,
        ),
        (
            json!({"channel": ["email"], "queue": ["vip"]}),
            &[("channel", &["email"]), ("queue", &["all"])],
            false,
        ),
        (json!({"tags": ["fine", "tow"]}), &[("tags", &["new", "tow"])], true),
        (json!({"tags": ["fine", "tow"]}), &[("tags", &["new"])], false),
        (json!({"tags": {"not": ["fine", "tow"]}}), &[("tags", &["new", "tow"])], false),
        (json!({"tags": {"not": ["fine"]}}), &[("tags", &["new"])], true),
        (json!({"tags": {"not": ["fine"]}}), &[], true),
    ];
    for (condition, given, expected) in table {
        assert_eq!(when(condition.clone()).applies_to(&facts(given)), *expected, "{condition} {given:?}");
    }
}

#[test]
fn wrong_policies_are_refused_with_their_places() {
    let check = |change: &dyn Fn(&mut serde_json::Value)| -> Vec<String> {
        let mut policy = serde_json::to_value(&policies()[1]).unwrap();
        change(&mut policy);
        let policy: Policy = serde_json::from_value(policy).unwrap();
        policy.check(|name| name == "office").into_iter().map(|(pointer, _)| pointer).collect()
    };
    assert_eq!(check(&|_| {}), [""; 0]);
    assert_eq!(check(&|p| p["name"] = json!(" ")), ["/name"]);
    assert_eq!(check(&|p| p["targets"] = json!({})), ["/targets"]);
    assert_eq!(check(&|p| p["when"] = json!({"weather/~": ["x"]})), ["/when/weather~1~0"]);
    assert_eq!(check(&|p| p["when"] = json!({"fields.": ["x"]})), ["/when/fields."]);
    assert_eq!(check(&|p| p["when"] = json!({"fields.school": ["x"], "queue": []})), ["/when/queue"]);
    let first = |field: &'static str, value: serde_json::Value| {
        check(&move |p| p["targets"]["first_response"][field] = value.clone())
    };
    assert_eq!(
        first("seconds", json!(0)),
        ["/targets/first_response/seconds", "/targets/first_response/warn/2"]
    );
    assert_eq!(first("seconds", json!(u64::MAX)), ["/targets/first_response/seconds"]);
    assert_eq!(first("calendar", json!("moon")), ["/targets/first_response/calendar"]);
    assert_eq!(
        first("warn", json!([0, 50, 100, 50])),
        [
            "/targets/first_response/warn/0",
            "/targets/first_response/warn/2",
            "/targets/first_response/warn/3"
        ]
    );
    assert_eq!(
        first("warn", json!([{"seconds_before": 7200}, {"seconds_before": 0}])),
        ["/targets/first_response/warn/0", "/targets/first_response/warn/1"]
    );
    assert_eq!(first("start", json!("x")), ["/targets/first_response"]);
    let other = json!({"seconds": 60, "calendar": "calendar_time"});
    assert_eq!(check(&|p| p["targets"]["Mine"] = other.clone()), ["/targets/Mine", "/targets/Mine"]);
    assert_eq!(check(&|p| p["targets"]["mine"] = other.clone()), ["/targets/mine"]);
}

#[test]
fn a_custom_target_names_events_that_there_are() {
    let named = |start: &str, stop: &str| -> Vec<String> {
        let target = json!({"seconds": 60, "calendar": "calendar_time", "start": start, "stop": stop});
        let policy: Policy =
            serde_json::from_value(json!({"name": "p", "targets": {"mine": target}})).unwrap();
        policy.check(|_| true).into_iter().map(|(place, _)| place).collect()
    };
    assert_eq!(named("team.entered.it", "team.left.it"), [""; 0]);
    assert_eq!(named("status.entered.waiting_for_others", "customer.wrote"), [""; 0]);
    assert_eq!(named("event.jira:issue_updated", "field.set.repaired"), [""; 0]);
    assert_eq!(named("team.entered.", "handed_over"), ["/targets/mine/start", "/targets/mine/stop"]);
    assert_eq!(named("solved", "solved"), ["/targets/mine/stop"]);
}

#[test]
fn unknown_fields_are_refused() {
    let refused = |document: serde_json::Value| serde_json::from_value::<Policy>(document).is_err();
    let target = json!({"seconds": 60, "calendar": "calendar_time"});
    assert!(!refused(json!({"name": "p", "targets": {"first_response": target}})));
    assert!(refused(json!({"name": "p", "targets": {"first_response": target}, "colour": 1})));
    assert!(refused(
        json!({"name": "p", "targets": {"first_response": {"seconds": 60, "calendar": "c", "colour": 1}}})
    ));
    assert!(refused(json!({"name": "p", "targets": {"first_response": {"seconds": -1, "calendar": "c"}}})));
    assert!(refused(json!({"name": "p", "targets": {}, "when": {"queue": "vip"}})));
    assert!(refused(json!({"name": "p", "targets": {}, "paused_in": ["somewhere"]})));
    assert!(refused(json!({"name": "p", "targets": {"a": {"seconds": 60, "calendar": "c", "warn": [300]}}})));
}

#[test]
fn a_resolved_policy_is_compact() {
    let resolved = policy("urgent");
    let json = serde_json::to_string(&resolved).unwrap();
    assert_eq!(
        json,
        r#"{"policy":"urgent","pack":1,"targets":{"first_response":{"seconds":3600,"calendar":"calendar_time","warn":[50]},"full_resolution":{"seconds":14400,"calendar":"office"},"next_response":{"seconds":3600,"calendar":"calendar_time"}}}"#
    );
    assert_eq!(serde_json::from_str::<ResolvedPolicy>(&json).unwrap(), resolved);
}

#[test]
fn the_calendar_of_a_target() {
    let calendars = Calendars::new();
    let standard = policy("standard");
    assert!(calendar_of(Some(&standard), "first_response", &calendars).is_some());
    assert!(calendar_of(Some(&policy("urgent")), "first_response", &calendars).is_none(), "calendar time");
    assert!(calendar_of(Some(&standard), "periodic_update", &calendars).is_none());
    assert!(calendar_of(None, "first_response", &calendars).is_none());
}
