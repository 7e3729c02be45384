//! Service levels: which policy applies, when its targets are due, what happened to them.
//!
//! A [`Timeline`] is part of a ticket's state: the facts, put down by the fold, that targets are computed from. What
//! follows from them (due, breached, what to say about it) is computed when it is asked for, from the facts and the
//! calendars, so that nothing depends on when somebody looked.
//!
//! # Targets
//!
//! | name | starts | ends |
//! |---|---|---|
//! | `first_response` | first message of the customer, on a ticket that a customer opened | first public reply of a person |
//! | `next_response` | oldest unanswered message of the customer that no `first_response` covers | next public reply of a person; one instance per reply |
//! | `periodic_update` | opening, and each public reply of a person | next public reply of a person; one instance per reply |
//! | `first_resolution` | opening | first solved |
//! | `full_resolution` | opening; **instance 2, 3 … at each reopening** | solved |
//! | any other | the event named in `start` | the event named in `stop`; one instance per start |
//!
//! The events that a target can name (`team.entered.<team>`, `status.left.<status>` …) are in `events.rs`: with them a
//! target measures the time with a neighbouring team, or whatever a desk needs.
//!
//! - A person's reply counts, a bot's or an automatic one does not.
//! - A reply, a solution or a pause **at** the due instant is in time.
//! - Solving without an answer cancels the response targets; closing without solving, spam and merging cancel all.
//!   A message that is unanswered when a ticket is reopened starts its response target again at the reopening.
//! - `paused_in` of a policy pauses all targets but the two responses, which only pause where the target itself says
//!   so: an agent cannot stop a waiting customer's clock by choosing another status.
//! - The first policy whose conditions hold applies. It is looked for again when something changes that conditions can
//!   ask for: priority, tags, fields, team. One that promises the same changes nothing.
//! - Another policy applies to what runs as if it had applied from the start, pauses included; but what was breached
//!   stays breached, and what is overdue only by the new terms is breached when they begin. A target that the new
//!   policy lacks is cancelled, one that it adds starts where it would have started; one that names its events starts
//!   with the next of them.
//! - A new version of the pack changes nothing that runs: a target keeps the policy and the calendar it began with,
//!   until something changes the policy, or the desk has the new version applied to what is open.
//! - Un-assigning and handing to another team change nothing but what conditions on the team say.
//! - A reply that becomes visible late with an earlier time undoes a breach; the log says so.
//!
//! # Notices
//!
//! Each warning, each breach and each step of an escalation is told once per instance. What was passed while nobody
//! looked is folded into one notice, which says so. Warnings and breaches are for whoever has the ticket; steps say
//! themselves. Who that is then depends on the shifts of the moment ([`Duty`]). Steps end when the target is done or a
//! lead excuses the breach; their delays run on the calendar of the escalation, so that nobody is told in quiet hours.

mod check;
mod clock;
mod due;
mod duty;
mod escalation;
mod events;
mod outcome;
mod policy;
mod threshold;
mod timeline;
mod view;
mod words;

pub use crate::condition::{Condition, Facts};
pub use due::DueItem;
pub use duty::{Duty, Owner};
pub use escalation::{Escalation, Recipient, Step};
pub use outcome::Outcomes;
pub(crate) use policy::KNOWN;
pub use policy::{CALENDAR_TIME, FACTS, Policy, ResolvedPolicy, Target};
pub use threshold::{Threshold, Warning};
pub use timeline::Timeline;
pub use view::{LogEntry, TargetState, TargetView};

use relevo_calendar::Calendar;

/// Where the calendars are that policies name.
pub trait CalendarSource {
    /// A calendar as it was in a version of the pack.
    fn calendar(&self, pack_version: u32, name: &str) -> Option<&Calendar>;
}

/// The first policy whose conditions all hold, as it travels in events.
pub fn resolve(policies: &[Policy], facts: &impl Facts, pack_version: u32) -> Option<ResolvedPolicy> {
    policies.iter().find(|policy| policy.applies_to(facts)).map(|policy| policy.resolved(pack_version))
}

/// The calendar by which a policy measures a target; none without such a target, or if it runs on calendar time.
pub fn calendar_of<'a>(
    policy: Option<&ResolvedPolicy>,
    target: &str,
    calendars: &'a dyn CalendarSource,
) -> Option<&'a Calendar> {
    let policy = policy?;
    calendars.calendar(policy.pack, &policy.targets.get(target)?.calendar)
}

#[cfg(test)]
mod tests;
