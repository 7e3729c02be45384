//! How a target's time runs: by its calendar, and not while it is paused.

use super::CalendarSource;
use super::escalation::Escalation;
use super::policy::{CALENDAR_TIME, Target};
use super::threshold::Threshold;
use super::timeline::{Instance, Term, Timeline};
use crate::category::Category;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use relevo_calendar::{Calendar, HorizonError};
use std::time::Duration;

/// What time counts.
#[derive(Clone, Copy)]
pub(super) enum Clock<'a> {
    Wall,
    Calendar(&'a Calendar),
}

/// Why a target cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    #[error("version {version} of the pack has no calendar {name:?}")]
    NoCalendar { version: u32, name: String },
    #[error("version {version} of the policy {policy:?} has no target {target:?}")]
    NoTarget { version: u32, policy: String, target: String },
    #[error(transparent)]
    Horizon(#[from] HorizonError),
    #[error("the policy of this target is not part of the ticket")]
    NoPolicy,
}

/// A stretch in which a target ran.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Leg {
    pub from: DateTime<Utc>,
    /// When the pause began that ended it, and the category of that pause; none for the last.
    pub pause: Option<(DateTime<Utc>, Category)>,
    /// What was due when, as it looked during this leg; none past the calendar's horizon.
    pub due: Option<DateTime<Utc>>,
}

/// A time in which a target runs: its begin, and the pause that ends it if one does.
type Stretch = (DateTime<Utc>, Option<(DateTime<Utc>, Category)>);

/// A target instance under one of its policies, ready to be computed.
#[derive(Clone)]
pub(super) struct Run<'a> {
    pub target: &'a Target,
    pub policy: &'a str,
    /// Version of the pack that it is from.
    pub pack: u32,
    /// What brought it, if another policy counted before.
    pub because: Option<&'a str>,
    pub clock: Clock<'a>,
    /// Who is told after a breach, and the clock that the delays run on.
    pub escalation: Option<(&'a Escalation, Clock<'a>)>,
    /// When this policy counts, from and until.
    pub term: (DateTime<Utc>, Option<DateTime<Utc>>),
    /// Stretches outside pauses, from the start of the instance: the last is open unless the target is paused.
    active: Vec<Stretch>,
}

impl<'a> Clock<'a> {
    /// The instant at which so much has passed.
    pub fn after(self, from: DateTime<Utc>, amount: Duration) -> Result<DateTime<Utc>, HorizonError> {
        match self {
            Self::Calendar(calendar) => calendar.due_after(from, amount),
            Self::Wall => {
                let there = TimeDelta::from_std(amount).ok().and_then(|delta| from.checked_add_signed(delta));
                there.ok_or(HorizonError { start: from, seconds: amount.as_secs() })
            }
        }
    }

    /// How much passed between two instants.
    pub fn elapsed(self, from: DateTime<Utc>, until: DateTime<Utc>) -> Duration {
        match self {
            Self::Calendar(calendar) => calendar.elapsed_exact(from, until),
            Self::Wall => (until - from).to_std().unwrap_or_default(),
        }
    }

    /// What the wall shows, for people.
    pub fn local(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Calendar(calendar) => calendar.zone().local(at),
            Self::Wall => at.naive_utc(),
        }
    }
}

impl<'a> Run<'a> {
    /// The instance under its policies, oldest first.
    pub fn all(
        timeline: &'a Timeline,
        instance: &'a Instance,
        calendars: &'a dyn CalendarSource,
    ) -> Result<Vec<Self>, Trouble> {
        let ends = instance.terms.iter().skip(1).map(|term| Some(term.from)).chain([None]);
        instance
            .terms
            .iter()
            .zip(ends)
            .map(|(term, until)| Self::of(timeline, instance, term, until, calendars))
            .collect()
    }

    fn of(
        timeline: &'a Timeline,
        instance: &'a Instance,
        term: &'a Term,
        until: Option<DateTime<Utc>>,
        calendars: &'a dyn CalendarSource,
    ) -> Result<Self, Trouble> {
        let policy = timeline.policies.get(term.policy).ok_or(Trouble::NoPolicy)?;
        let target = policy.targets.get(&instance.name).ok_or_else(|| Trouble::NoTarget {
            version: policy.pack,
            policy: policy.policy.clone(),
            target: instance.name.clone(),
        })?;
        let found = |name: &str| {
            let found = calendars.calendar(policy.pack, name).map(Clock::Calendar);
            found.ok_or_else(|| Trouble::NoCalendar { version: policy.pack, name: name.to_owned() })
        };
        let clock = if target.calendar == CALENDAR_TIME { Clock::Wall } else { found(&target.calendar)? };
        let chain = policy.escalation.as_ref().filter(|chain| chain.follows(&instance.name));
        let escalation = match chain {
            Some(chain) => Some((chain, chain.hours.as_deref().map_or(Ok(Clock::Wall), found)?)),
            None => None,
        };
        let active = active(timeline, instance, policy.paused_in(&instance.name));
        Ok(Self {
            target,
            policy: &policy.policy,
            pack: policy.pack,
            because: term.because.as_deref(),
            clock,
            escalation,
            term: (term.from, until),
            active,
        })
    }

    /// Does the target stand still at the end of what is known?
    pub fn is_paused(&self) -> bool {
        self.active.last().is_none_or(|(_, pause)| pause.is_some())
    }

    /// When a threshold is reached, by this policy alone: none if the target is paused before.
    pub fn reaches(&self, threshold: Threshold) -> Result<Option<DateTime<Utc>>, Trouble> {
        let mut left = self.target.used_at(threshold);
        for (from, pause) in &self.active {
            let Some((paused_at, _)) = pause else { return Ok(Some(self.clock.after(*from, left)?)) };
            let used = self.clock.elapsed(*from, *paused_at);
            if used >= left {
                let due = self.clock.after(*from, left)?;
                // A pause at the very instant comes first.
                if due < *paused_at {
                    return Ok(Some(due));
                }
            }
            left = left.saturating_sub(used);
        }
        Ok(None)
    }

    /// The stretches in which it ran, each with what was due then, until it was due or the last.
    pub fn legs(&self) -> Vec<Leg> {
        let mut left = self.target.used_at(Threshold::Breach);
        let mut legs = Vec::new();
        for (from, pause) in &self.active {
            let due = self.clock.after(*from, left).ok();
            legs.push(Leg { from: *from, pause: *pause, due });
            let Some((paused_at, _)) = pause else { break };
            if due.is_some_and(|due| due < *paused_at) {
                break;
            }
            left = left.saturating_sub(self.clock.elapsed(*from, *paused_at));
        }
        legs
    }

    /// How much of the target's own time was used up to an instant.
    pub fn used(&self, until: DateTime<Utc>) -> Duration {
        let until_of =
            |pause: &Option<(DateTime<Utc>, Category)>| pause.map_or(until, |(at, _)| at.min(until));
        self.active.iter().map(|(from, pause)| self.clock.elapsed(*from, until_of(pause))).sum()
    }
}

/// A target that was missed.
#[derive(Clone, Copy)]
pub(super) struct Breach {
    pub at: DateTime<Utc>,
    /// When it was due: before `at` if it was overdue already when its policy began to count.
    pub due: DateTime<Utc>,
}

/// When the target was missed, if it was by `now`, under the first of its policies by which it was.
pub(super) fn breach(
    runs: &[Run<'_>],
    instance: &Instance,
    now: DateTime<Utc>,
) -> Result<Option<Breach>, Trouble> {
    for run in runs {
        let Some(due) = run.reaches(Threshold::Breach)? else { continue };
        let at = due.max(run.term.0);
        let in_term = run.term.1.is_none_or(|until| at < until);
        let in_time = instance.end.as_ref().is_some_and(|end| end.at <= at);
        if in_term && !in_time && at <= now {
            return Ok(Some(Breach { at, due }));
        }
    }
    Ok(None)
}

/// The stretches from the start of an instance in which the ticket was in none of these categories. What came after
/// its end does not count; a target that ended while it was paused could have gone on from there.
fn active(timeline: &Timeline, instance: &Instance, paused_in: &[Category]) -> Vec<Stretch> {
    let start = instance.started_at;
    let end = instance.end.as_ref().map(|end| end.at);
    let before = timeline.categories.iter().take_while(|(at, _)| *at <= start).last();
    let mut active = Vec::new();
    let eve = before.map_or(Category::New, |(_, category)| *category);
    let mut from = (!paused_in.contains(&eve)).then_some(start);
    if from.is_none() {
        active.push((start, Some((start, eve))));
    }
    let during = timeline.categories.iter().filter(|(at, _)| *at > start && end.is_none_or(|end| *at < end));
    for (at, category) in during {
        match (from, paused_in.contains(category)) {
            (Some(since), true) => {
                active.push((since, Some((*at, *category))));
                from = None;
            }
            (None, false) => from = Some(*at),
            _ => {}
        }
    }
    let last = from.or(end);
    active.extend(last.map(|from| (from, None)));
    active
}
