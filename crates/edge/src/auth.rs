//! Who is calling: bearer tokens per person and desk, the operator's admin token, the schedule's tick token.
//!
//! Nothing that was found out about a token is kept between requests: one that is revoked is refused by the next
//! request, in instances that are reused too.

use crate::app::DeskContext;
use crate::guesses::{Guesser, UNGUESSABLE_CHARS};
use crate::http::Incoming;
use crate::keys::DeskKeys;
use crate::problem::Problem;
use crate::{clock, token, variables};
use chrono::{DateTime, Utc};
use futures::future::try_join;
use http::StatusCode;
use relevo_domain::pack::Role;
use relevo_journal::Journal;
use relevo_journal::store::Store;
use relevo_journal::store::spin::SpinStore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Table of token documents.
pub const TOKENS: &str = "token";

/// Table of when tokens end that were replaced: beside their documents, so that nothing that is written at the same time
/// as a revocation undoes it.
pub const TOKEN_ENDS: &str = "token-end";

/// What the store knows of a token: never the token itself, whose keyed hash is the document's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenDocument {
    /// Public id of the token.
    pub id: String,
    /// Person id.
    pub person: String,
    /// What it may do.
    pub role: Role,
    /// The operations that it is limited to; empty: all of its role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
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
    /// The operations that the caller's token is limited to; empty: all of the role.
    pub operations: Vec<String>,
    /// Public id of the token; none: it is the operator's or the schedule's.
    pub token: Option<String>,
}

impl Caller {
    /// Somebody who has no token of a desk.
    pub fn without_token(person: &str, role: Role) -> Self {
        Self { person: person.to_owned(), role, operations: Vec::new(), token: None }
    }

    /// As the journal names actors.
    pub fn actor(&self) -> String {
        format!("person:{}", self.person)
    }

    /// Writes as a person: stops response clocks.
    pub fn is_human(&self) -> bool {
        self.role != Role::Service
    }

    /// Refuses a caller of a lower role, or whose token is limited to other operations.
    ///
    /// # Errors
    /// 403.
    pub fn needs(&self, role: Role, operation: &str) -> Result<(), Problem> {
        if self.role < role {
            return Err(Problem::forbidden(&format!("this needs the role {}", role.as_str())));
        }
        if !self.operations.is_empty() && !self.operations.iter().any(|o| o == operation) {
            return Err(Problem::forbidden(&format!(
                "this token is limited to operations other than {operation}"
            )));
        }
        Ok(())
    }
}

/// The operator's secrets, which come from variables.
#[derive(Clone, Debug, Default)]
pub struct Operator {
    /// The present one and the one before; empty: there is none.
    pub admin: [String; 2],
    /// The schedule's.
    pub tick: [String; 2],
    /// The master key and, while it is being replaced, the one before.
    pub master_keys: [String; 2],
}

impl Operator {
    /// As the variables say.
    pub async fn load() -> Self {
        let [admin, admin_previous] = ["admin_token", "admin_token_previous"].map(variables::kept);
        let [tick, tick_previous] = ["tick_token", "tick_token_previous"].map(variables::kept);
        let [master, master_previous] = ["master_key", "master_key_previous"].map(variables::kept);
        Self {
            admin: [admin.await, admin_previous.await],
            tick: [tick.await, tick_previous.await],
            master_keys: [master.await, master_previous.await],
        }
    }

    /// A genuine token at the wrong desk is no guess. Of a desk whose root is older than both master keys it is taken
    /// for one, which costs its bearer no more than a 429 where there would be a 401.
    fn issued_elsewhere(&self, token: &str) -> bool {
        let Some(desk) = token::desk(token) else { return false };
        let mut roots = self.master_keys.iter().filter_map(|master| DeskKeys::derive(master, desk).ok());
        roots.any(|keys| token::is_issued(&keys, token))
    }
}

/// Finds out who calls a desk's API.
///
/// # Errors
/// 401 without a token that is valid at this desk, 429 after too many wrong ones.
pub async fn authenticate<S: Store>(
    context: &DeskContext<S>,
    operator: &Operator,
    request: &Incoming,
) -> Result<Caller, Problem> {
    let token = request.bearer().filter(|t| !t.is_empty()).ok_or_else(Problem::unauthorized)?;
    let admin = presented(token, &operator.admin);
    let known = || Caller::without_token("operator", Role::Admin);
    if admin == Some(Strength::Unguessable) {
        return Ok(known());
    }
    let issued = token::is_issued(&context.keys, token);
    if !issued && (operator.issued_elsewhere(token) || presented(token, &operator.tick).is_some()) {
        return Err(Problem::unauthorized());
    }
    let desk = context.exists().then_some(&context.desk);
    let guesser = Guesser::of(&context.journal, desk, request, context.now)?;
    if !issued {
        guesser.may_try().await?;
    }
    if admin.is_some() {
        return Ok(known());
    }
    let name = token::document_name(&context.keys, token);
    let (key, end) = (context.doc(TOKENS, &name)?, context.doc(TOKEN_ENDS, &name)?);
    let (document, end) = try_join(
        context.journal.get_doc::<TokenDocument>(&key),
        context.journal.get_doc::<DateTime<Utc>>(&end),
    )
    .await?;
    let is_over = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at <= context.now);
    let in_force = |t: &TokenDocument| !t.revoked && !is_over(t.expires_at) && !is_over(end);
    match document {
        Some(document) if in_force(&document) => {
            let role = role_now(context, &document).await?.ok_or_else(Problem::unauthorized)?;
            Ok(Caller {
                person: document.person,
                role,
                operations: document.operations,
                token: Some(document.id),
            })
        }
        None if !issued => Err(guesser.was_wrong().await),
        _ => Err(Problem::unauthorized()),
    }
}

/// What a token's bearer may do by the pack that is published now: never more than the pack gives the person, and nothing
/// once it names them no more. A service may have any name.
async fn role_now<S: Store>(
    context: &DeskContext<S>,
    document: &TokenDocument,
) -> Result<Option<Role>, Problem> {
    let published = context.pack().await?;
    Ok(match published.pack.people.get(&document.person) {
        Some(person) => Some(document.role.min(person.role)),
        None => (document.role == Role::Service).then_some(Role::Service),
    })
}

/// Refuses a call of an internal route without the schedule's token.
///
/// # Errors
/// 401, or 429 after too many wrong ones.
pub async fn schedule(request: &Incoming) -> Result<(), Problem> {
    let token = request.bearer().filter(|t| !t.is_empty()).ok_or_else(not_the_schedule)?;
    let tick = presented(token, &Operator::load().await.tick);
    if tick == Some(Strength::Unguessable) || (tick.is_some() && request.is_from_inside()) {
        return Ok(());
    }
    let journal = Journal::new(SpinStore::open("default").await?);
    let guesser = Guesser::of(&journal, None, request, clock::now())?;
    guesser.may_try().await?;
    match tick {
        Some(_) => Ok(()),
        None => Err(match guesser.was_wrong().await {
            wrong if wrong.status == StatusCode::UNAUTHORIZED => not_the_schedule(),
            too_many => too_many,
        }),
    }
}

/// Internal routes know no desks' tokens.
fn not_the_schedule() -> Problem {
    let detail = "send the schedule's token, the variable tick_token, as Authorization: Bearer <token>";
    Problem { detail: detail.to_owned(), ..Problem::unauthorized() }
}

/// How hard a secret is to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strength {
    Guessable,
    Unguessable,
}

/// Which of the operator's secrets this is, if any: compares with all of them in constant time, whatever their
/// lengths. An empty secret matches nothing.
fn presented(given: &str, secrets: &[String; 2]) -> Option<Strength> {
    let given = Sha256::digest(given.as_bytes());
    let mut found = None;
    for secret in secrets {
        let equal = bool::from(given.as_slice().ct_eq(Sha256::digest(secret.as_bytes()).as_slice()));
        if equal && !secret.is_empty() {
            let long = secret.len() >= UNGUESSABLE_CHARS;
            found = Some(if long { Strength::Unguessable } else { Strength::Guessable });
        }
    }
    found
}

#[cfg(test)]
mod tests;
