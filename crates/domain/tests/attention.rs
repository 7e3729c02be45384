//! Out of sight, overtaken, followed up.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Desk, at};
use relevo_domain::conversation::{ConversationEvent, attention, decide};
use serde_json::json;

fn desk() -> Desk {
    let mut desk = Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "people": {"ana": {"name": "Ana", "role": "agent"}}, "queues": {"general": {"name": "General"}}
    }));
    desk.receive("05 09:00", "a");
    desk
}

fn snoozed(desk: &Desk) -> Option<chrono::DateTime<chrono::Utc>> {
    desk.state.ticket(1).unwrap().snoozed_until
}

#[test]
fn a_ticket_is_out_of_sight_until_its_time_or_until_the_customer_writes() {
    let mut desk = desk();
    let snooze =
        |desk: &Desk, until: Option<&str>| attention::snooze(&desk.state, 1, until.map(at), at("05 10:00"));
    assert_eq!(snooze(&desk, Some("05 10:00")).unwrap_err().code, "bad_instant");
    let far = attention::snooze(
        &desk.state,
        1,
        Some(at("05 10:00") + chrono::TimeDelta::days(367)),
        at("05 10:00"),
    );
    assert_eq!(far.unwrap_err().code, "bad_instant");
    desk.tell("05 10:00", snooze(&desk, Some("08 09:00")).unwrap());
    assert_eq!(snoozed(&desk), Some(at("08 09:00")));
    assert!(snooze(&desk, Some("08 09:00")).unwrap().is_empty(), "it is already");
    desk.receive("06 10:00", "b");
    assert_eq!(snoozed(&desk), None, "the customer wrote");
    desk.tell("06 11:00", snooze(&desk, Some("08 09:00")).unwrap());
    // An earlier time is over: that is not this one.
    desk.tell("06 11:01", vec![ConversationEvent::TicketWoken { ticket: 1, until: at("07 09:00") }]);
    assert_eq!(snoozed(&desk), Some(at("08 09:00")));
    desk.tell("08 09:00", vec![ConversationEvent::TicketWoken { ticket: 1, until: at("08 09:00") }]);
    assert_eq!(snoozed(&desk), None);
    desk.status("08 10:00", "solved");
    assert_eq!(snooze(&desk, Some("09 09:00")).unwrap_err().code, "ticket_is_over");
}

#[test]
fn who_has_not_seen_the_last_message_is_told_so() {
    let mut desk = desk();
    assert!(attention::not_overtaken(&desk.state, 1, "msg_a").is_ok());
    desk.reply_at(at("05 09:10"), "m1");
    let overtaken = attention::not_overtaken(&desk.state, 1, "msg_a").unwrap_err();
    assert_eq!(overtaken.code, "collision");
    assert!(overtaken.what.starts_with("m1 "), "{}", overtaken.what);
    assert!(attention::not_overtaken(&desk.state, 1, "m1").is_ok());
    let between = attention::said_after(&desk.state, 1, "msg_a").unwrap();
    assert_eq!(between.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["m1"]);
    assert!(attention::said_after(&desk.state, 1, "nothing").is_none());
    assert_eq!(attention::not_overtaken(&desk.state, 2, "m1").unwrap_err().code, "unknown_ticket");
}

#[test]
fn a_closed_ticket_is_followed_up_with_what_was_known_of_it() {
    let mut desk = desk();
    assert_eq!(attention::follow_up(&desk.state, 1).unwrap_err().code, "ticket_is_not_closed");
    desk.tell(
        "05 09:01",
        decide::set_tags(&desk.state, desk.published(), 1, vec!["acta".into()], vec![]).unwrap(),
    );
    desk.tell(
        "05 09:02",
        decide::assign(&desk.state, desk.published(), 1, Some("ana".into()), None).unwrap(),
    );
    desk.status("05 10:00", "closed");
    let new = attention::follow_up(&desk.state, 1).unwrap();
    let created = decide::create(desk.published(), desk.party(), 9, new).unwrap();
    desk.tell("07 10:00", vec![created]);
    let ticket = desk.state.ticket(2).unwrap();
    assert_eq!(ticket.follows, Some(1));
    assert!(ticket.tags.contains("acta"));
    assert_eq!(ticket.agent.as_deref(), Some("ana"));
    desk.receive("07 11:00", "b");
    assert_eq!(desk.state.messages(2).count(), 1, "what the customer writes joins the new one");
}
