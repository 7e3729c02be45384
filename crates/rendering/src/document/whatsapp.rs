//! A template that WhatsApp keeps and has approved, as a pack writes it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A template that the provider keeps and has approved; the values go in by position or by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsApp {
    /// Its name at the provider.
    pub name: String,
    /// Its language code at the provider (`es_MX`).
    pub language: String,
    /// One source for each variable of its text.
    #[serde(default)]
    pub parameters: Parameters,
    /// The approved text with its `{{1}}`, `{{2}}` … or `{{name}}` as the provider shows it: the parameters are
    /// counted against it, and the ticket shows it filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What stands above the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// All its buttons, in the order in which it was approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

/// Sources of the variables of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a list of sources for {{1}}, {{2}} …, or an object with a source for each name"
)]
pub enum Parameters {
    /// For `{{1}}`, `{{2}}` …
    Positional(Vec<String>),
    /// For `{{name}}`.
    Named(BTreeMap<String, String>),
}

/// What stands above the text of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: HeaderKind,
    /// The approved text, with one variable at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Source of the variable, or of the file's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Kinds of header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderKind {
    /// A line of text.
    Text,
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A document.
    Document,
}

/// A button of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ButtonKind,
    /// What is written on it, for those who read the pack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The approved address; `{{1}}` at its end is the variable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Source of the variable: the end of the address, what comes back when it is pressed, the code to copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Kinds of button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonKind {
    /// Opens an address.
    Url,
    /// Sends a message back.
    QuickReply,
    /// Copies a code.
    CopyCode,
    /// Calls a number.
    Phone,
}

impl Default for Parameters {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

impl Parameters {
    /// Variable (a number from 1, or a name), the end of its path, and its source.
    pub fn each(&self) -> Vec<(String, String, &str)> {
        match self {
            Self::Positional(sources) => (1_usize..)
                .zip(sources)
                .map(|(n, source)| (n.to_string(), n.saturating_sub(1).to_string(), source.as_str()))
                .collect(),
            Self::Named(sources) => {
                sources.iter().map(|(name, source)| (name.clone(), name.clone(), source.as_str())).collect()
            }
        }
    }
}

impl WhatsApp {
    /// Every source with its path within the part.
    pub fn sources(&self) -> Vec<(String, &str)> {
        let header = self
            .header
            .iter()
            .filter_map(|header| Some(("header/value".to_owned(), header.value.as_deref()?)));
        let buttons = self.buttons.iter().enumerate();
        let buttons =
            buttons.filter_map(|(n, button)| Some((format!("buttons/{n}/value"), button.value.as_deref()?)));
        let parameters = self.parameters.each().into_iter();
        parameters
            .map(|(_, path, source)| (format!("parameters/{path}"), source))
            .chain(header)
            .chain(buttons)
            .collect()
    }
}

/// The variables of an approved text, in the order in which they stand there.
pub fn variables(text: &str) -> Vec<&str> {
    text.split("{{").skip(1).filter_map(|rest| Some(rest.split_once("}}")?.0.trim())).collect()
}

/// An approved text with its values; a variable without one stays.
pub fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        match after.split_once("}}").and_then(|(name, tail)| Some((value(name.trim())?, tail))) {
            Some((value, tail)) => {
                out.push_str(&value);
                rest = tail;
            }
            None => {
                out.push_str("{{");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
