//! `GET /api/{desk}/tickets/{ticket}/sla`: a ticket's targets and their event log, as they stand now.

use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_domain::conversation::{Conversation, Ticket, decide};
use relevo_edge::app::{Calendars, DeskContext};
use relevo_edge::http::{Response, json};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use serde_json::{Value, json};

/// Computes the targets of a ticket.
pub async fn targets(context: &DeskContext, id: &str) -> Result<Response, Problem> {
    let (conversation, ordinal) = ids::parse_ticket(id)?;
    let stream = context.stream(Conversation::KIND, conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    let ticket = decide::existing(&loaded.state, ordinal)?;
    let calendars = context.calendars(ticket.timeline.pack_versions()).await?;
    Ok(json(StatusCode::OK, &view(ticket, &calendars, context.now)))
}

/// The targets of a ticket as they are answered.
pub fn view(ticket: &Ticket, calendars: &Calendars, now: DateTime<Utc>) -> Value {
    json!({"targets": ticket.timeline.evaluate(calendars, now)})
}
