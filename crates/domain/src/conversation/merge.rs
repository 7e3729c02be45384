//! Merging: a ticket goes up in another one, which may be in another conversation, and comes out of it again.
//!
//! Where a ticket went is a fact of its own conversation ([`Merged`]); the other one keeps who came (`absorbed`), which is
//! no more than where to look. Both are written in one commit. A message on the conversation of a merged ticket stays
//! there, with the keys of who wrote it, and the ticket that it went up in is told: until then it is `untold`, whoever
//! wrote at the same time as whom. What is told names no text.

use super::decide::{existing, status_id};
use super::event::ConversationEvent;
use super::{Conversation, Ticket};
use crate::category::Category;
use crate::pack::Pack;
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Most tickets that one takes up.
pub const MAX_ABSORBED: usize = 50;

/// Most that waits to be told of one ticket: the oldest counts for clocks.
const MAX_UNTOLD: usize = 100;

/// A ticket of whatever conversation, as it was when it was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRef {
    /// Public id.
    pub id: String,
    /// Friendly number.
    pub number: u64,
}

/// Where a ticket went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The ticket that it went up in.
    pub into: TicketRef,
    /// Its ordinal, if it is of the same conversation: messages join it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<u32>,
    /// When.
    pub at: DateTime<Utc>,
    /// The status that it had.
    pub status: String,
    /// Its category.
    pub category: Category,
    /// The customer wrote since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrote: bool,
    /// What the other one was not told of yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<Said>,
}

/// Something was said on the conversation of a merged ticket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said {
    /// Message id: it is told once, however often it came.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// By the customer; else by one of us.
    pub by_customer: bool,
}

impl Said {
    /// Something that was said before the ticket was merged.
    fn before(at: DateTime<Utc>) -> Self {
        Self { id: format!("before.{}", at.timestamp_micros()), at, by_customer: true }
    }
}

/// Whose two tickets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customers {
    /// One customer's.
    Same,
    /// Two customers', and whoever merges them said nothing of that.
    Different,
    /// Two customers', which is meant: they reported the same.
    DifferentAndMeant,
}

/// A ticket in its conversation, named for the other side.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its conversation.
    pub state: &'a Conversation,
    /// Its ordinal.
    pub ordinal: u32,
    /// Its public id.
    pub id: &'a str,
}

/// Merges one ticket into another: what its conversation gets, and what the other's gets, which may be the `same`.
///
/// # Errors
/// If one of them does not exist, is merged already or has taken up too many, the other one is over, they are the same, or
/// they are of different customers and that is not meant.
pub fn merge(
    source: Place<'_>,
    target: Place<'_>,
    same: bool,
    customers: Customers,
    pack: &Pack,
) -> Result<(ConversationEvent, ConversationEvent), Refusal> {
    let from = workable(source.state, source.ordinal)?;
    let into = existing(target.state, target.ordinal).map_err(|_| unknown_target())?;
    if source.id == target.id {
        return Err(Refusal::invalid("same_ticket", "/into", "a ticket cannot be merged into itself"));
    }
    if let Some(merged) = &into.merged {
        let TicketRef { id, number } = &merged.into;
        let what = format!("ticket #{} is merged itself; merge into #{number} ({id})", into.number);
        return Err(Refusal::conflict("target_is_merged", what));
    }
    if into.category.is_done() {
        let what = format!("ticket #{} is {}; open it again first", into.number, into.category.as_str());
        return Err(Refusal::conflict("target_is_over", what));
    }
    if into.absorbed.len() >= MAX_ABSORBED {
        let what = format!("a ticket takes up at most {MAX_ABSORBED} others; merge into another one");
        return Err(Refusal::conflict("too_many_merged", what));
    }
    if customers == Customers::Different {
        let what = format!(
            "tickets #{} and #{} are of different customers, and each would see what the other is answered; merge the \
             contacts if they are one person, or say that it is meant",
            from.number, into.number
        );
        return Err(Refusal::invalid("different_customers", "/different_customers", what));
    }
    let unanswered = from.timeline.unanswered();
    let merged = ConversationEvent::TicketMerged {
        ticket: source.ordinal,
        into: TicketRef { id: target.id.to_owned(), number: into.number },
        here: same.then_some(target.ordinal),
        status: status_id(pack, Category::Closed),
        unanswered,
        different_customers: customers == Customers::DifferentAndMeant,
    };
    let absorbed = ConversationEvent::TicketAbsorbed {
        ticket: target.ordinal,
        from: TicketRef { id: source.id.to_owned(), number: from.number },
        here: same.then_some(source.ordinal),
        unanswered,
        open_status: status_id(pack, Category::Open),
    };
    Ok((merged, absorbed))
}

/// The refusal of a ticket to merge into that does not exist.
pub fn unknown_target() -> Refusal {
    Refusal::invalid("unknown_ticket", "/into", "there is no such ticket at this desk to merge into")
}

/// Takes a merged ticket out again; the ticket that it is in gets [`release`].
///
/// # Errors
/// If there is no such ticket, or it is not merged.
pub fn unmerge(state: &Conversation, ordinal: u32, pack: &Pack) -> Result<ConversationEvent, Refusal> {
    take_out(state, ordinal, pack, None)
}

/// As [`unmerge`], because of an earlier merge (of the ticket given) with which this one made a circle.
///
/// # Errors
/// As [`unmerge`].
pub fn supersede(
    state: &Conversation,
    ordinal: u32,
    pack: &Pack,
    by: TicketRef,
) -> Result<ConversationEvent, Refusal> {
    take_out(state, ordinal, pack, Some(by))
}

fn take_out(
    state: &Conversation,
    ordinal: u32,
    pack: &Pack,
    superseded_by: Option<TicketRef>,
) -> Result<ConversationEvent, Refusal> {
    let ticket = existing(state, ordinal)?;
    let Some(merged) = &ticket.merged else {
        return Err(Refusal::conflict(
            "ticket_is_not_merged",
            "the ticket is not merged; there is nothing to undo",
        ));
    };
    Ok(ConversationEvent::TicketUnmerged {
        ticket: ordinal,
        from: merged.into.id.clone(),
        open_status: status_id(pack, Category::Open),
        superseded_by,
    })
}

/// What the conversation of the other ticket gets when one is taken out of it.
pub fn release(ordinal: u32, from: &str) -> ConversationEvent {
    ConversationEvent::TicketReleased { ticket: ordinal, from: from.to_owned() }
}

/// The ticket, if it can be worked on: a merged one is worked on where it went.
///
/// # Errors
/// If there is none, or it is merged.
pub fn workable(state: &Conversation, ordinal: u32) -> Result<&Ticket, Refusal> {
    let ticket = existing(state, ordinal)?;
    let Some(merged) = &ticket.merged else { return Ok(ticket) };
    let TicketRef { id, number } = &merged.into;
    let what = format!("the ticket is merged into #{number} ({id}); go on there, or undo the merge");
    Err(Refusal::conflict("ticket_is_merged", what))
}

impl Conversation {
    /// The ticket that a message joins which would join this one: of the same conversation where that went up in
    /// another one of it.
    pub(super) fn home(&self, ordinal: u32) -> u32 {
        let mut home = ordinal;
        for _ in &self.tickets {
            match self.ticket(home).and_then(|ticket| ticket.merged.as_ref()?.here) {
                Some(next) => home = next,
                None => break,
            }
        }
        home
    }

    /// Tickets whose merge the other side has not heard everything of, with where they went.
    pub fn untold(&self) -> impl Iterator<Item = (&Ticket, &Merged)> {
        let merged = self.tickets.iter().filter_map(|ticket| Some((ticket, ticket.merged.as_deref()?)));
        merged.filter(|(_, merged)| !merged.untold.is_empty())
    }

    /// The first merge counts; of two in a circle within one conversation, the first as well.
    pub(super) fn ticket_merged(&mut self, ordinal: u32, merged: Merged, unanswered: Option<DateTime<Utc>>) {
        let circle =
            merged.here.is_some_and(|here| self.ticket(here).is_none() || self.home(here) == ordinal);
        let at = merged.at;
        let Some(ticket) = self.ticket_mut(ordinal).filter(|t| t.merged.is_none() && !circle) else { return };
        // Somebody wrote whom the one who merged had not seen.
        let missed = ticket.timeline.unanswered().filter(|_| ticket.timeline.unanswered() != unanswered);
        let here = merged.here;
        let status = std::mem::replace(&mut ticket.status, merged.status.clone());
        let category = std::mem::replace(&mut ticket.category, Category::Closed);
        let untold = missed.map(Said::before).into_iter().collect();
        ticket.merged = Some(Box::new(Merged { status, category, untold, ..merged }));
        ticket.updated_at = ticket.updated_at.max(at);
        ticket.timeline.merged(at);
        if let Some(here) = here {
            self.tell_here(ordinal, here, at);
        }
    }

    /// Of one conversation, both sides see the same events: nobody else has to tell.
    fn tell_here(&mut self, ordinal: u32, here: u32, at: DateTime<Utc>) {
        let merged = self.ticket_mut(ordinal).and_then(|ticket| ticket.merged.as_deref_mut());
        let untold = merged.map(|merged| std::mem::take(&mut merged.untold)).unwrap_or_default();
        if let Some(target) = self.ticket_mut(here) {
            untold.iter().for_each(|said| target.heard(said, None, at));
        }
    }

    pub(super) fn ticket_absorbed(
        &mut self,
        ordinal: u32,
        from: &TicketRef,
        here: Option<u32>,
        (unanswered, open_status): (Option<DateTime<Utc>>, &str),
        at: DateTime<Utc>,
    ) {
        // Within one conversation the merge itself may not count.
        let counts = |here| self.ticket(here).is_some_and(|t| t.merged.as_ref().is_some_and(|m| m.at == at));
        if here.is_some_and(|here| !counts(here)) {
            return;
        }
        let Some(ticket) = self.ticket_mut(ordinal) else { return };
        if ticket.absorbed.iter().any(|known| known.id == from.id) {
            return;
        }
        ticket.absorbed.push(from.clone());
        ticket.updated_at = ticket.updated_at.max(at);
        if let Some(since) = unanswered {
            ticket.heard(&Said::before(since), Some(open_status), at);
        }
    }

    pub(super) fn ticket_unmerged(&mut self, ordinal: u32, from: &str, open_status: &str, at: DateTime<Utc>) {
        let Some(ticket) = self.ticket_mut(ordinal) else { return };
        let Some(merged) = ticket.merged.take_if(|merged| merged.into.id == from) else { return };
        ticket.status = merged.status;
        ticket.category = merged.category;
        ticket.updated_at = ticket.updated_at.max(at);
        ticket.timeline.unmerged(at);
        if merged.wrote {
            ticket.reopen(Some(open_status), at);
        }
    }

    pub(super) fn ticket_released(&mut self, ordinal: u32, from: &str, at: DateTime<Utc>) {
        if let Some(ticket) = self.ticket_mut(ordinal) {
            ticket.absorbed.retain(|known| known.id != from);
            ticket.updated_at = ticket.updated_at.max(at);
        }
    }

    pub(super) fn merge_told(&mut self, ordinal: u32, said: &Said) {
        if let Some(merged) = self.ticket_mut(ordinal).and_then(|ticket| ticket.merged.as_deref_mut()) {
            merged.untold.retain(|waiting| waiting.id != said.id);
        }
    }
}

impl Ticket {
    /// Something was said on the conversation of a ticket that is merged into this one, or on its own while it is merged.
    pub(super) fn heard(&mut self, said: &Said, open_status: Option<&str>, at: DateTime<Utc>) {
        self.updated_at = self.updated_at.max(at);
        match said.by_customer {
            true => self.customer_wrote(said.clone(), open_status, at),
            false => self.replied(said.clone()),
        }
    }

    /// Notes what the ticket that this one went up in is to be told; false if it is not merged.
    pub(super) fn keep_untold(&mut self, said: Said) -> bool {
        let Some(merged) = self.merged.as_deref_mut() else { return false };
        merged.wrote |= said.by_customer;
        if merged.here.is_none()
            && merged.untold.len() < MAX_UNTOLD
            && merged.untold.iter().all(|known| known.id != said.id)
        {
            merged.untold.push(said);
        }
        true
    }
}
