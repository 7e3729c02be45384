//! What a person may ask about their data: a copy, erasure; and what the desk must keep or answer for.

use crate::call::Call;
use http::{HeaderValue, StatusCode, header};
use relevo_domain::conversation::view;
use relevo_edge::api;
use relevo_edge::http::{Response, json, respond};
use relevo_edge::problem::Problem;
use relevo_edge::{ids, internal};
use relevo_privacy::{erasure, export, hold, ledger};
use serde_json::{Value, json};

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 2_000;

/// `GET …/contacts/{contact}/export`: JSON, or a page for who asks for `text/html`.
pub async fn export(call: &Call<'_>) -> Result<Response, Problem> {
    let name = ids::parse(call.matched.part(1), ids::CONTACT, "contact")?;
    internal::follow(call.context.desk.as_str()).await?;
    let mut gathered = export::gather(&call.context, name).await?;
    let tickets = gathered.get_mut("tickets").and_then(Value::as_array_mut).into_iter().flatten();
    for ticket in tickets.filter_map(Value::as_object_mut) {
        call.hidden.leave_out(ticket);
    }
    let accepts = call.request.header("accept").unwrap_or_default();
    let html = accepts.split(',').any(|kind| kind.trim().starts_with("text/html"));
    if !html {
        return Ok(json(StatusCode::OK, &gathered));
    }
    let mut page = respond(StatusCode::OK, "text/html; charset=utf-8", export::page(&gathered));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(page)
}

/// `POST …/contacts/{contact}/erasure`
pub async fn erase(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Erasure = call.request.json()?;
    let reason = reason(body.reason)?;
    let name = ids::parse(call.matched.part(1), ids::CONTACT, "contact")?;
    let (identity, by) = (call.identity()?, call.caller.actor());
    let erased = erasure::erase_person(&call.context, name, &by, &identity.id, &reason).await?;
    let answer = json!({
        "contact": call.matched.part(1), "erased_at": erased.at.map(view::rfc3339), "keys": erased.keys,
    });
    Ok(json(StatusCode::OK, &answer))
}

/// `POST …/contacts/{contact}/hold`
pub async fn hold(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::LegalHold = call.request.json()?;
    let reason = reason(body.reason)?;
    let name = ids::parse(call.matched.part(1), ids::CONTACT, "contact")?;
    let (identity, by) = (call.identity()?, call.caller.actor());
    let hold = hold::set(&call.context, name, &by, &identity, body.held, reason).await?;
    let view =
        hold.map(|hold| json!({"since": view::rfc3339(hold.at), "by": hold.by, "reason": hold.reason.0}));
    Ok(json(StatusCode::OK, &json!({"contact": call.matched.part(1), "hold": view})))
}

/// `GET …/erasures`: the ledger, to be kept apart from backups.
pub async fn erasures(call: &Call<'_>) -> Result<Response, Problem> {
    let items = ledger::export(&call.context).await?;
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `POST …/erasures`: replays an exported ledger on a restored backup.
pub async fn replay(call: &Call<'_>) -> Result<Response, Problem> {
    let body: Ledger = call.request.json()?;
    let replayed = ledger::replay(&call.context, &body.items, &call.caller.actor()).await?;
    Ok(json(StatusCode::OK, &replayed))
}

/// A ledger as `GET …/erasures` gives it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    items: Vec<ledger::Entry>,
    #[serde(default, rename = "next")]
    _next: Option<String>,
}

fn reason(text: String) -> Result<String, Problem> {
    let length = text.trim().chars().count();
    if (1..=MAX_REASON_CHARS).contains(&length) {
        return Ok(text);
    }
    Err(Problem::invalid("/reason", format!("say why, in 1 to {MAX_REASON_CHARS} characters")))
}
