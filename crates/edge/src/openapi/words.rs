//! Words that fields are limited to, from the types that read them.

use relevo_domain::category::Category;
use relevo_domain::message::AddressKind;
use relevo_domain::pack::{Priority, Role};
use relevo_domain::survey::Verdict;
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};

const ADDRESS_KINDS: [AddressKind; 4] =
    [AddressKind::Phone, AddressKind::Email, AddressKind::User, AddressKind::Group];
const PRIORITIES: [Priority; 4] = [Priority::Low, Priority::Normal, Priority::High, Priority::Urgent];
const ROLES: [Role; 5] = [Role::Service, Role::Agent, Role::Lead, Role::Manager, Role::Admin];

const VERDICTS: [Verdict; 3] = [Verdict::Counted, Verdict::Disputed, Verdict::Excluded];

/// A priority.
pub(crate) fn priority() -> Schema {
    one_of(&PRIORITIES)
}

/// A priority, or null for none.
pub(crate) fn optional_priority() -> Schema {
    optional(&PRIORITIES)
}

/// Priorities.
pub(crate) fn priorities() -> Schema {
    Schema::Array(ArrayBuilder::new().items(RefOr::T(priority())).build())
}

/// A role.
pub(crate) fn role() -> Schema {
    one_of(&ROLES)
}

/// A kind of address.
pub(super) fn address_kind() -> Schema {
    one_of(&ADDRESS_KINDS)
}

/// A kind of address, or null to have it found out.
pub(crate) fn optional_address_kind() -> Schema {
    optional(&ADDRESS_KINDS)
}

/// Whether an answer counts.
pub(crate) fn verdict() -> Schema {
    one_of(&VERDICTS)
}

/// What a status means.
pub(super) fn category() -> Schema {
    one_of(&Category::ALL)
}

fn one_of(words: &[impl Serialize]) -> Schema {
    schema(SchemaType::new(Type::String), names(words))
}

fn optional(words: &[impl Serialize]) -> Schema {
    let names = names(words).into_iter().chain([Value::Null]).collect();
    schema(SchemaType::from_iter([Type::String, Type::Null]), names)
}

fn schema(kind: SchemaType, names: Vec<Value>) -> Schema {
    Schema::Object(ObjectBuilder::new().schema_type(kind).enum_values(Some(names)).build())
}

fn names(words: &[impl Serialize]) -> Vec<Value> {
    words.iter().filter_map(|word| serde_json::to_value(word).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_forgotten() {
        // A new variant does not compile here until it is named above.
        let place = |kind: AddressKind| match kind {
            AddressKind::Phone => 0,
            AddressKind::Email => 1,
            AddressKind::User => 2,
            AddressKind::Group => 3,
        };
        assert_eq!(ADDRESS_KINDS.map(place), [0, 1, 2, 3]);
        let place = |priority: Priority| match priority {
            Priority::Low => 0,
            Priority::Normal => 1,
            Priority::High => 2,
            Priority::Urgent => 3,
        };
        assert_eq!(PRIORITIES.map(place), [0, 1, 2, 3]);
        let place = |role: Role| match role {
            Role::Service => 0,
            Role::Agent => 1,
            Role::Lead => 2,
            Role::Manager => 3,
            Role::Admin => 4,
        };
        assert_eq!(ROLES.map(place), [0, 1, 2, 3, 4]);
    }
}
