//! Notices that are due on service levels, each recorded once.
//!
//! A notice's event is named by the target's instance and the first threshold that it tells of, so ticks that overlap,
//! repeat or come late record one: of two at once that would tell of the same the first counts, and what the other one
//! knew besides is due again.

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use relevo_domain::conversation::{Conversation, ConversationEvent, Ticket};
use relevo_domain::sla::{DueItem, Duty, Owner, Threshold};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_journal::store::Store;

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Notices.
    pub notices: usize,
    /// Those that are of a breach.
    pub breaches: usize,
    /// Conversations with tickets to which something may happen by itself: see [`crate::silence`].
    pub waiting: Vec<String>,
}

/// Records what is due in some conversations, in one commit.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn record<S: Store>(
    context: &DeskContext<S>,
    conversations: &[String],
) -> Result<Recorded, Problem> {
    let loaded = try_join_all(conversations.iter().map(|name| async move {
        let stream = context.stream(Conversation::KIND, name)?;
        Ok::<_, Problem>(context.journal.load::<Conversation>(&stream, context.now).await?)
    }))
    .await?;
    let pack = context.pack().await?;
    let named = |name: &str| pack.calendar(name);
    let staff = pack.pack.people_at(context.now);
    let duty = Duty { people: &staff, calendars: &named };
    let mut commit = context.commit();
    let mut recorded = Recorded::default();
    for conversation in loaded {
        let tickets = &conversation.state.tickets;
        let calendars = context.calendars(tickets.iter().flat_map(|t| t.timeline.pack_versions())).await?;
        let mut events = Vec::new();
        for ticket in tickets {
            for item in ticket.timeline.due_items(&calendars, context.now) {
                let id = format!("{}:{}", item.notice_id(), ticket.ordinal);
                recorded.breaches += usize::from(item.threshold == Threshold::Breach);
                events.push(event(id, "system:sla", 0, notice(ticket, item, duty, context.now))?);
            }
        }
        recorded.notices += events.len();
        let rules = &pack.pack.lifecycle.silence;
        let waits = |ticket: &Ticket| {
            ticket.snoozed_until.is_some() || rules.iter().any(|rule| rule.within.contains(&ticket.status))
        };
        if tickets.iter().any(waits) {
            recorded.waiting.push(conversation.stream().name().to_owned());
        }
        if !events.is_empty() {
            commit.append(&conversation, events)?;
        }
    }
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(recorded)
}

/// Who is told is decided when it is told: by the shifts of that moment.
fn notice(ticket: &Ticket, item: DueItem, duty: Duty<'_>, now: DateTime<Utc>) -> ConversationEvent {
    let owner = Owner { agent: ticket.agent.as_deref(), team: ticket.team.as_deref() };
    ConversationEvent::NoticeSent {
        ticket: ticket.ordinal,
        threshold: item.threshold.to_string(),
        to: duty.told(&item.to, owner, now),
        folded: item.folded.iter().map(ToString::to_string).collect(),
        instance: item.instance,
    }
}
