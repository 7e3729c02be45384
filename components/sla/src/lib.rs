//! `POST /internal/tick/sla`: warnings, breaches and escalations that are due. `POST /api/{desk}/sla/preview`: what
//! would be. A ticket's targets, excuses, and who is on shift.

mod apply;
mod excuse;
mod periods;
mod preview;
mod reminder;
mod shifts;
mod simulate;
mod targets;
mod tick;

use relevo_domain::pack::PackProblem;
use relevo_edge::api::{Compile, NextOpen, OpensAt};
use relevo_edge::app::{DeskContext, calendars};
use relevo_edge::http::{Incoming, Response, Streamed, json, serve_streamed, whole};
use relevo_edge::problem::Problem;
use relevo_edge::{auth, routes};
use relevo_projections::desks;
use serde_json::Value;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Largest body: a thousand previews with calendars of their own.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve_streamed("sla", request, MAX_BODY_BYTES, route).await
}

async fn route(request: &Incoming) -> Result<Streamed, Problem> {
    let matched = routes::find("sla", request)?;
    match matched.route.name {
        "tick.sla" => {
            let tick = async |context: &DeskContext| tick::desk(context).await;
            return desks::tick(request, "sla", tick).await.map(whole);
        }
        "calendars.check" => {
            auth::schedule(request).await?;
            return check_calendars(request).map(whole);
        }
        "notices.record" => {
            auth::schedule(request).await?;
            return tick::portion(request).await.map(whole);
        }
        "calendars.opens" => {
            auth::schedule(request).await?;
            return opens(request).await.map(whole);
        }
        _ => {}
    }
    let context = DeskContext::open(matched.part(0)).await.map_err(Problem::hide_absence)?;
    let caller = routes::admit(matched.route, &context, request).await?;
    match matched.route.name {
        "automations.simulate" => return simulate::automations(context, &caller, request).await,
        "sla.simulate" => return simulate::policies(context, &caller, request).await,
        _ => {}
    }
    let answer = match matched.route.name {
        "sla.apply" => apply::apply(&context, &caller, request).await,
        "periods.list" => periods::periods(&context, request).await,
        "shifts.list" => shifts::shifts(&context, request).await,
        "tickets.sla.excuse" => excuse::excuse_breach(&context, &caller, request, matched.part(1)).await,
        "tickets.sla" => targets::targets(&context, matched.part(1)).await,
        _ => preview::preview(&context, request).await,
    };
    answer.map(whole)
}

/// What is wrong with the calendars of a pack.
fn check_calendars(request: &Incoming) -> Result<Response, Problem> {
    let body: Compile = request.json()?;
    // The caller has parsed the pack itself.
    let documents = body.pack.get("calendars").and_then(Value::as_object);
    let wrong = calendars(documents.into_iter().flatten()).err().unwrap_or_default();
    let problems: Vec<_> =
        wrong.into_iter().map(|(pointer, message)| PackProblem::at(pointer, message)).collect();
    Ok(json(http::StatusCode::OK, &problems))
}

/// When a calendar is open next.
async fn opens(request: &Incoming) -> Result<Response, Problem> {
    let body: NextOpen = request.json()?;
    let context = DeskContext::open(&body.desk).await?;
    let pack = context.pack().await?;
    let unknown = || Problem::not_found("unknown_calendar", "the pack has no such calendar");
    let calendar = pack.calendar(&body.calendar).ok_or_else(unknown)?;
    let at = calendar.next_open(body.at).map_err(|error| Problem::invalid("/at", error.to_string()))?;
    Ok(json(http::StatusCode::OK, &OpensAt { at }))
}
