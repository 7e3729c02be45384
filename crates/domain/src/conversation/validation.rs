//! Handing over to another team and coming back: what the others have finished returns to its agent, who validates it
//! before the customer is told, or sends it back.

use super::decide::status_id;
use super::event::ConversationEvent;
use super::merge::workable;
use super::{Conversation, Ticket};
use crate::Private;
use crate::category::Category;
use crate::pack::{Pack, Role, Wanted};
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An item in a system of others that a ticket waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Issue {
    /// The channel by which its system reports: `jira`.
    pub system: String,
    /// What that system calls it, as `CAMP-123`.
    pub key: String,
}

impl Issue {
    fn place(&self) -> String {
        format!("{}/{}", self.system, self.key)
    }
}

/// What another system reports about one of its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueReport {
    /// Which.
    pub issue: Issue,
    /// The status that it now has there.
    pub status: String,
    /// That means that it is finished.
    pub done: bool,
    /// When it changed, by the clock there.
    pub at: Option<DateTime<Utc>>,
}

/// Who had a ticket, and its status there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Person id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Team id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Status id.
    pub status: String,
    /// Its category.
    pub category: Category,
}

/// Most issues of one ticket.
pub const MAX_ISSUES: usize = 20;

/// Another status, as somebody at the desk wants it: only what the pack allows. What reaches `to_be_validated` returns to
/// whom it was handed over by.
///
/// # Errors
/// As [`super::decide::change_status`], and if the pack does not allow it to them.
pub fn move_to(
    state: &Conversation,
    pack: &Pack,
    ticket: u32,
    status: &str,
    reason: Option<String>,
    role: Role,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let events = moved(state, pack, ticket, status, reason)?;
    let current = workable(state, ticket)?;
    if let Some(ConversationEvent::StatusChanged { status, reason, .. }) = events.last() {
        let reason = reason.as_ref().map(|reason| reason.0.as_str());
        let (from, queue, fields) = (&current.status, &current.queue, &current.fields.0);
        pack.allows(Wanted { from, to: status, queue, fields, reason, role })?;
    }
    Ok(events)
}

/// Another status, as the desk itself wants it: any that there is.
///
/// # Errors
/// As [`super::decide::change_status`].
pub fn moved(
    state: &Conversation,
    pack: &Pack,
    ticket: u32,
    status: &str,
    reason: Option<String>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let events = super::decide::change_status(state, pack, ticket, status, reason)?;
    let current = workable(state, ticket)?;
    let validated = |event: &ConversationEvent| {
        matches!(event, ConversationEvent::StatusChanged { category: Category::ToBeValidated, .. })
    };
    let returns = events.iter().any(validated) && current.handed_by.is_some();
    let back = returns.then_some(ConversationEvent::TicketReturned { ticket, issue: None });
    Ok(back.into_iter().chain(events).collect())
}

/// Its agent's word on what the others finished: accepted, it is open for the customer to be told; rejected, it goes back to
/// where it came from, with the reason.
///
/// # Errors
/// If there is no such ticket, nothing is to be validated, or a rejection has no reason.
pub fn validate(
    state: &Conversation,
    pack: &Pack,
    ticket: u32,
    accepted: bool,
    reason: Option<String>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    if current.category != Category::ToBeValidated {
        let what = format!("the ticket is {}, there is nothing to validate", current.category.as_str());
        return Err(Refusal::conflict("nothing_to_validate", what));
    }
    if !accepted && reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Refusal::invalid("reason_missing", "/reason", "say what is not as it should be"));
    }
    let open = (status_id(pack, Category::Open), Category::Open);
    let back = current.returned_by.as_ref().map(|held| (held.status.clone(), held.category));
    let others = (status_id(pack, Category::WaitingForOthers), Category::WaitingForOthers);
    let (status, category) = if accepted { open } else { back.unwrap_or(others) };
    let validated = ConversationEvent::TicketValidated { ticket, accepted, reason: reason.map(Private) };
    Ok(vec![validated, ConversationEvent::StatusChanged { ticket, status, category, reason: None }])
}

/// The issues of a ticket that its agent has judged, and what is said of it in their system: the ticket's number, and the
/// reason if one was given.
pub fn judged(ticket: &Ticket, accepted: bool, reason: Option<&str>) -> (Vec<Issue>, String) {
    let number = ticket.number;
    let comment = match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("#{number}: {reason}"),
        None => format!("#{number} {}", if accepted { "✓" } else { "✗" }),
    };
    (ticket.issues_done.iter().cloned().collect(), comment)
}

/// Notes that a ticket waits for an issue, or no longer does.
///
/// # Errors
/// If there is no such ticket, the key is unusable, or there are too many.
pub fn link(
    state: &Conversation,
    ticket: u32,
    issue: Issue,
    linked: bool,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    let usable = |c: char| c.is_ascii_graphic();
    if issue.key.is_empty() || issue.key.len() > 100 || !issue.key.chars().all(usable) {
        let what = "a key has 1 to 100 visible ASCII characters, such as CAMP-123";
        return Err(Refusal::invalid("bad_key", "/key", what));
    }
    if current.issues.contains(&issue) == linked {
        return Ok(Vec::new());
    }
    if linked && current.issues.len() >= MAX_ISSUES {
        let what = format!("a ticket has at most {MAX_ISSUES} issues");
        return Err(Refusal::conflict("too_many_issues", what));
    }
    Ok(vec![ConversationEvent::IssueLinked { ticket, issue, linked }])
}

/// What a report about an issue means to a ticket that waits for it: finished, the ticket returns to be validated, unless it
/// is over or waits for another issue that is not finished. A report that a newer one has overtaken says nothing any more.
pub fn reported(
    state: &Conversation,
    pack: &Pack,
    ticket: u32,
    report: &IssueReport,
) -> Vec<ConversationEvent> {
    let Some(current) = state.ticket(ticket).filter(|ticket| ticket.issues.contains(&report.issue)) else {
        return Vec::new();
    };
    if report.at.is_some_and(|at| current.issue_known_at(&report.issue).is_some_and(|known| at < known)) {
        return Vec::new();
    }
    let (issue, done) = (report.issue.clone(), report.done);
    let mut events = vec![ConversationEvent::IssueReported {
        ticket,
        issue: issue.clone(),
        status: report.status.clone(),
        done,
        at: report.at,
    }];
    let waits = |other: &&Issue| **other != issue && !current.issues_done.contains(*other);
    let over = current.category.is_done() || current.category == Category::ToBeValidated;
    if done && !over && current.issues.iter().find(waits).is_none() {
        events.push(ConversationEvent::TicketReturned { ticket, issue: Some(issue) });
        events.push(ConversationEvent::StatusChanged {
            ticket,
            status: status_id(pack, Category::ToBeValidated),
            category: Category::ToBeValidated,
            reason: None,
        });
    }
    events
}

impl Ticket {
    fn held(&self) -> Held {
        Held {
            agent: self.agent.clone(),
            team: self.team.clone(),
            status: self.status.clone(),
            category: self.category,
        }
    }

    /// Before it goes to another team: who gets it back. Whoever handed it over first.
    pub(super) fn hand_over(&mut self) {
        if self.handed_by.is_none() {
            self.handed_by = Some(Box::new(self.held()));
        }
    }

    /// The others are done with it.
    pub(super) fn returned(&mut self, at: DateTime<Utc>) {
        self.returned_by = Some(Box::new(self.held()));
        if let Some(held) = self.handed_by.take() {
            self.assigned(held.agent.as_deref(), held.team.as_deref(), at);
        }
    }

    /// Its agent has looked at it.
    pub(super) fn validated(&mut self, accepted: bool, at: DateTime<Utc>) {
        let Some(others) = self.returned_by.take().filter(|_| !accepted) else { return };
        self.hand_over();
        self.assigned(others.agent.as_deref(), others.team.as_deref(), at);
    }

    pub(super) fn issue_linked(&mut self, issue: &Issue, linked: bool) {
        self.issues_done.remove(issue);
        self.issues_reported.remove(&issue.place());
        if linked {
            self.issues.insert(issue.clone());
        } else {
            self.issues.remove(issue);
        }
    }

    /// What a system says of an issue. Of reports that were taken at once the newest by its own clock counts.
    pub(super) fn issue_reported(
        &mut self,
        issue: &Issue,
        done: bool,
        reported: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) {
        let known = self.issue_known_at(issue);
        if reported.is_none() || reported >= known {
            self.issue_stands(issue, done);
        }
        if let Some(newest) = reported.max(known).filter(|_| self.issues.contains(issue)) {
            self.issues_reported.insert(issue.place(), newest);
        }
        self.timeline.named_event(at, if done { "event.issue.closed" } else { "event.issue.reported" });
    }

    fn issue_known_at(&self, issue: &Issue) -> Option<DateTime<Utc>> {
        self.issues_reported.get(&issue.place()).copied()
    }

    /// Where an issue stands, without that being news.
    pub(super) fn issue_stands(&mut self, issue: &Issue, done: bool) {
        if done && self.issues.contains(issue) {
            self.issues_done.insert(issue.clone());
        } else {
            self.issues_done.remove(issue);
        }
    }
}
