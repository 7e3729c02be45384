//! What a set of events makes of a conversation, and which commands are refused.
#![allow(clippy::expect_used, clippy::panic)] // a test that cannot go on fails

use chrono::{DateTime, Duration, Utc};
use relevo_domain::category::Category;
use relevo_domain::conversation::decide::{self, Published};
use relevo_domain::conversation::{Conversation, ConversationEvent, Direction, Outgoing, Party, view};
use relevo_domain::message::{
    Address, AddressKind, Attachment, Automatic, CallReport, CallState, DeliveryState, InboundMessage, Mail,
    Meaning, MessageKind,
};
use relevo_domain::pack::{Pack, parse};
use relevo_domain::refusal::RefusalKind;
use relevo_journal::{Event, EventId, Fold, Hlt};
use serde_json::json;

fn pack() -> Pack {
    parse(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "teams": {"dev": {"name": "Development"}},
        "people": {"ana": {"name": "Ana", "role": "agent"}},
        "queues": {"support": {"name": "Support"}, "vip": {"name": "VIP"}},
        "channels": {"whatsapp": {"gold": {}, "main": {}}},
        "statuses": {"en_curso": {"name": "En curso", "category": "open"}},
        "routing": [{"when": {"account": ["gold"]}, "queue": "vip", "priority": "high"}, {"queue": "support"}]
    }))
    .expect("a valid pack")
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).expect("an instant")
}

fn party(account: &str) -> Party {
    Party {
        channel: "whatsapp".into(),
        account: account.into(),
        address: Address { kind: AddressKind::Phone, value: "34600000001".into() },
        contact: "ctc_x".into(),
        name: Some("Luz".into()),
        locale: "es".into(),
    }
}

fn inbound(external_id: &str, kind: MessageKind) -> InboundMessage {
    let mut message: InboundMessage = serde_json::from_value(json!({
        "external_id": external_id, "from": {"kind": "phone", "value": "34600000001"}, "kind": "text", "text": " hola "
    }))
    .expect("a message");
    message.kind = kind;
    message
}

/// A conversation that is told its events one after another, a minute apart.
struct Desk {
    pack: Pack,
    state: Conversation,
    at: DateTime<Utc>,
    count: u64,
}

impl Desk {
    fn new() -> Self {
        Self { pack: pack(), state: Conversation::default(), at: start(), count: 0 }
    }

    fn published(&self) -> Published<'_> {
        Published { pack: &self.pack, version: 1 }
    }

    fn tell(&mut self, data: ConversationEvent) {
        self.count += 1;
        self.at += Duration::minutes(1);
        let id = EventId::new(format!("e{}", self.count)).expect("an id");
        self.state.apply(&Event {
            id,
            hlt: Hlt(self.count),
            at: self.at,
            by: "person:ana".into(),
            tag: 0,
            data,
        });
    }

    fn receive(&mut self, external_id: &str, kind: MessageKind) {
        let message = inbound(external_id, kind);
        self.take(message);
    }

    fn take(&mut self, message: InboundMessage) {
        let opens = decide::opens_ticket(&self.state, &self.pack, &message, self.at);
        let number = opens.then_some(self.count + 100);
        let id = format!("msg_{}", message.external_id);
        let party = Party { address: message.from.clone(), ..party("main") };
        let data = decide::receive(&self.state, self.published(), id, party, message, number, self.at);
        self.tell(data);
    }

    fn reply(&mut self, id: &str) {
        let message = outgoing(id, "Buenos días");
        let events = decide::reply(&self.state, self.published(), 1, message, true).expect("allowed");
        events.into_iter().for_each(|event| self.tell(event));
    }

    fn status(&mut self, status: &str) {
        let events = decide::change_status(&self.state, &self.pack, 1, status, None).expect("allowed");
        events.into_iter().for_each(|event| self.tell(event));
    }

    fn categories(&self) -> Vec<Category> {
        self.state.tickets.iter().map(|t| t.category).collect()
    }
}

fn outgoing(id: &str, text: &str) -> Outgoing {
    Outgoing::text(id, text)
}

#[test]
fn a_first_message_opens_a_ticket_by_the_routing_and_keeps_the_text_as_sent() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    let ticket = desk.state.ticket(1).expect("opened");
    assert_eq!(
        (ticket.queue.as_str(), ticket.category, ticket.by_customer),
        ("support", Category::New, true)
    );
    let message = desk.state.messages(1).next().expect("kept");
    assert_eq!(message.text.as_ref().map(|t| t.0.as_str()), Some(" hola "));

    let gold = decide::receive(
        &Conversation::default(),
        desk.published(),
        "msg_b".into(),
        party("gold"),
        inbound("b", MessageKind::Text),
        Some(7),
        start(),
    );
    let ConversationEvent::MessageReceived(gold) = gold else { panic!("a message") };
    assert_eq!(gold.opening.map(|o| o.queue), Some("vip".into()));
}

#[test]
fn two_first_messages_at_once_open_one_ticket() {
    let mut desk = Desk::new();
    let first = |id: &str, number| {
        let message = inbound(id, MessageKind::Text);
        let id = format!("msg_{id}");
        let nothing = Conversation::default();
        decide::receive(&nothing, desk.published(), id, party("main"), message, Some(number), start())
    };
    let (a, b) = (first("a", 1), first("b", 2));
    desk.tell(a);
    desk.tell(b);
    assert_eq!(desk.state.tickets.len(), 1);
    assert_eq!(desk.state.ticket(1).map(|t| t.number), Some(1));
    assert_eq!(desk.state.messages(1).count(), 2);
}

#[test]
fn a_message_reopens_a_solved_ticket_and_opens_another_after_a_closed_one() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    desk.status("solved");
    desk.receive("b", MessageKind::Text);
    assert_eq!(desk.categories(), [Category::Open]);
    let ticket = desk.state.ticket(1).expect("one");
    assert_eq!((ticket.reopenings, ticket.resolutions, ticket.status.as_str()), (1, 1, "en_curso"));
    assert_eq!(ticket.solved_at, None);
    desk.status("closed");
    desk.receive("c", MessageKind::Text);
    assert_eq!(desk.categories(), [Category::Closed, Category::New]);
}

#[test]
fn only_what_was_solved_can_be_reopened() {
    for (before, again, reopenings) in [
        (&["spam"][..], "open", 0),
        (&["closed"], "open", 0),
        (&["solved", "spam"], "open", 0),
        (&["solved"], "open", 1),
        (&["solved", "closed"], "open", 1),
        (&["solved", "open", "closed"], "open", 1),
        (&["solved", "open", "solved"], "waiting_for_customer", 2),
        (&["waiting_for_customer"], "open", 0),
    ] {
        let mut desk = Desk::new();
        desk.receive("a", MessageKind::Text);
        before.iter().for_each(|status| desk.status(status));
        desk.status(again);
        let ticket = desk.state.ticket(1).expect("one");
        assert_eq!(ticket.reopenings, reopenings, "{before:?} and then {again}");
        assert_eq!(ticket.solved_at, None, "{before:?} and then {again}");
    }
}

#[test]
fn a_message_that_raced_with_closing_is_not_lost_and_opens_no_nameless_ticket() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    let message = inbound("b", MessageKind::Text);
    let unaware =
        decide::receive(&desk.state, desk.published(), "msg_b".into(), party("main"), message, None, start());
    desk.status("closed");
    desk.tell(unaware);
    assert_eq!(desk.categories(), [Category::Open]);
    assert_eq!(desk.state.messages(1).count(), 2);
}

#[test]
fn a_reaction_opens_and_reopens_nothing() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    desk.status("solved");
    desk.receive("r", MessageKind::Reaction);
    assert_eq!(desk.categories(), [Category::Solved]);
    desk.status("closed");
    desk.receive("s", MessageKind::Reaction);
    assert_eq!(desk.categories(), [Category::Closed]);
}

#[test]
fn a_reply_takes_a_new_ticket_into_work_and_a_programs_reply_is_none_of_a_person() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    let events =
        decide::reply(&desk.state, desk.published(), 1, outgoing("m0", "bot"), false).expect("allowed");
    events.into_iter().for_each(|event| desk.tell(event));
    assert_eq!(desk.categories(), [Category::New]);
    assert_eq!(desk.state.ticket(1).map(|t| (t.replies, t.timeline.first_response_at())), Some((0, None)));
    desk.reply("m1");
    let ticket = desk.state.ticket(1).expect("one");
    assert_eq!((ticket.category, ticket.replies, ticket.status.as_str()), (Category::Open, 1, "en_curso"));
    assert!(ticket.timeline.first_response_at().is_some());
}

#[test]
fn delivery_is_the_furthest_that_was_reported_in_whatever_order() {
    let concluded = || ConversationEvent::DeliveryConcluded {
        message: "m1".into(),
        external_id: Some("wamid.1".into()),
        failed: None,
    };
    let reported = |state| ConversationEvent::DeliveryReported {
        external_id: "wamid.1".into(),
        state,
        error: None,
        message: None,
    };
    let delivered = |events: Vec<ConversationEvent>| {
        let mut desk = Desk::new();
        desk.receive("a", MessageKind::Text);
        desk.reply("m1");
        events.into_iter().for_each(|event| desk.tell(event));
        let out = desk.state.messages(1).find(|m| m.direction == Direction::Out).map(|m| m.delivery);
        out.expect("a reply")
    };
    use DeliveryState::{Delivered, Failed, Queued, Read, Sent};
    assert_eq!(delivered(vec![]), Some(Queued));
    assert_eq!(delivered(vec![concluded()]), Some(Sent));
    assert_eq!(delivered(vec![reported(Delivered), concluded()]), Some(Delivered));
    assert_eq!(delivered(vec![concluded(), reported(Read), reported(Delivered)]), Some(Read));
    assert_eq!(delivered(vec![concluded(), reported(Delivered), reported(Failed)]), Some(Failed));
    for all in [[Read, Failed], [Failed, Read]] {
        assert_eq!(delivered([concluded()].into_iter().chain(all.map(reported)).collect()), Some(Read));
    }
    // Tried again, or another way: what is said of the attempt before is past.
    let again = || ConversationEvent::DeliveryRetried { message: "m1".into() };
    let past = [Delivered, Read, Failed].map(reported);
    for state in past {
        let events = vec![concluded(), reported(Failed), again(), state];
        assert_eq!(delivered(events), Some(Queued));
    }
}

#[test]
fn a_survey_is_decided_once_per_resolution() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    desk.status("solved");
    let decided = |why: &str| {
        ConversationEvent::SurveyDecided(Box::new(relevo_domain::conversation::SurveyDecided {
            ticket: 1,
            resolution: 1,
            survey: None,
            message: None,
            expires_at: None,
            not_eligible: Some(why.into()),
            votes_until: None,
        }))
    };
    desk.tell(decided("first"));
    desk.tell(decided("second"));
    let reasons: Vec<_> = desk.state.tickets[0].surveys.iter().map(|s| s.not_eligible.clone()).collect();
    assert_eq!(reasons, [Some("first".to_owned())]);
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let mut desk = Desk::new();
    let nothing = decide::note(&desk.state, 1, "x".into()).expect_err("no ticket");
    assert_eq!((nothing.kind, nothing.code), (RefusalKind::NotFound, "unknown_ticket"));
    desk.receive("a", MessageKind::Text);
    let place = |r: Result<_, relevo_domain::refusal::Refusal>| {
        r.map(|_: ConversationEvent| ()).expect_err("refused").pointer
    };
    let first = |r: Result<Vec<_>, _>| place(r.map(|mut events| events.remove(0)));
    assert_eq!(place(decide::note(&desk.state, 1, "  ".into())), Some("/text"));
    assert_eq!(
        first(decide::assign(&desk.state, desk.published(), 1, Some("nobody".into()), None)),
        Some("/agent")
    );
    assert_eq!(
        first(decide::escalate(&desk.state, desk.published(), 1, "nowhere".into(), None)),
        Some("/team")
    );
    let status = decide::change_status(&desk.state, &desk.pack, 1, "nonsense", None).expect_err("refused");
    assert_eq!(status.pointer, Some("/status"));
    desk.status("spam");
    let reply =
        decide::reply(&desk.state, desk.published(), 1, outgoing("m", "x"), true).expect_err("refused");
    assert_eq!((reply.kind, reply.code), (RefusalKind::Conflict, "ticket_is_spam"));
}

#[test]
fn the_same_status_again_changes_nothing() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    desk.status("solved");
    assert_eq!(decide::change_status(&desk.state, &desk.pack, 1, "solved", None), Ok(Vec::new()));
}

#[test]
fn an_event_about_a_ticket_that_is_not_there_means_nothing() {
    let mut desk = Desk::new();
    desk.tell(ConversationEvent::NoteWritten { ticket: 9, text: "x".into() });
    desk.tell(ConversationEvent::NoticeSent {
        ticket: 0,
        instance: "x".into(),
        threshold: "y".into(),
        to: Vec::new(),
        folded: Vec::new(),
    });
    assert_eq!(desk.state, Conversation::default());
}

#[test]
fn what_was_solved_too_long_ago_is_followed_up_and_two_at_once_follow_it_up_once() {
    let mut desk = Desk::new();
    desk.pack.reopen_within_days = Some(7);
    desk.receive("a", MessageKind::Text);
    desk.status("solved");
    desk.at += Duration::days(6);
    desk.receive("b", MessageKind::Text);
    assert_eq!(desk.categories(), [Category::Open], "within the week it is opened again");
    desk.status("solved");
    desk.at += Duration::days(8);
    let late = |desk: &Desk, id: &str, number| {
        let message = inbound(id, MessageKind::Text);
        assert!(decide::opens_ticket(&desk.state, &desk.pack, &message, desk.at));
        let name = format!("msg_{id}");
        decide::receive(&desk.state, desk.published(), name, party("main"), message, Some(number), desk.at)
    };
    let (c, d) = (late(&desk, "c", 3), late(&desk, "d", 4));
    desk.tell(c);
    desk.tell(d);
    assert_eq!(desk.categories(), [Category::Solved, Category::New]);
    assert_eq!((desk.state.tickets[1].number, desk.state.messages(2).count()), (3, 2));
}

fn by_machine(id: &str, automatic: Automatic) -> InboundMessage {
    let daemon = Address { kind: AddressKind::Email, value: "mailer-daemon@example.org".into() };
    let mail = Mail { references: vec!["root@x".into()], automatic: Some(automatic), ..Mail::default() };
    InboundMessage { from: daemon, mail: Some(Box::new(mail)), ..inbound(id, MessageKind::Text) }
}

/// What its writer did to a message, told as an event.
fn told(means: Meaning) -> ConversationEvent {
    ConversationEvent::EventReceived {
        kind: "edit".into(),
        data: json!({}).into(),
        means: Some(Box::new(means)),
    }
}

#[test]
fn a_message_says_what_its_writer_last_made_of_it_and_nothing_once_it_is_taken_back() {
    let edited = |of: &str, text: &str, at| Meaning::Edited { of: of.into(), text: Some(text.into()), at };
    let withdrawn = |of: &str| Meaning::Withdrawn { of: of.into(), at: None };
    let mut desk = Desk::new();
    // It became known before the message did.
    desk.receive("first", MessageKind::Text);
    desk.tell(told(edited("a", "two", Some(start() + Duration::seconds(2)))));
    desk.take(InboundMessage { message_ref: Some("chat:1".into()), ..inbound("a", MessageKind::Text) });
    desk.tell(told(edited("a", "one", Some(start() + Duration::seconds(1)))));
    desk.tell(told(edited("of another", "x", None)));
    desk.tell(told(edited("", "erased", None)));
    let shown = |desk: &Desk, n: usize| {
        let message = desk.state.messages(1).nth(n).cloned().expect("kept");
        let said = message.text.as_ref().map(|t| t.0.clone());
        (said, message.edited_at.is_some(), message.withdrawn_at.is_some(), message.attachments.len())
    };
    assert_eq!(shown(&desk, 0), (Some(" hola ".into()), false, false, 0));
    assert_eq!(
        shown(&desk, 1),
        (Some("two".into()), true, false, 0),
        "the later of the two, whichever came last"
    );
    desk.tell(told(edited("chat:1", "three", None)));
    assert_eq!(shown(&desk, 1), (Some("three".into()), true, false, 0), "by either of its names");
    let file = Attachment::new("f", "image");
    desk.take(InboundMessage { attachments: vec![file], ..inbound("b", MessageKind::Media) });
    desk.tell(told(withdrawn("b")));
    desk.tell(told(edited("b", "again", None)));
    assert_eq!(shown(&desk, 2), (None, true, true, 0), "nothing brings it back");
    assert_eq!(
        desk.state.ticket(1).map(|t| t.category),
        Some(Category::New),
        "which is all that follows from it"
    );
}

#[test]
fn a_window_counts_from_when_the_customer_wrote_and_never_from_later_than_it_came_in() {
    let mut desk = Desk::new();
    let late = start() - Duration::hours(25);
    desk.take(InboundMessage { sent_at: Some(late), ..inbound("late", MessageKind::Text) });
    assert_eq!(desk.state.last_wrote_at, Some(late));
    assert_eq!(desk.state.last_inbound_at, Some(desk.at));
    let early = desk.at + Duration::days(400);
    desk.take(InboundMessage { sent_at: Some(early), ..inbound("early", MessageKind::Text) });
    assert_eq!(desk.state.last_wrote_at, Some(desk.at));
    let known = desk.at;
    desk.take(InboundMessage { sent_at: Some(late), ..inbound("again", MessageKind::Text) });
    assert_eq!(desk.state.last_wrote_at, Some(known), "an older one takes nothing away");
}

#[test]
fn what_a_machine_wrote_is_kept_and_changes_neither_status_nor_where_replies_go() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    let customer = desk.state.party.clone().map(|p| p.address);
    let wrote_at = desk.state.last_inbound_at;
    desk.status("solved");
    for (n, kind) in [Automatic::Bounce, Automatic::Reply].into_iter().enumerate() {
        desk.take(by_machine(&format!("m{n}"), kind));
    }
    assert_eq!(desk.categories(), [Category::Solved]);
    assert_eq!(desk.state.party.clone().map(|p| p.address), customer);
    assert_eq!(desk.state.last_inbound_at, wrote_at);
    assert_eq!(desk.state.messages(1).filter(|m| m.automatic.is_some()).count(), 2);
    desk.take(by_machine("list", Automatic::Bulk));
    assert_eq!(desk.categories(), [Category::Open], "a list may carry a person's mail");
    assert_eq!(desk.state.thread, ["root@x", "m0", "m1", "list"]);
}

#[test]
fn what_a_program_writes_of_itself_opens_a_ticket_that_is_marked_until_a_person_writes() {
    let mut desk = Desk::new();
    let order = by_machine("order", Automatic::Generated);
    assert!(decide::opens_ticket(&desk.state, &desk.pack, &order, desk.at));
    assert!(!decide::is_answer_after_all(&desk.state, &order), "it answers nothing");
    desk.take(order);
    assert_eq!(desk.categories(), [Category::New]);
    assert!(desk.state.tickets[0].automatic);
    desk.status("solved");
    let next = by_machine("order2", Automatic::Generated);
    assert!(!decide::is_answer_after_all(&desk.state, &next), "the shop goes on");
    desk.take(next);
    assert_eq!(desk.categories(), [Category::Open]);
    desk.receive("a", MessageKind::Text);
    assert!(!desk.state.tickets[0].automatic);
    // An absence note that calls itself generated.
    assert!(decide::is_answer_after_all(&desk.state, &by_machine("away", Automatic::Generated)));
    desk.status("closed");
    assert!(
        decide::is_answer_after_all(&desk.state, &by_machine("later", Automatic::Generated)),
        "closed, too"
    );
    assert!(!decide::is_answer_after_all(&desk.state, &by_machine("list", Automatic::Bulk)));
}

#[test]
fn what_was_cut_from_a_mail_is_shown_beside_it() {
    let mut desk = Desk::new();
    let to = |address: &str| Address { kind: AddressKind::Email, value: address.into() };
    let mail = Mail {
        to: vec![to("desk@x"), to("")],
        cc: vec![to("boss@x")],
        quoted: Some("> antes".into()),
        signature: Some("-- \nAna".into()),
        ..Mail::default()
    };
    desk.take(InboundMessage { mail: Some(Box::new(mail)), ..inbound("m", MessageKind::Text) });
    desk.take(InboundMessage { mail: Some(Box::default()), ..inbound("n", MessageKind::Text) });
    let shown: Vec<_> =
        view::messages(&desk.state, &desk.state.tickets[0]).map(|(_, message)| message).collect();
    assert_eq!(shown[0]["to"], json!(["desk@x"]));
    assert_eq!(shown[0]["cc"], json!(["boss@x"]));
    assert_eq!((&shown[0]["quoted"], &shown[0]["signature"]), (&json!("> antes"), &json!("-- \nAna")));
    for member in ["to", "cc", "quoted", "signature"] {
        assert!(shown[1].get(member).is_none(), "{member}");
    }
}

#[test]
fn messages_leave_in_the_order_they_were_written_in_and_a_rerouted_one_keeps_its_place() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    for n in ["1", "2"] {
        let message = Outgoing { outbox: Some(format!("box{n}")), ..outgoing(&format!("msg_{n}"), n) };
        let events = decide::reply(&desk.state, desk.published(), 1, message, true).expect("allowed");
        events.into_iter().for_each(|event| desk.tell(event));
    }
    let before = |desk: &Desk, name| desk.state.before(name).map(|p| p.outbox.clone());
    assert_eq!(before(&desk, "box2").as_deref(), Some("box1"));
    desk.tell(ConversationEvent::DeliveryRerouted {
        message: "msg_1".into(),
        channel: "twilio-sms".into(),
        account: "main".into(),
        outbox: "other".into(),
        why: "131026".into(),
    });
    assert_eq!(before(&desk, "box2").as_deref(), Some("other"));
    desk.tell(ConversationEvent::DeliveryConcluded {
        message: "msg_1".into(),
        external_id: Some("SM1".into()),
        failed: None,
    });
    assert_eq!(before(&desk, "box2"), None);
}

#[test]
fn a_report_that_gives_back_our_id_is_heard_before_we_have_noted_the_sending() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    desk.reply("msg_1");
    desk.tell(ConversationEvent::DeliveryReported {
        external_id: "wamid.1".into(),
        state: DeliveryState::Delivered,
        error: None,
        message: Some("msg_1".into()),
    });
    let states: Vec<_> = desk.state.messages(1).filter_map(|m| m.delivery).collect();
    assert_eq!(states, [DeliveryState::Delivered]);
}

#[test]
fn the_reports_on_a_call_are_one_call_in_whatever_order_they_come() {
    let report = |state: &str, more: serde_json::Value| {
        let mut report = json!({"external_id": format!("CA1:{state}"), "call_id": "CA1", "state": state});
        report.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
        serde_json::from_value::<CallReport>(report).expect("a report")
    };
    let started = report("started", json!({"direction": "in"}));
    let ended =
        report("ended", json!({"direction": "in", "talk_seconds": 61, "agent": "7", "hold_seconds": 5}));
    let recorded =
        report("recorded", json!({"attachments": [{"reference": "https://x/r", "kind": "audio"}]}));
    for order in [[&started, &ended, &recorded], [&ended, &started, &recorded], [&ended, &recorded, &started]]
    {
        let mut desk = Desk::new();
        for (n, call) in order.into_iter().enumerate() {
            let number = desk.state.current().is_none().then_some(n as u64);
            let call = call.clone();
            let event = decide::called(
                &desk.state,
                desk.published(),
                "msg_1".into(),
                Some(party("main")),
                call,
                number,
            );
            desk.tell(event);
        }
        assert_eq!(desk.state.tickets.len(), 1);
        let messages: Vec<_> = desk.state.messages(1).collect();
        let [message] = messages.as_slice() else { panic!("{} messages", messages.len()) };
        let call = message.call.as_ref().expect("a call");
        assert_eq!(
            (call.talk_seconds, call.hold_seconds, call.agent.as_deref()),
            (Some(61), Some(5), Some("7"))
        );
        assert_eq!(call.state, CallState::Recorded);
        assert_eq!((message.direction, message.attachments.len()), (Direction::In, 1));
    }
}

#[test]
fn who_called_in_vain_waits_again() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    desk.status("solved");
    let missed = json!({"external_id": "x", "call_id": "CA2", "state": "missed", "direction": "in"});
    let missed = serde_json::from_value(missed).expect("a report");
    let event = decide::called(&desk.state, desk.published(), "msg_2".into(), None, missed, None);
    desk.tell(event);
    assert_eq!(desk.categories(), [Category::Open]);
}

#[test]
fn somebody_who_was_spoken_to_has_been_replied_to_once_for_each_call() {
    let mut desk = Desk::new();
    desk.receive("a", MessageKind::Text);
    let mut told = |call: &str, state: &str| {
        let report = json!({
            "external_id": format!("{call}:{state}"), "call_id": call, "state": state, "direction": "out",
        });
        let report = serde_json::from_value(report).expect("a report");
        let id = format!("msg_{call}");
        desk.tell(decide::called(&desk.state, desk.published(), id, None, report, None));
        desk.state.tickets[0].replies
    };
    assert_eq!(told("CA1", "started"), 0, "it only rings");
    assert_eq!(told("CA1", "answered"), 1);
    assert_eq!(told("CA1", "ended"), 1, "the same call");
    assert_eq!(told("CA1", "recorded"), 1);
    assert_eq!(told("CA2", "missed"), 1);
    assert_eq!(told("CA3", "ended"), 2);
}
