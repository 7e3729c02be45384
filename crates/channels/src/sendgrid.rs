//! SendGrid Inbound Parse.
//!
//! Nothing is signed: the secret is part of the URL. `charsets` gives the character set of each field; a raw mail
//! comes in `email`. A repeat is known by Message-ID and envelope. Expects 2xx; **a 4xx loses the mail**, so what can
//! be kept is kept, and passing faults must be answered with 5xx.
//!
//! Settings: `from` (to send). The API key is the access token. There is no idempotency key: a crash between sending
//! and recording can send twice.
//!
//! Sources: Twilio SendGrid, "Inbound Parse webhook", "Mail Send".

mod send;

pub use send::{format, outcome};

use crate::{
    account::Account,
    crypto,
    fields::Form,
    json,
    mail::{self, Letter},
    parsed::{Answer, File, Malformed, Parsed},
    presented,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Inbound, Problem},
};
use serde_json::{Value, json as object};

/// The provider's API.
pub const BASE_URL: &str = "https://api.sendgrid.com";

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Compares the secret in the URL.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    presented::in_url(request, account, now)
}

/// Reads the one mail.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let form = match Form::read(request.request()) {
        Ok(form) if !form.fields.is_empty() || !form.files.is_empty() => form,
        Ok(_) => return Err(Malformed::new("a form without fields")),
        Err(malformed) => return Ok(unreadable(request, malformed.why)),
    };
    let (letter, bytes) = match form.bytes("email").or(form.get("email").map(str::as_bytes)) {
        Some(raw) => (mail::letter(raw), raw),
        None => (taken_apart(&form), request.body()),
    };
    let Some(letter) = letter else { return Ok(unreadable(request, "no headers in it".into())) };
    let envelope = form.get("envelope").and_then(json::value);
    let mut to: Vec<String> =
        envelope.iter().filter_map(|e| e.get("to")?.as_array()).flatten().filter_map(json::as_id).collect();
    to.sort();
    let id = format!("{}:{}", letter.id(bytes), to.join(","));
    let (items, files) = letter.items(id, Vec::new());
    Ok(Parsed { items, files, ..Parsed::default() })
}

/// Kept as it came: an answer that says no would lose it.
fn unreadable(request: &Verified, why: String) -> Parsed {
    let (file, _) = File::attached("", None, request.body().to_vec());
    let problem = Inbound::Problem(Problem {
        external_id: file.reference.clone(),
        pointer: String::new(),
        why,
        data: Private(object!({ "file": file.reference })),
        request: None,
    });
    Parsed { items: vec![problem], files: vec![file], ..Parsed::default() }
}

fn taken_apart(form: &Form) -> Option<Letter> {
    let charsets = form.get("charsets").and_then(json::value);
    let charset = |name: &str| charsets.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let decoded = |name: &str| match (form.bytes(name), charset(name)) {
        (Some(bytes), Some(charset)) => Some(decode(bytes, &charset)),
        _ => form.get(name).map(str::to_owned),
    };
    let headers = form.get("headers").unwrap_or_default();
    // Without the headers that tell how the body was wrapped: it no longer is.
    let mut pairs: Vec<(String, String)> = Vec::new();
    for line in headers.lines() {
        match line.split_once(':') {
            _ if line.starts_with([' ', '\t']) => {
                if let Some((_, value)) = pairs.last_mut() {
                    value.push_str(line);
                }
            }
            Some((name, value)) => pairs.push((name.trim().to_owned(), value.trim().to_owned())),
            None => {}
        }
    }
    for (name, field) in [("From", "from"), ("To", "to"), ("Cc", "cc"), ("Subject", "subject")] {
        if !pairs.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            pairs.extend(
                decoded(field).filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)),
            );
        }
    }
    let wrapped = |name: &str| {
        let name = name.to_ascii_lowercase();
        (name.starts_with("content-") && name != "content-language") || name == "mime-version"
    };
    let own = pairs.iter().filter(|(name, _)| !wrapped(name));
    let block = mail::header_block(own.map(|(name, value)| (name.as_str(), value.as_str())));
    let mut letter =
        mail::letter(block.as_bytes())?.with_bodies(decoded("text").as_deref(), decoded("html").as_deref());
    let info = form.get("attachment-info").and_then(json::value);
    for file in &form.files {
        let about = info.as_ref().and_then(|info| info.get(&file.field)).and_then(Value::as_object);
        let of = |key| about.and_then(|about| json::text(about, key));
        let name = of("filename").or_else(|| of("name")).unwrap_or(&file.filename);
        let mime_type = of("type").or(file.content_type.as_deref());
        letter.attach(File::attached(name, mime_type, file.bytes.clone()), of("content-id"));
    }
    Some(letter)
}

/// Decodes by wrapping the bytes into a mail of that character set: the reader knows them all.
fn decode(bytes: &[u8], charset: &str) -> String {
    let plain = charset.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'));
    if charset.eq_ignore_ascii_case("utf-8") || !plain {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let head = format!(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n"
    );
    let wrapped = [head.as_bytes(), crypto::to_base64(bytes).as_bytes()].concat();
    let text = mail::letter(&wrapped).and_then(|letter| letter.text);
    text.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}
