//! What would be due when: the body of `POST /api/{desk}/sla/preview`, one item at a time.

use crate::calendar::Calendar;
use crate::document;
use crate::problem::{Place, Problem, kind};
use crate::timeline::HORIZON_DAYS;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Answers one item.
///
/// `{"calendar": …, "start": "2026-01-05T08:00:00Z", "seconds": 28800}` gives `{"due": "…Z"}`;
/// with `"end"` instead of `"seconds"` it gives `{"elapsed_seconds": n}`. The calendar is the name of one, found by
/// `named`, or one written out ([`Calendar::parse`]). `start` and `end` are RFC 3339 with any offset, at most fifteen
/// years apart; `end` is not before `start`.
///
/// # Errors
/// Everything that is wrong, with JSON pointers into the item.
pub fn preview(item: &Value, named: &dyn Fn(&str) -> Option<Calendar>) -> Result<Value, Vec<Problem>> {
    let mut problems = Vec::new();
    let answer = answer(&Place::root(item), named, &mut problems);
    match answer {
        Some(answer) if problems.is_empty() => Ok(answer),
        _ => Err(problems),
    }
}

/// RFC 3339 in UTC with a `Z`; a fraction only if there is one.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn answer(
    item: &Place<'_>,
    named: &dyn Fn(&str) -> Option<Calendar>,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    item.object(&["calendar", "start", "seconds", "end"], problems)?;
    let calendar = calendar(item, named, problems);
    let start = match item.get("start") {
        Some(start) => start.read(problems, instant),
        None => {
            item.say(problems, r#"start is missing; add an instant such as "2026-01-05T08:00:00Z""#);
            None
        }
    };
    match (item.get("seconds"), item.get("end")) {
        (Some(seconds), None) => {
            let Some(amount) = seconds.value.as_u64() else {
                seconds.say(
                    problems,
                    format!("must be a whole number, zero or more, not {}", shown(seconds.value)),
                );
                return None;
            };
            match calendar?.due_at(start?, amount) {
                Ok(due) => Some(json!({"due": rfc3339(due)})),
                Err(error) => {
                    seconds.say(problems, error.to_string());
                    None
                }
            }
        }
        (None, Some(end)) => {
            let until = end.read(problems, instant);
            let (calendar, start, until) = (calendar?, start?, until?);
            if until < start {
                end.say(problems, "is before start; exchange the two");
                return None;
            }
            if until - start > TimeDelta::days(HORIZON_DAYS) {
                end.say(problems, "is more than fifteen years after start; ask for less");
                return None;
            }
            Some(json!({"elapsed_seconds": calendar.elapsed(start, until)}))
        }
        (Some(_), Some(end)) => {
            end.say(problems, "give seconds to learn what is due, or end to learn what has passed, not both");
            None
        }
        (None, None) => {
            item.say(problems, "give seconds to learn what is due, or end to learn what has passed");
            None
        }
    }
}

fn calendar(
    item: &Place<'_>,
    named: &dyn Fn(&str) -> Option<Calendar>,
    problems: &mut Vec<Problem>,
) -> Option<Calendar> {
    let Some(place) = item.get("calendar") else {
        item.say(problems, "calendar is missing; give the name of one or one written out");
        return None;
    };
    match place.value {
        Value::String(name) => {
            let found = named(name);
            if found.is_none() {
                place.say(problems, format!("the desk's pack has no calendar {name:?}"));
            }
            found
        }
        Value::Object(_) => document::read(&place, problems),
        other => {
            place.say(
                problems,
                format!("must be the name of a calendar or one written out, not {}", kind(other)),
            );
            None
        }
    }
}

fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let parsed = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    parsed.map_err(|_| format!("{text:?} is not an instant; write it as 2026-01-05T08:00:00Z"))
}

fn shown(value: &Value) -> Cow<'static, str> {
    if value.is_number() { Cow::Owned(value.to_string()) } else { Cow::Borrowed(kind(value)) }
}
