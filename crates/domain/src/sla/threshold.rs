//! What notices are about.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

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

/// What a notice is about. As text `w50`, `w3600s`, `breach` or `e1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// A warning.
    Warn(Warning),
    /// The target is missed.
    Breach,
    /// A step of the escalation, from 1.
    Step(u8),
}

impl Threshold {
    /// The reverse of its text.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "breach" {
            return Some(Self::Breach);
        }
        if let Some(step) = text.strip_prefix('e') {
            return Some(Self::Step(step.parse().ok().filter(|step| *step > 0)?));
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
            Self::Step(step) => write!(f, "e{step}"),
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
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not w50, w3600s, breach or e1")))
    }
}
