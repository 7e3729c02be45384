//! Podio hooks: they name what changed and nothing else, so the item is read back.
//!
//! Nothing is signed: the secret is part of the URL. A new hook sends `hook.verify` with a code that is posted
//! back ([`validation`]). A repeat is known by hook, type, item and revision.
//!
//! Source: Podio, "Hooks".

use crate::{
    account::Account,
    crypto,
    fields::Form,
    outbound::{FormatError, OutboundRequest, Outcome, retry_after},
    parsed::{Answer, Malformed, Parsed},
    presented,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, header};
use relevo_domain::{
    Private,
    message::{Inbound, OtherEvent},
};
use serde_json::Value;

/// The provider's API.
pub const BASE_URL: &str = "https://api.podio.com";

/// The handshake is an event like the others: `parse` gives it.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Compares the secret in the URL.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    presented::in_url(request, account, now)
}

/// Reads the one event: `hook.verify` with `hook_id` and `code`, or `item.update` and the like with `hook_id`,
/// `item_id`, `item_revision_id`.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let form = Form::urlencoded(request.body());
    let kind = form.filled("type").ok_or_else(|| Malformed::at("type", "missing"))?;
    let hook = form.filled("hook_id").ok_or_else(|| Malformed::at("hook_id", "missing"))?;
    let data = form.object(|_| true);
    let own = ["item_id", "task_id", "comment_id", "file_id"].iter().find_map(|name| form.filled(name));
    let part = match kind {
        "hook.verify" => form.filled("code").ok_or_else(|| Malformed::at("code", "missing"))?.to_owned(),
        _ => match (own, form.filled("item_revision_id")) {
            (Some(own), Some(revision)) => format!("{own}:{revision}"),
            // Without a revision the rest of the event tells it from the others.
            _ => crypto::fingerprint(Value::Object(data.clone()).to_string().as_bytes()),
        },
    };
    Ok(vec![Inbound::Other(OtherEvent {
        external_id: format!("{hook}:{kind}:{part}"),
        kind: kind.to_owned(),
        from: None,
        data: Private(Value::Object(data)),
    })]
    .into())
}

/// The request that answers `hook.verify`.
pub fn validation(account: &Account, hook_id: &str, code: &str) -> Result<OutboundRequest, FormatError> {
    let body = form_urlencoded::Serializer::new(String::new()).append_pair("code", code).finish();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let path = format!("/hook/{}/verify/validate", digits(hook_id)?);
    authorised(account, OutboundRequest { method: Method::POST, path, headers, body: body.into_bytes() })
}

/// Reads the answer to [`validation`].
pub fn validated(status: u16, headers: &HeaderMap, _: &[u8]) -> Outcome {
    let why = format!("HTTP {status}");
    match status {
        200..=299 => Outcome::Sent { provider_id: None },
        408 | 420 | 429 | 500.. => Outcome::Retry { after_seconds: retry_after(headers), why },
        _ => Outcome::Refused { why },
    }
}

/// The request that reads an item back.
pub fn read_back(account: &Account, item_id: &str) -> Result<OutboundRequest, FormatError> {
    let path = format!("/item/{}", digits(item_id)?);
    let headers = HeaderMap::new();
    authorised(account, OutboundRequest { method: Method::GET, path, headers, body: Vec::new() })
}

fn authorised(account: &Account, request: OutboundRequest) -> Result<OutboundRequest, FormatError> {
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    request.with_secret(header::AUTHORIZATION, &format!("OAuth2 {}", token.expose()), "access_token")
}

/// Ids come from outside and go into a path.
fn digits(id: &str) -> Result<&str, FormatError> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) {
        Ok(id)
    } else {
        Err(FormatError::Invalid { what: "the provider's id", why: "it is not a number" })
    }
}
