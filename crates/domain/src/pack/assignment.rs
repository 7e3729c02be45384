//! How tickets of a queue find their agents.

use super::Pack;
use super::validate::escape;
use serde::{Deserialize, Serialize};

/// Longest time after which somebody counts as away, in minutes: a day.
const MAX_AWAY_MINUTES: u32 = 1_440;

/// How tickets of a queue are given to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// Who of several.
    pub method: Method,
    /// Before that, whoever had the contact's last ticket, if there and with room.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sticky: bool,
    /// Only who speaks the customer's language.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub language: bool,
    /// Only who has all of these skills.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// Custom field that names one more skill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill_field: Option<String>,
    /// What is still open goes to somebody else when the shift of whoever has it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_shift: bool,
}

/// Who of several gets a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Whoever was last given one longest ago.
    RoundRobin,
    /// Whoever has the fewest.
    LeastLoaded,
}

impl Method {
    /// As in packs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::LeastLoaded => "least_loaded",
        }
    }
}

/// When people count as there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PresenceRule {
    /// Minutes after their last call; none: a shift is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_after_minutes: Option<u32>,
}

/// Everything that is wrong, with JSON pointers into the pack.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if pack.presence.away_after_minutes.is_some_and(|minutes| !(1..=MAX_AWAY_MINUTES).contains(&minutes)) {
        let why = format!("a number of minutes from 1 to {MAX_AWAY_MINUTES}");
        wrong.push(("/presence/away_after_minutes".to_owned(), why));
    }
    for (id, person) in &pack.people {
        for channel in
            person.capacity.keys().filter(|name| *name != "total" && !pack.channels.contains_key(*name))
        {
            let at = format!("/people/{}/capacity/{}", escape(id), escape(channel));
            wrong.push((at, "capacity is by channel of the desk, and \"total\"".to_owned()));
        }
    }
    for (id, queue) in &pack.queues {
        let Some(rule) = &queue.assignment else { continue };
        let Some(team) = &queue.team else {
            let at = format!("/queues/{}/assignment", escape(id));
            wrong.push((at, "tickets are given to people of the queue's team; name one".to_owned()));
            continue;
        };
        for (n, skill) in rule.skills.iter().enumerate() {
            let has = pack.people.values().any(|one| one.teams.contains(team) && one.skills.contains(skill));
            if !has {
                let at = format!("/queues/{}/assignment/skills/{n}", escape(id));
                wrong.push((at, format!("nobody of the team {team:?} has the skill {skill:?}")));
            }
        }
    }
    wrong
}
