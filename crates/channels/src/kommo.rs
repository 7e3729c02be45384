//! Kommo CRM webhooks: messages and what happens to leads, contacts and tasks.
//!
//! Nothing is signed: the secret is part of the URL. The body is a form with PHP's brackets; custom fields' values
//! may be a list, strings or one object, so entities are kept as they come. A message is known by its id. Expects
//! a 2xx within 2 s.
//!
//! Source: Kommo, "Webhooks: general information", "Webhook events: incoming message".

use crate::{
    account::Account,
    brackets, crypto,
    fields::Form,
    json,
    parsed::{Answer, Malformed, Parsed},
    presented,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{
        Address, AddressKind, Attachment, Inbound, InboundMessage, MessageKind, OtherEvent, OutgoingMessage,
        Problem,
    },
};
use serde_json::{Map, Value};

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Compares the secret in the URL.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    presented::in_url(request, account, now)
}

/// Reads every entity of every action.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let form = Form::urlencoded(request.body());
    let body = brackets::nest(form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut items = Vec::new();
    for (entity, actions) in body.iter().filter(|(entity, _)| *entity != "account") {
        let Value::Object(actions) = actions else { continue };
        for (action, list) in actions {
            match list {
                Value::Array(list) => {
                    items.extend(list.iter().enumerate().map(|(i, item)| read(entity, action, i, item)));
                }
                one => items.push(read(entity, action, 0, one)),
            }
        }
    }
    if items.is_empty() {
        return Err(Malformed::new("a form without any `entity[action][…]`"));
    }
    Ok(items.into())
}

fn read(entity: &str, action: &str, i: usize, item: &Value) -> Inbound {
    let result = match item {
        Value::Object(map) if (entity, action) == ("message", "add") => message(map),
        _ if (entity, action) == ("message", "add") => Err(("", "not an object")),
        _ => Ok(other(format!("{entity}.{action}"), item)),
    };
    result.unwrap_or_else(|(key, why)| {
        Inbound::Problem(Problem {
            external_id: crypto::fingerprint(item.to_string().as_bytes()),
            pointer: format!("/{entity}/{action}/{i}/{key}"),
            why: why.to_owned(),
            data: Private(item.clone()),
            request: None,
        })
    })
}

fn message(item: &Map<String, Value>) -> Result<Inbound, (&'static str, &'static str)> {
    let id = json::id(item, "id").ok_or(("id", "missing"))?;
    let person = json::id(item, "contact_id").or_else(|| json::id(item, "chat_id"));
    let person =
        Address { kind: AddressKind::User, value: Private(person.ok_or(("contact_id", "missing"))?) };
    let text = json::text(item, "text").map(str::to_owned).map(Private);
    let attachments: Vec<_> = json::child(item, "attachment").and_then(attachment).into_iter().collect();
    let author = json::child(item, "author").and_then(|author| json::id(author, "name")).map(Private);
    let kind = match (attachments.is_empty(), &text) {
        (false, _) => MessageKind::Media,
        (true, Some(_)) => MessageKind::Text,
        (true, None) => MessageKind::Unsupported,
    };
    let sent_at = item.get("created_at").and_then(json::unix_seconds);
    let read = ["id", "text", "attachment", "author", "created_at", "type", "contact_id"];
    let rest = item.iter().filter(|(key, _)| !read.contains(&key.as_str()));
    let data: Map<String, Value> = rest.map(|(key, value)| (key.clone(), value.clone())).collect();
    let data = (!data.is_empty()).then_some(Private(Value::Object(data)));
    Ok(match json::text(item, "type") {
        Some("outgoing") => Inbound::Outgoing(Box::new(OutgoingMessage {
            external_id: id,
            to: person,
            author,
            kind,
            text,
            attachments,
            in_reply_to: None,
            data,
            sent_at,
            remarks: Vec::new(),
        })),
        Some("incoming") | None => Inbound::Message(Box::new(InboundMessage {
            name: author,
            kind,
            text,
            attachments,
            data,
            sent_at,
            ..InboundMessage::text(id, person, "")
        })),
        Some(_) => return Err(("type", "neither `incoming` nor `outgoing`")),
    })
}

fn attachment(item: &Map<String, Value>) -> Option<Attachment> {
    let kind = match json::text(item, "type") {
        Some("picture") => "image",
        Some("voice" | "audio") => "audio",
        Some(kind @ ("video" | "sticker")) => kind,
        _ => "file",
    };
    Some(Attachment {
        filename: json::text(item, "file_name").map(Private::from),
        size_bytes: item.get("file_size").and_then(json::count),
        ..Attachment::new(json::id(item, "link")?, kind)
    })
}

/// Known by its content, which holds the time of the change.
fn other(kind: String, item: &Value) -> Inbound {
    let external_id = crypto::fingerprint_of(&[kind.as_bytes(), item.to_string().as_bytes()]);
    Inbound::Other(OtherEvent {
        group: None,
        means: None,
        external_id,
        kind,
        from: None,
        data: Private(item.clone()),
    })
}
