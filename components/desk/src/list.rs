//! `GET …/tickets`: a work list, newest first, from the table of tickets; the newest events are followed first.

use crate::call::Call;
use crate::contacts;
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::category::Category;
use relevo_domain::conversation::{Conversation, view};
use relevo_domain::pack::Priority;
use relevo_domain::rows::TicketRow;
use relevo_edge::http::{Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, ids, internal};
use relevo_journal::Fold;
use relevo_projections::shards;
use serde_json::{Map, Value, json};

/// Shards that one call looks through; with filters that match little the answer may hold fewer items than the
/// limit and a cursor to go on with.
const SHARDS_PER_CALL: usize = 200;

/// Shards loaded at once.
const SHARDS_AT_ONCE: usize = 8;

/// What a work list is narrowed to.
struct Filter {
    queue: Option<String>,
    status: Option<String>,
    category: Option<Category>,
    assignee: Option<String>,
    team: Option<String>,
    priority: Option<Priority>,
    /// Out of sight at this moment, or not.
    snoozed: Option<bool>,
    now_ms: i64,
}

impl Filter {
    fn of(call: &Call<'_>) -> Result<Self, Problem> {
        let parameter = |name| call.request.parameter(name).filter(|v| !v.is_empty());
        let assignee = parameter("assignee").map(|a| if a == "me" { call.caller.person.clone() } else { a });
        let status = parameter("status");
        let category = status.as_deref().and_then(Category::parse);
        let priority = call.request.parameter("priority");
        let priority = priority.map(|word| serde_json::from_value(Value::String(word))).transpose();
        let priority = priority
            .map_err(|_| Problem::bad_request("bad_priority", "priority is low, normal, high or urgent"))?;
        let snoozed = call.request.parameter("snoozed").map(|word| word.parse()).transpose();
        let snoozed = snoozed.map_err(|_| Problem::bad_request("bad_snoozed", "snoozed is true or false"))?;
        let (queue, team) = (parameter("queue"), parameter("team"));
        let now_ms = call.context.now.timestamp_millis();
        Ok(Self { queue, status, category, assignee, team, priority, snoozed, now_ms })
    }

    fn admits(&self, row: &TicketRow) -> bool {
        let equal =
            |wanted: &Option<String>, actual: Option<&str>| wanted.is_none() || wanted.as_deref() == actual;
        let status = match (&self.status, self.category) {
            (None, _) => true,
            (Some(status), category) => *status == row.status || category == Some(row.category),
        };
        let assignee = match self.assignee.as_deref() {
            Some("none") => row.agent.is_none(),
            _ => equal(&self.assignee, row.agent.as_deref()),
        };
        status
            && assignee
            && equal(&self.queue, Some(&row.queue))
            && equal(&self.team, row.team.as_deref())
            && self
                .snoozed
                .is_none_or(|is| is == row.snoozed_until_ms.is_some_and(|until| until > self.now_ms))
            && self.priority.is_none_or(|wanted| wanted == row.priority)
    }
}

/// `GET …/tickets`
pub async fn tickets(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = limit(call)?;
    let filter = Filter::of(call)?;
    internal::follow(call.context.desk.as_str()).await?;
    let (rows, next) = match call.request.parameter("contact").filter(|c| !c.is_empty()) {
        Some(contact) => (contacts::rows(call, &contact).await?, None),
        None => scan(call, &filter, limit).await?,
    };
    let rows = rows.into_iter().filter(|row| filter.admits(row)).take(limit);
    let items = try_join_all(rows.map(|row| item(call, row))).await?;
    let items: Vec<_> = items.into_iter().flatten().collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

/// The `limit` parameter of lists.
pub fn limit(call: &Call<'_>) -> Result<usize, Problem> {
    let Some(text) = call.request.parameter("limit") else { return Ok(50) };
    let limit = text.parse().ok().filter(|limit| (1..=200).contains(limit));
    limit.ok_or_else(|| Problem::bad_request("bad_limit", "limit is a number from 1 to 200"))
}

/// Rows that match, newest first, and where to go on.
async fn scan(
    call: &Call<'_>,
    filter: &Filter,
    limit: usize,
) -> Result<(Vec<TicketRow>, Option<String>), Problem> {
    let below = match call.request.parameter("cursor").filter(|c| !c.is_empty()) {
        None => None,
        Some(text) => Some(cursor::parse_below(&text)?),
    };
    let newest = match below {
        Some(below) => below.saturating_sub(1),
        None => call.context.newest_ticket_number().await?,
    };
    let all: Vec<String> = shards::numbers_down_from(newest).take(SHARDS_PER_CALL + 1).collect();
    let mut found = Vec::new();
    for (n, some) in all.chunks(SHARDS_AT_ONCE).enumerate() {
        if n * SHARDS_AT_ONCE >= SHARDS_PER_CALL {
            let below = some.first().and_then(|shard| shards::end_number(shard));
            return Ok((found, below.map(cursor::below)));
        }
        for shard in shards::load_all::<TicketRow, _>(&call.context, some).await? {
            let mut rows: Vec<_> = shard
                .state
                .rows()
                .map(|(_, row)| row)
                .filter(|row| row.number <= newest && filter.admits(row))
                .cloned()
                .collect();
            rows.sort_by_key(|row| std::cmp::Reverse((row.number, row.ordinal)));
            found.extend(rows);
            if found.len() > limit {
                found.truncate(limit);
                let next = found.last().map(|row| cursor::below(row.number));
                return Ok((found, next));
            }
        }
    }
    Ok((found, None))
}

/// A list item: from the conversation itself, so that it is never older than the row.
async fn item(call: &Call<'_>, row: TicketRow) -> Result<Option<Value>, Problem> {
    let stream = call.context.stream(Conversation::KIND, &row.conversation)?;
    let loaded = call.context.journal.load::<Conversation>(&stream, call.context.now).await?;
    let state = &loaded.state;
    let (Some(party), Some(ticket)) = (&state.party, state.ticket(row.ordinal)) else { return Ok(None) };
    // Of duplicates at once each took a number, and a follower may have seen that of one that was dropped since.
    if ticket.number != row.number {
        return Ok(None);
    }
    let mut item: Map<String, Value> =
        view::item(&ids::ticket(&row.conversation, row.ordinal), party, ticket);
    if let Some(due) = row.sla_due_ms.and_then(chrono::DateTime::from_timestamp_millis) {
        item.insert("sla_due_at".to_owned(), json!(view::rfc3339(due)));
    }
    Ok(Some(Value::Object(item)))
}
