//! Replies that do not go out at once: scheduled ones, those that may still be taken back, those of trainees.
//!
//! A held reply is seen on its ticket and counts for nothing: clocks, figures and the status follow when it is let go.
//! Who lets it go or takes it back has claimed the next attempt of its outbox entry before, so that one of them does.

use super::decide::{Published, check_reply, existing, follows_reply};
use super::event::{ConversationEvent, Outgoing, ReplyHeld};
use super::{Conversation, Said, Ticket};
use crate::Private;
use crate::action::see;
use crate::category::Category;
use crate::pack::Pack;
use crate::refusal::Refusal;
use chrono::{DateTime, TimeDelta, Utc};
use relevo_journal::Event;
use serde::{Deserialize, Serialize};

/// Most replies of a ticket that are held at a time.
pub const MAX_HELD: usize = 20;

/// Farthest that a reply is scheduled ahead.
const MAX_DAYS: i64 = 90;

/// Why a reply is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its writer wants it to go at a time.
    Scheduled,
    /// Its writer may take it back for a moment.
    Undo,
    /// Its writer learns the work: somebody looks at it first.
    AwaitingApproval,
    /// What it was written for has changed: somebody has to look at it again.
    HeldBack,
}

/// How a reply is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub why: Why,
    /// When it goes by itself; of one that awaits approval: not before, if it is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// A status that a ticket gets with a reply: when that is let go, not before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextStatus {
    /// The status that the ticket had: if it has another one by then, somebody has decided otherwise.
    pub from: String,
    /// Status id.
    pub status: String,
    /// Its category.
    pub category: Category,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Private<String>>,
}

/// A reply that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldReply {
    /// Message id.
    pub message: String,
    /// Stream name of its outbox entry.
    pub outbox: String,
    /// Who wrote it, as the journal names actors.
    pub by: String,
    /// Written by a person.
    pub human: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// How it is held.
    pub hold: Hold,
    /// E-mail: our Message-ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_ref: Option<String>,
    /// The status that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<NextStatus>,
}

/// What becomes of a reply that was held, as its message shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldMessage {
    /// `scheduled`, `undo`, `awaiting_approval`, `held_back`; `cancelled` or `rejected`; `released`.
    pub state: &'static str,
    /// When it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Who approved, rejected or cancelled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When it was let go or taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// What was said about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Private<String>>,
}

impl Why {
    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Undo => "undo",
            Self::AwaitingApproval => "awaiting_approval",
            Self::HeldBack => "held_back",
        }
    }
}

/// How a new reply of somebody is to be held; none: it goes at once. `person` is a person's id, or a program's name; a
/// program that writes in the name of who learns the work is held as they are.
///
/// # Errors
/// If the time is past or too far away.
pub fn hold_for(
    pack: &Pack,
    (person, human): (&str, bool),
    send_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Option<Hold>, Refusal> {
    if send_at.is_some_and(|at| at <= now || at > now + TimeDelta::days(MAX_DAYS)) {
        let what = format!("an instant to come, within the next {MAX_DAYS} days");
        return Err(Refusal::invalid("bad_instant", "/send_at", what));
    }
    let hold = |why, until| Some(Hold { why, until });
    if pack.people.get(person).is_some_and(|person| person.trainee) {
        return Ok(hold(Why::AwaitingApproval, send_at));
    }
    let undo = TimeDelta::seconds(pack.replies.undo_seconds.into());
    Ok(match send_at {
        Some(_) => hold(Why::Scheduled, send_at),
        None if undo > TimeDelta::zero() && human => hold(Why::Undo, Some(now + undo)),
        None => None,
    })
}

/// A reply that is held.
///
/// # Errors
/// As for one that goes at once, and if too many are held.
pub fn hold(
    state: &Conversation,
    ticket: u32,
    message: Outgoing,
    human: bool,
    hold: Hold,
) -> Result<Vec<ConversationEvent>, Refusal> {
    if check_reply(state, ticket, &message.text.0)?.held.len() >= MAX_HELD {
        let what = format!("a ticket has at most {MAX_HELD} replies that wait; send or cancel one");
        return Err(Refusal::conflict("too_many_held", what));
    }
    Ok(vec![ConversationEvent::ReplyHeld(Box::new(ReplyHeld { ticket, message, human, hold, then: None }))])
}

/// Has the status that is decided together with a held reply wait for it: as long as it may be taken back or be refused
/// nothing is solved.
pub fn defer_status(state: &Conversation, ordinal: u32, events: &mut Vec<ConversationEvent>) {
    let Some(from) = state.ticket(ordinal).map(|ticket| ticket.status.clone()) else { return };
    let Some(place) = events.iter().position(|event| matches!(event, ConversationEvent::ReplyHeld(_))) else {
        return;
    };
    let mut then = None;
    events.retain(|event| match event {
        ConversationEvent::StatusChanged { ticket, status, category, reason } if *ticket == ordinal => {
            let (from, status, reason) = (from.clone(), status.clone(), reason.clone());
            then = Some(NextStatus { from, status, category: *category, reason });
            false
        }
        _ => true,
    });
    // What was taken out may have stood before it.
    let reply = events.iter_mut().take(place + 1).find_map(|event| match event {
        ConversationEvent::ReplyHeld(reply) => Some(reply),
        _ => None,
    });
    if let Some(reply) = reply {
        reply.then = then;
    }
}

/// Refuses to solve or close a ticket while a reply waits that may still be taken back or refused.
///
/// # Errors
/// If there is such a reply.
pub fn refuse_ending(
    state: &Conversation,
    ordinal: u32,
    events: &[ConversationEvent],
) -> Result<(), Refusal> {
    let ends = events.iter().any(|event| {
        matches!(event, ConversationEvent::StatusChanged { ticket, category, .. }
            if *ticket == ordinal && matches!(category, Category::Solved | Category::Closed))
    });
    let waits = |held: &&HeldReply| matches!(held.hold.why, Why::Undo | Why::AwaitingApproval);
    let waiting = state.ticket(ordinal).and_then(|ticket| ticket.held.iter().find(waits));
    match waiting.filter(|_| ends).map(|held| held.hold.why) {
        Some(Why::AwaitingApproval) => {
            let what = "a reply awaits approval; approve, reject or cancel it first";
            Err(Refusal::conflict("reply_waits", what))
        }
        Some(_) => {
            let what = "a reply can still be taken back; release or cancel it first, or wait until it goes";
            Err(Refusal::conflict("reply_waits", what))
        }
        None => Ok(()),
    }
}

/// The held replies that go before one: those of the conversation whose time was over earlier, or that were written
/// earlier for the same.
pub fn goes_before<'a>(
    state: &'a Conversation,
    outbox: &str,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a HeldReply> + use<'a> {
    let timed = |held: &HeldReply| match held.hold {
        Hold { why: Why::Undo | Why::Scheduled, until } => until.map(|until| (until, held.at)),
        Hold { .. } => None,
    };
    let all = || state.tickets.iter().flat_map(|ticket| &ticket.held);
    let own = all().find(|held| held.outbox == outbox).and_then(timed);
    let own_outbox = outbox.to_owned();
    all().filter(move |held| {
        let (Some(own), Some(other)) = (own, timed(held)) else { return false };
        held.outbox != own_outbox && other.0 <= now && (other, &held.outbox) < (own, &own_outbox)
    })
}

/// A held reply of a ticket.
///
/// # Errors
/// If there is no such ticket, or it has no such reply that is held.
pub fn held<'a>(state: &'a Conversation, ticket: u32, message: &str) -> Result<&'a HeldReply, Refusal> {
    existing(state, ticket)?.held.iter().find(|held| held.message == message).ok_or_else(|| {
        Refusal::conflict("not_held", "the reply does not wait: it was sent, cancelled or rejected before")
    })
}

/// Lets a reply go, with what follows from a reply.
///
/// # Errors
/// If it is not held, or no reply may be sent on the ticket now.
pub fn release(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    message: &str,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let held = held(state, ticket, message)?;
    let current = check_reply(state, ticket, "x")?;
    let released = ConversationEvent::ReplyReleased { ticket, message: message.to_owned() };
    // Whoever wrote since then, or gave it another status, has not been answered by it.
    let wrote = state.last_inbound_at.is_some_and(|at| at > held.at);
    let then = held.then.clone().filter(|then| then.from == current.status && !wrote).map(|then| {
        let NextStatus { status, category, reason, .. } = then;
        ConversationEvent::StatusChanged { ticket, status, category, reason }
    });
    let next = then.or_else(|| follows_reply(published.pack, current, held.human));
    Ok([Some(released), next].into_iter().flatten().collect())
}

/// The ticket's conversation as it will be once what may still be taken back has gone: what is decided after that is
/// decided about it, before anything goes.
///
/// # Errors
/// If one of these replies may not be sent now.
pub fn undone_no_more(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    now: DateTime<Utc>,
) -> Result<Conversation, Refusal> {
    let mut after = state.clone();
    for reply in existing(state, ticket)?.held.iter().filter(|held| held.hold.why == Why::Undo) {
        for data in release(&after, published, ticket, &reply.message)? {
            see(&mut after, &data, now);
        }
    }
    Ok(after)
}

/// What becomes of a reply whose time has come.
///
/// # Errors
/// If it is not held.
pub fn due(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    message: &str,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let waiting = held(state, ticket, message)?;
    let back = |because: &str| {
        let (message, because) = (message.to_owned(), because.to_owned());
        Ok(vec![ConversationEvent::ReplyHeldBack { ticket, message, because }])
    };
    let wrote = state.last_inbound_at.is_some_and(|at| at > waiting.at);
    if published.pack.replies.hold_back && waiting.hold.why == Why::Scheduled && wrote {
        return back("customer_wrote");
    }
    release(state, published, ticket, message).or_else(|refusal| back(refusal.code))
}

impl Conversation {
    pub(super) fn reply_held(&mut self, reply: &ReplyHeld, event: &Event<ConversationEvent>) {
        let Some(outbox) = &reply.message.outbox else { return };
        let Some(ticket) = self.touch(reply.ticket, event.at) else { return };
        ticket.last_said = Some(reply.message.id.clone());
        ticket.held.push(HeldReply {
            message: reply.message.id.clone(),
            outbox: outbox.clone(),
            by: event.by.clone(),
            human: reply.human,
            at: event.at,
            hold: reply.hold,
            message_ref: reply.message.message_ref.clone(),
            then: reply.then.clone(),
        });
        self.push_written(reply.ticket, &reply.message, event);
        self.show_held(&reply.message.id, reply.hold);
    }

    pub(super) fn reply_approved(
        &mut self,
        ordinal: u32,
        approved: &Approved<'_>,
        event: &Event<ConversationEvent>,
    ) {
        let Some(held) = self.touch(ordinal, event.at).and_then(|ticket| ticket.held_mut(approved.message))
        else {
            return;
        };
        held.hold = Hold { why: Why::Scheduled, until: approved.until };
        if let Some(outbox) = approved.outbox {
            outbox.clone_into(&mut held.outbox);
        }
        if let Some(message) = self.correspondence.message_mut(approved.message) {
            if let Some(text) = approved.text {
                (message.text, message.html, message.template) = (Some(text.clone()), None, None);
            }
            message.held = Some(HeldMessage {
                state: Why::Scheduled.as_str(),
                until: approved.until,
                by: Some(event.by.clone()),
                at: None,
                note: approved.note.cloned(),
            });
        }
    }

    pub(super) fn reply_released(&mut self, ordinal: u32, id: &str, at: DateTime<Utc>) {
        let Some(held) = self.touch(ordinal, at).and_then(|ticket| ticket.take_held(id)) else { return };
        if held.human
            && let Some(ticket) = self.ticket_mut(ordinal)
        {
            ticket.replied(Said { id: id.to_owned(), at, by_customer: false });
        }
        self.asked = None;
        self.dispatched(Some(&held.outbox), id);
        self.threaded(held.message_ref.iter());
        if let Some(message) = self.correspondence.message_mut(id) {
            // Who approved it, and what they said of it, stays.
            let (by, note) = message.held.take().map_or((None, None), |held| (held.by, held.note));
            message.held = Some(HeldMessage { state: "released", until: None, by, at: Some(at), note });
        }
    }

    pub(super) fn reply_held_back(&mut self, ordinal: u32, id: &str, at: DateTime<Utc>) {
        let Some(held) = self.touch(ordinal, at).and_then(|ticket| ticket.held_mut(id)) else { return };
        held.hold = Hold { why: Why::HeldBack, until: None };
        let hold = held.hold;
        self.show_held(id, hold);
    }

    pub(super) fn reply_taken_back(
        &mut self,
        ordinal: u32,
        id: &str,
        (state, note): (&'static str, Option<&Private<String>>),
        event: &Event<ConversationEvent>,
    ) {
        if self.touch(ordinal, event.at).and_then(|ticket| ticket.take_held(id)).is_none() {
            return;
        }
        if let Some(message) = self.correspondence.message_mut(id) {
            let (by, at, note) = (Some(event.by.clone()), Some(event.at), note.cloned());
            message.held = Some(HeldMessage { state, until: None, by, at, note });
            message.delivery = None;
        }
    }

    fn show_held(&mut self, id: &str, hold: Hold) {
        if let Some(message) = self.correspondence.message_mut(id) {
            let state = hold.why.as_str();
            message.held = Some(HeldMessage { state, until: hold.until, by: None, at: None, note: None });
        }
    }
}

/// What an approval says.
pub(super) struct Approved<'a> {
    pub message: &'a str,
    pub text: Option<&'a Private<String>>,
    pub outbox: Option<&'a str>,
    pub note: Option<&'a Private<String>>,
    pub until: Option<DateTime<Utc>>,
}

impl Ticket {
    fn held_mut(&mut self, message: &str) -> Option<&mut HeldReply> {
        self.held.iter_mut().find(|held| held.message == message)
    }

    fn take_held(&mut self, message: &str) -> Option<HeldReply> {
        let place = self.held.iter().position(|held| held.message == message)?;
        Some(self.held.remove(place))
    }
}
