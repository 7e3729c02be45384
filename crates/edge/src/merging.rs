//! Merged tickets across conversations: who went up in one of another conversation has it told what is said on their own.
//!
//! Usually that is part of the commit that the message is kept with. When a message and a merge were written at the same
//! time, whoever looks next does it: the one who merged, once that is done, or a projector. Everything told is named by
//! what it says, so it counts once.

use crate::app::{DeskContext, PublishedPack, event};
use crate::ids;
use crate::problem::Problem;
use relevo_domain::category::Category;
use relevo_domain::conversation::decide::status_id;
use relevo_domain::conversation::{Conversation, ConversationEvent, Said, TicketRef, merge};
use relevo_journal::store::Store;
use relevo_journal::{Commit, Fold, Loaded};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Who tells.
const BY: &str = "system:merge";

/// Conversations of one commit, by stream name, each as it is with what the commit appends to it.
pub type Conversations = BTreeMap<String, Loaded<Conversation>>;

/// A ticket by conversation and ordinal.
type Ticket = (String, u32);

/// Tells, in the same commit, what the tickets of these conversations have not told yet, as far as it has to go. Tickets
/// that turn out to be merged in a circle are opened: the one that was merged last comes out, and its history says why.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn tell<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    conversations: &mut Conversations,
) -> Result<(), Problem> {
    let mut told = BTreeSet::new();
    while let Some((from, said)) = untold(conversations, &told) {
        if open_circle(context, commit, conversations, &from).await? {
            continue;
        }
        told.insert((from.clone(), said.clone()));
        tell_one(context, commit, conversations, &from, said).await?;
    }
    Ok(())
}

/// Brings a conversation in order after something was merged, or was said while it was.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn settle<S: Store>(context: &DeskContext<S>, conversation: &str) -> Result<(), Problem> {
    let mut commit = context.commit();
    let mut conversations = Conversations::new();
    let loaded = load(context, &mut conversations, conversation).await?;
    let merged = loaded.state.tickets.iter().filter(|ticket| ticket.merged.is_some());
    let merged: Vec<u32> = merged.map(|ticket| ticket.ordinal).collect();
    for ordinal in merged {
        open_circle(context, &mut commit, &mut conversations, &(conversation.to_owned(), ordinal)).await?;
    }
    tell(context, &mut commit, &mut conversations).await?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(())
}

/// Something that was not told yet, and by whom.
fn untold(conversations: &Conversations, told: &BTreeSet<(Ticket, Said)>) -> Option<(Ticket, Said)> {
    let waiting = conversations.iter().flat_map(|(name, loaded)| {
        loaded.state.untold().flat_map(move |(ticket, merged)| {
            merged.untold.iter().map(move |said| ((name.clone(), ticket.ordinal), said.clone()))
        })
    });
    waiting.into_iter().find(|waiting| !told.contains(waiting))
}

async fn tell_one<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    conversations: &mut Conversations,
    (from, ordinal): &Ticket,
    said: Said,
) -> Result<(), Problem> {
    let pack = context.pack().await?;
    let id = ids::ticket(from, *ordinal);
    let name = context.keys.id("told", &[&id, &said.id]);
    if let Some((target, place)) = next(conversations, &(from.clone(), *ordinal)) {
        let heard = ConversationEvent::MergedHeard {
            ticket: place,
            from: id,
            said: said.clone(),
            open_status: open_status(&pack),
        };
        append(context, commit, conversations, &target, format!("heard.{name}"), heard).await?;
    }
    let told = ConversationEvent::MergedTold { ticket: *ordinal, said };
    append(context, commit, conversations, from, format!("told.{name}"), told).await
}

/// Takes the ticket of a circle out of it that was merged last (at the same moment: the oldest), if the ticket is in one.
async fn open_circle<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    conversations: &mut Conversations,
    ticket: &Ticket,
) -> Result<bool, Problem> {
    let mut way = vec![ticket.clone()];
    while let Some(next) = way.last().and_then(|last| next(conversations, last)) {
        if next == *ticket {
            break;
        }
        if way.contains(&next) {
            return Ok(false);
        }
        load(context, conversations, &next.0).await?;
        way.push(next);
    }
    if way.last().and_then(|last| next(conversations, last)).is_none() {
        return Ok(false);
    }
    let merged_at = |(name, ordinal): &Ticket| {
        let ticket = conversations.get(name)?.state.ticket(*ordinal)?;
        Some((ticket.merged.as_ref()?.at, Reverse(ticket.number)))
    };
    let Some((name, ordinal)) = way.iter().max_by_key(|ticket| merged_at(ticket)).cloned() else {
        return Ok(false);
    };
    let earlier = way.iter().find(|other| next(conversations, other) == Some((name.clone(), ordinal)));
    let earlier = earlier.and_then(|(name, ordinal)| {
        let number = conversations.get(name)?.state.ticket(*ordinal)?.number;
        Some(TicketRef { id: ids::ticket(name, *ordinal), number })
    });
    let pack = context.pack().await?;
    let target = next(conversations, &(name.clone(), ordinal));
    let (Some(loaded), Some(earlier)) = (conversations.get(&name), earlier) else { return Ok(false) };
    let Ok(out) = merge::supersede(&loaded.state, ordinal, &pack.pack, earlier) else { return Ok(false) };
    let id = ids::ticket(&name, ordinal);
    let at = loaded.state.ticket(ordinal).and_then(|t| Some(t.merged.as_ref()?.at.timestamp_micros()));
    let circle = context.keys.id("circle", &[&id, &at.unwrap_or_default().to_string()]);
    append(context, commit, conversations, &name, format!("circle.{circle}"), out).await?;
    if let Some((target, place)) = target {
        let release = merge::release(place, &id);
        append(context, commit, conversations, &target, format!("circle.{circle}.out"), release).await?;
    }
    Ok(true)
}

/// Where a ticket went.
fn next(conversations: &Conversations, (name, ordinal): &Ticket) -> Option<Ticket> {
    let merged = conversations.get(name)?.state.ticket(*ordinal)?.merged.as_deref()?;
    let (name, ordinal) = ids::parse_ticket(&merged.into.id).ok()?;
    Some((name.to_owned(), ordinal))
}

fn open_status(pack: &PublishedPack) -> String {
    status_id(&pack.pack, Category::Open)
}

/// A conversation of these, loaded if it is not among them.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn load<'a, S: Store>(
    context: &DeskContext<S>,
    conversations: &'a mut Conversations,
    name: &str,
) -> Result<&'a mut Loaded<Conversation>, Problem> {
    if !conversations.contains_key(name) {
        let stream = context.stream(Conversation::KIND, name)?;
        let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        conversations.insert(name.to_owned(), loaded);
    }
    conversations.get_mut(name).ok_or_else(|| Problem::unavailable("a conversation could not be loaded"))
}

/// Appends to a conversation, and keeps it as it then is.
async fn append<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    conversations: &mut Conversations,
    name: &str,
    id: String,
    data: ConversationEvent,
) -> Result<(), Problem> {
    let loaded = load(context, conversations, name).await?;
    *loaded = commit.append(loaded, vec![event(id, BY, 0, data)?])?;
    Ok(())
}
