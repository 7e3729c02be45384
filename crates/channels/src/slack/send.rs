//! Sending: `POST /api/chat.postMessage`. There is no idempotency key: a crash between sending and recording can
//! send twice. Errors come with status 200.

use crate::{
    account::Account,
    outbound::{
        Choices, FileSource, FormatError, Outbound, OutboundRequest, Outcome, at_most, count_at_most,
        retry_after,
    },
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, header};
use relevo_domain::message::AddressKind;
use serde_json::{Value, json};

/// Makes the request for one message.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    if !matches!(message.to.kind, AddressKind::User | AddressKind::Group) {
        return Err(FormatError::Unsupported("to anything but the provider's user and channel ids"));
    }
    if message.template.is_some() {
        return Err(FormatError::Unsupported("templates of a provider"));
    }
    message.fits("slack")?;
    let links = message.attachments.iter().map(|file| match &file.source {
        FileSource::Link(url) => {
            let name = file.filename.as_ref().map_or(file.kind.as_str(), |name| name.0.as_str());
            Ok(format!("<{}|{}>", url.0, escape(name)))
        }
        _ => Err(FormatError::Unsupported("files other than by link")),
    });
    let mut lines = links.collect::<Result<Vec<_>, _>>()?;
    if let Some(text) = message.body_text() {
        lines.insert(0, escape(text));
    }
    if lines.is_empty() {
        return Err(FormatError::Empty);
    }
    let text = lines.join("\n");
    let (channel, thread) = match message.to.value.0.split_once(':') {
        Some((channel, thread)) => (channel, Some(thread)),
        None => (message.to.value.0.as_str(), None),
    };
    let mut body = json!({ "channel": channel, "text": text });
    if let Some(thread) = thread {
        body["thread_ts"] = thread.into();
    }
    if let Some(interactive) = &message.interactive {
        let Choices::Buttons(buttons) = &interactive.choices else {
            return Err(FormatError::Unsupported("lists: use buttons"));
        };
        count_at_most("buttons", buttons.len(), 25)?;
        let buttons = buttons.iter().map(|choice| {
            at_most("a button's title", &choice.title, 75)?;
            let title = json!({ "type": "plain_text", "text": choice.title });
            Ok(json!({ "type": "button", "text": title, "action_id": choice.id, "value": choice.id }))
        });
        let buttons = buttons.collect::<Result<Vec<_>, FormatError>>()?;
        at_most("the text above buttons", &text, 3000)?;
        body["blocks"] = json!([
            { "type": "section", "text": { "type": "mrkdwn", "text": text } },
            { "type": "actions", "elements": buttons },
        ]);
    }
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    let mut request = OutboundRequest::json("/api/chat.postMessage".into(), &body);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    request.headers.insert(header::CONTENT_TYPE, json);
    request.with_secret(header::AUTHORIZATION, &format!("Bearer {}", token.expose()), "access_token")
}

/// Reads the provider's answer: `{"ok": true, "channel", "ts"}` or `{"ok": false, "error"}`.
pub fn outcome(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| answer.get(key).and_then(Value::as_str);
    if (200..300).contains(&status) && answer.get("ok") != Some(&Value::Bool(false)) {
        let provider_id = text("channel").zip(text("ts")).map(|(channel, ts)| format!("{channel}:{ts}"));
        return Outcome::Sent { provider_id };
    }
    // Error names are made of a fixed alphabet and hold no data.
    let plain = |error: &&str| error.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let error = text("error").filter(plain).unwrap_or_default();
    let passing = [
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
    ];
    let why = if error.is_empty() { format!("HTTP {status}") } else { error.to_owned() };
    if passing.contains(&error) || matches!(status, 408 | 429 | 500..) {
        Outcome::Retry { after_seconds: retry_after(headers), why }
    } else {
        Outcome::Refused { why }
    }
}

/// What Slack wants escaped; everything else stays as written.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
