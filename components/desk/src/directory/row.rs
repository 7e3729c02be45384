//! What is to be known of an account or a person: is it something that the directory takes?

use crate::call::Call;
use futures::future::try_join_all;
use relevo_domain::directory::{self, MAX_BYTES, MAX_DOMAINS, Members};
use relevo_domain::identity;
use relevo_domain::message::{Address, AddressKind};
use relevo_edge::directory::{domain_owner, load_account};
use relevo_edge::problem::Problem;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Most addresses of a person.
const MAX_ADDRESSES: usize = 20;

/// Reads at once.
const AT_ONCE: usize = 16;

/// Everything that is wrong with a row: the member, and what to do; no value is repeated.
pub type Wrong = Vec<(String, String)>;

/// A row of the directory.
pub enum Row {
    /// An account.
    Account(Account),
    /// A person.
    Person(Person),
}

impl Row {
    /// What is known.
    pub fn values(&self) -> &Map<String, Value> {
        match self {
            Self::Account(row) => &row.values,
            Self::Person(row) => &row.values,
        }
    }

    /// How many bytes it comes to at the store, about: each entry as an event and in the state with it, and what it has
    /// of members that are kept.
    pub fn weight(&self, keeps: bool) -> usize {
        let (values, entries) = match self {
            Self::Account(row) => (&row.values, 1 + row.domains.len() / 4),
            Self::Person(row) => (&row.values, row.addresses.len()),
        };
        let kept = if keeps { MAX_BYTES } else { 0 };
        let bytes = serde_json::to_vec(values).map_or(0, |json| json.len()).saturating_add(kept);
        bytes.saturating_mul(2).saturating_add(2_048).saturating_mul(entries)
    }
}

/// An account.
pub struct Account {
    /// Its id.
    pub id: String,
    /// What is known.
    pub values: Map<String, Value>,
    /// E-mail domains, as they are looked up.
    pub domains: Vec<String>,
}

/// A person.
pub struct Person {
    /// What is known, the account with it.
    pub values: Map<String, Value>,
    /// Channel, if the address means something there alone, and address.
    pub addresses: Vec<(Option<String>, Address)>,
}

impl Person {
    /// Id of the account that they belong to.
    fn account(&self) -> Option<&str> {
        self.values.get(directory::ACCOUNT).and_then(Value::as_str)
    }
}

/// The refusal of what is wrong in a document of its own.
pub fn refused(wrong: Wrong) -> Problem {
    let places = wrong.into_iter().map(|(name, what)| (format!("/{name}"), what));
    Problem::invalid_all(places.collect::<Vec<_>>())
}

/// An account.
///
/// # Errors
/// Everything that is wrong with it.
pub fn account(id: &str, values: Map<String, Value>, domains: Vec<String>) -> Result<Account, Wrong> {
    let mut wrong: Wrong = of_values(&values);
    if !directory::is_account_id(id) {
        wrong.push(("id".to_owned(), "an id has 1 to 64 of A-Z, a-z, 0-9, -, _ and .".to_owned()));
    }
    if domains.len() > MAX_DOMAINS {
        wrong.push(("domains".to_owned(), format!("an account has at most {MAX_DOMAINS} domains")));
    }
    let mut read = Vec::new();
    for (n, text) in domains.iter().enumerate() {
        match directory::domain(text) {
            Some(domain) if !read.contains(&domain) => read.push(domain),
            Some(_) => {}
            None => wrong.push((format!("domains/{n}"), "an e-mail domain, as sur.example.org".to_owned())),
        }
    }
    if wrong.is_empty() { Ok(Account { id: id.to_owned(), values, domains: read }) } else { Err(wrong) }
}

/// A person.
///
/// # Errors
/// Everything that is wrong with them.
pub fn person(
    account: Option<String>,
    mut values: Map<String, Value>,
    addresses: Vec<(Option<String>, Address)>,
) -> Result<Person, Wrong> {
    let mut wrong = of_values(&values);
    if account.as_ref().is_some_and(|id| !directory::is_account_id(id)) {
        wrong.push((directory::ACCOUNT.to_owned(), "the id of an account".to_owned()));
    }
    if addresses.is_empty() || addresses.len() > MAX_ADDRESSES {
        wrong.push(("addresses".to_owned(), format!("1 to {MAX_ADDRESSES} addresses")));
    }
    for (n, (channel, address)) in addresses.iter().enumerate() {
        let at = format!("addresses/{n}");
        let length = address.value.0.chars().count();
        if let Err(why) = identity::check(address) {
            wrong.push((at.clone(), why.to_owned()));
        } else if !(1..=320).contains(&length) {
            wrong.push((at.clone(), "an address has 1 to 320 characters".to_owned()));
        }
        let is_everywhere = matches!(address.kind, AddressKind::Phone | AddressKind::Email);
        if !is_everywhere && channel.as_ref().is_none_or(String::is_empty) {
            wrong.push((at, "an id of a provider needs its channel".to_owned()));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    if let Some(account) = account {
        values.insert(directory::ACCOUNT.to_owned(), Value::String(account));
    }
    Ok(Person { values, addresses })
}

/// What fills a field is said by who may, and is what the field holds.
///
/// # Errors
/// Everything that is wrong with it.
pub fn of_members(members: Members<'_>, values: &Map<String, Value>, is_text: bool) -> Result<(), Wrong> {
    let place = |(name, what)| {
        if name == directory::ACCOUNT { (name, what) } else { (format!("values/{name}"), what) }
    };
    let wrong: Wrong = members.wrong(values, is_text).into_iter().map(place).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What the directory knows that rows have to fit.
#[derive(Default)]
pub struct Known {
    /// The account that each domain leads to.
    domains: BTreeMap<String, Option<String>>,
    /// Whether each account is there.
    accounts: BTreeMap<String, bool>,
}

impl Known {
    /// What rows ask of it, each once.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn load<'r>(call: &Call<'_>, rows: impl Iterator<Item = &'r Row>) -> Result<Self, Problem> {
        let (mut domains, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for row in rows {
            match row {
                Row::Account(account) => domains.extend(&account.domains),
                Row::Person(person) => accounts.extend(person.account()),
            }
        }
        let (domains, accounts) = (Vec::from_iter(domains), Vec::from_iter(accounts));
        let (context, mut known) = (&call.context, Self::default());
        for some in domains.chunks(AT_ONCE) {
            let owners = try_join_all(some.iter().map(|domain| domain_owner(context, domain))).await?;
            known.domains.extend(some.iter().map(|domain| (*domain).clone()).zip(owners));
        }
        for some in accounts.chunks(AT_ONCE) {
            let entries = try_join_all(some.iter().map(|id| load_account(context, id))).await?;
            let is_there = entries.into_iter().map(|entry| entry.state.id.is_some());
            known.accounts.extend(some.iter().map(|id| (*id).to_owned()).zip(is_there));
        }
        Ok(known)
    }

    /// Everything in a row that does not fit: a domain that another account has, the account of a person that there is
    /// not.
    pub fn misfits(&self, row: &Row) -> Wrong {
        match row {
            Row::Account(account) => {
                let owned = account.domains.iter().enumerate().filter_map(|(n, domain)| {
                    let owner = self.domains.get(domain)?.as_ref().filter(|owner| **owner != account.id)?;
                    let what = format!(
                        "a domain leads to one account, this one to {owner}; take it from there first"
                    );
                    Some((format!("domains/{n}"), what))
                });
                owned.collect()
            }
            Row::Person(person) => {
                let what = "the directory has no such account; correct the id, or import accounts first";
                let missing = person.account().filter(|id| self.accounts.get(*id) == Some(&false));
                missing.map(|_| (directory::ACCOUNT.to_owned(), what.to_owned())).into_iter().collect()
            }
        }
    }
}

fn of_values(values: &Map<String, Value>) -> Wrong {
    let wrong = directory::wrong(values).into_iter();
    wrong.map(|(name, what)| (format!("values/{name}"), what)).collect()
}
