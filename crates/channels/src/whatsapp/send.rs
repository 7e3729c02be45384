//! Sending: `POST /{version}/{phone_number_id}/messages`.
//!
//! The provider has no idempotency key: a crash between sending and recording can send twice. Our id travels
//! as `biz_opaque_callback_data` and comes back on every status, by which such a message is found again.

use crate::{
    account::Account,
    meta,
    outbound::{
        ButtonValue, Choice, Choices, FileSource, FormatError, Interactive, Outbound, OutboundFile,
        OutboundRequest, Outcome, Parameter, Section, Template, TemplateHeader, at_most, count_at_most,
        path_segment, secret_header,
    },
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, header::AUTHORIZATION};
use relevo_domain::message::AddressKind;
use serde_json::{Value, json};

/// The Graph API version used where the account names none.
const API_VERSION: &str = "v23.0";

/// Makes the request for one message.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    let mut body = json!({ "messaging_product": "whatsapp", "recipient_type": "individual" });
    let to = message.to.value.0.as_str();
    match message.to.kind {
        AddressKind::Phone => body["to"] = to.into(),
        // A user id in `to` is silently dropped by the provider.
        AddressKind::User => body["recipient"] = to.into(),
        AddressKind::Group => {
            body["recipient_type"] = "group".into();
            body["to"] = to.into();
        }
        AddressKind::Email => return Err(FormatError::Unsupported("to an e-mail address")),
    }
    let (kind, content) = content(message, account)?;
    body["type"] = kind.into();
    body[kind] = content;
    if let Some(id) = &message.in_reply_to {
        body["context"] = json!({ "message_id": id });
    }
    at_most("our id", &message.id, 512)?;
    body["biz_opaque_callback_data"] = message.id.as_str().into();

    let number = path_segment(account, "phone_number_id", None)?;
    let mut request = OutboundRequest::json(format!("/{}/{number}/messages", version(account)?), &body);
    request.headers.extend(authorisation(account)?);
    Ok(request)
}

/// The API's version, as it stands in paths.
pub(crate) fn version(account: &Account) -> Result<String, FormatError> {
    path_segment(account, "api_version", Some(API_VERSION))
}

/// What calls are authorised with.
pub(crate) fn authorisation(account: &Account) -> Result<HeaderMap, FormatError> {
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    secret_header(AUTHORIZATION, &format!("Bearer {}", token.expose()), "access_token")
}

/// Reads the provider's answer. A 2xx without an id still means that the message was taken: trying again
/// would send it twice.
pub fn outcome(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    if !(200..300).contains(&status) {
        return meta::failure(status, headers, body);
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = answer.pointer("/messages/0/id").and_then(Value::as_str);
    Outcome::Sent { provider_id: id.map(str::to_owned) }
}

fn content(message: &Outbound, account: &Account) -> Result<(&'static str, Value), FormatError> {
    message.fits("whatsapp")?;
    let file = message.attachments.first();
    let text = message.body_text();
    match (&message.template, &message.interactive, file) {
        (Some(template), None, None) if text.is_none() => Ok(("template", self::template(template)?)),
        (Some(_), _, _) => {
            Err(FormatError::Unsupported("anything beside a template: it is the whole message"))
        }
        (None, Some(interactive), None) => {
            Ok(("interactive", self::interactive(interactive, text.ok_or(FormatError::Empty)?)?))
        }
        (None, Some(_), Some(_)) => Err(FormatError::Unsupported("choices and a file in one message")),
        (None, None, Some(file)) => media(file, text),
        (None, None, None) => {
            let text = text.ok_or(FormatError::Empty)?;
            Ok(("text", json!({ "body": text, "preview_url": account.flag("preview_url") })))
        }
    }
}

fn media(file: &OutboundFile, caption: Option<&str>) -> Result<(&'static str, Value), FormatError> {
    let kind = media_kind(file);
    let mut content = source(file)?;
    if let Some(caption) = caption {
        if matches!(kind, "audio" | "sticker") {
            return Err(FormatError::Unsupported(
                "a text with a sound or sticker: send it as its own message",
            ));
        }
        content["caption"] = caption.into();
    }
    if let (Some(name), "document") = (&file.filename, kind) {
        content["filename"] = name.0.as_str().into();
    }
    Ok((kind, content))
}

fn media_kind(file: &OutboundFile) -> &'static str {
    match file.kind.as_str() {
        "image" => "image",
        "audio" => "audio",
        "video" => "video",
        "sticker" => "sticker",
        _ => "document",
    }
}

fn source(file: &OutboundFile) -> Result<Value, FormatError> {
    match &file.source {
        FileSource::Link(url) => Ok(json!({ "link": url.0 })),
        FileSource::ProviderId(id) => Ok(json!({ "id": id })),
        FileSource::Bytes(_) => Err(FormatError::Unsupported("files as bytes: give a link")),
    }
}

fn template(template: &Template) -> Result<Value, FormatError> {
    let mut components = Vec::new();
    match &template.header {
        Some(TemplateHeader::Text(value)) => {
            components.push(json!({ "type": "header", "parameters": [parameter(value)?] }));
        }
        Some(TemplateHeader::File(file)) => {
            let (kind, content) = media(file, None)?;
            components.push(json!({ "type": "header", "parameters": [{ "type": kind, (kind): content }] }));
        }
        None => {}
    }
    if !template.body.is_empty() {
        let named = template.body.iter().filter(|value| value.name.is_some()).count();
        if named != 0 && named != template.body.len() {
            return Err(FormatError::Invalid {
                what: "template parameters",
                why: "some have a name and some have none; the provider takes either",
            });
        }
        let values = template.body.iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
        components.push(json!({ "type": "body", "parameters": values }));
    }
    for button in &template.buttons {
        let (kind, value) = match &button.value {
            ButtonValue::Payload(payload) => {
                ("quick_reply", json!({ "type": "payload", "payload": payload }))
            }
            ButtonValue::UrlSuffix(suffix) => ("url", json!({ "type": "text", "text": suffix.0 })),
            ButtonValue::Code(code) => ("copy_code", json!({ "type": "coupon_code", "coupon_code": code.0 })),
        };
        components.push(json!({
            "type": "button", "sub_type": kind, "index": button.index.to_string(), "parameters": [value],
        }));
    }
    Ok(json!({
        "name": template.name, "language": { "code": template.language }, "components": components,
    }))
}

fn parameter(value: &Parameter) -> Result<Value, FormatError> {
    let text = value.text.0.as_str();
    let invalid = |why| FormatError::Invalid { what: "a template parameter", why };
    if text.trim().is_empty() {
        return Err(invalid("it is empty"));
    }
    if text.contains(['\n', '\r', '\t']) || text.contains("     ") {
        return Err(invalid("line breaks, tabs and more than four spaces in a row are not taken"));
    }
    let mut parameter = json!({ "type": "text", "text": text });
    if let Some(name) = &value.name {
        parameter["parameter_name"] = name.as_str().into();
    }
    Ok(parameter)
}

fn interactive(interactive: &Interactive, text: &str) -> Result<Value, FormatError> {
    let (kind, action, limit) = match &interactive.choices {
        Choices::Buttons(buttons) => ("button", self::buttons(buttons)?, 1024),
        Choices::List { button, sections } => ("list", list(button, sections)?, 4096),
    };
    at_most("the text", text, limit)?;
    let mut content = json!({ "type": kind, "body": { "text": text }, "action": action });
    if let Some(header) = &interactive.header {
        at_most("the header", header, 60)?;
        content["header"] = json!({ "type": "text", "text": header });
    }
    if let Some(footer) = &interactive.footer {
        at_most("the footer", footer, 60)?;
        content["footer"] = json!({ "text": footer });
    }
    Ok(content)
}

fn buttons(buttons: &[Choice]) -> Result<Value, FormatError> {
    count_at_most("buttons", buttons.len(), 3)?;
    unique(buttons.iter())?;
    let buttons = buttons.iter().map(|choice| {
        at_most("a button's title", &choice.title, 20)?;
        at_most("a button's id", &choice.id, 256)?;
        Ok(json!({ "type": "reply", "reply": { "id": choice.id, "title": choice.title } }))
    });
    Ok(json!({ "buttons": buttons.collect::<Result<Vec<_>, FormatError>>()? }))
}

fn list(button: &str, sections: &[Section]) -> Result<Value, FormatError> {
    at_most("the list's button", button, 20)?;
    count_at_most("entries of a list", sections.iter().map(|section| section.choices.len()).sum(), 10)?;
    unique(sections.iter().flat_map(|section| &section.choices))?;
    let sections = sections.iter().map(|section| {
        let rows = section.choices.iter().map(|choice| {
            at_most("an entry's title", &choice.title, 24)?;
            at_most("an entry's id", &choice.id, 200)?;
            let mut row = json!({ "id": choice.id, "title": choice.title });
            if let Some(description) = &choice.description {
                at_most("an entry's description", description, 72)?;
                row["description"] = description.as_str().into();
            }
            Ok(row)
        });
        let mut value = json!({ "rows": rows.collect::<Result<Vec<_>, FormatError>>()? });
        match &section.title {
            Some(title) => {
                at_most("a section's title", title, 24)?;
                value["title"] = title.as_str().into();
            }
            None if sections.len() > 1 => {
                return Err(FormatError::Invalid {
                    what: "a section",
                    why: "several sections need a title each",
                });
            }
            None => {}
        }
        Ok(value)
    });
    Ok(json!({ "button": button, "sections": sections.collect::<Result<Vec<_>, FormatError>>()? }))
}

/// There is at least one choice, none is blank, and ids differ.
fn unique<'a>(choices: impl Iterator<Item = &'a Choice>) -> Result<(), FormatError> {
    let mut ids = std::collections::BTreeSet::new();
    let invalid = |why| Err(FormatError::Invalid { what: "the choices", why });
    for choice in choices {
        if choice.title.trim().is_empty() || choice.id.trim().is_empty() {
            return invalid("each needs an id and a title");
        }
        if !ids.insert(choice.id.as_str()) {
            return invalid("two have the same id");
        }
    }
    if ids.is_empty() { invalid("there are none") } else { Ok(()) }
}
