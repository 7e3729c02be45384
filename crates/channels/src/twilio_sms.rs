//! Twilio SMS and MMS; WhatsApp through Twilio has the same fields and uses this reader.
//!
//! A repeat is known by `MessageSid`; a status by it and the state. Expects 200 with TwiML within 15 s.
//!
//! Settings: those of sending (see `twilio`), `account_sid` also to notice foreign ones.

use crate::{
    account::Account,
    fields::Form,
    outbound::{FormatError, Outbound, OutboundRequest},
    parsed::{Malformed, Parsed},
    request::Verified,
    twilio,
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{
        Address, AddressKind, Attachment, DeliveryState, Inbound, InboundMessage, MessageKind, OtherEvent,
        StatusReport,
    },
};
use serde_json::{Map, Value, json};

pub(crate) use twilio::{BASE_URL, handshake, outcome, verify};

/// Fields that are read, or say nothing about the message.
const READ: [&str; 16] = [
    "AccountSid",
    "ApiVersion",
    "Body",
    "From",
    "MediaContentType",
    "MediaUrl",
    "MessageSid",
    "MessageStatus",
    "NumMedia",
    "NumSegments",
    "OriginalRepliedMessageSid",
    "ProfileName",
    "SmsMessageSid",
    "SmsSid",
    "SmsStatus",
    "To",
];

/// Reads the one message or status.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let form = twilio::fields(request)?;
    let id = ["MessageSid", "SmsMessageSid", "SmsSid"].iter().find_map(|name| form.filled(name));
    let id = id.ok_or_else(|| Malformed::at("MessageSid", "missing"))?.to_owned();
    let state = form.filled("MessageStatus").or_else(|| form.filled("SmsStatus"));
    let item = match state {
        None | Some("received" | "receiving") => message(&form, id, account)?,
        Some(state) => status(&form, id, state),
    };
    Ok(Parsed { items: vec![item], answer: twilio::answer(None), ..Parsed::default() })
}

/// Makes the request for one message.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    if message.to.kind != AddressKind::Phone {
        return Err(FormatError::Unsupported("to anything but a phone number"));
    }
    twilio::format(message, account, "")
}

fn message(form: &Form, id: String, account: &Account) -> Result<Inbound, Malformed> {
    let from = form.filled("From").ok_or_else(|| Malformed::at("From", "missing"))?;
    let count: usize = form.get("NumMedia").and_then(|count| count.parse().ok()).unwrap_or_default();
    let attachments: Vec<_> = (0..count.min(100)).map_while(|i| attachment(form, i)).collect();
    let mut data = form.object(|name| {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        !READ.contains(&name) && !READ.contains(&stem)
    });
    let choice = form.filled("ButtonText").or_else(|| form.filled("ListTitle"));
    let place = place(form, &mut data);
    let body = form.get("Body").filter(|body| !body.is_empty());
    let (kind, text) = match (choice, &place) {
        (Some(title), _) => (MessageKind::Choice, Some(title.to_owned())),
        (None, Some(label)) => (MessageKind::Location, body.map(str::to_owned).or_else(|| label.clone())),
        (None, None) if attachments.is_empty() => (MessageKind::Text, form.get("Body").map(str::to_owned)),
        (None, None) => (MessageKind::Media, body.map(str::to_owned)),
    };
    let mut remarks = twilio::remarks(form, account);
    if form.get("FrequentlyForwarded") == Some("true") {
        remarks.push("forwarded many times".into());
    } else if form.get("Forwarded") == Some("true") {
        remarks.push("forwarded".into());
    }
    if let Some(kind @ ("STOP" | "START" | "HELP")) = form.get("OptOutType") {
        remarks.push(format!("the provider has handled it as {kind}"));
    }
    Ok(Inbound::Message(Box::new(InboundMessage {
        name: form.filled("ProfileName").map(Private::from),
        also_known_as: form
            .filled("ExternalUserId")
            .map(|id| Address { kind: AddressKind::User, value: id.into() })
            .into_iter()
            .collect(),
        kind,
        text: text.map(Private),
        attachments,
        in_reply_to: form.filled("OriginalRepliedMessageSid").map(str::to_owned),
        data: (!data.is_empty()).then_some(Private(Value::Object(data))),
        remarks,
        ..InboundMessage::text(id, address(from), "")
    })))
}

/// `+34600111222`, or with the channel before it: `whatsapp:+34600111222`. Where the number is hidden there is a
/// user id of the kind `ES.1349…` in its place.
pub(crate) fn address(from: &str) -> Address {
    let value = from.strip_prefix("whatsapp:").unwrap_or(from);
    let hidden = value
        .split_once('.')
        .is_some_and(|(country, _)| country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()));
    let kind = if hidden { AddressKind::User } else { AddressKind::Phone };
    Address { kind, value: value.into() }
}

fn attachment(form: &Form, i: usize) -> Option<Attachment> {
    let mime_type = form.filled(&format!("MediaContentType{i}"));
    Some(Attachment {
        mime_type: mime_type.map(str::to_owned),
        ..Attachment::new(form.filled(&format!("MediaUrl{i}"))?, Attachment::kind_of(mime_type))
    })
}

/// Whether there is a place, and what it is called. Its fields move together in `data`.
fn place(form: &Form, data: &mut Map<String, Value>) -> Option<Option<String>> {
    let number = |name| form.filled(name).and_then(|text| text.parse::<f64>().ok());
    let (latitude, longitude) = (number("Latitude")?, number("Longitude")?);
    let (name, address) = (form.filled("Label"), form.filled("Address"));
    for key in ["Latitude", "Longitude", "Label", "Address"] {
        data.remove(key);
    }
    data.insert(
        "location".into(),
        json!({ "latitude": latitude, "longitude": longitude, "name": name, "address": address }),
    );
    Some(name.or(address).map(str::to_owned).or_else(|| Some(format!("{latitude}, {longitude}"))))
}

fn status(form: &Form, id: String, state: &str) -> Inbound {
    let recipient = form.filled("To").map(address);
    let state = match state {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => DeliveryState::Sent,
        "delivered" => DeliveryState::Delivered,
        "read" => DeliveryState::Read,
        "failed" | "undelivered" | "canceled" => DeliveryState::Failed,
        other => {
            let data = form.object(|name| name != "AccountSid" && name != "ApiVersion");
            return Inbound::Other(OtherEvent {
                group: None,
                means: None,
                external_id: format!("{id}:{other}"),
                kind: format!("status.{other}"),
                from: recipient,
                data: Private(Value::Object(data)),
            });
        }
    };
    let error = form.filled("ErrorCode").map(str::to_owned);
    Inbound::Status(StatusReport { external_id: id, our_id: None, state, recipient, error, at: None })
}
