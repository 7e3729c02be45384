//! What a ticket, and what happened on it, is to the conditions of automations.

use super::Cause;
use crate::condition::Facts;
use crate::conversation::{Party, Ticket, TicketFacts};
use chrono::{DateTime, Utc};
use std::borrow::Cow;

/// Facts that automations may ask for, and `fields.<name>`. Those about what happened (`by`, `changed`, `score`, `target`,
/// `template`, `text`, `threshold`) are known of some events only.
pub const FACTS: [&str; 33] = [
    "account",
    "address",
    "agent",
    "by",
    "category",
    "changed",
    "channel",
    "contact",
    "escalated",
    "language",
    "locale",
    "name",
    "priority",
    "queue",
    "reopenings",
    "replies",
    "score",
    "seconds_since.customer_wrote",
    "seconds_since.opened",
    "seconds_since.replied",
    "seconds_since.status_changed",
    "segment",
    "sla.breached",
    "sla.warned",
    "snoozed",
    "status",
    "subject",
    "tags",
    "target",
    "team",
    "template",
    "text",
    "threshold",
];

/// A ticket at the time of a cause.
pub(super) struct CauseFacts<'a> {
    pub party: &'a Party,
    pub ticket: &'a Ticket,
    pub cause: &'a Cause,
    pub now: DateTime<Utc>,
}

impl Facts for CauseFacts<'_> {
    fn values(&self, fact: &str) -> Vec<Cow<'_, str>> {
        fn one(value: Option<&str>) -> Vec<Cow<'_, str>> {
            value.map(Cow::from).into_iter().collect()
        }
        let number = |value: u32| vec![Cow::from(value.to_string())];
        let yes = |value: bool| vec![Cow::from(if value { "true" } else { "false" })];
        let (ticket, party, told) = (self.ticket, self.party, &self.cause.told);
        let since = |at: Option<DateTime<Utc>>| {
            at.map(|at| Cow::from((self.now - at).num_seconds().to_string())).into_iter().collect()
        };
        match fact {
            "status" => one(Some(&ticket.status)),
            "category" => one(Some(ticket.category.as_str())),
            "agent" => one(ticket.agent.as_deref()),
            "subject" => one(ticket.subject.as_ref().map(|subject| subject.0.as_str())),
            "contact" => one(Some(&party.contact)),
            "name" => one(party.name.as_ref().map(|name| name.0.as_str())),
            "address" => one(Some(&party.address.value.0)),
            "language" => one(party.locale.split('-').next()),
            "reopenings" => number(ticket.reopenings),
            "replies" => number(ticket.replies),
            "escalated" => yes(ticket.escalated),
            "snoozed" => yes(ticket.snoozed_until.is_some_and(|until| until > self.now)),
            "sla.breached" => ticket.timeline.told(true).map(Cow::from).collect(),
            "sla.warned" => ticket.timeline.told(false).map(Cow::from).collect(),
            "seconds_since.opened" => since(Some(ticket.opened_at)),
            "seconds_since.customer_wrote" => since(ticket.moments.customer_wrote),
            "seconds_since.replied" => since(ticket.moments.replied),
            "seconds_since.status_changed" => since(ticket.moments.status_changed),
            "by" => one(self.cause.by.split(':').next()),
            "changed" => told.changed.iter().map(Cow::from).collect(),
            "score" => told.score.map(|score| Cow::from(score.to_string())).into_iter().collect(),
            "target" => one(told.target.as_deref()),
            "template" => one(told.template.as_deref()),
            "text" => one(told.text.as_deref()),
            "threshold" => one(told.threshold.as_deref()),
            _ => TicketFacts::of(party, ticket)
                .values(fact)
                .into_iter()
                .map(|value| Cow::from(value.into_owned()))
                .collect(),
        }
    }
}
