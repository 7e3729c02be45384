//! A mail to be sent, checked, with the headers that every provider gets.

use crate::{
    account::Account,
    crypto,
    outbound::{FileSource, FormatError, Outbound},
};
use relevo_domain::message::AddressKind;

/// A mail that any of the providers can be given.
pub(crate) struct Composed<'a> {
    pub from: String,
    pub to: &'a str,
    pub subject: &'a str,
    pub text: Option<&'a str>,
    pub html: Option<&'a str>,
    pub reply_to: Option<&'a str>,
    /// Threading, unsubscribing, and what keeps machines from answering.
    pub headers: Vec<(&'static str, String)>,
    pub files: Vec<ComposedFile<'a>>,
}

/// A file of a mail.
pub(crate) struct ComposedFile<'a> {
    pub name: &'a str,
    pub mime_type: &'a str,
    pub bytes: &'a [u8],
}

impl ComposedFile<'_> {
    pub(crate) fn base64(&self) -> String {
        crypto::to_base64(self.bytes)
    }
}

impl<'a> Composed<'a> {
    /// Checks a message. The account's setting `from` is the sender (`Desk <desk@example.org>`).
    pub(crate) fn new(message: &'a Outbound, account: &Account) -> Result<Self, FormatError> {
        if message.to.kind != AddressKind::Email {
            return Err(FormatError::Unsupported("to anything but a mail address"));
        }
        if message.template.is_some() || message.interactive.is_some() {
            return Err(FormatError::Unsupported("templates and choices of a provider"));
        }
        let invalid = |what, why| Err(FormatError::Invalid { what, why });
        let Some(mail) = &message.mail else { return invalid("the mail", "it has no subject") };
        let html = mail.html.as_ref().map(|html| html.0.as_str()).filter(|html| !html.trim().is_empty());
        let text = message.body_text();
        if text.is_none() && html.is_none() {
            return Err(FormatError::Empty);
        }
        let ids = mail.references.iter().chain(message.in_reply_to.as_ref());
        let mut lines: Vec<&str> = vec![&mail.subject.0, &mail.message_id, &message.to.value.0, &message.id];
        lines.extend(ids.map(String::as_str));
        lines.extend(mail.reply_to.as_deref());
        lines.extend(mail.unsubscribe_url.as_ref().map(|url| url.0.as_str()));
        if lines.iter().any(|line| line.contains(['\r', '\n', '\0'])) {
            return invalid("a header", "line breaks would make headers of their own");
        }
        if mail.message_id.is_empty() {
            return invalid("the Message-ID", "it is empty: answers could not be threaded");
        }
        Ok(Self {
            from: account.setting("from").ok_or(FormatError::Setting("from"))?,
            to: &message.to.value.0,
            subject: &mail.subject.0,
            text,
            html,
            reply_to: mail.reply_to.as_deref(),
            headers: headers(message),
            files: message.attachments.iter().map(file).collect::<Result<_, _>>()?,
        })
    }
}

fn headers(message: &Outbound) -> Vec<(&'static str, String)> {
    let Some(mail) = &message.mail else { return Vec::new() };
    let mut headers = vec![
        ("Message-ID", format!("<{}>", mail.message_id)),
        // By this a mail of ours that comes back is recognised.
        ("Relevo-Message", message.id.clone()),
    ];
    let parent = message.in_reply_to.as_ref().or(mail.references.last());
    headers.extend(parent.map(|id| ("In-Reply-To", format!("<{id}>"))));
    if !mail.references.is_empty() {
        let references = mail.references.iter().map(|id| format!("<{id}>")).collect::<Vec<_>>();
        headers.push(("References", references.join(" ")));
    }
    if let Some(url) = &mail.unsubscribe_url {
        headers.push(("List-Unsubscribe", format!("<{}>", url.0)));
        headers.push(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
    }
    if mail.automatic {
        headers.push(("Auto-Submitted", "auto-generated".to_owned()));
    }
    headers
}

fn file(file: &crate::outbound::OutboundFile) -> Result<ComposedFile<'_>, FormatError> {
    let FileSource::Bytes(bytes) = &file.source else {
        return Err(FormatError::Unsupported("files other than as bytes"));
    };
    let name = file.filename.as_ref().map_or("file", |name| name.0.as_str());
    if name.contains(['\r', '\n', '"', '\0']) {
        return Err(FormatError::Invalid {
            what: "a file's name",
            why: "line breaks and quotes are not taken",
        });
    }
    let mime_type =
        file.mime_type.as_deref().filter(|mime| mime.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
    Ok(ComposedFile { name, mime_type: mime_type.unwrap_or("application/octet-stream"), bytes: &bytes.0 })
}
