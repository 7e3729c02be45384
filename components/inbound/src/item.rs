//! An item that a webhook only named, read from its provider by `delivery`.

use crate::intake::{self, Origin};
use crate::notes;
use chrono::{DateTime, TimeDelta};
use relevo_channels::{Parsed, Verified, podio};
use relevo_edge::api::ItemRead;
use relevo_edge::app::DeskContext;
use relevo_edge::auth;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::problem::Problem;
use serde_json::json;

/// Comments that are looked at when one is announced: longer than a delivery is tried.
const COMMENTS_OF: TimeDelta = TimeDelta::days(3);

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
    let message = podio::read_item(&read.item, &account).map_err(malformed)?;
    let is_known = notes::conversation_of_item(&context, origin, &message).await?.is_some();
    // What an item says is in its message; a hook that was missed, or that overtook another, has others told of in time.
    let kind = if is_known { &read.kind } else { podio::COMMENT };
    let since = if is_known { context.now - COMMENTS_OF } else { DateTime::UNIX_EPOCH };
    let news = podio::read_news(&read.item, kind, since, &account).map_err(malformed)?;
    let whole = Verified::kept("application/json", read.item.to_string().into_bytes(), context.now);
    let message = (!is_known).then(|| vec![message]);
    for items in message.into_iter().chain([news]).filter(|items| !items.is_empty()) {
        intake::keep(&context, &pack, origin, Parsed::from(items), &whole).await?;
    }
    Ok(json(http::StatusCode::OK, &json!({"known": is_known})))
}
