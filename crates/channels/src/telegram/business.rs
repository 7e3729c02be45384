//! Chats of a business account that the bot is connected to: the bot sees both sides of them.
//!
//! Source: Telegram, "Bot API: business_message, deleted_business_messages, Message.business_connection_id".

use super::{Fault, message, other};
use crate::json;
use relevo_domain::message::{Inbound, OutgoingMessage};
use serde_json::{Map, Value};

/// A chat has the number of the person with whom it is; whoever else writes there is the business itself.
pub(super) fn read(id: String, content: &Map<String, Value>) -> Result<Inbound, Fault> {
    let number = |key| json::child(content, key).and_then(|party| json::id(party, "id"));
    let is_ours = number("from") != number("chat");
    // What the bot has sent, we have sent.
    if is_ours && content.contains_key("sender_business_bot") {
        return Ok(other(id, "business_message.sent", content));
    }
    let said = match message::read(id, content)? {
        Inbound::Message(said) if is_ours => said,
        item => return Ok(item),
    };
    let to = said.reply_to.unwrap_or(said.from);
    Ok(Inbound::Outgoing(Box::new(OutgoingMessage {
        external_id: said.message_ref.unwrap_or(said.external_id),
        to,
        author: said.name,
        kind: said.kind,
        text: said.text,
        attachments: said.attachments,
        in_reply_to: said.in_reply_to,
        data: said.data,
        sent_at: said.sent_at,
        remarks: said.remarks,
    })))
}
