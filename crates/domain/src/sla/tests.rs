//! Stories of tickets and what becomes of their targets, as tables.

mod due;
mod duty;
mod escalation;
mod log;
mod policies;
mod states;

use super::{CalendarSource, Policy, ResolvedPolicy, TargetView, Timeline, resolve};
use crate::category::Category;
use chrono::{DateTime, Utc};
use relevo_calendar::Calendar;
use serde_json::json;
use std::collections::BTreeMap;

/// `office` (UTC, Monday to Friday 9 to 17) and `madrid` (with a siesta), in versions 1 and 2 of the pack; in version
/// 2 the office opens at noon.
pub(super) struct Calendars(BTreeMap<(u32, &'static str), Calendar>);

impl Calendars {
    pub fn new() -> Self {
        let office = |from: &str| {
            let day = json!([[from, "17:00"]]);
            let hours = json!({"mon": day, "tue": day, "wed": day, "thu": day, "fri": day});
            Calendar::parse(&json!({"time_zone": "UTC", "hours": hours})).unwrap()
        };
        let day = json!([["09:00", "14:00"], ["15:00", "18:00"]]);
        let hours = json!({"mon": day, "tue": day, "wed": day, "thu": day, "fri": day});
        let madrid = Calendar::parse(&json!({"time_zone": "Europe/Madrid", "hours": hours})).unwrap();
        Self(
            [((1, "office"), office("09:00")), ((2, "office"), office("12:00")), ((1, "madrid"), madrid)]
                .into(),
        )
    }
}

impl CalendarSource for Calendars {
    fn calendar(&self, pack_version: u32, name: &str) -> Option<&Calendar> {
        self.0.iter().find(|((version, known), _)| *version == pack_version && *known == name).map(|(_, c)| c)
    }
}

/// An instant of January 2026: `05 09:30` is a Monday.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    let (day, time) = text.trim().split_once(' ').unwrap();
    let seconds = if time.len() == 5 { ":00" } else { "" };
    format!("2026-01-{day}T{time}{seconds}Z").parse().unwrap()
}

/// Two policies: `urgent` for urgent tickets, else `standard`.
pub(super) fn policies() -> Vec<Policy> {
    serde_json::from_value(json!([
        {
            "name": "urgent",
            "when": {"priority": ["urgent"]},
            "targets": {
                "first_response": {"seconds": 3600, "calendar": "calendar_time", "warn": [50]},
                "next_response": {"seconds": 3600, "calendar": "calendar_time"},
                "full_resolution": {"seconds": 14_400, "calendar": "office"}
            }
        },
        {
            "name": "standard",
            "targets": {
                "first_response": {"seconds": 7200, "calendar": "office", "warn": [50, 80, {"seconds_before": 600}]},
                "next_response": {"seconds": 14_400, "calendar": "office", "warn": [50]},
                "full_resolution": {"seconds": 57_600, "calendar": "office"}
            },
            "paused_in": ["waiting_for_customer"]
        }
    ]))
    .unwrap()
}

pub(super) fn policy(name: &str) -> ResolvedPolicy {
    policies().iter().find(|policy| policy.name == name).unwrap().resolved(1)
}

/// One target under this name, with the rest of the policy.
pub(super) fn one(name: &str, target: serde_json::Value, paused_in: &[&str]) -> ResolvedPolicy {
    serde_json::from_value(
        json!({"policy": "p", "pack": 1, "targets": {name: target}, "paused_in": paused_in}),
    )
    .unwrap()
}

/// Plays a story: a line is a time of January 2026 and what happened. `write` is a message of the customer, `reply`
/// one of a person, a category or `policy NAME` what changed, `notice INSTANCE THRESHOLD` what was told.
pub(super) fn story(by_customer: bool, policy: Option<&ResolvedPolicy>, lines: &str) -> Timeline {
    let mut lines = lines.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let begin = at(&lines.peek().unwrap()[..8]);
    let mut timeline = Timeline::opened(begin, by_customer, policy);
    if by_customer {
        timeline.customer_message(begin, begin);
        lines.next();
    }
    for line in lines {
        let (time, what) = line.split_at(if line[8..].starts_with(':') { 11 } else { 8 });
        let at = at(time);
        let words: Vec<&str> = what.split_whitespace().collect();
        match words.as_slice() {
            ["open"] if !by_customer && timeline.categories.is_empty() => {}
            ["write"] => timeline.customer_message(at, at),
            ["reply"] => timeline.human_reply(at),
            ["merge"] => timeline.merged(at),
            ["unmerge"] => timeline.unmerged(at),
            ["event", name] => timeline.named_event(at, name),
            ["policy", "none"] => timeline.policy_changed(at, None, "priority"),
            ["policy", name] => timeline.policy_changed(at, Some(&self::policy(name)), "priority"),
            ["notice", instance, threshold, told @ ..] => {
                // `to ana,lea` and `for w50,w80`, where it says so.
                let list = |word: &str| -> Vec<String> {
                    let found = told.iter().position(|w| *w == word).and_then(|n| told.get(n + 1));
                    found.iter().flat_map(|list| list.split(',')).map(str::to_owned).collect()
                };
                timeline.notice(instance, threshold, at, &list("to"), &list("for"));
            }
            ["excuse", instance, by, why] => timeline.excuse(instance, at, by, why),
            [category] => timeline.category_changed(at, Category::parse(category).unwrap()),
            other => panic!("{other:?}"),
        }
    }
    // What is stored is what is evaluated.
    let stored = serde_json::to_value(&timeline).unwrap();
    assert_eq!(serde_json::from_value::<Timeline>(stored).unwrap(), timeline);
    timeline
}

/// The targets at a time, one line each: instance, state, due, and when it was met or breached.
pub(super) fn states(timeline: &Timeline, now: &str) -> Vec<String> {
    let time = |at: DateTime<Utc>| {
        at.format(if at.timestamp() % 60 == 0 { "%d %H:%M" } else { "%d %H:%M:%S" }).to_string()
    };
    let line = |view: TargetView| {
        let state = serde_json::to_value(view.state).unwrap();
        let mut line = format!("{} {}", view.instance, state.as_str().unwrap());
        for (name, at) in [("due", view.due), ("met", view.met_at), ("breached", view.breached_at)] {
            if let Some(at) = at {
                line += &format!(", {name} {}", time(at));
            }
        }
        if let Some(problem) = view.problem {
            line += &format!(", {problem}");
        }
        line
    };
    timeline.evaluate(&Calendars::new(), at(now)).into_iter().map(line).collect()
}
