//! Sending: `POST /v3/{domain}/messages` as multipart.

use crate::{
    account::Account,
    crypto,
    mail::{self, Composed},
    outbound::{FormatError, Outbound, OutboundRequest, Outcome, path_segment, retry_after, secret_header},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;

/// Makes the request for one mail.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    let mail = Composed::new(message, account)?;
    let domain = path_segment(account, "domain", None)?;
    let mut fields = vec![
        ("from".to_owned(), mail.from.as_str()),
        ("to".into(), mail.to),
        ("subject".into(), mail.subject),
    ];
    fields.extend(mail.text.map(|text| ("text".into(), text)));
    fields.extend(mail.html.map(|html| ("html".into(), html)));
    fields.extend(mail.reply_to.map(|address| ("h:Reply-To".into(), address)));
    fields.extend(mail.headers.iter().map(|(name, value)| (format!("h:{name}"), value.as_str())));
    fields.push(("v:relevo_id".into(), &message.id));

    // The boundary must not occur in what it parts: made from the hash of it all, it cannot be known beforehand.
    let parts: Vec<&[u8]> = fields
        .iter()
        .map(|(_, value)| value.as_bytes())
        .chain(mail.files.iter().map(|file| file.bytes))
        .collect();
    let boundary = crypto::fingerprint_of(&parts).replace(':', "-");
    let mut body = Vec::new();
    let part = |head: String, content: &[u8], body: &mut Vec<u8>| {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n");
        [head.as_bytes(), content, b"\r\n"].iter().for_each(|piece| body.extend_from_slice(piece));
    };
    for (name, value) in &fields {
        part(format!("name=\"{name}\""), value.as_bytes(), &mut body);
    }
    for file in &mail.files {
        let (name, mime_type) = (file.name, file.mime_type);
        let head = format!("name=\"attachment\"; filename=\"{name}\"\r\nContent-Type: {mime_type}");
        part(head, file.bytes, &mut body);
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());

    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"));
    headers.insert(header::CONTENT_TYPE, kind.map_err(|_| FormatError::Empty)?);
    headers.extend(authorisation(account)?);
    let path = format!("/v3/{domain}/messages");
    Ok(OutboundRequest { method: Method::POST, path, headers, body })
}

/// The API key, as the API takes it.
pub(crate) fn authorisation(account: &Account) -> Result<HeaderMap, FormatError> {
    let key = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?.expose();
    let basic = format!("Basic {}", crypto::to_base64(format!("api:{key}").as_bytes()));
    secret_header(header::AUTHORIZATION, &basic, "access_token")
}

/// Reads the provider's answer: `{"id": "<…>", "message": "Queued. Thank you."}`.
pub fn outcome(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    if (200..300).contains(&status) {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        return Outcome::Sent {
            provider_id: answer.get("id").and_then(Value::as_str).and_then(mail::bare_id),
        };
    }
    let why = format!("HTTP {status}");
    if matches!(status, 408 | 429 | 500..) {
        Outcome::Retry { after_seconds: retry_after(headers), why }
    } else {
        Outcome::Refused { why }
    }
}
