//! Names: the parts that keys are made of, checked once when they are made.
//!
//! No part contains a colon, so no two different names make the same key, and a desk's name is a part of every
//! key, so no name reaches into another desk.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Utc};
use thiserror::Error;

/// A text that is no valid name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("not a valid {what}: it must match {pattern}")]
pub struct NameError {
    /// What it was to be.
    pub what: &'static str,
    /// What would have been valid.
    pub pattern: &'static str,
}

fn lower(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

fn lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn slug(byte: u8) -> bool {
    lower_or_digit(byte) || byte == b'-'
}

pub(crate) fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

pub(crate) fn matches(
    text: &str,
    first: fn(u8) -> bool,
    rest: fn(u8) -> bool,
    length: std::ops::RangeInclusive<usize>,
) -> bool {
    length.contains(&text.len()) && text.bytes().next().is_some_and(first) && text.bytes().skip(1).all(rest)
}

/// A newtype over a checked `String`, with `Display`, `FromStr` and serde as a string.
macro_rules! checked_name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $pattern:literal, $first:expr, $rest:expr, $length:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = concat!("Checks a ", $what, ": `", $pattern, "`.")]
            ///
            /// # Errors
            /// When the text does not match.
            pub fn new(text: impl Into<String>) -> Result<Self, $crate::names::NameError> {
                let text = text.into();
                if $crate::names::matches(&text, $first, $rest, $length) {
                    Ok(Self(text))
                } else {
                    Err($crate::names::NameError { what: $what, pattern: $pattern })
                }
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::NameError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::NameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}
pub(crate) use checked_name;

checked_name!(
    /// A desk: the unit of isolation. Part of every key.
    Desk, "desk", "[a-z0-9][a-z0-9-]{0,31}", lower_or_digit, slug, 1..=32
);
checked_name!(
    /// A kind of stream, a table of documents, a family of sequences, a projection.
    Kind, "kind", "[a-z][a-z0-9-]{0,15}", lower, slug, 1..=16
);

/// The three-part ids: a desk, a kind and a name within it; as text (and in serde) `desk:kind:name`.
macro_rules! three_part_id {
    ($(#[$doc:meta])* $id:ident, $kind:ident, $what:literal, $pattern:literal, $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $id {
            desk: Desk,
            $kind: Kind,
            name: String,
        }

        impl $id {
            #[doc = concat!("Checks the name: `", $pattern, "`, no personal data in clear.")]
            ///
            /// # Errors
            /// When the name does not match.
            pub fn new(desk: Desk, $kind: Kind, name: impl Into<String>) -> Result<Self, NameError> {
                let name = name.into();
                if matches(&name, word, word, 1..=$most) {
                    Ok(Self { desk, $kind, name })
                } else {
                    Err(NameError { what: $what, pattern: $pattern })
                }
            }

            /// The desk it belongs to.
            pub fn desk(&self) -> &Desk {
                &self.desk
            }

            /// The middle part.
            pub fn $kind(&self) -> &Kind {
                &self.$kind
            }

            /// The name within desk and kind.
            pub fn name(&self) -> &str {
                &self.name
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}:{}", self.desk, self.$kind, self.name)
            }
        }

        impl FromStr for $id {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut parts = text.splitn(3, ':');
                let mut part = || parts.next().unwrap_or_default();
                Self::new(Desk::new(part())?, Kind::new(part())?, part())
            }
        }

        impl TryFrom<String> for $id {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$id> for String {
            fn from(id: $id) -> String {
                id.to_string()
            }
        }
    };
}

three_part_id!(
    /// A stream of events.
    StreamId, kind, "stream name", "[A-Za-z0-9_-]{1,64}", 64
);
three_part_id!(
    /// A sequence of numbered values that is no stream: an agenda bucket, a list of postings.
    SequenceId, table, "sequence name", "[A-Za-z0-9_-]{1,128}", 128
);
three_part_id!(
    /// A plain value that is written blindly (the last writer wins): caches, settings, marks.
    DocKey, table, "document name", "[A-Za-z0-9_-]{1,128}", 128
);

/// A calendar month in UTC, `202607` as text: the directory's buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: u16,
    month: u8,
}

impl Month {
    /// A month of the years 1970 to 9999.
    pub fn new(year: u16, month: u8) -> Option<Self> {
        ((1970..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month an instant lies in; instants outside 1970–9999 count to the nearest month inside.
    pub fn of(at: DateTime<Utc>) -> Self {
        let month = u8::try_from(at.month()).unwrap_or(1);
        match u16::try_from(at.year()) {
            Ok(year) if year > 9999 => Self { year: 9999, month: 12 },
            Ok(year) if year >= 1970 => Self { year, month },
            Ok(_) => Self { year: 1970, month: 1 },
            Err(_) if at.year() > 0 => Self { year: 9999, month: 12 },
            Err(_) => Self { year: 1970, month: 1 },
        }
    }

    /// The months from this one to `last`, both included; none when `last` is earlier.
    pub fn until(self, last: Month) -> impl Iterator<Item = Month> {
        let index = |m: Month| u32::from(m.year) * 12 + u32::from(m.month) - 1;
        (index(self)..=index(last)).filter_map(|i| {
            Month::new(u16::try_from(i / 12).ok()?, u8::try_from(i % 12).ok()?.checked_add(1)?)
        })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["school", "0", "a-b", &"x".repeat(32)] {
            assert!(Desk::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a_b", "a:b", "ñ", "_", &"x".repeat(33)] {
            assert!(Desk::new(bad).is_err(), "{bad}");
        }
        for bad in ["", "1a", "-", "a.b", "a:b", &"k".repeat(17)] {
            assert!(Kind::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_read_back_as_they_are_written() {
        let id: StreamId = "school:conversation:Ab_9-".parse().unwrap();
        assert_eq!(id.to_string(), "school:conversation:Ab_9-");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"school:conversation:Ab_9-\"");
        assert_eq!(serde_json::from_str::<StreamId>("\"school:conversation:Ab_9-\"").unwrap(), id);
        for bad in ["", "a", "a:b", "a:b:", "a:b:c:d", "a:b:c d", "A:b:c", "a:B:c", "::"] {
            assert!(bad.parse::<StreamId>().is_err(), "{bad}");
            assert!(serde_json::from_str::<StreamId>(&format!("\"{bad}\"")).is_err(), "{bad}");
        }
        assert!(StreamId::new(id.desk().clone(), id.kind().clone(), "n".repeat(65)).is_err());
        assert!(DocKey::new(id.desk().clone(), id.kind().clone(), "n".repeat(128)).is_ok());
    }

    #[test]
    fn months_follow_each_other() {
        let months = |a: (u16, u8), b: (u16, u8)| {
            let month = |(y, m)| Month::new(y, m).unwrap();
            month(a).until(month(b)).map(|m| m.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(months((2025, 11), (2026, 2)), "202511 202512 202601 202602");
        assert_eq!(months((2026, 2), (2026, 2)), "202602");
        assert_eq!(months((2026, 2), (2026, 1)), "");
        assert_eq!(Month::of(DateTime::UNIX_EPOCH).to_string(), "197001");
        assert_eq!(Month::of(DateTime::<Utc>::MAX_UTC).to_string(), "999912");
        assert_eq!(Month::of(DateTime::<Utc>::MIN_UTC).to_string(), "197001");
        assert!(Month::new(2026, 13).is_none() && Month::new(2026, 0).is_none());
    }
}
