//! Podio hooks: they name what changed and nothing else, so the item is read back.
//!
//! Nothing is signed: the secret is part of the URL. A new hook sends `hook.verify` with a code that is posted
//! back. A repeat is known by hook, type, item and revision. The item that a hook of [`READ_BACK`] names is read from the
//! API ([`Call`]) and becomes a message ([`read_item`]), or events of the conversation that it already has ([`read_news`]).
//!
//! Settings: `app_id`, `client_id` ([`Call`]); `contact_field`, the external id of the field that says whom the item is
//! about (else the first with a mail address, or a phone number).
//!
//! Source: Podio, "Hooks".

mod access;
mod item;

pub use access::{Call, Token};
pub use item::{COMMENT, READ_BACK, item_of, read_item, read_news};

use crate::{
    account::Account,
    crypto,
    fields::Form,
    outbound::FormatError,
    parsed::{Answer, Malformed, Parsed},
    presented,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
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
        group: None,
        means: None,
        external_id: format!("{hook}:{kind}:{part}"),
        kind: kind.to_owned(),
        from: None,
        data: Private(Value::Object(data)),
    })]
    .into())
}

/// Ids come from outside and go into a path.
fn digits(id: &str) -> Result<&str, FormatError> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) {
        Ok(id)
    } else {
        Err(FormatError::Invalid { what: "the provider's id", why: "it is not a number" })
    }
}
