//! What became of each target, as the API shows it.

use super::CalendarSource;
use super::clock::{Breach, Clock, Run, Trouble, breach};
use super::policy::CALENDAR_TIME;
use super::threshold::Threshold;
use super::timeline::{Cause, Instance, Notice, Timeline};
use super::words;
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::time::Duration;

/// A target instance as `GET …/sla` shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetView {
    /// As `first_response`.
    pub name: String,
    /// As `first_response.1`.
    pub instance: String,
    /// What became of it.
    pub state: TargetState,
    /// When it is or was due; none while it is paused. Of a target that ended while it was paused: as if it had gone
    /// on then.
    pub due: Option<DateTime<Utc>>,
    /// When it was done, in time or late.
    pub met_at: Option<DateTime<Utc>>,
    /// When it was missed.
    pub breached_at: Option<DateTime<Utc>>,
    /// The policy that applies.
    pub policy: Option<String>,
    /// The calendar that counts, or `calendar_time`.
    pub calendar: Option<String>,
    /// How long it may take.
    pub seconds: Option<u64>,
    /// How much of that was used until it ended, or until now.
    pub used_seconds: Option<u64>,
    /// A breach that a lead excused; figures are reported both ways.
    pub excused: bool,
    /// Why it cannot be computed, if so.
    pub problem: Option<String>,
    /// What happened to it, oldest first.
    pub log: Vec<LogEntry>,
}

/// States of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// Not done and not missed; also out of hours.
    Running,
    /// Stands still.
    Paused,
    /// Done in time.
    Met,
    /// Missed; `met_at` says when it was done after all.
    Breached,
    /// It no longer matters.
    Cancelled,
}

/// Something that happened to a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// `activated`, `changed`, `paused`, `resumed`, `warned`, `fulfilled`, `breached`, `escalated`, `corrected`,
    /// `excused`, `cancelled` or `reinstated`.
    pub event: &'static str,
    /// For people, in the time zone of the target's calendar.
    pub why: String,
}

impl Timeline {
    /// All targets of the ticket in the order in which they began, as they stand at `now`.
    pub fn evaluate(&self, calendars: &dyn CalendarSource, now: DateTime<Utc>) -> Vec<TargetView> {
        self.views(calendars, now, true)
    }

    /// The same without their logs.
    pub fn results(&self, calendars: &dyn CalendarSource, now: DateTime<Utc>) -> Vec<TargetView> {
        self.views(calendars, now, false)
    }

    fn views(&self, calendars: &dyn CalendarSource, now: DateTime<Utc>, with_log: bool) -> Vec<TargetView> {
        let view = |instance| {
            view(self, instance, calendars, now, with_log).unwrap_or_else(|error| unknown(instance, &error))
        };
        self.targets.iter().map(view).collect()
    }
}

fn view(
    timeline: &Timeline,
    instance: &Instance,
    calendars: &dyn CalendarSource,
    now: DateTime<Utc>,
    with_log: bool,
) -> Result<TargetView, Trouble> {
    let runs = Run::all(timeline, instance, calendars)?;
    let run = runs.last().ok_or(Trouble::NoPolicy)?;
    let breach = breach(&runs, instance, now)?;
    let breached_at = breach.map(|breach| breach.at);
    let met_at = instance.end.as_ref().filter(|end| end.met).map(|end| end.at);
    let state = match &instance.end {
        _ if breached_at.is_some() => TargetState::Breached,
        Some(end) if end.met => TargetState::Met,
        Some(_) => TargetState::Cancelled,
        None if run.is_paused() => TargetState::Paused,
        None => TargetState::Running,
    };
    let until = instance.end.as_ref().map_or(now, |end| end.at);
    Ok(TargetView {
        name: instance.name.clone(),
        instance: instance.id(),
        state,
        due: run.reaches(Threshold::Breach)?,
        met_at,
        breached_at,
        policy: Some(run.policy.to_owned()),
        calendar: Some(run.target.calendar.clone()),
        seconds: Some(run.target.seconds),
        used_seconds: Some(run.used(until).as_secs()),
        excused: instance.excused.is_some() && breached_at.is_some(),
        problem: None,
        log: if with_log { log(&runs, instance, breach, now) } else { Vec::new() },
    })
}

/// What can be said of a target that cannot be computed: its facts.
fn unknown(instance: &Instance, error: &Trouble) -> TargetView {
    let end = instance.end.as_ref();
    TargetView {
        name: instance.name.clone(),
        instance: instance.id(),
        state: match end {
            Some(end) if end.met => TargetState::Met,
            Some(_) => TargetState::Cancelled,
            None => TargetState::Running,
        },
        due: None,
        met_at: end.filter(|end| end.met).map(|end| end.at),
        breached_at: None,
        policy: None,
        calendar: None,
        seconds: None,
        used_seconds: None,
        excused: instance.excused.is_some(),
        problem: Some(error.to_string()),
        log: Vec::new(),
    }
}

fn log(runs: &[Run<'_>], instance: &Instance, breach: Option<Breach>, now: DateTime<Utc>) -> Vec<LogEntry> {
    let mut log = Vec::new();
    let mut say = |at, event, why| log.push(LogEntry { at, event, why });
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return log };
    let clock = last.clock;

    let begun = words::cause(&instance.started_by);
    say(instance.started_at, "activated", format!("{begun}; {}", promise(first)));
    for (before, after) in runs.iter().zip(runs.iter().skip(1)) {
        say(after.term.0, "changed", change(before, after));
    }
    for run in runs {
        pauses(run, breach.map_or(now, |breach| breach.at), &mut say);
    }
    for notice in &instance.notices {
        match (notice.threshold, breach) {
            (Threshold::Breach, None) => {
                let told = words::instant(clock, notice.at);
                let why = format!("a breach was told of at {told}; what is known now undoes it");
                say(notice.at, "corrected", why);
            }
            // Part of what is said of the breach itself.
            (Threshold::Breach, Some(_)) => {}
            (Threshold::Warn(_), _) => {
                let whole = words::duration(Duration::from_secs(last.target.seconds));
                let used = words::duration(last.used(notice.at));
                let why = format!("{used} of {whole} used ({}){}", notice.threshold, also_told(notice));
                say(notice.at, "warned", why);
            }
            (Threshold::Step(step), breach) => {
                let overdue = breach.and_then(|breach| (notice.at - breach.due).to_std().ok());
                let overdue = words::duration(overdue.unwrap_or_default());
                let why = format!("step {step}, {overdue} after it was due{}", also_told(notice));
                say(notice.at, "escalated", why);
            }
        }
    }
    if let Some(Breach { at, due }) = breach {
        let notice = instance.notices.iter().find(|notice| notice.threshold == Threshold::Breach);
        let told = notice.map_or_else(String::new, |notice| {
            format!("; told at {}{}", words::instant(clock, notice.at), told(notice))
        });
        say(at, "breached", format!("due {} and not done{told}", words::instant(clock, due)));
    }
    for (from, until) in &instance.merged {
        let span = words::span(clock, *from, *until);
        say(*from, "cancelled", words::cause(&Cause::Merged));
        say(*until, "reinstated", format!("merged {span}, and no longer: counts as if it had not been"));
    }
    if let Some(excuse) = &instance.excused {
        say(excuse.at, "excused", format!("by {}: {}", excuse.by, excuse.why.0));
    }
    if let Some(end) = &instance.end {
        let used = words::duration(last.used(end.at));
        let late = breach.map_or_else(String::new, |breach| {
            format!(
                ", {} after it was due",
                words::duration((end.at - breach.due).to_std().unwrap_or_default())
            )
        });
        let why = format!("{}; {used} used{late}", words::cause(&end.by));
        say(end.at, if end.met { "fulfilled" } else { "cancelled" }, why);
    }
    log.sort_by_key(|entry| entry.at);
    log
}

/// ` to ana, lea, also for w50`: who was told, and of which thresholds else.
fn told(notice: &Notice) -> String {
    let mut told = String::new();
    if !notice.to.is_empty() {
        told += &format!(" to {}", notice.to.join(", "));
    }
    if !notice.folded.is_empty() {
        let folded: Vec<_> = notice.folded.iter().map(Threshold::to_string).collect();
        told += &format!(", also for {}", folded.join(", "));
    }
    told
}

/// The same, where nothing is said of when.
fn also_told(notice: &Notice) -> String {
    let told = told(notice);
    if told.is_empty() { told } else { format!("; told{told}") }
}

/// What another policy changed.
fn change(before: &Run<'_>, after: &Run<'_>) -> String {
    let because = after.because.unwrap_or("policy");
    let what = if before.policy == after.policy {
        format!("pack {} → {}", before.pack, after.pack)
    } else {
        format!("policy {} → {}", before.policy, after.policy)
    };
    let at = after.term.0;
    let moved = match (due_as_of(before, at), due_as_of(after, at)) {
        (from, to) if from == to => "due stays".to_owned(),
        (from, to) => format!("due moved from {} to {}", due(after.clock, from), due(after.clock, to)),
    };
    format!("{because} changed, {what}: {}, {moved}", terms(after))
}

/// What a policy promises, and when that is due.
fn promise(run: &Run<'_>) -> String {
    format!("policy {}: {}, due {}", run.policy, terms(run), due(run.clock, due_as_of(run, run.term.0)))
}

/// `2 h of calendar office`.
fn terms(run: &Run<'_>) -> String {
    let counted = match run.target.calendar.as_str() {
        CALENDAR_TIME => "calendar time".to_owned(),
        calendar => format!("calendar {calendar}"),
    };
    format!("{} of {counted}", words::duration(Duration::from_secs(run.target.seconds)))
}

/// What a policy made due, as it looked at an instant: pauses that came later are told of where they happened.
fn due_as_of(run: &Run<'_>, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let legs = run.legs();
    let leg = legs.iter().take_while(|leg| leg.from <= at).last().or_else(|| legs.first());
    leg.and_then(|leg| leg.due)
}

fn due(clock: Clock<'_>, due: Option<DateTime<Utc>>) -> String {
    due.map_or_else(|| "beyond what its calendar can tell".to_owned(), |due| words::instant(clock, due))
}

/// The pauses that began while a policy counted, until the target was missed or ended.
fn pauses(run: &Run<'_>, until: DateTime<Utc>, say: &mut impl FnMut(DateTime<Utc>, &'static str, String)) {
    let legs = run.legs();
    let counted =
        |at: DateTime<Utc>| run.term.0 <= at && run.term.1.is_none_or(|end| at < end) && at <= until;
    let nexts = legs.iter().skip(1).map(Some).chain([None]);
    for (leg, next) in legs.iter().zip(nexts) {
        let Some((at, category)) = leg.pause else { continue };
        let why = words::category(category);
        if counted(at) {
            say(at, "paused", why.clone());
        }
        if let Some(next) = next.filter(|next| counted(next.from)) {
            let span = words::span(run.clock, at, next.from);
            let (from, to) = (due(run.clock, leg.due), due(run.clock, next.due));
            let why = format!("paused {span} {why}, due moved from {from} to {to}");
            say(next.from, "resumed", why);
        }
    }
}
