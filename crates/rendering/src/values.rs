//! Data as templates see them: typed, cleaned, and printed by the locale's conventions.

use crate::helpers;
use crate::locale::{Conventions, Style};
use crate::sanitize::clean;
use crate::schema::{Field, FieldType, Schema};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The name under which a render's [`Context`] is in scope; no template can spell it.
const CONTEXT: &str = " context";

/// What helpers know of the render they work for.
#[derive(Debug)]
pub struct Context {
    /// Locale whose language and region decide; as given.
    pub locale: String,
    /// Its conventions, if there is a table.
    pub conventions: Option<&'static Conventions>,
    /// The contact's time zone.
    pub zone: Tz,
    /// Only plain spaces: a no-break space would double the price of an SMS.
    pub plain_spaces: bool,
}

impl Object for Context {}

impl Context {
    /// The context of the render that a helper was called in.
    pub fn of(state: &State<'_, '_>) -> Result<Arc<Self>, Error> {
        state
            .lookup(CONTEXT)
            .and_then(|value| value.downcast_object::<Self>())
            .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "helpers need a locale here"))
    }

    /// The conventions, or what to say without.
    pub fn conventions(&self) -> Result<&'static Conventions, Error> {
        self.conventions.ok_or_else(|| {
            let locale = &self.locale;
            let message = format!(
                "dates, numbers and money are known in en, es, fr, pt and ru, not in \"{locale}\": write them as text"
            );
            Error::new(ErrorKind::InvalidOperation, message)
        })
    }

    /// Text with the spaces that the channel should get.
    pub fn spaces(&self, text: String) -> String {
        if self.plain_spaces { text.replace(['\u{a0}', '\u{202f}'], " ") } else { text }
    }
}

/// An amount of money.
#[derive(Clone, Debug)]
pub struct Money {
    /// Minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    context: Arc<Context>,
}

/// A point in time.
#[derive(Clone, Debug)]
pub struct Moment {
    /// An instant or a day.
    pub when: When,
    context: Arc<Context>,
}

/// An instant or a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// An instant, shown in the contact's zone.
    Instant(DateTime<Utc>),
    /// A day, the same in every zone.
    Day(NaiveDate),
}

impl Object for Money {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "minor" => Some(Value::from(self.minor)),
            "currency" => Some(Value::from(self.currency.as_str())),
            _ => None,
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &helpers::money::write(&self.context, self.minor, &self.currency).map_err(|_| fmt::Error)?,
        )
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conventions = self.context.conventions().map_err(|_| fmt::Error)?;
        let text = helpers::datetime::write(conventions, self.when, self.context.zone, Style::Long);
        f.write_str(&self.context.spaces(text))
    }
}

/// The scope of a render: the data by their schema, and the context. Values that fit no type are left out; check the
/// data first.
pub fn scope(schema: &Schema, data: &Json, context: Arc<Context>) -> Value {
    let mut map = members(schema, data, &context);
    map.insert(CONTEXT.to_owned(), Value::from_dyn_object(context));
    Value::from(map)
}

fn members(schema: &Schema, data: &Json, context: &Arc<Context>) -> BTreeMap<String, Value> {
    schema
        .iter()
        .filter_map(|(name, field)| {
            let value = data.get(name).filter(|value| !value.is_null())?;
            Some((name.clone(), convert(field, value, context)?))
        })
        .collect()
}

fn convert(field: &Field, value: &Json, context: &Arc<Context>) -> Option<Value> {
    let moment = |when| Value::from_object(Moment { when, context: context.clone() });
    match field.kind {
        FieldType::String => value.as_str().map(|text| Value::from(clean(text))),
        FieldType::Integer => value.as_i64().map(Value::from),
        FieldType::Number => value.as_i64().map(Value::from).or_else(|| value.as_f64().map(Value::from)),
        FieldType::Boolean => value.as_bool().map(Value::from),
        FieldType::Money => parse_money(value).map(|(minor, currency)| {
            Value::from_object(Money { minor, currency: currency.to_owned(), context: context.clone() })
        }),
        FieldType::Datetime => value.as_str().and_then(parse_instant).map(|at| moment(When::Instant(at))),
        FieldType::Date => value.as_str().and_then(parse_date).map(|day| moment(When::Day(day))),
        FieldType::Object => Some(Value::from(members(&field.fields, value, context))),
        FieldType::List => {
            let any = Field::of(FieldType::Any);
            let of = field.items.as_deref().unwrap_or(&any);
            Some(value.as_array()?.iter().filter_map(|item| convert(of, item, context)).collect())
        }
        FieldType::Any => {
            let known = crate::schema::infer_field(value);
            if known.kind == FieldType::Any { None } else { convert(&known, value, context) }
        }
    }
}

/// `{"minor": 1250, "currency": "EUR"}`: minor units and an ISO 4217 code.
pub fn parse_money(value: &Json) -> Option<(i64, &str)> {
    let map = value.as_object().filter(|map| map.len() == 2)?;
    let currency = map.get("currency")?.as_str()?;
    let is_code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    is_code.then_some((map.get("minor")?.as_i64()?, currency))
}

/// An instant, RFC 3339.
pub fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

/// A day, `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    if text.len() == 10 { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None }
}

/// The point in time that a helper was given: a typed value, or a text in one of the two forms.
pub fn moment_of(value: &Value) -> Result<When, Error> {
    if let Some(moment) = value.downcast_object_ref::<Moment>() {
        return Ok(moment.when);
    }
    let text = value.as_str();
    text.and_then(parse_instant)
        .map(When::Instant)
        .or_else(|| text.and_then(parse_date).map(When::Day))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidOperation,
                "expected a date (\"2026-03-01\") or a datetime (RFC 3339)",
            )
        })
}

/// Is there a time zone of this IANA name?
pub fn is_time_zone(name: &str) -> bool {
    parse_zone(name).is_some()
}

/// The zone of an IANA name.
pub fn parse_zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}
