//! Who is calling: bearer tokens per person and desk, the operator's admin token, the schedule's tick token.

use crate::app::DeskContext;
use crate::http::Incoming;
use crate::keys::DeskKeys;
use crate::problem::Problem;
use crate::variables;
use chrono::{DateTime, Utc};
use relevo_domain::pack::Role;
use relevo_journal::store::Store;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// Table of token documents.
pub const TOKENS: &str = "token";

/// What the store knows of a token: never the token itself, whose keyed hash is the document's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDocument {
    /// Public id of the token.
    pub id: String,
    /// Person id.
    pub person: String,
    /// What it may do.
    pub role: Role,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// It was revoked.
    #[serde(default)]
    pub revoked: bool,
}

/// A caller who is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Person id; `operator` for the admin token.
    pub person: String,
    /// What the caller may do.
    pub role: Role,
}

impl Caller {
    /// As the journal names actors.
    pub fn actor(&self) -> String {
        format!("person:{}", self.person)
    }

    /// Writes as a person: stops response clocks.
    pub fn is_human(&self) -> bool {
        self.role != Role::Service
    }

    /// Refuses a caller of a lower role.
    ///
    /// # Errors
    /// 403.
    pub fn needs(&self, role: Role) -> Result<(), Problem> {
        let name = match role {
            Role::Service => "service",
            Role::Agent => "agent",
            Role::Lead => "lead",
            Role::Manager => "manager",
            Role::Admin => "admin",
        };
        if self.role >= role { Ok(()) } else { Err(Problem::forbidden(name)) }
    }
}

/// Name of a token's document.
pub fn token_name(keys: &DeskKeys, token: &str) -> String {
    keys.id("token", &[token])
}

/// Finds out who calls a desk's API.
///
/// # Errors
/// 401 without a token that is valid at this desk.
pub async fn authenticate<S: Store>(context: &DeskContext<S>, request: &Incoming) -> Result<Caller, Problem> {
    let token = request.bearer().ok_or_else(Problem::unauthorized)?;
    if is_operator(token).await {
        return Ok(Caller { person: "operator".to_owned(), role: Role::Admin });
    }
    let key = context.doc(TOKENS, &token_name(&context.keys, token))?;
    let document: TokenDocument = context.journal.get_doc(&key).await?.ok_or_else(Problem::unauthorized)?;
    let over = document.revoked || document.expires_at.is_some_and(|at| at <= context.now);
    if over {
        return Err(Problem::unauthorized());
    }
    Ok(Caller { person: document.person, role: document.role })
}

/// Is this the operator's token?
async fn is_operator(token: &str) -> bool {
    matches(token, &variables::get("admin_token").await)
}

/// Refuses a call of an internal route without the schedule's token.
///
/// # Errors
/// 401.
pub async fn schedule(request: &Incoming) -> Result<(), Problem> {
    let token = request.bearer().ok_or_else(Problem::unauthorized)?;
    if matches(token, &variables::get("tick_token").await) { Ok(()) } else { Err(Problem::unauthorized()) }
}

/// Compares in constant time; an empty secret matches nothing.
fn matches(given: &str, secret: &str) -> bool {
    !secret.is_empty() && bool::from(given.as_bytes().ct_eq(secret.as_bytes()))
}
