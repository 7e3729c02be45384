//! Legal hold: data that must be kept, by whose word, since when and why.

use crate::erasure;
use relevo_domain::contact::{Contact, ContactEvent, Hold};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_journal::store::Store;

/// Places or lifts a hold on a contact, named by its stream; returns the one that is in force then. Placing it again
/// changes the reason.
///
/// # Errors
/// 404 if there is no such contact, 503 if the store does not answer.
pub async fn set<S: Store>(
    context: &DeskContext<S>,
    contact: &str,
    by: &str,
    id: &str,
    held: bool,
    reason: String,
) -> Result<Option<Hold>, Problem> {
    erasure::load(context, contact).await?;
    let reason = reason.into();
    let data = if held { ContactEvent::HoldPlaced { reason } } else { ContactEvent::HoldLifted { reason } };
    let mut commit = context.commit();
    let mut persons = Persons::new(context, by);
    persons.note(&mut commit, contact, event(id, by, 0, data)?).await?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    let stream = context.stream(Contact::KIND, contact)?;
    Ok(context.journal.load::<Contact>(&stream, context.now).await?.state.hold)
}
