//! What an item leaves beside its conversation: where its ids lead, and work for delivery.

use crate::intake::{BY, Origin};
use crate::place::mail_ids;
use futures::future::try_join_all;
use relevo_channels::podio;
use relevo_domain::message::{DeliveryState, Inbound, OtherEvent};
use relevo_domain::outbox::{Entry, Outbox, OutboxEvent, ReadBack, Request, Status};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::{Commit, DataKey, DocKey, Fold};
use relevo_projections::agenda::{Floors, Work, schedule};

/// Mails of a thread that lead to its conversation from now on.
const NAMED: usize = 20;

/// Notes by which ids the conversation of an item is found again: a mail's own and those of its thread, a call's.
/// What leads somewhere already stays as it is.
pub async fn keep(
    context: &DeskContext,
    commit: &mut Commit,
    origin: Origin<'_>,
    conversation: &str,
    item: &Inbound,
) -> Result<(), Problem> {
    let keys: Vec<DocKey> = match item {
        Inbound::Message(message) => {
            let Some(mail) = &message.mail else {
                let Some(key) = item_key(context, origin, item)? else { return Ok(()) };
                return note(context, commit, &[key], conversation).await;
            };
            let all: Vec<&String> = mail_ids(message, mail).collect();
            let newest = all.iter().rev().take(NAMED);
            newest.map(|id| context.doc("mail", &ids::mail(&context.keys, id))).collect::<Result<_, _>>()?
        }
        Inbound::Call(call) if call.person.is_some() => vec![call_key(context, origin, &call.call_id)?],
        _ => return Ok(()),
    };
    note(context, commit, &keys, conversation).await
}

async fn note(
    context: &DeskContext,
    commit: &mut Commit,
    keys: &[DocKey],
    conversation: &str,
) -> Result<(), Problem> {
    let known = try_join_all(keys.iter().map(|key| context.journal.get_doc::<String>(key))).await?;
    for (key, _) in keys.iter().zip(known).filter(|(_, known)| known.is_none()) {
        commit.put(key, &conversation)?;
    }
    Ok(())
}

/// Where it is noted which conversation an item of another system belongs to; none if this is none.
fn item_key(context: &DeskContext, origin: Origin<'_>, item: &Inbound) -> Result<Option<DocKey>, Problem> {
    let id = (origin.channel == "podio").then(|| podio::item_of(item)).flatten();
    let key =
        |id: String| context.doc("item", &context.keys.id("item", &[origin.channel, origin.account, &id]));
    id.map(key).transpose()
}

/// The conversation that an item of another system is in.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn conversation_of_item(
    context: &DeskContext,
    origin: Origin<'_>,
    item: &Inbound,
) -> Result<Option<String>, Problem> {
    match item_key(context, origin, item)? {
        Some(key) => Ok(context.journal.get_doc(&key).await?),
        None => Ok(None),
    }
}

/// Where it is noted which conversation a call belongs to.
pub fn call_key(context: &DeskContext, origin: Origin<'_>, call_id: &str) -> Result<DocKey, Problem> {
    context.doc("call", &context.keys.id("call", &[origin.channel, origin.account, call_id]))
}

/// A provider that had accepted a message could not deliver it: its entry is given up, and delivery looks for
/// another way. The entry's name, if that is new: not of what was read already, nor
/// of what this commit, which is for these deliveries, has given up before.
pub async fn bounce(
    context: &DeskContext,
    commit: &mut Commit,
    for_delivery: &[String],
    (entry, known): (Option<&ids::Sent>, Option<DeliveryState>),
    item: &Inbound,
) -> Result<Option<String>, Problem> {
    let (Some(entry), Inbound::Status(report)) = (entry, item) else { return Ok(None) };
    if report.state != DeliveryState::Failed
        || entry.outbox.is_empty()
        || for_delivery.contains(&entry.outbox)
    {
        return Ok(None);
    }
    if known == Some(DeliveryState::Read) {
        return Ok(None);
    }
    let stream = context.stream(Outbox::KIND, &entry.outbox)?;
    let loaded = context.journal.load::<Outbox>(&stream, context.now).await?;
    if loaded.state.status != Status::Sent {
        return Ok(None);
    }
    let why = report.error.clone().unwrap_or_else(|| "the provider could not deliver it".to_owned());
    let id = format!("bounced.{}", loaded.state.attempts);
    commit.append(&loaded, vec![event(id, BY, 0, OutboxEvent::Bounced { why })?])?;
    let floors = Floors::load(context).await?;
    schedule(commit, &floors, Work::Delivery, &entry.outbox, context.now, context.now)?;
    Ok(Some(entry.outbox.clone()))
}

/// The message that an entry carries.
pub async fn message_of(context: &DeskContext, entry: &ids::Sent) -> Result<Option<String>, Problem> {
    if entry.outbox.is_empty() {
        return Ok(None);
    }
    let stream = context.stream(Outbox::KIND, &entry.outbox)?;
    let loaded = context.journal.load::<Outbox>(&stream, context.now).await?;
    Ok(loaded.state.entry.and_then(|entry| entry.message).map(|(_, message)| message))
}

/// What Podio's event has delivery do: its code has to be posted back, the item that it names has to be read. The entry's
/// name.
pub async fn podio(
    context: &DeskContext,
    commit: &mut Commit,
    origin: Origin<'_>,
    key: Option<&DataKey>,
    other: &OtherEvent,
    for_delivery: &[String],
) -> Result<Option<String>, Problem> {
    if origin.channel != "podio" {
        return Ok(None);
    }
    let text = |key: &str| other.data.0.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let (channel, account) = (origin.channel.to_owned(), origin.account.to_owned());
    let (label, request) = match other.kind.as_str() {
        "hook.verify" => {
            let (Some(hook), Some(code)) = (text("hook_id"), text("code")) else { return Ok(None) };
            ("handshake", Request::Handshake { channel, account, hook, code: code.into() })
        }
        // One that comes from the API is what was read.
        kind if podio::READ_BACK.contains(&kind) && other.from.is_none() => {
            let Some(item) = text("item_id") else { return Ok(None) };
            let (kind, external_id) = (kind.to_owned(), other.external_id.clone());
            ("read", Request::ReadBack(Box::new(ReadBack { channel, account, item, kind, external_id })))
        }
        _ => return Ok(None),
    };
    let name = context.keys.id("outbox", &[label, origin.account, &other.external_id]);
    if for_delivery.contains(&name) {
        return Ok(None);
    }
    let loaded = context.journal.load::<Outbox>(&context.stream(Outbox::KIND, &name)?, context.now).await?;
    if !loaded.is_new() {
        return Ok(None);
    }
    let loaded = loaded.sealed_under(key.cloned());
    let entry =
        Entry { request, ticket: None, message: None, trace: relevo_edge::trace::parent(), hold: None };
    commit.append(&loaded, vec![event("queued", BY, 0, OutboxEvent::Queued(Box::new(entry)))?])?;
    Ok(Some(name))
}
