//! `GET /api/{desk}/reports/{report}` and `GET /api/{desk}/surveys`: read only.

mod accept;
mod load;
mod period;
mod report;
mod surveys;
mod write;

use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, serve};
use relevo_edge::problem::Problem;
use relevo_edge::routes;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("reports", request, 64 * 1024, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let matched = routes::find("reports", request)?;
    // Whoever has no token learns nothing about which desks there are.
    let context = DeskContext::open(matched.part(0)).await.map_err(Problem::hide_absence)?;
    let caller = routes::admit(matched.route, &context, request).await?;
    match matched.route.name {
        "surveys.list" => surveys::list(&context, &caller, request).await,
        _ => report::read(&context, &caller, request, matched.part(1)).await,
    }
}
