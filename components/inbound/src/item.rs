//! An item that a webhook only named, read from its provider by `delivery`.

use crate::intake::{self, Origin};
use crate::notes;
use relevo_channels::{Parsed, Verified, podio};
use relevo_edge::api::ItemRead;
use relevo_edge::app::DeskContext;
use relevo_edge::auth;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::problem::Problem;
use serde_json::json;

/// `POST /internal/item`: the first time it is a message, from then on an event of the conversation that it is in.
pub async fn take(request: &Incoming) -> Result<Response, Problem> {
    auth::schedule(request).await?;
    let read: ItemRead = request.json()?;
    let unknown =
        || Problem::not_found("unknown_account", "there is no such account, or its items cannot be read");
    let context = DeskContext::open(&read.desk).await?;
    let pack = context.pack().await?;
    let account = context.account(&pack.pack, &read.channel, &read.account)?.ok_or_else(unknown)?;
    let channel = relevo_channels::channel(&read.channel).ok_or_else(unknown)?;
    if channel.slug != "podio" {
        return Err(unknown());
    }
    let origin = Origin { channel: channel.slug, account: &read.account };
    let malformed = |malformed: relevo_channels::Malformed| {
        Problem::bad_request("malformed", format!("{} at {}", malformed.why, malformed.pointer))
    };
    let first = podio::read_item(&read.item, &read.kind, false, &account).map_err(malformed)?;
    let conversation = notes::conversation_of_item(&context, origin, &first).await?;
    let item = match &conversation {
        Some(_) => podio::read_item(&read.item, &read.kind, true, &account).map_err(malformed)?,
        None => first,
    };
    let bytes = read.item.to_string().into_bytes();
    let whole = Verified::kept("application/json", bytes, context.now);
    intake::keep(&context, &pack, origin, Parsed::from(vec![item]), &whole).await?;
    Ok(json(http::StatusCode::OK, &json!({"known": conversation.is_some()})))
}
