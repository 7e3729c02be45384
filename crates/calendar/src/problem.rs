//! What is wrong with a document, and where.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// JSON pointer (RFC 6901) to the place; empty for the whole document.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Problem {
    /// A problem at a place.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

/// A place in a document that is being read: every problem goes to one list, under the pointer of its place.
pub(crate) struct Place<'a> {
    pub pointer: String,
    pub value: &'a Value,
}

impl<'a> Place<'a> {
    pub fn root(value: &'a Value) -> Self {
        Self { pointer: String::new(), value }
    }

    pub fn say(&self, problems: &mut Vec<Problem>, message: impl Into<String>) {
        problems.push(Problem::at(self.pointer.clone(), message));
    }

    /// The object here, its members checked against the known ones.
    pub fn object(&self, known: &[&str], problems: &mut Vec<Problem>) -> Option<&'a Map<String, Value>> {
        let Value::Object(object) = self.value else {
            self.say(problems, format!("must be an object, not {}", kind(self.value)));
            return None;
        };
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            let known = known.join(", ");
            problems.push(Problem::at(self.key(key), format!("there is no such field; known are {known}")));
        }
        Some(object)
    }

    /// The members of the object here; nothing and a problem if it is none.
    pub fn members(
        &self,
        problems: &mut Vec<Problem>,
    ) -> impl Iterator<Item = (&'a String, Place<'a>)> + use<'a> {
        if !self.value.is_object() {
            self.say(problems, format!("must be an object, not {}", kind(self.value)));
        }
        let pointer = self.pointer.clone();
        let place = move |(key, value): (&'a String, &'a Value)| {
            (key, Place { pointer: format!("{pointer}/{}", escape(key)), value })
        };
        self.value.as_object().into_iter().flatten().map(place)
    }

    /// The items of the list here; nothing and a problem if it is none.
    pub fn items(&self, problems: &mut Vec<Problem>) -> impl Iterator<Item = Place<'a>> + use<'a> {
        if !self.value.is_array() {
            self.say(problems, format!("must be a list, not {}", kind(self.value)));
        }
        let pointer = self.pointer.clone();
        let place = move |(n, value)| Place { pointer: format!("{pointer}/{n}"), value };
        self.value.as_array().into_iter().flatten().enumerate().map(place)
    }

    /// A member of the object here.
    pub fn get(&self, key: &str) -> Option<Place<'a>> {
        Some(Place { pointer: self.key(key), value: self.value.get(key)? })
    }

    /// The text here.
    pub fn text(&self, problems: &mut Vec<Problem>) -> Option<&'a str> {
        if !self.value.is_string() {
            self.say(problems, format!("must be a text, not {}", kind(self.value)));
        }
        self.value.as_str()
    }

    /// Reads the text here; what the reading refuses is a problem.
    pub fn read<T>(
        &self,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        read(self.text(problems)?).map_err(|message| self.say(problems, message)).ok()
    }

    fn key(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, escape(key))
    }
}

/// A key as a token of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What a value is, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
