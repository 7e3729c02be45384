//! The JSON form of a calendar, strictly read.

use crate::calendar::Calendar;
use crate::hours::{Interval, WEEK, parse_date};
use crate::problem::{Place, Problem, kind};
use crate::zone::Zone;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const FIELDS: [&str; 6] = ["time_zone", "hours", "holidays", "breaks", "shifts", "around_the_clock"];

impl Calendar {
    /// Reads a calendar:
    ///
    /// ```json
    /// {
    ///   "time_zone": "Europe/Madrid",
    ///   "hours": {"mon": [["09:00", "14:00"], ["15:00", "18:00"]], "sat": [["22:00", "06:00"]]},
    ///   "holidays": ["2026-01-01", {"date": "2026-01-06", "name": "Epifanía"}],
    ///   "breaks": {"2026-01-07": [["11:00", "11:30"]]},
    ///   "shifts": {"2026-01-10": [["10:00", "12:00"]]}
    /// }
    /// ```
    ///
    /// `"around_the_clock": true` stands for `hours` of the whole week. All but the time zone may be left out, but
    /// there must be hours or a shift.
    ///
    /// # Errors
    /// Everything that is wrong, each with a JSON pointer and what to do. Unknown fields are refused.
    pub fn parse(document: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        read(&Place::root(document), &mut problems).ok_or(problems)
    }

    /// The reverse of [`Calendar::parse`].
    pub fn to_json(&self) -> Value {
        let mut document = Map::new();
        document.insert("time_zone".into(), self.zone.name().into());
        if self.around_the_clock {
            document.insert("around_the_clock".into(), true.into());
        } else {
            let days = WEEK.iter().zip(&self.week).filter(|(_, intervals)| !intervals.is_empty());
            let hours: Map<_, _> =
                days.map(|(day, intervals)| ((*day).to_owned(), written(intervals))).collect();
            document.insert("hours".into(), hours.into());
        }
        if !self.holidays.is_empty() {
            let holiday = |(date, name): (&NaiveDate, &String)| {
                if name.is_empty() {
                    json!(date.to_string())
                } else {
                    json!({"date": date.to_string(), "name": name})
                }
            };
            document.insert("holidays".into(), self.holidays.iter().map(holiday).collect());
        }
        for (field, dates) in [("breaks", &self.breaks), ("shifts", &self.shifts)] {
            if !dates.is_empty() {
                let dates: Map<_, _> = dates.iter().map(|(date, i)| (date.to_string(), written(i))).collect();
                document.insert(field.into(), dates.into());
            }
        }
        Value::Object(document)
    }
}

impl Serialize for Calendar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Calendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Value::deserialize(deserializer)?).map_err(|problems| {
            D::Error::custom(problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; "))
        })
    }
}

/// Reads the calendar at a place; none if anything is wrong, which is added to the problems.
pub(crate) fn read(place: &Place<'_>, problems: &mut Vec<Problem>) -> Option<Calendar> {
    let known = problems.len();
    place.object(&FIELDS, problems)?;
    let zone = match place.get("time_zone") {
        Some(zone) => zone.read(problems, |name| Zone::parse(name).map_err(|error| error.to_string())),
        None => {
            place.say(problems, r#"time_zone is missing; add one such as "Europe/Madrid""#);
            None
        }
    };
    let around_the_clock = match place.get("around_the_clock") {
        None => false,
        Some(Place { value: Value::Bool(yes), .. }) => *yes,
        Some(other) => {
            other.say(problems, format!("must be true or false, not {}", kind(other.value)));
            return None;
        }
    };
    let mut week = read_week(place, problems);
    let shifts = read_dates(place, "shifts", problems);
    let breaks = read_dates(place, "breaks", problems);
    let holidays = place.get("holidays").map(|list| read_holidays(&list, problems)).unwrap_or_default();
    if around_the_clock {
        if let Some(hours) = place.get("hours") {
            hours.say(problems, "a calendar around the clock has no hours; leave out one of the two");
        }
        week = std::array::from_fn(|_| vec![Interval::DAY]);
    } else if week.iter().chain(shifts.values()).all(Vec::is_empty) && problems.len() == known {
        let at = place.get("hours").map_or_else(|| place.pointer.clone(), |hours| hours.pointer);
        problems.push(Problem::at(
            at,
            r#"a calendar without any hours never opens; give hours such as {"mon": [["09:00","17:00"]]}"#,
        ));
    }
    if problems.len() > known {
        return None;
    }
    Some(Calendar::new(zone?, around_the_clock, week, holidays, breaks, shifts))
}

fn read_week(place: &Place<'_>, problems: &mut Vec<Problem>) -> [Vec<Interval>; 7] {
    let mut week: [Vec<Interval>; 7] = Default::default();
    let Some(hours) = place.get("hours") else { return week };
    for (key, day) in hours.members(problems) {
        match WEEK.iter().position(|known| known == key).and_then(|n| week.get_mut(n)) {
            Some(intervals) => *intervals = read_intervals(&day, problems),
            None => day.say(problems, format!("there is no such day; known are {}", WEEK.join(", "))),
        }
    }
    week
}

fn read_dates(
    place: &Place<'_>,
    field: &str,
    problems: &mut Vec<Problem>,
) -> BTreeMap<NaiveDate, Vec<Interval>> {
    let Some(dates) = place.get(field) else { return BTreeMap::new() };
    let mut read = BTreeMap::new();
    for (key, day) in dates.members(problems) {
        let intervals = read_intervals(&day, problems);
        match parse_date(key) {
            Ok(date) => {
                read.insert(date, intervals);
            }
            Err(message) => day.say(problems, message),
        }
    }
    read
}

fn read_intervals(place: &Place<'_>, problems: &mut Vec<Problem>) -> Vec<Interval> {
    let mut intervals = Vec::new();
    for item in place.items(problems) {
        let pair = item.value.as_array().map(Vec::as_slice);
        let Some([Value::String(start), Value::String(end)]) = pair else {
            item.say(problems, r#"an interval is a start and an end, as ["09:00","17:00"]"#);
            continue;
        };
        match Interval::parse(start, end) {
            Ok(interval) => intervals.push(interval),
            Err(message) => item.say(problems, message),
        }
    }
    intervals
}

fn read_holidays(place: &Place<'_>, problems: &mut Vec<Problem>) -> BTreeMap<NaiveDate, String> {
    let mut holidays = BTreeMap::new();
    for item in place.items(problems) {
        let read = if item.value.is_object() {
            item.object(&["date", "name"], problems);
            let name = item.get("name").map_or(Some(""), |name| name.text(problems)).unwrap_or_default();
            match item.get("date") {
                Some(date) => date.read(problems, parse_date).map(|date| (date, name)),
                None => {
                    item.say(problems, r#"date is missing; write {"date": "2026-01-06", "name": "…"}"#);
                    None
                }
            }
        } else {
            item.read(problems, parse_date).map(|date| (date, ""))
        };
        if let Some((date, name)) = read {
            let known: &mut String = holidays.entry(date).or_default();
            if known.is_empty() {
                name.clone_into(known);
            }
        }
    }
    holidays
}

fn written(intervals: &[Interval]) -> Value {
    intervals.iter().map(|interval| json!([interval.start(), interval.end()])).collect()
}
