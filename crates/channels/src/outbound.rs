//! What goes out through a channel, and what the provider said to it.

use crate::{account::Account, reach};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use relevo_domain::{Private, message::Address};
use std::fmt;

/// One message to one recipient. What a channel cannot carry is an error, never dropped in silence.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Our own id of this message: the idempotency key where the provider takes one.
    pub id: String,
    /// The recipient, as received.
    pub to: Address,
    /// The text.
    pub text: Option<Private<String>>,
    /// A template that the provider knows (WhatsApp), instead of `text`.
    pub template: Option<Template>,
    /// Buttons or a list to choose from, below `text`.
    pub interactive: Option<Interactive>,
    /// Files.
    pub attachments: Vec<OutboundFile>,
    /// The provider's id of the message that this one answers.
    pub in_reply_to: Option<String>,
    /// Mail only.
    pub mail: Option<OutboundMail>,
}

/// A template at the provider, filled in.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its name at the provider.
    pub name: String,
    /// Its language at the provider (`es`, `pt_BR`).
    pub language: String,
    /// What goes into its header: a text or a file.
    pub header: Option<TemplateHeader>,
    /// What goes into its text, in order or by name.
    pub body: Vec<Parameter>,
    /// What goes into its buttons.
    pub buttons: Vec<ButtonParameter>,
}

/// What fills a template's header.
#[derive(Clone, Debug)]
pub enum TemplateHeader {
    /// A variable in a text header.
    Text(Parameter),
    /// A picture, film or document.
    File(OutboundFile),
}

/// A value for a variable: named, or (without a name) by its place.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The variable's name, for templates with named variables.
    pub name: Option<String>,
    /// The value.
    pub text: Private<String>,
}

/// A value for a button of a template.
#[derive(Clone, Debug)]
pub struct ButtonParameter {
    /// Place of the button, from 0.
    pub index: u8,
    /// What kind of button it is, and the value.
    pub value: ButtonValue,
}

/// Kinds of button in a template.
#[derive(Clone, Debug)]
pub enum ButtonValue {
    /// What comes back when it is pressed.
    Payload(String),
    /// What is appended to its address.
    UrlSuffix(Private<String>),
    /// A code to copy.
    Code(Private<String>),
}

/// Something to choose from.
#[derive(Clone, Debug)]
pub struct Interactive {
    /// A line above the text.
    pub header: Option<String>,
    /// A small line below the text.
    pub footer: Option<String>,
    /// What there is to choose from.
    pub choices: Choices,
}

/// Buttons at once visible, or a list that opens.
#[derive(Clone, Debug)]
pub enum Choices {
    /// Buttons.
    Buttons(Vec<Choice>),
    /// A list.
    List {
        /// What is written on the button that opens it.
        button: String,
        /// Its sections.
        sections: Vec<Section>,
    },
}

/// One section of a list.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its title; needed when there are several.
    pub title: Option<String>,
    /// Its entries.
    pub choices: Vec<Choice>,
}

/// Something that can be chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Comes back when it is chosen.
    pub id: String,
    /// What the person reads.
    pub title: String,
    /// A second line (lists only).
    pub description: Option<String>,
}

/// A file to send.
#[derive(Clone, Debug)]
pub struct OutboundFile {
    /// `image`, `audio`, `video`, `document`, `sticker`, `file`.
    pub kind: String,
    /// Where the provider, or the mail, gets it from.
    pub source: FileSource,
    /// MIME type.
    pub mime_type: Option<String>,
    /// Name shown to the recipient.
    pub filename: Option<Private<String>>,
}

/// Where an outgoing file is.
#[derive(Clone, Debug)]
pub enum FileSource {
    /// An URL that the provider fetches.
    Link(Private<String>),
    /// The provider's id of a file that is already there.
    ProviderId(String),
    /// The bytes (mail).
    Bytes(Private<Vec<u8>>),
}

/// What a mail has beside text and files.
#[derive(Clone, Debug, Default)]
pub struct OutboundMail {
    /// The subject, without line breaks.
    pub subject: Private<String>,
    /// The HTML alternative.
    pub html: Option<Private<String>>,
    /// Our Message-ID, without angle brackets.
    pub message_id: String,
    /// Ids of the thread, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// Where answers go if not to the sender: carries the signed reply token.
    pub reply_to: Option<String>,
    /// One-click unsubscribe address (RFC 8058), where due.
    pub unsubscribe_url: Option<Private<String>>,
    /// True for what no person wrote: sets `Auto-Submitted`, so that others do not answer it.
    pub automatic: bool,
}

/// A request to a provider, ready to be sent.
#[derive(Clone)]
pub struct OutboundRequest {
    /// Method.
    pub method: Method,
    /// Path and query, to be appended to the channel's base URL (or to the account's own).
    pub path: String,
    /// Headers, authorisation included.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

/// A message that this channel or this account cannot send as it is. Permanent until somebody changes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The account lacks a setting.
    #[error("the channel account lacks `{0}`")]
    Setting(&'static str),
    /// There is nothing to send.
    #[error("the message is empty")]
    Empty,
    /// Something is longer, or there is more of it, than the provider takes.
    #[error("{what}: {actual}, at most {limit} allowed")]
    TooMuch {
        /// What.
        what: &'static str,
        /// How much of it the provider takes.
        limit: usize,
        /// How much there is.
        actual: usize,
    },
    /// The channel cannot carry it.
    #[error("this channel cannot send {0}")]
    Unsupported(&'static str),
    /// A value that the provider would refuse.
    #[error("{what}: {why}")]
    Invalid {
        /// What.
        what: &'static str,
        /// Why, and what to do.
        why: &'static str,
    },
}

/// What a provider's response means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted.
    Sent {
        /// The provider's id, by which statuses come back; none if it gives none.
        provider_id: Option<String>,
    },
    /// Not now.
    Retry {
        /// Seconds that the provider asks to wait.
        after_seconds: Option<u32>,
        /// What it said. No personal data.
        why: String,
    },
    /// Never.
    Refused {
        /// What it said. No personal data.
        why: String,
    },
}

impl Outbound {
    /// A message with a text and nothing else.
    pub fn text(id: impl Into<String>, to: Address, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            to,
            text: Some(Private(text.into())),
            template: None,
            interactive: None,
            attachments: Vec::new(),
            in_reply_to: None,
            mail: None,
        }
    }

    /// The text if there is any.
    pub(crate) fn body_text(&self) -> Option<&str> {
        self.text.as_ref().map(|text| text.0.as_str()).filter(|text| !text.trim().is_empty())
    }
}

impl OutboundRequest {
    /// A POST of JSON. `headers` must be valid (control characters in a token are a set-up error).
    pub(crate) fn json(path: String, body: &serde_json::Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { method: Method::POST, path, headers, body: body.to_string().into_bytes() }
    }

    /// Adds a header that holds a secret: marked as such, so that nothing prints it.
    pub(crate) fn with_secret(
        mut self,
        name: HeaderName,
        value: &str,
        setting: &'static str,
    ) -> Result<Self, FormatError> {
        self.headers.extend(secret_header(name, value, setting)?);
        Ok(self)
    }
}

/// A header that holds a secret: marked as such, so that nothing prints it.
pub(crate) fn secret_header(
    name: HeaderName,
    value: &str,
    setting: &'static str,
) -> Result<HeaderMap, FormatError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| FormatError::Setting(setting))?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Some providers want their token in the path; bodies hold personal data.
        f.debug_struct("OutboundRequest")
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A setting that goes between two slashes of a path, checked for that.
pub(crate) fn path_segment(
    account: &Account,
    name: &'static str,
    default: Option<&str>,
) -> Result<String, FormatError> {
    let value = account.setting(name).or_else(|| default.map(str::to_owned));
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    value.filter(|value| value.chars().all(safe) && !value.starts_with('.')).ok_or(FormatError::Setting(name))
}

/// `Retry-After` in seconds. Its date form is left to the backoff: reading it would need a clock.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u32> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Fails when `text` has more than `limit` characters.
pub(crate) fn at_most(what: &'static str, text: &str, limit: usize) -> Result<(), FormatError> {
    count_at_most(what, text.chars().count(), limit)
}

impl Outbound {
    /// Fails when it is more than one message through the channel carries.
    pub(crate) fn fits(&self, slug: &str) -> Result<(), FormatError> {
        let files: Vec<&str> = self.attachments.iter().map(|file| file.kind.as_str()).collect();
        reach::carries(slug, self.body_text(), &files)
    }
}

/// Fails when there are more than `limit`.
pub(crate) fn count_at_most(what: &'static str, actual: usize, limit: usize) -> Result<(), FormatError> {
    if actual > limit { Err(FormatError::TooMuch { what, limit, actual }) } else { Ok(()) }
}
