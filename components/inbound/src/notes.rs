//! What an item leaves beside its conversation: where its ids lead, and work for delivery.

use crate::intake::{BY, Origin};
use crate::place::mail_ids;
use futures::future::try_join_all;
use relevo_domain::message::{DeliveryState, Inbound, OtherEvent};
use relevo_domain::outbox::{Entry, Outbox, OutboxEvent, Request, Status};
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
            let Some(mail) = &message.mail else { return Ok(()) };
            let all: Vec<&String> = mail_ids(message, mail).collect();
            let newest = all.iter().rev().take(NAMED);
            newest.map(|id| context.doc("mail", &ids::mail(&context.keys, id))).collect::<Result<_, _>>()?
        }
        Inbound::Call(call) if call.person.is_some() => vec![call_key(context, origin, &call.call_id)?],
        _ => return Ok(()),
    };
    let known = try_join_all(keys.iter().map(|key| context.journal.get_doc::<String>(key))).await?;
    for (key, _) in keys.iter().zip(known).filter(|(_, known)| known.is_none()) {
        commit.put(key, &conversation)?;
    }
    Ok(())
}

/// Where it is noted which conversation a call belongs to.
pub fn call_key(context: &DeskContext, origin: Origin<'_>, call_id: &str) -> Result<DocKey, Problem> {
    context.doc("call", &context.keys.id("call", &[origin.channel, origin.account, call_id]))
}

/// A provider that had accepted a message could not deliver it: its entry is given up, and delivery looks for
/// another way. The entry's name, if that is new.
pub async fn bounce(
    context: &DeskContext,
    commit: &mut Commit,
    entry: Option<&ids::Sent>,
    item: &Inbound,
) -> Result<Option<String>, Problem> {
    let (Some(entry), Inbound::Status(report)) = (entry, item) else { return Ok(None) };
    if report.state != DeliveryState::Failed || entry.outbox.is_empty() {
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

/// Podio's `hook.verify`: its code has to be posted back, which only delivery can. The entry's name.
pub async fn handshake(
    context: &DeskContext,
    commit: &mut Commit,
    origin: Origin<'_>,
    key: Option<&DataKey>,
    other: &OtherEvent,
) -> Result<Option<String>, Problem> {
    if origin.channel != "podio" || other.kind != "hook.verify" {
        return Ok(None);
    }
    let text = |key: &str| other.data.0.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let (Some(hook), Some(code)) = (text("hook_id"), text("code")) else { return Ok(None) };
    let name = context.keys.id("outbox", &["handshake", origin.account, &other.external_id]);
    let loaded = context.journal.load::<Outbox>(&context.stream(Outbox::KIND, &name)?, context.now).await?;
    if !loaded.is_new() {
        return Ok(None);
    }
    let loaded = loaded.sealed_under(key.cloned());
    let request = Request::Handshake {
        channel: origin.channel.to_owned(),
        account: origin.account.to_owned(),
        hook,
        code: code.into(),
    };
    let entry = Entry { request, ticket: None, message: None, trace: relevo_edge::trace::parent() };
    commit.append(&loaded, vec![event("queued", BY, 0, OutboxEvent::Queued(Box::new(entry)))?])?;
    Ok(Some(name))
}
