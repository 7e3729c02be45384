//! One event of an `event_callback`.

use super::{group, user};
use crate::{account::Account, json};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Address, Attachment, Inbound, InboundMessage, Meaning, MessageKind, OtherEvent, Problem},
};
use serde_json::{Map, Value};

type Fault = (&'static str, &'static str);

/// Fields that are read, or say nothing about the content.
const FRAME: [&str; 16] = [
    "type",
    "subtype",
    "user",
    "text",
    "ts",
    "channel",
    "channel_type",
    "thread_ts",
    "event_ts",
    "team",
    "client_msg_id",
    "files",
    "blocks",
    "parent_user_id",
    "upload",
    "display_as_bot",
];

/// Reads an event; `frame` is what stands around it.
pub(super) fn read(
    id: String,
    event: Map<String, Value>,
    frame: &Map<String, Value>,
    account: &Account,
) -> Inbound {
    let kind = json::text(&event, "type").unwrap_or_default().to_owned();
    let result = match kind.as_str() {
        "message" | "app_mention" if is_message(&kind, &event, account) => message(&event, frame, account),
        "reaction_added" | "reaction_removed" => reaction(&id, &event),
        _ => Ok(other(&id, kind, &event, frame, account)),
    };
    result.unwrap_or_else(|(pointer, why)| {
        Inbound::Problem(Problem {
            external_id: id,
            pointer: format!("/event{pointer}"),
            why: why.to_owned(),
            data: Private(Value::Object(event)),
            request: None,
        })
    })
}

/// What a person wrote. Edits, joins and the like have a subtype; what bots write, ourselves among them, is kept
/// but never taken for a person's message. A mention comes twice where the app also reads the channel.
fn is_message(kind: &str, event: &Map<String, Value>, account: &Account) -> bool {
    let person = !event.contains_key("bot_id")
        && matches!(
            json::text(event, "subtype"),
            None | Some("file_share" | "thread_broadcast" | "me_message")
        );
    let direct = matches!(json::text(event, "channel_type"), Some("im" | "mpim" | "app_home"));
    let wanted = match kind {
        "app_mention" => account.flag("mentions_only"),
        _ => direct || !account.flag("mentions_only"),
    };
    person && wanted
}

/// A message is known by its channel and time: a mention in a group of direct messages comes as one and as the other kind
/// of event, each with an id of its own.
fn message(
    event: &Map<String, Value>,
    frame: &Map<String, Value>,
    account: &Account,
) -> Result<Inbound, Fault> {
    let from = json::id(event, "user").ok_or(("/user", "missing"))?;
    let channel = json::id(event, "channel").ok_or(("/channel", "missing"))?;
    let ts = json::id(event, "ts").ok_or(("/ts", "missing"))?;
    let thread = json::id(event, "thread_ts");
    let text = match event.get("text") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => unescape(text),
        Some(_) => return Err(("/text", "not a string")),
    };
    let files = event.get("files").and_then(Value::as_array);
    let attachments: Vec<_> =
        files.into_iter().flatten().filter_map(Value::as_object).filter_map(file).collect();
    let team = json::id(frame, "team_id");
    let foreign = account.setting("team_id").zip(team).is_some_and(|(ours, theirs)| ours != theirs);
    let rest: Map<String, Value> = event
        .iter()
        .filter(|(key, _)| !FRAME.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(Inbound::Message(Box::new(InboundMessage {
        reply_to: group(&channel, thread.as_deref().unwrap_or(&ts)),
        kind: if attachments.is_empty() { MessageKind::Text } else { MessageKind::Media },
        attachments,
        sent_at: time(&ts),
        in_reply_to: thread.filter(|thread| *thread != ts).map(|thread| format!("{channel}:{thread}")),
        message_ref: Some(format!("{channel}:{ts}")),
        data: (!rest.is_empty()).then_some(Private(Value::Object(rest))),
        remarks: if foreign { vec!["the team_id is not this account's".into()] } else { Vec::new() },
        ..InboundMessage::text(format!("{channel}:{ts}"), user(from), text)
    })))
}

fn reaction(id: &str, event: &Map<String, Value>) -> Result<Inbound, Fault> {
    let from = json::id(event, "user").ok_or(("/user", "missing"))?;
    let item = json::child(event, "item").ok_or(("/item", "not an object"))?;
    let channel = json::id(item, "channel").ok_or(("/item/channel", "missing"))?;
    let ts = json::id(item, "ts").ok_or(("/item/ts", "missing"))?;
    let removed = json::text(event, "type") == Some("reaction_removed");
    let emoji = json::text(event, "reaction").filter(|_| !removed).unwrap_or_default();
    Ok(Inbound::Message(Box::new(InboundMessage {
        kind: MessageKind::Reaction,
        reply_to: group(&channel, &ts),
        in_reply_to: Some(format!("{channel}:{ts}")),
        sent_at: json::text(event, "event_ts").and_then(time),
        ..InboundMessage::text(id, user(from), emoji)
    })))
}

fn other(
    id: &str,
    kind: String,
    event: &Map<String, Value>,
    frame: &Map<String, Value>,
    account: &Account,
) -> Inbound {
    let said = amended(event, frame, account);
    let (from, group, means) = match said {
        Some((message, means)) => (Some(message.from), message.reply_to, Some(Box::new(means))),
        None => (json::id(event, "user").map(user), place(event), None),
    };
    let kind = match json::text(event, "subtype") {
        Some(subtype) => format!("{kind}.{subtype}"),
        None if event.contains_key("bot_id") => format!("{kind}.bot"),
        None => kind,
    };
    Inbound::Other(OtherEvent {
        group,
        means,
        external_id: id.to_owned(),
        kind,
        from,
        data: Private(Value::Object(event.clone())),
    })
}

/// The thread in which something happened.
fn place(event: &Map<String, Value>) -> Option<Address> {
    let channel = json::id(event, "channel")?;
    group(&channel, &json::id(event, "thread_ts").or_else(|| json::id(event, "ts"))?)
}

/// A person's message that was edited or deleted, as it was or is, and what was done to it. A message also changes when
/// a link in it is unfolded; of one that has answers a stone is left.
fn amended(
    event: &Map<String, Value>,
    frame: &Map<String, Value>,
    account: &Account,
) -> Option<(InboundMessage, Meaning)> {
    let part = |key| {
        let mut message = json::child(event, key)?.clone();
        message.insert("channel".into(), event.get("channel")?.clone());
        Some(message).filter(|message| !message.contains_key("bot_id"))
    };
    let read = |part: &Map<String, Value>| match message(part, frame, account).ok()? {
        Inbound::Message(message) => Some(*message),
        _ => None,
    };
    let at = json::text(event, "ts").and_then(time);
    let (message, is_gone) = match json::text(event, "subtype")? {
        "message_changed" => {
            let message = part("message")?;
            let is_gone = json::text(&message, "subtype") == Some("tombstone");
            let before = json::child(event, "previous_message");
            if !is_gone && before.is_some_and(|before| before.get("text") == message.get("text")) {
                return None;
            }
            (if is_gone { part("previous_message")? } else { message }, is_gone)
        }
        "message_deleted" => (part("previous_message")?, true),
        _ => return None,
    };
    let message = read(&message)?;
    let of = message.message_ref.clone()?;
    let means = match is_gone {
        true => Meaning::Withdrawn { of, at },
        false => Meaning::Edited { of, text: message.text.clone(), at },
    };
    Some((message, means))
}

fn file(file: &Map<String, Value>) -> Option<Attachment> {
    let mime_type = json::text(file, "mimetype").map(str::to_owned);
    let reference = json::id(file, "url_private_download")
        .or_else(|| json::id(file, "url_private"))
        .or_else(|| json::id(file, "id"))?;
    let kind = Attachment::kind_of(mime_type.as_deref());
    Some(Attachment {
        mime_type,
        filename: json::text(file, "name").map(Private::from),
        size_bytes: file.get("size").and_then(json::count),
        ..Attachment::new(reference, kind)
    })
}

/// Slack escapes three characters and nothing else; the last to be undone is the ampersand.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// `1355517523.000005`: seconds, and microseconds that make it unique.
fn time(ts: &str) -> Option<DateTime<Utc>> {
    json::unix_seconds(&ts.split('.').next()?.into())
}
