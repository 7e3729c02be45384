//! From changed conversations to postings.

use super::{Puts, WORDS, empty, index, segment_of};
use crate::follow::Followed;
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{FeedEntry, Fold, Kind, StreamId};
use std::collections::BTreeMap;

/// Feed entries handled at once.
const BATCH: usize = 64;

/// Follows the feed by at most `limit` entries. May run at any time, several times at once.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn follow<S: Store>(context: &DeskContext<S>, limit: usize) -> Result<Followed, Problem> {
    let words = Kind::new(WORDS).map_err(|_| Problem::unavailable("a projection could not be named"))?;
    begin(context).await?;
    let mut cursor = context.journal.load_cursor(&context.desk, &words).await?;
    let mut followed = Followed::default();
    while followed.entries < limit {
        let before = cursor.clone();
        let page = context.journal.read_feed(&context.desk, &mut cursor, BATCH, context.now).await?;
        if page.entries.is_empty() && cursor == before {
            followed.more = false;
            break;
        }
        let said = try_join_all(page.entries.iter().map(|entry| said(context, entry))).await?;
        let mut since: BTreeMap<StreamId, DateTime<Utc>> = BTreeMap::new();
        for (stream, at) in said.into_iter().flatten() {
            since.entry(stream).and_modify(|known| *known = at.min(*known)).or_insert(at);
        }
        puts(context, since).await?.write(context).await?;
        context.journal.save_cursor(&context.desk, &words, &cursor).await?;
        followed.entries += page.entries.len();
        followed.more = page.behind > 0;
        if !followed.more {
            break;
        }
    }
    Ok(followed)
}

/// A desk that has tickets and no index yet gets one: all that is there is indexed bit by bit.
async fn begin<S: Store>(context: &DeskContext<S>) -> Result<(), Problem> {
    let loaded = index(context).await?;
    if !loaded.is_new() {
        return Ok(());
    }
    match context.newest_ticket_number().await? {
        0 => Ok(()),
        newest => empty(context, &loaded, (0..=segment_of(newest)).collect()).await,
    }
}

/// The conversation of a feed entry, and since when something new is said in it. None: nothing is.
async fn said<S: Store>(
    context: &DeskContext<S>,
    entry: &FeedEntry,
) -> Result<Option<(StreamId, DateTime<Utc>)>, Problem> {
    if entry.stream.kind().as_str() != Conversation::KIND {
        return Ok(None);
    }
    let events = context.journal.read_slot::<Conversation>(&entry.stream, entry.slot).await?;
    let at = events.iter().filter(|event| says(&event.data)).map(|event| event.at).min();
    Ok(at.map(|at| (entry.stream.clone(), at)))
}

/// Whether an event may change what its tickets are found by.
fn says(event: &ConversationEvent) -> bool {
    use ConversationEvent as E;
    matches!(
        event,
        E::MessageReceived(_)
            | E::MessageSentElsewhere(_)
            | E::CallReported(_)
            | E::TicketCreated(_)
            | E::ReplyWritten(_)
            | E::NoteWritten { .. }
            | E::FieldsChanged { .. }
            | E::TagsChanged { .. }
            // What was taken back is not found any more.
            | E::EventReceived { means: Some(_), .. }
    )
}

/// The rows of tickets to which something happened since. What an event changes has happened since it was recorded.
async fn puts<S: Store>(
    context: &DeskContext<S>,
    since: BTreeMap<StreamId, DateTime<Utc>>,
) -> Result<Puts, Problem> {
    let mut puts = Puts::begin(context).await?;
    let loaded = since.iter().map(|(stream, at)| async move {
        let (state, events) = context.journal.load_events::<Conversation>(stream, None).await?;
        Ok::<_, Problem>((state, events.len(), *at))
    });
    for (state, events, at) in try_join_all(loaded).await? {
        let revision = u64::try_from(events).unwrap_or(u64::MAX);
        for ticket in state.tickets.iter().filter(|ticket| ticket.updated_at >= at) {
            puts.add(&context.keys, &state, ticket, revision);
        }
    }
    Ok(puts)
}
