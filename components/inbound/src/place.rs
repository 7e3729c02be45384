//! Which conversation an item belongs to.
//!
//! A chat is known by contact and account, and by whichever identifier of the contact (`identity`). A mail is known by what it answers: the newest mail of its thread that is
//! known here, ours or theirs; else by the signed token in the address it was sent to; else by the ticket's number in
//! its subject, if the sender takes part in that conversation; else it begins a thread of its own.

use crate::identity;
use crate::intake::Origin;
use crate::notes;
use crate::portions::{Found, Placed};
use futures::future::try_join_all;
use relevo_channels::reach;
use relevo_domain::contact::Contact;
use relevo_domain::message::{Address, Inbound, InboundMessage, Mail, Meaning, MessageKind, StatusReport};
use relevo_domain::outbox::Outbox;
use relevo_domain::rows::TicketRow;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::{ids, reply_token};
use relevo_journal::Fold;
use relevo_projections::shards;
use serde::Deserialize;

/// Mails of a thread that are looked up, newest first, besides its root.
const LOOKED_UP: usize = 12;

/// Places an item.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn place(
    context: &DeskContext,
    origin: Origin<'_>,
    item: Inbound,
    bytes: usize,
) -> Result<Placed, Problem> {
    let by_address =
        |address: &Address| ids::conversation(&context.keys, origin.channel, origin.account, address);
    let mut found = Found::default();
    let conversation = match &item {
        Inbound::Message(message) => Some(match &message.mail {
            Some(mail) => thread(context, origin, message, mail).await?,
            None => chat(context, origin, message, &mut found).await?,
        }),
        Inbound::Outgoing(message) => Some(by_address(&message.to)),
        Inbound::Call(call) => match &call.person {
            Some(person) => Some(by_address(person)),
            None => context.journal.get_doc(&notes::call_key(context, origin, &call.call_id)?).await?,
        },
        Inbound::Status(status) => {
            found.entry = entry_of(context, origin, status).await?;
            match &found.entry {
                Some(sent) => Some(sent.conversation.clone()),
                None => status.recipient.as_ref().map(by_address),
            }
        }
        Inbound::Other(other) => match notes::conversation_of_item(context, origin, &item).await? {
            Some(known) => Some(known),
            None => match (&other.from, other.means.as_deref()) {
                (Some(from), Some(Meaning::Renamed { to })) => {
                    let (conversation, identity) = identity::of_renamed(context, origin, from, to).await?;
                    found.identity = identity;
                    Some(conversation)
                }
                _ => other.group.as_ref().or(other.from.as_ref()).map(by_address),
            },
        },
        Inbound::Problem(_) => None,
    };
    Ok(Placed { conversation, item, bytes, found })
}

/// The conversation of a message that is no mail.
async fn chat(
    context: &DeskContext,
    origin: Origin<'_>,
    message: &InboundMessage,
    found: &mut Found,
) -> Result<String, Problem> {
    let by_address = |address| ids::conversation(&context.keys, origin.channel, origin.account, address);
    if let Some(group) = &message.reply_to {
        // What somebody thinks of a message of ours belongs to it, wherever the provider says that it happened.
        let reaction = message.in_reply_to.as_ref().filter(|_| message.kind == MessageKind::Reaction);
        let sent = match reaction {
            Some(id) => sent_as(context, origin, id).await?,
            None => None,
        };
        return Ok(sent.map_or_else(|| by_address(group), |sent| sent.conversation));
    }
    match identity::of_message(context, origin, &message.from, &message.also_known_as).await? {
        Some((conversation, identity)) => {
            found.identity = identity;
            Ok(conversation)
        }
        None => Ok(by_address(&message.from)),
    }
}

/// The ids by which a mail refers to others, and the one by which others refer to it.
pub fn mail_ids<'a>(message: &'a InboundMessage, mail: &'a Mail) -> impl Iterator<Item = &'a String> {
    mail.references.iter().chain([own_id(message)])
}

fn own_id(message: &InboundMessage) -> &String {
    message.message_ref.as_ref().unwrap_or(&message.external_id)
}

async fn thread(
    context: &DeskContext,
    origin: Origin<'_>,
    message: &InboundMessage,
    mail: &Mail,
) -> Result<String, Problem> {
    let root = mail.references.first().unwrap_or_else(|| own_id(message));
    let mut named: Vec<&String> = mail.references.iter().rev().take(LOOKED_UP).collect();
    named.extend(mail.references.first().filter(|_| mail.references.len() > LOOKED_UP));
    // An answer that was faster has said where this one belongs.
    named.push(own_id(message));
    let known = try_join_all(named.into_iter().map(|id| conversation_of_mail(context, id))).await?;
    if let Some(known) = known.into_iter().flatten().next() {
        return Ok(known);
    }
    let recipients = mail.to.iter().chain(&mail.cc);
    if let Some(token) =
        recipients.filter_map(|a| reply_token::conversation(&context.keys, &a.value.0)).next()
    {
        return Ok(token);
    }
    if let Some(numbered) = by_number(context, message).await? {
        return Ok(numbered);
    }
    Ok(ids::thread(&context.keys, origin.account, root))
}

/// The conversation of a mail that is known by its Message-ID: one of ours says so itself.
async fn conversation_of_mail(context: &DeskContext, id: &str) -> Result<Option<String>, Problem> {
    if let Some(sent) = entry_named(context, id).await? {
        return Ok(Some(sent.conversation));
    }
    Ok(context.journal.get_doc(&context.doc("mail", &ids::mail(&context.keys, id))?).await?)
}

/// The conversation of the ticket whose number stands in the subject as `#123`, if the sender takes part in it.
async fn by_number(context: &DeskContext, message: &InboundMessage) -> Result<Option<String>, Problem> {
    let subject = message.subject.as_ref().map_or("", |subject| subject.0.as_str());
    let Some(number) = number_in(subject) else { return Ok(None) };
    let rows = shards::load::<TicketRow, _>(context, &shards::by_number(number)).await?;
    let found = rows.state.rows().map(|(_, row)| row).find(|row| row.number == number);
    let Some(row) = found else { return Ok(None) };
    let sender = ids::contact(&context.keys, "", &message.from);
    let sender =
        context.journal.load::<Contact>(&context.stream(Contact::KIND, &sender)?, context.now).await?;
    Ok(sender.state.conversations.contains(&row.conversation).then(|| row.conversation.clone()))
}

/// The first `#123` in a subject.
fn number_in(subject: &str) -> Option<u64> {
    subject.match_indices('#').find_map(|(at, _)| {
        let rest = subject.get(at + 1..)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let ends = rest.get(digits.len()..)?.chars().next().is_none_or(|c| !c.is_alphanumeric());
        digits.parse().ok().filter(|_| ends && digits.len() <= 12)
    })
}

/// The outbox entry of a message that a provider reports on: by our id where it gives that back, else by its own.
async fn entry_of(
    context: &DeskContext,
    origin: Origin<'_>,
    status: &StatusReport,
) -> Result<Option<ids::Sent>, Problem> {
    for id in status.our_id.iter().chain([&status.external_id]) {
        if let Some(sent) = entry_named(context, id).await? {
            return Ok(Some(sent));
        }
    }
    sent_as(context, origin, &status.external_id).await
}

/// Where a message was sent, by the provider's id of it.
async fn sent_as(
    context: &DeskContext,
    origin: Origin<'_>,
    external_id: &str,
) -> Result<Option<ids::Sent>, Problem> {
    let channel = reach::sends_as(origin.channel);
    let name = ids::sent(&context.keys, channel, origin.account, external_id);
    Ok(context.journal.get_doc(&context.doc("sent", &name)?).await?.map(Noted::sent))
}

/// What is noted of a message that was sent.
#[derive(Deserialize)]
#[serde(untagged)]
enum Noted {
    Sent(ids::Sent),
    /// By earlier versions: its conversation.
    Conversation(String),
}

impl Noted {
    fn sent(self) -> ids::Sent {
        match self {
            Self::Sent(sent) => sent,
            Self::Conversation(conversation) => ids::Sent { conversation, outbox: String::new() },
        }
    }
}

/// The entry that an id of ours names, if there is such an entry here.
async fn entry_named(context: &DeskContext, id: &str) -> Result<Option<ids::Sent>, Problem> {
    let Some(name) = ids::outbox_of(id) else { return Ok(None) };
    let loaded = context.journal.load::<Outbox>(&context.stream(Outbox::KIND, name)?, context.now).await?;
    let message = loaded.state.entry.and_then(|entry| entry.message);
    Ok(message.map(|(conversation, _)| ids::Sent { conversation, outbox: name.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::number_in;

    #[test]
    fn a_number_in_a_subject_stands_for_itself() {
        assert_eq!(number_in("Re: Factura [#123]"), Some(123));
        assert_eq!(number_in("#7"), Some(7));
        assert_eq!(number_in("color #ff0000 y #42, gracias"), Some(42));
        for none in ["", "#", "# 12", "factura 123", "#12abc", "#9999999999999999999999"] {
            assert_eq!(number_in(none), None, "{none}");
        }
    }
}
