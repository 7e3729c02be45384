//! Doing something for every desk, on the schedule.

use crate::vitals::{self, TickNote};
use chrono::{DateTime, Utc};
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::{auth, clock, meter};
use relevo_journal::Journal;
use relevo_journal::store::spin::SpinStore;
use serde_json::{Map, Value};

/// Runs a tick: authenticates the schedule, then does `work` for each desk. A desk that fails does not keep the
/// others from theirs; its failure is in the answer and in the log.
///
/// # Errors
/// 401 without the schedule's token, 503 if the desks cannot be read.
pub async fn tick(
    request: &Incoming,
    name: &'static str,
    work: impl AsyncFn(&DeskContext) -> Result<Value, Problem>,
) -> Result<Response, Problem> {
    auth::schedule(request).await?;
    let begun: DateTime<Utc> = clock::now();
    let journal = Journal::new(SpinStore::open("default").await?);
    let result = run(&journal, name, begun, work).await;
    // Nothing hangs on the note: a tick is not worse for not being noted.
    let ok = result.as_ref().is_ok_and(|response| response.status().is_success());
    let took = clock::now() - begun;
    let _ =
        vitals::note_tick(&journal, name, TickNote { at: begun, took_ms: took.num_milliseconds(), ok }).await;
    if !ok {
        meter::count(&["tick_failed", name]);
    }
    result
}

async fn run(
    journal: &Journal<SpinStore>,
    name: &'static str,
    now: DateTime<Utc>,
    work: impl AsyncFn(&DeskContext) -> Result<Value, Problem>,
) -> Result<Response, Problem> {
    let mut done = Map::new();
    let mut failed = false;
    for desk in journal.all_desks(now).await? {
        let result = match DeskContext::open(desk.as_str()).await {
            Ok(context) => work(&context).await,
            Err(problem) => Err(problem),
        };
        let report = result.unwrap_or_else(|problem| {
            failed = true;
            relevo_edge::log::event(
                "tick.failed",
                &[
                    ("tick", name.into()),
                    ("desk", desk.as_str().into()),
                    ("why", problem.detail.clone().into()),
                ],
            );
            serde_json::json!({"failed": problem.code})
        });
        done.insert(desk.to_string(), report);
    }
    let status = if failed { http::StatusCode::SERVICE_UNAVAILABLE } else { http::StatusCode::OK };
    Ok(json(status, &Value::Object(done)))
}
