#![doc = include_str!("../README.md")]

mod answers;
mod articles;
mod check;
mod find;
mod import;
mod links;
mod list;
mod markdown;
mod missing;
mod show;

use relevo_edge::card_numbers;
use relevo_edge::http::{Incoming, Response, serve};
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

/// Largest body: a folder of articles.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("knowledge", request, MAX_BODY_BYTES, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let call = Call::admitted("knowledge", request).await?;
    // An import has a result for each of its files.
    if request.method != http::Method::GET && call.matched.route.name != "articles.import" {
        card_numbers::refuse(&call.context.pack().await?.pack, request)?;
    }
    match call.matched.route.name {
        "articles.archive" => articles::archive(&call).await,
        "articles.create" => articles::create(&call).await,
        "articles.import" => import::import(&call).await,
        "articles.list" => list::list(&call).await,
        "articles.missing" => missing::list(&call).await,
        "articles.publish" => articles::publish(&call).await,
        "articles.read" => articles::read(&call).await,
        "articles.update" => articles::update(&call).await,
        "articles.versions" => articles::versions(&call).await,
        "tickets.articles.link" => links::link(&call).await,
        "tickets.articles.unlink" => links::unlink(&call).await,
        "tickets.suggestions" => links::suggestions(&call).await,
        _ => {
            Err(Problem::not_found("unknown_path", "there is nothing under this path; see /api/openapi.json"))
        }
    }
}
