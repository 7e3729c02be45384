//! The stored form of values: a format byte, then compact JSON.
//!
//! The format byte is `1`. A later format gets the next character and a reader that knows both; a reader that
//! does not know a format says so and skips the value where skipping is sound.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::JournalError;

/// The format byte of everything written today.
pub const FORMAT: u8 = b'1';

/// Writes a value in the stored form.
///
/// # Errors
/// [`JournalError::Encode`] when the value is no JSON (map keys that are no strings).
pub fn encode<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<Vec<u8>, JournalError> {
    let mut bytes = vec![FORMAT];
    serde_json::to_writer(&mut bytes, value)
        .map_err(|e| JournalError::Encode { what: what.to_owned(), why: e.to_string() })?;
    Ok(bytes)
}

/// Reads a value in the stored form.
///
/// # Errors
/// Says what is wrong, without the value's content: an unknown format byte, or where the JSON ends to be
/// what was expected.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        // From text, as events and states are read: every type is compiled for one kind of input alone.
        Some((&FORMAT, json)) => std::str::from_utf8(json)
            .map_err(|e| format!("no text from byte {}", e.valid_up_to()))
            .and_then(|json| serde_json::from_str(json).map_err(|e| place(&e))),
        Some((other, _)) => Err(format!("unknown format byte {other}")),
        None => Err("empty value".to_owned()),
    }
}

fn place(error: &serde_json::Error) -> String {
    format!("{:?} error at byte {}", error.classify(), error.column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        let bytes = encode("a list", &[1, 2]).unwrap();
        assert_eq!(bytes, b"1[1,2]");
        assert_eq!(decode::<Vec<u8>>(&bytes).unwrap(), [1, 2]);
        assert_eq!(decode::<Vec<u8>>(b"2[1]").unwrap_err(), "unknown format byte 50");
        assert_eq!(decode::<Vec<u8>>(b"").unwrap_err(), "empty value");
        assert_eq!(decode::<String>(b"1\"a\xff\"").unwrap_err(), "no text from byte 2");
        let why = decode::<Vec<u8>>(b"1[\"a secret\"]").unwrap_err();
        assert!(!why.contains("secret"), "{why}");
    }
}
