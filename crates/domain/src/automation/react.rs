//! What an automation makes of a ticket.

use super::facts::CauseFacts;
use super::{Automation, Cause, MAX_CHAIN, Trigger};
use crate::action::{Acting, Action, see};
use crate::condition::{all_hold, in_words};
use crate::conversation::decide::Published;
use crate::conversation::{
    AutomationFired, AutomationHeld, Conversation, ConversationEvent, RefusedAction, WantedReply,
};
use chrono::{DateTime, Utc};
use std::borrow::Cow;

/// Who acts: this and the automation's id.
pub const BY: &str = "automation:";

/// What follows from a cause by an automation.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// It applies: what tells of it, and what it does.
    Fired(AutomationFired, Vec<ConversationEvent>),
    /// It would apply and must not, lest it go round in circles.
    Held(AutomationHeld),
}

impl Reaction {
    /// All of its events, the one that tells of it first.
    pub fn into_events(self) -> Vec<ConversationEvent> {
        match self {
            Self::Fired(fired, events) => {
                let told = ConversationEvent::AutomationFired(Box::new(fired));
                [told].into_iter().chain(events).collect()
            }
            Self::Held(held) => vec![ConversationEvent::AutomationHeld(Box::new(held))],
        }
    }
}

/// What an automation makes of a cause; nothing if it does not follow it, its conditions do not hold, or the ticket is
/// already as it would make it. `applied`: it has applied to what began the chain, on this ticket.
pub fn react(
    automation: &Automation,
    published: Published<'_>,
    state: &Conversation,
    cause: &Cause,
    (applied, now): (bool, DateTime<Utc>),
) -> Option<Reaction> {
    let follows = cause.trigger == Trigger::Waited || automation.follows(cause.trigger);
    let (party, ticket) = (state.party.as_ref()?, state.ticket(cause.ordinal)?);
    if !follows || ticket.merged.is_some() {
        return None;
    }
    if !all_hold(&automation.when, &CauseFacts { party, ticket, cause, now }) {
        return None;
    }
    // Copied when something is done that what comes after has to see.
    let mut after = Cow::Borrowed(state);
    let (mut events, mut refused, mut replies) = (Vec::new(), Vec::new(), Vec::new());
    let last = automation.then.len().saturating_sub(1);
    for (place, action) in automation.then.iter().enumerate() {
        if let Action::Reply { template, data } = action {
            replies.push(WantedReply { template: template.clone(), data: data.clone() });
            continue;
        }
        match action.decide(&after, published, cause.ordinal, &Acting::desk(now)) {
            Ok(done) => {
                for data in done.iter().filter(|_| place < last) {
                    see(after.to_mut(), data, now);
                }
                events.extend(done);
            }
            Err(refusal) => refused.push(RefusedAction { action: place, code: refusal.code.to_owned() }),
        }
    }
    if events.is_empty() && refused.is_empty() && replies.is_empty() {
        return None;
    }
    let why = match (cause.chain.contains(&automation.id), applied, cause.chain.len() >= MAX_CHAIN) {
        (true, ..) => Some("loop"),
        (_, true, _) => Some("again"),
        (.., true) => Some("depth"),
        _ => None,
    };
    if let Some(why) = why {
        return Some(Reaction::Held(AutomationHeld {
            ticket: cause.ordinal,
            automation: automation.id.clone(),
            version: published.version,
            cause: cause.id.clone(),
            chain: cause.chain.clone(),
            why: why.to_owned(),
        }));
    }
    let fired = AutomationFired {
        ticket: cause.ordinal,
        automation: automation.id.clone(),
        name: automation.name.clone(),
        version: published.version,
        cause: cause.id.clone(),
        root: cause.root.clone(),
        why: why_in_words(automation, cause),
        chain: cause.chain.iter().chain([&automation.id]).cloned().collect(),
        since: cause.since,
        replies,
        refused,
    };
    Some(Reaction::Fired(fired, events))
}

fn why_in_words(automation: &Automation, cause: &Cause) -> String {
    let happened = match &automation.after {
        Some(wait) if cause.trigger == Trigger::Waited => wait.in_words(),
        _ => cause.trigger.name(),
    };
    match automation.when.is_empty() {
        true => happened,
        false => format!("{happened}; {}", in_words(&automation.when)),
    }
}
