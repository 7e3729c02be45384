//! Values of custom fields: is a value what its field holds, and may this person set it?

mod value;

use crate::pack::{CustomField, Pack, Role};
use crate::refusal::Refusal;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Why the members of a document are no values of the desk's fields, by name and without repeating a value.
pub type Wrong = BTreeMap<String, String>;

/// Everything that is wrong with values that somebody sets; null removes one. Nothing is, at a desk that declares no
/// fields.
pub fn wrong(pack: &Pack, set: &Map<String, Value>, role: Role) -> Wrong {
    let mut wrong = misfits(pack, set, role);
    for name in set.keys() {
        let field =
            pack.fields.get(name).filter(|field| field.is_seen_by(role) && !field.is_changed_by(role));
        if let Some(field) = field {
            let least = field.changed_by.map_or("lead", Role::as_str);
            wrong.insert(name.clone(), format!("only a {least} may change it, or somebody above"));
        }
    }
    wrong
}

/// Values that are not what the desk's fields hold, whoever may set them. What a role does not see is not there for it.
pub fn misfits(pack: &Pack, set: &Map<String, Value>, role: Role) -> Wrong {
    if !pack.declares_fields() {
        return Wrong::new();
    }
    let why = |name: &String, value: &Value| match pack.fields.get(name) {
        Some(field) if field.is_seen_by(role) => (!value.is_null()).then(|| field.refuses(value)).flatten(),
        _ => Some(unknown(pack, role)),
    };
    set.iter().filter_map(|(name, value)| Some((name.clone(), why(name, value)?))).collect()
}

/// Refuses values that are not what the fields hold, or that a role may not set. `at` is the place of the fields in
/// the command's body.
///
/// # Errors
/// With a place for each.
pub fn check(pack: &Pack, set: &Map<String, Value>, role: Role, at: &str) -> Result<(), Refusal> {
    refuse(wrong(pack, set, role), at)
}

/// Refuses a ticket that somebody opens without what has to be said. `known` are all its fields.
///
/// # Errors
/// With a place for each that is missing.
pub fn check_required(pack: &Pack, known: &Map<String, Value>, at: &str) -> Result<(), Refusal> {
    let missing = |(id, field): (&String, &CustomField)| {
        let is_there = known.get(id).is_some_and(|value| !value.is_null());
        (field.required && !is_there).then(|| (id.clone(), "it is needed to open a ticket".to_owned()))
    };
    refuse(pack.fields.iter().filter_map(missing).collect(), at)
}

fn refuse(wrong: Wrong, at: &str) -> Result<(), Refusal> {
    if wrong.is_empty() {
        return Ok(());
    }
    let place = |(name, why): (String, String)| (format!("{at}/{}", crate::pack::escape(&name)), why);
    Err(Refusal::several("bad_fields", wrong.into_iter().map(place).collect()))
}

fn unknown(pack: &Pack, role: Role) -> String {
    let seen = pack.fields.iter().filter(|(_, field)| field.is_seen_by(role));
    let names: Vec<&str> = seen.map(|(id, _)| id.as_str()).collect();
    format!("the desk has no such field; its fields are {}", names.join(", "))
}

#[cfg(test)]
mod tests;
