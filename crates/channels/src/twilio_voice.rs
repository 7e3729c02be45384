//! Twilio voice: calls, recordings, voice messages.
//!
//! A repeat is known by `CallSid` and the state (recordings: `RecordingSid`). The first request of a call wants
//! TwiML that says what to do: setting `twiml`; the others get TwiML that does nothing. 15 s.
//!
//! Source: Twilio, "TwiML voice request", "Call status callbacks", "Recording status callbacks", "Record verb".

use crate::{
    account::Account,
    crypto,
    fields::Form,
    parsed::{Malformed, Parsed},
    request::Verified,
    twilio, twilio_sms,
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Attachment, CallDirection, CallReport, CallState, Inbound, OtherEvent},
};
use serde_json::Value;

pub(crate) use twilio::{handshake, verify};

/// Fields that are read, or say nothing about the call.
const READ: [&str; 14] = [
    "AccountSid",
    "ApiVersion",
    "CallSid",
    "CallStatus",
    "CallDuration",
    "Direction",
    "Duration",
    "From",
    "RecordingSid",
    "RecordingUrl",
    "Timestamp",
    "To",
    "TranscriptionText",
    "CallToken",
];

/// Reads the one report.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let form = twilio::fields(request)?;
    let call_id = form.filled("CallSid").ok_or_else(|| Malformed::at("CallSid", "missing"))?;
    let recording = recording_of(&form);
    let status = form.filled("CallStatus");
    // One that has not ended has no length and cannot be fetched; of one that is absent there is nothing.
    let is_whole = matches!(form.filled("RecordingStatus"), None | Some("completed"));
    let state = match (recording.as_ref(), form.filled("RecordingUrl"), status) {
        (Some(_), _, _) if !is_whole => {
            let state = form.filled("RecordingStatus").unwrap_or_default();
            let id = format!("{}:recording.{state}", recording.unwrap_or_default());
            return Ok(other(&form, call_id, &id, format!("recording.{state}")));
        }
        // `<Record>` reports without a source of its own; what it records is a voice message.
        (Some(_), Some(_), _) => match form.filled("RecordingSource") {
            None | Some("RecordVerb") => CallState::Voicemail,
            Some(_) => CallState::Recorded,
        },
        (_, _, Some("queued" | "initiated" | "ringing")) => CallState::Started,
        (_, _, Some("in-progress")) => CallState::Answered,
        (_, _, Some("completed")) => CallState::Ended,
        (_, _, Some("busy" | "no-answer" | "canceled" | "failed")) => CallState::Missed,
        _ => {
            let kind = recording
                .as_ref()
                .and(form.filled("RecordingStatus"))
                .map(|state| format!("recording.{state}"));
            let kind = kind.or_else(|| status.map(|state| format!("call.{state}")));
            let kind = kind.unwrap_or_else(|| "call".into());
            return Ok(other(&form, call_id, &kind, kind.clone()));
        }
    };
    // An incoming call begins with a request for instructions, which says "ringing" and has no sequence number.
    let asks = matches!(state, CallState::Started | CallState::Answered)
        && form.filled("CallbackSource").is_none()
        && form.filled("SequenceNumber").is_none();
    let item = report(&form, call_id, state, account);
    let twiml = if asks { account.setting("twiml") } else { None };
    Ok(Parsed { items: vec![item], answer: twilio::answer(twiml), ..Parsed::default() })
}

fn report(form: &Form, call_id: &str, state: CallState, account: &Account) -> Inbound {
    let direction = form.filled("Direction").map(|direction| match direction {
        _ if direction.starts_with("outbound") => CallDirection::Out,
        _ => CallDirection::In,
    });
    let person = form.filled(if direction == Some(CallDirection::Out) { "To" } else { "From" });
    let recording = recording_of(form);
    let status = form.filled("CallStatus").unwrap_or("recorded");
    let mut data = form.object(|name| !READ.contains(&name));
    if let Some(remark) = twilio::remarks(form, account).first() {
        data.insert("remark".into(), remark.as_str().into());
    }
    let voice =
        form.filled("RecordingUrl").filter(|_| recording.is_some()).map(|url| Attachment::new(url, "audio"));
    Inbound::Call(Box::new(CallReport {
        external_id: match &recording {
            Some(recording) if form.filled("TranscriptionText").is_some() => {
                format!("{call_id}:{recording}:transcription")
            }
            Some(recording) => format!("{call_id}:{recording}"),
            None => format!("{call_id}:{status}"),
        },
        call_id: call_id.to_owned(),
        person: person.map(twilio_sms::address),
        direction,
        state,
        agent: None,
        talk_seconds: form.filled("CallDuration").and_then(|seconds| seconds.parse().ok()),
        hold_seconds: None,
        wrap_up_seconds: None,
        disposition: (state == CallState::Missed).then(|| status.to_owned()),
        text: form.filled("TranscriptionText").map(Private::from),
        attachments: voice.into_iter().collect(),
        at: form.filled("Timestamp").and_then(rfc2822),
        data: (!data.is_empty()).then_some(Private(Value::Object(data))),
    }))
}

/// The recording's id. What `<Record>` posts to its action may have it in the URL alone.
fn recording_of(form: &Form) -> Option<String> {
    let in_url = || {
        let url = form.filled("RecordingUrl")?;
        let name = url.split(['?', '#']).next()?.rsplit('/').next()?.split('.').next()?;
        let is_sid = name.starts_with("RE") && name.bytes().all(|b| b.is_ascii_alphanumeric());
        Some(if is_sid { name.to_owned() } else { crypto::fingerprint(url.as_bytes()) })
    };
    form.filled("RecordingSid").map(str::to_owned).or_else(in_url)
}

fn other(form: &Form, call_id: &str, id: &str, kind: String) -> Parsed {
    let data = form.object(|name| name != "AccountSid" && name != "ApiVersion");
    let item = Inbound::Other(OtherEvent {
        group: None,
        means: None,
        external_id: format!("{call_id}:{id}"),
        kind,
        from: form.filled("From").map(twilio_sms::address),
        data: Private(Value::Object(data)),
    });
    Parsed { items: vec![item], answer: twilio::answer(None), ..Parsed::default() }
}

fn rfc2822(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|time| time.to_utc())
}
