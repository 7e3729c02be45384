//! Telegram Bot API.
//!
//! Signature: the constant header `X-Telegram-Bot-Api-Secret-Token`. A repeat is known by `update_id`; messages
//! refer to each other as `<chat>:<message_id>`. Expects 2xx.
//!
//! In the chats of a business account that the bot is connected to, answers go to `<chat>:business:<connection>`, and what
//! the account itself writes is outgoing. Pressed buttons are answered in the answer to the webhook.
//!
//! The bot's token is the access token.
//!
//! Source: Telegram, "Bot API: getting updates, available types, available methods".

mod business;
mod message;
mod send;

pub(crate) use send::token;
pub use send::{format, outcome};

use crate::{
    account::Account,
    crypto, json,
    parsed::{Answer, Malformed, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{Address, AddressKind, Inbound, InboundMessage, MessageKind, OtherEvent, Problem},
};
use serde_json::{Map, Value, json};

/// The provider's API.
pub const BASE_URL: &str = "https://api.telegram.org";

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Compares the secret token.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let token = request.header("x-telegram-bot-api-secret-token").filter(|token| !token.is_empty());
    crypto::any_equal(&account.secrets, token.ok_or(Refusal::Missing)?)?;
    Ok(request.verified(now))
}

/// Reads the one update.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let mut update = json::body_object(request.body())?;
    let id = json::id(&update, "update_id").ok_or_else(|| Malformed::at("/update_id", "missing"))?;
    update.remove("update_id");
    // An update has one field beside its id, named after its kind.
    let Some((kind, content)) = update.into_iter().next() else {
        return Err(Malformed::new("an update without content"));
    };
    let Value::Object(content) = content else {
        return Err(Malformed::at(format!("/{kind}"), "not an object"));
    };
    if kind == "deleted_business_messages" {
        return Ok(message::withdrawn(&id, &content).into());
    }
    let query = json::id(&content, "id");
    let result = match kind.as_str() {
        "message" => message::read(id.clone(), &content),
        "business_message" => business::read(id.clone(), &content),
        "edited_message" | "edited_business_message" => Ok(message::edited(id.clone(), &kind, &content)),
        "callback_query" => choice(id.clone(), &content),
        "message_reaction" => reaction(id.clone(), &content),
        _ => Ok(other(id.clone(), &kind, &content)),
    };
    let item = result.unwrap_or_else(|(place, why)| {
        Inbound::Problem(Problem {
            external_id: id,
            pointer: format!("/{kind}{place}"),
            why: why.to_owned(),
            data: Private(Value::Object(content)),
            request: None,
        })
    });
    let answer = if kind == "callback_query" { answered(query.as_deref()) } else { None };
    Ok(Parsed { items: vec![item], answer: answer.unwrap_or_default(), ..Parsed::default() })
}

/// The button shows that it is at work until it is told otherwise, and what answers a webhook may be a call of the API.
/// Source: Telegram, "Making requests when getting updates", "answerCallbackQuery".
fn answered(query: Option<&str>) -> Option<Answer> {
    let call = json!({ "method": "answerCallbackQuery", "callback_query_id": query? });
    Some(Answer {
        content_type: Some("application/json"),
        body: call.to_string().into_bytes(),
        ..Answer::ok()
    })
}

type Fault = (&'static str, &'static str);

/// A button below one of our messages was pressed.
fn choice(id: String, query: &Map<String, Value>) -> Result<Inbound, Fault> {
    let from = person(query, "from").ok_or(("/from/id", "missing"))?;
    let chosen = json::text(query, "data").or_else(|| json::text(query, "game_short_name"));
    let chosen = chosen.ok_or(("/data", "missing"))?;
    let message = json::child(query, "message");
    let keyboard = message.and_then(|message| json::child(message, "reply_markup"));
    let rows = keyboard.and_then(|markup| markup.get("inline_keyboard")).and_then(Value::as_array);
    let buttons =
        rows.into_iter().flatten().filter_map(Value::as_array).flatten().filter_map(Value::as_object);
    let title = buttons
        .filter(|button| json::text(button, "callback_data") == Some(chosen))
        .find_map(|button| json::text(button, "text"));
    let data = [("callback_query_id", query.get("id")), ("data", query.get("data"))];
    let data = data.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.clone()))).collect();
    Ok(Inbound::Message(Box::new(InboundMessage {
        kind: MessageKind::Choice,
        reply_to: message.and_then(message::group),
        name: name(query, "from"),
        locale: locale(query),
        in_reply_to: message.and_then(message::reference),
        data: Some(Private(Value::Object(data))),
        ..InboundMessage::text(id, from, title.unwrap_or(chosen))
    })))
}

/// What a person's reactions on a message are now.
fn reaction(id: String, event: &Map<String, Value>) -> Result<Inbound, Fault> {
    let Some(from) = person(event, "user") else {
        return Ok(other(id, "message_reaction", event));
    };
    let reactions = event.get("new_reaction").and_then(Value::as_array).into_iter().flatten();
    let emoji: String = reactions.filter_map(|reaction| reaction.get("emoji")?.as_str()).collect();
    Ok(Inbound::Message(Box::new(InboundMessage {
        kind: MessageKind::Reaction,
        reply_to: message::group(event),
        name: name(event, "user"),
        in_reply_to: Some(message::reference(event).ok_or(("/message_id", "missing"))?),
        sent_at: event.get("date").and_then(json::unix_seconds),
        ..InboundMessage::text(id, from, emoji)
    })))
}

fn other(id: String, kind: &str, content: &Map<String, Value>) -> Inbound {
    let from = person(content, "from").or_else(|| person(content, "user"));
    let group = message::group(content);
    let (kind, data) = (kind.to_owned(), Private(Value::Object(content.clone())));
    Inbound::Other(OtherEvent { group, means: None, external_id: id, kind, from, data })
}

fn person(map: &Map<String, Value>, key: &str) -> Option<Address> {
    let id = json::id(json::child(map, key)?, "id")?;
    Some(Address { kind: AddressKind::User, value: Private(id) })
}

fn name(map: &Map<String, Value>, key: &str) -> Option<Private<String>> {
    let user = json::child(map, key)?;
    let names = ["first_name", "last_name"].iter().filter_map(|key| json::text(user, key));
    let name = names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(Private(name))
}

fn locale(map: &Map<String, Value>) -> Option<String> {
    json::text(json::child(map, "from")?, "language_code").map(str::to_owned)
}
