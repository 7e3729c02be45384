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
            field.items = value.as_array().and_then(|items| items.first()).map(|item| Box::new(self::field(item)));
        }
        _ => {}
    }
    field.optional = value.is_null();
    field
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
