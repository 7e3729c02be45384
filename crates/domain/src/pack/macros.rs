//! Macros: what people do to a ticket with one call.

use super::{Pack, Role, escape};
use crate::action::{self, Action};
use serde::{Deserialize, Serialize};

/// Several actions under one name. All of them are done, or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Macro {
    /// What people call it.
    pub name: String,
    /// Who may apply it at least.
    #[serde(default = "anybody")]
    pub role: Role,
    /// Whose people may apply it; none: everybody's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// What it does, in this order.
    pub then: Vec<Action>,
}

fn anybody() -> Role {
    Role::Service
}

impl Pack {
    /// May somebody apply a macro? Whoever leads may apply those of every team.
    pub fn may_apply(&self, one: &Macro, person: &str, role: Role) -> bool {
        let teams = self.people.get(person).map_or(&[][..], |person| person.teams.as_slice());
        let is_theirs = one.teams.is_empty() || one.teams.iter().any(|team| teams.contains(team));
        role >= one.role && (is_theirs || role >= Role::Lead)
    }
}

/// Everything that is wrong with the macros: JSON pointer into the pack, and what to do.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (id, one) in &pack.macros {
        let at = format!("/macros/{}", escape(id));
        let mut say = |place: &str, what: &str| problems.push((format!("{at}{place}"), what.to_owned()));
        if !action::is_word(id) {
            say("", "an id has a-z, 0-9, _ and -, at most 64");
        }
        if one.name.trim().is_empty() {
            say("/name", "a macro needs a name; it is shown to those who may apply it");
        }
        for team in one.teams.iter().enumerate().filter(|(_, team)| !pack.teams.contains_key(*team)) {
            say(&format!("/teams/{}", team.0), "no such team; add it to /teams");
        }
        for (place, what) in action::check(pack, &one.then, Role::Admin) {
            say(&format!("/then{place}"), &what);
        }
        let replies = one.then.iter().filter(|action| matches!(action, Action::Reply { .. })).count();
        if replies > 1 {
            say("/then", "one reply at most: the customer gets one message");
        }
        for n in one.then.iter().enumerate().filter(|(_, action)| matches!(action, Action::Macro { .. })) {
            say(&format!("/then/{}", n.0), "a macro applies no other");
        }
    }
    problems
}
