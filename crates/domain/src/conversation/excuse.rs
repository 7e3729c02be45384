//! A lead excuses a breach: it stays one, and figures are given with and without it.

use super::Conversation;
use super::decide::existing;
use super::event::ConversationEvent;
use crate::refusal::Refusal;
use crate::sla::{CalendarSource, TargetState};
use chrono::{DateTime, Utc};

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 1_000;

/// Excuses the breach of a target: of an instance (`next_response.2`), or of the last one that was missed by its name
/// (`next_response`).
///
/// # Errors
/// If there is no such ticket or target, it was not missed, or the reason is empty or too long.
pub fn excuse(
    state: &Conversation,
    calendars: &dyn CalendarSource,
    ticket: u32,
    target: &str,
    reason: String,
    now: DateTime<Utc>,
) -> Result<ConversationEvent, Refusal> {
    let current = existing(state, ticket)?;
    if reason.trim().is_empty() || reason.chars().count() > MAX_REASON_CHARS {
        let what = format!("say why in 1 to {MAX_REASON_CHARS} characters; it is shown with the target");
        return Err(Refusal::invalid("bad_reason", "/reason", what));
    }
    let targets = current.timeline.evaluate(calendars, now);
    let meant: Vec<_> = targets.iter().filter(|one| one.instance == target || one.name == target).collect();
    if meant.is_empty() {
        let known: Vec<_> = targets.iter().map(|one| one.instance.as_str()).collect();
        let what = format!("the ticket has no target {target:?}; it has {}", known.join(", "));
        return Err(Refusal::invalid("unknown_target", "/target", what));
    }
    let missed = meant.iter().rfind(|one| one.state == TargetState::Breached).ok_or_else(|| {
        Refusal::conflict("not_breached", "the target was not missed; there is nothing to excuse")
    })?;
    let instance = missed.instance.clone();
    Ok(ConversationEvent::BreachExcused { ticket, instance, reason: reason.into() })
}
