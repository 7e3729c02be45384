//! Personal data that must not reach a log or an error by accident.

use relevo_journal::private;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A personal value: a name, an address, the text of a message.
///
/// It serialises as the value itself, but in the journal, where it is sealed (`relevo_journal::private`) and reads as
/// the default once its key is destroyed. `Debug` prints a placeholder, so that a derived `Debug` of any
/// structure around it, or an error that carries it, discloses nothing. There is no `Display`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T>(pub T);

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

impl<T: Serialize> Serialize for Private<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        private::serialize(&self.0, serializer)
    }
}

impl<'de, T: DeserializeOwned + Default> Deserialize<'de> for Private<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        private::deserialize(deserializer).map(Self)
    }
}

impl<T> From<T> for Private<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Private<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}
