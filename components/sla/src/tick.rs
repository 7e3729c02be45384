//! The tick: follow the feed, look at what is due, record each notice once.
//!
//! Ticks may overlap, repeat and come late: see [`notices`]. Work grows with what is due.
//!
//! Calls that write hold up their instance until the store has what they wrote on its disk. Many notices are therefore
//! recorded by many instances at once: each portion is a request of its own to this component.

use crate::reminder;
use futures::future::try_join_all;
use http::StatusCode;
use relevo_edge::api::Kick;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::internal;
use relevo_edge::meter;
use relevo_edge::problem::Problem;
use relevo_projections::agenda::{self, Floors, Work};
use relevo_projections::{assignment, automations, notices, silence};
use serde_json::{Value, json};

/// How often the feed is followed before looking at what is due.
const FOLLOWS: usize = 4;

/// Conversations in one call.
const PER_CALL: usize = 2_000;

/// Conversations in one commit.
const PER_COMMIT: usize = 32;

/// Bulk actions that one call goes on with.
const BULKS_PER_CALL: usize = 4;

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
    let assigned = assignment::run(context).await?;
    go_on(context).await?;
    let report = json!({
        "due": due.streams.len(), "notices": notices, "assigned": assigned, "more": due.more || behind,
    });
    agenda::done(context, Work::Sla, due).await?;
    Ok(report)
}

/// Has bulk actions gone on with that are not finished; those that are not even then are due again.
async fn go_on(context: &DeskContext) -> Result<(), Problem> {
    let due = agenda::due(context, Work::Bulk, BULKS_PER_CALL).await?;
    if !due.streams.is_empty() {
        let work = Kick { desk: context.desk.to_string(), streams: due.streams.clone() };
        let answer = internal::call("desk", "/internal/bulk", &work).await?;
        let unfinished = answer.field("unfinished").filter(|_| answer.status.is_success());
        let failed = || Problem::unavailable("bulk actions could not go on; the next tick does it");
        let unfinished: Vec<String> =
            unfinished.and_then(|names| serde_json::from_value(names).ok()).ok_or_else(failed)?;
        let (mut commit, floors) = (context.commit(), Floors::load(context).await?);
        for name in &unfinished {
            agenda::schedule(&mut commit, &floors, Work::Bulk, name, context.now, context.now)?;
        }
        if !unfinished.is_empty() {
            context.journal.commit(commit).await?;
        }
    }
    agenda::done(context, Work::Bulk, due).await
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
    let recorded = notices::record(context, conversations).await?;
    let desk = context.desk.as_str();
    meter::add(&["notices", desk, "breach"], recorded.breaches);
    meter::add(&["notices", desk, "warning"], recorded.notices - recorded.breaches);
    let reminders = silence::follow(context, &recorded.waiting).await?;
    if !reminders.is_empty() {
        let reminded: Vec<String> = reminders.iter().map(|reminder| reminder.conversation.clone()).collect();
        for one in reminders {
            reminder::write(context, one).await?;
        }
        // What comes after a reminder, and when.
        silence::follow(context, &reminded).await?;
    }
    for owed in automations::settle(context, conversations).await? {
        reminder::owed(context, owed).await?;
    }
    Ok(recorded.notices)
}
