//! The portal's web form, and any other form of the operator's own.
//!
//! With a secret the form is posted by a server: `Authorization: Bearer <secret>`. Without one it is public, posted
//! by browsers, and believed as far as any stranger is.
//!
//! Fields (urlencoded, multipart or JSON): `email`, `phone` or `user_id` (one of them); `message` (or `text`);
//! `name`, `subject`, `locale`, `submission_id`; files; everything else is kept. The setting `honeypot` (default
//! `website`) names a field that people do not see: what fills it in is dropped, and answered as if it had been
//! taken. A repeat is known by `submission_id`, else by content and day.

use crate::{
    account::Account,
    crypto,
    fields::Form,
    json,
    parsed::{Answer, File, Malformed, Parsed},
    presented,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Attachment, Inbound, InboundMessage, MessageKind},
};
use serde_json::Value;

const READ: [&str; 9] =
    ["email", "phone", "user_id", "message", "text", "name", "subject", "locale", "submission_id"];

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Compares the bearer token, if the account has one.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    if account.secrets.is_empty() {
        return Ok(request.verified(now));
    }
    presented::bearer(request, account, now)
}

/// Reads the one submission.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let form = fields(request.request())?;
    let honeypot = account.setting("honeypot").unwrap_or_else(|| "website".to_owned());
    if form.filled(&honeypot).is_some() {
        return Ok(Parsed::default());
    }
    let address = |name, kind| Some(Address { kind, value: form.filled(name)?.into() });
    let mut known =
        [("email", AddressKind::Email), ("phone", AddressKind::Phone), ("user_id", AddressKind::User)]
            .into_iter()
            .filter_map(|(name, kind)| address(name, kind));
    let from = known.next().ok_or_else(|| Malformed::at("email", "missing, as are `phone` and `user_id`"))?;
    let text = form.get("message").or_else(|| form.get("text"));
    let (files, attachments) = files(&form);
    if text.is_none_or(|text| text.trim().is_empty()) && attachments.is_empty() {
        return Err(Malformed::at("message", "missing, and there are no files"));
    }
    let day = request.at().date_naive().to_string();
    let id = form.filled("submission_id").map(str::to_owned);
    let id = id.unwrap_or_else(|| crypto::fingerprint_of(&[request.body(), day.as_bytes()]));
    let data = form.object(|name| !READ.contains(&name) && name != honeypot);
    let item = Inbound::Message(Box::new(InboundMessage {
        also_known_as: known.collect(),
        name: form.filled("name").map(Private::from),
        kind: if attachments.is_empty() { MessageKind::Text } else { MessageKind::Media },
        text: text.map(Private::from),
        subject: form.filled("subject").map(Private::from),
        attachments,
        data: (!data.is_empty()).then_some(Private(Value::Object(data))),
        locale: form.filled("locale").map(str::to_owned),
        ..InboundMessage::text(id, from, "")
    }));
    Ok(Parsed { items: vec![item], files, ..Parsed::default() })
}

fn fields(request: &Unverified) -> Result<Form, Malformed> {
    if !request.header("content-type").unwrap_or_default().starts_with("application/json") {
        return Form::read(request);
    }
    let field = |(key, value)| match value {
        Value::String(text) => (key, text),
        Value::Null => (key, String::new()),
        other => (key, other.to_string()),
    };
    Ok(Form::of(json::body_object(&request.body)?.into_iter().map(field).collect()))
}

/// The uploaded files. A file input that was left empty comes as a file without name and content.
fn files(form: &Form) -> (Vec<File>, Vec<Attachment>) {
    let uploaded = form.files.iter().filter(|file| !file.bytes.is_empty() || !file.filename.is_empty());
    uploaded
        .map(|file| File::attached(&file.filename, file.content_type.as_deref(), file.bytes.clone()))
        .unzip()
}
