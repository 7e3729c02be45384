//! Times and durations as people read them.

use super::clock::Clock;
use super::timeline::Cause;
use crate::category::Category;
use chrono::{DateTime, NaiveDateTime, Timelike, Utc};
use std::time::Duration;

/// `2026-01-05 14:02`, in the zone of the calendar; seconds only if there are any.
pub(super) fn instant(clock: Clock<'_>, at: DateTime<Utc>) -> String {
    let local = clock.local(at);
    format!("{} {}", local.date(), time(local))
}

/// `14:02–16:30`, with dates if they differ.
pub(super) fn span(clock: Clock<'_>, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
    let (from_local, until_local) = (clock.local(from), clock.local(until));
    if from_local.date() == until_local.date() {
        format!("{}–{}", time(from_local), time(until_local))
    } else {
        format!("{} – {}", instant(clock, from), instant(clock, until))
    }
}

/// `8 h`, `2 h 30 min`, `45 s`.
pub(super) fn duration(amount: Duration) -> String {
    let seconds = amount.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// `waiting for customer`.
pub(super) fn category(category: Category) -> String {
    category.as_str().replace('_', " ")
}

/// Why a run began or ended.
pub(super) fn cause(cause: &Cause) -> String {
    match cause {
        Cause::Opened => "ticket opened".to_owned(),
        Cause::Reopened => "ticket reopened".to_owned(),
        Cause::CustomerWrote => "customer wrote".to_owned(),
        Cause::Answered => "customer answered".to_owned(),
        Cause::PolicyChanged => "policy changed".to_owned(),
        Cause::Solved => "ticket solved".to_owned(),
        Cause::Closed => "ticket closed".to_owned(),
        Cause::Spam => "marked as spam".to_owned(),
        Cause::Merged => "merged into another ticket".to_owned(),
        Cause::Absorbed => "an older message came with a merged ticket".to_owned(),
        Cause::Split => "what it counted from became another ticket".to_owned(),
        Cause::Event(name) => format!("event {name}"),
    }
}

fn time(local: NaiveDateTime) -> String {
    local.format(if local.second() == 0 { "%H:%M" } else { "%H:%M:%S" }).to_string()
}
