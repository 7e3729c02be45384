//! What projections keep of tickets, surveys and deliveries: enough for work lists and figures.

use crate::category::Category;
use crate::conversation::{Conversation, Party, RanBy, Silent, Ticket};
use crate::outbox::{Outbox, Status};
use crate::pack::Priority;
use crate::sla::{CalendarSource, Outcomes, calendar_of};
use crate::survey::{RECOVERY_TAG, SurveyKind, SurveyState, Verdict};
use crate::table::Row;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A ticket in work lists and figures. Times are milliseconds since 1970, durations seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketRow {
    /// Stream name of the conversation.
    #[serde(rename = "s")]
    pub conversation: String,
    /// Ordinal in it.
    #[serde(rename = "o")]
    pub ordinal: u32,
    /// Friendly number.
    #[serde(rename = "n")]
    pub number: u64,
    /// Status id.
    #[serde(rename = "st")]
    pub status: String,
    /// Category.
    #[serde(rename = "c")]
    pub category: Category,
    /// Queue id.
    #[serde(rename = "q")]
    pub queue: String,
    /// Team id.
    #[serde(rename = "tm", default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Assignee.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Priority.
    #[serde(rename = "p")]
    pub priority: Priority,
    /// Channel slug.
    #[serde(rename = "ch")]
    pub channel: String,
    /// Contact id.
    #[serde(rename = "ct")]
    pub contact: String,
    /// When it was opened.
    #[serde(rename = "op")]
    pub opened_ms: i64,
    /// A customer opened it.
    #[serde(rename = "bc")]
    pub by_customer: bool,
    /// First response, once there is one: calendar seconds, and business seconds where a policy names a calendar.
    #[serde(rename = "fr", default, skip_serializing_if = "Option::is_none")]
    pub first_response: Option<Elapsed>,
    /// Opened to first solved.
    #[serde(rename = "r1", default, skip_serializing_if = "Option::is_none")]
    pub first_resolution: Option<Elapsed>,
    /// Opened to last solved; none while it is open again.
    #[serde(rename = "r2", default, skip_serializing_if = "Option::is_none")]
    pub full_resolution: Option<Elapsed>,
    /// Who solved it last.
    #[serde(rename = "sb", default, skip_serializing_if = "Option::is_none")]
    pub solved_by: Option<String>,
    /// Replies by people.
    #[serde(rename = "re")]
    pub replies: u32,
    /// Times it was opened again.
    #[serde(rename = "ro")]
    pub reopenings: u32,
    /// Handed to another team.
    #[serde(rename = "es")]
    pub escalated: bool,
    /// It was opened after a negative vote: customers' own tickets are counted without it.
    #[serde(rename = "rc", default, skip_serializing_if = "std::ops::Not::not")]
    pub recovery: bool,
    /// It is merged into another ticket, and counted there.
    #[serde(rename = "mg", default, skip_serializing_if = "std::ops::Not::not")]
    pub merged: bool,
    /// An article of the knowledge base is linked to it.
    #[serde(rename = "ar", default, skip_serializing_if = "std::ops::Not::not")]
    pub article: bool,
    /// Why no survey was due, per resolution that had none.
    #[serde(rename = "ne", default, skip_serializing_if = "Vec::is_empty")]
    pub not_eligible: Vec<String>,
    /// What became of its targets, by name.
    #[serde(rename = "tg", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, Outcomes>,
    /// When the service-level tick has to look at it next.
    #[serde(rename = "du", default, skip_serializing_if = "Option::is_none")]
    pub sla_due_ms: Option<i64>,
    /// When the first target that is not done is due, or was.
    #[serde(rename = "fd", default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// Tags.
    #[serde(rename = "ta", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Until when it is out of sight.
    #[serde(rename = "sz", default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until_ms: Option<i64>,
    /// Since when nobody says anything, where that may lead to something; how long it may is added by whoever looks.
    #[serde(rename = "si", default, skip_serializing_if = "Option::is_none")]
    pub silent_since_ms: Option<i64>,
    /// Since when the survey is undecided; the pack's delay is added by whoever decides.
    #[serde(rename = "su", default, skip_serializing_if = "Option::is_none")]
    pub survey_due_ms: Option<i64>,
    /// What automations did on it.
    #[serde(rename = "au", default, skip_serializing_if = "RanBy::is_empty")]
    pub automations: RanBy,
}

/// A duration by the clock and by the desk's hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elapsed {
    /// Seconds by the clock.
    #[serde(rename = "c")]
    pub calendar_s: i64,
    /// Seconds within business hours, where a policy names a calendar.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub business_s: Option<i64>,
}

impl Row for TicketRow {
    const KIND: &'static str = "t-tickets";
    const VERSION: u16 = 1;
}

/// The row of a ticket: a function of its conversation and of published calendars, which never change.
pub fn ticket_row(
    conversation: &str,
    state: &Conversation,
    ticket: &Ticket,
    calendars: &dyn CalendarSource,
) -> Option<TicketRow> {
    let party = state.party.as_ref()?;
    let timeline = &ticket.timeline;
    let elapsed = |target: &str, until: DateTime<Utc>| Elapsed {
        calendar_s: (until - ticket.opened_at).num_seconds().max(0),
        business_s: calendar_of(timeline.policy(), target, calendars)
            .map(|calendar| calendar.elapsed(ticket.opened_at, until)),
    };
    let decided = ticket.surveys.iter().any(|s| s.resolution == ticket.resolutions);
    let waits = [Category::WaitingForCustomer, Category::WaitingForOthers, Category::Solved];
    let silent = waits.contains(&ticket.category) && ticket.silent != Silent::unknown();
    let undecided = ticket.category == Category::Solved && !decided;
    Some(TicketRow {
        conversation: conversation.to_owned(),
        ordinal: ticket.ordinal,
        number: ticket.number,
        status: ticket.status.clone(),
        category: ticket.category,
        queue: ticket.queue.clone(),
        team: ticket.team.clone(),
        agent: ticket.agent.clone(),
        priority: ticket.priority,
        channel: party.channel.clone(),
        contact: party.contact.clone(),
        opened_ms: ticket.opened_at.timestamp_millis(),
        by_customer: ticket.by_customer,
        first_response: timeline.first_response_at().map(|at| elapsed("first_response", at)),
        first_resolution: ticket.first_solved_at.map(|at| elapsed("full_resolution", at)),
        full_resolution: ticket.solved_at.map(|at| elapsed("full_resolution", at)),
        solved_by: ticket.solved_by.clone(),
        replies: ticket.replies,
        reopenings: ticket.reopenings,
        escalated: ticket.escalated,
        recovery: ticket.tags.contains(RECOVERY_TAG) && !ticket.by_customer,
        merged: ticket.merged.is_some(),
        article: !ticket.articles.is_empty(),
        not_eligible: ticket.surveys.iter().filter_map(|s| s.not_eligible.clone()).collect(),
        targets: timeline.outcomes(calendars),
        sla_due_ms: timeline.next_due(calendars).map(|at| at.timestamp_millis()),
        due_ms: timeline.first_due(calendars).map(|at| at.timestamp_millis()),
        tags: ticket.tags.clone(),
        snoozed_until_ms: ticket.snoozed_until.map(|until| until.timestamp_millis()),
        silent_since_ms: silent.then(|| ticket.silent.since.timestamp_millis()),
        automations: ticket.automations.iter().map(|(id, ran)| (id.clone(), ran.counts())).collect(),
        survey_due_ms: ticket.solved_at.filter(|_| undecided).map(|at| at.timestamp_millis()),
    })
}

/// A survey in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyRow {
    /// Ticket id.
    #[serde(rename = "t")]
    pub ticket: String,
    /// Friendly number.
    #[serde(rename = "n")]
    pub number: u64,
    /// Who solved it.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Queue id.
    #[serde(rename = "q")]
    pub queue: String,
    /// Channel slug.
    #[serde(rename = "ch")]
    pub channel: String,
    /// When it was issued.
    #[serde(rename = "is")]
    pub issued_ms: i64,
    /// The vote.
    #[serde(rename = "sc", default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// When the vote was first given.
    #[serde(rename = "an", default, skip_serializing_if = "Option::is_none")]
    pub answered_ms: Option<i64>,
    /// It came with a comment.
    #[serde(rename = "cm")]
    pub comment: bool,
    /// Why no survey was issued; `issued_ms` is when that was decided.
    #[serde(rename = "ne", default, skip_serializing_if = "Option::is_none")]
    pub not_eligible: Option<String>,
    /// What was asked.
    #[serde(rename = "k", default)]
    pub kind: SurveyKind,
    /// What the ticket was about.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What a lead decided about the vote.
    #[serde(rename = "rv", default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// When something is to be done about it: remind, or follow up a vote.
    #[serde(rename = "du", default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
}

impl Row for SurveyRow {
    const KIND: &'static str = "t-surveys";
    const VERSION: u16 = 1;
}

/// The row of a survey.
pub fn survey_row(state: &SurveyState) -> Option<SurveyRow> {
    let issued = state.issued.as_ref()?;
    Some(SurveyRow {
        ticket: issued.ticket.clone(),
        number: issued.number,
        agent: issued.agent.clone(),
        queue: issued.queue.clone(),
        channel: issued.channel.clone(),
        issued_ms: state.issued_at?.timestamp_millis(),
        score: state.vote.as_ref().map(|v| v.score),
        answered_ms: state.vote.as_ref().map(|v| v.first_at.timestamp_millis()),
        comment: state.vote.as_ref().is_some_and(|v| v.comment.is_some()),
        not_eligible: None,
        kind: issued.kind,
        topic: issued.topic.clone(),
        verdict: state.review.as_ref().map(|review| review.verdict),
        due_ms: state.due_at().map(|at| at.timestamp_millis()),
    })
}

/// The rows, by key, of solutions of a ticket after which no survey was issued: figures tell why. `id` is the
/// ticket's public id.
pub fn unasked_rows(id: &str, party: &Party, ticket: &Ticket) -> Vec<(String, SurveyRow)> {
    let unasked = ticket.surveys.iter().filter(|decision| decision.not_eligible.is_some());
    unasked
        .map(|decision| {
            let row = SurveyRow {
                ticket: id.to_owned(),
                number: ticket.number,
                agent: ticket.solved_by.clone(),
                queue: ticket.queue.clone(),
                channel: party.channel.clone(),
                issued_ms: decision.at.timestamp_millis(),
                score: None,
                answered_ms: None,
                comment: false,
                not_eligible: decision.not_eligible.clone(),
                kind: SurveyKind::default(),
                topic: None,
                verdict: None,
                due_ms: None,
            };
            (format!("{id}_{}", decision.resolution), row)
        })
        .collect()
}

/// A delivery in the list of deliveries. Nothing personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRow {
    /// Where it stands.
    #[serde(rename = "st")]
    pub status: Status,
    /// `channel/account` or `subscriber/<id>`.
    #[serde(rename = "to")]
    pub to: String,
    /// Ticket id.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// When it was queued.
    #[serde(rename = "q")]
    pub queued_ms: i64,
    /// When it is to be tried next.
    #[serde(rename = "nx", default, skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<i64>,
    /// Attempts so far.
    #[serde(rename = "n")]
    pub attempts: u32,
    /// Why the last attempt failed.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Row for DeliveryRow {
    const KIND: &'static str = "t-outbox";
    const VERSION: u16 = 1;
}

/// The row of a delivery.
pub fn delivery_row(state: &Outbox) -> Option<DeliveryRow> {
    let entry = state.entry.as_ref()?;
    let to = entry.request.through();
    Some(DeliveryRow {
        status: state.status,
        to,
        ticket: entry.ticket.clone(),
        queued_ms: state.queued_at?.timestamp_millis(),
        next_ms: state.next_at.map(|at| at.timestamp_millis()),
        attempts: state.attempts,
        why: state.why.clone(),
    })
}
