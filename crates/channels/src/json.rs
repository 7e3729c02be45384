//! Reading JSON that may hold anything: item by item, so that a bad one costs only itself.

use crate::{crypto, parsed::Malformed};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Inbound, Problem},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

/// Deeper items are kept as text: what is stored must be readable again inside an envelope of its own, and
/// serde_json refuses more than 128 levels. No provider sends half as many.
const MAX_DEPTH: usize = 64;
/// 9999-12-31T23:59:59Z; later times have no RFC 3339 form.
pub(crate) const LAST_SECOND: i64 = 253_402_300_799;

/// The body as text.
pub(crate) fn utf8(body: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(body).map_err(|_| Malformed::new("the body is not UTF-8"))
}

/// Reads the outer object of a body. Nested values are best declared as `&RawValue`. The reason is fixed:
/// serde's own would quote the payload.
pub(crate) fn envelope<'a, T: Deserialize<'a>>(text: &'a str, expected: &str) -> Result<T, Malformed> {
    part(text).ok_or_else(|| Malformed::new(format!("the body is not {expected}")))
}

/// Reads an object inside a body; none if it is not of that shape. (Serde alone would take an array too.)
pub(crate) fn part<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    if text.trim_start().starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

/// An item as an object, or why it is none.
pub(crate) fn object(raw: &RawValue) -> Result<Map<String, Value>, &'static str> {
    match value(raw.get()) {
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err("not an object"),
        None => Err("nested too deeply, or not readable as JSON"),
    }
}

/// The whole body as one object: for providers that send one event at a time.
pub(crate) fn body_object(body: &[u8]) -> Result<Map<String, Value>, Malformed> {
    match value(utf8(body)?) {
        Some(Value::Object(map)) => Ok(map),
        Some(_) => Err(Malformed::new("the body is not a JSON object")),
        None => Err(Malformed::new("the body is not JSON, or it is nested too deeply")),
    }
}

/// A value of bounded depth. Surrogates without their other half, as software that cuts texts leaves them,
/// become U+FFFD instead of costing the item.
pub(crate) fn value(text: &str) -> Option<Value> {
    if depth(text) > MAX_DEPTH {
        return None;
    }
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&mend_surrogates(text))).ok()
}

/// The item for keeping: as JSON where it can be, else as the text that it is.
pub(crate) fn keep(text: &str) -> Value {
    value(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// An item that cannot be understood. It is known by its bytes: an id of its own may be an account's, the same in
/// many.
pub(crate) fn problem(raw: &RawValue, pointer: String, why: impl Into<String>) -> Inbound {
    Inbound::Problem(Problem {
        external_id: crypto::fingerprint(raw.get().as_bytes()),
        pointer,
        why: why.into(),
        data: Private(keep(raw.get())),
        request: None,
    })
}

/// A string field; other types count as absent.
pub(crate) fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key).and_then(Value::as_str)
}

/// An object field; other types count as absent.
pub(crate) fn child<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a Map<String, Value>> {
    map.get(key).and_then(Value::as_object)
}

/// An identifier: a string that is not empty, or a number as its digits.
pub(crate) fn id(map: &Map<String, Value>, key: &str) -> Option<String> {
    as_id(map.get(key)?)
}

/// See [`id`].
pub(crate) fn as_id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A whole number that is not negative, bare or in a string.
pub(crate) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Seconds since 1970, bare or in a string.
pub(crate) fn unix_seconds(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(count(value)?).ok().filter(|seconds| *seconds <= LAST_SECOND)?;
    DateTime::from_timestamp(seconds, 0)
}

/// Milliseconds since 1970, bare or in a string.
pub(crate) fn unix_millis(value: &Value) -> Option<DateTime<Utc>> {
    let millis = i64::try_from(count(value)?).ok().filter(|millis| millis / 1000 <= LAST_SECOND)?;
    DateTime::from_timestamp_millis(millis)
}

/// An RFC 3339 time, also with an offset without colon as Jira writes it.
pub(crate) fn rfc3339(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()
        .map(|time| time.to_utc())
        .filter(|time| (0..=LAST_SECOND).contains(&time.timestamp()))
}

/// How deeply arrays and objects are nested, without building anything.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Replaces `\uD800`–`\uDFFF` that stand alone by `\ufffd`.
fn mend_surrogates(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (kept, used) = match code_unit(escape) {
            Some(0xD800..=0xDBFF) => match escape.get(6..).and_then(code_unit) {
                Some(0xDC00..=0xDFFF) => (escape.get(..12), 12),
                _ => (None, 6),
            },
            Some(0xDC00..=0xDFFF) => (None, 6),
            Some(_) => (escape.get(..6), 6),
            None => {
                let used = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                (escape.get(..used), used)
            }
        };
        mended.push_str(kept.unwrap_or("\\ufffd"));
        rest = escape.get(used..).unwrap_or_default();
    }
    mended.push_str(rest);
    mended
}

/// The number in `\uXXXX` at the start of `text`.
fn code_unit(text: &str) -> Option<u16> {
    text.strip_prefix("\\u")?.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_are_mended_and_pairs_are_left() {
        assert_eq!(value(r#""a\ud83d""#), Some("a\u{fffd}".into()));
        assert_eq!(value(r#""\ude00b\ud83d\u0041""#), Some("\u{fffd}b\u{fffd}A".into()));
        assert_eq!(value(r#""\ud83d\ude00\ud83d""#), Some("😀\u{fffd}".into()));
        // An escaped backslash is no escape of a code unit.
        assert_eq!(value(r#""\\ud83d \ud83d""#), Some("\\ud83d \u{fffd}".into()));
        assert_eq!(value(r#""\"#), None);
        assert_eq!(value("\"\\é"), None);
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth(r#"{"a":["[[[[\"{{{",[]]}"#), 3);
        let deep = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(value(&deep).is_some());
        assert_eq!(value(&format!("[{deep}]")), None);
        assert_eq!(keep(&format!("[{deep}]")), Value::String(format!("[{deep}]")));
    }

    #[test]
    fn times_are_read_in_both_forms_and_never_out_of_range() {
        assert_eq!(unix_seconds(&"1700000000".into()), unix_seconds(&1_700_000_000_u64.into()));
        assert_eq!(unix_seconds(&u64::MAX.into()), None);
        assert_eq!(unix_seconds(&"-1".into()), None);
        assert_eq!(
            unix_millis(&1_700_000_000_123_u64.into()).map(|t| t.timestamp_subsec_millis()),
            Some(123)
        );
        assert!(rfc3339(&"2026-01-02T03:04:05.678+0100".into()).is_some());
        assert_eq!(rfc3339(&"yesterday".into()), None);
    }
}
