//! Tokens: issued once, kept as keyed hashes, revoked at once.

use crate::call::Call;
use crate::tickets::fresh_id;
use chrono::Duration;
use http::StatusCode;
use relevo_domain::pack::Role;
use relevo_domain::tokens::{TokenEvent, TokenRecord, Tokens};
use relevo_edge::api::NewToken;
use relevo_edge::app::event;
use relevo_edge::auth::{TOKENS, TokenDocument, token_name};
use relevo_edge::http::{Response, empty, json};
use relevo_edge::keys;
use relevo_edge::problem::Problem;
use relevo_journal::{Fold, Loaded};
use serde_json::json;

/// Stream of a desk's tokens.
const STREAM: &str = "tokens";

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
    let context = &call.context;
    let pack = context.pack().await?;
    match pack.pack.people.get(&body.person) {
        Some(person) if body.role > person.role => {
            return Err(Problem::invalid("/role", "the pack gives this person a lower role"));
        }
        None if body.role != Role::Service => {
            return Err(Problem::invalid(
                "/person",
                "the pack has nobody with this id; a service may have any name",
            ));
        }
        _ => {}
    }
    if body.person.is_empty() || body.person.len() > 64 {
        return Err(Problem::invalid("/person", "a name has 1 to 64 characters"));
    }
    if body.expires_days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Problem::invalid(
            "/expires_days",
            "a token ends after 1 to 3650 days; leave it out for one that does not",
        ));
    }
    let secret = keys::random::<20>().map_err(|e| Problem::unavailable(e.to_string()))?;
    let token = format!("rlv_{}_{secret}", context.desk);
    let id = fresh_id("tok_")?;
    let expires_at = body.expires_days.map(|days| context.now + Duration::days(i64::from(days)));
    let document = TokenDocument {
        id: id.clone(),
        person: body.person.clone(),
        role: body.role,
        issued_at: context.now,
        expires_at,
        revoked: false,
    };
    let name = token_name(&context.keys, &token);
    let record = TokenRecord { name: name.clone(), person: body.person, role: body.role, expires_at };
    let loaded = load(call).await?;
    let mut commit = context.commit();
    let issued = TokenEvent::TokenIssued { id: id.clone(), record };
    commit.append(&loaded, vec![event(format!("issue.{id}"), &call.caller.actor(), 0, issued)?])?;
    commit.put(&context.doc(TOKENS, &name)?, &document)?;
    context.journal.commit(commit).await?;
    let answer = json!({
        "id": id, "token": token, "person": document.person, "role": document.role, "expires_at": expires_at,
    });
    Ok(json(StatusCode::CREATED, &answer))
}

/// `GET …/tokens`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let loaded = load(call).await?;
    let items: Vec<_> = loaded
        .state
        .tokens
        .iter()
        .map(|(id, record)| {
            json!({"id": id, "person": record.person, "role": record.role, "expires_at": record.expires_at})
        })
        .collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `DELETE …/tokens/{token}`
pub async fn revoke(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.matched.part(1);
    let context = &call.context;
    let loaded = load(call).await?;
    let unknown = || Problem::not_found("unknown_token", "there is no such token, or it is revoked");
    let record = loaded.state.tokens.get(id).ok_or_else(unknown)?;
    let key = context.doc(TOKENS, &record.name)?;
    let document: TokenDocument = context.journal.get_doc(&key).await?.ok_or_else(unknown)?;
    let mut commit = context.commit();
    let revoked = TokenEvent::TokenRevoked { id: id.to_owned() };
    commit.append(&loaded, vec![event(format!("revoke.{id}"), &call.caller.actor(), 0, revoked)?])?;
    commit.put(&key, &TokenDocument { revoked: true, ..document })?;
    context.journal.commit(commit).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}
