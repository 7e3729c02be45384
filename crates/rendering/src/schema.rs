//! What data a template takes.

mod check;
mod infer;

pub(crate) use check::check_field;
pub use check::{DataProblem, check};
pub(crate) use infer::field as infer_field;
pub use infer::infer;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    /// Text.
    String,
    /// A whole number that is printed in plain digits (ticket numbers too).
    Integer,
    /// A number, printed with the locale's decimal separator.
    Number,
    /// `true` or `false`; can be asked for, not printed.
    Boolean,
    /// `{"minor": 1250, "currency": "EUR"}`.
    Money,
    /// An instant, RFC 3339.
    Datetime,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// Several values of the type of `items`.
    List,
    /// The values that `fields` declares.
    Object,
    /// Anything: only where an example says no more (`[]`, `null`).
    #[serde(skip)]
    Any,
}

impl FieldType {
    /// As in a pack.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Money => "money",
            Self::Datetime => "datetime",
            Self::Date => "date",
            Self::List => "list",
            Self::Object => "object",
            Self::Any => "any",
        }
    }
}

/// A declared value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// What it may look like; every template is rendered with it when the pack is validated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// For those who fill it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// It may be missing; the template then has to say what stands in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Fields of an object; those of the example if empty.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Schema,
    /// Items of a list; those of the example if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Field>>,
    /// `fields` were taken from an example: further ones are ignored and not refused.
    #[serde(skip)]
    pub open: bool,
}

/// Declared values by name.
pub type Schema = BTreeMap<String, Field>;

impl Field {
    /// A required value without example.
    pub fn of(kind: FieldType) -> Self {
        Self {
            kind,
            example: None,
            description: None,
            optional: false,
            fields: Schema::new(),
            items: None,
            open: false,
        }
    }

    /// Takes from the example what the declaration leaves open.
    pub(crate) fn settle(&mut self) {
        if let Some(example) = &self.example {
            if self.kind == FieldType::Object && self.fields.is_empty() {
                self.fields = infer(example);
                self.open = true;
            }
            if self.kind == FieldType::List && self.items.is_none() {
                self.items = infer_field(example).items;
            }
        }
        if self.example.is_none() {
            self.example = self.example_of_parts();
        }
        self.fields.values_mut().for_each(Field::settle);
        if let Some(items) = &mut self.items {
            items.settle();
        }
    }

    /// An object or a list whose parts all have examples needs none of its own.
    fn example_of_parts(&self) -> Option<Value> {
        match self.kind {
            FieldType::Object if !self.fields.is_empty() => self
                .fields
                .iter()
                .map(|(name, field)| {
                    Some((name.clone(), field.example.clone().or_else(|| field.example_of_parts())?))
                })
                .collect::<Option<serde_json::Map<_, _>>>()
                .map(Value::Object),
            FieldType::List => {
                let items = self.items.as_ref()?;
                Some(Value::Array(vec![items.example.clone().or_else(|| items.example_of_parts())?]))
            }
            _ => None,
        }
    }
}
