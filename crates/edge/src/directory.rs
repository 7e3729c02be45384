//! The desk's directory at the store: looked up when a ticket opens, kept by those who import it.
//!
//! A person's entry is an event of the contact that their address leads to: under the contact's key, in its export, gone
//! with its erasure. An account's is a stream of its own, sealed under the desk's key; its name, and those of the e-mail
//! domains that lead to it, are keyed hashes.

use crate::app::{DeskContext, PublishedPack, event};
use crate::identity::Identity;
use crate::ids;
use crate::people::united;
use crate::personal::Persons;
use crate::problem::Problem;
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::enrich::Known;
use relevo_domain::directory::{
    AccountEntry, AccountEntryEvent, DirectoryCall, DirectoryCallEvent, Domain, DomainEvent,
};
use relevo_domain::message::{Address, AddressKind};
use relevo_journal::store::Store;
use relevo_journal::{Commit, Fold, Loaded};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of whoever a ticket is about, where the pack fills fields from the directory.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn known<S: Store>(
    context: &DeskContext<S>,
    persons: &mut Persons<'_, S>,
    pack: &PublishedPack,
    channel: &str,
    address: &Address,
) -> Result<Known, Problem> {
    let enrichment = &pack.pack.enrichment;
    if !enrichment.asks_directory() {
        return Ok(Known::default());
    }
    let contact = ids::contact(&context.keys, channel, address);
    let state = &persons.contact(&contact).await?.state;
    let (mut entry, is_linked) =
        (state.directory.clone(), state.merged_into.is_some() || !state.absorbed.is_empty());
    if is_linked && entry.source().is_none() {
        // Somebody who is known at another of their addresses is known at this one too.
        let members = united(context, &contact).await?.members.into_iter();
        let known = members.map(|(_, other)| other.directory).find(|other| other.source().is_some());
        entry = known.unwrap_or(entry);
    }
    let account = match entry.account() {
        Some(account) => Some(account.to_owned()),
        None if enrichment.by_domain => account_of(context, address).await?,
        None => None,
    };
    let account = match account {
        Some(id) => load_account(context, &id).await?.state.source(),
        None => None,
    };
    Ok(Known { person: entry.source(), account })
}

/// The account that an e-mail address leads to.
async fn account_of<S: Store>(
    context: &DeskContext<S>,
    address: &Address,
) -> Result<Option<String>, Problem> {
    let domain =
        address.value.0.rsplit_once('@').and_then(|(_, domain)| relevo_domain::directory::domain(domain));
    let Some(domain) = domain.filter(|_| address.kind == AddressKind::Email) else { return Ok(None) };
    domain_owner(context, &domain).await
}

/// An account's entry.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn load_account<S: Store>(
    context: &DeskContext<S>,
    id: &str,
) -> Result<Loaded<AccountEntry>, Problem> {
    let stream = context.stream(AccountEntry::KIND, &context.keys.id("directory", &["account", id]))?;
    let loaded = context.journal.load::<AccountEntry>(&stream, context.now).await?;
    Ok(loaded.sealed_under(context.journal.desk_key()?))
}

/// The account that a domain leads to; none: to none.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn domain_owner<S: Store>(
    context: &DeskContext<S>,
    domain: &str,
) -> Result<Option<String>, Problem> {
    Ok(load_domain(context, domain).await?.state.account)
}

async fn load_domain<S: Store>(context: &DeskContext<S>, domain: &str) -> Result<Loaded<Domain>, Problem> {
    let stream = context.stream(Domain::KIND, &context.keys.id("directory", &["domain", domain]))?;
    Ok(context.journal.load::<Domain>(&stream, context.now).await?)
}

/// A call that changes the directory: made with a key, it may be made again.
pub struct Asked {
    identity: Identity,
    before: Option<Loaded<DirectoryCall>>,
}

impl Asked {
    /// What a call with this identity came to, if it was made before.
    ///
    /// # Errors
    /// 409 if the same key came with another body; 503 if the store does not answer.
    pub async fn load<S: Store>(context: &DeskContext<S>, identity: Identity) -> Result<Self, Problem> {
        if !identity.is_keyed {
            return Ok(Self { identity, before: None });
        }
        let name = context.keys.id("directory", &["call", &identity.id]);
        let stream = context.stream(DirectoryCall::KIND, &name)?;
        let loaded = context.journal.load::<DirectoryCall>(&stream, context.now).await?;
        identity.repeats(&loaded)?;
        Ok(Self { identity, before: Some(loaded) })
    }

    /// What the call came to when it was made before.
    ///
    /// # Errors
    /// 409 if the same key came with another body.
    pub fn answered(&self) -> Result<Option<&DirectoryCall>, Problem> {
        let Some(before) = &self.before else { return Ok(None) };
        Ok(self.identity.repeats(before)?.then_some(&before.state))
    }

    /// Has what it came to written with the last of what it changes.
    ///
    /// # Errors
    /// 503 if it cannot be named.
    pub fn note(&self, commit: &mut Commit, by: &str, call: DirectoryCall) -> Result<(), Problem> {
        let Some(before) = &self.before else { return Ok(()) };
        let DirectoryCall { set, unchanged } = call;
        let answered = DirectoryCallEvent::Answered { set, unchanged };
        commit.append(before, vec![event(&self.identity.id, by, self.identity.tag, answered)?])?;
        Ok(())
    }

    /// What was written of it, seen again: of two calls at once under one key one counts.
    ///
    /// # Errors
    /// 409 if another call under the same key counts; 503 if the store does not answer.
    pub async fn confirm<S: Store>(self, context: &DeskContext<S>) -> Result<(), Problem> {
        if let Some(before) = self.before {
            self.identity.confirm(context, before).await?;
        }
        Ok(())
    }
}

/// What becomes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It says something else now.
    Set,
    /// It said that already.
    Unchanged,
}

/// Entries that one commit is about: each is loaded once, so that two rows about one of them follow each other.
pub struct Entries<'a, S: Store> {
    context: &'a DeskContext<S>,
    by: &'a str,
    tag: u32,
    persons: Persons<'a, S>,
    accounts: BTreeMap<String, Loaded<AccountEntry>>,
    domains: BTreeMap<String, Loaded<Domain>>,
}

impl<'a, S: Store> Entries<'a, S> {
    /// None yet; `by` is whoever changes them, `tag` the fingerprint of what they say.
    pub fn new(context: &'a DeskContext<S>, by: &'a str, tag: u32) -> Self {
        let persons = Persons::new(context, by);
        Self { context, by, tag, persons, accounts: BTreeMap::new(), domains: BTreeMap::new() }
    }

    /// Sets what is known of an account, but for the members that are to be kept as they are. `id` names the call, or the
    /// row of it.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn set_account(
        &mut self,
        commit: &mut Commit,
        id: &str,
        account: &str,
        mut values: Map<String, Value>,
        kept: &BTreeSet<String>,
        domains: Vec<String>,
    ) -> Result<Change, Problem> {
        let loaded = self.account(account).await?;
        keep(&mut values, &loaded.state.values.0, kept);
        if loaded.state.says(account, &values, &domains) {
            return Ok(Change::Unchanged);
        }
        let is_new = loaded.is_new();
        let before = loaded.state.domains.clone();
        let data = AccountEntryEvent::Set {
            id: account.to_owned(),
            values: values.into(),
            domains: domains.clone(),
        };
        self.append_account(commit, id, account, data).await?;
        if is_new {
            let listed = serde_json::to_vec(account).unwrap_or_default();
            commit.enqueue(&self.context.sequence(LISTED, ALL)?, listed)?;
        }
        self.domains(commit, id, account, &before, &domains).await?;
        Ok(Change::Set)
    }

    /// Takes an account out of the directory; false: it was not in it.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn remove_account(
        &mut self,
        commit: &mut Commit,
        id: &str,
        account: &str,
    ) -> Result<bool, Problem> {
        let loaded = self.account(account).await?;
        if loaded.state.id.is_none() {
            return Ok(false);
        }
        let before = loaded.state.domains.clone();
        self.append_account(commit, id, account, AccountEntryEvent::Removed).await?;
        self.domains(commit, id, account, &before, &[]).await?;
        Ok(true)
    }

    /// Sets what is known of a person at one of their addresses, but for the members that are to be kept as they are.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn set_person(
        &mut self,
        commit: &mut Commit,
        id: &str,
        contact: &str,
        mut values: Map<String, Value>,
        kept: &BTreeSet<String>,
    ) -> Result<Change, Problem> {
        let before = &self.persons.contact(contact).await?.state.directory.values.0;
        keep(&mut values, before, kept);
        if *before == values {
            return Ok(Change::Unchanged);
        }
        let data = ContactEvent::DirectorySet { values: values.into() };
        self.persons.note(commit, contact, event(id, self.by, self.tag, data)?).await?;
        Ok(Change::Set)
    }

    /// Takes a person out of the directory; false: they were not in it.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn remove_person(
        &mut self,
        commit: &mut Commit,
        id: &str,
        contact: &str,
    ) -> Result<bool, Problem> {
        if self.persons.contact(contact).await?.state.directory.values.0.is_empty() {
            return Ok(false);
        }
        let removed = event(id, self.by, self.tag, ContactEvent::DirectoryRemoved)?;
        self.persons.note(commit, contact, removed).await?;
        Ok(true)
    }

    /// A contact, as it will be.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn contact(&mut self, name: &str) -> Result<&Contact, Problem> {
        Ok(&self.persons.contact(name).await?.state)
    }

    /// An account's entry, as it will be.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn account(&mut self, id: &str) -> Result<&Loaded<AccountEntry>, Problem> {
        if !self.accounts.contains_key(id) {
            self.accounts.insert(id.to_owned(), load_account(self.context, id).await?);
        }
        self.accounts.get(id).ok_or_else(|| Problem::unavailable("an account could not be loaded"))
    }

    async fn append_account(
        &mut self,
        commit: &mut Commit,
        id: &str,
        account: &str,
        data: AccountEntryEvent,
    ) -> Result<(), Problem> {
        let (by, tag) = (self.by, self.tag);
        let after = commit.append(self.account(account).await?, vec![event(id, by, tag, data)?])?;
        self.accounts.insert(account.to_owned(), after);
        Ok(())
    }

    /// Tells the domains that an account gains and loses.
    async fn domains(
        &mut self,
        commit: &mut Commit,
        id: &str,
        account: &str,
        before: &[String],
        after: &[String],
    ) -> Result<(), Problem> {
        let gone = before.iter().filter(|domain| !after.contains(domain));
        let gone = gone.map(|domain| (domain, DomainEvent::Released { account: account.to_owned() }));
        let gained = after.iter().filter(|domain| !before.contains(domain));
        let gained = gained.map(|domain| (domain, DomainEvent::Claimed { account: account.to_owned() }));
        for (domain, data) in gone.chain(gained) {
            let loaded = match self.domains.remove(domain) {
                Some(loaded) => loaded,
                None => load_domain(self.context, domain).await?,
            };
            let after = commit.append(&loaded, vec![event(id, self.by, self.tag, data)?])?;
            self.domains.insert(domain.clone(), after);
        }
        Ok(())
    }
}

/// What is there of some members stays, whatever is said.
fn keep(values: &mut Map<String, Value>, before: &Map<String, Value>, kept: &BTreeSet<String>) {
    values.retain(|name, _| !kept.contains(name));
    let there = before.iter().filter(|(name, _)| kept.contains(*name));
    values.extend(there.map(|(name, value)| (name.clone(), value.clone())));
}

/// The sequence that lists accounts: some twice, and some that are there no more.
pub const LISTED: &str = "dir-accounts";
/// Its name.
pub const ALL: &str = "all";
