//! `POST /api/{desk}/sla/apply`: the published policies and calendars for what is open.
//!
//! Publishing changes no promise that was made. This does, ticket by ticket, and only where policy or calendar differ
//! from those that a ticket runs under. The event is named by the version: applying again changes nothing. What was
//! answered is kept with the desk's configuration, so the same call again is answered as the first time.

use crate::simulate::Cursor;
use http::StatusCode;
use relevo_domain::config::{Config, ConfigEvent};
use relevo_domain::conversation::{Conversation, outdated};
use relevo_domain::rows::TicketRow;
use relevo_domain::sla::TargetView;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::auth::Caller;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::ids;
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use relevo_journal::{BlobId, Fold};
use relevo_projections::shards;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Shards of a hundred tickets in one call.
const SHARDS_PER_CALL: usize = 20;

/// Largest answer: of each ticket every target.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// Say what would change and change nothing.
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    cursor: Option<Cursor>,
}

/// `POST …/sla/apply`
pub async fn apply(context: &DeskContext, caller: &Caller, request: &Incoming) -> Result<Response, Problem> {
    let asked: Request = request.json()?;
    let identity = Identity::of(context, &caller.person, request)?;
    if identity.repeats(&context.config)? {
        return answered(context, &identity).await;
    }
    internal::follow(context.desk.as_str()).await?;
    let newest = context.newest_ticket_number().await?;
    let mut next = Some(asked.cursor.map_or(newest, |cursor| cursor.0.min(newest)));
    let (mut open, mut changed) = (0_usize, Vec::new());
    for _ in 0..SHARDS_PER_CALL {
        let Some(number) = next else { break };
        let mut all = shards::numbers_down_from(number);
        let Some(shard) = all.next() else { break };
        let loaded = shards::load::<TicketRow, _>(context, &shard).await?;
        let rows = loaded.state.rows().filter(|(_, row)| !row.category.is_done());
        let conversations: BTreeSet<&str> = rows.map(|(_, row)| row.conversation.as_str()).collect();
        for name in conversations {
            open += 1;
            changed.extend(conversation(context, caller, name, asked.dry_run).await?);
        }
        next = all.next().and_then(|shard| shards::end_number(&shard)).and_then(|end| end.checked_sub(1));
    }
    let next = next.map(|number| number.to_string());
    let count = u64::try_from(changed.len()).unwrap_or(u64::MAX);
    let answer = json!({"conversations": open, "changed": changed, "next": next});
    if asked.dry_run || (count == 0 && !identity.is_keyed) {
        return Ok(json(StatusCode::OK, &answer));
    }
    keep(context, caller, &identity, count, &answer).await?;
    answered(context, &identity).await
}

/// Keeps what was applied and answered.
async fn keep(
    context: &DeskContext,
    caller: &Caller,
    identity: &Identity,
    changed: u64,
    answer: &Value,
) -> Result<(), Problem> {
    let bytes = answer.to_string();
    let blob = context.journal.put_blob(&context.desk, bytes.as_bytes(), MAX_ANSWER_BYTES).await?;
    let version = context.pack().await?.version;
    let applied = ConfigEvent::TermsApplied { version, changed, blob: blob.to_string() };
    // Somebody may have published meanwhile.
    let config = context.journal.load::<Config>(context.config.stream(), context.now).await?;
    let mut commit = context.commit();
    commit.append(&config, vec![event(identity.id.clone(), &caller.actor(), identity.tag, applied)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(())
}

/// What the first of these calls was answered.
async fn answered(context: &DeskContext, identity: &Identity) -> Result<Response, Problem> {
    let gone = || Problem::unavailable("what was answered before cannot be read; ask for the tickets");
    let stream = context.config.stream();
    let config = context.journal.load::<Config>(stream, context.now).await?;
    identity.repeats(&config)?;
    let (_, events) = context.journal.load_events::<Config>(stream, None).await?;
    let blob = events.iter().find(|event| event.id.as_str() == identity.id).and_then(|e| match &e.data {
        ConfigEvent::TermsApplied { blob, .. } => BlobId::new(blob).ok(),
        _ => None,
    });
    let bytes = context.journal.get_blob(&context.desk, &blob.ok_or_else(gone)?).await?.ok_or_else(gone)?;
    let answer: Value = serde_json::from_slice(&bytes).map_err(|_| gone())?;
    Ok(json(StatusCode::OK, &answer))
}

async fn conversation(
    context: &DeskContext,
    caller: &Caller,
    name: &str,
    dry_run: bool,
) -> Result<Vec<Value>, Problem> {
    let pack = context.pack().await?;
    let stream = context.stream(Conversation::KIND, name)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    let state = &loaded.state;
    let versions = state.tickets.iter().flat_map(|ticket| ticket.timeline.pack_versions());
    let calendars = context.calendars(versions.chain([pack.version])).await?;
    let mut events = Vec::new();
    for ticket in state.tickets.iter().filter(|ticket| !ticket.category.is_done()) {
        if let Some(data) = outdated(state, pack.published(), ticket.ordinal, &calendars) {
            let id = format!("pack.{}.{}", pack.version, ticket.ordinal);
            events.push((ticket.ordinal, event(id, &caller.actor(), 0, data)?));
        }
    }
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let ordinals: Vec<u32> = events.iter().map(|(ordinal, _)| *ordinal).collect();
    let mut commit = context.commit();
    let after = commit.append(&loaded, events.into_iter().map(|(_, event)| event).collect())?;
    if !dry_run && !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    let changed = ordinals.into_iter().filter_map(|ordinal| {
        let (before, after) = (state.ticket(ordinal)?, after.state.ticket(ordinal)?);
        let was = before.timeline.results(&calendars, context.now);
        let is = after.timeline.results(&calendars, context.now);
        let targets: Vec<Value> = is.iter().filter_map(|view| moved(&was, view)).collect();
        Some(json!({"ticket": ids::ticket(name, ordinal), "number": before.number, "targets": targets}))
    });
    Ok(changed.collect())
}

/// What the change made of a target, if it made anything of it.
fn moved(before: &[TargetView], after: &TargetView) -> Option<Value> {
    let before = before.iter().find(|view| view.instance == after.instance);
    if before.is_some_and(|before| (before.state, before.due) == (after.state, after.due)) {
        return None;
    }
    let told = |view: &TargetView| json!({"state": view.state, "due": view.due, "policy": view.policy});
    Some(json!({"instance": after.instance, "before": before.map(told), "after": told(after)}))
}
