//! Sending: `POST /email`.

use crate::{
    account::Account,
    mail::Composed,
    outbound::{FormatError, Outbound, OutboundRequest, Outcome, retry_after},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

/// Makes the request for one mail.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    let mail = Composed::new(message, account)?;
    let own = mail.headers.iter().map(|(name, value)| json!({ "Name": name, "Value": value }));
    // Without this the provider puts a Message-ID of its own in place of ours.
    let keep = json!({ "Name": "X-PM-KeepID", "Value": "true" });
    let headers: Vec<Value> = own.chain([keep]).collect();
    let files: Vec<Value> = mail
        .files
        .iter()
        .map(|file| json!({ "Name": file.name, "Content": file.base64(), "ContentType": file.mime_type }))
        .collect();
    let mut body = json!({
        "From": mail.from, "To": mail.to, "Subject": mail.subject, "Headers": headers,
        "Metadata": { "relevo_id": message.id },
    });
    let optional = [("TextBody", mail.text), ("HtmlBody", mail.html), ("ReplyTo", mail.reply_to)];
    for (name, value) in optional.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        body[name] = value.into();
    }
    if !files.is_empty() {
        body["Attachments"] = files.into();
    }
    if let Some(stream) = account.setting("message_stream") {
        body["MessageStream"] = stream.into();
    }
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    OutboundRequest::json("/email".into(), &body).with_secret(
        HeaderName::from_static("x-postmark-server-token"),
        token.expose(),
        "access_token",
    )
}

/// Reads the provider's answer: `{"ErrorCode": 0, "MessageID"}`. Its texts may quote the recipient.
pub fn outcome(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = answer.get("ErrorCode").and_then(Value::as_i64).unwrap_or_default();
    if (200..300).contains(&status) && code == 0 {
        return Outcome::Sent {
            provider_id: answer.get("MessageID").and_then(Value::as_str).map(str::to_owned),
        };
    }
    let why = match code {
        0 => format!("HTTP {status}"),
        10 => "10: the server token is wrong".to_owned(),
        300 => "300: the mail is not valid".to_owned(),
        400 | 401 => format!("{code}: the sender's address is not confirmed"),
        406 => "406: the recipient is inactive after a bounce or a complaint".to_owned(),
        code => format!("{code}: see the provider's list of error codes"),
    };
    if matches!(status, 408 | 429 | 500..) {
        Outcome::Retry { after_seconds: retry_after(headers), why }
    } else {
        Outcome::Refused { why }
    }
}
