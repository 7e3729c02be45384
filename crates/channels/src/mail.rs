//! What all mail channels make of a mail, however their provider wraps it.

mod automatic;
mod calendar;
mod compose;
mod html;
mod nested;
mod quote;
mod read;

pub(crate) use compose::Composed;
pub(crate) use html::html_text;
pub(crate) use read::letter;

use crate::{crypto, parsed::File};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{
        Address, AddressKind, Attachment, Automatic, DeliveryState, Inbound, InboundMessage, Mail,
        MessageKind, Problem, StatusReport,
    },
};
use serde_json::{Map, Value};

/// A mail, read.
#[derive(Debug, Default)]
pub(crate) struct Letter {
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// Name and address.
    pub from: Option<(Option<String>, String)>,
    pub reply_to: Option<String>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub subject: Option<String>,
    /// The whole text; made from the HTML where there is no other.
    pub text: Option<String>,
    pub html: Option<String>,
    /// `References`, then `In-Reply-To`, each once.
    pub references: Vec<String>,
    pub sent_at: Option<DateTime<Utc>>,
    pub locale: Option<String>,
    pub automatic: Option<Automatic>,
    pub files: Vec<(File, Attachment)>,
    /// Content ids of files that the HTML shows, with the file's reference.
    pub inline: Map<String, Value>,
    /// What a delivery report says about a mail of ours.
    pub report: Option<Report>,
}

/// A delivery report (RFC 3464) on one recipient.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Message-ID of the mail it is about.
    pub original: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed`, `expanded`.
    pub action: String,
    /// `5.1.1`.
    pub status: Option<String>,
    pub recipient: Option<String>,
}

impl Letter {
    /// The id that says which mail this is, or one made of its bytes.
    pub(crate) fn id(&self, bytes: &[u8]) -> String {
        self.message_id.clone().unwrap_or_else(|| crypto::fingerprint(bytes))
    }

    /// The items: the message, and for a delivery report the status of the mail it is about. A mail without a
    /// sender is a problem: there is nobody to answer.
    pub(crate) fn items(mut self, external_id: String, remarks: Vec<String>) -> (Vec<Inbound>, Vec<File>) {
        if self.text.as_ref().is_none_or(|text| text.trim().is_empty()) {
            self.text = self.invitation().or(self.text);
        }
        let Some((name, from)) = self.from else {
            let subject = self.subject.map(Value::from).unwrap_or_default();
            let data = [("subject".to_owned(), subject), ("text".to_owned(), self.text.into())];
            let problem = Inbound::Problem(Problem {
                external_id,
                pointer: "/from".into(),
                why: "no sender".into(),
                data: Private(Value::Object(data.into_iter().collect())),
                request: None,
            });
            return (vec![problem], self.files.into_iter().map(|(file, _)| file).collect());
        };
        let mut items: Vec<Inbound> = self.report.as_ref().and_then(Report::status).into_iter().collect();
        let original = self.report.and_then(|report| report.original);
        let parts = quote::split(self.text.as_deref().unwrap_or_default(), self.subject.as_deref());
        let (files, attachments): (Vec<_>, Vec<_>) = self.files.into_iter().unzip();
        let text = self.text.as_ref().map(|_| parts.text.to_owned());
        let mut data = Map::new();
        if !self.inline.is_empty() {
            data.insert("inline".into(), Value::Object(self.inline));
        }
        let in_reply_to = original.or_else(|| self.references.last().cloned());
        items.push(Inbound::Message(Box::new(InboundMessage {
            reply_to: self.reply_to.filter(|address| *address != from).map(email),
            name: name.map(Private),
            kind: if text.is_none() && !attachments.is_empty() {
                MessageKind::Media
            } else {
                MessageKind::Text
            },
            text: text.map(Private),
            subject: self.subject.map(Private),
            attachments,
            message_ref: self.message_id.filter(|id| *id != external_id),
            in_reply_to,
            data: (!data.is_empty()).then_some(Private(Value::Object(data))),
            sent_at: self.sent_at,
            locale: self.locale,
            mail: Some(Box::new(Mail {
                references: self.references,
                to: self.to.into_iter().map(email).collect(),
                cc: self.cc.into_iter().map(email).collect(),
                html: self.html.map(Private),
                quoted: parts.quoted.map(Private::from),
                signature: parts.signature.map(Private::from),
                automatic: self.automatic,
            })),
            remarks,
            ..InboundMessage::text(external_id, email(from), "")
        })));
        (items, files)
    }
}

impl Report {
    fn status(&self) -> Option<Inbound> {
        let state = match self.action.as_str() {
            "failed" => DeliveryState::Failed,
            "delivered" => DeliveryState::Delivered,
            "relayed" | "expanded" => DeliveryState::Sent,
            _ => return None,
        };
        Some(Inbound::Status(StatusReport {
            external_id: self.original.clone()?,
            our_id: None,
            state,
            recipient: self.recipient.clone().map(email),
            error: self.status.clone().filter(|_| state == DeliveryState::Failed),
            at: None,
        }))
    }
}

impl Letter {
    /// Takes text and HTML that the provider took apart, where it gives any.
    pub(crate) fn with_bodies(mut self, text: Option<&str>, html: Option<&str>) -> Self {
        let filled = |body: Option<&str>| body.filter(|body| !body.is_empty()).map(str::to_owned);
        self.html = filled(html);
        let said = filled(text).filter(|text| !text.trim().is_empty());
        self.text = said.or_else(|| self.html.as_deref().map(html_text)).or_else(|| filled(text));
        self
    }

    /// What an invitation that came along, or the answer to one, says.
    fn invitation(&self) -> Option<String> {
        let is_calendar = |file: &Attachment| file.mime_type.as_deref() == Some("text/calendar");
        let (file, _) = self.files.iter().find(|(_, attachment)| is_calendar(attachment))?;
        calendar::text(&String::from_utf8_lossy(&file.bytes.0))
    }

    /// Adds a file; `content_id` is by what the HTML shows it.
    pub(crate) fn attach(&mut self, file: (File, Attachment), content_id: Option<&str>) {
        if let Some(id) = content_id.and_then(bare_id) {
            self.inline.insert(id, file.0.reference.as_str().into());
        }
        self.files.push(file);
    }
}

/// A mail address.
pub(crate) fn email(address: String) -> Address {
    Address { kind: AddressKind::Email, value: Private(address) }
}

/// A Message-ID without its angle brackets.
pub(crate) fn bare_id(id: &str) -> Option<String> {
    let id = id.trim().trim_start_matches('<').trim_end_matches('>').trim();
    (!id.is_empty()).then(|| id.to_owned())
}

/// Header lines that the reader takes, from names and values that a provider took apart. Line breaks inside
/// values are folded, so that no value makes a header of its own.
pub(crate) fn header_block<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut block = String::new();
    for (name, value) in headers {
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
            let value = value.split(['\r', '\n']).map(str::trim).collect::<Vec<_>>().join(" ");
            block.extend([name, ": ", &value, "\r\n"]);
        }
    }
    block + "\r\n"
}
