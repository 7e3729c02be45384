//! Another queue, by hand or by a rule of the pack.

use super::decide::Published;
use super::event::ConversationEvent;
use super::facts::policy_change;
use super::merge::workable;
use super::{Conversation, Ticket, apart};
use crate::pack::Role;
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};

/// Puts a ticket into another queue, whose team gets it. The same queue again changes nothing. `role`: of whoever wants
/// it; none is the desk itself.
///
/// # Errors
/// If there is no such ticket or queue, the ticket is merged, or the queue is of another partition of the desk.
pub fn to(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    queue: String,
    role: Option<Role>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    let Some(known) = published.pack.queues.get(&queue) else {
        let what = format!("the desk has no queue {queue:?}");
        return Err(Refusal::invalid("unknown_queue", "/queue", what));
    };
    if current.queue == queue {
        return Ok(Vec::new());
    }
    apart::queue(published.pack, current, &queue, role)?;
    let team = known.team.clone();
    let policy = policy_change(state, published, ticket, "queue", |facts| {
        if let Some((queue, known)) = published.pack.queues.get_key_value(&queue) {
            facts.queue = queue;
            facts.team = known.team.as_deref().or(facts.team);
        }
    });
    let changed = ConversationEvent::QueueChanged { ticket, queue, team, because: None };
    Ok([Some(changed), policy].into_iter().flatten().collect())
}

impl Ticket {
    /// It is in another queue. Who has it keeps it while the team stays the same.
    pub(super) fn requeued(&mut self, queue: &str, team: Option<&str>, at: DateTime<Utc>) {
        queue.clone_into(&mut self.queue);
        self.timeline.named_event(at, &format!("queue.entered.{queue}"));
        if team.is_some() && self.team.as_deref() != team {
            self.assigned(None, team, at);
        }
    }
}
