//! Replies that wait before they go out: what counts when, and who may decide.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Desk, at};
use relevo_domain::category::Category;
use relevo_domain::conversation::held::{self, Hold, Why};
use relevo_domain::conversation::{ConversationEvent, Outgoing, attention};
use serde_json::{Value, json};

fn desk(more: &Value) -> Desk {
    let mut pack = json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "people": {"ana": {"name": "Ana", "role": "agent"}, "eva": {"name": "Eva", "role": "agent", "trainee": true}},
        "queues": {"general": {"name": "General"}},
        "sla": [{"name": "all", "targets": {"first_response": {"seconds": 3600, "calendar": "calendar_time"}}}]
    });
    pack.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let mut desk = Desk::new(pack);
    desk.receive("05 09:00", "a");
    desk
}

fn write(desk: &mut Desk, time: &str, id: &str, hold: Hold) {
    let message = Outgoing { outbox: Some(format!("out-{id}")), ..Outgoing::text(id, "Ya está") };
    let events = held::hold(&desk.state, 1, message, true, hold).unwrap();
    desk.tell(time, events);
}

fn due(desk: &mut Desk, time: &str, id: &str) {
    let events = held::due(&desk.state, desk.published(), 1, id).unwrap();
    desk.tell(time, events);
}

fn state(desk: &Desk, id: &str) -> Option<&'static str> {
    let message = desk.state.messages(1).find(|message| message.id == id).unwrap();
    message.held.as_ref().map(|held| held.state)
}

#[test]
fn how_a_reply_is_held_depends_on_its_writer_its_time_and_the_pack() {
    let (now, later) = (at("05 10:00"), at("05 12:00"));
    let plain = desk(&json!({})).pack;
    let undo = desk(&json!({"replies": {"undo_seconds": 10}})).pack;
    let hold = |pack, person: &str, send_at| held::hold_for(pack, (person, true), send_at, now).unwrap();
    let hold_of = |why, until| Some(Hold { why, until });
    assert_eq!(hold(&plain, "ana", None), None);
    let program = |name| held::hold_for(&undo, (name, false), None, now).unwrap();
    assert_eq!(program("bot"), None, "a program takes nothing back");
    assert_eq!(program("eva"), hold_of(Why::AwaitingApproval, None), "nor does one go around an approval");
    let until = now + chrono::TimeDelta::seconds(10);
    assert_eq!(hold(&undo, "ana", None), hold_of(Why::Undo, Some(until)));
    assert_eq!(hold(&undo, "ana", Some(later)), hold_of(Why::Scheduled, Some(later)));
    assert_eq!(hold(&undo, "eva", None), hold_of(Why::AwaitingApproval, None));
    assert_eq!(hold(&plain, "eva", Some(later)), hold_of(Why::AwaitingApproval, Some(later)));
    for wrong in [now, at("05 09:00"), now + chrono::TimeDelta::days(91)] {
        assert_eq!(held::hold_for(&plain, ("ana", true), Some(wrong), now).unwrap_err().code, "bad_instant");
    }
}

#[test]
fn a_held_reply_counts_from_when_it_is_let_go_and_is_seen_before() {
    let mut desk = desk(&json!({}));
    write(&mut desk, "05 09:10", "m1", Hold { why: Why::Scheduled, until: Some(at("05 09:30")) });
    let ticket = desk.state.ticket(1).unwrap();
    assert_eq!(
        (ticket.replies, ticket.timeline.unanswered(), ticket.category),
        (0, Some(at("05 09:00")), Category::New)
    );
    assert!(desk.state.pending.is_empty(), "others do not wait for it");
    assert_eq!(state(&desk, "m1"), Some("scheduled"));
    assert_eq!(attention::not_overtaken(&desk.state, 1, "msg_a").unwrap_err().code, "collision");
    due(&mut desk, "05 09:30", "m1");
    let ticket = desk.state.ticket(1).unwrap();
    assert_eq!((ticket.replies, ticket.timeline.unanswered(), ticket.category), (1, None, Category::Open));
    assert_eq!(ticket.timeline.first_response_at(), Some(at("05 09:30")));
    assert_eq!((state(&desk, "m1"), desk.state.pending.len(), ticket.held.len()), (Some("released"), 1, 0));
    // What is said of it afterwards means nothing.
    desk.tell("05 09:31", vec![ConversationEvent::ReplyCancelled { ticket: 1, message: "m1".into() }]);
    assert_eq!((state(&desk, "m1"), desk.state.ticket(1).unwrap().replies), (Some("released"), 1));
    assert_eq!(held::due(&desk.state, desk.published(), 1, "m1").unwrap_err().code, "not_held");
}

#[test]
fn a_cancelled_reply_has_stopped_no_clock() {
    let mut desk = desk(&json!({}));
    write(&mut desk, "05 09:10", "m1", Hold { why: Why::Undo, until: Some(at("05 09:11")) });
    desk.tell("05 09:10", vec![ConversationEvent::ReplyCancelled { ticket: 1, message: "m1".into() }]);
    let ticket = desk.state.ticket(1).unwrap();
    assert_eq!((ticket.replies, ticket.timeline.unanswered()), (0, Some(at("05 09:00"))));
    assert_eq!((state(&desk, "m1"), ticket.timeline.first_response_at()), (Some("cancelled"), None));
    desk.tell("05 09:12", vec![ConversationEvent::ReplyReleased { ticket: 1, message: "m1".into() }]);
    assert_eq!((desk.state.ticket(1).unwrap().replies, desk.state.pending.len()), (0, 0));
}

#[test]
fn a_customer_in_between_holds_a_scheduled_reply_back_where_the_pack_says_so() {
    for (hold_back, expected) in [(true, "held_back"), (false, "released")] {
        let mut desk = desk(&json!({"replies": {"hold_back": hold_back}}));
        write(&mut desk, "05 09:10", "m1", Hold { why: Why::Scheduled, until: Some(at("05 12:00")) });
        desk.receive("05 10:00", "b");
        due(&mut desk, "05 12:00", "m1");
        assert_eq!(state(&desk, "m1"), Some(expected));
    }
    let mut desk = desk(&json!({}));
    write(&mut desk, "05 09:10", "m1", Hold { why: Why::Scheduled, until: Some(at("05 12:00")) });
    desk.status("05 10:00", "spam");
    due(&mut desk, "05 12:00", "m1");
    assert_eq!(state(&desk, "m1"), Some("held_back"), "nothing goes to spam");
    desk.status("05 12:30", "open");
    let go = held::release(&desk.state, desk.published(), 1, "m1").unwrap();
    desk.tell("05 13:00", go);
    assert_eq!(state(&desk, "m1"), Some("released"));
}

#[test]
fn an_approval_may_change_the_text_and_keeps_who_wrote_and_who_approved() {
    let mut desk = desk(&json!({}));
    desk.by = "person:eva".into();
    write(&mut desk, "05 09:10", "m1", Hold { why: Why::AwaitingApproval, until: None });
    assert_eq!(state(&desk, "m1"), Some("awaiting_approval"));
    desk.by = "person:lea".into();
    let (ticket, message) = (1, "m1".to_owned());
    let approved = ConversationEvent::ReplyApproved {
        ticket,
        message,
        text: Some("Ya está todo".into()),
        outbox: Some("other".into()),
        note: Some("mejor".into()),
        until: None,
    };
    let mut events = vec![approved];
    events.extend(held::release(&desk.state, desk.published(), 1, "m1").unwrap());
    desk.tell("05 09:20", events);
    let message = desk.state.messages(1).find(|message| message.id == "m1").unwrap();
    let held = message.held.as_ref().unwrap();
    assert_eq!(
        (message.by.as_str(), held.by.as_deref(), held.state),
        ("person:eva", Some("person:lea"), "released")
    );
    assert_eq!(
        (message.text.as_ref().unwrap().0.as_str(), desk.state.pending[0].outbox.as_str()),
        ("Ya está todo", "other")
    );
    assert_eq!(desk.state.ticket(1).unwrap().timeline.first_response_at(), Some(at("05 09:20")));

    let mut desk = self::desk(&json!({}));
    write(&mut desk, "05 09:10", "m1", Hold { why: Why::AwaitingApproval, until: None });
    let rejected = ConversationEvent::ReplyRejected { ticket: 1, message: "m1".into(), note: "no".into() };
    desk.tell("05 09:20", vec![rejected]);
    assert_eq!((state(&desk, "m1"), desk.state.ticket(1).unwrap().replies), (Some("rejected"), 0));
}

#[test]
fn so_many_wait_and_no_more() {
    let mut desk = desk(&json!({}));
    let hold = Hold { why: Why::AwaitingApproval, until: None };
    for n in 0..held::MAX_HELD {
        write(&mut desk, "05 09:10", &format!("m{n}"), hold);
    }
    let one_more = held::hold(&desk.state, 1, Outgoing::text("x", "x"), true, hold);
    assert_eq!(one_more.unwrap_err().code, "too_many_held");
}

/// What a macro that answers and solves decides, with its reply held.
fn answer_and_solve(desk: &mut Desk, time: &str, id: &str, hold: Hold) {
    let message = Outgoing { outbox: Some(format!("out-{id}")), ..Outgoing::text(id, "Ya está") };
    let mut events = vec![ConversationEvent::StatusChanged {
        ticket: 1,
        status: "solved".into(),
        category: Category::Solved,
        reason: None,
    }];
    events.extend(held::hold(&desk.state, 1, message, true, hold).unwrap());
    held::defer_status(&desk.state, 1, &mut events);
    assert_eq!(events.len(), 1);
    desk.tell(time, events);
}

#[test]
fn a_status_that_is_decided_with_a_held_reply_comes_when_it_goes_and_not_without_it() {
    let undo = Hold { why: Why::Undo, until: Some(at("05 09:12")) };
    let category = |desk: &Desk| desk.state.ticket(1).unwrap().category;

    let mut gone = desk(&json!({}));
    answer_and_solve(&mut gone, "05 09:10", "m1", undo);
    assert_eq!(category(&gone), Category::New);
    due(&mut gone, "05 09:12", "m1");
    assert_eq!(category(&gone), Category::Solved);
    assert_eq!(gone.state.ticket(1).unwrap().timeline.first_response_at(), Some(at("05 09:12")));

    let mut taken_back = desk(&json!({}));
    answer_and_solve(&mut taken_back, "05 09:10", "m1", undo);
    taken_back.tell("05 09:10", vec![ConversationEvent::ReplyCancelled { ticket: 1, message: "m1".into() }]);
    assert_eq!(category(&taken_back), Category::New);

    // Who has written since is not answered by it, and what a person has decided since stands.
    let mut wrote = desk(&json!({}));
    answer_and_solve(&mut wrote, "05 09:10", "m1", undo);
    wrote.receive("05 09:11", "b");
    due(&mut wrote, "05 09:12", "m1");
    assert_eq!(category(&wrote), Category::Open);
    let mut decided = desk(&json!({}));
    answer_and_solve(&mut decided, "05 09:10", "m1", undo);
    let waits = Category::WaitingForOthers;
    let other = ConversationEvent::StatusChanged {
        ticket: 1,
        status: waits.as_str().into(),
        category: waits,
        reason: None,
    };
    decided.tell("05 09:10", vec![other]);
    due(&mut decided, "05 09:12", "m1");
    assert_ne!(category(&decided), Category::Solved);
}

#[test]
fn nothing_is_solved_by_hand_over_a_reply_that_may_still_be_taken_back_or_refused() {
    let solved = |category| {
        [ConversationEvent::StatusChanged { ticket: 1, status: "s".into(), category, reason: None }]
    };
    for (why, waits) in
        [(Why::Undo, true), (Why::AwaitingApproval, true), (Why::Scheduled, false), (Why::HeldBack, false)]
    {
        let mut desk = desk(&json!({}));
        write(&mut desk, "05 09:10", "m1", Hold { why, until: Some(at("05 09:30")) });
        let refused =
            |category| held::refuse_ending(&desk.state, 1, &solved(category)).map_err(|refusal| refusal.code);
        assert_eq!(refused(Category::Solved), if waits { Err("reply_waits") } else { Ok(()) }, "{why:?}");
        assert_eq!(refused(Category::WaitingForOthers), Ok(()), "{why:?}");
    }
}

#[test]
fn what_was_due_before_goes_before() {
    let mut desk = desk(&json!({}));
    let until = |time| Hold { why: Why::Undo, until: Some(at(time)) };
    write(&mut desk, "05 09:10", "m1", until("05 09:12"));
    write(&mut desk, "05 09:11", "m2", until("05 09:13"));
    write(&mut desk, "05 09:11", "m3", Hold { why: Why::Scheduled, until: Some(at("05 09:12")) });
    write(&mut desk, "05 09:11", "m4", Hold { why: Why::AwaitingApproval, until: None });
    let before = |id: &str, now| -> Vec<String> {
        held::goes_before(&desk.state, &format!("out-{id}"), at(now))
            .map(|held| held.message.clone())
            .collect()
    };
    assert_eq!(before("m1", "05 09:20"), Vec::<String>::new());
    assert_eq!(before("m2", "05 09:20"), ["m1", "m3"]);
    assert_eq!(before("m3", "05 09:20"), ["m1"], "of two for the same time the one that was written first");
    assert_eq!(before("m2", "05 09:11"), Vec::<String>::new(), "what is not due yet keeps nothing");
    assert_eq!(before("m4", "05 09:20"), Vec::<String>::new());
}
