//! Kommo Chats API: what a manager writes in Kommo, to be delivered by us: an outgoing message of the
//! conversation.
//!
//! Signature: `X-Signature`: hex HMAC-SHA1(channel secret, raw body). A repeat is known by `message.message.id`.
//! Expects 200 within 5 s and is sent once: an answer before the commit would lose it.
//!
//! Source: Kommo, "Receiving chat webhooks" (webhook v2).

use crate::{
    account::Account,
    crypto, json,
    parsed::{Answer, Malformed, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Attachment, Inbound, MessageKind, OtherEvent, OutgoingMessage},
};
use serde_json::{Map, Value};

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Checks the signature.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let header = request.header("x-signature").filter(|value| !value.is_empty()).ok_or(Refusal::Missing)?;
    let signature = crypto::from_hex(header)?;
    crypto::any_secret(&account.secrets, &signature, |key| crypto::hmac_sha1(key, &[&request.body]))?;
    Ok(request.verified(now))
}

/// Reads the one message; typing and reactions are kept as events.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let body = json::body_object(request.body())?;
    let item = match (body.get("message"), body.get("action")) {
        (Some(Value::Object(message)), _) => self::message(message)?,
        (None, Some(Value::Object(action))) => {
            let kind = action.keys().next().map_or("action", String::as_str);
            Inbound::Other(OtherEvent {
                group: None,
                means: None,
                external_id: crypto::fingerprint(request.body()),
                kind: kind.to_owned(),
                from: action.values().find_map(|value| receiver(value.as_object()?)),
                data: Private(Value::Object(body.clone())),
            })
        }
        _ => return Err(Malformed::new("neither `message` nor `action`")),
    };
    Ok(vec![item].into())
}

fn message(frame: &Map<String, Value>) -> Result<Inbound, Malformed> {
    let message = json::child(frame, "message");
    let message = message.ok_or_else(|| Malformed::at("/message/message", "not an object"))?;
    let id = json::id(message, "id").ok_or_else(|| Malformed::at("/message/message/id", "missing"))?;
    let to = receiver(frame).ok_or_else(|| Malformed::at("/message/receiver", "no id"))?;
    let text = json::text(message, "text").filter(|text| !text.is_empty());
    let attachments: Vec<_> = attachment(message).into_iter().collect();
    let kind = match (json::text(message, "type"), attachments.is_empty()) {
        (_, false) => MessageKind::Media,
        (Some("location"), _) => MessageKind::Location,
        (Some("contact"), _) => MessageKind::Contacts,
        _ if text.is_some() => MessageKind::Text,
        _ => MessageKind::Unsupported,
    };
    let read = ["id", "text", "media", "file_name", "file_size", "thumbnail"];
    let mut data: Map<String, Value> = message
        .iter()
        .filter(|(key, value)| !read.contains(&key.as_str()) && !value.is_null() && *value != "")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for key in ["conversation", "source", "receiver"] {
        data.extend(frame.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    let millis = frame.get("msec_timestamp").and_then(json::unix_millis);
    Ok(Inbound::Outgoing(Box::new(OutgoingMessage {
        external_id: id,
        to,
        author: json::child(frame, "sender").and_then(|sender| json::id(sender, "name")).map(Private),
        kind,
        text: text.map(Private::from),
        attachments,
        in_reply_to: json::child(message, "reply_to")
            .and_then(|reply| json::child(reply, "message"))
            .and_then(|quoted| json::id(quoted, "msgid").or_else(|| json::id(quoted, "id"))),
        data: Some(Private(Value::Object(data))),
        sent_at: millis.or_else(|| frame.get("timestamp").and_then(json::unix_seconds)),
        remarks: Vec::new(),
    })))
}

/// The person, by the id that we gave them; by Kommo's where they began there.
fn receiver(frame: &Map<String, Value>) -> Option<Address> {
    let receiver = json::child(frame, "receiver")?;
    let id = json::id(receiver, "client_id").or_else(|| json::id(receiver, "id"))?;
    Some(Address { kind: AddressKind::User, value: Private(id) })
}

fn attachment(message: &Map<String, Value>) -> Option<Attachment> {
    let kind = match json::text(message, "type")? {
        "picture" => "image",
        "voice" | "audio" => "audio",
        kind @ ("video" | "sticker" | "file") => kind,
        _ => return None,
    };
    Some(Attachment {
        filename: json::text(message, "file_name").filter(|name| !name.is_empty()).map(Private::from),
        size_bytes: message.get("file_size").and_then(json::count).filter(|size| *size > 0),
        ..Attachment::new(json::id(message, "media")?, kind)
    })
}
