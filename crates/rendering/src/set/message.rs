//! What is asked for and what comes back.

use crate::document::whatsapp::{ButtonKind, HeaderKind};
use crate::limits::Limit;
use crate::locale::Direction;
use crate::problem::Problem;
use crate::schema::DataProblem;
use crate::segments::Segments;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What is to be rendered.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Template name.
    pub name: &'a str,
    /// The contact's language tag; the fallback chain starts with it.
    pub locale: &'a str,
    /// Channel slug.
    pub channel: &'a str,
    /// Data by the template's schema.
    pub data: &'a Json,
    /// The contact's IANA time zone; UTC if unknown.
    pub time_zone: Option<&'a str>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// Subject of an e-mail, title of an in-app message; one line.
    pub subject: Option<String>,
    /// Plain text; what a ticket shows.
    pub text: String,
    /// HTML of an e-mail.
    pub html: Option<String>,
    /// The provider's template and its values.
    pub whatsapp: Option<WhatsAppMessage>,
    /// Segments of an SMS.
    pub segments: Option<Segments>,
    /// Button of an in-app message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionText>,
    /// The locale that the chain led to.
    pub locale: String,
    /// Which way it is written.
    pub direction: Direction,
}

/// A WhatsApp template message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhatsAppMessage {
    /// The template's name at the provider.
    pub name: String,
    /// Its language code at the provider.
    pub language: String,
    /// Values of its text's variables.
    pub parameters: Vec<String>,
    /// Their names, in the same order; empty if they go by position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Value of the header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<HeaderValue>,
    /// Values of its buttons; those without a variable are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonValue>,
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderValue {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: HeaderKind,
    /// The variable's value, or a file's address.
    pub value: String,
    /// The variable's name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The value of a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ButtonValue {
    /// Place of the button, from 0.
    pub index: u8,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ButtonKind,
    /// The variable's value.
    pub value: String,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionText {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

/// Why a template was not rendered. Messages never contain data.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RenderError {
    /// There is no template of this name.
    #[error("there is no template \"{0}\"")]
    UnknownTemplate(String),
    /// Not a channel that carries messages.
    #[error("there is no channel \"{0}\" that carries messages")]
    UnknownChannel(String),
    /// Not an IANA time zone.
    #[error("there is no time zone \"{0}\"")]
    UnknownTimeZone(String),
    /// No locale of the chain has the template.
    #[error("the template \"{name}\" has no translation for {locale} and its fallbacks")]
    MissingTranslation {
        /// Template.
        name: String,
        /// The locale that was asked for.
        locale: String,
    },
    /// The template has nothing for this channel.
    #[error("the template \"{name}\" has no \"{part}\" in {locale}, which this channel needs")]
    MissingPart {
        /// Template.
        name: String,
        /// The resolved locale.
        locale: String,
        /// The part.
        part: &'static str,
    },
    /// The data do not fit the template's schema.
    #[error("the data do not fit the template")]
    Data(Vec<DataProblem>),
    /// A WhatsApp parameter that the provider would refuse.
    #[error("WhatsApp: {path} {reason}")]
    Parameter {
        /// Which (`parameters/0`, `header/value`, `buttons/1/value`).
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An address would run code: data that were printed into it brought a scheme of their own.
    #[error("a link in \"{0}\" would run code instead of leading somewhere")]
    UnsafeLink(&'static str),
    /// A limit was reached.
    #[error("limit \"{}\" reached: {}", .limit.as_str(), .limit.advice())]
    Limit {
        /// Which.
        limit: Limit,
        /// Where, if it was while rendering.
        at: Option<Box<Problem>>,
    },
    /// A fault in the template, which validation finds when its examples meet it.
    #[error("the template is faulty: {}", .0.message)]
    Template(Box<Problem>),
}

impl From<Limit> for RenderError {
    fn from(limit: Limit) -> Self {
        Self::Limit { limit, at: None }
    }
}

impl RenderError {
    /// Stable name of the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownTemplate(_) => "unknown_template",
            Self::UnknownChannel(_) => "unknown_channel",
            Self::UnknownTimeZone(_) => "unknown_time_zone",
            Self::MissingTranslation { .. } => "missing_translation",
            Self::MissingPart { .. } => "missing_part",
            Self::Data(_) => "invalid_data",
            Self::Parameter { .. } => "whatsapp_parameter",
            Self::UnsafeLink(_) => "unsafe_link",
            Self::Limit { .. } => "limit",
            Self::Template(_) => "faulty_template",
        }
    }
}
