//! What has to be told, and when to look again.

use super::CalendarSource;
use super::clock::{Breach, Run, Trouble, breach};
use super::escalation::{Recipient, Step};
use super::threshold::Threshold;
use super::timeline::{Instance, Timeline};
use chrono::{DateTime, Utc};
use std::time::Duration;

/// A notice that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueItem {
    /// When the threshold was reached.
    pub at: DateTime<Utc>,
    /// As `first_response.1`.
    pub instance: String,
    /// Which threshold: of several that were passed since somebody looked, the one worth telling.
    pub threshold: Threshold,
    /// Those passed before it that nobody was told of: this notice stands for them.
    pub folded: Vec<Threshold>,
    /// Who is concerned by it and by what it stands for.
    pub to: Vec<Recipient>,
    /// The first on the way to a breach and from there on of all that it tells of.
    first: Threshold,
}

impl DueItem {
    /// The id of the event that says it was told: the same however often it is computed, also by somebody who looks
    /// later and would tell of more. It is unique within a ticket.
    pub fn notice_id(&self) -> String {
        format!("notice:{}:{}", self.instance, self.first)
    }
}

impl Timeline {
    /// The notices that are due now and were not given, oldest first: at most one per target. Of several thresholds
    /// that were passed since, one is told and stands for all; they are never told again.
    ///
    /// Targets that cannot be computed have none; [`Timeline::evaluate`] says why.
    pub fn due_items(&self, calendars: &dyn CalendarSource, now: DateTime<Utc>) -> Vec<DueItem> {
        let due = |instance: &Instance| {
            let runs = Run::all(self, instance, calendars).ok()?;
            pending(&runs, instance, now).ok()?
        };
        let mut items: Vec<DueItem> = self.targets.iter().filter_map(due).collect();
        items.sort_by(|a, b| (a.at, &a.instance).cmp(&(b.at, &b.instance)));
        items
    }

    /// When a notice will be due next; in the past if one is due and was not given. None if nothing runs, or only
    /// what is paused.
    pub fn next_due(&self, calendars: &dyn CalendarSource) -> Option<DateTime<Utc>> {
        let next = |instance: &Instance| next(&Run::all(self, instance, calendars).ok()?, instance).ok()?;
        self.targets.iter().filter_map(next).min()
    }

    /// When the first of the targets that are not done is due, or was. None if nothing runs, or only what is paused.
    pub fn first_due(&self, calendars: &dyn CalendarSource) -> Option<DateTime<Utc>> {
        let open = self.targets.iter().filter(|instance| instance.end.is_none());
        let due = |instance: &Instance| {
            let runs = Run::all(self, instance, calendars).ok()?;
            Some(breach(&runs, instance, DateTime::<Utc>::MAX_UTC).ok()??.at)
        };
        open.filter_map(due).min()
    }
}

/// The threshold to tell of, if one was reached that was not told: a breach before anything else, since whatever it
/// follows is pointless by then.
fn pending(runs: &[Run<'_>], instance: &Instance, now: DateTime<Utc>) -> Result<Option<DueItem>, Trouble> {
    let item = |at, threshold, folded: Vec<Threshold>, to, first: Option<Threshold>| DueItem {
        at,
        instance: instance.id(),
        threshold,
        folded,
        to,
        first: first.unwrap_or(threshold),
    };
    let mut reached = warnings(runs, instance)?;
    reached.retain(|(at, _)| *at <= now);
    let passed: Vec<Threshold> = reached.iter().map(|(_, threshold)| *threshold).collect();
    let Some(breach) = breach(runs, instance, now)? else {
        let Some(((at, threshold), folded)) = reached.last().copied().zip(passed.split_last()) else {
            return Ok(None);
        };
        let first = passed.first().copied();
        return Ok(Some(item(at, threshold, folded.1.to_vec(), vec![Recipient::Assignee], first)));
    };
    let mut steps = steps(runs, instance, breach);
    steps.retain(|(at, ..)| *at <= now);
    let told: Vec<Threshold> = steps.iter().map(|(_, threshold, _)| *threshold).collect();
    let mut to: Vec<Recipient> = steps.iter().flat_map(|(.., step)| step.to.iter().cloned()).collect();
    if !instance.is_noticed(Threshold::Breach) {
        to.push(Recipient::Assignee);
        to.sort_unstable();
        to.dedup();
        let first = passed.first().copied();
        let folded = passed.into_iter().chain(told).collect();
        return Ok(Some(item(breach.at, Threshold::Breach, folded, to, first)));
    }
    let last = steps.last().map(|(at, ..)| *at).zip(told.split_last());
    let first = told.first().copied();
    Ok(last.map(|(at, (threshold, folded))| item(at, *threshold, folded.to_vec(), to, first)))
}

/// When the next threshold is reached that was not told.
fn next(runs: &[Run<'_>], instance: &Instance) -> Result<Option<DateTime<Utc>>, Trouble> {
    let breach = breach(runs, instance, DateTime::<Utc>::MAX_UTC)?;
    if instance.is_noticed(Threshold::Breach) {
        let Some(breach) = breach else { return Ok(None) };
        return Ok(steps(runs, instance, breach).into_iter().map(|(at, ..)| at).next());
    }
    let warning = warnings(runs, instance)?.into_iter().map(|(at, _)| at).next();
    Ok(warning.into_iter().chain(breach.map(|breach| breach.at)).min())
}

/// The warnings of a running target that come after the last one that was told, in their order.
fn warnings(runs: &[Run<'_>], instance: &Instance) -> Result<Vec<(DateTime<Utc>, Threshold)>, Trouble> {
    let Some(run) = runs.last().filter(|_| instance.end.is_none()) else { return Ok(Vec::new()) };
    if instance.is_noticed(Threshold::Breach) {
        return Ok(Vec::new());
    }
    let mut thresholds: Vec<Threshold> = run.target.warn.iter().copied().map(Threshold::Warn).collect();
    thresholds.sort_by_key(|threshold| run.target.used_at(*threshold));
    let told = thresholds.iter().rposition(|threshold| instance.is_noticed(*threshold));
    let mut coming = Vec::new();
    for threshold in thresholds.into_iter().skip(told.map_or(0, |last| last + 1)) {
        if let Some(at) = run.reaches(threshold)? {
            coming.push((at.max(run.term.0), threshold));
        }
    }
    Ok(coming)
}

/// The steps of the escalation after the last one that was told, in their order: none once the target is done or
/// excused.
fn steps<'a>(
    runs: &[Run<'a>],
    instance: &Instance,
    breach: Breach,
) -> Vec<(DateTime<Utc>, Threshold, &'a Step)> {
    let chain = runs.last().and_then(|run| run.escalation);
    let Some((chain, clock)) = chain.filter(|_| instance.end.is_none() && instance.excused.is_none()) else {
        return Vec::new();
    };
    let steps: Vec<_> =
        chain.steps.iter().zip(1..).map(|(step, number)| (Threshold::Step(number), step)).collect();
    let told = steps.iter().rposition(|(threshold, _)| instance.is_noticed(*threshold));
    let coming = steps.into_iter().skip(told.map_or(0, |last| last + 1)).filter_map(|(threshold, step)| {
        // A step past the horizon of its calendar is never reached.
        let at = clock.after(breach.at, Duration::from_secs(step.after_seconds)).ok()?;
        Some((at, threshold, step))
    });
    coming.collect()
}
