//! Sending: `POST /v3/mail/send`.

use crate::{
    account::Account,
    mail::Composed,
    outbound::{FormatError, Outbound, OutboundRequest, Outcome, retry_after},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use serde_json::{Map, Value, json};

/// Makes the request for one mail.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    let mail = Composed::new(message, account)?;
    let headers: Map<String, Value> =
        mail.headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
    // The plain text has to come first.
    let content = [("text/plain", mail.text), ("text/html", mail.html)];
    let content: Vec<Value> = content
        .into_iter()
        .filter_map(|(kind, value)| Some(json!({ "type": kind, "value": value? })))
        .collect();
    let mut body = json!({
        "personalizations": [{ "to": [{ "email": mail.to }], "custom_args": { "relevo_id": message.id } }],
        "from": mailbox(&mail.from), "subject": mail.subject, "content": content, "headers": headers,
    });
    if let Some(address) = mail.reply_to {
        body["reply_to"] = mailbox(address);
    }
    let files: Vec<Value> = mail
        .files
        .iter()
        .map(|file| json!({ "content": file.base64(), "type": file.mime_type, "filename": file.name }))
        .collect();
    if !files.is_empty() {
        body["attachments"] = files.into();
    }
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    OutboundRequest::json("/v3/mail/send".into(), &body).with_secret(
        header::AUTHORIZATION,
        &format!("Bearer {}", token.expose()),
        "access_token",
    )
}

/// Reads the provider's answer: 202 with `X-Message-Id`, which events repeat at the beginning of `sg_message_id`.
pub fn outcome(status: u16, headers: &HeaderMap, _: &[u8]) -> Outcome {
    if (200..300).contains(&status) {
        let id = headers.get("x-message-id").and_then(|id| id.to_str().ok());
        return Outcome::Sent { provider_id: id.map(str::to_owned) };
    }
    let why = format!("HTTP {status}");
    if matches!(status, 408 | 429 | 500..) {
        Outcome::Retry { after_seconds: retry_after(headers), why }
    } else {
        Outcome::Refused { why }
    }
}

/// `Desk <desk@example.org>` as the provider wants it.
fn mailbox(text: &str) -> Value {
    match text.rsplit_once('<') {
        Some((name, address)) => {
            let name = name.trim().trim_matches('"');
            json!({ "email": address.trim_end_matches('>').trim(), "name": name })
        }
        None => json!({ "email": text.trim() }),
    }
}
