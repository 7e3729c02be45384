//! Persons whose number or user id has changed.
//!
//! A new number gives a person a new business-scoped user id as well; where the number cannot be shared only the id is
//! told. Source: Meta, "System messages webhook reference", "Business-scoped user ids".

use super::message::{address, is_user_id};
use crate::{crypto, json};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Inbound, Meaning, OtherEvent},
};
use serde_json::{Map, Value, value::RawValue};

/// The user id by which the person of a system message was known.
pub(super) fn previous(item: &Map<String, Value>) -> Option<String> {
    json::id(json::child(item, "system")?, "previous_user_id")
}

/// By what the person of a system message is known from now on, if it tells that; `from` is by what they were.
pub(super) fn renamed(item: &Map<String, Value>, from: &Address) -> Option<Meaning> {
    let system = json::child(item, "system")?;
    let kind = json::text(system, "type")?;
    if !matches!(kind, "user_changed_number" | "customer_changed_number" | "user_changed_user_id") {
        return None;
    }
    let number = json::id(system, "wa_id").or_else(|| json::id(system, "new_wa_id"));
    known_by(number, json::id(system, "user_id"), from)
}

/// One of the list `user_id_update`, as it came before system messages told it.
pub(super) fn update(raw: &RawValue, pointer: String) -> Inbound {
    let item = match json::object(raw) {
        Ok(item) => item,
        Err(why) => return json::problem(raw, pointer, why),
    };
    let id = |which| json::id(json::child(&item, "user_id")?, which);
    let number = json::id(&item, "wa_id");
    let (Some(before), after) = (id("previous"), id("current")) else {
        return json::problem(raw, pointer + "/user_id/previous", "missing");
    };
    let from = address(AddressKind::User, before);
    let means = known_by(number, after, &from).map(Box::new);
    Inbound::Other(OtherEvent {
        external_id: crypto::fingerprint(raw.get().as_bytes()),
        kind: "user_id_update".into(),
        from: Some(from),
        group: None,
        means,
        data: Private(Value::Object(item)),
    })
}

fn known_by(number: Option<String>, user: Option<String>, from: &Address) -> Option<Meaning> {
    let number = number.filter(|id| !is_user_id(id)).map(|id| address(AddressKind::Phone, id));
    let user = user.map(|id| address(AddressKind::User, id));
    let to: Vec<Address> = number.into_iter().chain(user).filter(|new| new != from).collect();
    (!to.is_empty()).then_some(Meaning::Renamed { to })
}
