//! What has to be told, and when to look again.

use super::CalendarSource;
use super::clock::{Run, Trouble, breach};
use super::policy::Threshold;
use super::timeline::{Instance, Timeline};
use chrono::{DateTime, Utc};

/// A notice that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueItem {
    /// When the threshold was reached.
    pub at: DateTime<Utc>,
    /// As `first_response.1`.
    pub instance: String,
    /// Which threshold.
    pub threshold: Threshold,
}

impl DueItem {
    /// The id of the event that says it was told: the same however often it is computed. It is unique within a
    /// ticket.
    pub fn notice_id(&self) -> String {
        format!("notice:{}:{}", self.instance, self.threshold)
    }
}

impl Timeline {
    /// The notices that are due now and were not given, oldest first: at most one per target. Of several thresholds
    /// that were passed since, only the last is worth telling; those before it are never told again.
    ///
    /// Targets that cannot be computed have none; [`Timeline::evaluate`] says why.
    pub fn due_items(&self, calendars: &dyn CalendarSource, now: DateTime<Utc>) -> Vec<DueItem> {
        let due = |instance: &Instance| {
            let runs = Run::all(self, instance, calendars).ok()?;
            let (at, threshold) = pending(&runs, instance, now).ok()??;
            Some(DueItem { at, instance: instance.id(), threshold })
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
}

/// The threshold to tell of, if one was reached that was not told.
fn pending(
    runs: &[Run<'_>],
    instance: &Instance,
    now: DateTime<Utc>,
) -> Result<Option<(DateTime<Utc>, Threshold)>, Trouble> {
    if let Some(breach) = breach(runs, instance, now)? {
        return Ok((!instance.is_noticed(Threshold::Breach)).then_some((breach.at, Threshold::Breach)));
    }
    let reached = warnings(runs, instance)?.into_iter().rfind(|(at, _)| *at <= now);
    Ok(reached)
}

/// When the next threshold is reached that was not told.
fn next(runs: &[Run<'_>], instance: &Instance) -> Result<Option<DateTime<Utc>>, Trouble> {
    if instance.is_noticed(Threshold::Breach) {
        return Ok(None);
    }
    let breach = breach(runs, instance, DateTime::<Utc>::MAX_UTC)?.map(|breach| breach.at);
    let warning = warnings(runs, instance)?.into_iter().map(|(at, _)| at).next();
    Ok(warning.into_iter().chain(breach).min())
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
