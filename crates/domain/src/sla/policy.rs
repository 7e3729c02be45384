//! Policies as packs write them, and as events carry them.

use super::escalation::Escalation;
use super::threshold::{Threshold, Warning};
use crate::category::Category;
use crate::condition::{Conditions, Facts, all_hold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The name that stands for time on the wall instead of a calendar.
pub const CALENDAR_TIME: &str = "calendar_time";

/// Facts of a ticket that conditions may ask for; `fields.<name>` asks for a custom field, `segment` for the one of
/// that name, and `period` for the critical period in which the ticket was opened.
pub const FACTS: [&str; 9] =
    ["account", "channel", "locale", "period", "priority", "queue", "segment", "tags", "team"];

/// Target names with a life of their own; any other has to name its events.
pub(crate) const KNOWN: [&str; 5] =
    ["first_response", "next_response", "periodic_update", "first_resolution", "full_resolution"];

/// A policy: `{"name": "urgent", "when": {"priority": ["urgent"]}, "targets": {"first_response": {…}},
/// "paused_in": ["waiting_for_customer"]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What people call it.
    pub name: String,
    /// All of these must hold; empty: always.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: Conditions,
    /// Targets by name.
    pub targets: BTreeMap<String, Target>,
    /// Categories in which targets pause, the two responses excepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused_in: Vec<Category>,
    /// Who is told when a target was missed and is not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

/// A target: `{"seconds": 28800, "calendar": "madrid", "warn": [50, 80, {"seconds_before": 3600}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// How long it may take.
    pub seconds: u64,
    /// Name of the calendar whose open time counts, or `calendar_time`.
    pub calendar: String,
    /// When to say that it is getting late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warn: Vec<Warning>,
    /// Categories in which this target pauses, instead of the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_in: Option<Vec<Category>>,
    /// The event that starts it, if its name has no life of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// The event that ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
}

/// A policy as it applied to a ticket: it travels in the event that applied it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedPolicy {
    /// Name of the policy.
    pub policy: String,
    /// Version of the pack that it and its calendars are from.
    pub pack: u32,
    /// Targets by name.
    pub targets: BTreeMap<String, Target>,
    /// See [`Policy::paused_in`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused_in: Vec<Category>,
    /// See [`Policy::escalation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

impl Policy {
    /// Do all conditions hold?
    pub fn applies_to(&self, facts: &impl Facts) -> bool {
        all_hold(&self.when, facts)
    }

    /// The policy as it travels in events.
    pub fn resolved(&self, pack_version: u32) -> ResolvedPolicy {
        ResolvedPolicy {
            policy: self.name.clone(),
            pack: pack_version,
            targets: self.targets.clone(),
            paused_in: self.paused_in.clone(),
            escalation: self.escalation.clone(),
        }
    }
}

impl Target {
    /// How much of the target's own time is used when a threshold is reached.
    pub(super) fn used_at(&self, threshold: Threshold) -> Duration {
        let whole = Duration::from_secs(self.seconds);
        match threshold {
            Threshold::Breach | Threshold::Step(_) => whole,
            Threshold::Warn(Warning::Percent(percent)) => {
                let millis = u128::from(self.seconds) * u128::from(percent) * 10;
                Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)).min(whole)
            }
            Threshold::Warn(Warning::Before { seconds_before }) => {
                Duration::from_secs(self.seconds.saturating_sub(seconds_before))
            }
        }
    }
}

impl ResolvedPolicy {
    /// Does it promise the same as another, whatever the versions of the pack that they are from?
    pub fn promises_as(&self, other: &Self) -> bool {
        let Self { policy, pack: _, targets, paused_in, escalation } = self;
        (policy, targets, paused_in, escalation)
            == (&other.policy, &other.targets, &other.paused_in, &other.escalation)
    }

    /// The calendars that it names.
    pub fn calendars(&self) -> impl Iterator<Item = &str> {
        let hours = self.escalation.as_ref().and_then(|escalation| escalation.hours.as_deref());
        let targets = self.targets.values().map(|target| target.calendar.as_str());
        targets.filter(|name| *name != CALENDAR_TIME).chain(hours)
    }

    /// The categories in which a target pauses.
    pub(super) fn paused_in(&self, target: &str) -> &[Category] {
        let own = self.targets.get(target).and_then(|t| t.paused_in.as_deref());
        own.unwrap_or(if matches!(target, "first_response" | "next_response") {
            &[]
        } else {
            &self.paused_in
        })
    }
}
