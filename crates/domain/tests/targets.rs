//! What events of a conversation mean to its targets: which policy applies, what custom targets hear, excuses.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::Desk;
use relevo_domain::conversation::{ConversationEvent, decide, excuse, outdated};
use relevo_domain::refusal::RefusalKind;
use serde_json::{Map, Value, json};

fn desk() -> Desk {
    let hour = json!({"seconds": 3600, "calendar": "calendar_time"});
    Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "teams": {"support": {"name": "Support"}, "dev": {"name": "Development"}},
        "people": {"ana": {"name": "Ana", "role": "agent", "teams": ["support"]}},
        "queues": {"general": {"name": "General", "team": "support"}},
        "sla": [
            {"name": "dev", "when": {"team": ["dev"]}, "targets": {"full_resolution": hour}},
            {"name": "vip", "when": {"segment": ["gold"]}, "targets": {"full_resolution": hour}},
            {"name": "outage", "when": {"tags": ["outage"]}, "targets": {"full_resolution": hour}},
            {"name": "three", "when": {"fields.schools": ["3"]}, "targets": {"full_resolution": hour}},
            {"name": "rest", "targets": {
                "first_response": hour,
                "with_dev": {"seconds": 600, "calendar": "calendar_time", "start": "status.entered.waiting_for_others", "stop": "status.left.waiting_for_others"},
                "with_support": {"seconds": 600, "calendar": "calendar_time", "start": "team.entered.support", "stop": "team.left.support"},
                "jira": {"seconds": 600, "calendar": "calendar_time", "start": "tag.added.jira", "stop": "event.jira:closed"}
            }}
        ]
    }))
}

fn fields(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn policy(desk: &Desk) -> &str {
    desk.state.ticket(1).unwrap().timeline.policy().map_or("none", |policy| &policy.policy)
}

/// Instances of a target with their states.
fn targets(desk: &Desk, name: &str) -> Vec<String> {
    let all = desk.state.ticket(1).unwrap().timeline.evaluate(desk, desk.at);
    let states = all.into_iter().filter(|view| view.name == name);
    states.map(|view| serde_json::to_value(view.state).unwrap().as_str().unwrap().to_owned()).collect()
}

#[test]
fn conditions_ask_for_any_field_of_the_ticket() {
    let mut desk = desk();
    desk.receive("05 09:00", "a");
    assert_eq!(policy(&desk), "rest");
    let tag = |desk: &Desk, add: &str, remove: &str| {
        let list = |tag: &str| if tag.is_empty() { vec![] } else { vec![tag.to_owned()] };
        decide::set_tags(&desk.state, desk.published(), 1, list(add), list(remove)).unwrap()
    };
    desk.tell("05 09:05", tag(&desk, "other", ""));
    assert_eq!(policy(&desk), "rest");
    desk.tell("05 09:10", tag(&desk, "outage", ""));
    assert_eq!(policy(&desk), "outage");
    let set =
        |desk: &Desk, set: Value| decide::set_fields(&desk.state, desk.published(), 1, fields(set)).unwrap();
    desk.tell("05 09:15", set(&desk, json!({"segment": "gold"})));
    assert_eq!(policy(&desk), "vip", "the first policy that matches");
    desk.tell("05 09:20", set(&desk, json!({"segment": null})));
    assert_eq!(policy(&desk), "outage");
    desk.tell("05 09:25", tag(&desk, "", "outage"));
    desk.tell("05 09:26", set(&desk, json!({"schools": 3})));
    assert_eq!(policy(&desk), "three");
    desk.tell("05 09:27", set(&desk, json!({"schools": [1, 3]})));
    assert_eq!(policy(&desk), "three");
    let assigned = decide::assign(&desk.state, desk.published(), 1, None, Some("dev".into())).unwrap();
    desk.tell("05 09:30", assigned);
    assert_eq!(policy(&desk), "dev");
    // Un-assigning the person leaves team and policy.
    let unassigned = decide::assign(&desk.state, desk.published(), 1, None, None).unwrap();
    assert_eq!(unassigned.len(), 1);
}

#[test]
fn a_change_that_leads_to_the_same_promise_changes_nothing_that_runs() {
    let mut desk = desk();
    desk.receive("05 09:00", "a");
    desk.version = 2;
    let tagged = decide::set_tags(&desk.state, desk.published(), 1, vec!["x".into()], vec![]).unwrap();
    assert_eq!(tagged.len(), 1, "the tags alone");
    // The pack's terms changed since: they apply with the next change of the ticket's facts.
    desk.pack.sla[4].targets.get_mut("first_response").unwrap().seconds = 60;
    let tagged = decide::set_tags(&desk.state, desk.published(), 1, vec!["y".into()], vec![]).unwrap();
    let ConversationEvent::PolicyChanged { policy: Some(policy), because, .. } = &tagged[1] else {
        panic!("{tagged:?}")
    };
    assert_eq!((policy.pack, because.as_str()), (2, "tags"));
}

#[test]
fn an_agents_ticket_is_matched_by_its_fields_and_tags_too() {
    let mut desk = desk();
    let new = decide::NewTicket { tags: vec!["outage".into()], ..Default::default() };
    let created = decide::create(desk.published(), desk.party(), 1, new).unwrap();
    desk.tell("05 09:00", vec![created]);
    assert_eq!(policy(&desk), "outage");
}

#[test]
fn custom_targets_hear_of_statuses_teams_and_providers() {
    let mut desk = desk();
    desk.receive("05 09:00", "a");
    assert_eq!(targets(&desk, "with_support"), ["running"], "its team has it from the beginning");
    desk.status("05 09:01", "waiting_for_others");
    assert_eq!(targets(&desk, "with_dev"), ["running"]);
    desk.status("05 09:05", "open");
    assert_eq!(targets(&desk, "with_dev"), ["met"]);
    desk.status("05 09:06", "waiting_for_others");
    desk.status("05 09:20", "solved");
    // Solving takes it from whoever had it: late, for more than ten minutes had passed.
    assert_eq!(targets(&desk, "with_dev"), ["met", "breached"]);
    assert_eq!(targets(&desk, "with_support"), ["breached"]);
    desk.status("05 09:30", "open");
    assert_eq!(targets(&desk, "with_support"), ["breached", "running"], "reopening brings it back");
    let tagged = decide::set_tags(&desk.state, desk.published(), 1, vec!["jira".into()], vec![]).unwrap();
    desk.tell("05 09:31", tagged);
    assert_eq!(targets(&desk, "jira"), ["running"]);
    let closed = ConversationEvent::EventReceived {
        kind: "jira:closed".into(),
        data: Value::Null.into(),
        means: None,
    };
    desk.tell("05 09:32", vec![closed]);
    assert_eq!(targets(&desk, "jira"), ["met"]);
    let handed = decide::assign(&desk.state, desk.published(), 1, Some("ana".into()), None).unwrap();
    desk.tell("05 09:33", handed);
    assert_eq!(targets(&desk, "with_support"), ["breached", "running"], "a person of the same team");
}

#[test]
fn only_a_breach_can_be_excused_and_only_with_a_reason() {
    let mut desk = desk();
    desk.receive("05 09:00", "a");
    let excuse = |desk: &Desk, target: &str, reason: &str| {
        excuse(&desk.state, desk, 1, target, reason.into(), desk.at)
    };
    let refused = excuse(&desk, "first_response", "outage").unwrap_err();
    assert_eq!((refused.kind, refused.code), (RefusalKind::Conflict, "not_breached"));
    desk.pass("05 10:00");
    assert_eq!(excuse(&desk, "first_response", " ").unwrap_err().pointer, Some("/reason"));
    assert_eq!(excuse(&desk, "first_response", &"x".repeat(1_001)).unwrap_err().code, "bad_reason");
    assert_eq!(excuse(&desk, "next_response", "outage").unwrap_err().code, "unknown_target");
    let excused = excuse(&desk, "first_response", "outage").unwrap();
    assert_eq!(excuse(&desk, "first_response.1", "outage").unwrap(), excused);
    desk.tell("05 10:05", vec![excused]);
    let view = &desk.state.ticket(1).unwrap().timeline.evaluate(&desk, desk.at);
    let first = view.iter().find(|view| view.name == "first_response").unwrap();
    assert!(first.excused);
    let said = first.log.last().unwrap();
    assert_eq!((said.event, said.why.as_str()), ("excused", "by person:ana: outage"));
}

#[test]
fn outcomes_do_not_depend_on_when_one_asks() {
    let mut desk = desk();
    desk.receive("05 09:00", "a");
    desk.pass("05 23:00");
    let outcome = |desk: &Desk| desk.state.ticket(1).unwrap().timeline.outcomes(desk)["first_response"];
    assert_eq!(outcome(&desk).running, 1, "overdue, and nobody recorded it yet");
    let notice = |threshold: &str| ConversationEvent::NoticeSent {
        ticket: 1,
        instance: "first_response.1".into(),
        threshold: threshold.into(),
        to: vec![],
        folded: vec![],
    };
    desk.tell("05 23:00", vec![notice("breach")]);
    assert_eq!((outcome(&desk).breached, outcome(&desk).excused), (1, 0));
    let excused = excuse(&desk.state, &desk, 1, "first_response", "x".into(), desk.at).unwrap();
    desk.tell("05 23:01", vec![excused]);
    assert_eq!((outcome(&desk).breached, outcome(&desk).excused), (1, 1));
}

#[test]
fn a_trial_says_what_other_terms_would_have_made_of_it() {
    use relevo_domain::conversation::trial;
    let mut desk = desk();
    desk.receive("05 09:00", "a");
    let tagged = decide::set_tags(&desk.state, desk.published(), 1, vec!["outage".into()], vec![]).unwrap();
    desk.tell("05 09:10", tagged);
    let untagged = decide::set_tags(&desk.state, desk.published(), 1, vec![], vec!["outage".into()]).unwrap();
    desk.tell("05 09:20", untagged);
    desk.reply_at(common::at("05 09:50"), "r");
    desk.pass("05 12:00");
    let counts_under = |pack: &relevo_domain::pack::Pack| {
        let published = decide::Published { pack, version: u32::MAX };
        let tried = trial::replay(&desk.events, published);
        let mut counts = std::collections::BTreeMap::new();
        let before = desk.state.ticket(1).unwrap();
        let differ = trial::compare(&mut counts, (before, &desk), (tried.ticket(1), &desk), desk.at);
        (counts, differ)
    };
    // The same terms change nothing.
    let (counts, differ) = counts_under(&desk.pack);
    assert_eq!(differ, []);
    assert!(counts.values().all(|change| change.before == change.after), "{counts:?}");
    // Half an hour instead of an hour: missed at 9:30; and a target that was promised to nobody.
    let mut pack = desk.pack.clone();
    let rest = &mut pack.sla[4].targets;
    rest.get_mut("first_response").unwrap().seconds = 1_800;
    let full = serde_json::from_value(json!({"seconds": 600, "calendar": "calendar_time"})).unwrap();
    rest.insert("first_resolution".to_owned(), full);
    let (counts, differ) = counts_under(&pack);
    let first = counts["first_response"];
    assert_eq!((first.before.met, first.before.breached), (1, 0));
    assert_eq!((first.after.met, first.after.breached), (0, 1));
    let instances: Vec<_> = differ.iter().map(|one| one.instance.as_str()).collect();
    assert_eq!(instances, ["first_resolution.1", "first_resolution.2", "first_response.2"]);
    assert!(differ[0].before.is_none() && differ[0].after.is_some());
    let after = differ[2].after.as_ref().unwrap();
    assert_eq!(after.breached_at, Some(common::at("05 09:30")));
    // Without any policy nothing is promised.
    pack.sla.clear();
    let (counts, differ) = counts_under(&pack);
    assert_eq!(counts["first_response"].after, trial::Counts::default());
    assert!(differ.iter().all(|one| one.after.is_none()) && !differ.is_empty());
}

#[test]
fn a_new_version_of_the_pack_is_applied_only_where_it_differs() {
    struct Versions(Vec<relevo_calendar::Calendar>);
    impl relevo_domain::sla::CalendarSource for Versions {
        fn calendar(&self, version: u32, _: &str) -> Option<&relevo_calendar::Calendar> {
            self.0.get(usize::try_from(version).unwrap() - 1)
        }
    }
    let office = |holidays: Value| {
        let hours = json!({"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]});
        let document = json!({"time_zone": "UTC", "hours": hours, "holidays": holidays});
        relevo_calendar::Calendar::parse(&document).unwrap()
    };
    let mut desk = desk();
    desk.pack.sla.truncate(1);
    desk.pack.sla[0].when.clear();
    desk.pack.sla[0].targets.get_mut("full_resolution").unwrap().calendar = "office".into();
    desk.receive("05 16:30", "a");
    let calendars = Versions(vec![office(json!([])), office(json!([])), office(json!(["2026-01-06"]))]);
    desk.version = 2;
    assert_eq!(outdated(&desk.state, desk.published(), 1, &calendars), None, "neither policy nor calendar");
    // A holiday was added: what is due on Tuesday at 9:30 moves to the Monday after.
    desk.version = 3;
    let changed = outdated(&desk.state, desk.published(), 1, &calendars).unwrap();
    desk.tell("05 16:40", vec![changed]);
    assert_eq!(outdated(&desk.state, desk.published(), 1, &calendars), None, "once");
    let view = &desk.state.ticket(1).unwrap().timeline.evaluate(&calendars, desk.at)[0];
    assert_eq!(view.due, Some(common::at("12 09:30")));
    assert_eq!(
        view.log[1].why,
        "pack changed, pack 1 → 3: 1 h of calendar office, due moved from 2026-01-06 09:30 to 2026-01-12 09:30"
    );
    // Another policy: by its terms.
    desk.pack.sla[0].targets.get_mut("full_resolution").unwrap().seconds = 60;
    assert!(outdated(&desk.state, desk.published(), 1, &calendars).is_some());
}
