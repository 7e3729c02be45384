//! One event of an entry's `messaging`.

use crate::{crypto, json, media};
use relevo_domain::{
    Private,
    message::{
        Address, AddressKind, Attachment, DeliveryState, Inbound, InboundMessage, Meaning, MessageKind,
        OtherEvent, OutgoingMessage, StatusReport,
    },
};
use serde_json::{Map, Value, value::RawValue};

/// Kind of a file that is a picture or a film, which is known once it was fetched.
const STORY: &str = "file";

type Fault = (&'static str, &'static str);

/// Reads an event; a delivery report names several messages.
pub(super) fn read(raw: &RawValue, pointer: String, foreign: bool) -> Vec<Inbound> {
    let event = match json::object(raw) {
        Ok(event) => event,
        Err(why) => return vec![json::problem(raw, pointer, why)],
    };
    let own_id = crypto::fingerprint(raw.get().as_bytes());
    if let Some(reports) = statuses(&event) {
        return reports;
    }
    let result = if event.contains_key("message") {
        message(event, foreign)
    } else if event.contains_key("postback") {
        postback(event, own_id, foreign)
    } else if event.contains_key("reaction") {
        reaction(event, own_id, foreign)
    } else {
        Ok(other(event, own_id))
    };
    vec![result.unwrap_or_else(|(place, why)| json::problem(raw, pointer + place, why))]
}

fn message(mut event: Map<String, Value>, foreign: bool) -> Result<Inbound, Fault> {
    let Some(Value::Object(mut message)) = event.remove("message") else {
        return Err(("/message", "not an object"));
    };
    let mid = json::id(&message, "mid").ok_or(("/message/mid", "missing"))?;
    let flag = |key| message.get(key) == Some(&Value::Bool(true));
    let echo = flag("is_echo");
    let person = party(&event, if echo { "recipient" } else { "sender" })?;
    if flag("is_deleted") {
        let data = Private(Value::Object(message));
        let at = event.get("timestamp").and_then(json::unix_millis);
        let (external_id, kind) = (format!("{mid}:deleted"), "message.deleted".into());
        let means = Some(Box::new(Meaning::Withdrawn { of: mid, at }));
        return Ok(Inbound::Other(OtherEvent {
            group: None,
            means,
            external_id,
            kind,
            from: Some(person),
            data,
        }));
    }
    // What an account writes to itself concerns no customer.
    if echo && flag("is_self") {
        let (kind, data) = ("message.self".into(), Private(Value::Object(message)));
        let (from, group, means) = (None, None, None);
        return Ok(Inbound::Other(OtherEvent { external_id: mid, kind, from, group, means, data }));
    }
    let unsupported = flag("is_unsupported");
    let text = match message.remove("text") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => return Err(("/message/text", "not a string")),
    };
    let (attachments, place) = files(&mut message);
    let kind = match () {
        () if unsupported => MessageKind::Unsupported,
        () if message.contains_key("quick_reply") => MessageKind::Choice,
        () if !attachments.is_empty() => MessageKind::Media,
        () if place => MessageKind::Location,
        () if text.is_some() => MessageKind::Text,
        () => MessageKind::Unsupported,
    };
    let in_reply_to = json::child(&message, "reply_to").and_then(|to| json::id(to, "mid"));
    if in_reply_to.is_some() {
        message.remove("reply_to");
    }
    for key in ["mid", "seq", "is_echo", "nlp"] {
        message.remove(key);
    }
    if let Some(referral) = event.remove("referral") {
        message.insert("referral".into(), referral);
    }
    let data = (!message.is_empty()).then_some(Value::Object(message));
    let sent_at = event.get("timestamp").and_then(json::unix_millis);
    let remarks = remarks(foreign);
    Ok(if echo {
        Inbound::Outgoing(Box::new(OutgoingMessage {
            external_id: mid,
            to: person,
            author: None,
            kind,
            text: text.map(Private),
            attachments,
            in_reply_to,
            data: data.map(Private),
            sent_at,
            remarks,
        }))
    } else {
        Inbound::Message(Box::new(InboundMessage {
            text: text.map(Private),
            kind,
            attachments,
            in_reply_to,
            data: data.map(Private),
            sent_at,
            remarks,
            ..InboundMessage::text(mid, person, "")
        }))
    })
}

/// A button of ours was pressed. Some carry a `mid`, older ones none.
fn postback(mut event: Map<String, Value>, own_id: String, foreign: bool) -> Result<Inbound, Fault> {
    let Some(Value::Object(postback)) = event.remove("postback") else {
        return Err(("/postback", "not an object"));
    };
    let title = json::text(&postback, "title").or_else(|| json::text(&postback, "payload"));
    let title = title.ok_or(("/postback/title", "missing"))?.to_owned();
    let id = json::id(&postback, "mid").unwrap_or(own_id);
    Ok(Inbound::Message(Box::new(InboundMessage {
        kind: MessageKind::Choice,
        data: Some(Private(Value::Object(
            [("postback".to_owned(), Value::Object(postback))].into_iter().collect(),
        ))),
        sent_at: event.get("timestamp").and_then(json::unix_millis),
        remarks: remarks(foreign),
        ..InboundMessage::text(id, party(&event, "sender")?, title)
    })))
}

fn reaction(event: Map<String, Value>, own_id: String, foreign: bool) -> Result<Inbound, Fault> {
    let reaction = json::child(&event, "reaction").ok_or(("/reaction", "not an object"))?;
    let target = json::id(reaction, "mid").ok_or(("/reaction/mid", "missing"))?;
    let emoji = match json::text(reaction, "action") {
        Some("unreact") => "",
        _ => json::text(reaction, "emoji").or_else(|| json::text(reaction, "reaction")).unwrap_or_default(),
    };
    Ok(Inbound::Message(Box::new(InboundMessage {
        kind: MessageKind::Reaction,
        in_reply_to: Some(target),
        sent_at: event.get("timestamp").and_then(json::unix_millis),
        remarks: remarks(foreign),
        ..InboundMessage::text(own_id, party(&event, "sender")?, emoji)
    })))
}

/// Delivery reports list message ids; read reports do on Instagram, while Messenger gives a time up to which
/// everything is read, which is kept as an event.
fn statuses(event: &Map<String, Value>) -> Option<Vec<Inbound>> {
    let (state, report) = match (json::child(event, "delivery"), json::child(event, "read")) {
        (Some(report), _) => (DeliveryState::Delivered, report),
        (None, Some(report)) => (DeliveryState::Read, report),
        (None, None) => return None,
    };
    let listed = report.get("mids").and_then(Value::as_array).into_iter().flatten().filter_map(json::as_id);
    let ids: Vec<String> = listed.chain(json::id(report, "mid")).collect();
    let at = report.get("watermark").and_then(json::unix_millis);
    let at = at.or_else(|| event.get("timestamp").and_then(json::unix_millis));
    let recipient = party(event, "sender").ok();
    let reports = ids.into_iter().map(|external_id| {
        let recipient = recipient.clone();
        Inbound::Status(StatusReport { external_id, our_id: None, state, recipient, error: None, at })
    });
    Some(reports.collect::<Vec<_>>()).filter(|reports| !reports.is_empty())
}

/// Everything else (opt-ins, referrals, hand-overs, edits …), named by its own key.
fn other(event: Map<String, Value>, own_id: String) -> Inbound {
    let frame = ["sender", "recipient", "timestamp"];
    let means = edited(&event).map(Box::new);
    let kind = event.keys().find(|key| !frame.contains(&key.as_str())).map_or("unnamed", String::as_str);
    Inbound::Other(OtherEvent {
        group: None,
        means,
        external_id: own_id,
        kind: kind.to_owned(),
        from: party(&event, "sender").ok(),
        data: Private(Value::Object(event)),
    })
}

/// The text that a person put in place of an earlier one.
fn edited(event: &Map<String, Value>) -> Option<Meaning> {
    let edit = json::child(event, "message_edit")?;
    let text = json::text(edit, "text").map(Private::from);
    let at = event.get("timestamp").and_then(json::unix_millis);
    Some(Meaning::Edited { of: json::id(edit, "mid")?, text, at })
}

fn party(event: &Map<String, Value>, role: &'static str) -> Result<Address, Fault> {
    let party = json::child(event, role);
    let id = party.and_then(|party| json::id(party, "id").or_else(|| json::id(party, "user_ref")));
    let id = id.ok_or((if role == "sender" { "/sender/id" } else { "/recipient/id" }, "missing"))?;
    Ok(Address { kind: AddressKind::User, value: Private(id) })
}

/// Takes the files out of the message's attachments; what is no file (shares, templates, places) stays in the
/// message. Also tells whether there is a place.
fn files(message: &mut Map<String, Value>) -> (Vec<Attachment>, bool) {
    let (mut files, mut rest, mut place) = (Vec::new(), Vec::new(), false);
    match message.remove("attachments") {
        Some(Value::Array(list)) => {
            for item in list {
                place |= item.get("type").and_then(Value::as_str) == Some("location");
                let file = file(&item);
                // That a file is a story, or a reel and whose, is told beside it.
                if file.is_none() || is_shared(&item) {
                    rest.push(item);
                }
                files.extend(file);
            }
        }
        Some(other) => rest.push(other),
        None => {}
    }
    if !rest.is_empty() {
        message.insert("attachments".into(), rest.into());
    }
    (files, place)
}

fn file(item: &Value) -> Option<Attachment> {
    let payload = item.get("payload")?;
    let url = payload.get("url")?.as_str()?;
    let kind = match item.get("type")?.as_str()? {
        "image" if payload.get("sticker_id").is_some() => "sticker",
        kind @ ("image" | "audio" | "video" | "file") => kind,
        "ig_reel" | "reel" if media::is_metas(url) => "video",
        "story_mention" if media::is_metas(url) => STORY,
        _ => return None,
    };
    Some(Attachment::new(url, kind))
}

/// Something of the network that is shown in the message, as far as it passes.
fn is_shared(item: &Value) -> bool {
    matches!(item.get("type").and_then(Value::as_str), Some("ig_reel" | "reel" | "story_mention"))
}

fn remarks(foreign: bool) -> Vec<String> {
    if foreign { vec!["the entry's id is not this account's".to_owned()] } else { Vec::new() }
}
