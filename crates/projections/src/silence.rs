//! Tickets that come back into sight, and those on which nobody says anything: statuses that follow from it, and when to look
//! again. Reminders are written by
//! whoever can render them.

use crate::agenda::{self, Floors, Work};
use relevo_domain::conversation::silence::{Next, next};
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_journal::store::Store;
use serde_json::{Map, Value};

/// Who acts.
pub const BY: &str = "system:lifecycle";

/// A reminder that is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Reminder {
    /// Stream name of the conversation.
    pub conversation: String,
    /// Ordinal of the ticket.
    pub ordinal: u32,
    /// Template.
    pub template: String,
    /// What the template takes beside what is known of the ticket.
    pub data: Map<String, Value>,
    /// That it was written: its event, and the id of that.
    pub passed: ConversationEvent,
    /// See `passed`.
    pub id: String,
}

/// Follows the pack's rules in some conversations; the reminders are left to the caller.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn follow<S: Store>(
    context: &DeskContext<S>,
    conversations: &[String],
) -> Result<Vec<Reminder>, Problem> {
    let pack = context.pack().await?;
    let calendars = |name: &str| pack.calendar(name);
    let mut commit = context.commit();
    let mut floors = None;
    let mut reminders = Vec::new();
    for name in conversations {
        let stream = context.stream(Conversation::KIND, name)?;
        let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        let mut events = Vec::new();
        for ticket in &loaded.state.tickets {
            if let Some(until) = ticket.snoozed_until.filter(|until| *until <= context.now) {
                let id = format!("woken.{}.{}", ticket.ordinal, until.timestamp_millis());
                let woken = ConversationEvent::TicketWoken { ticket: ticket.ordinal, until };
                events.push(event(id, BY, 0, woken)?);
            }
            let rule = match next(ticket, &pack.pack, &calendars, context.now) {
                Next::Never => continue,
                Next::At(at) => {
                    let floors = match &mut floors {
                        Some(floors) => &*floors,
                        none => none.insert(Floors::load(context).await?),
                    };
                    agenda::schedule(&mut commit, floors, Work::Sla, name, at, context.now)?;
                    continue;
                }
                Next::Now(rule) => rule,
            };
            let since = ticket.silent.since;
            let ordinal = ticket.ordinal;
            let to = rule.to.as_ref().and_then(|to| pack.pack.status(to));
            let passed = ConversationEvent::SilencePassed {
                ticket: ordinal,
                since,
                after_seconds: rule.after_seconds,
                to: to.clone().map(|(status, _)| status),
                category: to.map(|(_, category)| category),
            };
            let id = format!("silence.{ordinal}.{}.{}", since.timestamp_millis(), rule.after_seconds);
            match &rule.template {
                Some(template) => reminders.push(Reminder {
                    conversation: name.clone(),
                    ordinal,
                    template: template.clone(),
                    data: rule.data.clone(),
                    passed,
                    id,
                }),
                None => events.push(event(id, BY, 0, passed)?),
            }
        }
        if !events.is_empty() {
            commit.append(&loaded, events)?;
        }
    }
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(reminders)
}
