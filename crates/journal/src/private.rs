//! Personal values on their way to and from the stored form.
//!
//! A personal value serialises as itself everywhere but into an event that is being stored. There a placeholder
//! stands for it (`{"§": n}`), and the values go into a list beside the data, which is sealed as a whole. Reading
//! puts them back; where the key was destroyed each becomes the default of its type.
//!
//! Use: `#[serde(with = "relevo_journal::private")]` on a field, or [`serialize`] and [`deserialize`] in a type's
//! own implementations. Conversion is synchronous and within one call, so a thread's state can carry the list.

use std::cell::RefCell;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// What this thread is doing with personal values.
enum Transfer {
    /// Nothing: a value is itself.
    None,
    /// An event is being stored: values are collected.
    Out(Vec<Value>),
    /// A stored event is being read: these are its values; without the key there are none.
    In(Option<Vec<Value>>),
}

thread_local! {
    static TRANSFER: RefCell<Transfer> = const { RefCell::new(Transfer::None) };
}

#[derive(Serialize, Deserialize)]
struct Placeholder {
    #[serde(rename = "§")]
    index: usize,
}

/// Writes a personal value: itself, or its placeholder in an event that is being stored.
///
/// # Errors
/// When it is no JSON.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let stores = TRANSFER.with_borrow(|transfer| matches!(transfer, Transfer::Out(_)));
    if !stores {
        return value.serialize(serializer);
    }
    let json = serde_json::to_value(value).map_err(|_| S::Error::custom("a personal value is no JSON"))?;
    let index = TRANSFER.with_borrow_mut(|transfer| match transfer {
        Transfer::Out(values) => {
            values.push(json);
            values.len().saturating_sub(1)
        }
        _ => 0,
    });
    Placeholder { index }.serialize(serializer)
}

/// Reads a personal value: itself, or what its placeholder stands for in a stored event.
///
/// # Errors
/// When it is not of this type.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: DeserializeOwned + Default,
    D: Deserializer<'de>,
{
    let reads = TRANSFER.with_borrow(|transfer| matches!(transfer, Transfer::In(_)));
    if !reads {
        return T::deserialize(deserializer);
    }
    let Placeholder { index } = Placeholder::deserialize(deserializer)?;
    let value = TRANSFER.with_borrow_mut(|transfer| match transfer {
        Transfer::In(Some(values)) => values.get_mut(index).map(|value| Some(value.take())),
        _ => Some(None),
    });
    match value {
        Some(Some(value)) => {
            // Without its content: an error must not disclose it.
            serde_json::from_value(value).map_err(|_| D::Error::custom("a personal value of another type"))
        }
        Some(None) => Ok(T::default()),
        None => Err(D::Error::custom("a placeholder that stands for nothing")),
    }
}

/// Whether an event with this data has personal values and so needs a key to be stored.
pub fn is_in<T: Serialize>(data: &T) -> bool {
    let (_, values) = storing(|| serde_json::to_string(data));
    !values.is_empty()
}

/// Runs a conversion to the stored form; returns the personal values that it met.
pub(crate) fn storing<R>(convert: impl FnOnce() -> R) -> (R, Vec<Value>) {
    match during(Transfer::Out(Vec::new()), convert) {
        (result, Transfer::Out(values)) => (result, values),
        (result, _) => (result, Vec::new()),
    }
}

/// Runs a conversion from the stored form, with its personal values; without the key there are none.
pub(crate) fn reading<R>(values: Option<Vec<Value>>, convert: impl FnOnce() -> R) -> R {
    during(Transfer::In(values), convert).0
}

fn during<R>(transfer: Transfer, convert: impl FnOnce() -> R) -> (R, Transfer) {
    /// Puts back what was, however the conversion ends.
    struct Before(Transfer);
    impl Drop for Before {
        fn drop(&mut self) {
            TRANSFER.with_borrow_mut(|now| std::mem::swap(now, &mut self.0));
        }
    }
    let mut before = Before(TRANSFER.replace(transfer));
    let result = convert();
    let after = TRANSFER.replace(std::mem::replace(&mut before.0, Transfer::None));
    std::mem::forget(before);
    (result, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Person {
        id: u32,
        #[serde(with = "super")]
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "super")]
        note: Option<String>,
        #[serde(with = "super")]
        more: Value,
    }

    fn person() -> Person {
        Person { id: 7, name: "Rosa".to_owned(), note: None, more: json!({"§": 0}) }
    }

    #[test]
    fn a_value_is_itself_but_in_what_is_stored() {
        let plain = serde_json::to_string(&person()).unwrap();
        assert_eq!(plain, r#"{"id":7,"name":"Rosa","more":{"§":0}}"#);
        assert_eq!(serde_json::from_str::<Person>(&plain).unwrap(), person());

        let (stored, values) = storing(|| serde_json::to_string(&person()).unwrap());
        assert_eq!(stored, r#"{"id":7,"name":{"§":0},"more":{"§":1}}"#);
        assert_eq!(values, [json!("Rosa"), json!({"§": 0})], "what looks like a placeholder is none");
        let back: Person = reading(Some(values), || serde_json::from_str(&stored)).unwrap();
        assert_eq!(back, person());
        assert_eq!(serde_json::to_string(&person()).unwrap(), plain, "afterwards as before");
        assert!(is_in(&person()) && !is_in(&json!({"a": 1})));
    }

    #[test]
    fn without_the_key_defaults_are_read_and_the_rest_stays() {
        let (stored, _) = storing(|| serde_json::to_string(&person()).unwrap());
        let back: Person = reading(None, || serde_json::from_str(&stored)).unwrap();
        assert_eq!(back, Person { id: 7, name: String::new(), note: None, more: Value::Null });
    }

    #[test]
    fn what_was_altered_is_an_error_without_the_value() {
        let said = |values: Vec<Value>, text: &str| {
            reading(Some(values), || serde_json::from_str::<Person>(text)).unwrap_err().to_string()
        };
        let why = said(vec![json!(["Rosa"])], r#"{"id":7,"name":{"§":0},"more":{"§":0}}"#);
        assert!(why.contains("another type") && !why.contains("Rosa"), "{why}");
        assert!(said(vec![], r#"{"id":7,"name":{"§":3},"more":{"§":0}}"#).contains("stands for nothing"));
        assert!(said(vec![], r#"{"id":7,"name":"Rosa","more":1}"#).contains("Placeholder"));
    }
}
