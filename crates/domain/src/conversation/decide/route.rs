//! Where a ticket goes: when it opens, and when its fields change.

use super::status_id;
use crate::category::Category;
use crate::condition::Facts;
use crate::conversation::facts::plain_values;
use crate::conversation::{Conversation, Opening, Party};
use crate::pack::{Pack, Priority};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is known of a new ticket beside who and where.
#[derive(Clone, Copy, Default)]
pub(in crate::conversation) struct Told<'a> {
    /// What it is about.
    pub subject: Option<&'a str>,
    /// What was written.
    pub text: Option<&'a str>,
    /// Custom fields.
    pub fields: Option<&'a Map<String, Value>>,
}

/// What routing rules may ask for.
struct RoutingFacts<'a>(&'a Party, Told<'a>);

impl Facts for RoutingFacts<'_> {
    fn values(&self, fact: &str) -> Vec<Cow<'_, str>> {
        let Self(party, told) = self;
        fn one(value: Option<&str>) -> Vec<Cow<'_, str>> {
            value.map(Cow::from).into_iter().collect()
        }
        match fact {
            "channel" => one(Some(&party.channel)),
            "account" => one(Some(&party.account)),
            "locale" => one(Some(&party.locale)),
            "language" => one(party.locale.split('-').next()),
            "contact" => one(Some(&party.contact)),
            "name" => one(party.name.as_ref().map(|name| name.0.as_str())),
            "address" => one(Some(&party.address.value.0)),
            "subject" => one(told.subject),
            "text" => one(told.text),
            "segment" => plain_values(told.fields.and_then(|fields| fields.get("segment"))),
            _ => {
                let field = fact.strip_prefix("fields.");
                plain_values(field.and_then(|name| told.fields?.get(name)))
            }
        }
    }
}

/// What a new ticket starts with, but for the policy: that depends on the rest.
pub(super) fn route(
    pack: &Pack,
    party: &Party,
    number: u64,
    category: Category,
    priority: Option<Priority>,
    told: Told<'_>,
) -> Opening {
    let (route, routed_by) = pack.route(&RoutingFacts(party, told));
    Opening {
        number,
        team: route.team.or_else(|| pack.queues.get(&route.queue).and_then(|q| q.team.clone())),
        queue: route.queue,
        priority: priority.unwrap_or(route.priority),
        tags: route.tags,
        status: status_id(pack, category),
        category,
        policy: None,
        follows: None,
        skills: route.skills,
        routed_by,
        filled: None,
        unvalidated: BTreeMap::new(),
        period: None,
    }
}

/// Routes a new ticket again when more is known of its fields than when it was routed. What somebody chose for it stays.
pub(in crate::conversation) fn reroute(
    pack: &Pack,
    party: &Party,
    opening: &mut Opening,
    told: Told<'_>,
    fields: &Map<String, Value>,
) {
    let (old, was) = pack.route(&RoutingFacts(party, told));
    let (new, routed_by) = pack.route(&RoutingFacts(party, Told { fields: Some(fields), ..told }));
    if was == routed_by || opening.routed_by != was || opening.queue != old.queue {
        return;
    }
    opening.team = new.team.or_else(|| pack.queues.get(&new.queue).and_then(|q| q.team.clone()));
    opening.queue = new.queue;
    if opening.priority == old.priority {
        opening.priority = new.priority;
    }
    opening.tags.retain(|tag| !old.tags.contains(tag));
    opening.tags.extend(new.tags);
    opening.skills = new.skills;
    opening.routed_by = routed_by;
}

/// Where a ticket that is worked on goes on to with other fields: queue, team and the rule in words.
pub(super) fn routed_again<'a>(
    state: &Conversation,
    pack: &'a Pack,
    ticket: u32,
    fields: &Map<String, Value>,
) -> Option<(&'a str, Option<&'a str>, String)> {
    let (party, current) = (state.party.as_ref()?, state.ticket(ticket)?);
    if current.category.is_done() {
        return None;
    }
    let told = Told { fields: Some(fields), ..Told::default() };
    let (queue, because) = pack.route_again(&RoutingFacts(party, told))?;
    let team = pack.queues.get(queue)?.team.as_deref();
    (queue != current.queue).then_some((queue, team, because))
}
