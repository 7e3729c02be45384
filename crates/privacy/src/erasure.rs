//! Erasing a contact: its keys are destroyed, and the ledger says so.

use crate::ledger;
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::Conversation;
use relevo_domain::erasure::{Cause, KeysDestroyed};
use relevo_domain::index::IndexEvent;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_edge::{identity, ids, people};
use relevo_journal::store::Store;
use relevo_journal::{Fold, KeyId, Loaded};
use relevo_projections::words;
use std::collections::BTreeSet;

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// When, as the contact's stream has it.
    pub at: Option<DateTime<Utc>>,
    /// Data keys that were destroyed by this call; none if it only repeats an earlier one.
    pub keys: usize,
}

/// Erases a contact together with those it was merged with: they are one person. None of them while one is held.
///
/// # Errors
/// As [`erase`].
pub async fn erase_person<S: Store>(
    context: &DeskContext<S>,
    contact: &str,
    by: &str,
    id: &str,
    reason: &str,
) -> Result<Erased, Problem> {
    let person = people::united(context, contact).await?;
    person.members.iter().try_for_each(|(_, member)| refuse_if_held(member))?;
    let mut all = Erased { at: None, keys: 0 };
    for (member, _) in &person.members {
        let erased = erase(context, member, by, id, reason).await?;
        all.at = all.at.max(erased.at);
        all.keys = all.keys.saturating_add(erased.keys);
    }
    Ok(all)
}

/// Erases a contact, named by its stream. The same call again finishes what a first one began.
///
/// Two steps: an event in the contact's stream says that every key there is by then must go, and a second commit
/// destroys the keys and enters them in the ledger. A hold that comes before the event makes it mean nothing; so of a
/// hold and an erasure at once, every reader sees the same one in force.
///
/// # Errors
/// 404 if there is no such contact, 409 while its data are held, 503 if the store does not answer.
pub async fn erase<S: Store>(
    context: &DeskContext<S>,
    contact: &str,
    by: &str,
    id: &str,
    reason: &str,
) -> Result<Erased, Problem> {
    let loaded = load(context, contact).await?;
    refuse_if_held(&loaded.state)?;
    if !loaded.state.keys.is_empty() || loaded.state.erased_at.is_none() {
        let mut commit = context.commit();
        commit.append(&loaded, vec![event(id, by, 0, ContactEvent::Erased)?])?;
        if !commit.is_empty() {
            context.journal.commit(commit).await?;
        }
    }
    let loaded = load(context, contact).await?;
    if !loaded.state.keys.is_empty() {
        refuse_if_held(&loaded.state)?;
    }
    let entry = KeysDestroyed {
        contact: Some(format!("{}{contact}", ids::CONTACT)),
        keys: loaded.state.destroyed.clone(),
        cause: Cause::Request,
        reason: reason.into(),
    };
    let segments = segments(context, &loaded.state).await?;
    let keys = destroy(context, entry, &segments, by).await?;
    Ok(Erased { at: loaded.state.erased_at, keys })
}

/// Destroys those of an entry's keys that still exist, together with those of the segments of the index of words that
/// the tickets are in, and enters them in the ledger. Returns how many there were.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn destroy<S: Store>(
    context: &DeskContext<S>,
    entry: KeysDestroyed,
    segments: &BTreeSet<u64>,
    by: &str,
) -> Result<usize, Problem> {
    let mut existing: Vec<KeyId> = context.journal.existing_keys(&context.desk, &entry.keys).await?;
    if existing.is_empty() {
        return Ok(0);
    }
    let mut commit = context.commit();
    if !segments.is_empty() {
        let index = words::index(context).await?;
        existing.extend(index.state.keys_of(segments));
        let emptied = IndexEvent::Emptied { segments: segments.iter().copied().collect() };
        commit.append(&index, vec![event(format!("emptied.{}", identity::random()?), by, 0, emptied)?])?;
    }
    context.journal.destroy_keys(&mut commit, &existing)?;
    let count = existing.len();
    ledger::enter(context, &mut commit, KeysDestroyed { keys: existing, ..entry }, by).await?;
    context.journal.commit(commit).await?;
    Ok(count)
}

/// The segments of the index of words that a contact's tickets are in.
async fn segments<S: Store>(context: &DeskContext<S>, contact: &Contact) -> Result<BTreeSet<u64>, Problem> {
    let loads = contact.conversations.iter().map(|name| async move {
        let stream = context.stream(Conversation::KIND, name)?;
        Ok::<_, Problem>(context.journal.load::<Conversation>(&stream, context.now).await?.state.tickets)
    });
    let tickets = try_join_all(loads).await?.into_iter().flatten();
    Ok(tickets.map(|ticket| words::segment_of(ticket.number)).collect())
}

/// A contact that is there.
///
/// # Errors
/// 404 if there is none.
pub async fn load<S: Store>(context: &DeskContext<S>, contact: &str) -> Result<Loaded<Contact>, Problem> {
    let stream = context.stream(Contact::KIND, contact)?;
    let loaded = context.journal.load::<Contact>(&stream, context.now).await?;
    if loaded.is_new() {
        return Err(Problem::not_found("unknown_contact", "there is no such contact at this desk"));
    }
    Ok(loaded)
}

fn refuse_if_held(contact: &Contact) -> Result<(), Problem> {
    let Some(hold) = &contact.hold else { return Ok(()) };
    let since = hold.at.format("%Y-%m-%d");
    let detail = format!("the contact's data must be kept since {since}; lift the hold before erasing them");
    Err(Problem::new(StatusCode::CONFLICT, "contact_held", detail))
}
