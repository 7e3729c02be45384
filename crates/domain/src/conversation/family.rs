//! An incident and the tickets that report it: a parent and its children, of whatever conversations.
//!
//! Whose child a ticket is, is a fact of its own conversation; the parent keeps who came, which is no more than where to look.
//! Both are written in one commit. There are two generations and no more, so there are no circles.

use super::Conversation;
use super::decide::existing;
use super::event::ConversationEvent;
use super::merge::{Place, TicketRef, workable};
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};

/// Most children of a ticket: what one bulk action does.
pub const MAX_CHILDREN: usize = crate::bulk::MAX_TICKETS;

/// Makes a ticket the child of another: what its conversation gets, and what the parent's gets.
///
/// # Errors
/// If one of them does not exist or is merged, they are the same, the child has a parent or children, or the parent is a
/// child itself or has too many.
pub fn adopt(child: Place<'_>, parent: Place<'_>) -> Result<(ConversationEvent, ConversationEvent), Refusal> {
    let own = workable(child.state, child.ordinal)?;
    let other = existing(parent.state, parent.ordinal).map_err(|_| unknown_parent())?;
    if child.id == parent.id {
        return Err(Refusal::invalid("same_ticket", "/parent", "a ticket is not its own parent"));
    }
    if let Some(merged) = &other.merged {
        let what =
            format!("ticket #{} is merged into #{}; link to that one", other.number, merged.into.number);
        return Err(Refusal::conflict("parent_is_merged", what));
    }
    if let Some(known) = &own.parent {
        let what = format!("it is a child of #{} ({}); unlink it first", known.number, known.id);
        return Err(Refusal::conflict("has_parent", what));
    }
    if !own.children.is_empty() {
        let what = "it has children itself; there are two generations and no more";
        return Err(Refusal::conflict("has_children", what));
    }
    if let Some(known) = &other.parent {
        let what =
            format!("#{} is a child of #{} ({}); link to that one", other.number, known.number, known.id);
        return Err(Refusal::conflict("parent_is_child", what));
    }
    if other.children.len() >= MAX_CHILDREN {
        let what = format!("a ticket has at most {MAX_CHILDREN} children");
        return Err(Refusal::conflict("too_many_children", what));
    }
    let linked = ConversationEvent::ParentLinked {
        ticket: child.ordinal,
        parent: TicketRef { id: parent.id.to_owned(), number: other.number },
    };
    let came = ConversationEvent::ChildLinked {
        ticket: parent.ordinal,
        child: TicketRef { id: child.id.to_owned(), number: own.number },
    };
    Ok((linked, came))
}

/// The refusal of a parent that does not exist.
pub fn unknown_parent() -> Refusal {
    Refusal::invalid("unknown_ticket", "/parent", "there is no such ticket at this desk to be its parent")
}

/// Takes a ticket from its parent: what its conversation gets. The parent's gets [`left`].
///
/// # Errors
/// If there is no such ticket, or it has no parent.
pub fn part(state: &Conversation, ordinal: u32) -> Result<ConversationEvent, Refusal> {
    match &existing(state, ordinal)?.parent {
        Some(parent) => Ok(ConversationEvent::ParentUnlinked { ticket: ordinal, parent: parent.id.clone() }),
        None => {
            Err(Refusal::conflict("has_no_parent", "the ticket is nobody's child; there is nothing to undo"))
        }
    }
}

/// What the conversation of a parent gets when a child leaves it.
pub fn left(ordinal: u32, child: &str) -> ConversationEvent {
    ConversationEvent::ChildUnlinked { ticket: ordinal, child: child.to_owned() }
}

impl Conversation {
    /// The first parent counts.
    pub(super) fn parent_linked(&mut self, ordinal: u32, parent: &TicketRef, at: DateTime<Utc>) {
        if let Some(ticket) = self.touch(ordinal, at) {
            ticket.parent.get_or_insert_with(|| Box::new(parent.clone()));
        }
    }

    pub(super) fn parent_unlinked(&mut self, ordinal: u32, parent: &str, at: DateTime<Utc>) {
        if let Some(ticket) = self.touch(ordinal, at) {
            ticket.parent.take_if(|known| known.id == parent);
        }
    }

    pub(super) fn child_linked(&mut self, ordinal: u32, child: &TicketRef, at: DateTime<Utc>) {
        if let Some(ticket) = self.touch(ordinal, at)
            && ticket.children.iter().all(|known| known.id != child.id)
        {
            ticket.children.push(child.clone());
        }
    }

    pub(super) fn child_unlinked(&mut self, ordinal: u32, child: &str, at: DateTime<Utc>) {
        if let Some(ticket) = self.touch(ordinal, at) {
            ticket.children.retain(|known| known.id != child);
        }
    }
}
