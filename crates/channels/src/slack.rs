//! Slack Events API.
//!
//! Signature: `X-Slack-Signature: v0=<hex HMAC-SHA256(v0:timestamp:body)>`, `X-Slack-Request-Timestamp` within
//! 300 s. A repeat is known by `event_id`; messages refer to each other as `<channel>:<ts>`. Expects 2xx within
//! 3 s; three repeats. `url_verification` is answered with its challenge.
//!
//! In channels a conversation is a thread: answers go to `<channel>:<thread>`. Direct messages are one
//! conversation with the person. Settings: `team_id` (to notice foreign ones), `mentions_only` (in channels, only
//! what mentions the app is a message).
//!
//! Sources: Slack, "Verifying requests from Slack", "Events API", "chat.postMessage".

mod event;
mod send;

pub use send::{format, outcome};

use crate::{
    account::Account,
    crypto,
    fields::Form,
    json,
    parsed::{Answer, Malformed, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Inbound, InboundMessage, MessageKind, OtherEvent},
};
use serde_json::{Map, Value};

/// The provider's API.
pub const BASE_URL: &str = "https://slack.com";

/// How far the signed time may be from now, either way.
const WINDOW_SECONDS: u64 = 300;

/// The challenge comes signed: `parse` answers it.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Checks time and signature.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let present = |name| request.header(name).filter(|value| !value.is_empty()).ok_or(Refusal::Missing);
    let (time, signature) = (present("x-slack-request-timestamp")?, present("x-slack-signature")?);
    let signature = crypto::from_hex(signature.strip_prefix("v0=").ok_or(Refusal::Unreadable)?)?;
    let seconds: i64 = time.parse().map_err(|_| Refusal::Unreadable)?;
    let parts = [b"v0:", time.as_bytes(), b":", &request.body];
    crypto::any_secret(&account.secrets, &signature, |key| crypto::hmac_sha256(key, &parts))?;
    if now.timestamp().abs_diff(seconds) > WINDOW_SECONDS {
        return Err(Refusal::Stale);
    }
    Ok(request.verified(now))
}

/// Reads the one event; also slash commands and pressed buttons, which come as forms.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let kind = request.request().header("content-type").unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        return form(request);
    }
    let mut body = json::body_object(request.body())?;
    // The verification token of old: a secret that proves nothing.
    body.remove("token");
    match json::text(&body, "type") {
        Some("url_verification") => {
            let challenge = json::text(&body, "challenge");
            let challenge = challenge.ok_or_else(|| Malformed::at("/challenge", "not a string"))?;
            Ok(Parsed { answer: Answer::text(challenge), ..Parsed::default() })
        }
        Some("event_callback") => {
            let id = json::id(&body, "event_id").ok_or_else(|| Malformed::at("/event_id", "missing"))?;
            let Some(Value::Object(event)) = body.remove("event") else {
                return Err(Malformed::at("/event", "not an object"));
            };
            Ok(vec![event::read(id, event, &body, account)].into())
        }
        Some(kind) => {
            let (external_id, kind) = (crypto::fingerprint(request.body()), kind.to_owned());
            let data = Private(Value::Object(body));
            Ok(vec![Inbound::Other(OtherEvent {
                group: None,
                means: None,
                external_id,
                kind,
                from: None,
                data,
            })]
            .into())
        }
        None => Err(Malformed::at("/type", "not a string")),
    }
}

fn form(request: &Verified) -> Result<Parsed, Malformed> {
    let form = Form::urlencoded(request.body());
    let external_id = crypto::fingerprint(request.body());
    let item = match form.get("payload") {
        Some(payload) => {
            let payload =
                json::body_object(payload.as_bytes()).map_err(|fault| Malformed::at("payload", fault.why))?;
            pressed(external_id, payload)
        }
        None if form.filled("command").is_some() => Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id,
            kind: "command".into(),
            from: form.filled("user_id").map(|id| user(id.to_owned())),
            data: Private(Value::Object(form.object(|name| name != "token"))),
        }),
        None => return Err(Malformed::new("a form without `payload` and `command`")),
    };
    Ok(vec![item].into())
}

/// `block_actions` are choices; shortcuts and views are kept.
fn pressed(external_id: String, mut payload: Map<String, Value>) -> Inbound {
    payload.remove("token");
    let kind = json::text(&payload, "type").unwrap_or("payload").to_owned();
    let from = json::child(&payload, "user").and_then(|person| json::id(person, "id")).map(user);
    let action = payload.get("actions").and_then(Value::as_array).and_then(|actions| actions.first());
    let text = action.and_then(|action| {
        let option = action.get("selected_option");
        let title = option.and_then(|option| option.pointer("/text/text"));
        title.or_else(|| action.pointer("/text/text")).or_else(|| action.get("value"))?.as_str()
    });
    match (kind.as_str(), from, text) {
        ("block_actions", Some(from), Some(text)) => {
            let channel = json::child(&payload, "channel").and_then(|channel| json::id(channel, "id"));
            let message = json::child(&payload, "message");
            let ts = message.and_then(|message| json::id(message, "ts"));
            let thread = message.and_then(|message| json::id(message, "thread_ts")).or_else(|| ts.clone());
            Inbound::Message(Box::new(InboundMessage {
                kind: MessageKind::Choice,
                reply_to: channel.clone().zip(thread).and_then(|(channel, ts)| group(&channel, &ts)),
                in_reply_to: channel.zip(ts).map(|(channel, ts)| format!("{channel}:{ts}")),
                data: action.map(|action| Private(action.clone())),
                ..InboundMessage::text(external_id, from, text)
            }))
        }
        (_, from, _) => Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id,
            kind,
            from,
            data: Private(Value::Object(payload)),
        }),
    }
}

fn user(id: String) -> Address {
    Address { kind: AddressKind::User, value: Private(id) }
}

/// A thread in a channel; none for direct messages, whose channels begin with `D`.
fn group(channel: &str, thread: &str) -> Option<Address> {
    let address = || Address { kind: AddressKind::Group, value: Private(format!("{channel}:{thread}")) };
    (!channel.starts_with('D')).then(address)
}
