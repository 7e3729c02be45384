//! A request that held an item which could not be understood: kept whole, and read once more when a person asks,
//! because a later version may understand it.

use crate::intake::{self, Origin};
use relevo_channels::Verified;
use relevo_domain::account::{Account, AccountEvent};
use relevo_domain::message::Inbound;
use relevo_edge::api::Again;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::auth;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::personal;
use relevo_edge::problem::Problem;
use relevo_journal::{BlobId, Fold};
use serde_json::json;

/// Largest request that is kept.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// Keeps a request if one of its items is a problem, and notes with these where. It may name anybody: it is sealed as
/// what the account has of people who are not known, and goes with it.
pub async fn keep_request(
    context: &DeskContext,
    origin: Origin<'_>,
    items: &mut [Inbound],
    request: &Verified,
) -> Result<(), Problem> {
    if !items.iter().any(|item| matches!(item, Inbound::Problem(_))) {
        return Ok(());
    }
    // Content type, line break, body: what its channel reads of a request.
    let content_type = request.request().header("content-type").unwrap_or_default();
    let bytes = [content_type.as_bytes(), b"\n", request.body()].concat();
    let key = personal::account_key(context, origin.channel, origin.account, intake::BY).await?;
    let blob = context.journal.put_sealed_blob(&context.desk, &key, &bytes, MAX_REQUEST_BYTES).await?;
    for item in items {
        if let Inbound::Problem(problem) = item {
            problem.request = Some(blob.to_string());
        }
    }
    Ok(())
}

/// `POST /internal/again`: what was understood the first time is a repeat.
pub async fn read(request: &Incoming) -> Result<Response, Problem> {
    auth::schedule(request).await?;
    let asked: Again = request.json()?;
    let unknown =
        || Problem::not_found("unknown_problem", "there is no such problem, or its request was not kept");
    let context = DeskContext::open(&asked.desk).await?;
    let pack = context.pack().await?;
    let channel = relevo_channels::channel(&asked.channel).ok_or_else(unknown)?;
    let account = context.account(&pack.pack, &asked.channel, &asked.account)?.ok_or_else(unknown)?;
    let blob = BlobId::new(&asked.request).map_err(|_| unknown())?;
    let bytes = context.journal.get_blob(&context.desk, &blob).await?.ok_or_else(unknown)?;
    let line = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(unknown)?;
    let (content_type, body) = bytes.split_at(line);
    let content_type = std::str::from_utf8(content_type).map_err(|_| unknown())?;
    let body = body.get(1..).unwrap_or_default().to_vec();
    let verified = Verified::kept(content_type, body, context.now);
    let mut parsed = (channel.parse)(&verified, &account)
        .map_err(|malformed| Problem::bad_request("malformed", malformed.why))?;
    let still: Vec<String> = parsed.items.iter().filter_map(problem_id).map(str::to_owned).collect();
    let resolved = !still.contains(&asked.external_id);
    // It was proved and counted when it came.
    parsed.once = None;
    let origin = Origin { channel: channel.slug, account: &asked.account };
    intake::keep(&context, &pack, origin, parsed, &verified).await?;
    if resolved {
        let name = context.keys.id("account", &[&asked.channel, &asked.account]);
        let stream = context.stream(Account::KIND, &name)?;
        let loaded = context.journal.load::<Account>(&stream, context.now).await?;
        let data = AccountEvent::ProblemResolved { problem: asked.problem.clone() };
        let mut commit = context.commit();
        commit.append(&loaded, vec![event(format!("resolved.{}", asked.problem), intake::BY, 0, data)?])?;
        context.journal.commit(commit).await?;
    }
    let answer = json!({"id": asked.problem, "resolved": resolved, "problems": still.len()});
    Ok(json(http::StatusCode::OK, &answer))
}

fn problem_id(item: &Inbound) -> Option<&str> {
    match item {
        Inbound::Problem(problem) => Some(&problem.external_id),
        _ => None,
    }
}
