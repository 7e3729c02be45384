//! Diallers and telephone systems: Standard Webhooks whose events are calls.
//!
//! `{"type": "call.started" | "call.answered" | "call.ended" | "call.missed" | "call.recording" | "call.voicemail",
//! "timestamp", "data": {"call_id", "number", "direction": "in"|"out", "agent", "talk_seconds", "hold_seconds",
//! "wrap_up_seconds", "disposition", "notes", "recording_url", "at"}}`. Only `call_id` is required; what else is
//! there is kept. Any other type is an event, `message` is a message, as in [`crate::standard`]. A repeat is known
//! by call and type, a recording also by its address.

use crate::{
    account::Account,
    json,
    parsed::{Malformed, Parsed},
    request::Verified,
    standard,
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Attachment, CallDirection, CallReport, CallState, Inbound},
};
use serde_json::{Map, Value};

pub(crate) use standard::{handshake, verify};

const READ: [&str; 11] = [
    "call_id",
    "number",
    "direction",
    "agent",
    "talk_seconds",
    "hold_seconds",
    "wrap_up_seconds",
    "disposition",
    "notes",
    "recording_url",
    "at",
];

/// Reads the one event.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let body = json::body_object(request.body())?;
    let kind = json::text(&body, "type").ok_or_else(|| Malformed::at("/type", "not a string"))?;
    let state = match kind {
        "call.started" => CallState::Started,
        "call.answered" => CallState::Answered,
        "call.ended" => CallState::Ended,
        "call.missed" => CallState::Missed,
        "call.recording" => CallState::Recorded,
        "call.voicemail" => CallState::Voicemail,
        _ => return standard::read(request, &body, None),
    };
    let data = json::child(&body, "data").ok_or_else(|| Malformed::at("/data", "not an object"))?;
    let time = body.get("timestamp").and_then(json::rfc3339);
    Ok(vec![call(kind, state, data, time)?].into())
}

fn call(
    kind: &str,
    state: CallState,
    data: &Map<String, Value>,
    time: Option<DateTime<Utc>>,
) -> Result<Inbound, Malformed> {
    let at = |key: &str, why| Malformed::at(format!("/data/{key}"), why);
    let string = |key: &str| match data.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(at(key, "not a string")),
    };
    let seconds = |key: &str| match data.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => json::count(value)
            .and_then(|count| u32::try_from(count).ok())
            .map(Some)
            .ok_or_else(|| at(key, "not a whole number of seconds")),
    };
    let call_id = json::id(data, "call_id").ok_or_else(|| at("call_id", "missing"))?;
    let direction = match string("direction")?.as_deref() {
        None => None,
        Some("in" | "inbound") => Some(CallDirection::In),
        Some("out" | "outbound") => Some(CallDirection::Out),
        Some(_) => return Err(at("direction", "not `in` or `out`")),
    };
    let recording = string("recording_url")?;
    let external_id = match &recording {
        Some(url) => format!("{call_id}:{kind}:{url}"),
        None => format!("{call_id}:{kind}"),
    };
    let rest: Map<String, Value> = data
        .iter()
        .filter(|(key, _)| !READ.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Ok(Inbound::Call(Box::new(CallReport {
        external_id,
        call_id,
        person: json::id(data, "number")
            .map(|number| Address { kind: AddressKind::Phone, value: Private(number) }),
        direction,
        state,
        agent: string("agent")?,
        talk_seconds: seconds("talk_seconds")?,
        hold_seconds: seconds("hold_seconds")?,
        wrap_up_seconds: seconds("wrap_up_seconds")?,
        disposition: string("disposition")?,
        text: string("notes")?.map(Private),
        attachments: recording.map(|url| Attachment::new(url, "audio")).into_iter().collect(),
        at: data.get("at").and_then(json::rfc3339).or(time),
        data: (!rest.is_empty()).then_some(Private(Value::Object(rest))),
    })))
}
