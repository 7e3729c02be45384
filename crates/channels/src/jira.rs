//! Jira Cloud webhooks: what happens to linked issues.
//!
//! Signature: `X-Hub-Signature: sha256=<hex HMAC-SHA256(secret, raw body)>`. A repeat (there are five) is known by
//! `X-Atlassian-Webhook-Identifier`. Nothing here is a customer's message: each is an event of its kind
//! (`jira:issue_updated`, `comment_created` …) with the key, status and what changed.
//!
//! Source: Atlassian, "Jira Cloud platform: webhooks".

use crate::{
    account::Account,
    crypto, json,
    parsed::{Answer, Malformed, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Inbound, OtherEvent},
};
use serde_json::Value;

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Checks the signature.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let header =
        request.header("x-hub-signature").filter(|value| !value.is_empty()).ok_or(Refusal::Missing)?;
    let signature = crypto::from_hex(header.strip_prefix("sha256=").ok_or(Refusal::Unreadable)?)?;
    crypto::any_secret(&account.secrets, &signature, |key| crypto::hmac_sha256(key, &[&request.body]))?;
    Ok(request.verified(now))
}

/// Reads the one event.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let body = json::body_object(request.body())?;
    let kind = json::text(&body, "webhookEvent");
    let kind = kind.ok_or_else(|| Malformed::at("/webhookEvent", "not a string"))?.to_owned();
    let id = request.request().header("x-atlassian-webhook-identifier").filter(|id| !id.is_empty());
    let external_id = id.map_or_else(|| crypto::fingerprint(request.body()), str::to_owned);
    let data = Private(Value::Object(body));
    Ok(vec![Inbound::Other(OtherEvent { external_id, kind, from: None, data })].into())
}
