//! What a set of events makes of a conversation, and which commands are refused.
#![allow(clippy::expect_used)] // a test that cannot go on fails

use chrono::{DateTime, Duration, Utc};
use relevo_domain::category::Category;
use relevo_domain::conversation::decide::{self, Published};
use relevo_domain::conversation::{Conversation, ConversationEvent, Direction, Outgoing, Party};
use relevo_domain::message::{Address, AddressKind, DeliveryState, InboundMessage, MessageKind};
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
        let number = decide::opens_ticket(&self.state, &message).then_some(self.count + 100);
        let id = format!("msg_{external_id}");
        let data = decide::receive(&self.state, self.published(), id, party("main"), message, number);
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
    Outgoing {
        id: id.into(),
        text: text.into(),
        subject: None,
        html: None,
        attachments: Vec::new(),
        template: None,
    }
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
        decide::receive(&Conversation::default(), desk.published(), id, party("main"), message, Some(number))
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
        decide::receive(&desk.state, desk.published(), "msg_b".into(), party("main"), message, None);
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
    let reported =
        |state| ConversationEvent::DeliveryReported { external_id: "wamid.1".into(), state, error: None };
    let delivered = |events: Vec<ConversationEvent>| {
        let mut desk = Desk::new();
        desk.receive("a", MessageKind::Text);
        desk.reply("m1");
        events.into_iter().for_each(|event| desk.tell(event));
        let out = desk.state.messages(1).find(|m| m.direction == Direction::Out).map(|m| m.delivery);
        out.expect("a reply")
    };
    use DeliveryState::{Delivered, Queued, Read, Sent};
    assert_eq!(delivered(vec![]), Some(Queued));
    assert_eq!(delivered(vec![concluded()]), Some(Sent));
    assert_eq!(delivered(vec![reported(Delivered), concluded()]), Some(Delivered));
    assert_eq!(delivered(vec![concluded(), reported(Read), reported(Delivered)]), Some(Read));
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
