//! Sending: `POST /{version}/{page_id}/messages`. There is no idempotency key: a crash between sending and
//! recording can send twice.

use crate::{
    account::Account,
    meta,
    outbound::{
        Choices, FileSource, FormatError, Outbound, OutboundRequest, Outcome, at_most, count_at_most,
        path_segment,
    },
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, header::AUTHORIZATION};
use relevo_domain::message::AddressKind;
use serde_json::{Value, json};

const API_VERSION: &str = "v23.0";

/// Makes the request for one message.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    request(account, "page_id", &body(message, account, "messenger")?)
}

/// The request with a body of [`body`]; `own` is the setting with the sender's id.
pub(crate) fn request(
    account: &Account,
    own: &'static str,
    body: &Value,
) -> Result<OutboundRequest, FormatError> {
    let id = path_segment(account, own, None)?;
    let version = path_segment(account, "api_version", Some(API_VERSION))?;
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    OutboundRequest::json(format!("/{version}/{id}/messages"), body).with_secret(
        AUTHORIZATION,
        &format!("Bearer {}", token.expose()),
        "access_token",
    )
}

/// The body; `slug` is the channel.
pub(crate) fn body(message: &Outbound, account: &Account, slug: &str) -> Result<Value, FormatError> {
    if message.to.kind != AddressKind::User {
        return Err(FormatError::Unsupported("to anything but the provider's user ids"));
    }
    if message.template.is_some() {
        return Err(FormatError::Unsupported("templates of a provider"));
    }
    message.fits(slug)?;
    let content = match (message.attachments.first(), message.body_text()) {
        (Some(file), _) => {
            let kind = match file.kind.as_str() {
                kind @ ("image" | "audio" | "video") => kind,
                _ => "file",
            };
            let payload = match &file.source {
                FileSource::Link(url) => json!({ "url": url.0 }),
                FileSource::ProviderId(id) => json!({ "attachment_id": id }),
                FileSource::Bytes(_) => {
                    return Err(FormatError::Unsupported("files as bytes: give a link"));
                }
            };
            json!({ "attachment": { "type": kind, "payload": payload } })
        }
        (None, Some(text)) => {
            let mut content = json!({ "text": text });
            if let Some(interactive) = &message.interactive {
                content["quick_replies"] = quick_replies(&interactive.choices)?;
            }
            content
        }
        (None, None) => return Err(FormatError::Empty),
    };
    let mut body = json!({ "recipient": { "id": message.to.value.0 }, "message": content });
    if let Some(id) = &message.in_reply_to {
        body["reply_to"] = json!({ "mid": id });
    }
    if account.flag("human_agent") {
        body["messaging_type"] = "MESSAGE_TAG".into();
        body["tag"] = "HUMAN_AGENT".into();
    } else {
        body["messaging_type"] = "RESPONSE".into();
    }
    Ok(body)
}

/// Reads the provider's answer.
pub fn outcome(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    if !(200..300).contains(&status) {
        return meta::failure(status, headers, body);
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    Outcome::Sent { provider_id: answer.get("message_id").and_then(Value::as_str).map(str::to_owned) }
}

fn quick_replies(choices: &Choices) -> Result<Value, FormatError> {
    let Choices::Buttons(buttons) = choices else {
        return Err(FormatError::Unsupported("lists: use buttons"));
    };
    count_at_most("buttons", buttons.len(), 13)?;
    let replies = buttons.iter().map(|choice| {
        at_most("a button's title", &choice.title, 20)?;
        at_most("a button's id", &choice.id, 1000)?;
        Ok(json!({ "content_type": "text", "title": choice.title, "payload": choice.id }))
    });
    Ok(replies.collect::<Result<Vec<_>, FormatError>>()?.into())
}
