//! The desk's directory: what is known of accounts (a school, a client company) and of the people who belong to them,
//! before anybody writes. A person's entry is kept with the contact ([`crate::contact`]), under the contact's key.

mod members;

pub use members::{Members, Of};

use crate::Private;
use crate::conversation::enrich::Source;
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most members of an entry, and the most that they hold together, in bytes of JSON.
pub const MAX_MEMBERS: usize = 64;
/// See [`MAX_MEMBERS`].
pub const MAX_BYTES: usize = 8 * 1024;
/// Most e-mail domains of an account.
pub const MAX_DOMAINS: usize = 50;

/// The member of a person's entry that names their account.
pub const ACCOUNT: &str = "account";

/// A change of an account's entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AccountEntryEvent {
    /// What is known of it, in place of what was.
    #[serde(rename = "entry.set")]
    Set {
        /// Its id at the desk's other systems.
        id: String,
        /// What is known.
        values: Private<Map<String, Value>>,
        /// E-mail domains of those who belong to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        domains: Vec<String>,
    },
    /// It is in the directory no more.
    #[serde(rename = "entry.removed")]
    Removed,
}

/// An account's entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountEntry {
    /// Its id; none: it is not in the directory.
    pub id: Option<String>,
    /// What is known.
    pub values: Private<Map<String, Value>>,
    /// E-mail domains.
    pub domains: Vec<String>,
    /// How often it was set.
    pub revision: u32,
}

impl AccountEntry {
    /// What tickets are filled from.
    pub fn source(&self) -> Option<Source> {
        let id = self.id.as_ref()?;
        let mut values = self.values.0.clone();
        values.insert("id".to_owned(), Value::String(id.clone()));
        Some(Source { named: format!("account/{id}@{}", self.revision), values })
    }

    /// Is this what it says already?
    pub fn says(&self, id: &str, values: &Map<String, Value>, domains: &[String]) -> bool {
        self.id.as_deref() == Some(id) && self.values.0 == *values && self.domains == domains
    }
}

impl Fold for AccountEntry {
    type Data = AccountEntryEvent;
    const KIND: &'static str = "dir-account";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<AccountEntryEvent>) {
        match &event.data {
            AccountEntryEvent::Set { id, values, domains } => {
                self.id = Some(id.clone());
                self.values.clone_from(values);
                self.domains.clone_from(domains);
                self.revision = self.revision.saturating_add(1);
            }
            AccountEntryEvent::Removed => {
                *self = Self { revision: self.revision, ..Self::default() };
            }
        }
    }
}

/// Whose an e-mail domain is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DomainEvent {
    /// An account's.
    #[serde(rename = "domain.claimed")]
    Claimed {
        /// Id of the account.
        account: String,
    },
    /// That account's no more.
    #[serde(rename = "domain.released")]
    Released {
        /// Id of the account.
        account: String,
    },
}

/// An e-mail domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Id of the account; none: nobody's.
    pub account: Option<String>,
}

impl Fold for Domain {
    type Data = DomainEvent;
    const KIND: &'static str = "dir-domain";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<DomainEvent>) {
        match &event.data {
            DomainEvent::Claimed { account } => self.account = Some(account.clone()),
            DomainEvent::Released { account } => {
                self.account.take_if(|owner| owner == account);
            }
        }
    }
}

/// What a call that changed the directory came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryCallEvent {
    /// It was answered so.
    #[serde(rename = "call.answered")]
    Answered {
        /// Rows that were set.
        set: u32,
        /// Rows that said what was there.
        unchanged: u32,
    },
}

/// A call with a key that changed the directory, so that it is answered the same when it is made again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryCall {
    /// Rows that were set.
    pub set: u32,
    /// Rows that said what was there.
    pub unchanged: u32,
}

impl Fold for DirectoryCall {
    type Data = DirectoryCallEvent;
    const KIND: &'static str = "dir-call";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<DirectoryCallEvent>) {
        let DirectoryCallEvent::Answered { set, unchanged } = event.data;
        *self = Self { set, unchanged };
    }
}

/// A person's entry, as the contact has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonEntry {
    /// What is known; `account` names the account.
    pub values: Private<Map<String, Value>>,
    /// How often it was set.
    pub revision: u32,
}

impl PersonEntry {
    /// Id of the account.
    pub fn account(&self) -> Option<&str> {
        self.values.0.get(ACCOUNT).and_then(Value::as_str)
    }

    /// What tickets are filled from.
    pub fn source(&self) -> Option<Source> {
        let named = format!("person@{}", self.revision);
        (!self.values.0.is_empty()).then(|| Source { named, values: self.values.0.clone() })
    }
}

/// Everything that is wrong with what is to be known of an account or a person: the member, and what to do.
pub fn wrong(values: &Map<String, Value>) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    if values.len() > MAX_MEMBERS || serde_json::to_vec(values).map_or(true, |json| json.len() > MAX_BYTES) {
        let what = format!("an entry has at most {MAX_MEMBERS} members and {MAX_BYTES} bytes");
        wrong.push((String::new(), what));
    }
    for (name, value) in values {
        if name.is_empty() || name.len() > 64 || name.contains('.') {
            wrong.push((name.clone(), "a name has 1 to 64 characters and no dot".to_owned()));
        }
        if value.is_null() || value.is_array() {
            wrong.push((name.clone(), "a text, a number, true, false or an object".to_owned()));
        }
    }
    wrong
}

/// Whether a text may be the id of an account: it stands in paths and histories.
pub fn is_account_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=64).contains(&id.len()) && id.bytes().all(plain) && !id.starts_with('.')
}

/// An e-mail domain in the form in which it is looked up; none: it is none.
pub fn domain(text: &str) -> Option<String> {
    let domain = text.trim().trim_start_matches('@').to_lowercase();
    let labels = || domain.split('.');
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    let fits = domain.len() <= 253
        && domain.chars().all(plain)
        && labels().count() > 1
        && labels().all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    fits.then_some(domain)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use relevo_journal::{EventId, Hlt};
    use serde_json::json;

    fn tell<F: Fold + Default>(events: Vec<F::Data>) -> F {
        let mut state = F::default();
        for (n, data) in (1_u64..).zip(events) {
            let id = EventId::new(format!("e{n}")).unwrap();
            let at = chrono::DateTime::UNIX_EPOCH;
            state.apply(&Event { id, hlt: Hlt(n), at, by: "person:a".into(), tag: 0, data });
        }
        state
    }

    fn set(csm: &str) -> AccountEntryEvent {
        let values = json!({"csm": csm}).as_object().cloned().unwrap();
        AccountEntryEvent::Set {
            id: "sur".into(),
            values: values.into(),
            domains: vec!["sur.example".into()],
        }
    }

    #[test]
    fn an_entry_is_what_was_set_last_and_its_revision_says_how_often() {
        let entry: AccountEntry = tell(vec![set("Eva"), set("Leo")]);
        let source = entry.source().unwrap();
        assert_eq!(source.named, "account/sur@2");
        assert_eq!(Value::Object(source.values), json!({"csm": "Leo", "id": "sur"}));
        let removed: AccountEntry = tell(vec![set("Eva"), AccountEntryEvent::Removed]);
        assert_eq!((removed.source(), removed.revision), (None, 1));
        let again: AccountEntry = tell(vec![set("Eva"), AccountEntryEvent::Removed, set("Leo")]);
        assert_eq!(again.source().unwrap().named, "account/sur@2", "a number is not used twice");
    }

    #[test]
    fn a_domain_is_of_who_claimed_it_last_and_only_they_release_it() {
        let claimed = |account: &str| DomainEvent::Claimed { account: account.into() };
        let released = |account: &str| DomainEvent::Released { account: account.into() };
        assert_eq!(tell::<Domain>(vec![claimed("a"), claimed("b")]).account.as_deref(), Some("b"));
        assert_eq!(
            tell::<Domain>(vec![claimed("a"), claimed("b"), released("a")]).account.as_deref(),
            Some("b")
        );
        assert_eq!(tell::<Domain>(vec![claimed("a"), released("a")]).account, None);
    }

    #[test]
    fn what_no_entry_may_hold_is_named() {
        let of = |values: Value| {
            let wrong = wrong(values.as_object().unwrap());
            wrong.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(
            of(json!({"csm": "Eva", "pupils": 3, "vip": true, "fee": {"minor": 1, "currency": "EUR"}})),
            [""; 0]
        );
        assert_eq!(of(json!({"a.b": "x", "c": null, "d": [1], "": 1})), ["", "a.b", "c", "d"]);
        assert_eq!(of(json!({"a": "x".repeat(9_000)})), [""]);
    }

    #[test]
    fn ids_and_domains_are_what_paths_and_look_ups_take() {
        for good in ["sur", "ACC-0017", "a.b_c"] {
            assert!(is_account_id(good), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "ñ", &"x".repeat(65)] {
            assert!(!is_account_id(bad), "{bad}");
        }
        assert_eq!(domain(" @Sur.Example.ORG ").as_deref(), Some("sur.example.org"));
        for bad in ["", "org", "a..b", "-a.org", "a b.org", "ana@sur.org"] {
            assert_eq!(domain(bad), None, "{bad}");
        }
    }
}
