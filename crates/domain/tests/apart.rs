//! Client companies that share a desk: no call, macro, bulk action or rule brings a ticket of one before another.
#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on fails

use chrono::{DateTime, Utc};
use relevo_domain::action::{Acting, Action};
use relevo_domain::conversation::decide::{self, NewTicket, Published};
use relevo_domain::conversation::{Conversation, Party, apart};
use relevo_domain::mention;
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::pack::{Pack, Role, parse};
use relevo_domain::refusal::Refusal;
use relevo_journal::{Event, EventId, Fold, Hlt};
use serde_json::{Value, json};

fn document(automations: &Value) -> Value {
    json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "queues": {
            "a": {"name": "A", "team": "a1"}, "a-2": {"name": "A2", "team": "a2"},
            "b": {"name": "B", "team": "b1"}, "shared": {"name": "Shared"}
        },
        "teams": {"a1": {"name": "A1"}, "a2": {"name": "A2"}, "b1": {"name": "B1"}, "all": {"name": "All"}},
        "people": {
            "ana": {"name": "Ana", "role": "agent", "teams": ["a1"]},
            "ben": {"name": "Ben", "role": "agent", "teams": ["b1"]},
            "both": {"name": "Both", "role": "lead", "teams": ["a2", "b1"]},
            "eva": {"name": "Eva", "role": "manager", "teams": ["all"]},
            "tom": {"name": "Tom", "role": "agent", "teams": ["all"]},
            "portal": {"name": "Portal", "role": "service", "teams": ["a1"]}
        },
        "channels": {"phone": {"main": {}}},
        "partitions": {"a": {"name": "A", "teams": ["a1", "a2"]}, "b": {"name": "B", "teams": ["b1"]}},
        "macros": {"over": {"name": "Over", "then": [{"queue": {"queue": "b"}}]}},
        "automations": automations
    })
}

fn pack() -> Pack {
    parse(document(&json!([]))).expect("a valid pack")
}

fn published(pack: &Pack) -> Published<'_> {
    Published { pack, version: 1 }
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).expect("an instant")
}

fn create(pack: &Pack, queue: &str, agent: Option<&str>) -> Result<Conversation, Refusal> {
    let party = Party {
        channel: "phone".into(),
        account: "main".into(),
        address: Address { kind: AddressKind::Phone, value: "34600000001".into() },
        contact: "ctc_x".into(),
        name: None,
        locale: "es".into(),
    };
    let (queue, agent) = (Some(queue.to_owned()), agent.map(str::to_owned));
    let data = decide::create(published(pack), party, 1, NewTicket { queue, agent, ..NewTicket::default() })?;
    let mut state = Conversation::default();
    let id = EventId::new("created").expect("an id");
    state.apply(&Event { id, hlt: Hlt(1), at: start(), by: "person:ana".into(), tag: 0, data });
    Ok(state)
}

/// The place of a refusal for another partition, of what is done to a ticket of a queue.
fn refused(queue: &str, role: Option<Role>, action: Value) -> Option<&'static str> {
    let pack = pack();
    let state = create(&pack, queue, None).expect("a ticket");
    let action: Action = serde_json::from_value(action).expect("an action");
    let acting = Acting { role, ..Acting::desk(start()) };
    let refusal = action.decide(&state, published(&pack), 1, &acting).err()?;
    assert_eq!(refusal.code, "other_partition", "{refusal}");
    refusal.pointer
}

#[test]
fn a_ticket_stays_in_its_partition_unless_a_manager_moves_it() {
    for role in [None, Some(Role::Service), Some(Role::Agent), Some(Role::Lead)] {
        assert_eq!(refused("a", role, json!({"queue": {"queue": "b"}})), Some("/queue"), "{role:?}");
        assert_eq!(refused("a", role, json!({"queue": {"queue": "a-2"}})), None);
        // What is nobody's may become somebody's.
        assert_eq!(refused("shared", role, json!({"queue": {"queue": "b"}})), None);
    }
    assert_eq!(refused("a", Some(Role::Manager), json!({"queue": {"queue": "b"}})), None);
}

#[test]
fn it_goes_to_teams_and_people_of_its_partition_whoever_gives_it() {
    for role in [None, Some(Role::Agent), Some(Role::Manager)] {
        for (action, place) in [
            (json!({"escalation": {"team": "b1"}}), Some("/team")),
            (json!({"escalation": {"team": "a2"}}), None),
            (json!({"escalation": {"team": "all"}}), None),
            (json!({"assignment": {"team": "b1"}}), Some("/team")),
            (json!({"assignment": {"team": "a2"}}), None),
            (json!({"assignment": {"agent": "ben"}}), Some("/agent")),
            (json!({"assignment": {"agent": "tom"}}), Some("/agent")),
            (json!({"assignment": {"agent": "ana", "team": "b1"}}), Some("/team")),
            (json!({"assignment": {"agent": "ana"}}), None),
            (json!({"assignment": {"agent": "both"}}), None),
            (json!({"assignment": {"agent": "eva"}}), None),
            (json!({"assignment": {"agent": null}}), None),
        ] {
            assert_eq!(refused("a", role, action.clone()), place, "{role:?}: {action}");
        }
        // With the team that nobody's ticket gets it becomes that team's company's.
        for (action, place) in [
            (json!({"assignment": {"agent": "ana", "team": "b1"}}), Some("/agent")),
            (json!({"assignment": {"agent": "ben", "team": "b1"}}), None),
            (json!({"assignment": {"agent": "tom"}}), None),
        ] {
            assert_eq!(refused("shared", role, action.clone()), place, "{role:?}: {action}");
        }
    }
}

#[test]
fn nor_is_it_opened_for_a_stranger_or_a_program() {
    let pack = pack();
    let code = |queue, agent| create(&pack, queue, Some(agent)).err().map(|refusal| refusal.code);
    assert_eq!(code("a", "ana"), None);
    assert_eq!(code("a", "ben"), Some("other_partition"));
    assert_eq!(code("shared", "ben"), None);
    assert_eq!(code("a", "portal"), Some("works_on_no_ticket"));
    let state = create(&pack, "a", None).expect("a ticket");
    let refusal = decide::assign(&state, published(&pack), 1, Some("portal".into()), None).err();
    let refusal = refusal.expect("a refusal");
    assert_eq!((refusal.code, refusal.pointer), ("works_on_no_ticket", Some("/agent")));
}

#[test]
fn what_can_be_done_to_none_of_the_tickets_that_somebody_sees_is_known_before() {
    let pack = pack();
    let actions = json!([
        {"queue": {"queue": "b"}}, {"queue": {"queue": "a-2"}}, {"assignment": {"agent": "ben"}},
        {"assignment": {"team": "b1"}}, {"escalation": {"team": "b1"}}, {"macro": {"id": "over"}},
        {"assignment": {"agent": "eva"}}, {"assignment": {"agent": "both", "team": "a2"}}
    ]);
    let actions: Vec<Action> = serde_json::from_value(actions).expect("actions");
    let places = |person: &str, role| -> Vec<String> {
        apart::misplaced(&pack, &actions, person, role).into_iter().map(|(place, _)| place).collect()
    };
    let foreign =
        ["/0/queue/queue", "/2/assignment/agent", "/3/assignment/team", "/4/escalation/team", "/5/macro/id"];
    assert_eq!(places("ana", Role::Agent), foreign);
    assert_eq!(places("both", Role::Lead), [""; 0]);
    assert_eq!(places("eva", Role::Manager), [""; 0]);
}

#[test]
fn an_automation_that_is_seen_to_move_tickets_between_partitions_is_refused_with_its_pack() {
    let wrong = |when: Value, action: Value| -> Vec<String> {
        let one =
            json!([{"id": "x", "name": "X", "on": ["message.received"], "when": when, "then": [action]}]);
        let problems = parse(document(&one)).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.pointer).collect()
    };
    let move_to = |queue: &str| json!({"queue": {"queue": queue}});
    assert_eq!(wrong(json!({"queue": ["a", "a-2"]}), move_to("b")), ["/automations/0/then/0/queue/queue"]);
    let assign = json!({"assignment": {"agent": "ben"}});
    assert_eq!(wrong(json!({"queue": ["a"]}), assign), ["/automations/0/then/0/assignment/agent"]);
    // Whether it would is not seen of these; a ticket that it would move is left where it is.
    assert_eq!(wrong(json!({"queue": ["a", "shared"]}), move_to("b")), [""; 0]);
    assert_eq!(wrong(json!({}), move_to("b")), [""; 0]);
    assert_eq!(wrong(json!({"queue": ["a"]}), move_to("a-2")), [""; 0]);
}

#[test]
fn who_works_for_another_partition_is_as_good_as_not_there() {
    let pack = pack();
    let text = "@ana @ben @b1 @all @both";
    let (found, unknown) = mention::mentioned(&pack, Some("a"), text);
    assert_eq!((found.people, found.teams), (vec!["ana".into(), "both".into()], vec!["all".into()]));
    assert_eq!(unknown, ["ben", "b1"]);
    let (found, unknown) = mention::mentioned(&pack, None, text);
    assert_eq!((found.people.len(), found.teams.len(), unknown.len()), (3, 2, 0));

    for (person, other, together) in [
        ("ana", "ben", false),
        ("ana", "both", true),
        ("ana", "eva", true),
        ("ana", "tom", false),
        ("both", "ben", true),
        ("tom", "ben", true),
    ] {
        assert_eq!(pack.work_together(person, other), together, "{person} {other}");
    }
}
