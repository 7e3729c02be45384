//! Standard Webhooks (standardwebhooks.com): the channel for an operator's own software, and the form of what
//! subscribers get.
//!
//! Signature: `webhook-signature: v1,<base64 HMAC-SHA256(id.timestamp.body)>`, several separated by spaces,
//! other versions are skipped; `webhook-timestamp` within 300 s. Secrets are `whsec_` + base64. Expects 2xx; a
//! repeat is known by `data.external_id` for messages and by `webhook-id` for everything else.
//!
//! Messages: `{"type": "message", "data": {"from", "name", "text", "external_id"}}`, and where there are:
//! `from_kind` (`phone`, `email`, `user`), `subject`, `locale`, `in_reply_to`, `sent_at`, `attachments`
//! (`[{"url", "kind", "mime_type", "filename", "size"}]`), `data` (kept). `timestamp` beside `type` is used
//! where `sent_at` is absent.
//!
//! Settings: `path` (where answers are posted, below the account's base URL).

use crate::{
    account::{Account, Secret},
    crypto, json,
    outbound::{FileSource, FormatError, Outbound, OutboundRequest, Outcome, retry_after},
    parsed::{Answer, Malformed, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderMap, HeaderValue};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Attachment, Inbound, InboundMessage, MessageKind, OtherEvent},
};
use serde_json::{Map, Value, json};

/// How far the signed time may be from now, either way.
const WINDOW_SECONDS: u64 = 300;

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Checks id, time and signature.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let present = |name| request.header(name).filter(|value| !value.is_empty()).ok_or(Refusal::Missing);
    let (id, time) = (present("webhook-id")?, present("webhook-timestamp")?);
    let signatures: Vec<Vec<u8>> = present("webhook-signature")?
        .split_ascii_whitespace()
        .filter_map(|token| token.strip_prefix("v1,"))
        .filter_map(crypto::from_base64)
        .collect();
    let seconds: i64 = time.parse().map_err(|_| Refusal::Unreadable)?;
    if signatures.is_empty() {
        return Err(Refusal::Unreadable);
    }
    let mut result = Err(Refusal::Wrong);
    for signature in &signatures {
        let this =
            crypto::any_secret(&account.secrets, signature, |secret| mac(secret, id, time, &request.body));
        if result.is_err() {
            result = this;
        }
    }
    result?;
    if now.timestamp().abs_diff(seconds) > WINDOW_SECONDS {
        return Err(Refusal::Stale);
    }
    Ok(request.verified(now))
}

/// Reads the one event.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    read(request, &json::body_object(request.body())?, None)
}

/// Reads an event whose body is an object; addresses without `from_kind` are of the given kind, or of that which
/// they look like.
pub(crate) fn read(
    request: &Verified,
    body: &Map<String, Value>,
    kind_of_bare: Option<AddressKind>,
) -> Result<Parsed, Malformed> {
    let event_id = event_id(request);
    let kind = json::text(body, "type").ok_or_else(|| Malformed::at("/type", "not a string"))?;
    let time = body.get("timestamp").and_then(json::rfc3339);
    let item = match body.get("data") {
        Some(Value::Object(data)) if kind == "message" => {
            message(data, &event_id, time, address(data, kind_of_bare)?)?
        }
        _ if kind == "message" => return Err(Malformed::at("/data", "not an object")),
        data => Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id: event_id,
            kind: kind.to_owned(),
            from: data.and_then(Value::as_object).and_then(|data| address(data, kind_of_bare).ok()),
            data: Private(data.cloned().unwrap_or_default()),
        }),
    };
    Ok(vec![item].into())
}

/// Makes the request that carries a reply: `{"type": "message", "timestamp", "data": {"id", "to", "text", …}}`.
pub fn format(
    message: &Outbound,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    if message.template.is_some() || message.interactive.is_some() {
        return Err(FormatError::Unsupported("templates and choices of a provider"));
    }
    if message.body_text().is_none() && message.attachments.is_empty() {
        return Err(FormatError::Empty);
    }
    let mut data = json!({ "id": message.id, "to": message.to.value.0, "to_kind": message.to.kind });
    if let Some(text) = message.body_text() {
        data["text"] = text.into();
    }
    if let Some(id) = &message.in_reply_to {
        data["in_reply_to"] = id.as_str().into();
    }
    if let Some(mail) = &message.mail {
        data["subject"] = mail.subject.0.as_str().into();
    }
    let files = message.attachments.iter().map(|file| match &file.source {
        FileSource::Link(url) => Ok(json!({
            "url": url.0, "kind": file.kind, "mime_type": file.mime_type, "filename": file.filename,
        })),
        _ => Err(FormatError::Unsupported("files other than by link")),
    });
    let files = files.collect::<Result<Vec<_>, _>>()?;
    if !files.is_empty() {
        data["attachments"] = files.into();
    }
    let path = account.setting("path").unwrap_or_else(|| "/".to_owned());
    event(path, &message.id, "message", &data, &account.secrets, now)
}

/// Makes a signed event: for replies, and for everything that subscribers are told. `id` stays the same when it
/// is sent again.
pub fn event(
    path: String,
    id: &str,
    kind: &str,
    data: &Value,
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    let body = json!({
        "type": kind, "timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true), "data": data,
    });
    let mut request = OutboundRequest::json(path, &body);
    request.headers.extend(sign(id, &request.body, secrets, now)?);
    Ok(request)
}

/// The three headers, with one signature per secret, so that the receiver can rotate too.
pub fn sign(id: &str, body: &[u8], secrets: &[Secret], now: DateTime<Utc>) -> Result<HeaderMap, FormatError> {
    if secrets.is_empty() {
        return Err(FormatError::Setting("secrets"));
    }
    let time = now.timestamp().to_string();
    let signatures: Vec<String> = secrets
        .iter()
        .map(|secret| mac(secret.expose().as_bytes(), id, &time, body))
        .map(|mac| format!("v1,{}", crypto::to_base64(&mac)))
        .collect();
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", &signatures.join(" "))]
    {
        let value = HeaderValue::from_str(value)
            .map_err(|_| FormatError::Invalid { what: "our id", why: "it does not fit into a header" })?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Reads a receiver's answer. Only 410 ends it; everything else that is not 2xx may be a mistake that the
/// receiver repairs, and is tried again.
pub fn outcome(status: u16, headers: &HeaderMap, _: &[u8]) -> Outcome {
    match status {
        200..=299 => Outcome::Sent { provider_id: None },
        410 => Outcome::Refused { why: "HTTP 410: the receiver wants no more".into() },
        _ => Outcome::Retry { after_seconds: retry_after(headers), why: format!("HTTP {status}") },
    }
}

/// HMAC-SHA256 over `id.timestamp.body`. A secret that is not base64 is used as it stands.
fn mac(secret: &[u8], id: &str, time: &str, body: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(secret).unwrap_or_default();
    let key = crypto::from_base64(text.strip_prefix("whsec_").unwrap_or(text));
    let key = key.filter(|key| !key.is_empty()).unwrap_or_else(|| secret.to_vec());
    crypto::hmac_sha256(&key, &[id.as_bytes(), b".", time.as_bytes(), b".", body])
}

/// What a repeat has in common with the original.
fn event_id(request: &Verified) -> String {
    let id = request.request().header("webhook-id").filter(|id| !id.is_empty());
    id.map_or_else(|| crypto::fingerprint(request.body()), str::to_owned)
}

fn message(
    data: &Map<String, Value>,
    event_id: &str,
    time: Option<DateTime<Utc>>,
    from: Address,
) -> Result<Inbound, Malformed> {
    let at = |key: &str, why| Malformed::at(format!("/data/{key}"), why);
    let string = |key: &str| match data.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(at(key, "not a string")),
    };
    let attachments = attachments(data)?;
    let text = string("text")?;
    if text.is_none() && attachments.is_empty() {
        return Err(at("text", "missing, and there are no attachments"));
    }
    let kind = if attachments.is_empty() { MessageKind::Text } else { MessageKind::Media };
    Ok(Inbound::Message(Box::new(InboundMessage {
        external_id: json::id(data, "external_id").unwrap_or_else(|| event_id.to_owned()),
        from,
        reply_to: None,
        also_known_as: Vec::new(),
        name: string("name")?.filter(|name| !name.is_empty()).map(Private),
        kind,
        text: text.map(Private),
        subject: string("subject")?.map(Private),
        attachments,
        message_ref: None,
        in_reply_to: json::id(data, "in_reply_to"),
        data: data.get("data").filter(|data| !data.is_null()).cloned().map(Private),
        sent_at: data.get("sent_at").and_then(json::rfc3339).or(time),
        locale: string("locale")?,
        mail: None,
        remarks: Vec::new(),
    })))
}

/// `from`, its kind by `from_kind` or else by its looks: an `@` makes it a mail address, a leading `+` with
/// nothing but digits and their usual separators a phone number. Bare digits may be any software's user id.
fn address(data: &Map<String, Value>, kind_of_bare: Option<AddressKind>) -> Result<Address, Malformed> {
    let value = json::id(data, "from").ok_or_else(|| Malformed::at("/data/from", "missing"))?;
    let number =
        |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || " -().".contains(c));
    let kind = match data.get("from_kind") {
        None | Some(Value::Null) => match kind_of_bare {
            Some(kind) => kind,
            None if value.contains('@') => AddressKind::Email,
            None if value.strip_prefix('+').is_some_and(number) => AddressKind::Phone,
            None => AddressKind::User,
        },
        Some(kind) => match kind.as_str() {
            Some("phone") => AddressKind::Phone,
            Some("email") => AddressKind::Email,
            Some("user") => AddressKind::User,
            _ => return Err(Malformed::at("/data/from_kind", "not `phone`, `email` or `user`")),
        },
    };
    Ok(Address { kind, value: Private(value) })
}

fn attachments(data: &Map<String, Value>) -> Result<Vec<Attachment>, Malformed> {
    let list = match data.get("attachments") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Malformed::at("/data/attachments", "not a list")),
    };
    let read = |(i, item): (usize, &Value)| {
        let item = item.as_object();
        let string = |key| item.and_then(|item| json::text(item, key)).map(str::to_owned);
        Ok(Attachment {
            mime_type: string("mime_type"),
            filename: string("filename").map(Private),
            hash: string("sha256").map(|hash| format!("sha256:{hash}")),
            size_bytes: item.and_then(|item| item.get("size")).and_then(json::count),
            ..Attachment::new(
                string("url")
                    .ok_or_else(|| Malformed::at(format!("/data/attachments/{i}/url"), "not a string"))?,
                string("kind").unwrap_or_else(|| "file".to_owned()),
            )
        })
    };
    list.iter().enumerate().map(read).collect()
}
