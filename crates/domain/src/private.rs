//! Personal data that must not reach a log or an error by accident.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A personal value: a name, an address, the text of a message.
///
/// It serialises as the value itself; `Debug` prints a placeholder, so that a derived `Debug` of any
/// structure around it, or an error that carries it, discloses nothing. There is no `Display`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private<T>(pub T);

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
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
