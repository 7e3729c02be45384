//! Automations that wait: since when, until when, and which of them are over.

use super::{Automation, Cause, Since, Told, Trigger, Wait};
use crate::conversation::Ticket;
use crate::pack::Pack;
use crate::sla::CALENDAR_TIME;
use chrono::{DateTime, TimeDelta, Utc};
use relevo_calendar::Calendar;

/// The automations that wait on a ticket, in the order of the pack, each with the instant that it waits from.
pub fn waiting<'a, 't>(
    pack: &'a Pack,
    ticket: &'t Ticket,
) -> impl Iterator<Item = (&'a Automation, &'a Wait, DateTime<Utc>)> + use<'a, 't> {
    pack.automations.iter().filter_map(move |automation| {
        let (wait, since) = automation.waits_on(ticket)?;
        Some((automation, wait, since))
    })
}

/// When a time is over; none past the horizon of its calendar.
pub fn due_at<'a>(
    wait: &Wait,
    since: DateTime<Utc>,
    calendars: &dyn Fn(&str) -> Option<&'a Calendar>,
) -> Option<DateTime<Utc>> {
    if wait.calendar == CALENDAR_TIME {
        return wait.earliest(since);
    }
    calendars(&wait.calendar)?.due_at(since, wait.seconds).ok()
}

/// The causes of those whose time is over, each with its automation.
pub fn overdue<'a, 'c>(
    pack: &'a Pack,
    ticket: &'a Ticket,
    calendars: &'a dyn Fn(&str) -> Option<&'c Calendar>,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (&'a Automation, Cause)> {
    let over = waiting(pack, ticket)
        .filter(move |(_, wait, since)| due_at(wait, *since, calendars).is_some_and(|due| due <= now));
    over.map(|(automation, wait, since)| (automation, wait.cause(ticket, since)))
}

impl Automation {
    /// How long it waits on a ticket and from when, if it does.
    pub(super) fn waits_on(&self, ticket: &Ticket) -> Option<(&Wait, DateTime<Utc>)> {
        let wait = self.after.as_ref().filter(|_| self.enabled && ticket.merged.is_none())?;
        let since = wait.since.of(ticket)?;
        let done = ticket.automations.get(&self.id).and_then(|ran| ran.since);
        done.is_none_or(|done| done < since).then_some((wait, since))
    }
}

impl Wait {
    /// When it can be over at the earliest: time in a calendar passes no faster than on the wall.
    pub fn earliest(&self, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        since.checked_add_signed(TimeDelta::try_seconds(i64::try_from(self.seconds).ok()?)?)
    }

    /// What it is to automations that it is over.
    pub fn cause(&self, ticket: &Ticket, since: DateTime<Utc>) -> Cause {
        let led_by = match self.since {
            Since::StatusChanged => ticket.moments.status_led_by.clone(),
            Since::Opened | Since::CustomerWrote | Since::Replied => Vec::new(),
        };
        let id = format!("waited.{}.{}.{}", ticket.ordinal, since.timestamp_millis(), self.seconds);
        Cause {
            root: id.clone(),
            id,
            trigger: Trigger::Waited,
            ordinal: ticket.ordinal,
            by: "clock".to_owned(),
            chain: led_by,
            told: Told::default(),
            since: Some(since),
        }
    }

    /// For a history.
    pub(super) fn in_words(&self) -> String {
        let since = match self.since {
            Since::Opened => "it was opened",
            Since::CustomerWrote => "the customer wrote",
            Since::Replied => "the last reply",
            Since::StatusChanged => "the status changed",
        };
        format!("{} s of {} since {since}", self.seconds, self.calendar)
    }
}

impl Since {
    /// When that was.
    fn of(self, ticket: &Ticket) -> Option<DateTime<Utc>> {
        match self {
            Self::Opened => Some(ticket.opened_at),
            Self::CustomerWrote => ticket.moments.customer_wrote,
            Self::Replied => ticket.moments.replied,
            Self::StatusChanged => ticket.moments.status_changed,
        }
    }
}
