//! Data against the schema.

use super::{Field, FieldType, Schema};
use crate::limits;
use crate::problem::{pointer_step, suggestion};
use crate::values::{parse_date, parse_instant, parse_money};
use serde::Serialize;
use serde_json::Value;

/// What is wrong with the data of a render.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataProblem {
    /// JSON pointer into the data, beginning with `/data`.
    pub pointer: String,
    /// `missing`, `unknown_field`, `wrong_type` or `limit`.
    pub code: &'static str,
    /// What is wrong and what to do; never the value, which may be personal.
    pub message: String,
}

/// Checks data against a schema; `pointer` is where the data are (`/data`).
///
/// Every declared value that is not optional must be there with its type; `null` is missing; what is not declared
/// is refused, so that a misspelt name is noticed.
pub fn check(schema: &Schema, data: &Value, pointer: &str) -> Vec<DataProblem> {
    let mut out = Vec::new();
    object(schema, false, data, pointer, &mut out);
    out
}

/// Checks one value against a field.
pub(crate) fn check_field(field: &Field, value: &Value, pointer: &str) -> Vec<DataProblem> {
    let mut out = Vec::new();
    value_of(field, value, pointer, &mut out);
    out
}

fn object(schema: &Schema, open: bool, data: &Value, pointer: &str, out: &mut Vec<DataProblem>) {
    let Some(map) = data.as_object() else {
        return say(out, pointer, "wrong_type", format!("expected an object, got {}", name_of(data)));
    };
    for (name, field) in schema {
        let at = format!("{pointer}/{}", pointer_step(name));
        match map.get(name) {
            None | Some(Value::Null) if field.optional || field.kind == FieldType::Any => {}
            None | Some(Value::Null) => {
                say(out, &at, "missing", format!("\"{name}\" ({}) is required", field.kind.as_str()));
            }
            Some(value) => value_of(field, value, &at, out),
        }
    }
    for name in map.keys().filter(|name| !open && !schema.contains_key(*name)) {
        let hint = suggestion(name, schema.keys().map(String::as_str));
        let at = format!("{pointer}/{}", pointer_step(name));
        say(out, &at, "unknown_field", format!("the template has no \"{name}\"{hint}"));
    }
}

fn value_of(field: &Field, value: &Value, pointer: &str, out: &mut Vec<DataProblem>) {
    let fits = match field.kind {
        FieldType::Any => true,
        FieldType::String => match value.as_str() {
            Some(text) if text.len() > limits::STRING_BYTES => {
                return too_long(out, pointer, "text", limits::STRING_BYTES, "bytes", text.len());
            }
            text => text.is_some(),
        },
        FieldType::Integer => value.is_i64(),
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Money => parse_money(value).is_some(),
        FieldType::Datetime => value.as_str().and_then(parse_instant).is_some(),
        FieldType::Date => value.as_str().and_then(parse_date).is_some(),
        FieldType::Object => return object(&field.fields, field.open, value, pointer, out),
        FieldType::List => match (value.as_array(), &field.items) {
            (Some(items), _) if items.len() > limits::LIST_ITEMS => {
                return too_long(out, pointer, "list", limits::LIST_ITEMS, "items", items.len());
            }
            (Some(items), Some(of)) => {
                for (index, item) in items.iter().enumerate() {
                    value_of(of, item, &format!("{pointer}/{index}"), out);
                }
                true
            }
            (items, _) => items.is_some(),
        },
    };
    if !fits {
        say(out, pointer, "wrong_type", format!("expected {}, got {}", expected(field.kind), name_of(value)));
    }
}

fn expected(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Money => "money ({\"minor\": 1250, \"currency\": \"EUR\"})",
        FieldType::Datetime => "a datetime (RFC 3339, \"2026-03-01T09:30:00Z\")",
        FieldType::Date => "a date (\"2026-03-01\")",
        FieldType::Integer => "a whole number",
        other => other.as_str(),
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "another number",
        Value::String(_) => "another text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn too_long(out: &mut Vec<DataProblem>, pointer: &str, what: &str, most: usize, of: &str, is: usize) {
    say(out, pointer, "limit", format!("a {what} has at most {most} {of}, this has {is}"));
}

fn say(out: &mut Vec<DataProblem>, pointer: &str, code: &'static str, message: String) {
    if out.len() < limits::PROBLEMS {
        out.push(DataProblem { pointer: pointer.to_owned(), code, message });
    }
}
