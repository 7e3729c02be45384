//! How the instances of a ticket's targets ended, counted: what figures and lists keep.

use super::CalendarSource;
use super::clock::{Run, breach};
use super::threshold::Threshold;
use super::timeline::{Instance, Timeline};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Instances of one target of one ticket, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Done in time.
    #[serde(rename = "m", default, skip_serializing_if = "is_zero")]
    pub met: u32,
    /// Missed, whether done later or not.
    #[serde(rename = "b", default, skip_serializing_if = "is_zero")]
    pub breached: u32,
    /// Of those missed, how many a lead excused.
    #[serde(rename = "x", default, skip_serializing_if = "is_zero")]
    pub excused: u32,
    /// No longer of any matter.
    #[serde(rename = "c", default, skip_serializing_if = "is_zero")]
    pub cancelled: u32,
    /// Neither done nor missed.
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    pub running: u32,
}

impl Timeline {
    /// What became of the targets, by name: a function of what happened, not of when one asks. What is overdue counts
    /// as missed once that was recorded, which the tick does. What cannot be computed does not count.
    pub fn outcomes(&self, calendars: &dyn CalendarSource) -> BTreeMap<String, Outcomes> {
        let mut outcomes: BTreeMap<String, Outcomes> = BTreeMap::new();
        for instance in &self.targets {
            let Ok(runs) = Run::all(self, instance, calendars) else { continue };
            let Ok(breach) = breach(&runs, instance, DateTime::<Utc>::MAX_UTC) else { continue };
            let of_target = outcomes.entry(instance.name.clone()).or_default();
            let count = |count: &mut u32| *count = count.saturating_add(1);
            match (&instance.end, breach.filter(|_| is_over(instance))) {
                (_, Some(_)) => {
                    count(&mut of_target.breached);
                    if instance.excused.is_some() {
                        count(&mut of_target.excused);
                    }
                }
                (Some(end), None) if end.met => count(&mut of_target.met),
                (Some(_), None) => count(&mut of_target.cancelled),
                (None, None) => count(&mut of_target.running),
            }
        }
        outcomes
    }
}

/// Nothing can undo a breach but an event that is not known yet.
fn is_over(instance: &Instance) -> bool {
    instance.end.is_some() || instance.is_noticed(Threshold::Breach)
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(count: &u32) -> bool {
    *count == 0
}
