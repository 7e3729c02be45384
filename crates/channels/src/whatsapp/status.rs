//! What became of a message that we sent.

use super::message::is_user_id;
use crate::json;
use relevo_domain::{
    Private,
    message::{Address, AddressKind, DeliveryState, Inbound, OtherEvent, StatusReport},
};
use serde_json::{Map, Value, value::RawValue};

/// Reads a status. States that are no step of a delivery (`deleted`, `warning`, `played` …) are kept as
/// events.
pub(super) fn read(raw: &RawValue, pointer: String) -> Inbound {
    let item = match json::object(raw) {
        Ok(item) => item,
        Err(why) => return json::problem(raw, pointer, why),
    };
    let Some(external_id) = json::id(&item, "id") else {
        return json::problem(raw, pointer + "/id", "missing");
    };
    let recipient = recipient(&item);
    let state = match json::text(&item, "status") {
        Some("sent") => DeliveryState::Sent,
        Some("delivered") => DeliveryState::Delivered,
        Some("read") => DeliveryState::Read,
        Some("failed") => DeliveryState::Failed,
        Some(other) => {
            return Inbound::Other(OtherEvent {
                group: None,
                means: None,
                external_id: format!("{external_id}:{other}"),
                kind: format!("status.{other}"),
                from: recipient,
                data: Private(Value::Object(item)),
            });
        }
        None => return json::problem(raw, pointer + "/status", "not a string"),
    };
    Inbound::Status(StatusReport {
        external_id,
        our_id: json::text(&item, "biz_opaque_callback_data").map(str::to_owned),
        state,
        recipient,
        error: errors(&item),
        at: item.get("timestamp").and_then(json::unix_seconds),
    })
}

fn recipient(item: &Map<String, Value>) -> Option<Address> {
    let address = |kind, key| json::id(item, key).map(|id| Address { kind, value: Private(id) });
    let kind = match json::text(item, "recipient_id") {
        _ if json::text(item, "recipient_type") == Some("group") => AddressKind::Group,
        Some(id) if is_user_id(id) => AddressKind::User,
        _ => AddressKind::Phone,
    };
    address(kind, "recipient_id")
        .or_else(|| address(AddressKind::User, "recipient_user_id"))
        .or_else(|| address(AddressKind::User, "recipient_parent_user_id"))
}

/// `code: title` of each error; the longer texts may quote the recipient.
fn errors(item: &Map<String, Value>) -> Option<String> {
    let list = item.get("errors")?.as_array()?;
    let described = list.iter().filter_map(Value::as_object).map(|error| {
        let code = json::id(error, "code").unwrap_or_else(|| "no code".into());
        match json::text(error, "title") {
            Some(title) => format!("{code}: {title}"),
            None => code,
        }
    });
    Some(described.collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty())
}
