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
    let address = Address { kind: AddressKind::Group, value: notice.to.as_str().into() };
    let text = notice.text(pack, told.kind, said, ticket).into();
    let message = ChannelMessage::text(channel.to_owned(), account.to_owned(), address, text);
    Some(Request::Channel(Box::new(message)))
}
