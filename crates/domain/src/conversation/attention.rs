//! What keeps agents out of each other's way and tickets out of sight: snoozing, replies that have not seen the last message,
//! follow-ups of what is closed.

use super::decide::{NewTicket, existing};
use super::event::ConversationEvent;
use super::merge::workable;
use super::{Conversation, Direction, Message};
use crate::category::Category;
use crate::refusal::Refusal;
use chrono::{DateTime, TimeDelta, Utc};

/// Longest snooze.
const MAX_DAYS: i64 = 366;

/// Takes a ticket out of sight until then, or (no time) back into it. Clocks go on.
///
/// # Errors
/// If there is no such ticket, it is done, or the time is past or more than a year away.
pub fn snooze(
    state: &Conversation,
    ticket: u32,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    if let Some(until) = until {
        if current.category.is_done() {
            let what = format!("the ticket is {}; nobody has to see it", current.category.as_str());
            return Err(Refusal::conflict("ticket_is_over", what));
        }
        if until <= now || until > now + TimeDelta::days(MAX_DAYS) {
            return Err(Refusal::invalid("bad_instant", "/until", "an instant within the next year"));
        }
    }
    let same = current.snoozed_until == until;
    Ok(if same { Vec::new() } else { vec![ConversationEvent::TicketSnoozed { ticket, until }] })
}

/// Whoever answers has seen `last`: if somebody else has written since, the customer would get two answers, or one to a
/// question that is answered.
///
/// # Errors
/// If something was said since.
pub fn not_overtaken(state: &Conversation, ticket: u32, last: &str) -> Result<(), Refusal> {
    match &existing(state, ticket)?.last_said {
        Some(newest) if newest != last => {
            let what = format!(
                "{newest} was written meanwhile; read it and send the reply after that, or say \"despite\": true"
            );
            Err(Refusal::conflict("collision", what))
        }
        _ => Ok(()),
    }
}

/// What was said on a ticket after a message, notes left out; none if there is no such message. The whole stream must
/// have been read.
pub fn said_after<'a>(state: &'a Conversation, ticket: u32, last: &str) -> Option<Vec<&'a Message>> {
    let mut messages = state.messages(ticket);
    messages.find(|message| message.id == last)?;
    Some(messages.filter(|message| message.direction != Direction::Note).collect())
}

/// What a follow-up of a closed ticket begins with: whose it was, and what was known.
///
/// # Errors
/// If there is no such ticket, or it can be opened again itself.
pub fn follow_up(state: &Conversation, ticket: u32) -> Result<NewTicket, Refusal> {
    let old = existing(state, ticket)?;
    if old.category != Category::Closed || old.merged.is_some() {
        let what = "what is not closed goes on itself; only a closed ticket is followed up";
        return Err(Refusal::conflict("ticket_is_not_closed", what));
    }
    Ok(NewTicket {
        subject: old.subject.as_ref().map(|subject| subject.0.clone()),
        queue: Some(old.queue.clone()),
        priority: Some(old.priority),
        fields: old.fields.0.clone(),
        tags: old.tags.iter().cloned().collect(),
        agent: old.agent.clone(),
        follows: Some(ticket),
    })
}
