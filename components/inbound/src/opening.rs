//! What a ticket that opens begins with, beside what was written.

use relevo_domain::conversation::ConversationEvent;
use relevo_domain::conversation::enrich::{Known, enrich};
use relevo_domain::message::Address;
use relevo_edge::app::{DeskContext, PublishedPack};
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;

/// Fills the fields of the ticket that an event opens. Asked of the store only where the pack fills from there.
pub async fn complete<S: Store>(
    _context: &DeskContext<S>,
    pack: &PublishedPack,
    event: &mut ConversationEvent,
    _from: &Address,
) -> Result<(), Problem> {
    enrich(event, pack.published(), &Known::default());
    Ok(())
}
