//! Publishing a pack: everything that is wrong with it is found before anything changes.

use crate::call::Call;
use http::StatusCode;
use relevo_domain::config::ConfigEvent;
use relevo_domain::pack::{self, Pack, PackProblem};
use relevo_domain::rows::TicketRow;
use relevo_edge::api::Compile;
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Changes that a dry run lists.
const MAX_CHANGES: usize = 500;

/// `GET …/pack`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let config = &call.context.config.state;
    let current = config.current().ok_or_else(relevo_edge::app::unknown_desk)?;
    let version = match call.request.parameter("version") {
        None => current,
        Some(number) => number.parse().ok().and_then(|number| config.version(number)).ok_or_else(|| {
            let detail = format!("there is no such version; the newest is {}", current.version);
            Problem::not_found("unknown_version", &detail)
        })?,
    };
    let mut document = call.context.pack_document(version).await?;
    // What a client company works by is not for those who work for another.
    let pack = call.context.pack().await?;
    if let Some(books) = document.get_mut("playbooks").and_then(Value::as_object_mut) {
        let of = |book: &Value| book.get("partition").and_then(Value::as_str).map(str::to_owned);
        books.retain(|_, book| pack.pack.sees(&call.caller.person, call.caller.role, of(book).as_deref()));
    }
    let answer = json!({
        "version": version.version, "published_at": version.at, "published_by": version.by, "pack": document,
    });
    Ok(json(StatusCode::OK, &answer))
}

/// `PUT …/pack`
pub async fn publish(call: &Call<'_>) -> Result<Response, Problem> {
    let dry_run = dry_run(call.request.parameter("dry_run").as_deref())?;
    let document: Value = call.request.json()?;
    check(&document).await?;
    let context = &call.context;
    let current = context.config.state.current();
    let before = match current {
        Some(version) => context.pack_document(version).await?,
        None => Value::Null,
    };
    let version = current.map_or(0, |c| c.version);
    if !call.request.is_made_from(version)? {
        let detail = format!("version {version} is published; read it and make the change there");
        return Err(Problem::new(StatusCode::CONFLICT, "pack_moved_on", detail));
    }
    let changed = before != document;
    let mut changes = Vec::new();
    difference("", &before, &document, &mut changes);
    let differs = |part: &str| before.get(part) != document.get(part);
    let mut answer = json!({
        "version": version, "changed": changed, "changes": changes,
        "terms_changed": differs("sla") || differs("calendars"),
        "in_use": in_use(call, &before, &document).await?,
    });
    if dry_run {
        answer["dry_run"] = json!(true);
        return Ok(json(StatusCode::OK, &answer));
    }
    if !changed {
        return Ok(json(StatusCode::OK, &answer));
    }
    let identity = call.identity()?;
    let blob = context.store_pack(document).await?;
    let mut commit = context.commit();
    if !context.exists() {
        commit.register_desk();
    }
    let version = context.next_pack_version().await?;
    let published = ConfigEvent::PackPublished { blob: blob.to_string(), version: Some(version) };
    let published = event(identity.id.clone(), &call.caller.actor(), identity.tag, published)?;
    let after = commit.append(&context.config, vec![published])?;
    context.journal.commit(commit).await?;
    // Of the same call made twice at once the other's number may be the one that counts.
    let after = identity.confirm(context, after).await?.state;
    answer["version"] =
        json!(after.published(&blob.to_string()).map_or(version, |published| published.version));
    Ok(json(StatusCode::OK, &answer))
}

/// Whether only to show what would change. A misspelt wish to do so must not publish.
fn dry_run(value: Option<&str>) -> Result<bool, Problem> {
    match value {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Problem::bad_request("bad_dry_run", "dry_run is true, 1, false or 0")),
    }
}

/// What is taken away while live tickets are in it, or somebody's: they keep it until they are moved.
async fn in_use(call: &Call<'_>, before: &Value, after: &Value) -> Result<Vec<Value>, Problem> {
    type Of = fn(&TicketRow) -> Option<&str>;
    let parts: [(&str, Of); 4] = [
        ("people", |row| row.agent.as_deref()),
        ("queues", |row| Some(&row.queue)),
        ("statuses", |row| Some(&row.status)),
        ("teams", |row| row.team.as_deref()),
    ];
    let names = |pack: &Value, part: &str| -> BTreeSet<String> {
        pack.get(part)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect()
    };
    let gone = parts.map(|(part, of)| (part, of, &names(before, part) - &names(after, part)));
    if gone.iter().all(|(_, _, names)| names.is_empty()) {
        return Ok(Vec::new());
    }
    internal::follow(call.context.desk.as_str()).await?;
    let (rows, _) = crate::list::live(call).await?;
    let counted = gone.iter().flat_map(|(part, of, names)| names.iter().map(move |name| (part, of, name)));
    let used = counted.filter_map(|(part, of, name)| {
        let tickets = rows.iter().filter(|row| of(row) == Some(name)).count();
        let pointer = format!("/{part}/{}", name.replace('~', "~0").replace('/', "~1"));
        (tickets > 0).then(|| json!({"pointer": pointer, "tickets": tickets}))
    });
    Ok(used.collect())
}

/// Everything that is wrong with a pack, from all who read it.
async fn check(document: &Value) -> Result<(), Problem> {
    let mut errors: Vec<PackProblem> = Vec::new();
    match pack::parse(document.clone()) {
        Err(problems) => errors.extend(problems),
        Ok(pack) => {
            errors.extend(channels(&pack));
            errors.extend(fallback(&pack));
            errors.extend(ask("sla", "/internal/validate-calendars", document).await?);
            errors.extend(ask("templates", "/internal/validate", document).await?);
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid_all(errors)) }
}

/// What is wrong with the channels and their accounts.
fn channels(pack: &Pack) -> Vec<PackProblem> {
    let mut errors = Vec::new();
    for (slug, accounts) in &pack.channels {
        if !relevo_channels::SLUGS.contains(&slug.as_str()) {
            let known = relevo_channels::SLUGS.join(", ");
            errors.push(PackProblem::at(
                format!("/channels/{}", pack::escape(slug)),
                format!("the channels are {known}"),
            ));
            continue;
        }
        for (name, account) in accounts {
            let wrong = relevo_channels::wrong_settings(slug, &account.settings).into_iter();
            errors.extend(wrong.map(|(setting, why)| {
                let [slug, name, setting] = [slug, name, &setting].map(|part| pack::escape(part));
                PackProblem::at(format!("/channels/{slug}/{name}/settings/{setting}"), why)
            }));
        }
    }
    errors
}

/// Ways by which nobody is reached, among those that are tried instead of others.
fn fallback(pack: &Pack) -> Vec<PackProblem> {
    let mut errors = Vec::new();
    for (rule, fallback) in pack.fallback.iter().enumerate() {
        for (n, way) in fallback.to.iter().enumerate() {
            let channel = way.split('/').next().unwrap_or_default();
            if !relevo_channels::can_send(channel) {
                let all = relevo_channels::SENDING.join(", ");
                let what = format!("nothing can be sent through {channel}; those that send are {all}");
                errors.push(PackProblem::at(format!("/fallback/{rule}/to/{n}"), what));
            }
        }
    }
    errors
}

/// Asks the component that reads a part of the pack what is wrong with it.
async fn ask(component: &str, path: &str, document: &Value) -> Result<Vec<PackProblem>, Problem> {
    let failed = || Problem::unavailable("a part of the pack could not be checked; repeat the request");
    let answer = internal::call(component, path, &Compile { pack: document.clone() }).await?;
    if !answer.status.is_success() {
        return Err(failed());
    }
    serde_json::from_slice(&answer.body).map_err(|_| failed())
}

/// What differs between two documents, as JSON pointers.
fn difference(pointer: &str, before: &Value, after: &Value, changes: &mut Vec<Value>) {
    if before == after || changes.len() >= MAX_CHANGES {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for name in names {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match (old.get(name), new.get(name)) {
                    (Some(old), Some(new)) => difference(&pointer, old, new, changes),
                    (None, _) => changes.push(json!({"pointer": pointer, "change": "added"})),
                    (_, None) => changes.push(json!({"pointer": pointer, "change": "removed"})),
                }
            }
        }
        (Value::Null, _) => changes.push(json!({"pointer": pointer, "change": "added"})),
        _ => changes.push(json!({"pointer": pointer, "change": "changed"})),
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_way_by_which_nobody_is_reached_is_no_other_way() {
        let pack = pack::parse(json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}},
            "channels": {"whatsapp": {"main": {}}, "form": {"main": {}}, "postmark": {"main": {}}},
            "fallback": [{"from": ["whatsapp"], "to": ["postmark/main", "form/main"]}]
        }))
        .expect("a pack");
        let places: Vec<_> = fallback(&pack).into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(places, ["/fallback/0/to/1"]);
    }
}
