//! Events to subscribers, and notices to rooms: for each event that one of them wants, an outbox entry of its own.

mod room;

use futures::future::try_join_all;
use relevo_domain::account::{Account, AccountEvent};
use relevo_domain::category::Category;
pub use relevo_domain::config::EVENT_TYPES;
use relevo_domain::config::{About, Subscriber};
use relevo_domain::conversation::{Conversation, ConversationEvent, view};
use relevo_domain::outbox::{Entry, Outbox, OutboxEvent, Request};
use relevo_domain::pack::told;
use relevo_domain::sla::Threshold;
use relevo_domain::survey::{SurveyEvent, SurveyState};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_edge::trace::{self, Trace};
use relevo_edge::{ids, log};
use relevo_journal::store::Store;
use relevo_journal::{DataKey, Event, FeedEntry, Fold};
use serde_json::{Map, Value, json};

/// Queues what subscribers are to be told of some feed entries; returns the outbox streams.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn queue<S: Store>(
    context: &DeskContext<S>,
    entries: &[FeedEntry],
) -> Result<Vec<String>, Problem> {
    let subscribers = &context.config.state.subscribers;
    let pack = if context.exists() { Some(context.pack().await?) } else { None };
    if subscribers.is_empty() && pack.as_ref().is_none_or(|pack| pack.pack.notices.is_empty()) {
        return Ok(Vec::new());
    }
    let changes = try_join_all(entries.iter().map(|entry| notifications(context, entry))).await?;
    let mut queued = Vec::new();
    for (entry, notifications) in entries.iter().zip(changes) {
        // It follows from whatever changed the stream, not from whoever happens to read the feed.
        let origin = entry.trace.as_deref().and_then(Trace::parse).map(|origin| origin.child());
        for notification in notifications {
            for (id, _) in subscribers.iter().filter(|(_, s)| wants(s, &notification)) {
                let name = context.keys.id("outbox", &["subscriber", id, &notification.event]);
                let request = Request::Subscriber {
                    subscriber: id.clone(),
                    kind: notification.kind.to_owned(),
                    body: notification.body.clone().into(),
                };
                let queue = queue_one(context, &name, request, &notification);
                if trace::scope(origin.clone(), queue).await? {
                    queued.push(name);
                }
            }
            let Some(pack) = &pack else { continue };
            let said = notification.body.get("data").map(told).unwrap_or_default();
            let wanted =
                pack.pack.notices.iter().filter(|n| n.wants(notification.kind, &notification.about, &said));
            for notice in wanted {
                let Some(request) = room::request(&pack.pack, notice, &notification, &said) else { continue };
                let parts = ["notice", &notice.through, &notice.to, &notification.event];
                let name = context.keys.id("outbox", &parts);
                if trace::scope(origin.clone(), queue_one(context, &name, request, &notification)).await? {
                    queued.push(name);
                }
            }
        }
    }
    Ok(queued)
}

/// Something that subscribers may want to know.
struct Notification {
    kind: &'static str,
    /// Stream and event id: what makes it the same one when the feed is read again.
    event: String,
    ticket: Option<String>,
    about: About,
    body: Value,
    /// What its stream is sealed under; the desk's own if nothing is.
    key: Option<DataKey>,
}

fn wants(subscriber: &Subscriber, told: &Notification) -> bool {
    let kind = subscriber.events.is_empty() || subscriber.events.iter().any(|e| e == told.kind);
    kind && subscriber.only.lets_through(&told.about)
}

async fn queue_one<S: Store>(
    context: &DeskContext<S>,
    name: &str,
    request: Request,
    notification: &Notification,
) -> Result<bool, Problem> {
    let stream = context.stream(Outbox::KIND, name)?;
    let loaded = context.journal.load::<Outbox>(&stream, context.now).await?;
    if !loaded.is_new() {
        return Ok(false);
    }
    let through = request.through();
    let ticket = notification.ticket.clone();
    let entry = Entry { request, ticket, message: None, trace: trace::parent(), hold: None };
    let mut commit = context.commit();
    let desk_key = context.journal.desk_key()?;
    let loaded = loaded.sealed_under(notification.key.clone().unwrap_or(desk_key));
    commit.append(
        &loaded,
        vec![event("queued", "system:projector", 0, OutboxEvent::Queued(Box::new(entry)))?],
    )?;
    context.journal.commit(commit).await?;
    log::event(
        "outbox.queued",
        &[
            ("desk", context.desk.as_str().into()),
            ("outbox", format!("{}{name}", ids::OUTBOX).into()),
            ("through", through.into()),
            ("kind", notification.kind.into()),
        ],
    );
    Ok(true)
}

async fn notifications<S: Store>(
    context: &DeskContext<S>,
    entry: &FeedEntry,
) -> Result<Vec<Notification>, Problem> {
    let stream = &entry.stream;
    let kind = stream.kind().as_str();
    if kind == Conversation::KIND {
        let events = context.journal.read_slot::<Conversation>(stream, entry.slot).await?;
        let loaded = context.journal.load::<Conversation>(stream, context.now).await?;
        let told = events.iter().flat_map(|e| of_conversation(stream.name(), &loaded.state, e));
        return Ok(told.map(|told| Notification { key: loaded.key().cloned(), ..told }).collect());
    }
    if kind == SurveyState::KIND {
        let events = context.journal.read_slot::<SurveyState>(stream, entry.slot).await?;
        let loaded = context.journal.load::<SurveyState>(stream, context.now).await?;
        let told = events.iter().filter_map(|e| of_survey(stream.name(), &loaded.state, e));
        return Ok(told.map(|told| Notification { key: loaded.key().cloned(), ..told }).collect());
    }
    if kind == Account::KIND {
        let events = context.journal.read_slot::<Account>(stream, entry.slot).await?;
        return Ok(events.iter().filter_map(|e| of_account(stream.name(), e)).collect());
    }
    Ok(Vec::new())
}

fn of_conversation(name: &str, state: &Conversation, event: &Event<ConversationEvent>) -> Vec<Notification> {
    let last = u32::try_from(state.tickets.len()).unwrap_or(u32::MAX);
    let (ordinal, told): (u32, Vec<(&'static str, Value)>) = match &event.data {
        ConversationEvent::MessageReceived(received) => {
            let message = json!({
                "id": received.id, "external_id": received.message.external_id,
                "text": received.message.text.as_ref().map(|t| &t.0), "kind": received.message.kind,
            });
            let mut told = vec![("message.received", json!({"message": message}))];
            if received.opening.is_some() {
                told.insert(0, ("ticket.opened", json!({})));
            }
            (last, told)
        }
        ConversationEvent::TicketCreated(_) => (last, vec![("ticket.opened", json!({}))]),
        ConversationEvent::ReplyWritten(reply) => {
            let message = json!({"id": reply.message.id, "text": reply.message.text.0});
            (reply.ticket, vec![("reply.written", json!({"message": message}))])
        }
        ConversationEvent::ReplyHeld(reply) => {
            let message = json!({"id": reply.message.id, "held": reply.hold.why, "until": reply.hold.until});
            (reply.ticket, vec![("reply.held", json!({"message": message}))])
        }
        ConversationEvent::ReplyReleased { ticket, message } => {
            (*ticket, vec![("reply.written", json!({"message": {"id": message}}))])
        }
        ConversationEvent::ReplyHeldBack { ticket, message, because } => {
            let told = json!({"message": {"id": message}, "because": because});
            (*ticket, vec![("reply.held_back", told)])
        }
        ConversationEvent::ReplyRejected { ticket, message, .. } => {
            (*ticket, vec![("reply.rejected", json!({"message": {"id": message}, "by": event.by}))])
        }
        ConversationEvent::PeopleMentioned { ticket, note, mentions } => {
            let told = json!({"note": note, "by": event.by, "mentions": mentions});
            (*ticket, vec![("note.mentioned", told)])
        }
        ConversationEvent::AssignmentChanged { ticket, agent, team, .. } => {
            (*ticket, vec![("ticket.assigned", json!({"agent": agent, "team": team}))])
        }
        ConversationEvent::StatusChanged { ticket, status, category, .. } => {
            let told =
                json!({"status": status, "category": category, "solved": *category == Category::Solved});
            (*ticket, vec![("ticket.status_changed", told)])
        }
        ConversationEvent::TicketEscalated { ticket, team, .. } => {
            (*ticket, vec![("ticket.escalated", json!({"team": team}))])
        }
        ConversationEvent::NoticeRaised { ticket, notice, text } => {
            let told = json!({"notice": notice, "text": text, "by": event.by});
            (*ticket, vec![("notice.raised", told)])
        }
        ConversationEvent::TicketWoken { ticket, .. } => (*ticket, vec![("ticket.woken", json!({}))]),
        ConversationEvent::TicketReturned { ticket, issue } => {
            (*ticket, vec![("ticket.returned", json!({"issue": issue}))])
        }
        ConversationEvent::TicketValidated { ticket, accepted, reason } => {
            (*ticket, vec![("ticket.validated", json!({"accepted": accepted, "reason": reason}))])
        }
        ConversationEvent::TicketMerged { ticket, into, .. } => {
            (*ticket, vec![("ticket.merged", json!({"into": into}))])
        }
        ConversationEvent::TicketUnmerged { ticket, from, superseded_by, .. } => {
            (*ticket, vec![("ticket.unmerged", json!({"from": from, "superseded_by": superseded_by}))])
        }
        ConversationEvent::NoticeSent { ticket, instance, threshold, to, folded } => {
            let kind = match Threshold::parse(threshold) {
                Some(Threshold::Breach) => "sla.breached",
                Some(Threshold::Step(_)) => "sla.escalated",
                Some(Threshold::Warn(_)) | None => "sla.warned",
            };
            let told = json!({"target": instance, "threshold": threshold, "to": to, "folded": folded});
            (*ticket, vec![(kind, told)])
        }
        ConversationEvent::BreachExcused { ticket, instance, reason } => {
            (*ticket, vec![("sla.excused", json!({"target": instance, "by": event.by, "reason": reason}))])
        }
        _ => return Vec::new(),
    };
    let (Some(party), Some(ticket)) = (&state.party, state.ticket(ordinal)) else { return Vec::new() };
    let id = ids::ticket(name, ordinal);
    let item = view::item(&id, party, ticket);
    let about = About {
        channel: party.channel.clone(),
        priority: Some(ticket.priority),
        queue: ticket.queue.clone(),
        tags: ticket.tags.iter().cloned().collect(),
    };
    told.into_iter()
        .map(|(kind, more)| {
            let mut data = Map::from_iter([("ticket".to_owned(), Value::Object(item.clone()))]);
            if let Value::Object(more) = more {
                data.extend(more);
            }
            let body = json!({"type": kind, "timestamp": view::rfc3339(event.at), "data": data});
            let event = format!("{name}/{}/{kind}", event.id);
            Notification { kind, event, ticket: Some(id.clone()), about: about.clone(), body, key: None }
        })
        .collect()
}

fn of_survey(name: &str, state: &SurveyState, event: &Event<SurveyEvent>) -> Option<Notification> {
    let SurveyEvent::SurveyAnswered { score, comment, .. } = &event.data else { return None };
    let issued = state.issued.as_ref()?;
    let data = json!({
        "ticket": {"id": issued.ticket, "number": issued.number, "queue": issued.queue, "channel": issued.channel,
            "assignee": issued.agent},
        "score": score, "comment": comment.as_ref().map(|c| &c.0), "agent": issued.agent,
    });
    let kind = "rating.received";
    Some(Notification {
        kind,
        event: format!("{name}/{}/{kind}", event.id),
        ticket: Some(issued.ticket.clone()),
        about: About { channel: issued.channel.clone(), queue: issued.queue.clone(), ..About::default() },
        body: json!({"type": kind, "timestamp": view::rfc3339(event.at), "data": data}),
        key: None,
    })
}

fn of_account(name: &str, event: &Event<AccountEvent>) -> Option<Notification> {
    let (kind, channel, account, since) = match &event.data {
        AccountEvent::WentSilent { channel, account, since } => ("account.silent", channel, account, since),
        AccountEvent::HeardAgain { channel, account, since } => ("account.heard", channel, account, since),
        _ => return None,
    };
    let data = json!({"channel": channel, "account": account, "silent_since": view::rfc3339(*since)});
    Some(Notification {
        kind,
        event: format!("{name}/{}/{kind}", event.id),
        ticket: None,
        about: About { channel: channel.clone(), ..About::default() },
        body: json!({"type": kind, "timestamp": view::rfc3339(event.at), "data": data}),
        key: None,
    })
}
