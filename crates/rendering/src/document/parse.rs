//! From a pack's JSON, with every misshapen entry named and left out.

use super::{Documents, Locales, Partial, Parts, Template};
use crate::problem::{Place, Problem, pointer_step};
use crate::schema::{Field, Schema, check_field};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

impl Documents {
    /// Reads the templates and partials of a pack (objects by name; `null` is none). What is misshapen is reported
    /// and left out, so that the rest can still be checked.
    pub fn parse(templates: &Value, partials: &Value, locales: Locales) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let templates = entries(templates, "/templates", &mut problems)
            .into_iter()
            .filter_map(|(name, value)| Some((name.clone(), template(name, value, &mut problems)?)))
            .collect();
        let partials = entries(partials, "/partials", &mut problems)
            .into_iter()
            .filter_map(|(name, value)| Some((name.clone(), partial(name, value, &mut problems)?)))
            .collect();
        (Self { templates, partials, locales }, problems)
    }
}

/// A name that templates, partials and locales may have.
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// The JSON pointer of a template's locale.
pub(crate) fn pointer_of(template: &str, locale: &str) -> String {
    format!("/templates/{}/locales/{}", pointer_step(template), pointer_step(locale))
}

fn entries<'a>(value: &'a Value, pointer: &str, problems: &mut Vec<Problem>) -> Vec<(&'a String, &'a Value)> {
    let place = Place { pointer: pointer.to_owned(), ..Place::default() };
    match value {
        Value::Null => Vec::new(),
        Value::Object(map) => named(map, &place, problems),
        _ => {
            problems.push(place.problem("wrong_shape", "expected an object: entries by name"));
            Vec::new()
        }
    }
}

fn named<'a>(
    map: &'a Map<String, Value>,
    place: &Place,
    problems: &mut Vec<Problem>,
) -> Vec<(&'a String, &'a Value)> {
    map.iter()
        .filter(|(name, _)| {
            if !is_name(name) {
                let at =
                    Place { pointer: format!("{}/{}", place.pointer, pointer_step(name)), ..place.clone() };
                let message = "a name is 1 to 64 letters, digits, \"-\", \"_\" and \".\"";
                problems.push(at.problem("bad_name", message));
            }
            is_name(name)
        })
        .collect()
}

fn template(name: &str, value: &Value, problems: &mut Vec<Problem>) -> Option<Template> {
    let place = Place {
        template: name.to_owned(),
        pointer: format!("/templates/{}", pointer_step(name)),
        ..Place::default()
    };
    let Some(map) = value.as_object() else {
        problems.push(place.problem("wrong_shape", "a template is an object with \"data\" and \"locales\""));
        return None;
    };
    let mut rest = map.clone();
    let data = rest.remove("data").unwrap_or(Value::Null);
    let locales = rest.remove("locales").unwrap_or(Value::Null);
    rest.insert("locales".to_owned(), Value::Object(Map::new()));
    let mut template: Template = read(&Value::Object(rest), &place, problems)?;

    template.data = schema(&data, &place, problems);
    let at = Place { pointer: format!("{}/locales", place.pointer), ..place.clone() };
    let Some(locales) = locales.as_object().filter(|map| !map.is_empty()) else {
        problems.push(at.problem("wrong_shape", "a template needs \"locales\": its parts by language tag"));
        return None;
    };
    for (locale, value) in named(locales, &at, problems) {
        let at = Place { locale: locale.clone(), pointer: pointer_of(name, locale), ..place.clone() };
        let canonical = super::canonical(locale);
        if canonical != *locale {
            problems.push(at.problem("bad_name", format!("write the language tag as \"{canonical}\"")));
        } else if let Some(parts) = read::<Parts>(value, &at, problems) {
            template.locales.insert(locale.clone(), parts);
        }
    }
    Some(template)
}

fn schema(data: &Value, place: &Place, problems: &mut Vec<Problem>) -> Schema {
    let at = Place { part: "data".to_owned(), pointer: format!("{}/data", place.pointer), ..place.clone() };
    let map = match data {
        Value::Null => return Schema::new(),
        Value::Object(map) => map,
        _ => {
            problems.push(at.problem("wrong_shape", "expected an object: declared values by name"));
            return Schema::new();
        }
    };
    let mut out = BTreeMap::new();
    for (name, value) in map {
        let at = Place {
            part: format!("data/{name}"),
            pointer: format!("{}/{}", at.pointer, pointer_step(name)),
            ..at.clone()
        };
        let identifier = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && (1..=64).contains(&name.len());
        if !identifier {
            problems.push(at.problem("bad_name", "a variable's name is letters, digits and \"_\""));
            continue;
        }
        let Some(mut field) = read::<Field>(value, &at, problems) else { continue };
        field.settle();
        match &field.example {
            None => problems.push(at.problem("missing_example", "every variable needs an \"example\"")),
            Some(example) => {
                let pointer = format!("{}/example", at.pointer);
                for wrong in check_field(&field, example, &pointer) {
                    let at = Place { pointer: wrong.pointer, ..at.clone() };
                    problems.push(at.problem("bad_example", wrong.message));
                }
            }
        }
        out.insert(name.clone(), field);
    }
    out
}

fn partial(name: &str, value: &Value, problems: &mut Vec<Problem>) -> Option<Partial> {
    let place = Place {
        template: name.to_owned(),
        pointer: format!("/partials/{}", pointer_step(name)),
        ..Place::default()
    };
    Partial::deserialize(value).map_or_else(
        |_| {
            let message =
                "a partial is a text, {\"text\", \"html\"}, or {\"locales\"} with one of these by language";
            problems.push(place.problem("wrong_shape", message));
            None
        },
        Some,
    )
}

fn read<T: for<'de> Deserialize<'de>>(
    value: &Value,
    place: &Place,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match T::deserialize(value) {
        Ok(read) => Some(read),
        Err(error) => {
            problems.push(place.problem("wrong_shape", error.to_string()));
            None
        }
    }
}
