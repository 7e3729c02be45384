//! Who is on shift, and who stands in.

use super::*;
use crate::pack::Person;
use crate::sla::{Duty, Owner, Recipient};

fn people() -> BTreeMap<String, Person> {
    let person = |role: &str, team: &str, shifts: &[&str], substitutes: &[&str]| -> Person {
        serde_json::from_value(json!({
            "name": "x", "role": role, "teams": [team], "shifts": shifts, "substitutes": substitutes
        }))
        .unwrap()
    };
    BTreeMap::from([
        ("ana".to_owned(), person("agent", "support", &["morning"], &["ben"])),
        ("ben".to_owned(), person("agent", "support", &["evening"], &["ana", "cas"])),
        ("cas".to_owned(), person("agent", "dev", &[], &[])),
        ("eve".to_owned(), person("service", "dev", &["day", "night"], &[])),
        ("lea".to_owned(), person("lead", "support", &["morning"], &["max"])),
        ("max".to_owned(), person("manager", "dev", &["morning", "evening"], &[])),
    ])
}

fn everyday(from: &str, until: &str) -> Calendar {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let hours: BTreeMap<_, _> = days.iter().map(|day| (*day, json!([[from, until]]))).collect();
    Calendar::parse(&json!({"time_zone": "UTC", "hours": hours})).unwrap()
}

fn told(to: &[&str], owner: Owner<'static>, now: &str) -> Vec<String> {
    let hours = |from: &str, until: &str| {
        let day = json!([[from, until]]);
        Calendar::parse(&json!({"time_zone": "UTC", "hours": {"mon": day, "tue": day}})).unwrap()
    };
    let (morning, evening) = (hours("08:00", "14:00"), hours("14:00", "20:00"));
    let (day, night) = (everyday("08:00", "20:00"), everyday("20:00", "08:00"));
    let named = |name: &str| match name {
        "morning" => Some(&morning),
        "evening" => Some(&evening),
        "day" => Some(&day),
        "night" => Some(&night),
        _ => None,
    };
    let people = people();
    let duty = Duty { people: &people, calendars: &named };
    assert_eq!(duty.changes_at("max", at("05 09:00")), Some(at("05 20:00")), "shifts that touch are one");
    assert_eq!(duty.changes_at("ana", at("05 15:00")), Some(at("06 08:00")));
    assert_eq!(duty.changes_at("cas", at("05 15:00")), None);
    assert_eq!(duty.changes_at("eve", at("05 15:00")), None, "always at work, by two shifts on end");
    let to: Vec<_> = to.iter().map(|text| Recipient::parse(text).unwrap()).collect();
    duty.told(&to, owner, at(now))
}

#[test]
fn the_assignee_or_who_stands_in() {
    let ana = Owner { agent: Some("ana"), team: Some("support") };
    assert_eq!(told(&["assignee"], ana, "05 09:00"), ["ana"]);
    assert_eq!(told(&["assignee"], ana, "05 15:00"), ["ben"]);
    // At night neither; a substitute's substitute is always there.
    assert_eq!(told(&["assignee"], ana, "05 22:00"), ["cas"]);
}

#[test]
fn nobody_assigned_means_the_team_on_shift() {
    let team = Owner { agent: None, team: Some("support") };
    assert_eq!(told(&["assignee"], team, "05 09:00"), ["ana"]);
    assert_eq!(told(&["assignee"], team, "05 15:00"), ["ben"]);
    // Somebody who left the desk is nobody.
    let gone = Owner { agent: Some("zoe"), team: Some("support") };
    assert_eq!(told(&["assignee"], gone, "05 09:00"), ["ana"]);
}

#[test]
fn leads_and_managers_of_the_team_else_of_the_desk() {
    let support = Owner { agent: None, team: Some("support") };
    assert_eq!(told(&["lead"], support, "05 09:00"), ["lea"]);
    assert_eq!(told(&["lead"], support, "05 15:00"), ["max"], "her substitute");
    assert_eq!(told(&["manager"], support, "05 15:00"), ["max"], "support has none of its own");
    assert_eq!(told(&["lead"], Owner { agent: None, team: Some("dev") }, "05 09:00"), ["lea"]);
}

#[test]
fn who_is_meant_is_told_if_nobody_is_on_shift() {
    let nobody = Owner::default();
    // On a Sunday the lead and her substitute are both off.
    assert_eq!(told(&["lead"], nobody, "11 09:00"), ["lea"]);
    assert_eq!(told(&["team:support"], nobody, "05 15:00"), ["ben"]);
    assert_eq!(told(&["person:cas", "person:nobody", "person:cas"], nobody, "05 15:00"), ["cas"]);
    assert_eq!(told(&["lead", "manager", "assignee"], nobody, "05 09:00"), ["ana", "cas", "lea", "max"]);
}
