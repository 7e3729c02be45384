//! Indexing segments anew, a few tickets at each call.

use super::{BY, PARTS, Puts, WORDS, index, numbers_of, segment_of, stream_of};
use crate::shards;
use futures::future::try_join_all;
use relevo_domain::conversation::Conversation;
use relevo_domain::index::{IndexEvent, Segment};
use relevo_domain::rows::TicketRow;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_journal::store::Store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Conversations read at once.
const AT_ONCE: usize = 16;

/// How far a segment has come. A stale one that is written back only makes tickets be read again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    segment: u64,
    /// How often it had been emptied: once more, and it begins again.
    emptied: u32,
    /// The first number that was not looked at.
    next: u64,
}

/// Goes on with the newest segment that waits, by `shards` hundreds of tickets. Returns whether more is to be done.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn fill<S: Store>(context: &DeskContext<S>, shards: usize) -> Result<bool, Problem> {
    let loaded = index(context).await?;
    let Some((place, segment)) = loaded.state.waiting().next() else { return Ok(false) };
    let (first, end) = numbers_of(place);
    let doc = context.doc("index", WORDS)?;
    let known: Progress = context.journal.get_doc(&doc).await?.unwrap_or_default();
    let goes_on = known.segment == place && known.emptied == segment.emptied;
    let mut next = if goes_on { known.next } else { first };
    let end = end.min(context.newest_ticket_number().await?.saturating_add(1));
    for _ in 0..shards {
        if next >= end {
            break;
        }
        let shard = shards::by_number(next);
        tickets(context, &shard, place).await?;
        next = shards::end_number(&shard).unwrap_or(end);
        let progress = Progress { segment: place, emptied: segment.emptied, next };
        context.journal.put_doc(&doc, &progress).await?;
    }
    if next >= end {
        done(context, place, segment).await?;
    }
    Ok(next < end || loaded.state.waiting().nth(1).is_some())
}

/// Indexes the tickets of one shard.
async fn tickets<S: Store>(context: &DeskContext<S>, shard: &str, segment: u64) -> Result<(), Problem> {
    let table = shards::load::<TicketRow, S>(context, shard).await?;
    let names: BTreeSet<&str> = table.state.rows().map(|(_, row)| row.conversation.as_str()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    for some in names.chunks(AT_ONCE) {
        let mut puts = Puts::begin(context).await?;
        let loads = some.iter().map(|name| async move {
            let stream = context.stream(Conversation::KIND, name)?;
            Ok::<_, Problem>(context.journal.load_events::<Conversation>(&stream, None).await?)
        });
        for (state, events) in try_join_all(loads).await? {
            let revision = u64::try_from(events.len()).unwrap_or(u64::MAX);
            for ticket in state.tickets.iter().filter(|ticket| segment_of(ticket.number) == segment) {
                puts.add(&context.keys, &state, ticket, revision);
            }
        }
        puts.write(context).await?;
    }
    Ok(())
}

/// What was there before is removed, and the segment is whole again.
async fn done<S: Store>(context: &DeskContext<S>, place: u64, segment: &Segment) -> Result<(), Problem> {
    let left = context.journal.existing_keys(&context.desk, &segment.gone).await?;
    if !left.is_empty() {
        let mut commit = context.commit();
        context.journal.destroy_keys(&mut commit, &left)?;
        context.journal.commit(commit).await?;
    }
    for key in &segment.gone {
        for part in 0..PARTS {
            let stream = stream_of(context, place, part, key)?;
            while context.journal.discard_stream(&stream).await? {}
        }
    }
    let loaded = index(context).await?;
    let mut commit = context.commit();
    let filled = IndexEvent::Filled { segment: place, emptied: segment.emptied };
    commit.append(&loaded, vec![event(format!("filled.{place}.{}", segment.emptied), BY, 0, filled)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(())
}
