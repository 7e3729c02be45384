//! An item as Podio's API gives it, read: a message the first time, an event of its conversation from then on.

use crate::{account::Account, json, mail::html_text, parsed::Malformed};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Inbound, InboundMessage, OtherEvent},
};
use serde_json::{Map, Value, json};

/// What the ids of messages begin with that are items.
const ITEM: &str = "item:";

/// Most fields of an item that are read.
const MAX_FIELDS: usize = 200;

/// What an item that was read back means: with `known`, to the conversation that has it. The same item is the same
/// message, whatever its revision.
///
/// # Errors
/// If the document is no item.
pub fn read_item(document: &Value, kind: &str, known: bool, account: &Account) -> Result<Inbound, Malformed> {
    let document = document.as_object().ok_or_else(|| Malformed::new("not an item"))?;
    let id = json::id(document, "item_id").ok_or_else(|| Malformed::at("/item_id", "missing"))?;
    let fields: Vec<Field<'_>> = fields(document);
    let title = json::text(document, "title").unwrap_or_default();
    let creator = json::child(document, "created_by");
    let addresses = addresses(&fields, account);
    let from = addresses.first().cloned().unwrap_or_else(|| {
        // Nobody is named: the item speaks for itself.
        Address { kind: AddressKind::User, value: format!("{ITEM}{id}").into() }
    });
    let revision =
        json::child(document, "current_revision").and_then(|revision| json::id(revision, "revision"));
    let shown: Map<String, Value> =
        fields.iter().map(|field| (field.id.to_owned(), field.text.clone().into())).collect();
    let data = json!({
        "item_id": id, "revision": revision, "title": title, "fields": shown,
        "link": json::text(document, "link"), "number": json::id(document, "app_item_id_formatted"),
        "created_by": creator.and_then(|creator| json::text(creator, "name")),
    });
    if known {
        let revision = revision.unwrap_or_else(|| crate::fingerprint(data.to_string().as_bytes()));
        let external_id = format!("{ITEM}{id}:{revision}");
        let data = Private(data);
        return Ok(Inbound::Other(OtherEvent { external_id, kind: kind.to_owned(), from: Some(from), data }));
    }
    let lines = fields.iter().map(|field| format!("{}: {}", field.label, field.text));
    let text: Vec<String> =
        [title.to_owned()].into_iter().filter(|title| !title.is_empty()).chain(lines).collect();
    let named = fields.iter().find_map(|field| field.person.clone());
    let created = json::text(document, "created_on").and_then(time);
    Ok(Inbound::Message(Box::new(InboundMessage {
        also_known_as: addresses.into_iter().skip(1).collect(),
        name: named.map(Private),
        subject: (!title.is_empty()).then(|| Private::from(title)),
        data: Some(Private(data)),
        sent_at: created,
        ..InboundMessage::text(format!("{ITEM}{id}"), from, text.join("\n"))
    })))
}

/// The item that something is, or that an event of a conversation is about; none for what only names an item that has
/// yet to be read.
pub fn item_of(item: &Inbound) -> Option<String> {
    match item {
        Inbound::Message(message) => message.external_id.strip_prefix(ITEM).map(str::to_owned),
        Inbound::Other(other) if other.from.is_some() || other.kind == "item.delete" => {
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

/// `2026-03-02 08:55:12`, in UTC.
fn time(text: &str) -> Option<chrono::DateTime<chrono::Utc>> {
    json::rfc3339(&format!("{}Z", text.replacen(' ', "T", 1)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        serde_json::from_str(include_str!("item/example.json")).unwrap()
    }

    fn message(document: &Value, account: &Account) -> InboundMessage {
        match read_item(document, "item.create", false, account).unwrap() {
            Inbound::Message(message) => *message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_item_is_a_message_of_whom_it_names_with_its_fields_in_words() {
        let read = message(&document(), &Account::default());
        assert_eq!((read.external_id.as_str(), read.from.kind), ("item:3000", AddressKind::Email));
        assert_eq!(read.from.value.0, "secretaria@encina.example");
        assert_eq!(read.also_known_as[0].value.0, "+34 600 111 222");
        assert_eq!(read.name.map(|name| name.0).as_deref(), Some("Rosa Pérez"));
        assert_eq!(
            read.text.unwrap().0,
            "No carga el acta\nColegio: La Encina\nDetalle: Se queda en blanco al abrir «Actas».\nUrgencia: Alta\n\
             Contacto: Rosa Pérez\nDesde: 2026-03-02 08:00:00\nAlumnos: 120.0000\nImporte: 12.50 EUR\n\
             Captura: https://example.org/x\nMóvil: +34 600 111 222"
        );
        assert_eq!(read.subject.unwrap().0, "No carga el acta");
        assert_eq!(read.sent_at.unwrap().to_rfc3339(), "2026-03-02T08:55:12+00:00");
        assert_eq!(read.data.unwrap().0["fields"]["urgencia"], "Alta");
    }

    #[test]
    fn an_item_that_is_known_is_an_event_of_its_revision() {
        let known = read_item(&document(), "item.update", true, &Account::default()).unwrap();
        let Inbound::Other(event) = &known else { panic!("{known:?}") };
        assert_eq!((event.external_id.as_str(), event.kind.as_str()), ("item:3000:4", "item.update"));
        assert_eq!(item_of(&known).as_deref(), Some("3000"));
        let first = read_item(&document(), "item.update", false, &Account::default()).unwrap();
        assert_eq!(item_of(&first).as_deref(), Some("3000"), "the message of an item that was missed");
    }

    #[test]
    fn the_account_says_which_field_the_contact_is_in_and_without_one_the_item_speaks_for_itself() {
        let settings = json!({"contact_field": "movil"}).as_object().cloned().unwrap();
        let read = message(&document(), &Account { settings, ..Account::default() });
        assert_eq!((read.from.kind, read.from.value.0.as_str()), (AddressKind::Phone, "+34 600 111 222"));
        let bare = json!({"item_id": 7, "title": "", "fields": "none"});
        let read = message(&bare, &Account::default());
        assert_eq!((read.from.kind, read.from.value.0.as_str()), (AddressKind::User, "item:7"));
    }

    #[test]
    fn what_is_no_item_is_refused_and_no_field_is_trusted() {
        let account = Account::default();
        for bad in [json!(null), json!([]), json!({}), json!({"item_id": {}}), json!({"item_id": ""})] {
            assert!(read_item(&bad, "item.create", false, &account).is_err(), "{bad}");
        }
        for odd in [
            json!(1),
            json!({"type": "text"}),
            json!({"type": "text", "label": "x", "values": [{"value": 1}, 2]}),
        ] {
            let read = message(&json!({"item_id": 1, "fields": [odd]}), &account);
            assert_eq!(read.from.value.0, "item:1");
        }
    }
}
