//! What is written down: is it what the field takes?

use super::{DataEntry, Field, FieldKind};
use crate::{card_number, iban};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Map, Value};

/// Longest text, in characters.
const MAX_CHARS: usize = 2_000;

/// Everything that is wrong with what was written down, each with its place under `data`. No value is repeated.
pub(super) fn check(
    entry: &DataEntry,
    data: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    for field in &entry.fields {
        let value = data.get(&field.name).filter(|value| !is_blank(value));
        let why = match value {
            None if field.optional => None,
            None => Some("it is needed".to_owned()),
            Some(value) => refuse(field, value, now),
        };
        wrong.extend(why.map(|why| (format!("/data/{}", field.name), why)));
    }
    if data.keys().any(|name| !entry.fields.iter().any(|field| field.name == *name)) {
        let known: Vec<_> = entry.fields.iter().map(|field| field.name.as_str()).collect();
        wrong.push(("/data".to_owned(), format!("the fields are {}", known.join(", "))));
    }
    wrong
}

/// Whether a document holds a full card number: the refusal that says so.
pub(super) fn holds_card(data: &Map<String, Value>) -> Option<String> {
    data.iter().find_map(|(name, value)| match card_number::is_in(name) {
        true => Some("/data".to_owned()),
        false => {
            card_number::place_in(value).map(|place| format!("/data/{}{place}", crate::pack::escape(name)))
        }
    })
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn refuse(field: &Field, value: &Value, now: DateTime<Utc>) -> Option<String> {
    let text = value.as_str();
    let unless = |fits: bool, what: &str| (!fits).then(|| what.to_owned());
    match field.kind {
        FieldKind::Text => {
            let fits = text.is_some_and(|text| text.chars().count() <= MAX_CHARS);
            unless(fits, &format!("a text of at most {MAX_CHARS} characters"))
        }
        FieldKind::CardLastFour => {
            let fits = text.is_some_and(|text| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()));
            unless(fits, "the last four digits of the card, and no more of them")
        }
        FieldKind::Iban => {
            unless(text.is_some_and(iban::is_valid), "an IBAN whose check digits fit; look at it again")
        }
        FieldKind::Date => date(field, text, now),
        FieldKind::Money => {
            let minor = value.get("minor").and_then(Value::as_i64).is_some_and(|minor| minor > 0);
            let currency = value.get("currency").and_then(Value::as_str);
            let currency =
                currency.is_some_and(|c| c.len() == 3 && c.bytes().all(|b| b.is_ascii_uppercase()));
            let whole = value.as_object().is_some_and(|object| object.len() == 2);
            unless(
                minor && currency && whole,
                r#"an amount above nothing, as {"minor": 1250, "currency": "EUR"}"#,
            )
        }
        FieldKind::Choice => {
            let fits = text.is_some_and(|text| field.choices.iter().any(|choice| choice == text));
            unless(fits, &format!("one of {}", field.choices.join(", ")))
        }
    }
}

fn date(field: &Field, text: Option<&str>, now: DateTime<Utc>) -> Option<String> {
    let day = text.filter(|text| text.len() == 10).and_then(|text| text.parse::<NaiveDate>().ok());
    let Some(day) = day else { return Some("a day, as 2026-03-01".to_owned()) };
    let bound =
        |days: i64| Duration::try_days(days).and_then(|days| now.date_naive().checked_add_signed(days));
    let earliest = field.earliest_days.and_then(bound).filter(|earliest| day < *earliest);
    let latest = field.latest_days.and_then(bound).filter(|latest| day > *latest);
    earliest
        .map(|earliest| format!("{earliest} at the earliest"))
        .or_else(|| latest.map(|latest| format!("{latest} at the latest")))
}
