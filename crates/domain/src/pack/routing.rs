//! Where new tickets go, and where they go on to when their fields change.

use super::{Pack, Priority, Role};
use crate::condition::{self, Conditions, Facts, all_hold, in_words};
use serde::{Deserialize, Serialize};

/// Facts of a new ticket that routing rules may ask for, and `fields.<name>`.
pub const ROUTING_FACTS: [&str; 10] =
    ["account", "address", "channel", "contact", "language", "locale", "name", "segment", "subject", "text"];

/// A routing rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What people call it; shown in the history of what it routed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All of these hold; empty: always.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
    /// Queue id.
    pub queue: String,
    /// Team id, if not the queue's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Priority.
    #[serde(default)]
    pub priority: Priority,
    /// Tags that the ticket starts with.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What whoever gets it must be able to do, besides what the queue asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// It is also looked at when fields of a ticket change that is not done: the ticket goes on to this queue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

impl Pack {
    /// Where a new ticket goes: the first routing rule whose conditions all hold, else the first queue. With the rule in
    /// words, if there was one.
    pub fn route(&self, facts: &impl Facts) -> (Route, Option<String>) {
        let found = self.routing.iter().zip(1..).find(|(rule, _)| all_hold(&rule.when, facts));
        found.map_or_else(
            || {
                let queue = self.queues.keys().next().cloned().unwrap_or_default();
                (Route { queue, ..Route::default() }, None)
            },
            |(rule, place)| (rule.clone(), Some(rule.in_words(place))),
        )
    }

    /// Where a ticket goes on to whose fields have changed, with the rule in words.
    pub fn route_again(&self, facts: &impl Facts) -> Option<(&str, String)> {
        let mut rules = self.routing.iter().zip(1_usize..).filter(|(rule, _)| rule.again);
        let (rule, place) = rules.find(|(rule, _)| all_hold(&rule.when, facts))?;
        Some((&rule.queue, rule.in_words(place)))
    }
}

impl Route {
    fn in_words(&self, place: usize) -> String {
        let name = self.name.clone().unwrap_or_else(|| format!("rule {place}"));
        if self.when.is_empty() { name } else { format!("{name}: {}", in_words(&self.when)) }
    }
}

/// Everything that is wrong with the rules: JSON pointer into the pack, and what to do.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (n, rule) in pack.routing.iter().enumerate() {
        let at = format!("/routing/{n}");
        let mut say = |place: &str, what: String| problems.push((format!("{at}{place}"), what));
        if !pack.queues.contains_key(&rule.queue) {
            say("/queue", format!("no queue {:?}; add it to /queues", rule.queue));
        }
        if let Some(team) = rule.team.as_ref().filter(|team| !pack.teams.contains_key(*team)) {
            say("/team", format!("no team {team:?}; add it to /teams"));
        }
        for (s, skill) in rule.skills.iter().enumerate() {
            if !pack.people.values().any(|person| person.skills.contains(skill)) {
                say(
                    &format!("/skills/{s}"),
                    format!("nobody has the skill {skill:?}; add it to somebody's skills"),
                );
            }
        }
        let wrong = condition::check(&rule.when, &ROUTING_FACTS).into_iter();
        let wrong = wrong.chain(condition::unknown_fields(&rule.when, pack, Role::Admin));
        for (place, what) in wrong.chain(super::unknown(pack, &rule.when)) {
            say(&format!("/when{place}"), what);
        }
        if rule.again && !rule.when.keys().any(|fact| fact.starts_with("fields.") || fact == "segment") {
            say("/again", "what is looked at when fields change asks for a field".into());
        }
        for fact in rule.when.keys().filter(|fact| rule.again && ["subject", "text"].contains(&fact.as_str()))
        {
            let what = "what was said is known of a new ticket alone; leave it out, or leave out again";
            say(&format!("/when/{fact}"), what.into());
        }
    }
    let reached = pack.routing.iter().map(|rule| (&rule.when, rule.again));
    for (n, what) in super::vocabulary::unreachable(reached) {
        problems.push((format!("/routing/{n}"), what));
    }
    problems
}
