//! `GET …/tickets`: a work list from the table of tickets; the newest events are followed first.
//!
//! Newest and oldest go through the shards by number. The orders of work read the heads of all shards, one read for ten
//! thousand tickets that there ever were, and then the shards that may hold what comes next. Subjects and custom fields
//! are personal and in no table: they are looked at in the conversations of the rows that fit otherwise.

mod by_fields;
mod query;
mod scan;
mod search;

use crate::call::Call;
use crate::contacts;
pub use by_fields::Looked;
use futures::future::try_join_all;
use http::StatusCode;
use query::Query;
pub use query::{MAX_MINUTES, filter, knows, view};
use relevo_domain::conversation::{Conversation, Ticket, view as shapes};
use relevo_domain::rows::TicketRow;
use relevo_edge::http::{Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, ids, internal};
use relevo_journal::Fold;
pub use scan::live;
use serde_json::{Map, Value, json};

/// `GET …/tickets`
pub async fn tickets(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = limit(call)?;
    let query = Query::of(call).await?;
    if let Some(looked_for) = &query.text {
        return search::tickets(call, &query, looked_for, limit).await;
    }
    internal::follow(call.context.desk.as_str()).await?;
    let page = match &query.contact {
        Some(contact) => scan::among(contacts::rows(call, contact).await?, &query, limit),
        None => scan::page(call, &query, limit).await?,
    };
    let order = query.order;
    let next = page.next.map(|key| cursor::in_order(order, key));
    let items = try_join_all(page.rows.into_iter().map(|row| item(call, &query, row))).await?;
    let items: Vec<_> = items.into_iter().flatten().collect();
    let order = json!({"by": order.as_str(), "explained": order.explained()});
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next, "order": order})))
}

/// The `limit` parameter of lists.
pub fn limit(call: &Call<'_>) -> Result<usize, Problem> {
    let Some(text) = call.request.parameter("limit") else { return Ok(50) };
    let limit = text.parse().ok().filter(|limit| (1..=200).contains(limit));
    limit.ok_or_else(|| Problem::bad_request("bad_limit", "limit is a number from 1 to 200"))
}

/// A list item: from the conversation itself, so that it is never older than the row.
async fn item(call: &Call<'_>, query: &Query, row: TicketRow) -> Result<Option<Value>, Problem> {
    let stream = call.context.stream(Conversation::KIND, &row.conversation)?;
    let loaded = call.context.journal.load::<Conversation>(&stream, call.context.now).await?;
    let state = &loaded.state;
    let (Some(party), Some(ticket)) = (&state.party, state.ticket(row.ordinal)) else { return Ok(None) };
    // Of duplicates at once each took a number, and a follower may have seen that of one that was dropped since.
    if ticket.number != row.number || !admits(query, ticket) {
        return Ok(None);
    }
    let mut item: Map<String, Value> =
        shapes::item(&ids::ticket(&row.conversation, row.ordinal), party, ticket);
    call.hidden.leave_out(&mut item);
    if let Some(due) = row.due_ms.and_then(chrono::DateTime::from_timestamp_millis) {
        item.insert("sla_due_at".to_owned(), json!(shapes::rfc3339(due)));
    }
    item.insert("why".to_owned(), query.order.why(&row, call.context.now.timestamp_millis()));
    Ok(Some(Value::Object(item)))
}

/// What no table holds.
fn admits(query: &Query, ticket: &Ticket) -> bool {
    let subject = || ticket.subject.as_ref().map(|subject| subject.0.to_lowercase()).unwrap_or_default();
    query.subject.as_ref().is_none_or(|part| subject().contains(part))
        && query.filters.iter().all(|filter| filter.admits_fields(&ticket.fields.0))
}
