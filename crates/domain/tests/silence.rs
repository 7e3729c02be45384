//! What a pack does when nobody says anything.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Desk, at};
use relevo_domain::conversation::silence::{Next, next};
use relevo_domain::conversation::{ConversationEvent, decide};
use relevo_domain::pack::parse;
use relevo_domain::rows::ticket_row;
use serde_json::{Value, json};

const HOUR: u64 = 3600;

fn document() -> Value {
    let day = json!([["09:00", "17:00"]]);
    json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "calendars": {"office": {"time_zone": "UTC", "hours": {"mon": day, "tue": day, "wed": day, "thu": day, "fri": day}}},
        "queues": {"general": {"name": "General"}},
        "statuses": {
            "abierto": {"name": "Abierto", "category": "open"},
            "esperando": {"name": "Esperando", "category": "waiting_for_customer"},
            "resuelto": {"name": "Resuelto", "category": "solved"}, "cerrado": {"name": "Cerrado", "category": "closed"}
        },
        "templates": {"recordatorio": {}},
        "lifecycle": {"silence": [
            {"in": ["esperando"], "after_seconds": 8 * HOUR, "calendar": "office", "template": "recordatorio"},
            {"in": ["esperando"], "after_seconds": 24 * HOUR, "calendar": "office", "to": "resuelto"},
            {"in": ["resuelto"], "after_seconds": 48 * HOUR, "calendar": "calendar_time", "to": "cerrado"}
        ]}
    })
}

/// A ticket whose customer has to answer since Monday 10:00.
fn waiting() -> Desk {
    let mut desk = Desk::new(document());
    desk.receive("05 09:00", "a");
    desk.reply_at(at("05 09:30"), "m1");
    desk.status("05 10:00", "esperando");
    desk
}

/// What is to be done: `never`, when, or which rule.
fn due(desk: &Desk, now: &str) -> String {
    let calendars = |name: &str| desk.calendars.get(name);
    match next(desk.state.ticket(1).unwrap(), &desk.pack, &calendars, at(now)) {
        Next::Never => "never".to_owned(),
        Next::At(at) => at.format("%d %H:%M").to_string(),
        Next::Now(rule) => rule.template.clone().or(rule.to.clone()).unwrap(),
    }
}

/// Follows the rule that is due.
fn follow(desk: &mut Desk, time: &str) -> Vec<ConversationEvent> {
    let calendars = |name: &str| desk.calendars.get(name);
    let ticket = desk.state.ticket(1).unwrap();
    let Next::Now(rule) = next(ticket, &desk.pack, &calendars, at(time)) else { panic!("nothing is due") };
    let to = rule.to.as_ref().and_then(|to| desk.pack.status(to));
    vec![ConversationEvent::SilencePassed {
        ticket: 1,
        since: ticket.silent.since,
        after_seconds: rule.after_seconds,
        to: to.clone().map(|(status, _)| status),
        category: to.map(|(_, category)| category),
    }]
}

fn status(desk: &Desk) -> &str {
    &desk.state.ticket(1).unwrap().status
}

#[test]
fn a_reminder_comes_first_and_then_the_status_by_the_hours_of_the_desk() {
    let mut desk = waiting();
    assert_eq!(due(&desk, "05 10:00"), "06 10:00", "eight hours of the office");
    assert_eq!(due(&desk, "06 09:59"), "06 10:00");
    assert_eq!(due(&desk, "06 10:00"), "recordatorio");
    let reminded = follow(&mut desk, "06 10:00");
    desk.tell("06 10:00", reminded.clone());
    desk.tell("06 10:00", reminded);
    assert_eq!((due(&desk, "06 11:00").as_str(), status(&desk)), ("08 10:00", "esperando"));
    let solved = follow(&mut desk, "08 10:00");
    desk.tell("08 10:00", solved);
    assert_eq!((status(&desk), due(&desk, "08 10:00").as_str()), ("resuelto", "10 10:00"));
    assert_eq!(desk.state.ticket(1).unwrap().resolutions, 1);
    let closed = follow(&mut desk, "10 10:00");
    desk.tell("10 10:00", closed);
    assert_eq!((status(&desk), due(&desk, "31 10:00").as_str()), ("cerrado", "never"));
}

#[test]
fn any_message_begins_it_anew() {
    let mut desk = waiting();
    desk.reply_at(at("05 16:00"), "m2");
    assert_eq!(due(&desk, "06 10:00"), "06 16:00", "we wrote");
    desk.receive("06 09:00", "b");
    assert_eq!((status(&desk), due(&desk, "31 10:00").as_str()), ("abierto", "never"), "the customer wrote");
    desk.status("06 12:00", "esperando");
    assert_eq!(due(&desk, "06 12:00"), "07 12:00", "another status");
}

#[test]
fn after_ticks_that_were_missed_nobody_is_reminded_of_what_is_over() {
    let mut desk = waiting();
    assert_eq!(due(&desk, "12 10:00"), "resuelto");
    let solved = follow(&mut desk, "12 10:00");
    desk.tell("12 10:00", solved);
    assert_eq!(status(&desk), "resuelto");
}

#[test]
fn a_reply_at_the_same_moment_keeps_it_open() {
    let mut desk = waiting();
    let solved = follow(&mut desk, "08 10:00");
    // Sorts before, and whoever followed the rule had not seen it.
    desk.receive("08 09:59", "b");
    desk.tell("08 10:00", solved);
    assert_eq!(status(&desk), "abierto");
}

#[test]
fn a_merged_ticket_and_a_pack_without_rules_wait_for_nothing() {
    let mut desk = waiting();
    let row = |desk: &Desk| ticket_row("x", &desk.state, desk.state.ticket(1).unwrap(), desk).unwrap();
    assert_eq!(row(&desk).silent_since_ms, Some(at("05 10:00").timestamp_millis()));
    desk.pack.lifecycle.silence.clear();
    assert_eq!(due(&desk, "31 10:00"), "never");
    let mut desk = waiting();
    let into = relevo_domain::conversation::TicketRef { id: "tkt_x_1".into(), number: 2 };
    let (here, status, unanswered, different_customers) = (None, "cerrado".to_owned(), None, false);
    desk.tell(
        "05 11:00",
        vec![ConversationEvent::TicketMerged {
            ticket: 1,
            into,
            here,
            status,
            unanswered,
            different_customers,
        }],
    );
    assert_eq!((due(&desk, "31 10:00").as_str(), row(&desk).silent_since_ms), ("never", None));
}

#[test]
fn what_is_wrong_with_a_rule_is_said_with_its_place() {
    let mut wrong = document();
    wrong["lifecycle"]["silence"] = json!([
        {"in": ["abierto"], "after_seconds": 0, "calendar": "night", "template": "none"},
        {"in": [], "after_seconds": 1, "calendar": "office"},
        {"in": ["esperando"], "after_seconds": 1, "calendar": "office", "template": "recordatorio", "to": "resuelto"},
        {"in": ["gone"], "after_seconds": 1, "calendar": "office", "to": "nowhere"}
    ]);
    let mut places: Vec<_> = parse(wrong).unwrap_err().into_iter().map(|problem| problem.pointer).collect();
    places.sort();
    let at = |place: &str| format!("/lifecycle/silence/{place}");
    let mut expected: Vec<_> =
        ["0/after_seconds", "0/calendar", "0/in", "0/template", "1", "1/in", "2", "3/in/0", "3/to"]
            .map(at)
            .into();
    expected.sort();
    assert_eq!(places, expected);
    let desk = waiting();
    assert!(decide::existing(&desk.state, 1).is_ok());
}
