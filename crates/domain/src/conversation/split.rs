//! Splitting: messages of a ticket become a ticket of their own, of the same contact and conversation.
//!
//! Messages are not in the state, so whoever splits has read the whole stream, and the event says what the clocks of both
//! tickets need: what was moved, and since when the customer waits for an answer on what stays.

use super::decide::{MAX_SUBJECT_CHARS, NewTicket, Published, create_opening};
use super::event::{ConversationEvent, Opening, TicketSplit};
use super::message::Direction;
use super::{Conversation, Message, Said, Ticket};
use crate::Private;
use crate::category::Category;
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};

/// Most messages that are moved at a time.
pub const MAX_MOVED: usize = 200;

/// Takes messages out of a ticket into a new one, which has the ticket's queue, team, priority, tags and fields unless
/// something else is said. The whole stream must have been read.
///
/// # Errors
/// If there is no such ticket or message, nothing is moved or nothing would stay, or a message waits to be sent.
pub fn split(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    moved: &[String],
    number: u64,
    new: NewTicket,
) -> Result<ConversationEvent, Refusal> {
    let source = super::merge::workable(state, ticket)?;
    let wrong = |what: String| Err(Refusal::invalid("bad_messages", "/messages", what));
    if moved.is_empty() || moved.len() > MAX_MOVED {
        return wrong(format!("1 to {MAX_MOVED} messages"));
    }
    let own: Vec<&Message> = state.messages(ticket).collect();
    if let Some(unknown) = moved.iter().find(|id| own.iter().all(|message| message.id != **id)) {
        return wrong(format!("the ticket has no message {unknown:?}"));
    }
    if source.held.iter().any(|held| moved.contains(&held.message)) {
        return wrong("a reply that is held cannot be moved; cancel it, or wait until it is sent".to_owned());
    }
    let said = |message: &&&Message| message.direction != Direction::Note;
    let (goes, stays): (Vec<&Message>, Vec<&Message>) =
        own.iter().copied().partition(|message| moved.contains(&message.id));
    let Some(first) = goes.iter().find(said) else {
        return wrong("notes alone make no ticket; move something that was said".to_owned());
    };
    if !stays.iter().any(|message| said(&message)) {
        return wrong("nothing would be left of the ticket".to_owned());
    }
    if new.subject.as_ref().is_some_and(|subject| subject.chars().count() > MAX_SUBJECT_CHARS) {
        let what = format!("the subject is longer than {MAX_SUBJECT_CHARS} characters");
        return Err(Refusal::invalid("subject_too_long", "/subject", what));
    }
    let Some(party) = &state.party else {
        return Err(Refusal::not_found("unknown_ticket", "there is no such ticket at this desk"));
    };
    let team = source.team.clone();
    let asked_for_queue = new.queue.clone();
    let new = NewTicket {
        queue: new.queue.or_else(|| Some(source.queue.clone())),
        priority: new.priority.or(Some(source.priority)),
        fields: source.fields.0.clone(),
        tags: source.tags.iter().cloned().collect(),
        agent: source.agent.clone(),
        subject: new.subject,
        follows: None,
    };
    let mut opening: Opening = create_opening(published, party, number, &new)?;
    if asked_for_queue.is_none() {
        opening.team = team;
    }
    (opening.status, opening.category) = match source.category {
        Category::Solved | Category::Closed | Category::Spam => (opening.status, Category::Open),
        category => (source.status.clone(), category),
    };
    let turn = |message: &&Message| Said {
        id: message.id.clone(),
        at: message.at,
        by_customer: message.direction == Direction::In,
    };
    Ok(ConversationEvent::TicketSplit(Box::new(TicketSplit {
        ticket,
        messages: goes.iter().map(|message| message.id.clone()).collect(),
        said: goes.iter().filter(said).map(turn).collect(),
        opened_at: first.at,
        by_customer: first.direction == Direction::In,
        unanswered: unanswered(&stays),
        opening,
        subject: new.subject.map(Private).or_else(|| source.subject.clone()),
        agent: new.agent,
    })))
}

/// Since when the customer waits for an answer: the first message after the last reply of a person.
fn unanswered(messages: &[&Message]) -> Option<DateTime<Utc>> {
    let mut waits = None;
    for message in messages {
        match message.direction {
            Direction::In if waits.is_none() => waits = Some(message.at),
            Direction::Out if message.by.starts_with("person:") => waits = None,
            _ => {}
        }
    }
    waits
}

impl Conversation {
    /// The new ticket begins with the first message that was moved; what was said is said again on its clocks.
    pub(super) fn ticket_split(&mut self, split: &TicketSplit, at: DateTime<Utc>) {
        // Two at the same time cannot both have a message: the first counts.
        let is_gone = |source: &Ticket| split.messages.iter().any(|id| source.moved_away.contains(id));
        if self.ticket(split.ticket).is_none_or(is_gone) {
            return;
        }
        let fields = self.ticket(split.ticket).map(|ticket| ticket.fields.clone()).unwrap_or_default();
        let automatic = self.ticket(split.ticket).is_some_and(|ticket| ticket.automatic);
        let ordinal = self.open(&split.opening, split.by_customer, split.opened_at);
        let replies = split.said.iter().filter(|said| !said.by_customer).count();
        let replies = u32::try_from(replies).unwrap_or(u32::MAX);
        if let Some(ticket) = self.ticket_mut(ordinal) {
            ticket.subject.clone_from(&split.subject);
            ticket.agent.clone_from(&split.agent);
            ticket.fields = fields;
            ticket.automatic = automatic;
            ticket.split_from = Some(split.ticket);
            for said in &split.said {
                match said.by_customer {
                    true => ticket.timeline.customer_message(said.at, said.at),
                    false => ticket.timeline.human_reply(said.at),
                }
            }
            ticket.timeline.category_changed(split.opened_at, split.opening.category);
            ticket.replies = replies;
            ticket.last_said = split.said.last().map(|said| said.id.clone());
            ticket.silent.since = split.said.last().map_or(at, |said| said.at);
            ticket.updated_at = at;
        }
        if let Some(ticket) = self.touch(split.ticket, at) {
            ticket.replies = ticket.replies.saturating_sub(replies);
            ticket.moved_away.extend(split.messages.iter().cloned());
            ticket.timeline.split(at, split.unanswered);
        }
        self.correspondence.move_to(&split.messages, split.ticket, ordinal);
    }
}
