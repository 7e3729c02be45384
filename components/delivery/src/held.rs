//! Replies that were held until now: let go, or held back for another look.

use crate::queue::later;
use crate::record::BY;
use crate::send;
use chrono::Duration;
use relevo_domain::conversation::{Conversation, ConversationEvent, held};
use relevo_domain::outbox::{Entry, Outbox, OutboxEvent, Status};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_edge::{clock, ids, internal, outgoing, trace};
use relevo_journal::{Commit, Fold, Loaded};
use relevo_projections::answers;

/// Lets a reply go whose time has come: its entry as it then is; none if it does not go now.
pub async fn let_go(
    context: &DeskContext,
    name: &str,
    before: &Loaded<Outbox>,
    entry: &Entry,
) -> Result<Option<Loaded<Outbox>>, Problem> {
    let (Some((conversation, message)), Some(ticket)) = (&entry.message, &entry.ticket) else {
        return Ok(None);
    };
    let (_, ordinal) = ids::parse_ticket(ticket)?;
    let stream = context.stream(Conversation::KIND, conversation)?;
    // What was due before goes before: where somebody else is at it, a moment later.
    let state = context.journal.load::<Conversation>(&stream, clock::now()).await?.state;
    let now = clock::now();
    if held::goes_before(&state, name, now).next().is_some() {
        later(context, &[name.to_owned()], now + Duration::seconds(1)).await?;
        return Ok(None);
    }
    // Whoever takes it back has claimed the attempt before.
    let Some(attempt) = send::claim(context, name, before.state.attempts.saturating_add(1)).await? else {
        return Ok(None);
    };
    let now = clock::now();
    let loaded = context.journal.load::<Conversation>(&stream, now).await?;
    let outbox = context.journal.load::<Outbox>(before.stream(), now).await?;
    if outbox.state.status != Status::Held {
        return Ok(None);
    }
    let pack = context.pack().await?;
    let erased = match held::held(&loaded.state, ordinal, message) {
        Ok(reply) => outgoing::was_erased_since(context, &loaded.state, reply.at).await?,
        Err(_) => false,
    };
    let events = match erased {
        true => vec![ConversationEvent::ReplyCancelled { ticket: ordinal, message: message.clone() }],
        // None if it is not held any more: whoever saw to that has died before the entry was told.
        false => held::due(&loaded.state, pack.published(), ordinal, message).unwrap_or_default(),
    };
    let solves = events.iter().any(|event| matches!(event, ConversationEvent::StatusChanged { .. }));
    let goes = events.iter().any(|event| matches!(event, ConversationEvent::ReplyReleased { .. }));
    let gone = match (goes, erased) {
        (true, _) => OutboxEvent::Released { attempt, at: None },
        (false, true) => OutboxEvent::Cancelled { attempt },
        (false, false) => OutboxEvent::HeldBack { attempt },
    };
    let mut commit = Commit::new(context.desk.clone(), now);
    commit.trace(trace::parent());
    answers::note(context, &mut commit, &pack, (&loaded, &events, BY), now).await?;
    let named: Result<Vec<_>, Problem> = events
        .into_iter()
        .enumerate()
        .map(|(n, data)| event(format!("let-go.{name}.{attempt}.{n}"), BY, 0, data))
        .collect();
    commit.append(&loaded, named?)?;
    commit.append(&outbox, vec![event(format!("let-go.{attempt}"), BY, 0, gone)?])?;
    context.journal.commit(commit).await?;
    if solves {
        internal::decide_survey(&context.desk, conversation);
    }
    // What an append returns is for the same commit; the attempt is noted in one of its own.
    match goes {
        true => Ok(Some(context.journal.load::<Outbox>(before.stream(), clock::now()).await?)),
        false => Ok(None),
    }
}
