//! What merging and its undoing mean to both tickets, within one conversation and across two.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Desk, at};
use relevo_domain::category::Category;
use relevo_domain::conversation::merge::{self, Customers, MAX_ABSORBED, Place};
use relevo_domain::conversation::{ConversationEvent, Said, TicketRef, decide};
use relevo_domain::refusal::Refusal;
use relevo_domain::rows::ticket_row;
use relevo_domain::sla::TargetView;
use serde_json::json;

fn desk() -> Desk {
    let hours = |hours: u64| json!({"seconds": hours * 3600, "calendar": "calendar_time"});
    Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "people": {"ana": {"name": "Ana", "role": "agent"}},
        "queues": {"general": {"name": "General"}},
        "statuses": {
            "cerrado": {"name": "Cerrado", "category": "closed"}, "en_curso": {"name": "En curso", "category": "open"}
        },
        "sla": [{"name": "all", "paused_in": ["waiting_for_customer"], "targets": {
            "first_response": hours(2), "next_response": hours(4), "full_resolution": hours(48)
        }}]
    }))
}

/// A desk whose customer wrote at this time.
fn wrote(time: &str) -> Desk {
    let mut desk = desk();
    desk.receive(time, "a");
    desk
}

fn merged(source: &Desk, target: &Desk) -> Result<(ConversationEvent, ConversationEvent), Refusal> {
    let source = Place { state: &source.state, ordinal: 1, id: "tkt_source_1" };
    let target = Place { state: &target.state, ordinal: 1, id: "tkt_target_1" };
    merge::merge(source, target, false, Customers::Same, &desk().pack)
}

/// Merges the first ticket of one conversation into that of another.
fn go_up(time: &str, source: &mut Desk, target: &mut Desk) {
    let (went, came) = merged(source, target).unwrap();
    source.tell(time, vec![went]);
    target.tell(time, vec![came]);
}

fn come_out(time: &str, source: &mut Desk, target: &mut Desk) {
    let out = merge::unmerge(&source.state, 1, &source.pack).unwrap();
    source.tell(time, vec![out]);
    target.tell(time, vec![merge::release(1, "tkt_source_1")]);
}

/// Tells the target what was said on the source.
fn tell(time: &str, source: &mut Desk, target: &mut Desk) -> usize {
    let untold: Vec<Said> = source.state.untold().flat_map(|(_, merged)| merged.untold.clone()).collect();
    for said in &untold {
        let (from, open_status) = ("tkt_source_1".to_owned(), "en_curso".to_owned());
        let heard = ConversationEvent::MergedHeard { ticket: 1, from, said: said.clone(), open_status };
        target.tell(time, vec![heard]);
        source.tell(time, vec![ConversationEvent::MergedTold { ticket: 1, said: said.clone() }]);
    }
    untold.len()
}

/// Instances of a ticket with state and due.
fn targets(desk: &Desk, ticket: u32, now: &str) -> Vec<String> {
    let line = |view: TargetView| {
        let state = serde_json::to_value(view.state).unwrap();
        let due = view.due.map(|due| due.format(" %d %H:%M").to_string()).unwrap_or_default();
        format!("{} {}{due}", view.instance, state.as_str().unwrap())
    };
    desk.state.ticket(ticket).unwrap().timeline.evaluate(desk, at(now)).into_iter().map(line).collect()
}

fn status(desk: &Desk, ticket: u32) -> (&str, Category) {
    let ticket = desk.state.ticket(ticket).unwrap();
    (&ticket.status, ticket.category)
}

#[test]
fn a_merged_ticket_is_closed_and_its_targets_are_cancelled_and_the_other_one_answers_for_its_customer() {
    let (mut source, mut target) = (wrote("05 09:00"), wrote("05 08:00"));
    target.reply_at(at("05 08:30"), "m1");
    target.status("05 08:40", "waiting_for_customer");
    go_up("05 10:00", &mut source, &mut target);
    assert_eq!(status(&source, 1), ("cerrado", Category::Closed));
    assert_eq!(
        targets(&source, 1, "05 12:00"),
        ["full_resolution.1 cancelled 07 09:00", "first_response.1 cancelled 05 11:00"]
    );
    // The customer has been waiting there since nine: no longer waiting for the customer.
    assert_eq!(status(&target, 1), ("en_curso", Category::Open));
    assert_eq!(targets(&target, 1, "05 12:00").last().unwrap(), "next_response.1 running 05 13:00");
    let view = target.state.ticket(1).unwrap();
    assert_eq!(view.absorbed, [TicketRef { id: "tkt_source_1".into(), number: 1 }]);
    let row = ticket_row("x", &source.state, source.state.ticket(1).unwrap(), &source).unwrap();
    assert!(row.merged && row.sla_due_ms.is_none() && row.survey_due_ms.is_none());
}

#[test]
fn what_was_missed_before_the_merge_stays_missed() {
    let (mut source, mut target) = (wrote("05 09:00"), wrote("05 10:30"));
    go_up("05 12:00", &mut source, &mut target);
    assert_eq!(targets(&source, 1, "05 13:00")[1], "first_response.1 breached 05 11:00");
    // The other one had a younger message: the older counts, but no promise is broken before it was made.
    let now: Vec<_> = target.state.ticket(1).unwrap().timeline.evaluate(&target, at("05 13:00"));
    assert_eq!(
        targets(&target, 1, "05 13:00")[1..],
        ["first_response.1 cancelled 05 12:30", "first_response.2 breached 05 11:00"]
    );
    assert_eq!(now[2].breached_at, Some(at("05 12:00")));
    assert!(now[2].log[0].why.starts_with("an older message came with a merged ticket"), "{:?}", now[2].log);
}

#[test]
fn an_older_message_of_its_own_stays_what_counts() {
    let (mut source, mut target) = (wrote("05 09:30"), wrote("05 09:00"));
    go_up("05 10:00", &mut source, &mut target);
    assert_eq!(targets(&target, 1, "05 10:00")[1..], ["first_response.1 running 05 11:00"]);
}

#[test]
fn undoing_a_merge_lets_everything_go_on_as_if_it_had_not_been() {
    let (mut source, mut target) = (wrote("05 09:00"), wrote("05 08:00"));
    source.reply_at(at("05 09:10"), "m1");
    source.status("05 09:30", "waiting_for_customer");
    let before = targets(&source, 1, "05 09:40");
    go_up("05 10:00", &mut source, &mut target);
    come_out("05 12:00", &mut source, &mut target);
    assert_eq!(status(&source, 1), ("waiting_for_customer", Category::WaitingForCustomer));
    assert_eq!(targets(&source, 1, "05 12:00"), before, "still paused");
    source.status("05 12:30", "open");
    assert_eq!(
        targets(&source, 1, "05 13:00")[0],
        "full_resolution.1 running 07 12:00",
        "three hours paused"
    );
    assert!(target.state.ticket(1).unwrap().absorbed.is_empty());
    let log = &source.state.ticket(1).unwrap().timeline.evaluate(&source, at("05 13:00"))[0].log;
    let said: Vec<_> = log.iter().map(|entry| (entry.event, entry.at)).collect();
    assert!(said.contains(&("cancelled", at("05 10:00"))), "{log:?}");
    assert!(said.contains(&("reinstated", at("05 12:00"))), "{log:?}");
    // Again, and the log knows both.
    go_up("05 14:00", &mut source, &mut target);
    come_out("05 15:00", &mut source, &mut target);
    let log = &source.state.ticket(1).unwrap().timeline.evaluate(&source, at("05 16:00"))[0].log;
    assert_eq!(log.iter().filter(|entry| entry.event == "reinstated").count(), 2, "{log:?}");
}

#[test]
fn a_message_on_a_merged_ticket_stays_there_and_reopens_the_other_one() {
    let (mut source, mut target) = (wrote("05 09:00"), wrote("05 08:00"));
    source.reply_at(at("05 09:05"), "m1");
    go_up("05 09:10", &mut source, &mut target);
    target.reply_at(at("05 09:20"), "m2");
    target.status("05 09:30", "solved");
    source.receive("05 10:00", "b");
    assert_eq!(source.state.tickets.len(), 1, "it opens none");
    assert_eq!(source.state.messages(1).count(), 3);
    assert_eq!(status(&source, 1).1, Category::Closed);
    assert_eq!(tell("05 10:00", &mut source, &mut target), 1);
    assert_eq!(tell("05 10:00", &mut source, &mut target), 0, "once");
    assert_eq!(status(&target, 1), ("en_curso", Category::Open));
    let ticket = target.state.ticket(1).unwrap();
    assert_eq!((ticket.reopenings, ticket.timeline.unanswered()), (1, Some(at("05 10:00"))));
    assert_eq!(targets(&target, 1, "05 11:00").last().unwrap(), "next_response.1 running 05 14:00");
    // Undone, the message counts where it was written.
    come_out("05 11:00", &mut source, &mut target);
    assert_eq!(status(&source, 1).1, Category::Open);
    assert_eq!(targets(&source, 1, "05 11:00").last().unwrap(), "next_response.1 running 05 14:00");
}

#[test]
fn what_was_written_at_the_same_time_as_the_merge_is_not_lost_on_the_other_one() {
    let (mut source, mut target) = (wrote("05 09:00"), wrote("05 08:00"));
    source.reply_at(at("05 09:05"), "m1");
    // Whoever merges has not seen the second message, which sorts before the merge.
    let (went, came) = merged(&source, &target).unwrap();
    source.receive("05 09:10", "b");
    source.tell("05 09:10", vec![went]);
    target.tell("05 09:10", vec![came]);
    assert_eq!(tell("05 09:11", &mut source, &mut target), 1);
    target.reply_at(at("05 09:12"), "m2");
    assert_eq!(target.state.ticket(1).unwrap().timeline.unanswered(), None);
    // What a colleague wrote past this system answers, too.
    source.receive("05 09:20", "c");
    let message = serde_json::from_value(json!({
        "external_id": "x", "to": {"kind": "phone", "value": "34600000001"}, "kind": "text", "text": "ya"
    }))
    .unwrap();
    let sent = decide::sent_elsewhere(source.published(), "msg_x".into(), source.party(), message, None);
    source.tell("05 09:30", vec![sent]);
    assert_eq!(tell("05 09:30", &mut source, &mut target), 2);
    assert_eq!(target.state.ticket(1).unwrap().timeline.unanswered(), None);
}

#[test]
fn within_one_conversation_messages_join_the_other_ticket() {
    let mut desk = wrote("05 09:00");
    desk.status("05 09:10", "closed");
    desk.receive("05 09:20", "b");
    desk.tell("05 09:25", decide::change_status(&desk.state, &desk.pack, 1, "open", None).unwrap());
    let source = Place { state: &desk.state, ordinal: 2, id: "tkt_x_2" };
    let target = Place { state: &desk.state, ordinal: 1, id: "tkt_x_1" };
    let (went, came) = merge::merge(source, target, true, Customers::Same, &desk.pack).unwrap();
    let back = merge::merge(target, source, true, Customers::Same, &desk.pack).unwrap();
    desk.tell("05 09:30", vec![went, came]);
    desk.receive("05 09:40", "c");
    assert_eq!((desk.state.messages(1).count(), desk.state.messages(2).count()), (2, 1));
    assert_eq!(desk.state.untold().count(), 0, "nobody has to be told");
    // The opposite, written at the same time, does not count.
    desk.tell("05 09:41", vec![back.0, back.1]);
    assert_eq!(status(&desk, 1).1, Category::Open);
    assert!(desk.state.ticket(2).unwrap().absorbed.is_empty());
    desk.tell("05 09:45", decide::change_status(&desk.state, &desk.pack, 1, "closed", None).unwrap());
    desk.receive("05 09:50", "d");
    assert_eq!(desk.state.tickets.len(), 3, "both are over: another ticket");
}

#[test]
fn tickets_of_different_customers_are_merged_if_that_is_meant_and_it_stays_known() {
    let (source, target) = (wrote("05 09:00"), wrote("05 08:00"));
    let merge = |customers| {
        let source = Place { state: &source.state, ordinal: 1, id: "tkt_source_1" };
        let target = Place { state: &target.state, ordinal: 1, id: "tkt_target_1" };
        merge::merge(source, target, false, customers, &desk().pack)
    };
    let refused = merge(Customers::Different).unwrap_err();
    assert_eq!(refused.code, "different_customers");
    let said = |customers| match merge(customers).unwrap().0 {
        ConversationEvent::TicketMerged { different_customers, .. } => different_customers,
        other => panic!("{other:?}"),
    };
    assert!(said(Customers::DifferentAndMeant) && !said(Customers::Same));
}

#[test]
fn what_cannot_be_merged_is_refused_with_the_reason() {
    let code = |source: &Desk, target: &Desk| merged(source, target).unwrap_err().code;
    let (mut source, mut target) = (wrote("05 09:00"), wrote("05 08:00"));
    assert_eq!(code(&desk(), &target), "unknown_ticket");
    assert_eq!(code(&source, &desk()), "unknown_ticket");
    let place = Place { state: &source.state, ordinal: 1, id: "tkt_x_1" };
    assert_eq!(
        merge::merge(place, place, true, Customers::Same, &source.pack).unwrap_err().code,
        "same_ticket"
    );
    assert_eq!(merge::unmerge(&source.state, 1, &source.pack).unwrap_err().code, "ticket_is_not_merged");
    for over in ["solved", "closed", "spam"] {
        let mut target = wrote("05 08:00");
        target.status("05 08:30", over);
        assert_eq!(code(&source, &target), "target_is_over", "{over}");
    }
    go_up("05 10:00", &mut source, &mut target);
    assert_eq!(code(&source, &wrote("05 08:00")), "ticket_is_merged");
    assert_eq!(code(&target, &source), "target_is_merged");
    let mut full = wrote("05 08:00");
    for n in 0..MAX_ABSORBED {
        let from = TicketRef { id: format!("tkt_{n}"), number: 9 };
        let (here, unanswered, open_status) = (None, None, "open".to_owned());
        full.tell(
            "05 09:00",
            vec![ConversationEvent::TicketAbsorbed { ticket: 1, from, here, unanswered, open_status }],
        );
    }
    assert_eq!(code(&wrote("05 09:00"), &full), "too_many_merged");
}

#[test]
fn nothing_but_a_note_is_done_to_a_merged_ticket_and_what_was_done_at_the_same_time_does_not_count() {
    let (mut source, mut target) = (wrote("05 09:00"), wrote("05 08:00"));
    let solved = decide::change_status(&source.state, &source.pack, 1, "solved", None).unwrap();
    go_up("05 10:00", &mut source, &mut target);
    let (state, pack) = (&source.state, source.published());
    let refused = [
        decide::change_status(state, pack.pack, 1, "open", None).err(),
        decide::assign(state, pack, 1, Some("ana".into()), None).err(),
        decide::change_priority(state, pack, 1, relevo_domain::pack::Priority::High).err(),
        decide::set_tags(state, pack, 1, vec!["x".into()], vec![]).err(),
        decide::set_fields(state, pack, 1, serde_json::Map::new()).err(),
    ];
    assert!(refused.into_iter().all(|refusal| refusal.unwrap().code == "ticket_is_merged"));
    assert!(decide::note(state, 1, "duplicate".into()).is_ok());
    source.tell("05 10:01", solved);
    assert_eq!(status(&source, 1), ("cerrado", Category::Closed));
    assert_eq!(source.state.ticket(1).unwrap().resolutions, 0, "nobody is asked about it");
    // A second merge into another ticket does not count either.
    let into = TicketRef { id: "tkt_other_1".into(), number: 7 };
    let (status, here, unanswered, different_customers) = ("cerrado".to_owned(), None, None, false);
    source.tell(
        "05 10:02",
        vec![ConversationEvent::TicketMerged {
            ticket: 1,
            into,
            here,
            status,
            unanswered,
            different_customers,
        }],
    );
    assert_eq!(source.state.ticket(1).unwrap().merged.as_ref().unwrap().into.id, "tkt_target_1");
}
