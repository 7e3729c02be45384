//! Postings held against the conversations that they were made of.

use super::{PARTS, index, rows, segment_of, table};
use futures::future::try_join_all;
use relevo_domain::conversation::Conversation;
use relevo_domain::index::WordsRow;
use relevo_domain::table::Row;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::StreamId;
use relevo_journal::store::Store;
use std::collections::BTreeSet;

/// Counts the postings of some conversations, and says which are not what their conversation gives. Segments that wait
/// for being indexed are passed over; and so is everything where nothing can be opened.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn postings<S: Store>(
    context: &DeskContext<S>,
    streams: &BTreeSet<StreamId>,
) -> Result<(u64, Vec<String>), Problem> {
    let (mut count, mut differences) = (0_u64, Vec::new());
    if context.journal.desk_key().is_err() {
        return Ok((count, differences));
    }
    let index = index(context).await?.state;
    let loads = streams.iter().map(|stream| async move {
        Ok::<_, Problem>(context.journal.load_events::<Conversation>(stream, None).await?.0)
    });
    for state in try_join_all(loads).await? {
        for ticket in state.tickets.iter().filter(|_| state.party.is_some()) {
            let place = segment_of(ticket.number);
            let key = index.segments.get(&place).filter(|known| !known.waits).map(|known| known.keys.first());
            let expected = rows(&context.keys, &state, ticket);
            let Some(key) = key else {
                if !expected.is_empty() && !index.segments.contains_key(&place) {
                    differences.push(format!("{}: {} has no postings", WordsRow::KIND, ticket.number));
                }
                continue;
            };
            for part in 0..PARTS {
                let served = match key {
                    Some(key) => table(context, place, part, key).await?.state,
                    None => Default::default(),
                };
                count = count.saturating_add(1);
                if served.get(&ticket.number.to_string()) != expected.get(&part) {
                    differences.push(format!(
                        "{} {}: part {part} is not what its conversation gives",
                        WordsRow::KIND,
                        ticket.number
                    ));
                }
            }
        }
    }
    Ok((count, differences))
}
