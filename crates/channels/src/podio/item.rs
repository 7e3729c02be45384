//! An item as Podio's API gives it, read: a message the first time, an event of its conversation from then on.

use crate::{account::Account, json, mail::html_text, parsed::Malformed};
use chrono::{DateTime, SecondsFormat, Utc};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Attachment, Inbound, InboundMessage, OtherEvent},
};
use serde_json::{Map, Value, json};

/// What the ids of messages begin with that are items.
const ITEM: &str = "item:";

/// Most fields of an item that are read.
const MAX_FIELDS: usize = 200;

/// Most of its files, and of its comments.
const MAX_LISTED: usize = 200;

/// What an item that was read back is where it is not known yet: a message. The same item is the same message, whatever
/// its revision.
///
/// # Errors
/// If the document is no item.
pub fn read_item(document: &Value, account: &Account) -> Result<Inbound, Malformed> {
    let Read { item, id, fields, mut addresses, from } = Read::of(document, account)?;
    let title = json::text(item, "title").unwrap_or_default();
    let lines = fields.iter().map(|field| format!("{}: {}", field.label, field.text));
    let text: Vec<String> =
        [title.to_owned()].into_iter().filter(|title| !title.is_empty()).chain(lines).collect();
    let named = fields.iter().find_map(|field| field.person.clone());
    if !addresses.is_empty() {
        addresses.remove(0);
    }
    Ok(Inbound::Message(Box::new(InboundMessage {
        also_known_as: addresses,
        name: named.map(Private),
        subject: (!title.is_empty()).then(|| Private::from(title)),
        data: Some(Private(summary(item, &id, &fields))),
        sent_at: time(item),
        attachments: files(item).map(attachment).collect(),
        ..InboundMessage::text(format!("{ITEM}{id}"), from, text.join("\n"))
    })))
}

/// What an item that was read back means to the conversation that has it: events of its revision, its files, its comments,
/// as `kind` asks. A comment is an event by its own id, so that all that were written since `since` may be read each time.
///
/// # Errors
/// If the document is no item.
pub fn read_news(
    document: &Value,
    kind: &str,
    since: DateTime<Utc>,
    account: &Account,
) -> Result<Vec<Inbound>, Malformed> {
    let Read { item, id, fields, from, .. } = Read::of(document, account)?;
    let event = |external_id: String, kind: &str, data: Value| {
        Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id,
            kind: kind.to_owned(),
            from: Some(from.clone()),
            data: data.into(),
        })
    };
    if kind == COMMENT {
        let comments = list(item, "comments").filter(|comment| time(comment).is_none_or(|at| at >= since));
        let event = |comment: &Map<String, Value>| {
            let own = json::id(comment, "comment_id")?;
            let text = json::text(comment, "value").or_else(|| json::text(comment, "rich_value"));
            let data = json!({
                "item_id": id, "comment_id": own, "text": text, "by": author(comment),
                "at": time(comment).map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
                "files": files(comment).map(named).collect::<Vec<_>>(),
            });
            Some(event(format!("{ITEM}{id}:comment:{own}"), kind, data))
        };
        return Ok(comments.filter_map(event).collect());
    }
    let data = summary(item, &id, &fields);
    let part = match revision(item).filter(|_| kind != FILES) {
        Some(revision) => revision,
        None => crate::fingerprint(data.to_string().as_bytes()),
    };
    Ok(vec![event(format!("{ITEM}{id}:{part}"), kind, data)])
}

/// Kinds of hooks that name what is to be read back, and with it the item.
pub const READ_BACK: [&str; 4] = ["item.create", "item.update", COMMENT, FILES];

/// A comment on an item.
pub const COMMENT: &str = "comment.create";

/// Files of an item came, went or changed.
const FILES: &str = "file.change";

/// An item of the API.
struct Read<'a> {
    item: &'a Map<String, Value>,
    id: String,
    fields: Vec<Field<'a>>,
    addresses: Vec<Address>,
    from: Address,
}

impl<'a> Read<'a> {
    fn of(document: &'a Value, account: &Account) -> Result<Self, Malformed> {
        let item = document.as_object().ok_or_else(|| Malformed::new("not an item"))?;
        let id = json::id(item, "item_id").ok_or_else(|| Malformed::at("/item_id", "missing"))?;
        let fields: Vec<Field<'_>> = fields(item);
        let addresses = addresses(&fields, account);
        let from = addresses.first().cloned().unwrap_or_else(|| {
            // Nobody is named: the item speaks for itself.
            Address { kind: AddressKind::User, value: format!("{ITEM}{id}").into() }
        });
        Ok(Self { item, id, fields, addresses, from })
    }
}

/// What is kept of an item beside its text.
fn summary(item: &Map<String, Value>, id: &str, fields: &[Field<'_>]) -> Value {
    let shown: Map<String, Value> =
        fields.iter().map(|field| (field.id.to_owned(), field.text.clone().into())).collect();
    json!({
        "item_id": id, "revision": revision(item), "title": json::text(item, "title").unwrap_or_default(),
        "fields": shown, "link": json::text(item, "link"), "number": json::id(item, "app_item_id_formatted"),
        "created_by": author(item), "files": files(item).map(named).collect::<Vec<_>>(),
    })
}

fn revision(item: &Map<String, Value>) -> Option<String> {
    json::id(json::child(item, "current_revision")?, "revision")
}

fn author(of: &Map<String, Value>) -> Option<&str> {
    json::text(json::child(of, "created_by")?, "name")
}

fn list<'a>(of: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Map<String, Value>> + use<'a> {
    let all = of.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().take(MAX_LISTED).filter_map(Value::as_object)
}

fn files<'a>(of: &'a Map<String, Value>) -> impl Iterator<Item = &'a Map<String, Value>> + use<'a> {
    list(of, "files").filter(|file| json::text(file, "link").is_some())
}

/// A file stays at Podio, where whoever may see the item opens it by its link.
fn attachment(file: &Map<String, Value>) -> Attachment {
    let text = |key| json::text(file, key).map(str::to_owned);
    let mime_type = text("mimetype");
    let family = mime_type.as_deref().and_then(|mime_type| mime_type.split('/').next());
    let kind =
        family.filter(|family| ["image", "audio", "video"].contains(family)).unwrap_or("file").to_owned();
    Attachment {
        filename: text("name").map(Private),
        size_bytes: file.get("size").and_then(json::count),
        mime_type,
        ..Attachment::new(text("link").unwrap_or_default(), kind)
    }
}

fn named(file: &Map<String, Value>) -> Value {
    json!({"file_id": json::id(file, "file_id"), "name": json::text(file, "name"), "link": json::text(file, "link")})
}

/// The item that something is, or that an event of a conversation is about; none for what only names an item that has
/// yet to be read.
pub fn item_of(item: &Inbound) -> Option<String> {
    match item {
        Inbound::Message(message) => message.external_id.strip_prefix(ITEM).map(str::to_owned),
        Inbound::Other(other)
            if other.from.is_some() || ["item.delete", "comment.delete"].contains(&&*other.kind) =>
        {
            json::id(other.data.0.as_object()?, "item_id")
        }
        _ => None,
    }
}

/// A field of an item.
struct Field<'a> {
    id: &'a str,
    label: &'a str,
    text: String,
    addresses: Vec<Address>,
    person: Option<String>,
}

fn fields(document: &Map<String, Value>) -> Vec<Field<'_>> {
    let all = document.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().take(MAX_FIELDS).filter_map(|field| read(field.as_object()?)).collect()
}

fn read(field: &Map<String, Value>) -> Option<Field<'_>> {
    let kind = json::text(field, "type")?;
    let label = json::text(field, "label").or_else(|| json::text(field, "external_id"))?;
    let values = field.get("values")?.as_array()?;
    let shown: Vec<String> = values.iter().filter_map(|value| shown(kind, value)).collect();
    let text = shown.join(", ");
    let addresses = values.iter().flat_map(|value| reached(kind, value)).collect();
    let person =
        (kind == "contact").then(|| values.first()?.pointer("/value/name")?.as_str().map(str::to_owned));
    let id = json::text(field, "external_id").unwrap_or(label);
    (!text.is_empty()).then_some(Field { id, label, text, addresses, person: person.flatten() })
}

/// A value as people read it.
fn shown(kind: &str, value: &Value) -> Option<String> {
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    let shown = match kind {
        "text" => html_text(text("/value")?).trim().to_owned(),
        "date" => [text("/start"), text("/end")].into_iter().flatten().collect::<Vec<_>>().join(" – "),
        "embed" => text("/embed/url")?.to_owned(),
        "money" => format!("{} {}", text("/value")?, text("/currency").unwrap_or_default()),
        // A choice has a text, a reference a title, a person and a file a name.
        _ => match value.get("value")? {
            Value::Object(named) => ["text", "title", "name", "formatted"]
                .iter()
                .find_map(|key| json::text(named, key))?
                .to_owned(),
            plain => json::as_id(plain)?,
        },
    };
    (!shown.is_empty()).then_some(shown)
}

/// How a value says somebody is reached.
fn reached(kind: &str, value: &Value) -> Vec<Address> {
    let address = |kind, text: &str| Address { kind, value: text.trim().into() };
    let filled = |value: Option<&Value>| -> Vec<String> {
        let one = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        match value {
            Some(Value::Array(several)) => several.iter().filter_map(one).collect(),
            Some(value) => one(value).into_iter().collect(),
            None => Vec::new(),
        }
    };
    let all = |kind, value| filled(value).iter().map(|text| address(kind, text)).collect::<Vec<_>>();
    match kind {
        "email" => all(AddressKind::Email, value.get("value")),
        "phone" => all(AddressKind::Phone, value.get("value")),
        "contact" => {
            let mut known = all(AddressKind::Email, value.pointer("/value/mail"));
            known.extend(all(AddressKind::Phone, value.pointer("/value/phone")));
            known
        }
        _ => Vec::new(),
    }
}

/// Whom the item is about: by the field that the account names, else mail addresses before numbers.
fn addresses(fields: &[Field<'_>], account: &Account) -> Vec<Address> {
    let own = account.setting("contact_field");
    let named = fields.iter().filter(|field| own.as_deref().is_none_or(|own| own == field.id));
    let mut all: Vec<Address> = named.flat_map(|field| field.addresses.iter().cloned()).collect();
    all.sort_by_key(|address| address.kind != AddressKind::Email);
    all
}

/// When something was made: `2026-03-02 08:55:12`, in UTC.
fn time(of: &Map<String, Value>) -> Option<DateTime<Utc>> {
    let text = json::text(of, "created_on")?;
    json::rfc3339(&format!("{}Z", text.replacen(' ', "T", 1)).into())
}

#[cfg(test)]
#[path = "item/tests.rs"]
mod tests;
