//! Automations: what follows from which event, in which order, and what keeps them from going round in circles.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chrono::{DateTime, Utc};
use common::{Desk, at};
use relevo_calendar::Calendar;
use relevo_domain::automation::trial::{Past, Replayed, Would, replay};
use relevo_domain::automation::{Cause, Reaction, Trigger, causes, react};
use relevo_domain::conversation::{ConversationEvent, decide};
use relevo_domain::pack::parse;
use serde_json::{Value, json};

fn pack(automations: Value) -> Value {
    json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "calendars": {"office": {"time_zone": "Europe/Madrid", "hours": {"mon": [["09:00", "17:00"]], "tue": [["09:00", "17:00"]]}}},
        "teams": {"one": {"name": "One"}, "two": {"name": "Two"}},
        "people": {"ana": {"name": "Ana", "role": "agent", "teams": ["one"]}},
        "queues": {"general": {"name": "General", "team": "one"}, "vip": {"name": "VIP", "team": "two"}},
        "channels": {"whatsapp": {"main": {}}},
        "templates": {"thanks": {}},
        "automations": automations
    })
}

/// The causes in the newest event.
fn newest(desk: &Desk) -> Vec<Cause> {
    causes(&desk.state, &desk.events[desk.events.len() - 1..])
}

/// What each automation makes of the newest event, each seeing what the ones before it did.
fn follow(desk: &mut Desk) -> Vec<String> {
    let mut names = Vec::new();
    for cause in newest(desk) {
        for automation in desk.pack.automations.clone() {
            let reaction = react(&automation, desk.published(), &desk.state, &cause, (false, desk.at));
            let Some(reaction) = reaction else { continue };
            names.push(automation.id.clone());
            let now = desk.at;
            desk.tell_at(now, reaction.into_events());
            if automation.stop {
                break;
            }
        }
    }
    names
}

#[test]
fn what_follows_is_in_order_and_each_sees_what_was_done_before() {
    let mut desk = Desk::new(pack(json!([
        {"id": "vip", "name": "VIP", "on": ["ticket.opened"], "when": {"text": {"contains": ["hola"]}},
         "then": [{"queue": {"queue": "vip"}}, {"tags": {"add": ["vip"]}}]},
        {"id": "off", "name": "Off", "enabled": false, "on": ["ticket.opened"], "then": [{"note": {"text": "x"}}]},
        {"id": "high", "name": "High", "on": ["ticket.opened"], "when": {"tags": ["vip"], "team": ["two"]},
         "then": [{"priority": {"priority": "high"}}, {"reply": {"template": "thanks"}}], "stop": true},
        {"id": "late", "name": "Late", "on": ["ticket.opened"], "then": [{"note": {"text": "x"}}]}
    ])));
    desk.receive("05 09:30", "a");
    assert_eq!(follow(&mut desk), ["vip", "high"]);
    let ticket = desk.state.ticket(1).unwrap();
    assert_eq!((ticket.queue.as_str(), ticket.team.as_deref()), ("vip", Some("two")));
    assert_eq!(ticket.priority.as_str(), "high");
    let owed: Vec<_> = ticket.owed.iter().map(|owed| owed.reply.template.as_str()).collect();
    assert_eq!(owed, ["thanks"]);
    assert_eq!(ticket.automations["vip"].fired, 1);
    let told = desk.events.iter().find_map(|event| match &event.data {
        ConversationEvent::AutomationFired(fired) if fired.automation == "vip" => Some(fired),
        _ => None,
    });
    assert_eq!(told.unwrap().why, "ticket.opened; text contains hola");
    assert_eq!(told.unwrap().version, 1);

    desk.receive("05 09:31", "b");
    assert_eq!(
        newest(&desk).iter().map(|cause| cause.trigger).collect::<Vec<_>>(),
        [Trigger::MessageReceived]
    );
    assert_eq!(follow(&mut desk), Vec::<String>::new(), "it opened nothing");
}

#[test]
fn what_changes_nothing_does_not_apply_and_what_is_refused_is_noted() {
    let mut desk = Desk::new(pack(json!([
        {"id": "same", "name": "Same", "on": ["note.written"], "then": [
            {"priority": {"priority": "normal"}}, {"queue": {"queue": "general"}}, {"status": {"status": "new"}},
            {"tags": {"remove": ["none"]}}, {"fields": {"set": {"a": null}}}, {"assignment": {"agent": null}}]},
        {"id": "refused", "name": "Refused", "on": ["note.written"],
         "when": {"category": ["solved"]}, "then": [{"snooze": {"seconds": 60}}, {"tags": {"add": ["x"]}}]}
    ])));
    desk.receive("05 09:30", "a");
    let note = |desk: &mut Desk, time| {
        let note = decide::note(&desk.state, 1, "x".into()).unwrap();
        desk.tell(time, vec![note]);
    };
    note(&mut desk, "05 09:31");
    assert_eq!(follow(&mut desk), Vec::<String>::new());
    desk.status("05 09:32", "solved");
    note(&mut desk, "05 09:33");
    let cause = newest(&desk).remove(0);
    let reaction = react(&desk.pack.automations[1], desk.published(), &desk.state, &cause, (false, desk.at));
    let Some(Reaction::Fired(fired, events)) = reaction else { panic!("{reaction:?}") };
    assert_eq!((fired.refused[0].action, fired.refused[0].code.as_str()), (0, "ticket_is_over"));
    assert!(matches!(&events[..], [ConversationEvent::TagsChanged { .. }]), "{events:?}");
}

#[test]
fn nothing_goes_round_in_circles() {
    let swing = |id: &str, from: &str, to: &str| {
        json!({"id": id, "name": id, "on": ["ticket.priority_changed"], "when": {"priority": [from]},
               "then": [{"priority": {"priority": to}}]})
    };
    let mut desk = Desk::new(pack(json!([swing("up", "low", "high"), swing("down", "high", "low")])));
    desk.receive("05 09:30", "a");
    let low = decide::change_priority(&desk.state, desk.published(), 1, relevo_domain::pack::Priority::Low);
    desk.tell("05 09:31", low.unwrap());
    let would = past(&desk, "05 10:00");
    let seen: Vec<_> = would
        .iter()
        .map(|would| match &would.reaction {
            Reaction::Fired(fired, _) => (would.automation.as_str(), fired.chain.join(">")),
            Reaction::Held(held) => (would.automation.as_str(), held.why.clone()),
        })
        .collect();
    // Down sees what up did, and applies to the same event. What either did leads to neither again.
    let expected = [("up", "up"), ("down", "down"), ("up", "loop")];
    assert_eq!(seen, expected.map(|(id, what)| (id, what.to_owned())));

    let chain: Vec<Value> = (0..8)
        .map(|n| {
            json!({"id": format!("a{n}"), "name": "a", "on": ["ticket.tags_changed"],
                   "when": {"changed": [format!("t{n}")]}, "then": [{"tags": {"add": [format!("t{}", n + 1)]}}]})
        })
        .collect();
    let mut desk = Desk::new(pack(json!(chain)));
    desk.receive("05 09:30", "a");
    let tag = decide::set_tags(&desk.state, desk.published(), 1, vec!["t0".into()], vec![]).unwrap();
    desk.tell("05 09:31", tag);
    let would = past(&desk, "05 10:00");
    let fired = would.iter().filter(|would| matches!(would.reaction, Reaction::Fired(..))).count();
    assert_eq!(fired, 5, "{would:?}");
    let Reaction::Held(held) = &would[5].reaction else { panic!("{would:?}") };
    assert_eq!((held.why.as_str(), held.chain.len(), would.len()), ("depth", 5, 6));
}

#[test]
fn however_many_lead_to_each_other_each_applies_once() {
    let all: Vec<Value> = (0..12)
        .map(|n| json!({"id": format!("a{n}"), "name": "a", "on": ["note.written"], "then": [{"note": {"text": "x"}}]}))
        .collect();
    let mut desk = Desk::new(pack(json!(all)));
    desk.receive("05 09:30", "a");
    let note = decide::note(&desk.state, 1, "x".into()).unwrap();
    desk.tell("05 09:31", vec![note]);
    let would = past(&desk, "05 10:00");
    let fired = would.iter().filter(|would| matches!(would.reaction, Reaction::Fired(..))).count();
    assert_eq!((fired, would.len()), (12, 24), "each is held once too");
}

#[test]
fn a_trial_takes_as_many_steps_as_there_are_automations_and_not_their_square() {
    let steps = |count: u32, kind: Value| {
        let all: Vec<Value> = (0..count)
            .map(|n| {
                let mut one = json!({"id": format!("a{n}"), "name": "a", "then": [
                    {"note": {"text": "x"}}, {"tags": {"add": [format!("t{n}")]}}]});
                one.as_object_mut().unwrap().extend(kind.as_object().cloned().unwrap());
                one
            })
            .collect();
        let mut desk = Desk::new(pack(json!(all)));
        desk.receive("05 09:30", "a");
        let note = decide::note(&desk.state, 1, "x".into()).unwrap();
        desk.tell("05 09:31", vec![note]);
        let replayed = replayed(&desk, "06 10:00");
        let fired = replayed.would.iter().filter(|would| matches!(would.reaction, Reaction::Fired(..)));
        assert_eq!(fired.count(), usize::try_from(count).unwrap());
        replayed.steps
    };
    let follow = json!({"on": ["note.written", "ticket.tags_changed"]});
    let wait = json!({"after": {"seconds": 60, "calendar": "office", "since": "opened"}});
    for kind in [follow, wait] {
        let (few, many) = (steps(10, kind.clone()), steps(100, kind));
        assert!(few <= 20 && many <= 200, "{few} and {many}");
    }
}

#[test]
fn what_waits_applies_when_its_time_is_over_and_its_conditions_hold() {
    let automations = json!([
        {"id": "business", "name": "b", "after": {"seconds": 3600, "calendar": "office", "since": "customer_wrote"},
         "when": {"category": ["new", "open"]}, "then": [{"tags": {"add": ["waits"]}}]},
        {"id": "flip", "name": "f", "after": {"seconds": 60, "calendar": "calendar_time", "since": "status_changed"},
         "when": {"category": ["solved"]}, "then": [{"status": {"status": "open"}}]},
        {"id": "flop", "name": "f", "after": {"seconds": 60, "calendar": "calendar_time", "since": "status_changed"},
         "when": {"category": ["open"], "tags": ["go"]}, "then": [{"status": {"status": "solved"}}]}
    ]);
    let mut desk = Desk::new(pack(automations.clone()));
    // A Monday, half an hour before closing.
    desk.receive("05 16:30", "a");
    let at_of = |would: &[Would]| -> Vec<(String, DateTime<Utc>)> {
        would.iter().map(|would| (would.automation.clone(), would.at)).collect()
    };
    assert_eq!(at_of(&past(&desk, "06 08:29")), []);
    // Madrid is an hour ahead: 16:30 UTC is after closing, so the hour is the first of Tuesday.
    assert_eq!(at_of(&past(&desk, "06 09:01")), [("business".to_owned(), at("06 09:00"))]);

    desk.receive("05 16:40", "b");
    let would = past(&desk, "06 12:00");
    assert_eq!(would.len(), 1, "the newer message counts: {would:?}");
    desk.status("05 16:50", "solved");
    let would = at_of(&past(&desk, "06 12:00"));
    assert_eq!(would[0], ("flip".to_owned(), at("05 16:51")), "{would:?}");
    assert_eq!(would[1].0, "business", "it is open again: {would:?}");

    // Two that undo each other are one chain, however long they wait.
    let mut desk = Desk::new(pack(automations));
    desk.receive("05 16:40", "b");
    let tag = decide::set_tags(&desk.state, desk.published(), 1, vec!["go".into()], vec![]).unwrap();
    desk.tell("05 16:41", tag);
    desk.status("05 16:50", "open");
    let would = past(&desk, "05 18:00");
    let held = would.iter().filter(|would| matches!(would.reaction, Reaction::Held(_))).count();
    let names: Vec<_> = would.iter().map(|would| would.automation.as_str()).collect();
    assert_eq!((&names[..3], held > 0), (&["flop", "flip", "flop"][..], true), "{would:?}");
    assert!(would.len() < 6, "{would:?}");
}

#[test]
fn a_trial_sees_what_was_written_at_once_at_once() {
    let desk = || {
        let mut desk = Desk::new(pack(json!([
            {"id": "sent", "name": "Sent", "on": ["reply.written"], "when": {"category": ["new", "open"]},
             "then": [{"tags": {"add": ["sent"]}}]}
        ])));
        desk.receive("05 09:30", "a");
        desk
    };
    let fired = |desk: &Desk| past(desk, "05 10:00").len();
    let mut apart = desk();
    apart.reply_at(at("05 09:31"), "r");
    apart.status("05 09:32", "solved");
    assert_eq!(fired(&apart), 1);
    // A macro that answers and solves: nobody ever sees the ticket answered and open.
    let mut at_once = desk();
    at_once.reply_at(at("05 09:31"), "r");
    at_once.status("05 09:31", "solved");
    assert_eq!(fired(&at_once), 0);
    assert_eq!(follow_all(&at_once), [""; 0], "as the real ones do");
}

/// What automations make of all that was written in the newest instant, with the conversation as it is after it.
fn follow_all(desk: &Desk) -> Vec<String> {
    let slot: Vec<_> = desk.events.iter().filter(|event| event.at == desk.at).cloned().collect();
    let causes = causes(&desk.state, &slot);
    let reacts = |cause: &Cause| {
        let all = desk.pack.automations.iter();
        all.filter(|one| react(one, desk.published(), &desk.state, cause, (false, desk.at)).is_some())
            .map(|one| one.id.clone())
            .collect::<Vec<_>>()
    };
    causes.iter().flat_map(reacts).collect()
}

#[test]
fn a_trial_leaves_out_what_the_real_ones_did() {
    let mut desk = Desk::new(pack(json!([
        {"id": "tag", "name": "t", "on": ["message.received"], "then": [{"note": {"text": "seen"}}]}
    ])));
    desk.receive("05 09:30", "a");
    desk.receive("05 09:40", "b");
    assert_eq!(past(&desk, "05 10:00").len(), 2);
    let since = Past { from: at("05 09:35"), ..whole(&desk, "05 10:00") };
    assert_eq!(
        replay(since, desk.published(), &|_| None).would.len(),
        1,
        "what was before is taken as it was"
    );
}

fn whole<'a>(desk: &'a Desk, until: &str) -> Past<'a> {
    Past { events: &desk.events, votes: &[], from: at("01 00:00"), until: at(until) }
}

/// What the automations would have done until then.
fn past(desk: &Desk, until: &str) -> Vec<Would> {
    replayed(desk, until).would
}

fn replayed(desk: &Desk, until: &str) -> Replayed {
    let calendars = |name: &str| -> Option<&Calendar> { desk.calendars.get(name) };
    replay(whole(desk, until), desk.published(), &calendars)
}

#[test]
fn what_is_wrong_with_automations_macros_and_routing_is_found() {
    let wrong = |change: &dyn Fn(&mut Value)| -> Vec<String> {
        let mut document = pack(json!([]));
        change(&mut document);
        parse(document).unwrap_err().into_iter().map(|problem| problem.pointer).collect()
    };
    let one = |automation: Value| {
        let mut whole =
            json!({"id": "a", "name": "A", "on": ["ticket.opened"], "then": [{"note": {"text": "x"}}]});
        whole.as_object_mut().unwrap().extend(automation.as_object().unwrap().clone());
        wrong(&|pack| pack["automations"] = json!([whole]))
    };
    for (part, place) in [
        (json!({"id": "A b"}), "/automations/0/id"),
        (json!({"name": " "}), "/automations/0/name"),
        (json!({"on": []}), "/automations/0/on"),
        (json!({"on": ["weather.changed"]}), "/automations/0/on/0"),
        (
            json!({"after": {"seconds": 1, "calendar": "calendar_time", "since": "opened"}}),
            "/automations/0/on",
        ),
        (
            json!({"on": [], "after": {"seconds": 0, "calendar": "calendar_time", "since": "opened"}}),
            "/automations/0/after/seconds",
        ),
        (
            json!({"on": [], "after": {"seconds": 1, "calendar": "x", "since": "opened"}}),
            "/automations/0/after/calendar",
        ),
        (json!({"when": {"weather": ["x"]}}), "/automations/0/when/weather"),
        (json!({"when": {"status": ["nowhere"]}}), "/automations/0/when/status"),
        (json!({"when": {"queue": {"not": ["nowhere"]}}}), "/automations/0/when/queue"),
        (json!({"then": []}), "/automations/0/then"),
        (json!({"then": [{"status": {"status": "nowhere"}}]}), "/automations/0/then/0/status/status"),
        (json!({"then": [{"queue": {"queue": "nowhere"}}]}), "/automations/0/then/0/queue/queue"),
        (json!({"then": [{"escalation": {"team": "nowhere"}}]}), "/automations/0/then/0/escalation/team"),
        (json!({"then": [{"assignment": {"agent": "nobody"}}]}), "/automations/0/then/0/assignment/agent"),
        (json!({"then": [{"reply": {"template": "nothing"}}]}), "/automations/0/then/0/reply/template"),
        (json!({"then": [{"notice": {"notice": "A b"}}]}), "/automations/0/then/0/notice/notice"),
        (json!({"then": [{"tags": {}}]}), "/automations/0/then/0/tags"),
        (json!({"then": [{"macro": {"id": "m"}}]}), "/automations/0/then/0/macro/id"),
        (json!({"colour": 1}), "/automations/0/colour"),
    ] {
        assert_eq!(one(part.clone()).first().map(String::as_str), Some(place), "{part}");
    }
    let macros = json!({"M": {"name": "", "teams": ["x"], "then": [
        {"reply": {"template": "thanks"}}, {"reply": {"template": "thanks"}}, {"macro": {"id": "M"}}]}});
    assert_eq!(
        wrong(&|pack| pack["macros"] = macros.clone()),
        ["/macros/M", "/macros/M/name", "/macros/M/teams/0", "/macros/M/then", "/macros/M/then/2"]
    );
    let routing = json!([{"when": {"text": {"contains": ["x"]}}, "queue": "no", "team": "no", "skills": ["no"], "again": true}]);
    assert_eq!(
        wrong(&|pack| pack["routing"] = routing.clone()),
        [
            "/routing/0/queue",
            "/routing/0/team",
            "/routing/0/skills/0",
            "/routing/0/again",
            "/routing/0/when/text"
        ]
    );
}

#[test]
fn a_new_ticket_goes_where_the_first_rule_says_and_on_when_its_fields_change() {
    let mut document = pack(json!([]));
    document["people"]["ana"]["skills"] = json!(["claims"]);
    document["routing"] = json!([
        {"name": "complaints", "when": {"text": {"contains": ["hola"]}, "channel": ["whatsapp"]}, "queue": "general",
         "team": "two", "priority": "urgent", "tags": ["complaint"], "skills": ["claims"]},
        {"name": "VIPs", "when": {"fields.plan": ["vip"]}, "queue": "vip", "again": true},
        {"queue": "general"}
    ]);
    let mut desk = Desk::new(document);
    desk.receive("05 09:30", "a");
    let ticket = desk.state.ticket(1).unwrap();
    assert_eq!(
        (ticket.queue.as_str(), ticket.team.as_deref(), ticket.priority.as_str()),
        ("general", Some("two"), "urgent")
    );
    assert_eq!(ticket.skills, ["claims"]);
    let ConversationEvent::MessageReceived(received) = &desk.events[0].data else { panic!() };
    let routed_by = received.opening.as_ref().unwrap().routed_by.as_deref();
    assert_eq!(routed_by, Some("complaints: channel is whatsapp, text contains hola"));

    let set = |desk: &Desk, value: Value| {
        let set = json!({"plan": value}).as_object().unwrap().clone();
        decide::set_fields(&desk.state, desk.published(), 1, set).unwrap()
    };
    let events = set(&desk, json!("basic"));
    assert_eq!(events.len(), 1);
    let events = set(&desk, json!("vip"));
    let Some(ConversationEvent::QueueChanged { because, .. }) = events.get(1) else { panic!("{events:?}") };
    assert_eq!(because.as_deref(), Some("VIPs: fields.plan is vip"));
    desk.tell("05 09:31", events);
    assert_eq!(desk.state.ticket(1).unwrap().queue, "vip");
    desk.status("05 09:32", "solved");
    assert_eq!(set(&desk, json!("basic")).len(), 1, "what is done stays where it is");
}

#[test]
fn a_reply_that_waited_is_written_when_it_is_let_go_by_whoever_wrote_it() {
    use relevo_domain::conversation::Outgoing;
    use relevo_domain::conversation::held::{self, Hold, Why};
    let answered = json!([{"id": "answered", "name": "Answered", "on": ["reply.written"],
        "when": {"text": {"contains": ["manual"]}}, "then": [{"tags": {"add": ["answered"]}}]}]);
    let mut desk = Desk::new(pack(answered));
    desk.receive("05 09:00", "a");
    let hold = Hold { why: Why::Undo, until: Some(common::at("05 09:11")) };
    let message = Outgoing { outbox: Some("out".into()), ..Outgoing::text("m1", "Mire el manual") };
    desk.by = "person:ana".into();
    let held = held::hold(&desk.state, 1, message, true, hold).unwrap();
    desk.tell("05 09:10", held);
    assert_eq!(follow(&mut desk), Vec::<String>::new(), "it may still be taken back");
    desk.by = "system:delivery".into();
    let released = ConversationEvent::ReplyReleased { ticket: 1, message: "m1".into() };
    desk.tell("05 09:11", vec![released]);
    assert_eq!(
        (newest(&desk)[0].trigger, newest(&desk)[0].by.as_str()),
        (Trigger::ReplyWritten, "person:ana")
    );
    assert_eq!(follow(&mut desk), ["answered"]);
    assert!(desk.state.ticket(1).unwrap().tags.contains("answered"));
}
