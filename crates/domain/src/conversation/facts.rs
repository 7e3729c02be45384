//! What a ticket is to the conditions of service-level policies, and what follows when that changes.

use super::decide::Published;
use super::event::{ConversationEvent, Party};
use super::{Conversation, Ticket};
use crate::condition::SEGMENT;
use crate::money;
use crate::pack::Priority;
use crate::sla::{CalendarSource, Facts, ResolvedPolicy, resolve};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The facts of a ticket, as they are or as they would be.
#[derive(Clone, Debug)]
pub struct TicketFacts<'a> {
    /// Channel, account and locale.
    pub party: &'a Party,
    /// Queue id.
    pub queue: &'a str,
    /// Team id.
    pub team: Option<&'a str>,
    /// The critical period in which it was opened.
    pub period: Option<&'a str>,
    /// Priority.
    pub priority: Priority,
    /// Tags.
    pub tags: Cow<'a, BTreeSet<String>>,
    /// Custom fields.
    pub fields: Cow<'a, Map<String, Value>>,
}

impl<'a> TicketFacts<'a> {
    /// Those of a ticket as it is.
    pub fn of(party: &'a Party, ticket: &'a Ticket) -> Self {
        Self {
            party,
            queue: &ticket.queue,
            team: ticket.team.as_deref(),
            period: ticket.period.as_deref(),
            priority: ticket.priority,
            tags: Cow::Borrowed(&ticket.tags),
            fields: Cow::Borrowed(&ticket.fields.0),
        }
    }

    /// The policy that they lead to.
    pub fn policy(&self, published: Published<'_>) -> Option<ResolvedPolicy> {
        resolve(&published.pack.sla, self, published.version)
    }
}

impl Facts for TicketFacts<'_> {
    fn values(&self, fact: &str) -> Vec<Cow<'_, str>> {
        match fact {
            "channel" => vec![Cow::from(&self.party.channel)],
            "account" => vec![Cow::from(&self.party.account)],
            "locale" => vec![Cow::from(&self.party.locale)],
            "queue" => vec![Cow::from(self.queue)],
            "team" => self.team.map(Cow::from).into_iter().collect(),
            "period" => self.period.map(Cow::from).into_iter().collect(),
            "priority" => vec![Cow::from(self.priority.as_str())],
            "tags" => self.tags.iter().map(Cow::from).collect(),
            SEGMENT => self.field(SEGMENT),
            _ => fact.strip_prefix("fields.").map(|name| self.field(name)).unwrap_or_default(),
        }
    }
}

impl TicketFacts<'_> {
    /// A field's value as conditions write it; a list has several.
    fn field(&self, name: &str) -> Vec<Cow<'_, str>> {
        plain_values(self.fields.get(name))
    }
}

/// A value as conditions write it; a list has several.
pub(super) fn plain_values(value: Option<&Value>) -> Vec<Cow<'_, str>> {
    match value {
        Some(Value::Array(values)) => values.iter().filter_map(plain).collect(),
        value => value.and_then(plain).into_iter().collect(),
    }
}

/// Money is its amount in whole units of its currency; what has no other form is as JSON writes it.
fn plain(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Cow::from(text)),
        Value::Object(_) => Some(Cow::from(money::amount(value).unwrap_or_else(|| value.to_string()))),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => Some(Cow::from(value.to_string())),
    }
}

/// The change of policy that a change of facts brings with it, if it brings one: a policy that promises the same is
/// none, even if it is from another version of the pack.
pub fn policy_change<'a>(
    state: &'a Conversation,
    published: Published<'_>,
    ordinal: u32,
    because: &str,
    change: impl FnOnce(&mut TicketFacts<'a>),
) -> Option<ConversationEvent> {
    let (party, ticket) = (state.party.as_ref()?, state.ticket(ordinal)?);
    let mut facts = TicketFacts::of(party, ticket);
    change(&mut facts);
    let policy = facts.policy(published);
    let same = match (&policy, ticket.timeline.policy()) {
        (Some(new), Some(old)) => new.promises_as(old),
        (None, None) => true,
        _ => false,
    };
    (!same).then(|| ConversationEvent::PolicyChanged { ticket: ordinal, policy, because: because.to_owned() })
}

/// The change of policy that brings a ticket under the published pack, if its policy or a calendar that it names are
/// not what they were.
pub fn outdated(
    state: &Conversation,
    published: Published<'_>,
    ordinal: u32,
    calendars: &dyn CalendarSource,
) -> Option<ConversationEvent> {
    let changed = policy_change(state, published, ordinal, "pack", |_| ());
    if changed.is_some() {
        return changed;
    }
    let (party, ticket) = (state.party.as_ref()?, state.ticket(ordinal)?);
    let old = ticket.timeline.policy()?;
    let same = |name| calendars.calendar(old.pack, name) == calendars.calendar(published.version, name);
    if old.calendars().all(same) {
        return None;
    }
    let policy = TicketFacts::of(party, ticket).policy(published);
    Some(ConversationEvent::PolicyChanged { ticket: ordinal, policy, because: "pack".to_owned() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::condition::Condition;
    use serde_json::json;

    #[test]
    fn money_is_compared_in_whole_units_and_whatever_is_there_is_present() {
        let fee = json!({"minor": 120_000, "currency": "EUR"});
        for (condition, value, expected) in [
            (json!({"present": true}), Some(&fee), true),
            (json!({"present": false}), Some(&fee), false),
            (json!({"present": false}), None, true),
            (json!({"present": true}), Some(&json!({"other": 1})), true),
            (json!({"present": false}), Some(&json!(null)), true),
            (json!({"at_least": 1200}), Some(&fee), true),
            (json!({"at_least": 1201}), Some(&fee), false),
            (json!({"at_most": 1200}), Some(&fee), true),
            (json!({"at_most": 1199}), Some(&fee), false),
            (json!({"at_least": 500}), Some(&json!({"minor": 500, "currency": "JPY"})), true),
        ] {
            let asked: Condition = serde_json::from_value(condition.clone()).unwrap();
            assert_eq!(asked.holds(&plain_values(value)), expected, "{condition} {value:?}");
        }
    }
}
