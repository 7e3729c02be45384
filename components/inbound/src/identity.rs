//! One person under several identifiers that the provider vouches for.
//!
//! A WhatsApp user has a telephone number and a business-scoped user id. Which of the two a message carries depends on what
//! the person shows, and both come in one message while both are known. From then on both lead to one conversation, and so
//! to one contact: a document by identifier tells where.
//!
//! - A message that carries a number and an id is placed by the document of the id, if that was noted with this number: one
//!   get. An id that came with another number leads this one nowhere: two numbers are two people, whatever their ids.
//! - A message that carries one of them is placed by it as ever. Only where that would open a ticket is its document
//!   looked up, so that a message on an open ticket costs what it always did.
//! - Where both had a conversation before they were known to be one person, the contacts become one (as by hand, and as
//!   easily undone). An open ticket of either goes on where it is; what is said later is said where the number leads, or
//!   where the id does if only that has an open ticket.

use crate::intake::{BY, Origin};
use crate::portions::Placed;
use futures::future::try_join;
use relevo_channels::reach;
use relevo_domain::contact::ContactEvent;
use relevo_domain::conversation::Conversation;
use relevo_domain::message::{Address, AddressKind};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids::{self, Led};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Fold, Loaded};
use std::collections::BTreeMap;

/// What an item tells of by what its person is known.
#[derive(Default)]
pub struct Identity {
    /// Where identifiers lead from now on, by the name of the conversation that they alone would have.
    pub leads: Vec<(String, Led)>,
    /// Contacts that turn out to be one person: the one that stands for both, and the other.
    pub same: Option<(String, String)>,
    /// By what else the person is known from now on.
    pub addresses: Vec<Address>,
}

/// The conversation of a message by which the provider vouches for two identifiers of one person; none: it is no such
/// message.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn of_message(
    context: &DeskContext,
    origin: Origin<'_>,
    from: &Address,
    further: &[Address],
) -> Result<Option<(String, Identity)>, Problem> {
    let user = further.iter().find(|address| address.kind == AddressKind::User);
    let (true, AddressKind::Phone, Some(user)) = (reach::vouches(origin.channel), from.kind, user) else {
        return Ok(None);
    };
    let name = |address| ids::conversation(&context.keys, origin.channel, origin.account, address);
    let (by_number, by_user) = (name(from), name(user));
    let noted = context.journal.get_doc::<Led>(&context.doc(ids::LED, &by_user)?).await?;
    if let Some(led) = noted.as_ref().filter(|led| led.with.as_ref() == Some(&by_number)) {
        return Ok(Some((led.conversation.clone(), Identity::default())));
    }
    let anothers = noted.is_some_and(|led| led.with.is_some());
    let (one, other) = try_join(load(context, &by_number), load(context, &by_user)).await?;
    let number_led = match one.state.current() {
        Some(_) => None,
        None => led(context, &by_number).await?,
    };
    let (conversation, same) = match (one.is_new(), anothers || other.is_new()) {
        (false, false) if one.state.current().is_none() && other.state.current().is_some() => {
            (by_user.clone(), both(&one, &other))
        }
        (false, false) => (by_number.clone(), both(&one, &other)),
        (true, false) => (number_led.unwrap_or_else(|| by_user.clone()), None),
        _ => (number_led.unwrap_or_else(|| by_number.clone()), None),
    };
    let to = |with: Option<&String>| Led { conversation: conversation.clone(), with: with.cloned() };
    let mut leads = vec![(by_user, to(Some(&by_number)))];
    if conversation != by_number {
        leads.push((by_number, to(None)));
    }
    Ok(Some((conversation, Identity { leads, same, addresses: vec![user.clone()] })))
}

/// The conversation of somebody who is known by other identifiers from now on.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn of_renamed(
    context: &DeskContext,
    origin: Origin<'_>,
    from: &Address,
    to: &[Address],
) -> Result<(String, Identity), Problem> {
    let name = |address| ids::conversation(&context.keys, origin.channel, origin.account, address);
    let before = name(from);
    let noted = context.journal.get_doc::<Led>(&context.doc(ids::LED, &before)?).await?;
    let mut conversation = noted.as_ref().map_or_else(|| before.clone(), |led| led.conversation.clone());
    if noted.is_none() && load(context, &before).await?.is_new() {
        // Not known by the old identifier: by one that stays, perhaps.
        for other in to.iter().map(name) {
            let other = led(context, &other).await?.unwrap_or(other);
            if !load(context, &other).await?.is_new() {
                conversation = other;
                break;
            }
        }
    }
    // An id counts with its number: the new one, else the one that the old id came with.
    let number = to.iter().find(|address| address.kind == AddressKind::Phone).map(name);
    let own = (from.kind == AddressKind::Phone).then_some(before);
    let with = number.or(own).or_else(|| noted.and_then(|led| led.with));
    let leads = to.iter().map(|address| {
        let with = with.clone().filter(|_| address.kind == AddressKind::User);
        (name(address), Led { conversation: conversation.clone(), with })
    });
    let leads = leads.filter(|(name, led)| *name != conversation || led.with.is_some());
    let identity = Identity { leads: leads.collect(), same: None, addresses: to.to_vec() };
    Ok((conversation, identity))
}

/// The conversation that something is really about which would open a ticket in the one it was placed in, if that is
/// another one.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn follow(
    context: &DeskContext,
    origin: Origin<'_>,
    name: String,
    loaded: Loaded<Conversation>,
) -> Result<(String, Loaded<Conversation>), Problem> {
    if !reach::vouches(origin.channel) || loaded.state.current().is_some() {
        return Ok((name, loaded));
    }
    match led(context, &name).await?.filter(|to| *to != name) {
        Some(to) => {
            let loaded = load(context, &to).await?;
            Ok((to, loaded))
        }
        None => Ok((name, loaded)),
    }
}

/// What one item of a request tells holds for the others.
pub fn spread(mut placed: Vec<Placed>) -> Vec<Placed> {
    let leads = placed.iter().flat_map(|placed| &placed.found.identity.leads);
    let leads: BTreeMap<String, String> =
        leads.map(|(name, led)| (name.clone(), led.conversation.clone())).collect();
    for placed in &mut placed {
        let to = placed.conversation.as_ref().and_then(|name| leads.get(name));
        if let Some(to) = to {
            placed.conversation = Some(to.clone());
        }
    }
    placed
}

/// Items that lead to one conversation by different names.
pub fn gather<T>(groups: Vec<Group<T>>) -> Vec<Group<T>> {
    let mut gathered: Vec<Group<T>> = Vec::new();
    for (conversation, items) in groups {
        let name = conversation.as_ref().map(|(name, _)| name);
        let known = gathered.iter_mut().find(|(known, _)| known.as_ref().map(|(name, _)| name) == name);
        match known {
            Some((_, known)) => known.extend(items),
            None => gathered.push((conversation, items)),
        }
    }
    gathered
}

/// A conversation and what belongs to it.
type Group<T> = (Option<(String, Loaded<Conversation>)>, Vec<T>);

impl Identity {
    /// Notes it in the commit that the item is kept with.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn note<S: Store>(
        self,
        context: &DeskContext,
        persons: &mut Persons<'_, S>,
        commit: &mut Commit,
    ) -> Result<(), Problem> {
        for (name, led) in &self.leads {
            commit.put(&context.doc(ids::LED, name)?, led)?;
        }
        let Some((into, other)) = self.same else { return Ok(()) };
        if persons.contact(&other).await?.state.merged_into.is_some()
            || persons.contact(&into).await?.state.merged_into.as_ref() == Some(&other)
        {
            return Ok(());
        }
        let id = format!("same.{}", context.keys.id("same", &[&into, &other]));
        let merged = event(id.clone(), BY, 0, ContactEvent::Merged { into: into.clone() })?;
        persons.note(commit, &other, merged).await?;
        let absorbed = event(id, BY, 0, ContactEvent::Absorbed { other })?;
        persons.note(commit, &into, absorbed).await
    }
}

/// The contacts of two conversations, if they are two.
fn both(one: &Loaded<Conversation>, other: &Loaded<Conversation>) -> Option<(String, String)> {
    let contact = |loaded: &Loaded<Conversation>| {
        let contact = &loaded.state.party.as_ref()?.contact;
        contact.strip_prefix(ids::CONTACT).map(str::to_owned)
    };
    contact(one).zip(contact(other)).filter(|(one, other)| one != other)
}

async fn led(context: &DeskContext, name: &str) -> Result<Option<String>, Problem> {
    let led = context.journal.get_doc::<Led>(&context.doc(ids::LED, name)?).await?;
    Ok(led.map(|led| led.conversation))
}

async fn load(context: &DeskContext, name: &str) -> Result<Loaded<Conversation>, Problem> {
    Ok(context.journal.load::<Conversation>(&context.stream(Conversation::KIND, name)?, context.now).await?)
}
