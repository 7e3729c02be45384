//! Silence: what a pack does to tickets on which nobody says anything, a reminder first and then another status. Any message
//! begins it anew, also one that was written at the same moment.

use super::{Conversation, Ticket};
use crate::category::Category;
use crate::pack::{Pack, Silence};
use crate::sla::CALENDAR_TIME;
use chrono::{DateTime, TimeDelta, Utc};
use relevo_calendar::Calendar;
use serde::{Deserialize, Serialize};

/// How long a ticket has been silent, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silent {
    /// Since when nothing was said and the status is the same.
    pub since: DateTime<Utc>,
    /// The rules, by their seconds, that were followed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<u64>,
}

impl Silent {
    /// Of a ticket that an earlier version kept: it begins with what happens next.
    pub(crate) fn unknown() -> Self {
        Self { since: DateTime::UNIX_EPOCH, passed: Vec::new() }
    }
}

/// What is to be done about a silence.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<'a> {
    /// Nothing.
    Never,
    /// Nothing before then.
    At(DateTime<Utc>),
    /// This rule, and it stands for the ones before it.
    Now(&'a Silence),
}

/// What is to be done about a ticket's silence now. Of several rules whose time has passed the last one counts: nobody is
/// reminded and closed at once.
pub fn next<'a>(
    ticket: &Ticket,
    pack: &'a Pack,
    calendars: &dyn Fn(&str) -> Option<&'a Calendar>,
    now: DateTime<Utc>,
) -> Next<'a> {
    if ticket.merged.is_some() {
        return Next::Never;
    }
    let done = ticket.silent.passed.iter().max().copied().unwrap_or_default();
    let rules = pack.lifecycle.silence.iter();
    let mut rules: Vec<&Silence> =
        rules.filter(|rule| rule.within.contains(&ticket.status) && rule.after_seconds > done).collect();
    rules.sort_by_key(|rule| rule.after_seconds);
    let mut passed = None;
    for rule in rules {
        match due_at(rule, ticket.silent.since, calendars) {
            Some(at) if at <= now => passed = Some(rule),
            Some(at) => return passed.map_or(Next::At(at), Next::Now),
            // Past the horizon of its calendar.
            None => break,
        }
    }
    passed.map_or(Next::Never, Next::Now)
}

fn due_at<'a>(
    rule: &Silence,
    since: DateTime<Utc>,
    calendars: &dyn Fn(&str) -> Option<&'a Calendar>,
) -> Option<DateTime<Utc>> {
    if rule.calendar == CALENDAR_TIME {
        let wait = TimeDelta::try_seconds(i64::try_from(rule.after_seconds).ok()?)?;
        return since.checked_add_signed(wait);
    }
    calendars(&rule.calendar)?.due_at(since, rule.after_seconds).ok()
}

impl Conversation {
    /// A rule was followed: it means nothing if somebody said something since it was looked at.
    pub(super) fn silence_passed(
        &mut self,
        ordinal: u32,
        (since, after_seconds): (DateTime<Utc>, u64),
        to: Option<(&str, Category)>,
        at: DateTime<Utc>,
    ) {
        let Some(ticket) = self.ticket_mut(ordinal).filter(|ticket| ticket.silent.since == since) else {
            return;
        };
        ticket.silent.passed.push(after_seconds);
        if let Some((status, category)) = to {
            ticket.updated_at = ticket.updated_at.max(at);
            ticket.change_status(status, category, at);
        }
    }
}

impl Ticket {
    /// Something was said, or the status is another one.
    pub(super) fn breaks_silence(&mut self, at: DateTime<Utc>) {
        self.silent = Silent { since: at.max(self.silent.since), passed: Vec::new() };
    }
}
