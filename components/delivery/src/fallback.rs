//! Another way for what cannot be delivered, by the pack's rule: WhatsApp, then SMS, then e-mail.

use crate::record::BY;
use relevo_channels::reach;
use relevo_domain::contact::Contact;
use relevo_domain::conversation::{Conversation, ConversationEvent, Party};
use relevo_domain::identity;
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::outbox::{ChannelMessage, Entry, MailHeaders, Outbox, OutboxEvent, Request};
use relevo_domain::pack::Pack;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::{ids, outgoing, people};
use relevo_journal::{Commit, Fold, Loaded};

/// Queues the message by the next way that the contact can be reached by; what to tell the conversation, if there
/// is one.
pub async fn queue(
    context: &DeskContext,
    commit: &mut Commit,
    name: &str,
    entry: &Entry,
    conversation: &Loaded<Conversation>,
    why: &str,
) -> Result<Option<ConversationEvent>, Problem> {
    let (Request::Channel(failed), Some((_, message)), Some(party)) =
        (&entry.request, &entry.message, &conversation.state.party)
    else {
        return Ok(None);
    };
    let pack = context.pack().await?;
    let Some(rule) = rule_for(&pack.pack, failed) else { return Ok(None) };
    if failed.text.0.trim().is_empty() {
        return Ok(None);
    }
    let mut tried = failed.tried.clone();
    tried.push(format!("{}/{}", failed.channel, failed.account));
    let members = match party.contact.strip_prefix(ids::CONTACT) {
        Some(name) => people::united(context, name).await?.members,
        None => Vec::new(),
    };
    let reachable = rule.left(&tried).into_iter().find_map(|(channel, account)| {
        let kind = reach::common_address(channel)?;
        // A way that cannot carry it would only fail later.
        outgoing::refuse_overlong(channel, &failed.text.0, &failed.attachments).ok()?;
        let wanted =
            members.iter().filter(|(_, who)| outgoing::stopped(&pack, who, (channel, account)).is_none());
        let known = addresses(party, failed, wanted.map(|(_, contact)| contact));
        Some((channel, account, known.into_iter().find(|address| address.kind == kind)?))
    });
    let Some((channel, account, address)) = reachable else { return Ok(None) };
    let outbox = context.keys.id("outbox", &["fallback", name, channel, account]);
    let mail = reach::is_mail(channel).then(|| {
        let settings = pack.pack.account(channel, account).map(|a| a.settings.clone()).unwrap_or_default();
        let message_id = format!("{outbox}@{}", reach::mail_domain(&settings));
        Box::new(MailHeaders { message_id, ..MailHeaders::default() })
    });
    let subject =
        mail.is_some().then(|| failed.subject.clone().unwrap_or_else(|| pack.pack.name.clone().into()));
    let request = Request::Channel(Box::new(ChannelMessage {
        channel: channel.to_owned(),
        account: account.to_owned(),
        address: written_for(channel, &address),
        text: failed.text.clone(),
        html: failed.html.clone().filter(|_| mail.is_some()),
        subject,
        whatsapp: None,
        attachments: failed.attachments.clone(),
        in_reply_to: None,
        choices: None,
        mail,
        unsubscribe_url: failed.unsubscribe_url.clone(),
        tried,
    }));
    let stream = context.stream(Outbox::KIND, &outbox)?;
    let loaded = context.journal.load::<Outbox>(&stream, context.now).await?;
    if !loaded.is_new() {
        return Ok(None);
    }
    let sealing = Persons::new(context, BY).sealing(commit, conversation.clone()).await?;
    let loaded = loaded.sealed_under(sealing.key().cloned());
    let queued = Entry { request, hold: None, ..entry.clone() };
    commit.append(&loaded, vec![event("queued", BY, 0, OutboxEvent::Queued(Box::new(queued)))?])?;
    Ok(Some(ConversationEvent::DeliveryRerouted {
        message: message.clone(),
        channel: channel.to_owned(),
        account: account.to_owned(),
        outbox,
        why: why.to_owned(),
    }))
}

/// The rule for a message: that of the way it was first to go.
fn rule_for<'a>(pack: &'a Pack, message: &ChannelMessage) -> Option<&'a relevo_domain::pack::Fallback> {
    let first = message.tried.first().and_then(|way| way.split_once('/'));
    let (channel, account) = first.unwrap_or((&message.channel, &message.account));
    pack.fallback.iter().find(|rule| rule.is_for(channel, account))
}

/// Where the contact can be reached: where the message was to go, then what else is known of the person.
fn addresses<'a>(
    party: &Party,
    failed: &ChannelMessage,
    wanted: impl Iterator<Item = &'a Contact>,
) -> Vec<Address> {
    let own = [failed.address.clone(), party.address.clone()];
    own.into_iter()
        .chain(wanted.flat_map(|contact| contact.addresses.iter().map(|(_, address)| address.clone())))
        .collect()
}

/// SMS needs a number in international form, which WhatsApp leaves out.
fn written_for(channel: &str, address: &Address) -> Address {
    let number = identity::e164(address).filter(|_| channel.starts_with("twilio"));
    Address {
        kind: address.kind,
        value: match (address.kind, number) {
            (AddressKind::Phone, Some(number)) => number.into(),
            _ => address.value.clone(),
        },
    }
}
