//! Who gets a ticket, who is there, who takes over.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::at;
use relevo_domain::assignment::{Candidate, Wanted, choose};
use relevo_domain::pack::{Assignment, Person, parse};
use relevo_domain::presence::{Absence, People, PeopleEvent, Presence};
use relevo_journal::{Event, EventId, Fold, Hlt};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn person(more: Value) -> Person {
    let mut all = json!({"name": "x", "role": "agent", "teams": ["front"]});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(all).unwrap()
}

fn rule(value: Value) -> Assignment {
    serde_json::from_value(value).unwrap()
}

/// Ana speaks Spanish and knows billing, Ben speaks French and takes two chats, Eva does both.
fn team() -> BTreeMap<&'static str, Person> {
    BTreeMap::from([
        ("ana", person(json!({"languages": ["es-ES"], "skills": ["billing"]}))),
        ("ben", person(json!({"languages": ["fr"], "capacity": {"whatsapp": 2, "total": 5}}))),
        ("eva", person(json!({"languages": ["es", "fr"], "skills": ["billing", "legal"]}))),
    ])
}

struct Floor<'a>(Vec<Candidate<'a>>);

impl<'a> Floor<'a> {
    fn of(team: &'a BTreeMap<&'static str, Person>) -> Self {
        let one = |(id, person): (&&'static str, &'a Person)| Candidate {
            id,
            person,
            is_available: true,
            load: BTreeMap::new(),
            last_turn_ms: None,
        };
        Self(team.iter().map(one).collect())
    }

    fn set(mut self, id: &str, change: impl FnOnce(&mut Candidate<'a>)) -> Self {
        change(self.0.iter_mut().find(|one| one.id == id).unwrap());
        self
    }

    /// Who gets it by which method, or why nobody does.
    fn gives(&self, rule: &Assignment, wanted: &Wanted<'_>) -> (String, String) {
        match choose(rule, wanted, &self.0) {
            Ok((id, because)) => (id.to_owned(), because.method),
            Err(why) => ("nobody".to_owned(), why),
        }
    }
}

fn chat<'a>() -> Wanted<'a> {
    Wanted { channel: "whatsapp", locale: "fr-FR", fields: None, skills: &[], last_agent: None }
}

fn tickets(channel: &str, count: u32) -> BTreeMap<String, u32> {
    BTreeMap::from([(channel.to_owned(), count)])
}

#[test]
fn it_goes_to_whose_turn_it_is_or_who_has_the_fewest_and_says_why() {
    let team = team();
    let in_turn = rule(json!({"method": "round_robin"}));
    let fewest = rule(json!({"method": "least_loaded"}));
    let floor = Floor::of(&team)
        .set("ana", |one| (one.last_turn_ms, one.load) = (Some(10), tickets("form", 1)))
        .set("ben", |one| (one.last_turn_ms, one.load) = (Some(5), tickets("form", 3)))
        .set("eva", |one| (one.last_turn_ms, one.load) = (Some(20), tickets("form", 1)));
    assert_eq!(floor.gives(&in_turn, &chat()), ("ben".into(), "round_robin".into()));
    assert_eq!(
        floor.gives(&fewest, &chat()),
        ("ana".into(), "least_loaded".into()),
        "of equals whose turn it is"
    );
    let fresh = Floor::of(&team).set("ana", |one| one.last_turn_ms = Some(1));
    assert_eq!(fresh.gives(&in_turn, &chat()).0, "ben", "who never had one comes first");
    let (_, because) = choose(&fewest, &chat(), &floor.0).unwrap();
    assert!(because.why.contains("fewest tickets, 1"), "{}", because.why);
}

#[test]
fn skills_languages_presence_and_capacity_are_kept() {
    let team = team();
    let all = Floor::of(&team);
    let french = rule(json!({"method": "round_robin", "language": true}));
    assert_eq!(all.gives(&french, &chat()).0, "ben");
    let russian = Wanted { locale: "ru", ..chat() };
    assert_eq!(
        all.gives(&french, &russian),
        ("nobody".into(), "nobody has the skills and the language".into())
    );
    let skilled = rule(json!({"method": "round_robin", "skills": ["billing"], "skill_field": "area"}));
    assert_eq!(all.gives(&skilled, &chat()).0, "ana");
    let fields: Map<String, Value> = serde_json::from_value(json!({"area": "legal"})).unwrap();
    let legal = Wanted { fields: Some(&fields), ..chat() };
    assert_eq!(all.gives(&skilled, &legal).0, "eva");

    let in_turn = rule(json!({"method": "round_robin"}));
    let alone = || {
        let away = |one: &mut Candidate<'_>| one.is_available = false;
        Floor::of(&team).set("ana", away).set("eva", away)
    };
    assert_eq!(alone().gives(&in_turn, &chat()).0, "ben");
    let full = "everybody who could take it has as much as they may";
    let busy = alone().set("ben", |one| one.load = tickets("whatsapp", 2));
    assert_eq!(busy.gives(&in_turn, &chat()), ("nobody".into(), full.into()));
    let by_mail = Wanted { channel: "mime", ..chat() };
    assert_eq!(busy.gives(&in_turn, &by_mail).0, "ben", "there is room on another channel");
    let all_in_all = alone().set("ben", |one| one.load = tickets("form", 5));
    assert_eq!(all_in_all.gives(&in_turn, &by_mail), ("nobody".into(), full.into()));
    let gone = alone().set("ben", |one| one.is_available = false);
    assert_eq!(
        gone.gives(&in_turn, &chat()),
        ("nobody".into(), "nobody who could take it is at work".into())
    );
}

#[test]
fn a_customer_stays_with_their_agent_if_that_one_can_take_it() {
    let team = team();
    let sticky = rule(json!({"method": "round_robin", "sticky": true}));
    let returning = Wanted { last_agent: Some("eva"), ..chat() };
    assert_eq!(Floor::of(&team).gives(&sticky, &returning), ("eva".into(), "sticky".into()));
    let away = Floor::of(&team).set("eva", |one| one.is_available = false);
    assert_eq!(away.gives(&sticky, &returning), ("ana".into(), "round_robin".into()));
    let plain = rule(json!({"method": "round_robin"}));
    assert_eq!(Floor::of(&team).gives(&plain, &returning).0, "ana");
}

fn told(events: Vec<(DateTime<Utc>, PeopleEvent)>) -> People {
    let mut people = People::default();
    for ((at, data), n) in events.into_iter().zip(1..) {
        let id = EventId::new(format!("e{n}")).unwrap();
        people.apply(&Event { id, hlt: Hlt(n), at, by: "person:ana".into(), tag: 0, data });
    }
    people
}

fn absent(
    person: &str,
    from: &str,
    until: Option<&str>,
    substitute: Option<&str>,
) -> (DateTime<Utc>, PeopleEvent) {
    let absence = Absence {
        person: person.into(),
        from: at(from),
        until: until.map(at),
        substitute: substitute.map(Into::into),
    };
    (at("05 08:00"), PeopleEvent::AbsenceSet { id: format!("abs_{person}"), absence })
}

#[test]
fn who_is_absent_is_stood_in_for_from_then_until_then_and_by_those_who_stand_in_for_them() {
    let people = told(vec![
        absent("ana", "05 10:00", Some("06 10:00"), Some("ben")),
        absent("ben", "05 12:00", None, None),
        absent("eva", "05 14:00", None, Some("ana")),
        (at("07 09:00"), PeopleEvent::AbsenceEnded { id: "abs_ben".into() }),
    ]);
    let named = ["eva".to_owned()];
    let named = |id: &str| if id == "ben" { &named[..] } else { &[] };
    let who = |time: &str| people.stand_in("ana", at(time), &named);
    assert_eq!(who("05 09:59"), Some("ana"));
    assert_eq!(who("05 10:00"), Some("ben"));
    assert_eq!(who("05 12:00"), Some("eva"), "whom the pack names for Ben");
    assert_eq!(who("05 14:00"), None, "they stand in for each other, and nobody is there");
    assert_eq!(who("06 10:00"), Some("ana"), "back");
    assert_eq!(people.stand_in("ben", at("07 09:00"), &named), Some("ben"), "ended");
    let lent = |time: &str| people.stands_in_for("ben", at(time)).collect::<Vec<_>>();
    assert_eq!((lent("05 09:00"), lent("05 11:00"), lent("06 11:00")), (vec![], vec!["ana"], vec![]));
}

#[test]
fn who_says_nothing_for_too_long_is_away() {
    let said = |presence| (at("05 09:00"), PeopleEvent::PresenceSet { person: "ana".into(), presence });
    let after = Some(TimeDelta::minutes(15));
    let is = |people: &People, time: &str, call: Option<&str>, after| {
        people.is_available("ana", at(time), call.map(at), after)
    };
    let nobody = told(vec![]);
    assert!(is(&nobody, "05 09:00", None, None), "where the desk does not ask for it a shift is enough");
    assert!(!is(&nobody, "05 09:00", None, after), "never heard of");
    assert!(is(&nobody, "05 09:14", Some("05 09:00"), after));
    assert!(!is(&nobody, "05 09:15", Some("05 09:00"), after));
    let there = told(vec![said(Presence::Available)]);
    assert!(is(&there, "05 09:14", None, after) && !is(&there, "05 09:15", None, after));
    assert!(is(&there, "05 09:25", Some("05 09:20"), after));
    let away = told(vec![said(Presence::Away)]);
    assert!(!is(&away, "05 09:01", Some("05 09:01"), after) && !is(&away, "05 09:01", None, None));
    let ill = told(vec![said(Presence::Available), absent("ana", "05 09:00", None, None)]);
    assert!(!is(&ill, "05 09:01", Some("05 09:01"), after));
}

#[test]
fn a_pack_names_only_skills_teams_and_channels_that_there_are() {
    let pack = |change: &dyn Fn(&mut Value)| {
        let mut pack = json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "teams": {"front": {"name": "Front"}},
            "channels": {"whatsapp": {"main": {}}},
            "people": {"ana": {"name": "Ana", "role": "agent", "teams": ["front"], "skills": ["billing"],
                               "capacity": {"whatsapp": 3, "total": 10}}},
            "presence": {"away_after_minutes": 15},
            "queues": {"support": {"name": "x", "team": "front", "assignment": {
                "method": "round_robin", "skills": ["billing"], "after_shift": true}}}
        });
        change(&mut pack);
        parse(pack).map_err(|wrong| wrong.into_iter().map(|one| one.pointer).collect::<Vec<_>>())
    };
    assert!(pack(&|_| ()).is_ok());
    let at = |pointer: &str| Err(vec![pointer.to_owned()]);
    assert_eq!(
        pack(&|p| p["people"]["ana"]["capacity"] = json!({"fax": 1})).map(|_| ()),
        at("/people/ana/capacity/fax")
    );
    assert_eq!(
        pack(&|p| p["queues"]["support"]["assignment"]["skills"] = json!(["legal"])).map(|_| ()),
        at("/queues/support/assignment/skills/0")
    );
    assert_eq!(
        pack(&|p| p["queues"]["support"]["assignment"]["method"] = json!("best")).map(|_| ()),
        at("/queues/support/assignment/method")
    );
    assert_eq!(
        pack(&|p| {
            p["queues"]["support"].as_object_mut().unwrap().remove("team");
        })
        .map(|_| ()),
        at("/queues/support/assignment")
    );
    assert_eq!(
        pack(&|p| p["presence"] = json!({"away_after_minutes": 0})).map(|_| ()),
        at("/presence/away_after_minutes")
    );
}
