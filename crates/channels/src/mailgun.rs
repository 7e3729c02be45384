//! Mailgun: inbound mail (forwarded by a route, taken apart or as MIME) and events of what we sent.
//!
//! Signature: HMAC-SHA256 over `timestamp` + `token`, which are fields of the body and do not cover it: a token is
//! good for one message only ([`crate::Once`]). Repeats go on for 8 h with the old timestamp, so 9 h pass. With
//! duplicate fields the last counts. A repeat is known by Message-Id, so that a mail to two addresses of an account, which
//! comes once for each, is one message. Expects 200; 406 stops repeats.
//!
//! Settings: `domain`, `from` (to send); `opens` (true: an opened mail counts as read). The API key is the access
//! token. There is no idempotency key: a crash between sending and recording can send twice.
//!
//! Sources: Mailgun, "Receive messages via HTTP", "Securing webhooks", "Webhooks", "Messages API".

mod send;

pub(crate) use send::authorisation;
pub use send::{format, outcome};

use crate::{
    account::Account,
    crypto,
    fields::Form,
    json,
    mail::{self, Letter},
    parsed::{Answer, File, Malformed, Once, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Attachment, DeliveryState, Inbound, OtherEvent, StatusReport},
};
use serde_json::{Map, Value};

/// The provider's API (United States; accounts in Europe set `base_url`).
pub const BASE_URL: &str = "https://api.mailgun.net";

const PAST_SECONDS: i64 = 9 * 3600;
const FUTURE_SECONDS: i64 = 300;

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Checks the signature, which has to be looked for in the body.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let signed = Signed::find(&request).ok_or(Refusal::Missing)?;
    let signature = crypto::from_hex(&signed.signature)?;
    let parts = [signed.timestamp.as_bytes(), signed.token.as_bytes()];
    crypto::any_secret(&account.secrets, &signature, |key| crypto::hmac_sha256(key, &parts))?;
    let seconds: i64 = signed.timestamp.parse().map_err(|_| Refusal::Unreadable)?;
    let age = now.timestamp().saturating_sub(seconds);
    if !(-FUTURE_SECONDS..=PAST_SECONDS).contains(&age) {
        return Err(Refusal::Stale);
    }
    Ok(request.verified(now))
}

/// Reads the one mail or event.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let malformed = |why: &str| Malformed::new(why).answered(406);
    let token = Signed::find(request.request()).ok_or_else(|| malformed("no signature"))?.token;
    if is_json(request.request()) {
        let body = json::body_object(request.body()).map_err(|fault| fault.answered(406))?;
        let data = json::child(&body, "event-data").ok_or_else(|| malformed("no `event-data`"))?;
        let content = crypto::fingerprint(Value::Object(data.clone()).to_string().as_bytes());
        let items = vec![event(data, account)];
        return Ok(Parsed { items, once: Some(once(token, content)), ..Parsed::default() });
    }
    let form = Form::read(request.request()).map_err(|fault| fault.answered(406))?;
    let content = content(&form);
    let (letter, bytes) = match form.bytes("body-mime").or(form.last("body-mime").map(str::as_bytes)) {
        Some(raw) => (mail::letter(raw), raw),
        None => (taken_apart(&form), content.as_bytes()),
    };
    let letter = letter.ok_or_else(|| malformed("not a mail: it has no headers"))?;
    let id = letter.id(bytes);
    let mut stored = stored(&form);
    let (mut items, files) = letter.items(id, Vec::new());
    if let Some(Inbound::Message(message)) = items.last_mut() {
        message.attachments.append(&mut stored);
    }
    Ok(Parsed { items, files, once: Some(once(token, content)), ..Parsed::default() })
}

/// What Mailgun signs, and the signature.
struct Signed {
    timestamp: String,
    token: String,
    signature: String,
}

impl Signed {
    fn find(request: &Unverified) -> Option<Self> {
        let find = |get: &dyn Fn(&str) -> Option<String>| {
            let filled = |name| get(name).filter(|value| !value.is_empty());
            Some(Self {
                timestamp: filled("timestamp")?,
                token: filled("token")?,
                signature: filled("signature")?,
            })
        };
        if is_json(request) {
            let body = json::body_object(&request.body).ok()?;
            let signature = json::child(&body, "signature")?;
            return find(&|name| json::id(signature, name));
        }
        let form = Form::read(request).ok()?;
        find(&|name| form.last(name).map(str::to_owned))
    }
}

fn is_json(request: &Unverified) -> bool {
    request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"))
}

fn once(token: String, content: String) -> Once {
    Once { token, content, keep_seconds: 10 * 3600 }
}

/// Everything but the signature, in whatever wrapping it comes: a repeat has other boundaries.
fn content(form: &Form) -> String {
    let mut parts: Vec<&[u8]> = Vec::new();
    let signed = ["timestamp", "token", "signature"];
    for (name, value) in form.fields.iter().filter(|(name, _)| !signed.contains(&name.as_str())) {
        parts.extend([name.as_bytes(), value.as_bytes()]);
    }
    for file in &form.files {
        parts.extend([file.filename.as_bytes(), &file.bytes]);
    }
    crypto::fingerprint_of(&parts)
}

/// A mail that Mailgun took apart. Its headers come as a list of pairs, and each as a field too.
fn taken_apart(form: &Form) -> Option<Letter> {
    let listed = form.last("message-headers").and_then(json::value);
    let pairs: Vec<(&str, &str)> = match &listed {
        Some(Value::Array(list)) => {
            list.iter().filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?))).collect()
        }
        _ => form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
    };
    // The parts' own headers would be taken for those of this block.
    let own = pairs.into_iter().filter(|(name, _)| {
        let name = name.to_ascii_lowercase();
        let content = name.starts_with("content-") && name != "content-language";
        !content && !name.starts_with("body-") && !name.starts_with("stripped-") && name != "mime-version"
    });
    let mut letter = mail::letter(mail::header_block(own).as_bytes())?
        .with_bodies(form.last("body-plain"), form.last("body-html"));
    let ids = form.last("content-id-map").and_then(json::value);
    let content_id = |field: &str| {
        let map = ids.as_ref()?.as_object()?;
        map.iter().find(|(_, value)| value.as_str() == Some(field)).map(|(id, _)| id.as_str())
    };
    for file in &form.files {
        let attached = File::attached(&file.filename, file.content_type.as_deref(), file.bytes.clone());
        letter.attach(attached, content_id(&file.field));
    }
    Some(letter)
}

/// Files that Mailgun keeps: to be fetched.
fn stored(form: &Form) -> Vec<Attachment> {
    let list = form.last("attachments").and_then(json::value);
    let list = list.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    list.filter_map(|item| {
        let mime_type = json::text(item, "content-type");
        Some(Attachment {
            mime_type: mime_type.map(str::to_owned),
            filename: json::text(item, "name").map(Private::from),
            size_bytes: item.get("size").and_then(json::count),
            ..Attachment::new(json::id(item, "url")?, Attachment::kind_of(mime_type))
        })
    })
    .collect()
}

fn event(data: &Map<String, Value>, account: &Account) -> Inbound {
    let kind = json::text(data, "event").unwrap_or("event");
    let recipient = json::id(data, "recipient").map(mail::email);
    let headers = json::child(data, "message").and_then(|message| json::child(message, "headers"));
    let message_id = headers.and_then(|headers| json::text(headers, "message-id")).and_then(mail::bare_id);
    let permanent = json::text(data, "severity") == Some("permanent");
    let state = match kind {
        "accepted" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "opened" if account.flag("opens") => Some(DeliveryState::Read),
        "rejected" => Some(DeliveryState::Failed),
        "failed" if permanent => Some(DeliveryState::Failed),
        _ => None,
    };
    let Some((state, external_id)) = state.zip(message_id) else {
        let own = json::id(data, "id");
        return Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id: own
                .unwrap_or_else(|| crypto::fingerprint(Value::Object(data.clone()).to_string().as_bytes())),
            kind: kind.to_owned(),
            from: recipient,
            data: Private(Value::Object(data.clone())),
        });
    };
    let status = json::child(data, "delivery-status").and_then(|status| json::id(status, "code"));
    let reason = json::text(data, "reason")
        .filter(|reason| reason.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    let error = [status.as_deref(), reason].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let seconds = data.get("timestamp").and_then(Value::as_f64);
    Inbound::Status(StatusReport {
        external_id,
        our_id: json::child(data, "user-variables").and_then(|own| json::id(own, "relevo_id")),
        state,
        recipient,
        error: (state == DeliveryState::Failed && !error.is_empty()).then_some(error),
        at: seconds.and_then(|seconds| json::unix_seconds(&Value::from(seconds.max(0.0) as u64))),
    })
}
