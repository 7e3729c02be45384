//! Sending: `POST /bot{token}/sendMessage` and its likes. There is no idempotency key: a crash between sending
//! and recording can send twice.

use crate::{
    account::{Account, Secret},
    outbound::{
        Choice, Choices, FileSource, FormatError, Outbound, OutboundRequest, Outcome, count_at_most,
        retry_after,
    },
};
use chrono::{DateTime, Utc};
use http::HeaderMap;
use relevo_domain::message::AddressKind;
use serde_json::{Value, json};

/// Makes the request for one message.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    if !matches!(message.to.kind, AddressKind::User | AddressKind::Group) {
        return Err(FormatError::Unsupported("to anything but the provider's chat ids"));
    }
    if message.template.is_some() {
        return Err(FormatError::Unsupported("templates of a provider"));
    }
    message.fits("telegram")?;
    let (chat, topic) = match message.to.value.0.split_once(':') {
        Some((chat, topic)) => (chat, Some(topic)),
        None => (message.to.value.0.as_str(), None),
    };
    let mut body = json!({ "chat_id": chat });
    if let Some(connection) = topic.and_then(|topic| topic.strip_prefix("business:")) {
        body["business_connection_id"] = connection.into();
    }
    if let Some(topic) = topic.and_then(|topic| topic.parse::<i64>().ok()) {
        body["message_thread_id"] = topic.into();
    }
    let method = match (message.attachments.first(), message.body_text()) {
        (None, None) => return Err(FormatError::Empty),
        (None, Some(text)) => {
            body["text"] = text.into();
            "sendMessage"
        }
        (Some(file), caption) => {
            let (method, field) = match file.kind.as_str() {
                "image" => ("sendPhoto", "photo"),
                "audio" => ("sendAudio", "audio"),
                "video" => ("sendVideo", "video"),
                _ => ("sendDocument", "document"),
            };
            body[field] = match &file.source {
                FileSource::Link(url) => url.0.as_str().into(),
                FileSource::ProviderId(id) => id.as_str().into(),
                FileSource::Bytes(_) => {
                    return Err(FormatError::Unsupported("files as bytes: give a link"));
                }
            };
            if let Some(caption) = caption {
                body["caption"] = caption.into();
            }
            method
        }
    };
    if let Some(interactive) = &message.interactive {
        body["reply_markup"] = json!({ "inline_keyboard": keyboard(&interactive.choices)? });
    }
    let answered = message.in_reply_to.as_deref().and_then(|id| id.rsplit(':').next()?.parse::<i64>().ok());
    if let Some(id) = answered {
        body["reply_parameters"] = json!({ "message_id": id, "allow_sending_without_reply": true });
    }
    Ok(OutboundRequest::json(format!("/bot{}/{method}", token(account)?), &body))
}

/// The bot's token, as it stands in paths.
pub(crate) fn token(account: &Account) -> Result<&str, FormatError> {
    let token = account.access_token.as_ref().map(Secret::expose).unwrap_or_default();
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-');
    if token.is_empty() || !token.chars().all(safe) {
        return Err(FormatError::Setting("access_token"));
    }
    Ok(token)
}

/// Reads the provider's answer. Its description is not passed on.
pub fn outcome(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    if (200..300).contains(&status) && answer.get("ok") != Some(&Value::Bool(false)) {
        let id = answer.pointer("/result/message_id").and_then(Value::as_i64);
        let chat = answer.pointer("/result/chat/id").and_then(Value::as_i64);
        let provider_id = chat.zip(id).map(|(chat, id)| format!("{chat}:{id}"));
        return Outcome::Sent { provider_id };
    }
    let after = answer.pointer("/parameters/retry_after").and_then(Value::as_u64);
    let after_seconds = after.and_then(|after| u32::try_from(after).ok()).or_else(|| retry_after(headers));
    let code = answer.get("error_code").and_then(Value::as_u64).unwrap_or(status.into());
    let why = match code {
        401 | 404 => "the bot's token is not valid",
        403 => "the recipient has blocked the bot, or it was removed from the chat",
        429 => "too many messages",
        400 => "the request was refused: see the chat id, the text's length and the file's type",
        _ => "see the provider's documentation",
    };
    let why = format!("{code}: {why}");
    if matches!(code, 408 | 429 | 500..) {
        Outcome::Retry { after_seconds, why }
    } else {
        Outcome::Refused { why }
    }
}

/// One choice a row, so that titles have room.
fn keyboard(choices: &Choices) -> Result<Vec<Value>, FormatError> {
    let choices: Vec<&Choice> = match choices {
        Choices::Buttons(buttons) => buttons.iter().collect(),
        Choices::List { sections, .. } => sections.iter().flat_map(|section| &section.choices).collect(),
    };
    count_at_most("choices", choices.len(), 100)?;
    let row = |choice: &Choice| {
        count_at_most("bytes of a choice's id", choice.id.len(), 64)?;
        Ok(json!([{ "text": choice.title, "callback_data": choice.id }]))
    };
    choices.into_iter().map(row).collect()
}
