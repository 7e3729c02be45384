//! `POST /internal/tick/projections`: follows every desk's feed and removes what has had its time.

use relevo_edge::api::Kick;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, serve};
use relevo_edge::problem::Problem;
use relevo_edge::{internal, routes};
use relevo_projections::{desks, follow};
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Feed entries of one desk in one tick.
const ENTRIES_PER_TICK: usize = 2_000;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("projector", request, 64 * 1024, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    routes::find("projector", request)?;
    desks::tick(request, "projections", async |context: &DeskContext| follow_desk(context).await).await
}

async fn follow_desk(context: &DeskContext) -> Result<Value, Problem> {
    let followed = follow::follow(context, ENTRIES_PER_TICK).await?;
    if !followed.queued.is_empty() {
        let kick = Kick { desk: context.desk.to_string(), streams: followed.queued };
        internal::kick("delivery", "/internal/send", kick);
    }
    Ok(json!({"entries": followed.entries, "more": followed.more}))
}
