//! WhatsApp's webhooks as Meta sends them: its order of members, its escapes, its signature over the raw bytes.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::client::{Answer, Client};
use crate::desk::Desk;
use crate::wait::seconds_since_1970;

/// A text message.
pub fn text(from: &str, id: &str, text: &str) -> String {
    text_at(seconds_since_1970(), from, id, text)
}

fn text_at(at: u64, from: &str, id: &str, text: &str) -> String {
    let text = escaped(text);
    format!(r#"{{"from":"{from}","id":"{id}","timestamp":"{at}","type":"text","text":{{"body":"{text}"}}}}"#)
}

/// What became of a message that we sent.
pub fn status(id: &str, state: &str, recipient: &str) -> String {
    let at = seconds_since_1970();
    format!(
        r#"{{"id":"{id}","status":"{state}","timestamp":"{at}","recipient_id":"{recipient}","conversation":{{"id":"c1","origin":{{"type":"service"}}}},"pricing":{{"billable":true,"pricing_model":"PMP","category":"service"}}}}"#
    )
}

/// A person in `contacts`.
pub fn contact(phone: &str, name: &str) -> String {
    format!(r#"{{"profile":{{"name":"{}"}},"wa_id":"{phone}"}}"#, escaped(name))
}

/// A change of field `messages`.
pub fn change(contacts: &[String], messages: &[String], statuses: &[String]) -> String {
    let mut lists = String::new();
    for (name, items) in [("contacts", contacts), ("messages", messages), ("statuses", statuses)] {
        if !items.is_empty() {
            let _ = write!(lists, r#","{name}":[{}]"#, items.join(","));
        }
    }
    format!(
        r#"{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"12025550141","phone_number_id":"100200300400501"}}{lists}}},"field":"messages"}}"#
    )
}

/// A whole body: entries, each a list of changes.
pub fn batch(entries: &[Vec<String>]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|changes| format!(r#"{{"id":"102290129340398","changes":[{}]}}"#, changes.join(",")))
        .collect();
    format!(r#"{{"object":"whatsapp_business_account","entry":[{}]}}"#, entries.join(","))
}

/// The body of one message from one person.
pub fn message(phone: &str, id: &str, words: &str) -> String {
    let change = change(&[contact(phone, "Rosa Núñez")], &[text(phone, id, words)], &[]);
    batch(&[vec![change]])
}

/// The same, written at a time, in seconds since 1970.
pub fn message_at(at: u64, phone: &str, id: &str, words: &str) -> String {
    let change = change(&[contact(phone, "Rosa Núñez")], &[text_at(at, phone, id, words)], &[]);
    batch(&[vec![change]])
}

/// The body of one status.
pub fn report(id: &str, state: &str, recipient: &str) -> String {
    batch(&[vec![change(&[], &[], &[status(id, state, recipient)])]])
}

/// The value of `X-Hub-Signature-256`.
///
/// # Panics
/// Never: a key may have any length.
pub fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Delivers a body to the desk's account `main`.
#[track_caller]
pub fn deliver(client: &Client, desk: &Desk, body: &str) -> Answer {
    let signature = signature(&desk.secret("whatsapp", "main"), body);
    deliver_signed(client, desk, body, &signature)
}

/// Delivers a body with a signature of the test's choice.
#[track_caller]
pub fn deliver_signed(client: &Client, desk: &Desk, body: &str, signature: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", signature)];
    client.send("POST", &desk.hook("whatsapp", "main"), &headers, Some(body.as_bytes()))
}

/// Delivers a body; nothing if no whole answer came, as when the host was killed.
pub fn try_deliver(client: &Client, desk: &Desk, body: &str) -> Option<Answer> {
    let signature = signature(&desk.secret("whatsapp", "main"), body);
    let headers = [("content-type", "application/json"), ("x-hub-signature-256", &*signature)];
    client.attempt("POST", &desk.hook("whatsapp", "main"), &headers, Some(body.as_bytes())).ok()
}

/// Text as Meta writes it into JSON: ASCII alone, `/` escaped too.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for unit in text.encode_utf16() {
        let _ = match u8::try_from(unit) {
            Ok(b'"') => write!(escaped, "\\\""),
            Ok(b'\\') => write!(escaped, "\\\\"),
            Ok(b'/') => write!(escaped, "\\/"),
            Ok(b'\n') => write!(escaped, "\\n"),
            Ok(plain @ b' '..=b'~') => write!(escaped, "{}", char::from(plain)),
            _ => write!(escaped, "\\u{unit:04x}"),
        };
    }
    escaped
}
