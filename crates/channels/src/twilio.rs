//! What Twilio's three channels have in common: signature, fields, errors.
//!
//! Source: Twilio, "Webhooks security", "Messaging webhooks", "Programmable Messaging: Message resource".

use crate::{
    account::Account,
    crypto,
    fields::Form,
    outbound::{
        FileSource, FormatError, Outbound, OutboundRequest, Outcome, path_segment, retry_after, secret_header,
    },
    parsed::{Answer, Malformed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The provider's API.
pub const BASE_URL: &str = "https://api.twilio.com";

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// `X-Twilio-Signature`: base64 HMAC-SHA1 over the URL as configured (the account's `public_url` and the path;
/// never `Host`) and the sorted parameters. Bodies other than forms are covered by a hash in the query. Twilio
/// signs with or without the port, so both pass.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let header = request.header("x-twilio-signature").ok_or(Refusal::Missing)?;
    let signature =
        crypto::from_base64(header).filter(|bytes| !bytes.is_empty()).ok_or(Refusal::Unreadable)?;
    let origin = account.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let body_hash = request.query_value("bodySHA256");
    let signed = match &body_hash {
        None if request.method == Method::POST => sorted(&request.body),
        _ => String::new(),
    };
    let mut result = Err(Refusal::Wrong);
    for origin in [origin, &other_port(origin)] {
        let parts = [origin.as_bytes(), request.path_and_query.as_bytes(), signed.as_bytes()];
        let this = crypto::any_secret(&account.secrets, &signature, |key| crypto::hmac_sha1(key, &parts));
        if result.is_err() {
            result = this;
        }
    }
    result?;
    if origin.is_empty() {
        return Err(Refusal::NotConfigured);
    }
    if let Some(expected) = body_hash {
        let expected = crypto::from_hex(&expected)?;
        if !crypto::equal(&Sha256::digest(&request.body), &expected) {
            return Err(Refusal::Wrong);
        }
    } else if request.method != Method::POST && !request.body.is_empty() {
        return Err(Refusal::Unreadable);
    }
    Ok(request.verified(now))
}

/// The parameters of a verified request, from where the signature covers them.
pub(crate) fn fields(request: &Verified) -> Result<Form, Malformed> {
    let request = request.request();
    if request.query_value("bodySHA256").is_some() {
        let map = crate::json::body_object(&request.body)?;
        let text = |value: Value| match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let fields = map.into_iter().map(|(key, value)| (key, text(value))).collect();
        return Ok(Form::of(fields));
    }
    let encoded = if request.method == Method::POST { &request.body } else { request.query().as_bytes() };
    Ok(Form::urlencoded(encoded))
}

/// TwiML that does nothing, or what the account's setting `twiml` says.
pub(crate) fn answer(twiml: Option<String>) -> Answer {
    let body = twiml.unwrap_or_else(|| "<Response/>".to_owned()).into_bytes();
    Answer { status: 200, content_type: Some("text/xml; charset=utf-8"), body }
}

/// Notes a foreign account.
pub(crate) fn remarks(form: &Form, account: &Account) -> Vec<String> {
    match (account.setting("account_sid"), form.filled("AccountSid")) {
        (Some(ours), Some(theirs)) if ours != theirs => vec!["the AccountSid is not this account's".into()],
        _ => Vec::new(),
    }
}

/// `POST /2010-04-01/Accounts/{account_sid}/Messages.json`; `prefix` goes before both addresses. There is no
/// idempotency key: a crash between sending and recording can send twice.
///
/// Settings: `account_sid`; `from` or `messaging_service_sid`; `status_callback` (URL). Authorised with the
/// access token (`key:secret`, or a secret alone for the account itself), else with the first secret.
pub(crate) fn format(
    message: &Outbound,
    account: &Account,
    prefix: &str,
) -> Result<OutboundRequest, FormatError> {
    let sid = path_segment(account, "account_sid", None)?;
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.append_pair("To", &format!("{prefix}{}", message.to.value.0));
    match (account.setting("messaging_service_sid"), account.setting("from")) {
        (Some(service), _) => body.append_pair("MessagingServiceSid", &service),
        (None, Some(from)) => body.append_pair("From", &format!("{prefix}{from}")),
        (None, None) => return Err(FormatError::Setting("from")),
    };
    if message.interactive.is_some() {
        return Err(FormatError::Unsupported("choices other than by a template"));
    }
    match (&message.template, message.body_text()) {
        (Some(template), None) if !prefix.is_empty() && message.attachments.is_empty() => {
            let values = template.body.iter().enumerate().map(|(i, value)| {
                (value.name.clone().unwrap_or_else(|| (i + 1).to_string()), value.text.0.as_str().into())
            });
            body.append_pair("ContentSid", &template.name);
            body.append_pair("ContentVariables", &Value::Object(values.collect()).to_string());
        }
        (Some(_), _) => return Err(FormatError::Unsupported("a template here, or with anything beside it")),
        (None, None) if message.attachments.is_empty() => return Err(FormatError::Empty),
        (None, text) => {
            if let Some(text) = text {
                body.append_pair("Body", text);
            }
        }
    }
    message.fits("twilio-sms")?;
    for file in &message.attachments {
        let FileSource::Link(url) = &file.source else {
            return Err(FormatError::Unsupported("files other than by link"));
        };
        body.append_pair("MediaUrl", &url.0);
    }
    if let Some(url) = account.setting("status_callback") {
        body.append_pair("StatusCallback", &url);
    }
    let mut headers = authorisation(account)?;
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"),
    );
    Ok(OutboundRequest {
        method: Method::POST,
        path: format!("/2010-04-01/Accounts/{sid}/Messages.json"),
        headers,
        body: body.finish().into_bytes(),
    })
}

/// What calls are authorised with.
pub(crate) fn authorisation(account: &Account) -> Result<HeaderMap, FormatError> {
    let sid = path_segment(account, "account_sid", None)?;
    let secret = account.access_token.as_ref().or(account.secrets.first());
    let secret = secret.ok_or(FormatError::Setting("access_token"))?.expose();
    let user = if secret.contains(':') { secret.to_owned() } else { format!("{sid}:{secret}") };
    let basic = format!("Basic {}", crypto::to_base64(user.as_bytes()));
    secret_header(header::AUTHORIZATION, &basic, "access_token")
}

/// Reads the provider's answer.
pub fn outcome(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if (200..300).contains(&status) {
        return Outcome::Sent { provider_id: answer.get("sid").and_then(Value::as_str).map(str::to_owned) };
    }
    let code = answer.get("code").and_then(Value::as_i64);
    let (again, meaning) = match code {
        Some(14_107 | 20_429 | 63_018) => (true, "too many requests"),
        Some(20_500 | 20_503 | 30_001 | 30_008) => (true, "a passing fault at the provider"),
        Some(20_003) => (false, "the credentials are wrong"),
        Some(21_211 | 21_614) => (false, "the recipient's number is not valid for messages"),
        Some(21_408) => (false, "the account may not message this country"),
        Some(21_610) => (false, "the recipient has opted out"),
        Some(21_606 | 21_212) => (false, "the sender's number cannot send messages"),
        Some(63_016) => (false, "outside the 24-hour window: only an approved template may be sent"),
        _ => (matches!(status, 408 | 429 | 500..), "see the provider's list of error codes"),
    };
    let why = code.map_or_else(|| format!("HTTP {status}"), |code| format!("{code}: {meaning}"));
    if again { Outcome::Retry { after_seconds: retry_after(headers), why } } else { Outcome::Refused { why } }
}

/// All parameters sorted by name, then by value, equal pairs once, one after the other.
fn sorted(body: &[u8]) -> String {
    let mut pairs: Vec<_> = form_urlencoded::parse(body).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

/// The same origin with the scheme's port added, or without its port.
fn other_port(origin: &str) -> String {
    let (scheme, host) = origin.split_once("://").unwrap_or_default();
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => format!("{scheme}://{host}"),
        _ => format!("{origin}:{}", if scheme == "http" { 80 } else { 443 }),
    }
}
