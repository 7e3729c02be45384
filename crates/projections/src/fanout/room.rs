//! What is said in a room of a team chat.

use super::Notification;
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::outbox::{ChannelMessage, Request};
use relevo_domain::pack::{Notice, Pack, Told};
use serde_json::Value;

/// The message that a notice sends; none if what happened is about no ticket.
pub(super) fn request(pack: &Pack, notice: &Notice, told: &Notification, said: &Told) -> Option<Request> {
    let ticket = told.body.pointer("/data/ticket").and_then(Value::as_object)?;
    let (channel, account) = notice.through.split_once('/')?;
    Some(Request::Channel(Box::new(ChannelMessage {
        channel: channel.to_owned(),
        account: account.to_owned(),
        address: Address { kind: AddressKind::Group, value: notice.to.as_str().into() },
        text: notice.text(pack, told.kind, said, ticket).into(),
        subject: None,
        html: None,
        whatsapp: None,
        choices: None,
        attachments: Vec::new(),
        in_reply_to: None,
        mail: None,
        unsubscribe_url: None,
        tried: Vec::new(),
    })))
}
