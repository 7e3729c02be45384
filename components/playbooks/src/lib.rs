//! `/api/{desk}/playbooks/…`: the desk's decision trees, their runs, and what runs tell of them.

mod books;
mod end;
mod figures;
mod runs;
mod show;
mod ticket;

use relevo_edge::http::{Incoming, Response, serve};
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Largest body: what is written down at a node.
const MAX_BODY_BYTES: usize = 256 * 1024;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("playbooks", request, MAX_BODY_BYTES, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let call = Call::admitted("playbooks", request).await?;
    match call.matched.route.name {
        "playbooks.list" => books::list(&call).await,
        "playbooks.read" => books::read(&call).await,
        "playbooks.statistics" => figures::statistics(&call).await,
        "runs.answer" => runs::answer(&call).await,
        "runs.back" => runs::back(&call).await,
        "runs.begin" => runs::begin(&call).await,
        "runs.list" => figures::list(&call).await,
        "runs.read" => runs::read(&call).await,
        _ => {
            Err(Problem::not_found("unknown_path", "there is nothing under this path; see /api/openapi.json"))
        }
    }
}
