//! A schema from data, for previews and for what a declaration leaves to its example.

use super::{Field, FieldType, Schema};
use serde_json::Value;

/// The schema that the members of an object fit; empty for anything else.
pub fn infer(data: &Value) -> Schema {
    data.as_object()
        .map(|map| map.iter().map(|(name, value)| (name.clone(), field(value))).collect())
        .unwrap_or_default()
}

/// The field that a value fits.
pub fn field(value: &Value) -> Field {
    let mut field = Field::of(kind(value));
    match field.kind {
        FieldType::Object => {
            field.fields = infer(value);
            field.open = true;
        }
        FieldType::List => {
            field.items =
                value.as_array().and_then(|items| items.iter().map(self::field).reduce(both)).map(Box::new);
        }
        _ => {}
    }
    field.optional = value.is_null();
    field
}

/// The field that two values fit: what only one of them has is optional, what they disagree on is anything.
fn both(a: Field, b: Field) -> Field {
    let optional = a.optional || b.optional;
    let kind = match (a.kind, b.kind) {
        (FieldType::Integer, FieldType::Number) | (FieldType::Number, FieldType::Integer) => {
            FieldType::Number
        }
        (a, b) if a == b => a,
        _ => return Field { optional, ..Field::of(FieldType::Any) },
    };
    let mut joined = Field { optional, open: a.open, ..Field::of(kind) };
    let Field { fields: mut others, items: other_items, .. } = b;
    for (name, field) in a.fields {
        let field = match others.remove(&name) {
            Some(other) => both(field, other),
            None => Field { optional: true, ..field },
        };
        joined.fields.insert(name, field);
    }
    joined.fields.extend(others.into_iter().map(|(name, field)| (name, Field { optional: true, ..field })));
    joined.items = match (a.items, other_items) {
        (Some(a), Some(b)) => Some(Box::new(both(*a, *b))),
        (a, b) => a.or(b),
    };
    joined
}

fn kind(value: &Value) -> FieldType {
    match value {
        Value::Null => FieldType::Any,
        Value::Bool(_) => FieldType::Boolean,
        Value::Number(n) if n.is_i64() => FieldType::Integer,
        Value::Number(_) => FieldType::Number,
        Value::String(_) => FieldType::String,
        Value::Array(_) => FieldType::List,
        Value::Object(_) if crate::values::parse_money(value).is_some() => FieldType::Money,
        Value::Object(_) => FieldType::Object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::check;
    use serde_json::json;

    #[test]
    fn data_fit_the_schema_that_is_inferred_from_them() {
        for data in [
            json!({}),
            json!({ "a": 1, "b": 1.5, "c": "x", "d": null, "e": true, "f": { "minor": 1, "currency": "EUR" } }),
            json!({ "a": { "minor": 1, "currency": "euro" }, "b": [], "c": [null, 1], "d": { "e": {} } }),
            json!({ "a": [1, 2.5], "b": [1, "x", { "y": 1 }], "c": [{ "x": 1 }, { "y": [1] }, { "y": ["z"] }] }),
            json!({ "a": u64::MAX, "b": [[1], ["x"], []] }),
        ] {
            assert_eq!(check(&infer(&data), &data, ""), [], "{data}");
        }
    }

    #[test]
    fn what_only_some_items_have_is_optional() {
        let schema = infer(&json!({ "rows": [{ "a": 1, "b": "x" }, { "a": 2.5 }] }));
        let row = schema["rows"].items.as_deref().unwrap();
        assert_eq!((row.fields["a"].kind, row.fields["a"].optional), (FieldType::Number, false));
        assert_eq!((row.fields["b"].kind, row.fields["b"].optional), (FieldType::String, true));
    }
}
