//! Messenger Platform; Instagram Messaging has the same envelope and uses this reader.
//!
//! Signature and handshake as WhatsApp's. Expects 200 within 5 s. A repeat is known by `message.mid`.
//!
//! Settings: `page_id` (to send, and to notice foreign ones), `api_version`, `human_agent` (true where Meta has
//! granted the tag that allows answers for seven days).
//!
//! Sources: Meta, "Messenger Platform: webhook reference, send API reference"; "Instagram Platform: messaging
//! webhooks".

mod event;
mod send;

pub(crate) use send::{body as send_body, request as send_request};
pub use send::{format, outcome};

use crate::{
    account::Account,
    crypto, json,
    parsed::{Malformed, Parsed},
    request::Verified,
};
use relevo_domain::{
    Private,
    message::{Inbound, OtherEvent},
};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use crate::meta::{handshake, verify};

/// The provider's API.
pub const BASE_URL: &str = "https://graph.facebook.com";

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    object: &'a RawValue,
    #[serde(borrow)]
    entry: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    messaging: Option<&'a RawValue>,
    #[serde(borrow)]
    standby: Option<&'a RawValue>,
    #[serde(borrow)]
    changes: Option<&'a RawValue>,
}

/// Reads the whole batch.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    parse_batch(request, account, "page_id")
}

/// Reads a batch of either product; `own` is the setting with the id that entries carry.
pub(crate) fn parse_batch(request: &Verified, account: &Account, own: &str) -> Result<Parsed, Malformed> {
    let text = json::utf8(request.body())?;
    let envelope: Envelope = json::envelope(text, "a JSON object with `object` and the list `entry`")?;
    if !envelope.object.get().starts_with('"') {
        return Err(Malformed::at("/object", "not a string"));
    }
    let own = account.setting(own);
    let mut items = Vec::new();
    for (i, raw) in envelope.entry.into_iter().enumerate() {
        let pointer = format!("/entry/{i}");
        match json::part::<Entry>(raw.get()) {
            Some(entry) => read_entry(raw, &entry, &pointer, own.as_deref(), &mut items),
            None => items.push(json::problem(raw, pointer, "not an entry")),
        }
    }
    Ok(items.into())
}

fn read_entry(raw: &RawValue, entry: &Entry, pointer: &str, own: Option<&str>, items: &mut Vec<Inbound>) {
    let before = items.len();
    let id = entry.id.and_then(|raw| json::as_id(&json::value(raw.get())?));
    let foreign = own.is_some() && id.is_some() && own != id.as_deref();
    let mut each = |list: Option<&RawValue>, name: &str, read: &dyn Fn(&RawValue, String) -> Vec<Inbound>| {
        let Some(list) = list.filter(|list| list.get() != "null") else { return };
        let pointer = format!("{pointer}/{name}");
        match serde_json::from_str::<Vec<&RawValue>>(list.get()) {
            Ok(list) => list
                .into_iter()
                .enumerate()
                .for_each(|(i, raw)| items.extend(read(raw, format!("{pointer}/{i}")))),
            Err(_) => items.push(json::problem(list, pointer, "not a list")),
        }
    };
    each(entry.messaging, "messaging", &|raw, pointer| event::read(raw, pointer, foreign));
    // Another application is in charge of these conversations: they are kept, not answered.
    each(entry.standby, "standby", &|raw, _| vec![other(raw, "standby", entry.time)]);
    each(entry.changes, "changes", &|raw, _| {
        let field = json::object(raw).ok().and_then(|change| json::id(&change, "field"));
        vec![other(raw, field.as_deref().unwrap_or("unnamed"), entry.time)]
    });
    if items.len() == before
        && entry.messaging.is_none()
        && entry.standby.is_none()
        && entry.changes.is_none()
    {
        items.push(json::problem(raw, pointer.to_owned(), "an entry without events"));
    }
}

fn other(raw: &RawValue, kind: &str, time: Option<&RawValue>) -> Inbound {
    let time = time.map_or("", RawValue::get);
    Inbound::Other(OtherEvent {
        group: None,
        means: None,
        external_id: crypto::fingerprint_of(&[raw.get().as_bytes(), time.as_bytes()]),
        kind: kind.to_owned(),
        from: None,
        data: Private(json::keep(raw.get())),
    })
}
