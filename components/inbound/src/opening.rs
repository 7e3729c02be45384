//! What a ticket that opens begins with, beside what was written.

use relevo_domain::conversation::ConversationEvent;
use relevo_domain::conversation::enrich::enrich;
use relevo_domain::message::Address;
use relevo_edge::app::{DeskContext, PublishedPack};
use relevo_edge::directory;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;

/// Fills the fields of the ticket that an event opens. The directory is asked where the pack fills from it.
pub async fn complete<S: Store>(
    context: &DeskContext<S>,
    persons: &mut Persons<'_, S>,
    pack: &PublishedPack,
    event: &mut ConversationEvent,
    (channel, from): (&str, &Address),
) -> Result<(), Problem> {
    let known = directory::known(context, persons, pack, channel, from).await?;
    enrich(event, pack.published(), &known, false, context.now);
    Ok(())
}
