//! `POST /internal/tick/sla`: warnings and breaches that are due. `POST /api/{desk}/sla/preview`: what would be.

mod preview;
mod tick;

use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, serve};
use relevo_edge::problem::Problem;
use relevo_edge::routes;
use relevo_projections::desks;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Largest body: a thousand previews with calendars of their own.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("sla", request, MAX_BODY_BYTES, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let matched = routes::find("sla", request)?;
    if matched.route.name == "tick.sla" {
        return desks::tick(request, "sla", async |context: &DeskContext| tick::desk(context).await).await;
    }
    let context = DeskContext::open(matched.part(0)).await.map_err(Problem::hide_absence)?;
    routes::admit(matched.route, &context, request).await?;
    preview::preview(&context, request).await
}
