//! Whose personal values are sealed under which data key.
//!
//! A data key is for what one contact says in one conversation. It is made by the message that opens a ticket there, when
//! there is none or the newest is older than [`KEY_DAYS`], written with that message in one set-many and enumerated in
//! the contact's stream. So a contact is erased by destroying the keys that its stream names, and an old ticket by
//! destroying the key of its time. What names nobody who is known is sealed under a key of the channel account, one a
//! month; what is the desk's own under the desk's key.

use crate::app::{DeskContext, event};
use crate::keys;
use crate::problem::Problem;
use chrono::{Datelike, Duration};
use relevo_domain::Private;
use relevo_domain::account::{Account, AccountEvent};
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::Conversation;
use relevo_domain::message::Address;
use relevo_journal::store::Store;
use relevo_journal::{Commit, DataKey, Fold, KeyId, Loaded, NewEvent, private};
use std::collections::BTreeMap;

/// Days after which a new ticket gets a new key. Keys are few, then, and retention reaches old tickets of somebody who
/// still writes.
pub const KEY_DAYS: i64 = 30;

/// The contacts that one commit is about: each is loaded once.
pub struct Persons<'a, S: Store> {
    context: &'a DeskContext<S>,
    by: &'a str,
    loaded: BTreeMap<String, Loaded<Contact>>,
    /// Made for this commit: the store does not have them yet.
    made: Vec<DataKey>,
}

/// Where a contact was met.
#[derive(Clone, Copy)]
pub struct Sighting<'a> {
    /// Stream name of the contact.
    pub contact: &'a str,
    /// Channel slug.
    pub channel: &'a str,
    /// The address as received.
    pub address: &'a Address,
    /// The name as given.
    pub name: Option<&'a Private<String>>,
    /// Stream name of the conversation.
    pub conversation: &'a str,
}

impl<'a, S: Store> Persons<'a, S> {
    /// None yet; `by` is whoever causes the commit.
    pub fn new(context: &'a DeskContext<S>, by: &'a str) -> Self {
        Self { context, by, loaded: BTreeMap::new(), made: Vec::new() }
    }

    /// The data key for what a contact says in a conversation (none: for what belongs to none), and whether it had to be
    /// made. A ticket that opens under an old key gets a new one.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn key(
        &mut self,
        commit: &mut Commit,
        contact: &str,
        conversation: Option<&str>,
        opens_ticket: bool,
    ) -> Result<(DataKey, bool), Problem> {
        let (context, by) = (self.context, self.by);
        let oldest = context.now - Duration::days(KEY_DAYS);
        let loaded = self.contact(contact).await?;
        let known =
            loaded.state.key_for(conversation).filter(|key| !opens_ticket || key.at > oldest).cloned();
        if let Some(key) = self.made.iter().find(|key| known.as_ref().is_some_and(|k| k.id == *key.id())) {
            return Ok((key.clone(), false));
        }
        if let Some(known) = known
            && let Some(key) = context.journal.data_key(&context.desk, &known.id).await?
        {
            return Ok((key, false));
        }
        let key = make(context, commit)?;
        self.made.push(key.clone());
        let loaded = self.contact(contact).await?;
        let made =
            ContactEvent::KeyMade { key: key.id().clone(), conversation: conversation.map(str::to_owned) };
        let id = format!("key.{}", key.id());
        *loaded = commit.append(&loaded.clone().sealed_under(key.clone()), vec![event(id, by, 0, made)?])?;
        Ok((key, true))
    }

    /// Keeps what a provider reported about somebody who is known and has no conversation there. False if nobody is.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn report(
        &mut self,
        commit: &mut Commit,
        contact: &str,
        id: &str,
        report: ContactEvent,
    ) -> Result<bool, Problem> {
        if self.contact(contact).await?.is_new() {
            return Ok(false);
        }
        let report = event(id, self.by, 0, report)?;
        self.note(commit, contact, report).await?;
        Ok(true)
    }

    /// Notes in the contact's stream what a sighting tells, sealed under `key`. Under a new key everything is news:
    /// what is known only under older ones goes with them.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn learn(
        &mut self,
        commit: &mut Commit,
        sighting: Sighting<'_>,
        key: &DataKey,
        is_new: bool,
    ) -> Result<(), Problem> {
        let (context, by) = (self.context, self.by);
        let loaded = self.contact(sighting.contact).await?;
        let seen_at = (sighting.channel, sighting.address);
        if !loaded.state.learns_from(sighting.name, sighting.conversation, seen_at) && !is_new {
            return Ok(());
        }
        let name = sighting.name.map_or("", |name| name.0.as_str());
        let parts = [sighting.conversation, name, key.id().as_str(), &sighting.address.value.0];
        let id = format!("seen.{}", context.keys.id("sighting", &parts));
        let seen = ContactEvent::ContactSeen {
            channel: sighting.channel.to_owned(),
            address: sighting.address.clone(),
            name: sighting.name.cloned(),
            conversation: sighting.conversation.to_owned(),
        };
        *loaded = commit.append(&loaded.clone().sealed_under(key.clone()), vec![event(id, by, 0, seen)?])?;
        Ok(())
    }

    /// Appends what is noted about a contact, sealed if it says something personal.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn note(
        &mut self,
        commit: &mut Commit,
        contact: &str,
        note: NewEvent<ContactEvent>,
    ) -> Result<(), Problem> {
        let key = match private::is_in(&note.data) {
            true => Some(self.key(commit, contact, None, false).await?.0),
            false => None,
        };
        let loaded = self.contact(contact).await?;
        *loaded = commit.append(&loaded.clone().sealed_under(key), vec![note])?;
        Ok(())
    }

    /// A conversation with a key for what is appended: its own, else one of its contact. Whether its own is still there is
    /// asked of the store: an instance remembers keys for a while, and what is written under a destroyed one is lost.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn sealing(
        &mut self,
        commit: &mut Commit,
        loaded: Loaded<Conversation>,
    ) -> Result<Loaded<Conversation>, Problem> {
        let Some(contact) = loaded.state.party.as_ref().map(|party| party.contact.clone()) else {
            return Ok(loaded);
        };
        if let Some(key) = loaded.key() {
            let is_made = self.made.iter().any(|made| made.id() == key.id());
            let asked = std::slice::from_ref(key.id());
            if is_made || !self.context.journal.existing_keys(&self.context.desk, asked).await?.is_empty() {
                return Ok(loaded);
            }
        }
        let contact = contact.strip_prefix(crate::ids::CONTACT).unwrap_or(&contact);
        let (key, _) = self.key(commit, contact, Some(loaded.stream().name()), false).await?;
        Ok(loaded.sealed_under(key))
    }

    /// The desk's keys.
    pub fn keys(&self) -> &'a keys::DeskKeys {
        &self.context.keys
    }

    /// A contact, as it will be after the commit.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn contact(&mut self, name: &str) -> Result<&mut Loaded<Contact>, Problem> {
        if !self.loaded.contains_key(name) {
            let stream = self.context.stream(Contact::KIND, name)?;
            let loaded = self.context.journal.load::<Contact>(&stream, self.context.now).await?;
            self.loaded.insert(name.to_owned(), loaded);
        }
        self.loaded.get_mut(name).ok_or_else(|| Problem::unavailable("a contact could not be loaded"))
    }
}

/// An account with a key for what is appended: this month's.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn sealing_account<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    loaded: Loaded<Account>,
    by: &str,
) -> Result<Loaded<Account>, Problem> {
    let month = |at: chrono::DateTime<chrono::Utc>| (at.year(), at.month());
    let newest = loaded.state.keys.last().filter(|key| month(key.at) == month(context.now)).cloned();
    if let Some(newest) = newest
        && let Some(key) = context.journal.data_key(&context.desk, &newest.id).await?
    {
        return Ok(loaded.sealed_under(key));
    }
    let key = make(context, commit)?;
    let made = AccountEvent::KeyMade { key: key.id().clone() };
    let id = format!("key.{}", key.id());
    Ok(commit.append(&loaded.sealed_under(key), vec![event(id, by, 0, made)?])?)
}

/// An account's key of this month, which exists afterwards.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn account_key<S: Store>(
    context: &DeskContext<S>,
    channel: &str,
    account: &str,
    by: &str,
) -> Result<DataKey, Problem> {
    let name = context.keys.id("account", &[channel, account]);
    let loaded = context.journal.load(&context.stream(Account::KIND, &name)?, context.now).await?;
    let mut commit = context.commit();
    let loaded = sealing_account(context, &mut commit, loaded, by).await?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    loaded.key().cloned().ok_or_else(|| Problem::unavailable("an account has no key"))
}

/// A new data key, written with the commit.
///
/// # Errors
/// 503 if the host gives no random bytes.
pub fn make<S: Store>(context: &DeskContext<S>, commit: &mut Commit) -> Result<DataKey, Problem> {
    let failed = |why: String| Problem::unavailable(why);
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| failed("the host gives no random bytes".to_owned()))?;
    let id = keys::random::<16>().map_err(|error| failed(error.to_string()))?;
    let id = KeyId::new(id).map_err(|error| failed(error.to_string()))?;
    let key = DataKey::new(id, bytes);
    context.journal.keep_key(commit, &key)?;
    Ok(key)
}
