//! `POST /api/{desk}/tickets/{ticket}/sla/excuse`: a lead says why a breach does not count.

use crate::targets;
use http::StatusCode;
use relevo_domain::conversation::{Conversation, ConversationEvent, decide, excuse};
use relevo_edge::api;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::auth::Caller;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::problem::Problem;
use relevo_edge::{card_numbers, ids};
use relevo_journal::{EventId, Fold};

/// Records the excuse and answers with the targets as they then are. The same excuse again is a repeat, also without an
/// Idempotency-Key.
pub async fn excuse_breach(
    context: &DeskContext,
    caller: &Caller,
    request: &Incoming,
    id: &str,
) -> Result<Response, Problem> {
    let body: api::NewExcuse = request.json()?;
    card_numbers::refuse(&context.pack().await?.pack, request)?;
    let (conversation, ordinal) = ids::parse_ticket(id)?;
    let stream = context.stream(Conversation::KIND, conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    let ticket = decide::existing(&loaded.state, ordinal)?;
    let calendars = context.calendars(ticket.timeline.pack_versions()).await?;
    let identity = Identity::of(context, &caller.person, request)?;
    if identity.repeats(&loaded)? {
        return Ok(json(StatusCode::OK, &targets::view(ticket, &calendars, context.now)));
    }
    let excused = excuse(&loaded.state, &calendars, ordinal, &body.target, body.reason, context.now)?;
    // Without a key it is named by what is said: whoever says the same again changes nothing.
    let text = serde_json::to_string(&excused).unwrap_or_default();
    let said = format!("excuse.{}", context.keys.id("excuse", &[conversation, &caller.person, &text]));
    let name = if identity.is_keyed { identity.id.clone() } else { said };
    let said_before = EventId::new(name.clone()).ok().and_then(|id| loaded.seen(&id)).is_some();
    if let ConversationEvent::BreachExcused { instance, .. } = &excused
        && !said_before
        && ticket.timeline.is_excused(instance)
    {
        let detail = format!("{instance} is excused already; the history says why and by whom");
        return Err(Problem::new(StatusCode::CONFLICT, "already_excused", detail));
    }
    let mut commit = context.commit();
    let after = commit.append(&loaded, vec![event(name, &caller.actor(), identity.tag, excused)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    let after = identity.confirm(context, after).await?;
    let ticket = decide::existing(&after.state, ordinal)?;
    Ok(json(StatusCode::OK, &targets::view(ticket, &calendars, context.now)))
}
