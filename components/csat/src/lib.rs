//! Surveys: `/s/{token}` shows the page and takes the vote; ticks and kicks decide which surveys are due.

mod decide;
mod follow;
mod invite;
mod opening;
mod page;
mod review;
mod vote;

use relevo_edge::api::Kick;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json, serve};
use relevo_edge::problem::Problem;
use relevo_edge::{auth, routes};
use relevo_projections::desks;
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("csat", request, 64 * 1024, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let matched = routes::find("csat", request)?;
    match matched.route.name {
        "survey.page" => vote::show(matched.part(0), request).await,
        "survey.answer" => vote::take(matched.part(0), request).await,
        "tick.surveys" => {
            desks::tick(request, "surveys", async |context: &DeskContext| {
                let mut report = decide::tick(context).await?;
                let followed = follow::tick(context).await?;
                let more =
                    [&report, &followed].iter().any(|r| r.get("more").and_then(Value::as_bool) == Some(true));
                if let (Some(report), Value::Object(followed)) = (report.as_object_mut(), followed) {
                    report.extend(followed);
                    report.insert("more".to_owned(), more.into());
                }
                Ok(report)
            })
            .await
        }
        "surveys.review" => review::review(&matched, request).await,
        _ => {
            auth::schedule(request).await?;
            let kick: Kick = request.json()?;
            let context = DeskContext::open(&kick.desk).await?;
            let issued = decide::all(&context, &kick.streams).await?;
            Ok(json(http::StatusCode::OK, &json!({"issued": issued})))
        }
    }
}
