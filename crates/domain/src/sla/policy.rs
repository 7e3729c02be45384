//! Policies as packs write them, and as events carry them.

use crate::category::Category;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The name that stands for time on the wall instead of a calendar.
pub const CALENDAR_TIME: &str = "calendar_time";

/// Facts of a ticket that conditions may ask for; `fields.<name>` asks for a custom field.
pub const FACTS: [&str; 7] = ["account", "category", "channel", "locale", "priority", "queue", "tags"];

/// Target names with a life of their own; any other has to name its events.
pub(super) const KNOWN: [&str; 5] =
    ["first_response", "next_response", "periodic_update", "first_resolution", "full_resolution"];

/// Longest target: ten years.
const MAX_SECONDS: u64 = 10 * 366 * 86_400;

/// A policy: `{"name": "urgent", "when": {"priority": ["urgent"]}, "targets": {"first_response": {…}},
/// "paused_in": ["waiting_for_customer"]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What people call it.
    pub name: String,
    /// All of these must hold; empty: always.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub when: BTreeMap<String, Condition>,
    /// Targets by name.
    pub targets: BTreeMap<String, Target>,
    /// Categories in which targets pause, the two responses excepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paused_in: Vec<Category>,
}

/// What a fact must be: a list of allowed values, or `{"not": […]}`. Of a fact with several values (tags) one is
/// enough, and for `not` none may be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Condition {
    /// One of these.
    Any(Vec<String>),
    /// None of these.
    Not {
        /// The values.
        not: Vec<String>,
    },
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

/// A point on the way to a breach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Warning {
    /// So many percent of the time are used, 1 to 99.
    Percent(u8),
    /// So much of the target's own time is left.
    Before {
        /// Seconds.
        seconds_before: u64,
    },
}

/// What a notice is about. As text `w50`, `w3600s` or `breach`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// A warning.
    Warn(Warning),
    /// The target is missed.
    Breach,
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
}

/// The facts of a ticket that conditions ask for.
pub trait Facts {
    /// The values of a fact: none if it is not known, several for tags.
    fn values(&self, fact: &str) -> Vec<&str>;
}

impl<K: Borrow<str> + Ord> Facts for BTreeMap<K, String> {
    fn values(&self, fact: &str) -> Vec<&str> {
        self.get(fact).map(String::as_str).into_iter().collect()
    }
}

impl<K: Borrow<str> + Ord> Facts for BTreeMap<K, Vec<String>> {
    fn values(&self, fact: &str) -> Vec<&str> {
        self.get(fact).into_iter().flatten().map(String::as_str).collect()
    }
}

impl Policy {
    /// Do all conditions hold?
    pub fn applies_to(&self, facts: &impl Facts) -> bool {
        self.when.iter().all(|(fact, condition)| {
            let values = facts.values(fact);
            let is_one_of = |list: &[String]| values.iter().any(|value| list.iter().any(|one| one == value));
            match condition {
                Condition::Any(allowed) => is_one_of(allowed),
                Condition::Not { not } => !is_one_of(not),
            }
        })
    }

    /// The policy as it travels in events.
    pub fn resolved(&self, pack_version: u32) -> ResolvedPolicy {
        ResolvedPolicy {
            policy: self.name.clone(),
            pack: pack_version,
            targets: self.targets.clone(),
            paused_in: self.paused_in.clone(),
        }
    }

    /// Everything that is wrong with it: JSON pointer into the policy, and what to do.
    pub fn check(&self, has_calendar: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut say = |pointer: String, message: String| problems.push((pointer, message));
        if self.name.trim().is_empty() {
            say("/name".into(), "a policy needs a name; it is shown with every target".into());
        }
        for (fact, condition) in &self.when {
            let at = format!("/when/{}", escape(fact));
            if !FACTS.contains(&fact.as_str()) && fact.strip_prefix("fields.").is_none_or(str::is_empty) {
                let known = FACTS.join(", ");
                say(at.clone(), format!("there is no such fact; known are {known} and fields.<name>"));
            }
            if let Condition::Any(list) | Condition::Not { not: list } = condition
                && list.is_empty()
            {
                say(at, "an empty list decides nothing; name a value or leave the condition out".into());
            }
        }
        if self.targets.is_empty() {
            say(
                "/targets".into(),
                "a policy without targets promises nothing; add one or leave the policy out".into(),
            );
        }
        for (name, target) in &self.targets {
            let at = format!("/targets/{}", escape(name));
            if !is_slug(name) {
                say(at.clone(), "a target's name has a-z, 0-9 and _, at most 32".into());
            }
            target.check(name, has_calendar(&target.calendar), &mut |place, message| {
                say(format!("{at}{place}"), message)
            });
        }
        problems
    }
}

impl Target {
    fn check(&self, name: &str, has_calendar: bool, say: &mut dyn FnMut(String, String)) {
        if self.seconds == 0 || self.seconds > MAX_SECONDS {
            say("/seconds".into(), format!("must be 1 to {MAX_SECONDS}"));
        }
        if self.calendar != CALENDAR_TIME && !has_calendar {
            let what =
                format!("no calendar {:?}; add it to /calendars or write {CALENDAR_TIME:?}", self.calendar);
            say("/calendar".into(), what);
        }
        for (n, warning) in self.warn.iter().enumerate() {
            let at = format!("/warn/{n}");
            match warning {
                Warning::Percent(percent) if !(1..=99).contains(percent) => {
                    say(at.clone(), "a warning is at 1 to 99 percent; a breach is told of anyway".into());
                }
                Warning::Before { seconds_before }
                    if *seconds_before == 0 || *seconds_before >= self.seconds =>
                {
                    say(
                        at.clone(),
                        format!("must be 1 to {} seconds before", self.seconds.saturating_sub(1)),
                    );
                }
                _ => {}
            }
            if self.warn.iter().take(n).any(|earlier| earlier == warning) {
                say(at, "this warning is there twice; leave one out".into());
            }
        }
        match (KNOWN.contains(&name), &self.start, &self.stop) {
            (true, None, None) | (false, Some(_), Some(_)) => {}
            (true, ..) => {
                say(String::new(), format!("{name} starts and stops by itself; leave out start and stop"))
            }
            (false, ..) => {
                let known = KNOWN.join(", ");
                say(String::new(), format!("name the events that start and stop it, or use one of {known}"));
            }
        }
    }

    /// How much of the target's own time is used when a threshold is reached.
    pub(super) fn used_at(&self, threshold: Threshold) -> Duration {
        let whole = Duration::from_secs(self.seconds);
        match threshold {
            Threshold::Breach => whole,
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

impl Threshold {
    /// The reverse of its text.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "breach" {
            return Some(Self::Breach);
        }
        let number = text.strip_prefix('w')?;
        Some(Self::Warn(match number.strip_suffix('s') {
            Some(seconds) => Warning::Before { seconds_before: seconds.parse().ok()? },
            None => Warning::Percent(number.parse().ok()?),
        }))
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breach => f.write_str("breach"),
            Self::Warn(Warning::Percent(percent)) => write!(f, "w{percent}"),
            Self::Warn(Warning::Before { seconds_before }) => write!(f, "w{seconds_before}s"),
        }
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not w50, w3600s or breach")))
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn is_slug(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
