//! The tick: follow the feed, look at what is due, record each notice once.
//!
//! A notice's event id names the target instance and the threshold, so ticks that overlap, repeat or come late
//! record it once. Work grows with what is due.

use futures::future::try_join_all;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::meter;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_projections::agenda::{self, Work};
use relevo_projections::follow;
use serde_json::{Value, json};

/// Feed entries followed before looking at what is due.
const FOLLOW_LIMIT: usize = 2_000;

/// Conversations in one call.
const PER_CALL: usize = 2_000;

/// Conversations in one commit.
const PER_COMMIT: usize = 32;

/// One desk's tick.
pub async fn desk(context: &DeskContext) -> Result<Value, Problem> {
    follow::follow(context, FOLLOW_LIMIT).await?;
    let due = agenda::due(context, Work::Sla, PER_CALL).await?;
    let mut notices = 0;
    for some in due.streams.chunks(PER_COMMIT) {
        notices += notify(context, some).await?;
    }
    let report = json!({"due": due.streams.len(), "notices": notices, "more": due.more});
    agenda::done(context, Work::Sla, due).await?;
    Ok(report)
}

async fn notify(context: &DeskContext, conversations: &[String]) -> Result<usize, Problem> {
    let loaded = try_join_all(conversations.iter().map(|name| async move {
        let stream = context.stream(Conversation::KIND, name)?;
        Ok::<_, Problem>(context.journal.load::<Conversation>(&stream, context.now).await?)
    }))
    .await?;
    let mut commit = context.commit();
    let (mut notices, mut breaches) = (0, 0);
    for conversation in loaded {
        let tickets = &conversation.state.tickets;
        let calendars = context.calendars(tickets.iter().flat_map(|t| t.timeline.pack_versions())).await?;
        let mut events = Vec::new();
        for ticket in tickets {
            for item in ticket.timeline.due_items(&calendars, context.now) {
                let id = format!("{}:{}", item.notice_id(), ticket.ordinal);
                let threshold = item.threshold.to_string();
                breaches += usize::from(threshold == "breach");
                let data = ConversationEvent::NoticeSent {
                    ticket: ticket.ordinal,
                    instance: item.instance,
                    threshold,
                };
                events.push(event(id, "system:sla", 0, data)?);
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
