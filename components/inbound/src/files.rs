//! Files of messages: those that came along are kept at once, those that the provider keeps for a while are queued to be
//! fetched, in the same commit as the message.

use crate::intake::{BY, Origin};
use futures::future::try_join_all;
use relevo_channels::{File, media};
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_domain::message::{Attachment, Inbound, InboundMessage};
use relevo_domain::outbox::{Entry, Fetch, Outbox, OutboxEvent, Request};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::file_link::STORED;
use relevo_edge::problem::Problem;
use relevo_edge::{ids, trace};
use relevo_journal::{Commit, DataKey, Fold, Loaded};
use serde_json::Value;

/// Largest file that came along: what a body can hold.
const MAX_FILE_BYTES: usize = 36 * 1024 * 1024;

/// What a delivery that fetches a file takes of a commit, at most.
const FETCH_BYTES: usize = 2 * 1024;

/// Bytes of a commit that go to the deliveries which fetch an item's files.
pub fn bytes_to_fetch(origin: Origin<'_>, item: &Inbound) -> usize {
    let attachments = match item {
        Inbound::Message(message) => &message.attachments,
        Inbound::Outgoing(message) => &message.attachments,
        Inbound::Call(call) => &call.attachments,
        _ => return 0,
    };
    if media::is_fetched(origin.channel) { attachments.len().saturating_mul(FETCH_BYTES) } else { 0 }
}

/// Keeps the files that came with a message, sealed as the message is, and has it name them as they are kept.
pub async fn keep(
    context: &DeskContext,
    key: &DataKey,
    files: &[File],
    message: &mut InboundMessage,
) -> Result<(), Problem> {
    for attachment in &mut message.attachments {
        let Some(file) = files.iter().find(|file| file.reference == attachment.reference) else { continue };
        let blob = context.journal.put_sealed_blob(&context.desk, key, &file.bytes.0, MAX_FILE_BYTES).await?;
        let kept = format!("{STORED}{blob}");
        if let Some(Value::Object(inline)) = message.data.as_mut().and_then(|data| data.0.get_mut("inline")) {
            for shown in inline.values_mut().filter(|shown| shown.as_str() == Some(&attachment.reference)) {
                *shown = Value::String(kept.clone());
            }
        }
        attachment.reference = kept;
    }
    Ok(())
}

/// The files of an event that have to be fetched from the provider; each names the delivery that does it from now on.
pub fn to_fetch(
    context: &DeskContext,
    origin: Origin<'_>,
    conversation: &str,
    event: &mut ConversationEvent,
) -> Vec<(String, Fetch)> {
    let (message, attachments): (&str, &mut Vec<Attachment>) = match event {
        ConversationEvent::MessageReceived(e) => (&e.id, &mut e.message.attachments),
        ConversationEvent::MessageSentElsewhere(e) => (&e.id, &mut e.message.attachments),
        ConversationEvent::CallReported(e) => (&e.id, &mut e.call.attachments),
        _ => return Vec::new(),
    };
    if !media::is_fetched(origin.channel) {
        return Vec::new();
    }
    let away = attachments.iter_mut().filter(|file| !file.is_stored());
    let fetch = |file: &mut Attachment| {
        let name = context.keys.id("outbox", &["fetch", conversation, message, &file.reference]);
        file.fetched_by = Some(format!("{}{name}", ids::OUTBOX));
        let fetch = Fetch {
            channel: origin.channel.to_owned(),
            account: origin.account.to_owned(),
            reference: file.reference.clone(),
            conversation: conversation.to_owned(),
            message: message.to_owned(),
        };
        (name, fetch)
    };
    away.map(fetch).collect()
}

/// Queues them beside the conversation that has just heard of them; the entries' names.
pub async fn queue(
    context: &DeskContext,
    commit: &mut Commit,
    conversation: &Loaded<Conversation>,
    files: Vec<(String, Fetch)>,
) -> Result<Vec<String>, Problem> {
    let ticket = conversation.state.tickets.last().map(|ticket| ticket.ordinal);
    let loads = files.into_iter().map(|(name, file)| async move {
        let stream = context.stream(Outbox::KIND, &name)?;
        let loaded = context.journal.load::<Outbox>(&stream, context.now).await?;
        Ok::<_, Problem>((name, file, loaded))
    });
    let mut queued = Vec::new();
    for (name, file, loaded) in try_join_all(loads).await? {
        // The same file of another report on the same call.
        if !loaded.is_new() || queued.contains(&name) {
            continue;
        }
        let entry = Entry {
            ticket: ticket.map(|ordinal| ids::ticket(&file.conversation, ordinal)),
            request: Request::Fetch(Box::new(file)),
            message: None,
            trace: trace::parent(),
            hold: None,
        };
        let loaded = loaded.sealed_under(conversation.key().cloned());
        commit.append(&loaded, vec![event("queued", BY, 0, OutboxEvent::Queued(Box::new(entry)))?])?;
        queued.push(name);
    }
    Ok(queued)
}
