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
                self.tokens.insert(id.clone(), record.clone());
                if let Some(old) = self.tokens.get_mut(replaces) {
                    // A token never comes to last longer by being replaced.
                    old.expires_at = Some(old.expires_at.map_or(*ends_at, |at| at.min(*ends_at)));
                }
            }
            TokenEvent::TokenRevoked { id } => {
                self.tokens.remove(id);
            }
        }
    }
}
