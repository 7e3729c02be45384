//! Legal hold: data that must be kept, by whose word, since when and why.

use crate::erasure;
use relevo_domain::contact::{Contact, ContactEvent, Hold};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::identity::Identity;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_journal::store::Store;

/// Places or lifts a hold on a contact, named by its stream; returns the one that is in force then. Placing it again
/// changes the reason.
///
/// # Errors
/// 404 if there is no such contact, 409 if the call's key came with another body, 503 if the store does not answer.
pub async fn set<S: Store>(
    context: &DeskContext<S>,
    contact: &str,
    by: &str,
    identity: &Identity,
    held: bool,
    reason: String,
) -> Result<Option<Hold>, Problem> {
    erasure::load(context, contact).await?;
    let reason = reason.into();
    let data = if held { ContactEvent::HoldPlaced { reason } } else { ContactEvent::HoldLifted { reason } };
    let mut commit = context.commit();
    let stream = context.stream(Contact::KIND, contact)?;
    let before = context.journal.load::<Contact>(&stream, context.now).await?;
    if identity.repeats(&before)? {
        return Ok(before.state.hold);
    }
    let mut persons = Persons::new(context, by);
    persons.note(&mut commit, contact, event(&identity.id, by, identity.tag, data)?).await?;
    context.journal.commit(commit).await?;
    let after = context.journal.load::<Contact>(&stream, context.now).await?;
    identity.repeats(&after)?;
    Ok(after.state.hold)
}
