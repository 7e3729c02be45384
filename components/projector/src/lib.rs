//! `POST /internal/tick/projections` follows every desk's feed, `POST /internal/follow` and
//! `POST /internal/words` one desk's before a list or what was said is read;
//! `POST /internal/tick/anchors` says from time to time what there is, for the audit.
//! `GET /internal/metrics` and `GET /internal/health` tell how the application is.

mod watch;

use relevo_edge::api::Kick;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json, serve};
use relevo_edge::problem::Problem;
use relevo_edge::{auth, internal, routes};
use relevo_privacy::retention;
use relevo_projections::{anchors, desks, follow, housekeeping, words};
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Feed entries followed before a list is read.
const ENTRIES_PER_READ: usize = 512;

/// Feed entries of one desk in one tick.
const ENTRIES_PER_TICK: usize = 2_000;

/// Hundreds of tickets of one desk that are indexed anew in one tick.
const HUNDREDS_PER_TICK: usize = 10;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("projector", request, 64 * 1024, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    match routes::find("projector", request)?.route.name {
        "feed.follow" => {
            auth::schedule(request).await?;
            let kick: Kick = request.json()?;
            let context = DeskContext::open(&kick.desk).await?;
            Ok(json(http::StatusCode::OK, &follow_desk(&context, ENTRIES_PER_READ).await?))
        }
        "words.follow" => {
            auth::schedule(request).await?;
            let kick: Kick = request.json()?;
            let context = DeskContext::open(&kick.desk).await?;
            let followed = words::follow(&context, ENTRIES_PER_READ).await?;
            Ok(json(http::StatusCode::OK, &json!({"entries": followed.entries, "more": followed.more})))
        }
        "metrics.read" => watch::metrics(request).await,
        "health.read" => watch::health(request).await,
        "tick.anchors" => {
            let at_once = request.parameter("now").as_deref() == Some("true");
            desks::tick(request, "anchors", async |context: &DeskContext| {
                let done = anchors::anchor(context, at_once).await?;
                Ok(json!({"anchors": done.anchors, "streams": done.streams, "more": done.more}))
            })
            .await
        }
        _ => {
            desks::tick(request, "projections", async |context: &DeskContext| {
                let report = follow_desk(context, ENTRIES_PER_TICK).await?;
                let indexed = words::follow(context, ENTRIES_PER_TICK).await?;
                // What is indexed anew is read from the lists: they must have all of it.
                if report["more"] == json!(false) && !indexed.more {
                    words::fill(context, HUNDREDS_PER_TICK).await?;
                }
                if housekeeping::keep_house(context).await? {
                    retention::step(context).await?;
                }
                Ok(report)
            })
            .await
        }
    }
}

async fn follow_desk(context: &DeskContext, limit: usize) -> Result<Value, Problem> {
    let followed = follow::follow(context, limit).await?;
    if !followed.queued.is_empty() {
        let kick = Kick { desk: context.desk.to_string(), streams: followed.queued };
        internal::kick("delivery", "/internal/send", kick);
    }
    if !followed.owing.is_empty() {
        let kick = Kick { desk: context.desk.to_string(), streams: followed.owing };
        internal::kick("sla", "/internal/notices", kick);
    }
    Ok(json!({"entries": followed.entries, "more": followed.more}))
}
