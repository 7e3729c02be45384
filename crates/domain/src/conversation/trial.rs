//! What other policies and calendars would have made of what happened.

use super::decide::{self, Published};
use super::enrich;
use super::event::ConversationEvent;
use super::facts::{TicketFacts, policy_change};
use super::{Conversation, Ticket};
use crate::sla::{CalendarSource, TargetState, TargetView};
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use std::collections::BTreeMap;

/// The conversation as it would be had the pack been this one all along: its events in their order, each with the
/// policy that the pack leads to, and without the notices, which are of what was.
pub fn replay(events: &[Event<ConversationEvent>], published: Published<'_>) -> Conversation {
    let mut state = Conversation::default();
    for event in events {
        let Some(data) = under(&state, event.data.clone(), published, event.at) else { continue };
        let event = Event { data, ..event.clone() };
        state.apply(&event);
        let touched = match event.data {
            ConversationEvent::AssignmentChanged { ticket, .. } => Some((ticket, "assignment")),
            ConversationEvent::FieldsChanged { ticket, .. } => Some((ticket, "fields")),
            ConversationEvent::TagsChanged { ticket, .. } => Some((ticket, "tags")),
            ConversationEvent::TicketEscalated { ticket, .. } => Some((ticket, "escalation")),
            _ => None,
        };
        let change =
            touched.and_then(|(ticket, because)| policy_change(&state, published, ticket, because, |_| ()));
        if let Some(data) = change {
            state.apply(&Event { data, ..event });
        }
    }
    state
}

/// An event as it would have been written under another pack; none if it would not have been.
fn under(
    state: &Conversation,
    data: ConversationEvent,
    published: Published<'_>,
    at: DateTime<Utc>,
) -> Option<ConversationEvent> {
    let none = Map::new();
    let period = || published.pack.period_at(at).map(|(id, _)| id.to_owned());
    Some(match data {
        ConversationEvent::MessageReceived(mut received) => {
            if let Some(opening) = &mut received.opening {
                opening.period = period();
                opening.policy =
                    decide::policy(published, &received.party, opening, &enrich::fields(opening, &none));
            }
            ConversationEvent::MessageReceived(received)
        }
        ConversationEvent::MessageSentElsewhere(mut sent) => {
            if let Some(opening) = &mut sent.opening {
                opening.period = period();
                opening.policy =
                    decide::policy(published, &sent.party, opening, &enrich::fields(opening, &none));
            }
            ConversationEvent::MessageSentElsewhere(sent)
        }
        ConversationEvent::CallReported(mut reported) => {
            if let (Some(opening), Some(party)) = (&mut reported.opening, &reported.party) {
                opening.period = period();
                opening.policy = decide::policy(published, party, opening, &enrich::fields(opening, &none));
            }
            ConversationEvent::CallReported(reported)
        }
        ConversationEvent::TicketCreated(mut created) => {
            let fields = enrich::fields(&created.opening, &created.fields.0);
            created.opening.period = period();
            created.opening.policy = decide::policy(published, &created.party, &created.opening, &fields);
            ConversationEvent::TicketCreated(created)
        }
        ConversationEvent::PriorityChanged { ticket, priority, .. } => {
            let known = state.party.as_ref().zip(state.ticket(ticket));
            let policy = known.and_then(|(party, current)| {
                TicketFacts { priority, ..TicketFacts::of(party, current) }.policy(published)
            });
            ConversationEvent::PriorityChanged { ticket, priority, policy }
        }
        ConversationEvent::PolicyChanged { .. } | ConversationEvent::NoticeSent { .. } => return None,
        other => other,
    })
}

/// Targets by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Done in time.
    pub met: u64,
    /// Missed.
    pub breached: u64,
    /// Neither so far.
    pub running: u64,
    /// No longer of any matter.
    pub cancelled: u64,
}

/// The targets of one name, as they were and as they would have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// As it was.
    pub before: Counts,
    /// As it would have been.
    pub after: Counts,
}

/// A target of a ticket that would have ended otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// As `first_response.1`.
    pub instance: String,
    /// What became of it; none: it was not promised.
    pub before: Option<Ending>,
    /// What would have become of it.
    pub after: Option<Ending>,
}

/// What became of a target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ending {
    /// Its state.
    pub state: TargetState,
    /// When it was due.
    pub due: Option<DateTime<Utc>>,
    /// When it was missed.
    pub breached_at: Option<DateTime<Utc>>,
    /// By which policy.
    pub policy: Option<String>,
}

/// Adds a ticket's targets to the counts by name and says which would have ended otherwise.
pub fn compare(
    counts: &mut BTreeMap<String, Change>,
    (before, known): (&Ticket, &dyn CalendarSource),
    (after, tried): (Option<&Ticket>, &dyn CalendarSource),
    now: DateTime<Utc>,
) -> Vec<Difference> {
    let before = before.timeline.results(known, now);
    let after = after.map(|ticket| ticket.timeline.results(tried, now)).unwrap_or_default();
    for view in &before {
        counts.entry(view.name.clone()).or_default().before.add(view.state);
    }
    for view in &after {
        counts.entry(view.name.clone()).or_default().after.add(view.state);
    }
    let mut pairs: BTreeMap<&str, (Option<&TargetView>, Option<&TargetView>)> = BTreeMap::new();
    for view in &before {
        pairs.entry(&view.instance).or_default().0 = Some(view);
    }
    for view in &after {
        pairs.entry(&view.instance).or_default().1 = Some(view);
    }
    let differ = pairs.into_iter().filter(|(_, (b, a))| b.map(outcome) != a.map(outcome));
    differ
        .map(|(instance, (before, after))| Difference {
            instance: instance.to_owned(),
            before: before.map(ending),
            after: after.map(ending),
        })
        .collect()
}

impl Counts {
    fn add(&mut self, state: TargetState) {
        let count = match state {
            TargetState::Met => &mut self.met,
            TargetState::Breached => &mut self.breached,
            TargetState::Running | TargetState::Paused => &mut self.running,
            TargetState::Cancelled => &mut self.cancelled,
        };
        *count = count.saturating_add(1);
    }
}

fn outcome(view: &TargetView) -> (TargetState, Option<DateTime<Utc>>) {
    (view.state, view.breached_at)
}

fn ending(view: &TargetView) -> Ending {
    Ending { state: view.state, due: view.due, breached_at: view.breached_at, policy: view.policy.clone() }
}
