//! The tokens of a desk: who got which, and which are revoked. The tokens themselves are nowhere.

use crate::pack::Role;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happens to tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TokenEvent {
    /// A token was issued.
    #[serde(rename = "token.issued")]
    TokenIssued {
        /// Public id.
        id: String,
        /// What is known of it.
        record: TokenRecord,
    },
    /// A token was issued in place of another, which ends soon.
    #[serde(rename = "token.rotated")]
    TokenRotated {
        /// Public id of the new one.
        id: String,
        /// What is known of it.
        record: TokenRecord,
        /// Public id of the one that it replaces.
        replaces: String,
        /// When that one ends.
        ends_at: DateTime<Utc>,
    },
    /// A token was revoked.
    #[serde(rename = "token.revoked")]
    TokenRevoked {
        /// Public id.
        id: String,
    },
}

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Name of its document: the keyed hash of the token.
    pub name: String,
    /// Person id.
    pub person: String,
    /// What it may do.
    pub role: Role,
    /// The operations that it is limited to; empty: all of its role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// Public id of the one that was issued in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

/// The tokens in force, by public id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// By public id.
    pub tokens: BTreeMap<String, TokenRecord>,
}

impl Fold for Tokens {
    type Data = TokenEvent;
    const KIND: &'static str = "tokens";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<TokenEvent>) {
        match &event.data {
            TokenEvent::TokenIssued { id, record } => {
                self.tokens.insert(id.clone(), record.clone());
            }
            TokenEvent::TokenRotated { id, record, replaces, ends_at } => {
                // One that was revoked or replaced meanwhile has no further heir.
                let Some(old) = self.tokens.get_mut(replaces).filter(|old| old.replaced_by.is_none()) else {
                    return;
                };
                // A token never comes to last longer by being replaced.
                old.expires_at = Some(old.expires_at.map_or(*ends_at, |at| at.min(*ends_at)));
                old.replaced_by = Some(id.clone());
                self.tokens.insert(id.clone(), record.clone());
            }
            TokenEvent::TokenRevoked { id } => {
                self.tokens.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(events: &[TokenEvent]) -> Tokens {
        let mut tokens = Tokens::default();
        for (n, data) in events.iter().enumerate() {
            let id = relevo_journal::EventId::new(format!("e{n}")).expect("an id");
            let at = DateTime::from_timestamp(i64::try_from(n).expect("few"), 0).expect("an instant");
            let hlt = relevo_journal::Hlt::default();
            tokens.apply(&Event { id, hlt, at, by: "person:a".into(), tag: 0, data: data.clone() });
        }
        tokens
    }

    fn record(name: &str) -> TokenRecord {
        TokenRecord {
            name: name.into(),
            person: "ana".into(),
            role: Role::Agent,
            operations: Vec::new(),
            expires_at: None,
            replaced_by: None,
        }
    }

    fn rotated(id: &str, replaces: &str) -> TokenEvent {
        let ends_at = DateTime::from_timestamp(60, 0).expect("an instant");
        TokenEvent::TokenRotated { id: id.into(), record: record(id), replaces: replaces.into(), ends_at }
    }

    #[test]
    fn a_token_has_one_heir_and_a_revoked_one_none() {
        let issued = TokenEvent::TokenIssued { id: "one".into(), record: record("one") };
        let revoked = TokenEvent::TokenRevoked { id: "one".into() };
        let tokens = folded(&[issued.clone(), rotated("two", "one"), rotated("three", "one")]);
        assert_eq!(tokens.tokens.keys().collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(tokens.tokens["one"].expires_at, DateTime::from_timestamp(60, 0));
        let tokens = folded(&[issued.clone(), rotated("two", "one"), rotated("three", "two")]);
        assert_eq!(tokens.tokens.keys().collect::<Vec<_>>(), ["one", "three", "two"]);
        assert!(folded(&[issued, revoked, rotated("two", "one")]).tokens.is_empty());
    }
}
