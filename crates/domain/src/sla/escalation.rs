//! Who is told when a target was missed and still is not done: one step after another.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// Most steps of a chain.
const MAX_STEPS: usize = 10;

/// Longest delay: a year.
const MAX_AFTER_SECONDS: u64 = 366 * 86_400;

/// A chain: `{"hours": "on_call", "steps": [{"after_seconds": 0, "to": ["assignee"]}, {"after_seconds": 1800, "to":
/// ["lead"]}, {"after_seconds": 7200, "to": ["manager"]}]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Name of the calendar outside which it is quiet: delays count its open time and nobody is told while it is
    /// closed. None: at any hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// The targets that it follows; empty: all of the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// The steps, soonest first.
    pub steps: Vec<Step>,
}

/// A step of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How long after the target was missed.
    pub after_seconds: u64,
    /// Who is told.
    pub to: Vec<Recipient>,
}

/// Who is told. As text `assignee`, `lead`, `manager`, `team:<id>` or `person:<id>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Who has the ticket; if nobody has, the agents of its team.
    Assignee,
    /// The leads of its team, else those of the desk.
    Lead,
    /// The managers of its team, else those of the desk.
    Manager,
    /// Everybody in a team.
    Team(String),
    /// One person.
    Person(String),
}

impl Escalation {
    /// Does it follow this target?
    pub(super) fn follows(&self, target: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().any(|name| name == target)
    }

    /// Everything that is wrong with it: JSON pointer into the chain, and what to do.
    pub(super) fn check(
        &self,
        has_calendar: impl Fn(&str) -> bool,
        has_target: impl Fn(&str) -> bool,
    ) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        if let Some(hours) = self.hours.as_ref().filter(|hours| !has_calendar(hours)) {
            problems.push(("/hours".to_owned(), format!("no calendar {hours:?}; add it to /calendars")));
        }
        for (n, target) in self.targets.iter().enumerate().filter(|(_, target)| !has_target(target)) {
            problems.push((format!("/targets/{n}"), format!("the policy has no target {target:?}")));
        }
        if self.steps.is_empty() || self.steps.len() > MAX_STEPS {
            problems.push(("/steps".to_owned(), format!("a chain has 1 to {MAX_STEPS} steps")));
        }
        let mut before = None;
        for (n, step) in self.steps.iter().enumerate() {
            let at = format!("/steps/{n}");
            if step.after_seconds > MAX_AFTER_SECONDS {
                problems.push((format!("{at}/after_seconds"), format!("must be 0 to {MAX_AFTER_SECONDS}")));
            } else if before.is_some_and(|before| before >= step.after_seconds) {
                let what = "must be more than in the step before it".to_owned();
                problems.push((format!("{at}/after_seconds"), what));
            }
            if step.to.is_empty() {
                problems.push((format!("{at}/to"), "name somebody, such as \"lead\"".to_owned()));
            }
            before = Some(step.after_seconds);
        }
        problems
    }
}

impl Recipient {
    /// The reverse of its text.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None => match text {
                "assignee" => Some(Self::Assignee),
                "lead" => Some(Self::Lead),
                "manager" => Some(Self::Manager),
                _ => None,
            },
            Some((_, "")) => None,
            Some(("team", id)) => Some(Self::Team(id.to_owned())),
            Some(("person", id)) => Some(Self::Person(id.to_owned())),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Assignee => f.write_str("assignee"),
            Self::Lead => f.write_str("lead"),
            Self::Manager => f.write_str("manager"),
            Self::Team(id) => write!(f, "team:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
        }
    }
}

impl Serialize for Recipient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is nobody; write assignee, lead, manager, team:<id> or person:<id>"
            ))
        })
    }
}
