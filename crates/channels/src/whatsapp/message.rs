//! One message of a change: who wrote it, and what.

use super::identity;
use crate::{account::Account, json};
use relevo_domain::{
    Private,
    message::{
        Address, AddressKind, Attachment, Inbound, InboundMessage, Meaning, MessageKind, OtherEvent,
        OutgoingMessage,
    },
};
use serde_json::{Map, Value, value::RawValue};
use std::collections::BTreeMap;

/// What a change says about all of its messages.
pub(super) struct Change {
    contacts: Vec<Contact>,
    /// Place in `contacts` by `wa_id` and by `user_id`: a batch has up to 1 000 of both.
    index: BTreeMap<String, usize>,
    remark: Option<String>,
}

struct Contact {
    wa_id: Option<String>,
    user_id: Option<String>,
    parent_user_id: Option<String>,
    name: Option<String>,
    username: Option<String>,
}

/// What a message says, whoever wrote it.
struct Content {
    kind: MessageKind,
    text: Option<String>,
    attachments: Vec<Attachment>,
    in_reply_to: Option<String>,
}

/// Types of message that are understood; each has its content under its own name.
const KINDS: [&str; 12] = [
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "button",
    "interactive",
    "reaction",
    "order",
];

/// Where in the item, and what is wrong there.
type Fault = (String, &'static str);

impl Change {
    pub(super) fn new(metadata: Option<&RawValue>, contacts: Option<&RawValue>, account: &Account) -> Self {
        let contacts: Vec<Contact> = contacts
            .and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok())
            .unwrap_or_default()
            .into_iter()
            .filter_map(|raw| json::object(raw).ok())
            .map(Contact::from)
            .collect();
        let mut index = BTreeMap::new();
        for (place, contact) in contacts.iter().enumerate() {
            for id in [&contact.wa_id, &contact.user_id].into_iter().flatten() {
                index.entry(id.clone()).or_insert(place);
            }
        }
        Self { contacts, index, remark: metadata.and_then(|raw| foreign(raw, account)) }
    }

    /// The contact that belongs to a message: by the sender's identifiers, or, if the message has none, the
    /// only one there is.
    fn contact(&self, from: Option<&str>, user_id: Option<&str>) -> Option<&Contact> {
        let by_id = |id: &str| self.index.get(id).and_then(|place| self.contacts.get(*place));
        match (from, user_id) {
            (None, None) => self.contacts.first().filter(|_| self.contacts.len() == 1),
            _ => from.and_then(by_id).or_else(|| user_id.and_then(by_id)),
        }
    }
}

impl From<Map<String, Value>> for Contact {
    fn from(map: Map<String, Value>) -> Self {
        let profile = |key| {
            let text = json::child(&map, "profile").and_then(|profile| json::text(profile, key));
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Self {
            wa_id: json::id(&map, "wa_id"),
            user_id: json::id(&map, "user_id"),
            parent_user_id: json::id(&map, "parent_user_id"),
            name: profile("name"),
            username: profile("username").or_else(|| json::text(&map, "username").map(str::to_owned)),
        }
    }
}

/// Reads a message from a person.
pub(super) fn read(raw: &RawValue, pointer: String, change: &Change) -> Inbound {
    let result = json::object(raw).map_err(|why| (String::new(), why));
    match result.and_then(|item| message(item, change)) {
        Ok(inbound) => inbound,
        Err((place, why)) => json::problem(raw, pointer + &place, why),
    }
}

/// Reads a message that the business itself sent from the WhatsApp Business app or a linked device.
pub(super) fn read_echo(raw: &RawValue, pointer: String, change: &Change) -> Inbound {
    let result = json::object(raw).map_err(|why| (String::new(), why));
    match result.and_then(|item| echo(item, change)) {
        Ok(inbound) => inbound,
        Err((place, why)) => json::problem(raw, pointer + &place, why),
    }
}

fn message(mut item: Map<String, Value>, change: &Change) -> Result<Inbound, Fault> {
    let external_id = json::id(&item, "id").ok_or(("/id".to_owned(), "missing"))?;
    let phone = json::id(&item, "from");
    let user = json::id(&item, "from_user_id").or_else(|| json::id(&item, "user_id"));
    let contact = change.contact(phone.as_deref(), user.as_deref());
    let user = user.or_else(|| identity::previous(&item));
    let mut known = addresses(phone, user, json::id(&item, "from_parent_user_id"), contact).into_iter();
    let from = known.next().ok_or(("/from".to_owned(), "no phone number and no user id"))?;
    if let Some(kind @ ("system" | "request_welcome" | "edit" | "revoke")) = json::text(&item, "type") {
        let kind = match json::child(&item, kind).and_then(|detail| json::text(detail, "type")) {
            Some(detail) => format!("{kind}.{detail}"),
            None => kind.to_owned(),
        };
        let means = amended(&item).or_else(|| identity::renamed(&item, &from)).map(Box::new);
        let group = json::id(&item, "group_id").map(|id| address(AddressKind::Group, id));
        let data = Private(Value::Object(item));
        return Ok(Inbound::Other(OtherEvent { group, means, external_id, kind, from: Some(from), data }));
    }
    let content = content(&mut item)?;
    let mut remarks: Vec<String> = change.remark.iter().cloned().collect();
    let sent_at = common(&mut item, &mut remarks);
    let reply_to = json::id(&item, "group_id").map(|id| address(AddressKind::Group, id));
    if let Some(username) = contact.and_then(|contact| contact.username.clone()) {
        item.insert("username".into(), username.into());
    }
    Ok(Inbound::Message(Box::new(InboundMessage {
        external_id,
        from,
        reply_to,
        also_known_as: known.collect(),
        name: contact.and_then(|contact| contact.name.clone()).map(Private),
        kind: content.kind,
        text: content.text.map(Private),
        subject: None,
        attachments: content.attachments,
        message_ref: None,
        in_reply_to: content.in_reply_to,
        data: rest(item, content.kind),
        sent_at,
        locale: None,
        mail: None,
        remarks,
    })))
}

/// What was done to an earlier message, if that is what the item tells. What cannot be read of it is in the history alone.
fn amended(item: &Map<String, Value>) -> Option<Meaning> {
    let kind = json::text(item, "type").filter(|kind| matches!(*kind, "edit" | "revoke"))?;
    let detail = json::child(item, kind)?;
    let of = json::id(detail, "original_message_id")?;
    let at = item.get("timestamp").and_then(json::unix_seconds);
    if kind == "revoke" {
        return Some(Meaning::Withdrawn { of, at });
    }
    let text = content(&mut json::child(detail, "message")?.clone()).ok()?.text;
    Some(Meaning::Edited { of, text: text.map(Private), at })
}

fn echo(mut item: Map<String, Value>, change: &Change) -> Result<Inbound, Fault> {
    let external_id = json::id(&item, "id").ok_or(("/id".to_owned(), "missing"))?;
    let phone = json::id(&item, "to");
    let user = json::id(&item, "to_user_id");
    let contact = change.contact(phone.as_deref(), user.as_deref());
    let to = json::id(&item, "group_id")
        .map(|id| address(AddressKind::Group, id))
        .or_else(|| addresses(phone, user, None, contact).into_iter().next())
        .ok_or(("/to".to_owned(), "no phone number and no user id"))?;
    if let Some(kind @ ("edit" | "revoke")) = json::text(&item, "type") {
        let means = amended(&item).map(Box::new);
        let (kind, data) = (format!("echo.{kind}"), Private(Value::Object(item)));
        return Ok(Inbound::Other(OtherEvent {
            group: None,
            means,
            external_id,
            kind,
            from: Some(to),
            data,
        }));
    }
    let content = content(&mut item)?;
    let mut remarks: Vec<String> = change.remark.iter().cloned().collect();
    let sent_at = common(&mut item, &mut remarks);
    for key in ["to", "to_user_id", "to_parent_user_id", "group_id"] {
        item.remove(key);
    }
    Ok(Inbound::Outgoing(Box::new(OutgoingMessage {
        external_id,
        to,
        author: None,
        kind: content.kind,
        text: content.text.map(Private),
        attachments: content.attachments,
        in_reply_to: content.in_reply_to,
        data: rest(item, content.kind),
        sent_at,
        remarks,
    })))
}

/// All identifiers of a person, the one to reply to first: the phone number if there is one.
fn addresses(
    phone: Option<String>,
    user: Option<String>,
    parent: Option<String>,
    contact: Option<&Contact>,
) -> Vec<Address> {
    let of = |pick: fn(&Contact) -> &Option<String>| contact.and_then(|contact| pick(contact).clone());
    // Where the number is hidden, some payloads put the user id in its place.
    let (phone, misplaced) = match phone.or_else(|| of(|contact| &contact.wa_id)) {
        Some(id) if is_user_id(&id) => (None, Some(id)),
        phone => (phone, None),
    };
    let user = user.or(misplaced).or_else(|| of(|contact| &contact.user_id));
    let parent = parent.or_else(|| of(|contact| &contact.parent_user_id));
    let mut known: Vec<Address> = phone.into_iter().map(|id| address(AddressKind::Phone, id)).collect();
    for id in [user, parent].into_iter().flatten() {
        let address = address(AddressKind::User, id);
        if !known.contains(&address) {
            known.push(address);
        }
    }
    known
}

/// Business-scoped user ids are a country code, a dot and an identifier: `US.13491208655302741918`.
pub(super) fn is_user_id(id: &str) -> bool {
    let country = id.split_once('.').map(|(country, _)| country);
    country.is_some_and(|country| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()))
}

pub(super) fn address(kind: AddressKind, value: String) -> Address {
    Address { kind, value: Private(value) }
}

fn foreign(metadata: &RawValue, account: &Account) -> Option<String> {
    let ours = account.setting("phone_number_id")?;
    let theirs = json::object(metadata).ok().and_then(|map| json::id(&map, "phone_number_id"))?;
    (ours != theirs).then(|| "the phone_number_id is not this account's".to_owned())
}

/// Takes out of the item what every message has, and notes what is worth a remark.
fn common(item: &mut Map<String, Value>, remarks: &mut Vec<String>) -> Option<chrono::DateTime<chrono::Utc>> {
    let sent_at = item.get("timestamp").and_then(json::unix_seconds);
    if sent_at.is_none() {
        remarks.push("the timestamp is missing or unreadable".into());
    }
    if let Some(Value::Object(context)) = item.get_mut("context") {
        if context.get("frequently_forwarded") == Some(&Value::Bool(true)) {
            remarks.push("forwarded many times".into());
        } else if context.get("forwarded") == Some(&Value::Bool(true)) {
            remarks.push("forwarded".into());
        }
        for key in ["id", "from", "from_user_id", "forwarded", "frequently_forwarded"] {
            context.remove(key);
        }
        if context.is_empty() {
            item.remove("context");
        }
    }
    if item.contains_key("referral") {
        remarks.push("came from an advertisement".into());
    }
    if item.contains_key("errors") {
        remarks.push("the provider reports errors with it".into());
    }
    sent_at
}

/// What is left of the item and is worth keeping. An unsupported item is kept whole but for its frame.
fn rest(mut item: Map<String, Value>, kind: MessageKind) -> Option<Private<Value>> {
    for key in ["from", "from_user_id", "from_parent_user_id", "user_id", "id", "timestamp"] {
        item.remove(key);
    }
    if kind != MessageKind::Unsupported {
        item.remove("type");
    }
    if item.is_empty() { None } else { Some(Private(Value::Object(item))) }
}

/// Reads what is said and takes out of the item what is thereby carried.
fn content(item: &mut Map<String, Value>) -> Result<Content, Fault> {
    let quoted = json::child(item, "context").and_then(|context| json::id(context, "id"));
    let mut content =
        Content { kind: MessageKind::Unsupported, text: None, attachments: Vec::new(), in_reply_to: quoted };
    let known = |kind: &str| KINDS.contains(&kind);
    let kind = match json::text(item, "type") {
        Some(kind) => known(kind).then(|| kind.to_owned()),
        None => KINDS.iter().find(|kind| item.contains_key(**kind)).map(|kind| (*kind).to_owned()),
    };
    let Some(kind) = kind else { return Ok(content) };
    let fault = |path: &str, why| (format!("/{kind}{path}"), why);
    if kind == "contacts" {
        let cards = item.get("contacts").and_then(Value::as_array).ok_or_else(|| fault("", "not a list"))?;
        content.kind = MessageKind::Contacts;
        content.text = Some(cards.iter().filter_map(card_name).collect::<Vec<_>>().join(", "));
        return Ok(content);
    }
    let Some(Value::Object(part)) = item.get_mut(&kind) else { return Err(fault("", "not an object")) };
    let string = |part: &Map<String, Value>, key: &str| json::text(part, key).map(str::to_owned);
    match kind.as_str() {
        "text" => {
            content.kind = MessageKind::Text;
            content.text = Some(string(part, "body").ok_or_else(|| fault("/body", "not a string"))?);
            part.remove("body");
        }
        "location" => {
            content.kind = MessageKind::Location;
            let coordinates =
                || Some(format!("{}, {}", part.get("latitude")?.as_f64()?, part.get("longitude")?.as_f64()?));
            let named =
                ["name", "address"].iter().find_map(|key| string(part, key).filter(|t| !t.is_empty()));
            content.text = named.or_else(coordinates);
        }
        "button" => {
            content.kind = MessageKind::Choice;
            content.text = Some(string(part, "text").ok_or_else(|| fault("/text", "not a string"))?);
        }
        "interactive" => interactive(part, &mut content),
        "reaction" => {
            content.kind = MessageKind::Reaction;
            let target = json::id(part, "message_id").ok_or_else(|| fault("/message_id", "missing"))?;
            content.in_reply_to = Some(target);
            content.text = Some(string(part, "emoji").unwrap_or_default());
            part.clear();
        }
        "order" => {
            content.kind = MessageKind::Order;
            content.text = string(part, "text");
        }
        _ => {
            content.kind = MessageKind::Media;
            content.attachments.push(Attachment {
                mime_type: string(part, "mime_type"),
                filename: string(part, "filename").map(Private),
                hash: string(part, "sha256").map(|hash| format!("sha256:{hash}")),
                size_bytes: part.get("file_size").and_then(json::count),
                ..Attachment::new(json::id(part, "id").ok_or_else(|| fault("/id", "missing"))?, kind.clone())
            });
            content.text = string(part, "caption");
            for key in ["id", "mime_type", "filename", "sha256", "caption", "file_size", "url"] {
                part.remove(key);
            }
        }
    }
    if part.is_empty() {
        item.remove(&kind);
    }
    Ok(content)
}

/// What was chosen: `{"type": T, T: {…}}`. A type that is not known leaves the item unsupported, and whole.
fn interactive(part: &Map<String, Value>, content: &mut Content) {
    let Some(kind) = json::text(part, "type") else { return };
    let key = match kind {
        "button_reply" | "list_reply" => "title",
        "nfm_reply" => "body",
        "call_permission_reply" => "response",
        _ => return,
    };
    let text = json::child(part, kind).and_then(|reply| json::text(reply, key));
    content.kind = MessageKind::Choice;
    content.text = text.map(str::to_owned);
}

/// The name on a contact card, or else its first number.
fn card_name(card: &Value) -> Option<String> {
    let name = card.get("name");
    let of = |key| name.and_then(|name| name.get(key)).and_then(Value::as_str).filter(|t| !t.is_empty());
    let phone = || card.get("phones")?.get(0)?.get("phone")?.as_str();
    of("formatted_name").or_else(|| of("first_name")).or_else(phone).map(str::to_owned)
}
