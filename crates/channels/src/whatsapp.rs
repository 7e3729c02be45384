//! WhatsApp Cloud API.
//!
//! Signature: `X-Hub-Signature-256` over the raw body. A batch holds up to 1 000 items in 3 MB, and all are read:
//! every entry × change × message, status and echo. Expects 200; repeats for up to 7 days. A repeat is known by
//! `messages[].id`; a status by its message's id and the state.
//!
//! Settings: `phone_number_id` (to send, and to notice foreign ones), `api_version`, `preview_url`.
//!
//! Sources: Meta, "WhatsApp Cloud API: webhooks, messages webhook reference, business-scoped user ids, send
//! messages".

mod identity;
mod message;
mod send;
mod status;

pub(crate) use send::{authorisation, version};
pub use send::{format, outcome};

use crate::{
    account::Account,
    crypto, json,
    parsed::{Malformed, Parsed},
    request::Verified,
};
use message::Change;
use relevo_domain::{
    Private,
    message::{Inbound, OtherEvent},
};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(crate) use crate::meta::{handshake, verify};

/// The provider's API; `format` gives paths relative to it.
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
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    changes: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawChange<'a> {
    #[serde(borrow)]
    field: Option<&'a RawValue>,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// The lists in a change's value that are read item by item, whatever the `field` is called.
#[derive(Deserialize)]
struct Lists<'a> {
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    contacts: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    message_echoes: Option<&'a RawValue>,
    #[serde(borrow)]
    statuses: Option<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
    #[serde(borrow)]
    user_id_update: Option<&'a RawValue>,
}

/// Reads the whole batch.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let text = json::utf8(request.body())?;
    let envelope: Envelope = json::envelope(text, "a JSON object with `object` and the list `entry`")?;
    if !envelope.object.get().starts_with('"') {
        return Err(Malformed::at("/object", "not a string"));
    }
    let mut items = Vec::new();
    for (i, raw) in envelope.entry.into_iter().enumerate() {
        let pointer = format!("/entry/{i}");
        match json::part::<Entry>(raw.get()) {
            Some(entry) => read_entry(&entry, &pointer, account, &mut items),
            None => items.push(json::problem(raw, pointer, "an entry without the list `changes`")),
        }
    }
    Ok(items.into())
}

fn read_entry(entry: &Entry, pointer: &str, account: &Account, items: &mut Vec<Inbound>) {
    for (i, raw) in entry.changes.iter().enumerate() {
        let pointer = format!("{pointer}/changes/{i}");
        let Some(change) = json::part::<RawChange>(raw.get()) else {
            items.push(json::problem(raw, pointer, "a change without `value`"));
            continue;
        };
        let before = items.len();
        if let Some(lists) = json::part::<Lists>(change.value.get()) {
            read_lists(&lists, &format!("{pointer}/value"), account, items);
        }
        if items.len() == before {
            items.push(other(raw, &change, entry.time));
        }
    }
}

fn read_lists(lists: &Lists, pointer: &str, account: &Account, items: &mut Vec<Inbound>) {
    let mut each = |list: Option<&RawValue>, name: &str, read: &dyn Fn(&RawValue, String) -> Inbound| {
        let Some(list) = list.filter(|list| list.get() != "null") else { return };
        let pointer = format!("{pointer}/{name}");
        match serde_json::from_str::<Vec<&RawValue>>(list.get()) {
            Ok(list) => {
                items.extend(list.into_iter().enumerate().map(|(i, raw)| read(raw, format!("{pointer}/{i}"))))
            }
            Err(_) => items.push(json::problem(list, pointer, "not a list")),
        }
    };
    let change = Change::new(lists.metadata, lists.contacts, account);
    each(lists.messages, "messages", &|raw, pointer| message::read(raw, pointer, &change));
    each(lists.message_echoes, "message_echoes", &|raw, pointer| message::read_echo(raw, pointer, &change));
    each(lists.statuses, "statuses", &status::read);
    each(lists.user_id_update, "user_id_update", &identity::update);
    each(lists.errors, "errors", &|raw, _| {
        Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id: crypto::fingerprint(raw.get().as_bytes()),
            kind: "errors".into(),
            from: None,
            data: Private(json::keep(raw.get())),
        })
    });
}

/// A change of another field (`message_template_status_update`, `account_update`, `history` …), kept on the
/// account. Two equal ones at different times are two.
fn other(raw: &RawValue, change: &RawChange, time: Option<&RawValue>) -> Inbound {
    let field = change.field.and_then(|field| json::value(field.get()));
    let time = time.map_or("", RawValue::get);
    Inbound::Other(OtherEvent {
        group: None,
        means: None,
        external_id: crypto::fingerprint_of(&[raw.get().as_bytes(), time.as_bytes()]),
        kind: field.as_ref().and_then(|field| field.as_str()).unwrap_or("unnamed").to_owned(),
        from: None,
        data: Private(json::keep(change.value.get())),
    })
}
