//! What each type of field holds.

use crate::message::{Address, AddressKind};
use crate::pack::{CustomField, FieldType};
use crate::{iban, identity, money};
use chrono::{DateTime, NaiveDate};
use serde_json::{Number, Value, json};

/// Longest line and longest text, in characters.
const MAX_LINE_CHARS: usize = 1_000;
const MAX_TEXT_CHARS: usize = 10_000;

impl CustomField {
    /// Why a value is not what the field holds, without repeating it; none: it is.
    pub fn refuses(&self, value: &Value) -> Option<String> {
        let fits = match self.kind {
            FieldType::Boolean => value.is_boolean(),
            FieldType::Integer => value.is_i64() && self.within(value.as_f64()),
            FieldType::Number => self.within(value.as_f64()),
            FieldType::Money => self.is_money(value),
            FieldType::MultiChoice => self.are_choices(value),
            _ => value.as_str().is_some_and(|text| self.is_text(text)),
        };
        (!fits).then(|| self.wanted())
    }

    /// The value that a text stands for, as forms and tables write it; none: it stands for none.
    pub fn read(&self, text: &str) -> Option<Value> {
        let text = text.trim();
        let value = match self.kind {
            FieldType::Boolean => match text {
                "true" | "1" | "on" | "yes" => json!(true),
                "false" | "0" | "off" | "no" => json!(false),
                _ => return None,
            },
            FieldType::Integer => json!(text.parse::<i64>().ok()?),
            FieldType::Number => Value::Number(Number::from_f64(text.parse().ok()?)?),
            FieldType::Money => serde_json::from_str(text).ok().or_else(|| money::read(text))?,
            FieldType::Choice => json!(self.choice(text)?),
            FieldType::MultiChoice => {
                let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
                json!(parts.map(|part| self.choice(part)).collect::<Option<Vec<_>>>()?)
            }
            _ => json!(text),
        };
        self.refuses(&value).is_none().then_some(value)
    }

    /// The id of the choice that is meant by its id or one of its names.
    fn choice(&self, text: &str) -> Option<&str> {
        let meant = |name: &String| name.to_lowercase() == text.to_lowercase();
        let by_id = self.choices.iter().find(|choice| choice.id == text);
        let found = by_id.or_else(|| self.choices.iter().find(|choice| choice.name.values().any(meant)));
        found.map(|choice| choice.id.as_str())
    }

    fn within(&self, number: Option<f64>) -> bool {
        number.is_some_and(|number| {
            self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
        })
    }

    fn is_money(&self, value: &Value) -> bool {
        let minor = value.get("minor").filter(|minor| minor.is_i64()).and_then(Value::as_f64);
        let currency = value.get("currency").and_then(Value::as_str);
        let currency = currency.is_some_and(money::is_currency);
        value.as_object().is_some_and(|members| members.len() == 2) && currency && self.within(minor)
    }

    fn are_choices(&self, value: &Value) -> bool {
        let Some(chosen) = value.as_array() else { return false };
        let known = |id: &str| self.choices.iter().any(|choice| choice.id == id);
        chosen.iter().enumerate().all(|(n, id)| {
            let is_first = chosen.iter().take(n).all(|before| before != id);
            id.as_str().is_some_and(known) && is_first
        })
    }

    fn is_text(&self, text: &str) -> bool {
        let of_kind = |kind| identity::check(&Address { kind, value: text.into() }).is_ok();
        let fits = match self.kind {
            FieldType::LongText => text.chars().count() <= MAX_TEXT_CHARS,
            FieldType::Date => text.len() == 10 && text.parse::<NaiveDate>().is_ok(),
            FieldType::DateTime => DateTime::parse_from_rfc3339(text).is_ok(),
            FieldType::Choice => self.choices.iter().any(|choice| choice.id == text),
            FieldType::Email => of_kind(AddressKind::Email),
            FieldType::Phone => of_kind(AddressKind::Phone),
            FieldType::Url => is_url(text),
            FieldType::Iban => iban::is_valid(text),
            _ => text.chars().count() <= MAX_LINE_CHARS && !text.contains(['\n', '\r']),
        };
        let pattern = || self.expression().is_some_and(|expression| expression.is_match(text));
        fits && (self.pattern.is_none() || pattern())
    }

    /// What the field holds, in words.
    fn wanted(&self) -> String {
        let bounds = match (self.min, self.max) {
            (Some(min), Some(max)) => format!(" from {min} to {max}"),
            (Some(min), None) => format!(" of at least {min}"),
            (None, Some(max)) => format!(" of at most {max}"),
            (None, None) => String::new(),
        };
        let choices = || self.choices.iter().map(|choice| choice.id.as_str()).collect::<Vec<_>>().join(", ");
        let what = match self.kind {
            FieldType::Text => format!("a line of at most {MAX_LINE_CHARS} characters"),
            FieldType::LongText => format!("a text of at most {MAX_TEXT_CHARS} characters"),
            FieldType::Number => format!("a number{bounds}"),
            FieldType::Integer => format!("a whole number{bounds}"),
            FieldType::Money => {
                format!(r#"an amount in minor units{bounds}, as {{"minor": 1250, "currency": "EUR"}}"#)
            }
            FieldType::Date => "a day, as 2026-03-01".to_owned(),
            FieldType::DateTime => "an instant in RFC 3339, as 2026-03-01T09:00:00Z".to_owned(),
            FieldType::Boolean => "true or false".to_owned(),
            FieldType::Choice => format!("one of {}", choices()),
            FieldType::MultiChoice => format!("a list, each once, of {}", choices()),
            FieldType::Email => "an e-mail address".to_owned(),
            FieldType::Phone => "a telephone number with its country, as +34600000001".to_owned(),
            FieldType::Url => "an address that begins with https:// or http://".to_owned(),
            FieldType::Iban => "an IBAN whose check digits fit; look at it again".to_owned(),
        };
        match &self.pattern {
            Some(pattern) => format!("{what} that fits {pattern}"),
            None => what,
        }
    }
}

fn is_url(text: &str) -> bool {
    let rest = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    plain && text.chars().count() <= 2_000 && !host.is_empty()
}
