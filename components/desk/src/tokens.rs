//! Tokens: issued once, kept as keyed hashes, limited, rotated, revoked at once.

use crate::call::{Call, Identity};
use crate::tickets::fresh_id;
use chrono::Duration;
use http::StatusCode;
use relevo_domain::pack::Role;
use relevo_domain::tokens::{TokenEvent, TokenRecord, Tokens};
use relevo_edge::api::{NewToken, Rotation};
use relevo_edge::app::event;
use relevo_edge::auth::{TOKEN_ENDS, TOKENS, TokenDocument};
use relevo_edge::http::{Response, empty, json};
use relevo_edge::problem::Problem;
use relevo_edge::routes::{Access, ROUTES};
use relevo_edge::{clock, token};
use relevo_journal::{Commit, DocKey, Fold, Loaded};
use relevo_projections::claims;
use serde_json::{Value, json};

/// Stream of a desk's tokens.
const STREAM: &str = "tokens";

/// Longest that a token stays valid beside the one that replaces it: 30 days.
const MAX_OVERLAP_MINUTES: u32 = 43_200;

async fn load(call: &Call<'_>) -> Result<Loaded<Tokens>, Problem> {
    Ok(call.context.journal.load(&call.context.stream(Tokens::KIND, STREAM)?, call.context.now).await?)
}

/// `GET …/me`
pub fn me(call: &Call<'_>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &json!({"person": call.caller.person, "role": call.caller.role})))
}

/// `POST …/tokens`
pub async fn issue(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewToken = call.request.json()?;
    check_person(call, &body).await?;
    if body.expires_days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Problem::invalid(
            "/expires_days",
            "a token ends after 1 to 3650 days; leave it out for one that does not",
        ));
    }
    check_operations(&body)?;
    let expires_at = body.expires_days.map(|days| call.context.now + Duration::days(i64::from(days)));
    let terms = TokenRecord {
        name: String::new(),
        person: body.person,
        role: body.role,
        operations: body.operations,
        expires_at,
        replaced_by: None,
    };
    let identity = call.identity()?;
    let mut issued = Issued::new(call, terms)?;
    if identity.is_keyed {
        // The same call again gives the same token, which is kept nowhere.
        let keys = &call.context.keys;
        let token = token::issued_for(keys, call.context.desk.as_str(), &identity.id);
        issued.record.name = token::document_name(keys, &token);
        issued.id = format!("tok_{}", keys.id("token-id", &[&identity.id]));
        issued.token = token;
    }
    let loaded = load(call).await?;
    let once = Identity { id: format!("issue.{}", issued.id), ..identity };
    if once.repeats(&loaded)? {
        let record = loaded.state.tokens.get(&issued.id).ok_or_else(unknown)?.clone();
        return Ok(json(StatusCode::CREATED, &Issued { record, ..issued }.view()));
    }
    let mut commit = call.context.commit();
    let data = TokenEvent::TokenIssued { id: issued.id.clone(), record: issued.record.clone() };
    commit.append(&loaded, vec![event(once.id, &call.caller.actor(), once.tag, data)?])?;
    issued.put(call, &mut commit)?;
    call.context.journal.commit(commit).await?;
    Ok(json(StatusCode::CREATED, &issued.view()))
}

/// `POST …/tokens/{token}/rotation`
pub async fn rotate(call: &Call<'_>) -> Result<Response, Problem> {
    let body: Rotation = call.request.json()?;
    if body.overlap_minutes > MAX_OVERLAP_MINUTES {
        return Err(Problem::invalid(
            "/overlap_minutes",
            "the old token may stay valid for up to 43200 minutes",
        ));
    }
    let context = &call.context;
    let loaded = load(call).await?;
    let replaced_id = call.matched.part(1);
    let old = loaded.state.tokens.get(replaced_id).ok_or_else(unknown)?;
    if old.expires_at.is_some_and(|at| at <= context.now) {
        return Err(unknown());
    }
    if let Some(heir) = &old.replaced_by {
        return Err(replaced(heir));
    }
    let issued = Issued::new(call, old.clone())?;
    let ends_at = context.now + Duration::minutes(i64::from(body.overlap_minutes));
    let ends_at = old.expires_at.map_or(ends_at, |at| at.min(ends_at));
    let data = TokenEvent::TokenRotated {
        id: issued.id.clone(),
        record: issued.record.clone(),
        replaces: replaced_id.to_owned(),
        ends_at,
    };
    let mut commit = context.commit();
    commit.append(&loaded, vec![event(format!("rotate.{}", issued.id), &call.caller.actor(), 0, data)?])?;
    // Of several at once one replaces it. Who takes that on and dies is waited for, as a sender is.
    if claims::take(context, &format!("rotation-{replaced_id}"), 1, clock::now()).await?.is_none() {
        let after = load(call).await?.state;
        let heir = after.tokens.get(replaced_id).and_then(|old| old.replaced_by.as_deref());
        return Err(heir.map_or_else(being_replaced, replaced));
    }
    let end = context.doc(TOKEN_ENDS, &old.name)?;
    commit.put(&end, &ends_at)?;
    issued.put(call, &mut commit)?;
    context.journal.commit(commit).await?;
    // One that was revoked meanwhile has no heir.
    let after = load(call).await?.state;
    if !after.tokens.contains_key(&issued.id) {
        context
            .journal
            .put_doc(&issued.key(call)?, &TokenDocument { revoked: true, ..issued.document(call) })
            .await?;
        let heir = after.tokens.get(replaced_id).and_then(|old| old.replaced_by.as_deref());
        return Err(heir.map_or_else(unknown, replaced));
    }
    Ok(json(StatusCode::CREATED, &issued.view()))
}

/// A token that is about to be issued.
struct Issued {
    id: String,
    token: String,
    record: TokenRecord,
}

impl Issued {
    /// Makes a token on the terms of a record.
    fn new(call: &Call<'_>, terms: TokenRecord) -> Result<Self, Problem> {
        let context = &call.context;
        let token = token::issue(&context.keys, context.desk.as_str());
        let token = token.map_err(|e| Problem::unavailable(e.to_string()))?;
        let name = token::document_name(&context.keys, &token);
        let record = TokenRecord { name, replaced_by: None, ..terms };
        Ok(Self { id: fresh_id("tok_")?, token, record })
    }

    /// What is known of it where callers are looked up.
    fn document(&self, call: &Call<'_>) -> TokenDocument {
        TokenDocument {
            id: self.id.clone(),
            person: self.record.person.clone(),
            role: self.record.role,
            operations: self.record.operations.clone(),
            issued_at: call.context.now,
            expires_at: self.record.expires_at,
            revoked: false,
        }
    }

    fn key(&self, call: &Call<'_>) -> Result<DocKey, Problem> {
        call.context.doc(TOKENS, &self.record.name)
    }

    fn put(&self, call: &Call<'_>, commit: &mut Commit) -> Result<(), Problem> {
        Ok(commit.put(&self.key(call)?, &self.document(call))?)
    }

    /// The one answer that ever shows the token.
    fn view(&self) -> Value {
        let mut view = view(&self.id, &self.record);
        if let Some(view) = view.as_object_mut() {
            view.insert("token".to_owned(), json!(self.token));
        }
        view
    }
}

fn view(id: &str, record: &TokenRecord) -> Value {
    json!({
        "id": id, "person": record.person, "role": record.role, "operations": record.operations,
        "expires_at": record.expires_at, "replaced_by": record.replaced_by,
    })
}

async fn check_person(call: &Call<'_>, body: &NewToken) -> Result<(), Problem> {
    let pack = call.context.pack().await?;
    match pack.pack.people.get(&body.person) {
        Some(person) if body.role == Role::Service && person.role != Role::Service => {
            let why = "this is a person of the pack, whose token ends with their work here; name the service";
            Err(Problem::invalid("/person", why))
        }
        Some(person) if body.role > person.role => {
            Err(Problem::invalid("/role", "the pack gives this person a lower role"))
        }
        None if body.role != Role::Service => {
            Err(Problem::invalid("/person", "the pack has nobody with this id; a service may have any name"))
        }
        _ if body.person.is_empty() || body.person.len() > 64 || body.person.contains(char::is_control) => {
            Err(Problem::invalid("/person", "a name has 1 to 64 characters, in one line"))
        }
        _ => Ok(()),
    }
}

/// A token is limited to operations that its role could do.
fn check_operations(body: &NewToken) -> Result<(), Problem> {
    for (n, operation) in body.operations.iter().enumerate() {
        let wrong = |why: String| Err(Problem::invalid(format!("/operations/{n}"), why));
        if body.operations.iter().take(n).any(|before| before == operation) {
            return wrong("this one is named before".to_owned());
        }
        match ROUTES.iter().find(|route| route.name == operation).map(|route| route.access) {
            Some(Access::Role(role)) if body.role >= role => {}
            Some(Access::Role(role)) => return wrong(format!("this needs the role {}", role.as_str())),
            _ => {
                return wrong(
                    "there is no such operation that takes a token; see /api/openapi.json".to_owned(),
                );
            }
        }
    }
    Ok(())
}

/// `GET …/tokens`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let loaded = load(call).await?;
    let items: Vec<_> = loaded.state.tokens.iter().map(|(id, record)| view(id, record)).collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `DELETE …/tokens/{token}`
pub async fn revoke(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.matched.part(1);
    let context = &call.context;
    let loaded = load(call).await?;
    let (_, key, document) = find(call, &loaded).await?;
    let mut commit = context.commit();
    let revoked = TokenEvent::TokenRevoked { id: id.to_owned() };
    commit.append(&loaded, vec![event(format!("revoke.{id}"), &call.caller.actor(), 0, revoked)?])?;
    commit.put(&key, &TokenDocument { revoked: true, ..document })?;
    context.journal.commit(commit).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// The token that the path names.
async fn find<'a>(
    call: &Call<'_>,
    loaded: &'a Loaded<Tokens>,
) -> Result<(&'a TokenRecord, DocKey, TokenDocument), Problem> {
    let record = loaded.state.tokens.get(call.matched.part(1)).ok_or_else(unknown)?;
    let key = call.context.doc(TOKENS, &record.name)?;
    let document = call.context.journal.get_doc(&key).await?.ok_or_else(unknown)?;
    Ok((record, key, document))
}

fn replaced(heir: &str) -> Problem {
    let detail = format!("this token was replaced by {heir} already; rotate that one, or issue a new one");
    Problem::new(StatusCode::CONFLICT, "token_replaced", detail)
}

fn being_replaced() -> Problem {
    let detail = "another call is replacing this token at the same time; look at GET tokens";
    Problem::new(StatusCode::CONFLICT, "token_replaced", detail)
}

fn unknown() -> Problem {
    Problem::not_found("unknown_token", "there is no such token, or it is revoked or over")
}
