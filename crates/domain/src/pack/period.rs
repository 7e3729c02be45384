//! Critical periods of a desk: term start, closings, migrations.

use super::validate::escape;
use super::{Pack, Person, Priority};
use crate::sla::{Condition, FACTS};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Days that are looked at for periods: somewhat more than a report may cover.
const MAX_DAYS: usize = 410;

/// A time in which a desk works otherwise than usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// What people call it.
    pub name: String,
    /// Its first day, by UTC.
    pub from: NaiveDate,
    /// Its last day, by UTC.
    pub to: NaiveDate,
    /// It comes again every year on the same days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yearly: bool,
    /// Other shifts of people meanwhile: person id → calendars.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shifts: BTreeMap<String, Vec<String>>,
    /// How much of what people are given otherwise they are given meanwhile, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity_percent: Option<u32>,
    /// New tickets for which all of this holds are raised: the first that fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raise: Vec<Raise>,
}

/// Which tickets are raised, and to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raise {
    /// All of these must hold; empty: always.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, Condition>,
    /// The least priority.
    pub to: Priority,
}

impl Period {
    /// Whether a day of the desk lies in it.
    pub fn holds(&self, day: NaiveDate) -> bool {
        if !self.yearly {
            return (self.from..=self.to).contains(&day);
        }
        let of_year = |day: NaiveDate| (day.month(), day.day());
        let (from, to, day) = (of_year(self.from), of_year(self.to), of_year(day));
        // One that goes on into the new year begins late and ends early.
        if from <= to { (from..=to).contains(&day) } else { day >= from || day <= to }
    }
}

impl Pack {
    /// The period that it is on a day by UTC: of several the one that began last, of those the first by id.
    pub fn period_on(&self, day: NaiveDate) -> Option<(&str, &Period)> {
        let on = self.periods.iter().filter(|(_, period)| period.holds(day));
        on.min_by_key(|(id, period)| (days_since(period, day), id.as_str())).map(|(id, p)| (id.as_str(), p))
    }

    /// The period that it is at an instant.
    pub fn period_at(&self, at: DateTime<Utc>) -> Option<(&str, &Period)> {
        self.period_on(at.date_naive())
    }

    /// The periods that are on between two instants, by id.
    pub fn periods_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<String> {
        let last = (to - TimeDelta::milliseconds(1)).date_naive();
        let days = || from.date_naive().iter_days().take_while(|day| *day <= last).take(MAX_DAYS);
        let on = self.periods.iter().filter(|(_, period)| days().any(|day| period.holds(day)));
        on.map(|(id, _)| id.clone()).collect()
    }

    /// Who works at the desk at an instant: with the shifts and the capacity of the period that it is.
    pub fn people_at(&self, at: DateTime<Utc>) -> Cow<'_, BTreeMap<String, Person>> {
        let Some((_, period)) = self.period_at(at) else { return Cow::Borrowed(&self.people) };
        if period.shifts.is_empty() && period.capacity_percent.is_none() {
            return Cow::Borrowed(&self.people);
        }
        let mut people = self.people.clone();
        for (id, person) in &mut people {
            if let Some(shifts) = period.shifts.get(id) {
                person.shifts.clone_from(shifts);
            }
            for most in person.capacity.values_mut() {
                let percent = u64::from(period.capacity_percent.unwrap_or(100));
                // Who takes work at all takes one.
                let part = u64::from(*most).saturating_mul(percent) / 100;
                *most = u32::try_from(part).unwrap_or(u32::MAX).max(u32::from(*most > 0));
            }
        }
        Cow::Owned(people)
    }
}

/// How long a period has been on.
fn days_since(period: &Period, day: NaiveDate) -> i64 {
    if !period.yearly {
        return (day - period.from).num_days();
    }
    let ordinal = |day: NaiveDate| i64::from(day.ordinal());
    (ordinal(day) - ordinal(period.from)).rem_euclid(366)
}

/// Everything that is wrong with the periods of a pack.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (id, period) in &pack.periods {
        let at = format!("/periods/{}", escape(id));
        let mut say = |part: String, what: String| problems.push((format!("{at}{part}"), what));
        if !period.yearly && period.to < period.from {
            say("/to".to_owned(), "a period ends on its first day or later".to_owned());
        }
        if period.capacity_percent.is_some_and(|percent| !(1..=1_000).contains(&percent)) {
            say("/capacity_percent".to_owned(), "from 1 to 1000".to_owned());
        }
        for (person, calendars) in &period.shifts {
            if !pack.people.contains_key(person) {
                let what = format!("the desk has nobody with the id {person:?}; add them to /people");
                say(format!("/shifts/{}", escape(person)), what);
            }
            for (n, name) in calendars.iter().enumerate().filter(|(_, c)| !pack.calendars.contains_key(*c)) {
                let what = format!("no calendar {name:?}; add it to /calendars");
                say(format!("/shifts/{}/{n}", escape(person)), what);
            }
        }
        for (n, raise) in period.raise.iter().enumerate() {
            for fact in raise.when.keys() {
                if !FACTS.contains(&fact.as_str()) && fact.strip_prefix("fields.").is_none_or(str::is_empty) {
                    let known = FACTS.join(", ");
                    let what = format!("there is no such fact; known are {known} and fields.<name>");
                    say(format!("/raise/{n}/when/{}", escape(fact)), what);
                }
            }
            for (place, what) in super::unknown(pack, &raise.when) {
                say(format!("/raise/{n}/when{place}"), what);
            }
        }
    }
    problems
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::pack::{Pack, parse};
    use serde_json::{Value, json};

    fn document(periods: Value) -> Value {
        json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}},
            "channels": {"whatsapp": {"main": {}}},
            "calendars": {"long": {"time_zone": "Europe/Madrid", "hours": {"mon": [["08:00", "20:00"]]}}},
            "people": {"ana": {"name": "Ana", "role": "agent", "capacity": {"whatsapp": 3, "total": 1}},
                       "ben": {"name": "Ben", "role": "agent", "capacity": {"total": 0}}},
            "periods": periods
        })
    }

    fn on(pack: &Pack, day: &str) -> Option<String> {
        pack.period_on(day.parse().unwrap()).map(|(id, _)| id.to_owned())
    }

    #[test]
    fn a_period_is_on_from_its_first_day_to_its_last_and_a_yearly_one_every_year() {
        let pack = parse(document(json!({
            "migration": {"name": "Migración", "from": "2026-03-10", "to": "2026-03-12"},
            "start": {"name": "Inicio", "from": "2025-09-01", "to": "2025-09-20", "yearly": true},
            "winter": {"name": "Invierno", "from": "2025-12-20", "to": "2026-01-07", "yearly": true}
        })))
        .unwrap();
        for (day, period) in [
            ("2026-03-09", None),
            ("2026-03-10", Some("migration")),
            ("2026-03-12", Some("migration")),
            ("2026-03-13", None),
            ("2027-03-11", None),
            ("2025-09-01", Some("start")),
            ("2031-09-20", Some("start")),
            ("2031-09-21", None),
            ("2026-12-19", None),
            ("2026-12-31", Some("winter")),
            ("2028-01-07", Some("winter")),
            ("2028-01-08", None),
        ] {
            assert_eq!(on(&pack, day).as_deref(), period, "{day}");
        }
    }

    #[test]
    fn of_several_the_one_that_began_last_is_on() {
        let pack = parse(document(json!({
            "a": {"name": "A", "from": "2025-09-01", "to": "2025-09-30", "yearly": true},
            "b": {"name": "B", "from": "2026-09-10", "to": "2026-09-12"}
        })))
        .unwrap();
        let days = ["2026-09-09", "2026-09-10", "2026-09-12", "2026-09-13"];
        assert_eq!(days.map(|day| on(&pack, day).unwrap()), ["a", "b", "b", "a"]);
    }

    #[test]
    fn meanwhile_people_have_other_shifts_and_are_given_more_or_less() {
        let pack = parse(document(json!({
            "start": {"name": "Inicio", "from": "2026-09-01", "to": "2026-09-20", "capacity_percent": 50,
                      "shifts": {"ana": ["long"]}}
        })))
        .unwrap();
        let then = pack.people_at("2026-09-01T00:00:00Z".parse().unwrap());
        assert_eq!(then["ana"].shifts, ["long"]);
        assert_eq!(json!(then["ana"].capacity), json!({"whatsapp": 1, "total": 1}), "one at least");
        assert_eq!(json!(then["ben"].capacity), json!({"total": 0}));
        let before = pack.people_at("2026-08-31T23:59:59Z".parse().unwrap());
        assert_eq!((before["ana"].shifts.len(), before["ana"].capacity["whatsapp"]), (0, 3));
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let wrong = parse(document(json!({
            "x": {"name": "X", "from": "2026-09-02", "to": "2026-09-01", "capacity_percent": 0,
                  "shifts": {"eva": ["long"], "ana": ["night"]}, "raise": [{"when": {"weather": ["bad"]}, "to": "high"}]}
        })));
        let places: Vec<_> = wrong.unwrap_err().into_iter().map(|problem| problem.pointer).collect();
        let expected = ["/to", "/capacity_percent", "/shifts/ana/0", "/shifts/eva", "/raise/0/when/weather"];
        assert_eq!(places, expected.map(|place| format!("/periods/x{place}")));
    }
}
