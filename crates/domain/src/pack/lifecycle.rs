//! What happens to a ticket by itself.

use super::Pack;
use crate::category::Category;
use crate::sla::CALENDAR_TIME;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What happens by itself, by status ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// In which status a reply of a person leads to which: `{"abierto": "esperando_cliente"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after_reply: BTreeMap<String, String>,
    /// Handed over to which team a ticket gets which status: `{"cuentas": "entregado_am"}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after_handover: BTreeMap<String, String>,
    /// What follows when nobody says anything; any message begins anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silence: Vec<Silence>,
}

/// What follows when nobody says anything for a time: a reminder, or another status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// In these statuses, of the categories `waiting_for_customer`, `waiting_for_others` and `solved`.
    #[serde(rename = "in")]
    pub within: Vec<String>,
    /// For how long.
    pub after_seconds: u64,
    /// Calendar that counts, or `calendar_time`.
    pub calendar: String,
    /// The template of the reminder; gets `ticket_number` and `contact_name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What else the template takes.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// The status that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Longest silence: a year.
const MAX_SECONDS: u64 = 366 * 86_400;

impl Pack {
    /// The status that a reply in this one leads to.
    pub fn after_reply(&self, status: &str) -> Option<(String, Category)> {
        self.status(self.lifecycle.after_reply.get(status)?)
    }

    /// The status that a ticket gets which is handed over to a team.
    pub fn after_handover(&self, team: &str) -> Option<(String, Category)> {
        self.status(self.lifecycle.after_handover.get(team)?)
    }
}

/// Everything that is wrong with it: JSON pointer into the pack, and what to do.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let known = |status: &str| pack.status(status).is_some_and(|(id, _)| id == *status);
    let mut status = |pointer: String, name: &str| {
        if !known(name) {
            problems
                .push((pointer, format!("no status {name:?}; add it to /statuses, or name one by its id")));
        }
    };
    for (from, to) in &pack.lifecycle.after_reply {
        let at = format!("/lifecycle/after_reply/{}", super::validate::escape(from));
        status(at.clone(), from);
        status(at, to);
    }
    for (team, to) in &pack.lifecycle.after_handover {
        status(format!("/lifecycle/after_handover/{}", super::validate::escape(team)), to);
    }
    for (n, rule) in pack.lifecycle.silence.iter().enumerate() {
        let at = format!("/lifecycle/silence/{n}");
        for (s, name) in rule.within.iter().enumerate() {
            status(format!("{at}/in/{s}"), name);
        }
        if let Some(to) = &rule.to {
            status(format!("{at}/to"), to);
        }
    }
    for (n, rule) in pack.lifecycle.silence.iter().enumerate() {
        let at = format!("/lifecycle/silence/{n}");
        let mut say = |place: &str, what: &str| problems.push((format!("{at}{place}"), what.to_owned()));
        let silent = |name: &String| {
            let category = pack.status(name).map(|(_, category)| category);
            category.is_none_or(|category| {
                let waits = [Category::WaitingForCustomer, Category::WaitingForOthers, Category::Solved];
                waits.contains(&category)
            })
        };
        if rule.within.is_empty() || !rule.within.iter().all(silent) {
            say("/in", "name statuses that wait for the customer or for others, or are solved");
        }
        if !(1..=MAX_SECONDS).contains(&rule.after_seconds) {
            say("/after_seconds", "must be 1 to 31622400");
        }
        if rule.calendar != CALENDAR_TIME && !pack.calendars.contains_key(&rule.calendar) {
            say("/calendar", "no such calendar; add it to /calendars or write \"calendar_time\"");
        }
        match (&rule.template, &rule.to) {
            (Some(template), None) if !pack.templates.contains_key(template) => {
                say("/template", "no such template; add it to /templates");
            }
            (Some(_), None) | (None, Some(_)) => {}
            _ => say("", "either a template, which reminds, or a status in to"),
        }
    }
    for team in pack.lifecycle.after_handover.keys().filter(|team| !pack.teams.contains_key(*team)) {
        let at = format!("/lifecycle/after_handover/{}", super::validate::escape(team));
        problems.push((at, format!("no team {team:?}; add it to /teams")));
    }
    problems
}
