//! Everything that is stored of a contact, gathered for the person.

mod html;
mod runs;

pub use html::page;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::{Conversation, ConversationEvent, view};
use relevo_domain::draft::{Draft, Drafts};
use relevo_domain::rows::DeliveryRow;
use relevo_domain::survey::SurveyState;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::{ids, people};
use relevo_journal::Fold;
use relevo_journal::store::Store;
use relevo_projections::shards;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Gathers what is stored of a contact, named by its stream, and of those it was merged with: they are one person.
///
/// # Errors
/// 404 if there is no such contact, 503 if the store does not answer.
pub async fn gather<S: Store>(context: &DeskContext<S>, contact: &str) -> Result<Value, Problem> {
    let person = people::united(context, contact).await?;
    let mut members = Vec::new();
    for (name, _) in &person.members {
        let stream = context.stream(Contact::KIND, name)?;
        let (state, events) = context.journal.load_events::<Contact>(&stream, None).await?;
        members.push((name.as_str(), state, events));
    }
    if members.iter().all(|(_, _, events)| events.is_empty()) {
        return Err(Problem::not_found("unknown_contact", "there is no such contact at this desk"));
    }
    let mut conversations: Vec<&String> = Vec::new();
    for name in members.iter().flat_map(|(_, state, _)| &state.conversations) {
        if !conversations.contains(&name) {
            conversations.push(name);
        }
    }
    let mut tickets = Vec::new();
    let (mut days, mut reported, mut runs) = (BTreeSet::new(), Vec::new(), Vec::new());
    for part in try_join_all(conversations.iter().map(|name| conversation(context, name))).await? {
        tickets.extend(part.tickets);
        days.extend(part.days);
        reported.extend(part.reported);
        runs.extend(part.runs);
    }
    let surveys = surveys(context, &tickets).await?;
    let deliveries = deliveries(context, &tickets, days).await?;
    for event in members.iter().flat_map(|(_, _, events)| events) {
        if let ContactEvent::ReportReceived { channel, account, kind, data } = &event.data {
            let at = view::rfc3339(event.at);
            reported
                .push(json!({"at": at, "channel": channel, "account": account, "kind": kind, "data": data}));
        }
    }
    let mut contacts = members.iter().map(|(name, state, _)| of_contact(name, state));
    let contact = contacts.next();
    let merged: Vec<Value> = contacts.collect();
    Ok(json!({
        "format": "relevo-person/1",
        "exported_at": view::rfc3339(context.now),
        "desk": context.desk.as_str(),
        "desk_name": context.pack().await?.pack.name,
        "contact": contact,
        "merged": merged,
        "tickets": tickets,
        "surveys": surveys,
        "deliveries": deliveries,
        "runs": runs::runs(context, &runs).await?,
        "reported": reported,
        "keys": keys(members.iter().map(|(_, state, _)| state)),
    }))
}

fn of_contact(name: &str, state: &Contact) -> Value {
    let addresses = state.addresses.iter().map(
        |(channel, address)| json!({"channel": channel, "kind": address.kind, "value": address.value.0}),
    );
    let hold = state
        .hold
        .as_ref()
        .map(|hold| json!({"since": view::rfc3339(hold.at), "by": hold.by, "reason": hold.reason.0}));
    json!({
        "id": format!("{}{name}", ids::CONTACT),
        "name": state.name.as_ref().map(|name| &name.0),
        "addresses": addresses.collect::<Vec<_>>(),
        "since": state.since.map(view::rfc3339),
        "opted_out": state.opt_outs.iter().map(|said| {
            json!({"channel": said.channel, "account": said.account, "at": view::rfc3339(said.at)})
        }).collect::<Vec<_>>(),
        "no_surveys": state.no_surveys,
        "directory": state.directory.values.0,
        "erased_at": state.erased_at.map(view::rfc3339),
        "hold": hold,
    })
}

/// Facts about the keys, not the keys.
fn keys<'a>(states: impl Iterator<Item = &'a Contact> + Clone) -> Value {
    let in_use = states
        .clone()
        .flat_map(|state| &state.keys)
        .map(|key| json!({"id": key.id, "made_at": view::rfc3339(key.at), "conversation": key.conversation}));
    let destroyed: Vec<_> = states.flat_map(|state| &state.destroyed).collect();
    json!({"in_use": in_use.collect::<Vec<_>>(), "destroyed": destroyed})
}

/// What one conversation has of the contact.
struct Part {
    tickets: Vec<Map<String, Value>>,
    /// Days on which something went out.
    days: BTreeSet<DateTime<Utc>>,
    reported: Vec<Value>,
    /// Runs of playbooks on its tickets.
    runs: Vec<String>,
}

async fn conversation<S: Store>(context: &DeskContext<S>, name: &str) -> Result<Part, Problem> {
    let stream = context.stream(Conversation::KIND, name)?;
    let (state, events) = context.journal.load_events::<Conversation>(&stream, None).await?;
    let mut tickets = Vec::new();
    for ticket in &state.tickets {
        let Some(mut shown) = view::ticket(&ids::ticket(name, ticket.ordinal), &state, ticket) else {
            continue;
        };
        shown.insert("drafts".to_owned(), drafts(context, name, ticket.ordinal).await?);
        tickets.push(shown);
    }
    let mut part = Part { tickets, days: BTreeSet::new(), reported: Vec::new(), runs: Vec::new() };
    for event in &events {
        match &event.data {
            ConversationEvent::ReplyWritten(_)
            | ConversationEvent::ReplyHeld(_)
            | ConversationEvent::SurveyDecided(_) => {
                part.days.insert(event.at);
            }
            ConversationEvent::RunBegun { run, .. } => part.runs.push(run.clone()),
            ConversationEvent::EventReceived { kind, data, .. } => {
                part.reported.push(json!({"at": view::rfc3339(event.at), "kind": kind, "data": data}));
            }
            _ => {}
        }
    }
    Ok(part)
}

/// What people have begun to write to the contact.
async fn drafts<S: Store>(context: &DeskContext<S>, name: &str, ordinal: u32) -> Result<Value, Problem> {
    let stream = context.stream(Drafts::KIND, &format!("{name}_{ordinal}"))?;
    let drafts = context.journal.load::<Drafts>(&stream, context.now).await?.state;
    let shown = |(person, draft): (&String, &Draft)| json!({"by": person, "text": draft.text.0, "at": view::rfc3339(draft.at)});
    Ok(drafts.by_person.iter().map(shown).collect())
}

async fn surveys<S: Store>(
    context: &DeskContext<S>,
    tickets: &[Map<String, Value>],
) -> Result<Vec<Value>, Problem> {
    let mut names = Vec::new();
    for ticket in tickets {
        let id = ticket.get("id").and_then(Value::as_str).unwrap_or_default();
        let (conversation, ordinal) = ids::parse_ticket(id)?;
        let stream = context.stream(Conversation::KIND, conversation)?;
        let state = context.journal.load::<Conversation>(&stream, context.now).await?.state;
        let asked = state.ticket(ordinal).map(|ticket| ticket.surveys.clone()).unwrap_or_default();
        names.extend(asked.into_iter().filter_map(|decision| decision.survey));
    }
    let found = try_join_all(names.iter().map(|id| async move {
        let stream = context.stream(SurveyState::KIND, id.strip_prefix(ids::SURVEY).unwrap_or(id))?;
        let state = context.journal.load::<SurveyState>(&stream, context.now).await?.state;
        let vote = state.vote.map(|vote| {
            let comment = vote.comment.map(|comment| comment.0);
            json!({"score": vote.score, "comment": comment, "at": view::rfc3339(vote.at)})
        });
        let ticket = state.issued.map(|issued| issued.ticket);
        Ok::<_, Problem>(json!({
            "id": id, "ticket": ticket, "asked_at": state.issued_at.map(view::rfc3339), "vote": vote,
        }))
    }));
    found.await
}

/// The deliveries of these tickets, from the rows of the days on which something went out.
async fn deliveries<S: Store>(
    context: &DeskContext<S>,
    tickets: &[Map<String, Value>],
    days: BTreeSet<DateTime<Utc>>,
) -> Result<Vec<Value>, Problem> {
    let wanted: BTreeSet<&str> = tickets.iter().filter_map(|t| t.get("id")?.as_str()).collect();
    // Queued with the message, or just after midnight by a projection.
    let days = days.iter().flat_map(|at| shards::days_down(*at, *at + chrono::Duration::minutes(10)));
    let days: Vec<String> = days.collect::<BTreeSet<_>>().into_iter().collect();
    let mut found = Vec::new();
    for some in days.chunks(64) {
        for shard in shards::load_all::<DeliveryRow, _>(context, some).await? {
            let rows = shard.state.rows().map(|(key, row)| (key.to_owned(), row.clone()));
            found.extend(rows.filter(|(_, row)| row.ticket.as_deref().is_some_and(|t| wanted.contains(t))));
        }
    }
    found.sort_by_key(|(key, row)| (row.queued_ms, key.clone()));
    let instant = |ms: i64| DateTime::from_timestamp_millis(ms).map(view::rfc3339);
    Ok(found
        .into_iter()
        .map(|(key, row)| {
            json!({
                "id": format!("{}{key}", ids::OUTBOX), "ticket": row.ticket, "to": row.to, "status": row.status,
                "queued_at": instant(row.queued_ms), "attempts": row.attempts, "why": row.why,
            })
        })
        .collect())
}
