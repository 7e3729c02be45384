//! Deliveries: what is on its way, what was given up, and trying it again.

use crate::call::Call;
use chrono::Duration;
use http::StatusCode;
use relevo_domain::conversation::{Conversation, ConversationEvent, view};
use relevo_domain::message::DeliveryState;
use relevo_domain::outbox::{Outbox, OutboxEvent, Status};
use relevo_domain::rows::{DeliveryRow, delivery_row};
use relevo_edge::api::Kick;
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::partitions;
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, ids, internal};
use relevo_journal::{Fold, Loaded};
use relevo_projections::shards;
use serde_json::{Value, json};
use std::cmp::Reverse;

/// Days that the list goes back.
const DAYS: i64 = 30;

/// `GET …/outbox`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = crate::list::limit(call)?;
    let status = match call.request.parameter("status").as_deref() {
        None => None,
        Some("queued") => Some(Status::Queued),
        Some("sent") => Some(Status::Sent),
        Some("failed") => Some(Status::Failed),
        Some("held") => Some(Status::Held),
        Some("cancelled") => Some(Status::Cancelled),
        Some(_) => {
            let detail = "status is queued, sent, failed, held or cancelled";
            return Err(Problem::bad_request("bad_status", detail));
        }
    };
    let after = call.request.parameter("cursor");
    let after = after.as_deref().map(cursor::parse_after).transpose()?.map(|(ms, key)| (Reverse(ms), key));
    let context = &call.context;
    internal::follow(context.desk.as_str()).await?;
    let days = shards::days_down(context.now - Duration::days(DAYS), context.now);
    let mut rows: Vec<(String, DeliveryRow)> = Vec::new();
    for shard in shards::load_all::<DeliveryRow, _>(context, &days).await? {
        let matching = shard.state.rows().filter(|(_, row)| status.is_none_or(|s| s == row.status));
        rows.extend(matching.map(|(key, row)| (key.to_owned(), row.clone())));
    }
    rows.retain(|(key, row)| after.is_none_or(|after| (Reverse(row.queued_ms), key.as_str()) > after));
    rows.sort_by_key(|(key, row)| (Reverse(row.queued_ms), key.clone()));
    let (mut items, mut last, mut next) = (Vec::new(), None, None);
    let pack = context.pack().await?;
    let divided = !pack.pack.partitions.is_empty();
    for (key, row) in &rows {
        if items.len() >= limit {
            next = last;
            break;
        }
        let ticket = row.ticket.as_deref().filter(|_| divided);
        let hidden = match ticket {
            Some(id) => partitions::ticket(context, &pack.pack, &call.caller, id).await.is_err(),
            None => false,
        };
        items.extend((!hidden).then(|| item(key, row)));
        last = Some(cursor::after(row.queued_ms, key));
    }
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

/// `GET …/outbox/{entry}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let (name, loaded) = load(call).await?;
    answer(&name, &loaded, StatusCode::OK)
}

/// `POST …/outbox/{entry}/retry`
pub async fn retry(call: &Call<'_>) -> Result<Response, Problem> {
    let (name, loaded) = load(call).await?;
    let context = &call.context;
    let identity = call.identity()?;
    if identity.repeats(&loaded)? {
        return answer(&name, &loaded, StatusCode::OK);
    }
    if loaded.state.status != Status::Failed {
        let detail = "only a delivery that was given up can be tried again";
        return Err(Problem::new(StatusCode::CONFLICT, "not_failed", detail));
    }
    let actor = call.caller.actor();
    let mut commit = context.commit();
    let after = commit
        .append(&loaded, vec![event(identity.id.clone(), &actor, identity.tag, OutboxEvent::Retried)?])?;
    if let Some((conversation, message)) = loaded.state.entry.as_ref().and_then(|e| e.message.clone()) {
        let stream = context.stream(Conversation::KIND, &conversation)?;
        let conversation = context.journal.load::<Conversation>(&stream, context.now).await?;
        let delivery = conversation.state.message(&message).and_then(|message| message.delivery);
        if delivery.is_some_and(|delivery| delivery != DeliveryState::Failed) {
            let detail = "what it carries has gone another way; the customer would have it twice";
            return Err(Problem::new(StatusCode::CONFLICT, "rerouted", detail));
        }
        let retried = ConversationEvent::DeliveryRetried { message };
        commit.append(&conversation, vec![event(identity.id, &actor, identity.tag, retried)?])?;
    }
    context.journal.commit(commit).await?;
    let kick = Kick { desk: context.desk.to_string(), streams: vec![name.clone()] };
    internal::kick("delivery", "/internal/send", kick);
    answer(&name, &after, StatusCode::OK)
}

async fn load(call: &Call<'_>) -> Result<(String, Loaded<Outbox>), Problem> {
    let name = ids::parse(call.matched.part(1), ids::OUTBOX, "delivery")?;
    let stream = call.context.stream(Outbox::KIND, name)?;
    let loaded = call.context.journal.load::<Outbox>(&stream, call.context.now).await?;
    if loaded.is_new() {
        return Err(Problem::not_found("unknown_delivery", "there is no such delivery at this desk"));
    }
    Ok((name.to_owned(), loaded))
}

fn answer(name: &str, loaded: &Loaded<Outbox>, status: StatusCode) -> Result<Response, Problem> {
    let row = delivery_row(&loaded.state)
        .ok_or_else(|| Problem::not_found("unknown_delivery", "there is no such delivery at this desk"))?;
    Ok(json(status, &item(name, &row)))
}

fn item(name: &str, row: &DeliveryRow) -> Value {
    let instant = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).map(view::rfc3339);
    json!({
        "id": format!("{}{name}", ids::OUTBOX),
        "status": row.status,
        "to": row.to,
        "ticket": row.ticket,
        "queued_at": instant(row.queued_ms),
        "next_attempt_at": row.next_ms.and_then(instant),
        "attempts": row.attempts,
        "why": row.why,
    })
}
