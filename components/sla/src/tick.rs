//! The tick: follow the feed, look at what is due, record each notice once.
//!
//! A notice's event id names the target instance and the threshold, so ticks that overlap, repeat or come late
//! record it once. Work grows with what is due.
//!
//! Calls that write hold up their instance until the store has what they wrote on its disk. Many notices are therefore
//! recorded by many instances at once: each portion is a request of its own to this component.

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::conversation::{Conversation, ConversationEvent, Ticket};
use relevo_domain::sla::{DueItem, Duty, Owner, Threshold};
use relevo_edge::api::Kick;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::internal;
use relevo_edge::meter;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_projections::agenda::{self, Work};
use serde_json::{Value, json};

/// How often the feed is followed before looking at what is due.
const FOLLOWS: usize = 4;

/// Conversations in one call.
const PER_CALL: usize = 2_000;

/// Conversations in one commit.
const PER_COMMIT: usize = 32;

/// Portions that are worked on at once.
const PORTIONS_AT_ONCE: usize = 16;

/// One desk's tick.
pub async fn desk(context: &DeskContext) -> Result<Value, Problem> {
    let mut behind = true;
    for _ in 0..FOLLOWS {
        behind = internal::follow(context.desk.as_str()).await?;
        if !behind {
            break;
        }
    }
    let due = agenda::due(context, Work::Sla, PER_CALL).await?;
    let mut notices = 0;
    for some in due.streams.chunks(PER_COMMIT * PORTIONS_AT_ONCE) {
        let portions = some.chunks(PER_COMMIT).map(|portion| async move {
            if some.len() <= PER_COMMIT {
                notify(context, portion).await
            } else {
                elsewhere(context, portion).await
            }
        });
        notices += try_join_all(portions).await?.into_iter().sum::<usize>();
    }
    let report = json!({"due": due.streams.len(), "notices": notices, "more": due.more || behind});
    agenda::done(context, Work::Sla, due).await?;
    Ok(report)
}

/// Has a portion done by another instance.
async fn elsewhere(context: &DeskContext, conversations: &[String]) -> Result<usize, Problem> {
    let work = Kick { desk: context.desk.to_string(), streams: conversations.to_vec() };
    let answer = internal::call("sla", "/internal/notices", &work).await?;
    let notices =
        answer.field("notices").filter(|_| answer.status.is_success()).as_ref().and_then(Value::as_u64);
    let failed = || Problem::unavailable("notices could not be recorded; the next tick does it");
    notices.and_then(|notices| usize::try_from(notices).ok()).ok_or_else(failed)
}

/// `POST /internal/notices`: a portion of a tick.
pub async fn portion(request: &Incoming) -> Result<Response, Problem> {
    let work: Kick = request.json()?;
    let context = DeskContext::open(&work.desk).await?;
    let notices = notify(&context, &work.streams).await?;
    Ok(json(StatusCode::OK, &json!({"notices": notices})))
}

async fn notify(context: &DeskContext, conversations: &[String]) -> Result<usize, Problem> {
    let loaded = try_join_all(conversations.iter().map(|name| async move {
        let stream = context.stream(Conversation::KIND, name)?;
        Ok::<_, Problem>(context.journal.load::<Conversation>(&stream, context.now).await?)
    }))
    .await?;
    let pack = context.pack().await?;
    let named = |name: &str| pack.calendar(name);
    let duty = Duty { people: &pack.pack.people, calendars: &named };
    let mut commit = context.commit();
    let (mut notices, mut breaches) = (0, 0);
    for conversation in loaded {
        let tickets = &conversation.state.tickets;
        let calendars = context.calendars(tickets.iter().flat_map(|t| t.timeline.pack_versions())).await?;
        let mut events = Vec::new();
        for ticket in tickets {
            for item in ticket.timeline.due_items(&calendars, context.now) {
                let id = format!("{}:{}", item.notice_id(), ticket.ordinal);
                breaches += usize::from(item.threshold == Threshold::Breach);
                events.push(event(id, "system:sla", 0, notice(ticket, item, duty, context.now))?);
            }
        }
        notices += events.len();
        if !events.is_empty() {
            commit.append(&conversation, events)?;
        }
    }
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    meter::add(&["notices", context.desk.as_str(), "breach"], breaches);
    meter::add(&["notices", context.desk.as_str(), "warning"], notices - breaches);
    Ok(notices)
}

/// Who is told is decided when it is told: by the shifts of that moment.
fn notice(ticket: &Ticket, item: DueItem, duty: Duty<'_>, now: DateTime<Utc>) -> ConversationEvent {
    let owner = Owner { agent: ticket.agent.as_deref(), team: ticket.team.as_deref() };
    ConversationEvent::NoticeSent {
        ticket: ticket.ordinal,
        threshold: item.threshold.to_string(),
        to: duty.told(&item.to, owner, now),
        folded: item.folded.iter().map(ToString::to_string).collect(),
        instance: item.instance,
    }
}
