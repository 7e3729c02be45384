//! Who is asked, what counts as an answer, and what becomes of one.
#![allow(clippy::expect_used)] // a test that cannot go on fails

use chrono::{DateTime, Duration, Utc};
use relevo_domain::contact::Contact;
use relevo_domain::conversation::decide::{self, Published};
use relevo_domain::conversation::{Conversation, ConversationEvent, Outgoing, Party, SurveyDecided};
use relevo_domain::message::{Address, AddressKind, InboundMessage, MessageKind};
use relevo_domain::pack::{InChat, Pack, parse};
use relevo_domain::survey::chat::score_of;
use relevo_domain::survey::{
    Asking, Issued, SurveyClosed, SurveyEvent, SurveyKind, SurveyState, Verdict, Via, answer, mood,
    not_eligible, review,
};
use relevo_journal::{Event, EventId, Fold, Hlt};
use serde_json::{Value, json};

fn pack(change: impl FnOnce(&mut Value)) -> Result<Pack, Vec<String>> {
    let mut document = json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "calendars": {"office": {}}, "people": {"ana": {"name": "Ana", "role": "agent"}},
        "queues": {"support": {"name": "Support"}, "vip": {"name": "VIP"}},
        "templates": {"ask": {}},
        "survey": {
            "template": "ask",
            "in_chat": {"hours": 48, "phrases": {"es": {"muy bien, gracias": 5}}},
            "page": {"es": {
                "title": "t", "question": "q", "labels": ["1", "2", "3", "4", "5"], "comment": "c", "submit": "s",
                "thanks": "t", "closed": "c", "unknown": "u"
            }}
        }
    });
    change(&mut document);
    parse(document).map_err(|problems| problems.into_iter().map(|p| p.pointer).collect())
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000, 0).expect("an instant")
}

fn party() -> Party {
    Party {
        channel: "whatsapp".into(),
        account: "main".into(),
        address: Address { kind: AddressKind::Phone, value: "34600000001".into() },
        contact: "ctc_x".into(),
        name: None,
        locale: "es-MX".into(),
    }
}

fn event<D>(n: u64, at: DateTime<Utc>, by: &str, data: D) -> Event<D> {
    let id = EventId::new(format!("e{n}")).expect("an id");
    Event { id, hlt: Hlt(n), at, by: by.into(), tag: 0, data }
}

/// A conversation whose ticket was solved and asked about.
struct Desk {
    pack: Pack,
    state: Conversation,
    at: DateTime<Utc>,
    count: u64,
}

impl Desk {
    fn asked() -> Self {
        let pack = pack(|_| {}).expect("a valid pack");
        let mut desk = Self { pack, state: Conversation::default(), at: start(), count: 0 };
        desk.write("No funciona");
        desk.status("solved");
        let until = desk.at + Duration::hours(48);
        let decided = SurveyDecided {
            ticket: 1,
            resolution: 1,
            survey: Some("srv_a".into()),
            message: Some(outgoing("msg_ask")),
            expires_at: None,
            not_eligible: None,
            votes_until: Some(until),
        };
        desk.tell("system:surveys", ConversationEvent::SurveyDecided(Box::new(decided)));
        desk
    }

    fn published(&self) -> Published<'_> {
        Published { pack: &self.pack, version: 1 }
    }

    fn tell(&mut self, by: &str, data: ConversationEvent) {
        self.count += 1;
        self.at += Duration::minutes(1);
        self.state.apply(&event(self.count, self.at, by, data));
    }

    /// A customer's message; tells whether it was a vote.
    fn write(&mut self, text: &str) -> Option<u8> {
        let id = format!("m{}", self.count);
        let message = InboundMessage::text(&id, party().address, text);
        let vote = decide::vote_of(&self.state, &self.pack, &party(), &message, self.at);
        let score = vote.as_ref().map(|vote| vote.score);
        let data = match vote {
            Some(vote) => decide::vote(id, party(), message, vote),
            None => {
                let number = decide::opens_ticket(&self.state, &self.pack, &message, self.at);
                let number = number.then_some(self.count + 1);
                decide::receive(&self.state, self.published(), id, party(), message, number, self.at)
            }
        };
        self.tell("channel", data);
        score
    }

    fn status(&mut self, status: &str) {
        let events = decide::change_status(&self.state, &self.pack, 1, status, None).expect("allowed");
        events.into_iter().for_each(|event| self.tell("person:ana", event));
    }

    fn reply(&mut self, by: &str) {
        let events =
            decide::reply(&self.state, self.published(), 1, outgoing("msg_r"), false).expect("allowed");
        events.into_iter().for_each(|event| self.tell(by, event));
    }

    fn is_solved(&self) -> bool {
        self.state.tickets.len() == 1 && self.state.tickets[0].solved_at.is_some()
    }
}

fn outgoing(id: &str) -> Outgoing {
    Outgoing::text(id, "x")
}

#[test]
fn a_vote_in_the_chat_opens_nothing_again_and_is_kept_as_a_message() {
    let mut desk = Desk::asked();
    assert_eq!(desk.write("5"), Some(5));
    assert_eq!(desk.write("mejor un 4"), None, "more than a number is a message");
    let mut desk = Desk::asked();
    assert_eq!(desk.write("Muy bien, gracias"), Some(5));
    assert_eq!(desk.write("3"), Some(3), "a vote can be changed");
    assert!(desk.is_solved());
    assert_eq!(desk.state.messages(1).filter(|m| m.text.is_some()).count(), 4);
    desk.status("closed");
    assert_eq!(desk.write("2"), Some(2), "a closed ticket is not followed by a new one for a vote");
    assert_eq!(desk.state.tickets.len(), 1);
}

#[test]
fn a_real_question_is_never_swallowed() {
    let mut desk = Desk::asked();
    assert_eq!(desk.write("¿Y mi factura?"), None);
    assert!(!desk.is_solved(), "it is opened again");
    assert_eq!(desk.write("5"), None, "something else was said since");

    let mut desk = Desk::asked();
    desk.reply("person:ana");
    assert_eq!(desk.write("5"), None, "it answers the agent");
    assert!(!desk.is_solved());

    let mut desk = Desk::asked();
    desk.reply("system:surveys");
    assert_eq!(desk.write("5"), Some(5), "a reminder asks the same");

    let mut desk = Desk::asked();
    desk.at += Duration::hours(48);
    assert_eq!(desk.write("5"), None, "after the window");
    assert!(!desk.is_solved());

    let mut desk = Desk::asked();
    desk.pack.survey.as_mut().expect("a survey").in_chat = None;
    assert_eq!(desk.write("5"), None, "where the pack does not want it");
}

#[test]
fn who_is_not_asked_and_why() {
    let desk = Desk::asked();
    let why = |rule: Value,
               contact: Contact,
               change: &dyn Fn(&mut relevo_domain::conversation::Ticket),
               draw: u8| {
        let pack = pack(|p| p["survey"]["rule"] = rule).expect("a valid pack");
        let mut ticket = desk.state.tickets[0].clone();
        change(&mut ticket);
        let (party, now) = (party(), start());
        let asking = Asking { ticket: &ticket, party: &party, contact: &contact, can_send: true, draw, now };
        not_eligible(&asking, &pack.survey.expect("a survey"))
    };
    let plain = |_: &mut relevo_domain::conversation::Ticket| {};
    let nobody = Contact::default;
    let days_ago = |days| Contact { surveyed_at: Some(start() - Duration::days(days)), ..Contact::default() };
    let declined = || Contact { no_surveys: true, ..Contact::default() };
    let tag = |tag: &'static str| {
        move |ticket: &mut relevo_domain::conversation::Ticket| ticket.tags.extend([tag.to_owned()])
    };
    assert_eq!(why(json!({}), nobody(), &plain, 99), None);
    assert_eq!(
        why(json!({}), days_ago(0), &plain, 99),
        None,
        "after every ticket unless the pack says otherwise"
    );
    assert_eq!(why(json!({"every_days": 30}), days_ago(29), &plain, 0), Some("asked_recently"));
    assert_eq!(why(json!({"every_days": 30}), days_ago(30), &plain, 0), None);
    assert_eq!(why(json!({}), declined(), &plain, 0), Some("opted_out"));
    assert_eq!(why(json!({}), declined(), &tag("recovery"), 0), Some("opted_out"));
    assert_eq!(why(json!({"percent": 40}), nobody(), &plain, 39), None);
    assert_eq!(why(json!({"percent": 40}), nobody(), &plain, 40), Some("not_drawn"));
    assert_eq!(why(json!({"percent": 0}), nobody(), &tag("recovery"), 0), None, "asked again as promised");
    assert_eq!(why(json!({"without_reply": false}), nobody(), &plain, 0), Some("no_reply"));
    assert_eq!(why(json!({"except_queues": ["support"]}), nobody(), &plain, 0), Some("queue_excluded"));
    assert_eq!(why(json!({"except_tags": ["vip"]}), nobody(), &tag("vip"), 0), Some("tag_excluded"));
    assert_eq!(why(json!({}), nobody(), &tag("merged"), 0), Some("merged"));
    assert_eq!(why(json!({}), nobody(), &tag("no_survey"), 0), Some("tagged_no_survey"));
    let by_program = |ticket: &mut relevo_domain::conversation::Ticket| ticket.automatic = true;
    assert_eq!(why(json!({}), nobody(), &by_program, 0), Some("automatic_sender"));
}

/// A survey that was issued at the start.
struct Survey {
    state: SurveyState,
    count: u64,
}

impl Survey {
    fn new(kind: SurveyKind) -> Self {
        let issued = Issued {
            ticket: "tkt_x_1".into(),
            number: 1,
            resolution: 1,
            agent: None,
            queue: "support".into(),
            channel: "whatsapp".into(),
            locale: "es".into(),
            expires_at: start() + Duration::days(14),
            change_hours: 24,
            kind,
            contact: None,
            topic: None,
            remind_at: Some(start() + Duration::days(3)),
            recovery: false,
        };
        let mut survey = Self { state: SurveyState::default(), count: 0 };
        survey.tell(0, SurveyEvent::SurveyIssued(issued));
        survey
    }

    fn tell(&mut self, hours: i64, data: SurveyEvent) {
        self.count += 1;
        self.state.apply(&event(self.count, start() + Duration::hours(hours), "person:eva", data));
    }

    fn vote(&mut self, hours: i64, score: i64, comment: Option<&str>, via: Via) {
        let kind = self.state.issued.as_ref().expect("issued").kind;
        self.tell(hours, answer(kind, score, comment.map(str::to_owned), via).expect("a score"));
    }

    fn said(&self) -> Option<(u8, Option<&str>)> {
        self.state.vote.as_ref().map(|v| (v.score, v.comment.as_ref().map(|c| c.0.as_str())))
    }
}

#[test]
fn a_vote_is_changed_within_its_window_and_not_after() {
    let mut survey = Survey::new(SurveyKind::Csat);
    survey.vote(1, 2, Some("Tardaron"), Via::Page);
    survey.vote(2, 3, None, Via::Chat);
    assert_eq!(survey.said(), Some((3, Some("Tardaron"))), "a number in the chat takes no comment back");
    survey.vote(3, 4, None, Via::Page);
    assert_eq!(survey.said(), Some((4, None)));
    assert_eq!(survey.state.closed(start() + Duration::hours(25)), None);
    survey.vote(26, 1, None, Via::Page);
    assert_eq!(survey.said(), Some((4, None)));
    assert_eq!(survey.state.closed(start() + Duration::hours(26)), Some(SurveyClosed::NoMoreChanges));

    let mut late = Survey::new(SurveyKind::Csat);
    late.vote(14 * 24 + 1, 5, None, Via::Page);
    assert_eq!(late.said(), None);
}

#[test]
fn each_kind_takes_its_own_scores() {
    for kind in SurveyKind::ALL {
        for score in -1..=12 {
            let fits = u8::try_from(score).is_ok_and(|score| kind.scores().contains(&score));
            assert_eq!(answer(kind, score, None, Via::Api).is_ok(), fits, "{kind:?} {score}");
        }
        assert!(answer(kind, i64::MAX, None, Via::Api).is_err());
    }
}

#[test]
fn one_reminder_and_then_what_a_vote_leads_to() {
    let mut survey = Survey::new(SurveyKind::Nps);
    assert_eq!(survey.state.due_at(), Some(start() + Duration::days(3)));
    survey.tell(72, SurveyEvent::SurveyReminded);
    assert_eq!(survey.state.due_at(), None, "once");
    survey.vote(80, 2, None, Via::Callback);
    let voted = start() + Duration::hours(80);
    assert_eq!(survey.state.due_at(), Some(voted));
    survey.tell(81, SurveyEvent::SurveyFollowedUp { vote: voted, ticket: Some("tkt_y_2".into()) });
    assert_eq!((survey.state.due_at(), survey.state.led_to.as_deref()), (None, Some("tkt_y_2")));
    survey.vote(82, 9, None, Via::Page);
    let changed = start() + Duration::hours(82);
    assert_eq!(survey.state.due_at(), Some(changed));
    survey.tell(83, SurveyEvent::SurveyFollowedUp { vote: changed, ticket: None });
    assert_eq!((survey.state.due_at(), survey.state.led_to.as_deref()), (None, Some("tkt_y_2")));

    let mut answered = Survey::new(SurveyKind::Csat);
    answered.vote(1, 5, None, Via::Page);
    answered.tell(1, SurveyEvent::SurveyFollowedUp { vote: start() + Duration::hours(1), ticket: None });
    assert_eq!(answered.state.due_at(), None, "who answered is not reminded");
}

#[test]
fn a_lead_s_decision_needs_an_answer_and_a_reason() {
    let mut survey = Survey::new(SurveyKind::Csat);
    let decide = |state: &SurveyState, reason: &str| review(state, Verdict::Excluded, reason.into());
    assert_eq!(decide(&survey.state, "x").expect_err("no vote").code, "not_answered");
    assert_eq!(decide(&SurveyState::default(), "x").expect_err("none").code, "unknown_survey");
    survey.vote(1, 1, None, Via::Page);
    assert_eq!(decide(&survey.state, " ").expect_err("no reason").code, "bad_reason");
    let excluded = decide(&survey.state, "Votó por error").expect("allowed");
    survey.tell(2, excluded);
    let review = survey.state.review.as_ref().expect("kept");
    assert_eq!((review.verdict, review.by.as_str()), (Verdict::Excluded, "person:eva"));
    assert_eq!(survey.said(), Some((1, None)), "the answer stays what it was");
}

#[test]
fn a_complaint_makes_any_vote_a_negative_one() {
    use relevo_domain::survey::Mood;
    let of = |score: i64, comment: &str| {
        let mut survey = Survey::new(SurveyKind::Csat);
        survey.vote(1, score, Some(comment), Via::Page);
        let vote = survey.state.vote.expect("a vote");
        mood(SurveyKind::Csat, &vote, &["vergüenza".into(), "hoja de reclamaciones".into(), " ".into()])
    };
    assert_eq!(of(5, "Todo bien"), Mood::Positive);
    assert_eq!(of(5, "¡Qué VERGÜENZA!"), Mood::Negative);
    assert_eq!(of(4, "Quiero la hoja de reclamaciones."), Mood::Negative);
    assert_eq!(of(5, "sinvergüenzas"), Mood::Positive, "whole words");
    assert_eq!(of(3, "normal"), Mood::Neutral);
}

#[test]
fn a_survey_that_cannot_work_is_refused_with_its_place() {
    let wrong = |pointer: &str, value: Value| {
        let changed = pack(|p| {
            let at = p.pointer_mut(pointer.rsplit_once('/').expect("a path").0).expect("there");
            at[pointer.rsplit_once('/').expect("a path").1] = value;
        });
        changed.expect_err("refused")
    };
    for (pointer, value, at) in [
        ("/survey/template", json!("none"), "/survey/template"),
        ("/survey/kind", json!("nps"), "/survey/page/es/labels"),
        ("/survey/kind", json!("stars"), "/survey/kind"),
        ("/survey/expires_days", json!(0), "/survey/expires_days"),
        ("/survey/delay_minutes", json!(4_000_000_000_u32), "/survey/delay_minutes"),
        ("/survey/rule", json!({"calendar": "nights"}), "/survey/rule/calendar"),
        ("/survey/rule", json!({"percent": 101}), "/survey/rule/percent"),
        ("/survey/rule", json!({"except_queues": ["x"]}), "/survey/rule/except_queues/0"),
        ("/survey/reminder", json!({"after_days": 14, "template": "ask"}), "/survey/reminder/after_days"),
        ("/survey/reminder", json!({"after_days": 1, "template": "x"}), "/survey/reminder/template"),
        (
            "/survey/in_chat",
            json!({"hours": 1, "phrases": {"es": {"genial": 6}}}),
            "/survey/in_chat/phrases/es/genial",
        ),
        ("/survey/recovery", json!({"queue": "x"}), "/survey/recovery/queue"),
        ("/survey/recovery", json!({"queue": "vip", "agent": "x"}), "/survey/recovery/agent"),
        ("/survey/brand", json!({"color": "red"}), "/survey/brand/color"),
        ("/survey/page", json!({}), "/survey/page"),
    ] {
        assert_eq!(wrong(pointer, value), [at], "{pointer}");
    }
}

#[test]
fn a_button_is_the_same_vote_on_every_channel() {
    let chat = InChat { hours: 24, buttons: true, phrases: [].into() };
    for (channel, data) in [
        (
            "slack",
            json!({"type": "button", "action_id": "rate:4", "value": "rate:4", "text": {"text": "4 – Buena"}}),
        ),
        ("telegram", json!({"callback_query_id": "1", "data": "rate:4"})),
        (
            "whatsapp",
            json!({"interactive": {"type": "list_reply", "list_reply": {"id": "rate:4", "title": "4"}}}),
        ),
        ("messenger", json!({"quick_reply": {"payload": "rate:4"}})),
    ] {
        let from = Address { kind: AddressKind::User, value: "u1".into() };
        let pressed = InboundMessage {
            kind: MessageKind::Choice,
            data: Some(data.into()),
            ..InboundMessage::text("m1", from, "4 – Buena")
        };
        assert_eq!(score_of(&pressed, SurveyKind::Csat, &chat, &[]), Some(4), "{channel}");
    }
}
