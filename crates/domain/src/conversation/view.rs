//! A ticket as the API shows it.

use super::message::Direction;
use super::{Conversation, Message, Party, Ticket};
use crate::message::{Address, Attachment, DeliveryState};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// An instant as the API writes it: RFC 3339, UTC, milliseconds only where there are any.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// A ticket without its messages, as in a list. `id` is the ticket's public id.
pub fn item(id: &str, party: &Party, ticket: &Ticket) -> Map<String, Value> {
    let contact = json!({
        "id": party.contact,
        "name": party.name.as_ref().map(|n| &n.0),
        "addresses": [{
            "channel": party.channel,
            "kind": party.address.kind,
            "value": party.address.value.0,
        }],
    });
    let mut item = Map::new();
    let mut put = |key: &str, value: Value| item.insert(key.to_owned(), value);
    put("id", json!(id));
    put("number", json!(ticket.number));
    put("status", json!(ticket.status));
    put("category", json!(ticket.category));
    put("channel", json!(party.channel));
    put("account", json!(party.account));
    put("queue", json!(ticket.queue));
    put("team", json!(ticket.team));
    put("priority", json!(ticket.priority));
    put("assignee", json!(ticket.agent));
    put("subject", json!(ticket.subject.as_ref().map(|s| &s.0)));
    put("locale", json!(party.locale));
    put("contact", contact);
    put("period", json!(ticket.period));
    put("fields", Value::Object(ticket.fields.0.clone()));
    if !ticket.unvalidated.is_empty() {
        put("unvalidated_fields", json!(ticket.unvalidated));
    }
    put("tags", json!(ticket.tags));
    if ticket.automatic {
        put("automatic", json!(true));
    }
    put("opened_at", json!(rfc3339(ticket.opened_at)));
    put("updated_at", json!(rfc3339(ticket.updated_at)));
    put("solved_at", json!(ticket.solved_at.map(rfc3339)));
    put("reopenings", json!(ticket.reopenings));
    put("snoozed_until", json!(ticket.snoozed_until.map(rfc3339)));
    put("last_said", json!(ticket.last_said));
    // They are of one conversation.
    let conversation = id.rsplit_once('_').map(|(conversation, _)| conversation);
    put(
        "follows",
        json!(conversation.zip(ticket.follows).map(|(name, ordinal)| format!("{name}_{ordinal}"))),
    );
    let of_conversation = |ordinal: u32| conversation.map(|name| format!("{name}_{ordinal}"));
    put("split_from", json!(ticket.split_from.and_then(of_conversation)));
    put("parent", json!(ticket.parent));
    put("children", json!(ticket.children.len()));
    put("held", ticket.held.iter().map(|held| {
        let then = held.then.as_ref().map(|then| &then.status);
        json!({
            "message": held.message, "state": held.hold.why, "until": held.hold.until.map(rfc3339), "then": then,
        })
    }).collect());
    put("issues", ticket.issues.iter().map(|issue| {
        json!({"system": issue.system, "key": issue.key, "done": ticket.issues_done.contains(issue)})
    }).collect());
    put("articles", json!(ticket.articles));
    put("merged_into", json!(ticket.merged.as_ref().map(|merged| &merged.into)));
    put("merged", json!(ticket.absorbed));
    item
}

/// A ticket with its messages. The whole stream must have been read.
pub fn ticket(id: &str, state: &Conversation, ticket: &Ticket) -> Option<Map<String, Value>> {
    let mut view = item(id, state.party.as_ref()?, ticket);
    let messages = messages(state, ticket).map(|(_, message)| message).collect();
    view.insert("messages".to_owned(), messages);
    Some(view)
}

/// The messages of a ticket, oldest first, each with when it was recorded. The whole stream must have been read.
pub fn messages<'a>(
    state: &'a Conversation,
    ticket: &Ticket,
) -> impl Iterator<Item = (DateTime<Utc>, Value)> + 'a {
    let channel = state.party.as_ref().map(|party| party.channel.as_str()).unwrap_or_default();
    state.messages(ticket.ordinal).map(move |m| (m.at, message(channel, m)))
}

fn message(channel: &str, message: &Message) -> Value {
    let channel_side = message.direction != Direction::Note;
    let delivery = message.delivery.map(|state| match state {
        DeliveryState::Queued => "queued",
        DeliveryState::Sent => "sent",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Read => "read",
        DeliveryState::Failed => "failed",
    });
    let mut view = json!({
        "id": message.id,
        "external_id": message.external_id,
        "direction": message.direction,
        "channel": channel,
        "text": message.text.as_ref().map(|t| &t.0),
        "attachments": message.attachments.iter().map(attachment).collect::<Vec<_>>(),
        "at": rfc3339(message.at),
        "by": message.by,
        "delivery": delivery,
    });
    let mut put = |key: &str, value: Option<Value>| {
        if let (Some(value), Some(view)) = (value, view.as_object_mut()) {
            view.insert(key.to_owned(), value);
        }
    };
    put("kind", message.kind.filter(|_| channel_side).map(|k| json!(k)));
    put("subject", message.subject.as_ref().map(|s| json!(s.0)));
    // As written: whoever shows it makes it safe first.
    put("html", message.html.as_ref().map(|h| json!(h.0)));
    put("data", message.data.as_ref().map(|d| d.0.clone()));
    put("in_reply_to", message.in_reply_to.as_ref().map(|r| json!(r)));
    put("sent_at", message.sent_at.map(|at| json!(rfc3339(at))));
    put("template", message.template.as_ref().map(|t| json!(t)));
    put("call", message.call.as_ref().map(|call| json!(call)));
    put("automatic", message.automatic.map(|kind| json!(kind)));
    if let Some(envelope) = message.envelope.as_deref() {
        let addresses = |list: &[Address]| {
            let known: Vec<&String> = list.iter().map(|a| &a.value.0).filter(|a| !a.is_empty()).collect();
            (!known.is_empty()).then(|| json!(known))
        };
        put("to", addresses(&envelope.to));
        put("cc", addresses(&envelope.cc));
        put("quoted", envelope.quoted.as_ref().map(|quoted| json!(quoted.0)));
        put("signature", envelope.signature.as_ref().map(|signature| json!(signature.0)));
    }
    put("held", message.held.as_ref().map(|held| {
        json!({
            "state": held.state, "until": held.until.map(rfc3339), "by": held.by, "at": held.at.map(rfc3339),
            "note": held.note.as_ref().map(|note| &note.0),
        })
    }));
    put("mentions", message.mentions.as_ref().map(|mentions| json!(mentions)));
    put("edited_at", message.edited_at.map(|at| json!(rfc3339(at))));
    put("withdrawn_at", message.withdrawn_at.map(|at| json!(rfc3339(at))));
    put("error", message.error.as_ref().map(|e| json!(e)));
    view
}

/// One that has to be fetched from its provider says how far that has got.
fn attachment(file: &Attachment) -> Value {
    let mut view = json!(file);
    let state = match (&file.fetched_by, &file.lost) {
        (_, Some(_)) => "lost",
        (Some(_), None) if file.is_stored() => "kept",
        // An erased reference is empty: nobody fetches it any more.
        (Some(_), None) if !file.reference.is_empty() => "fetching",
        _ => return view,
    };
    if let Some(view) = view.as_object_mut() {
        view.insert("state".to_owned(), json!(state));
    }
    view
}
