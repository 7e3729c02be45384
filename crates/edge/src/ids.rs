//! Public ids: a prefix for people, a stream name, a ticket's ordinal.

use crate::keys::DeskKeys;
use crate::problem::Problem;
use relevo_domain::conversation::Issue;
use relevo_domain::identity;
use relevo_domain::message::{Address, AddressKind};
use serde::{Deserialize, Serialize};

/// Prefix of ids of articles.
pub const ARTICLE: &str = "art_";
/// Prefix of contact ids.
pub const CONTACT: &str = "ctc_";
/// Prefix of ids of bulk actions.
pub const BULK: &str = "blk_";
/// Prefix of outbox ids.
pub const OUTBOX: &str = "out_";
/// Prefix of ids of a playbook's runs.
pub const RUN: &str = "run_";
/// Prefix of survey ids.
pub const SURVEY: &str = "srv_";
/// Prefix of ticket ids.
pub const TICKET: &str = "tkt_";

/// What is kept of a message that a provider accepted, by the provider's id of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Stream name of its conversation.
    #[serde(rename = "c")]
    pub conversation: String,
    /// Stream name of its outbox entry; empty: it was sent before that was noted.
    #[serde(rename = "o")]
    pub outbox: String,
}

/// Table of the documents ([`Led`]) that tell where an identifier of a person leads, by the conversation that it alone would
/// have.
pub const LED: &str = "led";

/// Where an identifier of a person leads who has several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Led {
    /// Stream name of the conversation.
    #[serde(rename = "c")]
    pub conversation: String,
    /// Of an id that came with a number: the conversation that the number alone would have. With another number it leads
    /// nowhere.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
}

/// A ticket's public id.
pub fn ticket(conversation: &str, ordinal: u32) -> String {
    format!("{TICKET}{conversation}_{ordinal}")
}

/// The conversation and ordinal of a ticket's public id.
///
/// # Errors
/// 404 for what is no ticket id.
pub fn parse_ticket(id: &str) -> Result<(&str, u32), Problem> {
    let parts = id.strip_prefix(TICKET).and_then(|rest| rest.rsplit_once('_'));
    let parsed = parts.and_then(|(conversation, ordinal)| Some((conversation, ordinal.parse().ok()?)));
    parsed.filter(|(name, _)| is_name(name)).ok_or_else(|| match id.parse::<u64>() {
        // What people call a ticket by is no id.
        Ok(number) => {
            let detail =
                format!("a number is no id; GET …/tickets?number={number} finds the ticket with this number");
            Problem::not_found("unknown_ticket", detail)
        }
        Err(_) => unknown("ticket"),
    })
}

/// The stream name in a public id.
///
/// # Errors
/// 404 for what is no such id.
pub fn parse<'a>(id: &'a str, prefix: &'static str, what: &'static str) -> Result<&'a str, Problem> {
    id.strip_prefix(prefix).filter(|name| is_name(name)).ok_or_else(|| unknown(what))
}

/// Stream name of a conversation on a channel account: known by where replies go.
pub fn conversation(keys: &DeskKeys, channel: &str, account: &str, address: &Address) -> String {
    keys.id("conversation", &[channel, account, kind_name(address.kind), &address.value.0])
}

/// Stream name of an e-mail thread: known by its root's Message-ID.
pub fn thread(keys: &DeskKeys, account: &str, root: &str) -> String {
    keys.id("conversation", &["mail", account, root])
}

/// Stream name of a contact: a person is known by an address that means the same everywhere, or within one
/// provider.
///
/// What is hashed is not the address as it came but the form that its ways of being written have in common
/// ([`identity::of`]): `+34 600 00 00 00` and `34600000000` are one contact, as are `A@b.example` and `a@b.example`. Replies
/// still go to the address as it was received.
pub fn contact(keys: &DeskKeys, channel: &str, address: &Address) -> String {
    let scope = match address.kind {
        AddressKind::Phone | AddressKind::Email => "",
        AddressKind::User | AddressKind::Group => channel,
    };
    keys.id("contact", &[kind_name(address.kind), scope, &identity::of(address)])
}

/// Name of the document ([`Sent`]) that tells where a message was sent, by the provider's id of it.
pub fn sent(keys: &DeskKeys, channel: &str, account: &str, external_id: &str) -> String {
    keys.id("sent", &[channel, account, external_id])
}

/// Name of the document that tells which conversation a mail belongs to, by its Message-ID.
pub fn mail(keys: &DeskKeys, message_id: &str) -> String {
    keys.id("mail", &[message_id])
}

/// The outbox entry that a Message-ID or another id of ours names: `<name>@<domain>` or `out_<name>`.
pub fn outbox_of(id: &str) -> Option<&str> {
    let name = match id.strip_prefix(OUTBOX) {
        Some(name) => name,
        None => id.split_once('@')?.0,
    };
    is_name(name).then_some(name)
}

/// Stream name of what is known of an item in another system.
pub fn issue(keys: &DeskKeys, issue: &Issue) -> String {
    keys.id("issue", &[&issue.system, &issue.key])
}

fn kind_name(kind: AddressKind) -> &'static str {
    match kind {
        AddressKind::Phone => "phone",
        AddressKind::Email => "email",
        AddressKind::User => "user",
        AddressKind::Group => "group",
    }
}

fn is_name(name: &str) -> bool {
    name.len() == 26 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn unknown(what: &str) -> Problem {
    let code = match what {
        "ticket" => "unknown_ticket",
        "contact" => "unknown_contact",
        _ => "not_found",
    };
    Problem::not_found(code, format!("there is no such {what} at this desk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_here_is_an_id() {
        let name = "abcdefghijklmnopqrstuvwx27";
        assert_eq!(parse_ticket(&ticket(name, 3)), Ok((name, 3)));
        for bad in [
            "",
            "tkt_",
            "tkt_x_1",
            &format!("tkt_{name}"),
            &format!("tkt_{name}_x"),
            &format!("ctc_{name}_1"),
        ] {
            assert!(parse_ticket(bad).is_err(), "{bad}");
        }
        let number = parse_ticket("10").expect_err("no id");
        assert_eq!(
            (number.status.as_u16(), number.detail.contains("?number=10")),
            (404, true),
            "{}",
            number.detail
        );
        assert_eq!(parse(&format!("ctc_{name}"), CONTACT, "contact"), Ok(name));
        assert!(parse(name, CONTACT, "contact").is_err());
    }
}
