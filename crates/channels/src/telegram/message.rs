//! One message.

use super::{Fault, locale, name, other, person};
use crate::json;
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Attachment, Inbound, InboundMessage, Meaning, MessageKind, OtherEvent},
};
use serde_json::{Map, Value, json};

/// Kinds of file, by field, with the kind in our vocabulary.
const FILES: [(&str, &str); 7] = [
    ("document", "document"),
    ("audio", "audio"),
    ("voice", "audio"),
    ("video", "video"),
    ("video_note", "video"),
    ("sticker", "sticker"),
    ("photo", "image"),
];
/// Fields that are read, or say nothing about the content.
const FRAME: [&str; 11] = [
    "message_id",
    "from",
    "chat",
    "date",
    "text",
    "caption",
    "entities",
    "caption_entities",
    "photo",
    "message_thread_id",
    "reply_to_message",
];
/// What a person says that is neither text nor file.
const STRUCTURES: [&str; 9] =
    ["location", "venue", "contact", "poll", "dice", "game", "invoice", "story", "checklist"];

pub(super) fn read(id: String, message: &Map<String, Value>) -> Result<Inbound, Fault> {
    let from = person(message, "from").or_else(|| person(message, "sender_chat"));
    let from = from.ok_or(("/from/id", "missing"))?;
    let message_ref = reference(message).ok_or(("/message_id", "no message_id, or no chat.id"))?;
    let text = match (message.get("text"), message.get("caption")) {
        (Some(Value::String(text)), _) | (None, Some(Value::String(text))) => Some(text.clone()),
        (None, None) => None,
        _ => return Err(("/text", "not a string")),
    };
    let attachments = files(message);
    let structure = STRUCTURES.into_iter().find(|key| message.contains_key(*key));
    let (kind, text) = match structure {
        _ if !attachments.is_empty() => (MessageKind::Media, text),
        Some("location" | "venue") => (MessageKind::Location, place(message)),
        Some("contact") => (MessageKind::Contacts, name(message, "contact").map(|name| name.0)),
        _ if text.is_some() => (MessageKind::Text, text),
        Some(_) => (MessageKind::Unsupported, None),
        // What is left are notices: members that come and go, pinned messages, titles.
        None => {
            let own = message.keys().find(|key| !FRAME.contains(&key.as_str()));
            let kind = own.map_or_else(|| "message".to_owned(), |key| format!("message.{key}"));
            return Ok(other(id, &kind, message));
        }
    };
    let mut remarks = Vec::new();
    if message.contains_key("forward_origin") || message.contains_key("forward_date") {
        remarks.push("forwarded".to_owned());
    }
    if json::child(message, "from").and_then(|from| from.get("is_bot")) == Some(&Value::Bool(true)) {
        remarks.push("written by a bot".to_owned());
    }
    let kept = message.iter().filter(|(key, _)| !FRAME.contains(&key.as_str()));
    let mut data: Map<String, Value> = kept.map(|(key, value)| (key.clone(), value.clone())).collect();
    FILES.iter().for_each(|(field, _)| drop(data.remove(*field)));
    if let Some(username) = json::child(message, "from").and_then(|from| from.get("username")) {
        data.insert("username".into(), username.clone());
    }
    Ok(Inbound::Message(Box::new(InboundMessage {
        reply_to: group(message),
        name: name(message, "from"),
        kind,
        text: text.map(Private),
        attachments,
        message_ref: Some(message_ref),
        in_reply_to: json::child(message, "reply_to_message").and_then(reference),
        data: (!data.is_empty()).then_some(Private(Value::Object(data))),
        sent_at: message.get("date").and_then(json::unix_seconds),
        locale: locale(message),
        remarks,
        ..InboundMessage::text(id, from, "")
    })))
}

/// What a message says since it was edited. Telegram also tells of changes that nobody made to what is said.
pub(super) fn edited(id: String, kind: &str, message: &Map<String, Value>) -> Inbound {
    let edited = match read(id.clone(), message) {
        Ok(Inbound::Message(said)) if message.contains_key("edit_date") => {
            said.message_ref.clone().map(|of| {
                let at = message.get("edit_date").and_then(json::unix_seconds);
                Meaning::Edited { of, text: said.text, at }
            })
        }
        _ => None,
    };
    match other(id, kind, message) {
        Inbound::Other(other) => Inbound::Other(OtherEvent { means: edited.map(Box::new), ..other }),
        item => item,
    }
}

/// Messages in a chat of a business that their writer deleted: one event each.
pub(super) fn withdrawn(id: &str, deleted: &Map<String, Value>) -> Vec<Inbound> {
    let chat = json::child(deleted, "chat").and_then(|chat| json::id(chat, "id"));
    let numbers = deleted.get("message_ids").and_then(Value::as_array).into_iter().flatten();
    let items = numbers.filter_map(|number| {
        let (chat, number) = (chat.clone()?, json::as_id(number)?);
        Some(Inbound::Other(OtherEvent {
            external_id: format!("{id}:{number}"),
            kind: "deleted_business_messages".into(),
            from: Some(Address { kind: AddressKind::User, value: chat.clone().into() }),
            group: group(deleted),
            means: Some(Box::new(Meaning::Withdrawn { of: format!("{chat}:{number}"), at: None })),
            data: Private(json!({ "message_id": number })),
        }))
    });
    let items: Vec<_> = items.collect();
    match items.is_empty() {
        true => vec![other(id.to_owned(), "deleted_business_messages", deleted)],
        false => items,
    }
}

/// `<chat>:<message_id>`: numbers of messages are each chat's own.
pub(super) fn reference(message: &Map<String, Value>) -> Option<String> {
    let chat = json::id(json::child(message, "chat")?, "id")?;
    Some(format!("{chat}:{}", json::id(message, "message_id")?))
}

/// The chat, if it is not a private one with the bot; with the topic where it has topics, and with the connection through
/// which a business lets the bot in.
pub(super) fn group(message: &Map<String, Value>) -> Option<Address> {
    let chat = json::child(message, "chat")?;
    if let Some(connection) = json::id(message, "business_connection_id") {
        let value = format!("{}:business:{connection}", json::id(chat, "id")?);
        return Some(Address { kind: AddressKind::User, value: Private(value) });
    }
    if json::text(chat, "type") == Some("private") {
        return None;
    }
    let id = json::id(chat, "id")?;
    let topic = json::id(message, "message_thread_id")
        .filter(|_| message.get("is_topic_message") == Some(&Value::Bool(true)));
    let value = topic.map_or_else(|| id.clone(), |topic| format!("{id}:{topic}"));
    Some(Address { kind: AddressKind::Group, value: Private(value) })
}

fn files(message: &Map<String, Value>) -> Vec<Attachment> {
    let file = |(field, kind): (&str, &str)| {
        let value = message.get(field)?;
        // A photo comes in several sizes, the largest last.
        let file = value.as_array().and_then(|sizes| sizes.last()).unwrap_or(value).as_object()?;
        Some(Attachment {
            mime_type: json::text(file, "mime_type").map(str::to_owned),
            filename: json::text(file, "file_name").map(Private::from),
            size_bytes: file.get("file_size").and_then(json::count),
            ..Attachment::new(json::id(file, "file_id")?, kind)
        })
    };
    FILES.into_iter().filter_map(file).collect()
}

fn place(message: &Map<String, Value>) -> Option<String> {
    let venue = json::child(message, "venue").and_then(|venue| json::text(venue, "title"));
    let coordinates = || {
        let location = json::child(message, "location")?;
        Some(format!("{}, {}", location.get("latitude")?.as_f64()?, location.get("longitude")?.as_f64()?))
    };
    venue.map(str::to_owned).or_else(coordinates)
}
