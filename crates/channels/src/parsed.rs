//! What a channel's `parse` gives.

use crate::crypto;
use relevo_domain::{
    Private,
    message::{Attachment, Inbound},
};

/// Everything in one request, and what the provider wants to hear once it is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The items in the order of the payload.
    pub items: Vec<Inbound>,
    /// Bytes that came inside the request (mail); attachments name them by `reference`. To be kept before
    /// the items.
    pub files: Vec<File>,
    /// What makes this request unique where the provider's signature does not cover its content.
    pub once: Option<Once>,
    /// The provider's due after the commit.
    pub answer: Answer,
}

/// A file that came inside a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// `sha256:<hex>` of the bytes.
    pub reference: String,
    /// The bytes.
    pub bytes: Private<Vec<u8>>,
}

/// The signature covers `token` but not the content: the same token with another content is to be refused
/// (as a wrong signature), with the same content it is a repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// What the provider signed.
    pub token: String,
    /// `sha256:<hex>` over what identifies the content.
    pub content: String,
    /// For how many seconds from now the token could be presented again.
    pub keep_seconds: u32,
}

/// An answer that a provider documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `content-type`, if there is a body.
    pub content_type: Option<&'static str>,
    /// Usually empty.
    pub body: Vec<u8>,
}

/// A verified request that is not what its provider sends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} (at `{pointer}`)")]
pub struct Malformed {
    /// What was wrong. No personal data.
    pub why: String,
    /// Where: a JSON pointer, or the name of a form field; empty for the body as a whole.
    pub pointer: String,
    /// What the provider must hear so that it does not send it again; none means 400.
    pub answer: Option<Answer>,
}

impl File {
    /// A file, and the attachment that names it.
    pub(crate) fn attached(filename: &str, mime_type: Option<&str>, bytes: Vec<u8>) -> (Self, Attachment) {
        let reference = crypto::fingerprint(&bytes);
        let attachment = Attachment {
            mime_type: mime_type.map(str::to_owned),
            filename: Some(Private(filename.to_owned())).filter(|name| !name.0.is_empty()),
            hash: Some(reference.clone()),
            size_bytes: u64::try_from(bytes.len()).ok(),
            ..Attachment::new(reference.clone(), Attachment::kind_of(mime_type))
        };
        (Self { reference, bytes: Private(bytes) }, attachment)
    }
}

impl Answer {
    /// 200 without a body, what most providers want.
    pub fn ok() -> Self {
        Self { status: 200, content_type: None, body: Vec::new() }
    }

    /// 200 with plain text: handshakes echo a challenge. It is never HTML.
    pub fn text(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, content_type: Some("text/plain; charset=utf-8"), body: body.into() }
    }
}

impl Default for Answer {
    fn default() -> Self {
        Self::ok()
    }
}

impl Malformed {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self::at("", why)
    }

    pub(crate) fn at(pointer: impl Into<String>, why: impl Into<String>) -> Self {
        Self { why: why.into(), pointer: pointer.into(), answer: None }
    }

    /// With the status that a provider documents for what it need not repeat.
    pub(crate) fn answered(self, status: u16) -> Self {
        Self { answer: Some(Answer { status, ..Answer::ok() }), ..self }
    }
}

impl From<Vec<Inbound>> for Parsed {
    fn from(items: Vec<Inbound>) -> Self {
        Self { items, ..Self::default() }
    }
}
