//! Splitting tickets, and parents with their children.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Desk, at};
use relevo_domain::conversation::decide::NewTicket;
use relevo_domain::conversation::family;
use relevo_domain::conversation::merge::Place;
use relevo_domain::conversation::split::split;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use serde_json::json;

fn desk() -> Desk {
    let mut desk = Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "people": {"ana": {"name": "Ana", "role": "agent"}},
        "queues": {"general": {"name": "General"}, "other": {"name": "Other"}},
        "sla": [{"name": "all", "targets": {
            "first_response": {"seconds": 3600, "calendar": "calendar_time"},
            "next_response": {"seconds": 3600, "calendar": "calendar_time"}}}]
    }));
    desk.receive("05 09:00", "a");
    desk.reply_at(at("05 09:10"), "m1");
    desk.receive("05 10:00", "b");
    desk.receive("05 10:30", "c");
    desk
}

fn take(desk: &Desk, messages: &[&str], new: NewTicket) -> Result<ConversationEvent, &'static str> {
    let messages: Vec<String> = messages.iter().map(|id| (*id).to_owned()).collect();
    split(&desk.state, desk.published(), 1, &messages, 77, new).map_err(|refusal| refusal.code)
}

fn messages(state: &Conversation, ticket: u32) -> Vec<&str> {
    state.messages(ticket).map(|message| message.id.as_str()).collect()
}

#[test]
fn messages_become_a_ticket_with_the_clocks_of_what_was_moved() {
    let mut desk = desk();
    let new =
        NewTicket { subject: Some("Otra cosa".into()), queue: Some("other".into()), ..NewTicket::default() };
    let event = take(&desk, &["msg_c"], new).unwrap();
    desk.tell("05 11:00", vec![event.clone()]);
    assert_eq!(
        (messages(&desk.state, 1), messages(&desk.state, 2)),
        (vec!["msg_a", "m1", "msg_b"], vec!["msg_c"])
    );
    let (source, new) = (desk.state.ticket(1).unwrap(), desk.state.ticket(2).unwrap());
    assert_eq!(
        (new.opened_at, new.number, new.queue.as_str(), new.split_from),
        (at("05 10:30"), 77, "other", Some(1))
    );
    assert_eq!(new.subject.as_ref().unwrap().0, "Otra cosa");
    assert_eq!(
        (source.timeline.unanswered(), new.timeline.unanswered()),
        (Some(at("05 10:00")), Some(at("05 10:30")))
    );
    assert_eq!((source.replies, new.replies, new.by_customer), (1, 0, true));
    // The same at the same time finds the message gone.
    desk.tell("05 11:00", vec![event]);
    assert_eq!(desk.state.tickets.len(), 2);
}

#[test]
fn an_answer_that_is_moved_is_counted_where_it_went() {
    let mut desk = desk();
    let event = take(&desk, &["msg_a", "m1"], NewTicket::default()).unwrap();
    desk.tell("05 11:00", vec![event]);
    let (source, new) = (desk.state.ticket(1).unwrap(), desk.state.ticket(2).unwrap());
    assert_eq!((source.replies, new.replies), (0, 1));
    assert_eq!((new.timeline.unanswered(), new.timeline.first_response_at()), (None, Some(at("05 09:10"))));
    assert_eq!(source.timeline.unanswered(), Some(at("05 10:00")));
    // What waits on the source alone is moved: it waits for nobody there.
    let mut desk = self::desk();
    let event = take(&desk, &["msg_b", "msg_c"], NewTicket::default()).unwrap();
    desk.tell("05 11:00", vec![event]);
    assert_eq!(desk.state.ticket(1).unwrap().timeline.unanswered(), None);
    assert_eq!(desk.state.ticket(2).unwrap().timeline.unanswered(), Some(at("05 10:00")));
}

#[test]
fn what_is_said_next_joins_the_new_ticket_until_it_is_done_and_then_the_old_one() {
    let mut desk = desk();
    desk.tell("05 11:00", vec![take(&desk, &["msg_c"], NewTicket::default()).unwrap()]);
    desk.receive("05 11:10", "d");
    assert_eq!(messages(&desk.state, 2), ["msg_c", "msg_d"]);
    desk.status("05 11:20", "solved");
    desk.receive("05 11:30", "e");
    assert_eq!((messages(&desk.state, 1).last().copied(), desk.state.tickets.len()), (Some("msg_e"), 2));
}

#[test]
fn what_cannot_be_moved_is_refused() {
    let desk = desk();
    let refused = |messages: &[&str]| take(&desk, messages, NewTicket::default()).unwrap_err();
    for wrong in [&[][..], &["nothing"], &["msg_a", "m1", "msg_b", "msg_c"]] {
        assert_eq!(refused(wrong), "bad_messages", "{wrong:?}");
    }
    let nowhere = NewTicket { queue: Some("none".into()), ..NewTicket::default() };
    assert_eq!(take(&desk, &["msg_c"], nowhere).unwrap_err(), "unknown_queue");
}

#[test]
fn children_have_one_parent_and_no_children() {
    let mut desk = desk();
    for number in [77, 78] {
        let id = if number == 77 { "msg_b" } else { "msg_c" };
        let event =
            split(&desk.state, desk.published(), 1, &[id.to_owned()], number, NewTicket::default()).unwrap();
        desk.tell("05 11:00", vec![event]);
    }
    let adopt = |desk: &Desk, child: u32, parent: u32| {
        let ids: Vec<String> = (0..4).map(|n| format!("tkt_{n}")).collect();
        let place = |ordinal: u32| Place { state: &desk.state, ordinal, id: &ids[ordinal as usize] };
        family::adopt(place(child), place(parent)).map_err(|refusal| refusal.code)
    };
    assert_eq!(adopt(&desk, 2, 2).unwrap_err(), "same_ticket");
    let (linked, came) = adopt(&desk, 2, 1).unwrap();
    desk.tell("05 12:00", vec![linked, came]);
    assert_eq!(
        (
            desk.state.ticket(1).unwrap().children.len(),
            desk.state.ticket(2).unwrap().parent.as_ref().unwrap().id.as_str()
        ),
        (1, "tkt_1")
    );
    assert_eq!(adopt(&desk, 2, 3).unwrap_err(), "has_parent");
    assert_eq!(adopt(&desk, 1, 3).unwrap_err(), "has_children");
    assert_eq!(adopt(&desk, 3, 2).unwrap_err(), "parent_is_child");
    let out = family::part(&desk.state, 2).unwrap();
    desk.tell("05 13:00", vec![out, family::left(1, "tkt_2")]);
    assert_eq!(family::part(&desk.state, 2).unwrap_err().code, "has_no_parent");
    assert!(desk.state.ticket(1).unwrap().children.is_empty());
}
