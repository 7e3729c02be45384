//! Who gets a ticket: by turn or by load, by skill and language, within capacity; pure and the same whenever it is
//! computed from the same facts.

use crate::conversation::Because;
use crate::pack::{Assignment, Method, Person};
use serde_json::Value;
use std::collections::BTreeMap;

/// Somebody who may get it.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Person id.
    pub id: &'a str,
    /// What the pack says of them.
    pub person: &'a Person,
    /// On shift, not absent, not away.
    pub is_available: bool,
    /// Live tickets that they have, by channel.
    pub load: BTreeMap<String, u32>,
    /// When they were last given one by turn, in milliseconds.
    pub last_turn_ms: Option<i64>,
}

/// What is to be given to somebody.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// Channel slug.
    pub channel: &'a str,
    /// Language of the customer, a BCP 47 tag.
    pub locale: &'a str,
    /// Custom fields.
    pub fields: Option<&'a serde_json::Map<String, Value>>,
    /// What else they must be able to do, by the routing rule.
    pub skills: &'a [String],
    /// Who had the contact's last ticket.
    pub last_agent: Option<&'a str>,
}

impl Candidate<'_> {
    fn total(&self) -> u32 {
        self.load.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn on(&self, channel: &str) -> u32 {
        self.load.get(channel).copied().unwrap_or_default()
    }

    /// Room for one more, on the channel and in all.
    fn has_room(&self, channel: &str) -> bool {
        let below = |name: &str, have: u32| self.person.capacity.get(name).is_none_or(|most| have < *most);
        below(channel, self.on(channel)) && below("total", self.total())
    }

    fn speaks(&self, locale: &str) -> bool {
        let base = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        self.person.languages.iter().any(|own| base(own) == base(locale))
    }
}

/// Who gets it, and why; or why nobody does.
///
/// # Errors
/// If nobody is there, fits and has room: the ticket waits.
pub fn choose<'a>(
    rule: &Assignment,
    wanted: &Wanted<'_>,
    candidates: &'a [Candidate<'a>],
) -> Result<(&'a str, Because), String> {
    let skills = skills(rule, wanted);
    let able: Vec<&Candidate<'_>> = candidates
        .iter()
        .filter(|one| skills.iter().all(|skill| one.person.skills.contains(skill)))
        .filter(|one| !rule.language || one.speaks(wanted.locale))
        .collect();
    if able.is_empty() {
        return Err("nobody has the skills and the language".to_owned());
    }
    let there: Vec<_> = able.into_iter().filter(|one| one.is_available).collect();
    if there.is_empty() {
        return Err("nobody who could take it is at work".to_owned());
    }
    let free: Vec<_> = there.into_iter().filter(|one| one.has_room(wanted.channel)).collect();
    let fitting = match (skills.is_empty(), rule.language) {
        (true, false) => String::new(),
        (false, false) => format!(", of those with {}", skills.join(", ")),
        (true, true) => format!(", of those who speak {}", wanted.locale),
        (false, true) => format!(", of those with {} who speak {}", skills.join(", "), wanted.locale),
    };
    let because = |method: &str, why: String| Because { method: method.to_owned(), instead_of: None, why };
    if let Some(one) = free.iter().find(|one| rule.sticky && Some(one.id) == wanted.last_agent) {
        return Ok((one.id, because("sticky", "had the customer's last ticket".to_owned())));
    }
    let chosen = match rule.method {
        Method::RoundRobin => free.iter().min_by_key(|one| (one.last_turn_ms, one.id)),
        Method::LeastLoaded => free.iter().min_by_key(|one| (one.total(), one.last_turn_ms, one.id)),
    };
    let Some(one) = chosen else {
        return Err("everybody who could take it has as much as they may".to_owned());
    };
    let why = match rule.method {
        Method::RoundRobin => format!("it is their turn{fitting}"),
        Method::LeastLoaded => format!("has the fewest tickets, {}{fitting}", one.total()),
    };
    Ok((one.id, because(rule.method.as_str(), why)))
}

/// What whoever gets it must be able to do: the queue's skills, and the one that a custom field names.
fn skills(rule: &Assignment, wanted: &Wanted<'_>) -> Vec<String> {
    let field = rule.skill_field.as_ref().and_then(|name| wanted.fields?.get(name)?.as_str());
    let mut skills = rule.skills.clone();
    skills.extend(wanted.skills.iter().filter(|skill| !rule.skills.contains(skill)).cloned());
    skills.extend(field.filter(|skill| !skill.is_empty()).map(str::to_owned));
    skills
}
