//! Drains the outbox: the only component that reaches providers and subscribers.
//!
//! `POST /internal/send` sends named entries at once, `POST /internal/tick/delivery` what is due.

mod accounts;
mod exchange;
mod fallback;
mod fetch;
mod format;
mod held;
mod issue;
mod queue;
mod read_back;
mod record;
mod send;
mod whatsapp;

use relevo_edge::api::Kick;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json, serve};
use relevo_edge::problem::Problem;
use relevo_edge::{auth, internal, routes};
use relevo_projections::agenda::{self, Work};
use relevo_projections::desks;
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Entries sent in one tick of a desk.
const PER_TICK: usize = 200;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("delivery", request, 1024 * 1024, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let matched = routes::find("delivery", request)?;
    if matched.route.name == "tick.delivery" {
        return desks::tick(request, "delivery", async |context: &DeskContext| tick(context).await).await;
    }
    auth::schedule(request).await?;
    let kick: Kick = request.json()?;
    let context = DeskContext::open(&kick.desk).await?;
    let sent = queue::all(&context, &kick.streams).await?;
    Ok(json(http::StatusCode::OK, &json!({"sent": sent})))
}

async fn tick(context: &DeskContext) -> Result<Value, Problem> {
    internal::follow(context.desk.as_str()).await?;
    let due = agenda::due(context, Work::Delivery, PER_TICK).await?;
    let sent = queue::all(context, &due.streams).await?;
    let report = json!({"due": due.streams.len(), "sent": sent, "more": due.more});
    agenda::done(context, Work::Delivery, due).await?;
    Ok(report)
}
