//! `/api/{desk}/views`: saved views, of one person or of all.

use crate::call::{Call, Identity};
use crate::list;
use http::StatusCode;
use relevo_domain::pack::Role;
use relevo_domain::worklist::{MAX_VIEWS, View, ViewEvent, Viewer, Views};
use relevo_edge::api::NewView;
use relevo_edge::app::event;
use relevo_edge::http::{Response, empty, json};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use relevo_journal::{Fold, Loaded};
use serde_json::{Value, json};

/// Name of the stream that holds the views of a desk.
const ALL: &str = "all";

/// Longest name of a view.
const MAX_NAME_CHARS: usize = 80;

/// `GET …/views`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let counts = call.request.parameter("counts").map(|word| word.parse::<bool>()).transpose();
    let counts = counts.map_err(|_| Problem::bad_request("bad_counts", "counts is true or false"))?;
    let views = load(call).await?.state.views;
    let seen = views.iter().filter(|(_, view)| view.is_seen_by(&call.caller.person));
    let mut items: Vec<Value> = seen.clone().map(|(id, view)| shown(id, view)).collect();
    if counts.unwrap_or_default() {
        internal::follow(call.context.desk.as_str()).await?;
        let (rows, complete) = list::live(call).await?;
        let viewer = Viewer { person: &call.caller.person, now: call.context.now };
        for (item, (_, view)) in items.iter_mut().zip(seen) {
            let count = rows.iter().filter(|row| view.filter.admits(row, viewer)).count();
            if let Some(item) = item.as_object_mut() {
                item.insert("count".to_owned(), json!(count));
                item.insert("complete".to_owned(), json!(complete));
            }
        }
    }
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `POST …/views`
pub async fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let view = read(call).await?;
    may_change(call, &view)?;
    let (identity, loaded) = (call.identity()?, load(call).await?);
    // The same call again is the same view.
    let id = format!("vew_{}", call.context.keys.id("view", &[&identity.id]));
    if loaded.state.views.len() >= MAX_VIEWS && !loaded.state.views.contains_key(&id) {
        let detail = format!("a desk has at most {MAX_VIEWS} views; remove one");
        return Err(Problem::new(StatusCode::CONFLICT, "too_many_views", detail));
    }
    record(call, &identity, loaded, ViewEvent::Set { id: id.clone(), view: Box::new(view.clone()) }).await?;
    Ok(json(StatusCode::CREATED, &shown(&id, &view)))
}

/// `PUT …/views/{view}`
pub async fn update(call: &Call<'_>) -> Result<Response, Problem> {
    let view = read(call).await?;
    let (identity, loaded) = (call.identity()?, load(call).await?);
    let id = call.matched.part(1).to_owned();
    may_change(call, existing(call, &loaded, &id)?)?;
    may_change(call, &view)?;
    record(call, &identity, loaded, ViewEvent::Set { id: id.clone(), view: Box::new(view.clone()) }).await?;
    Ok(json(StatusCode::OK, &shown(&id, &view)))
}

/// `DELETE …/views/{view}`
pub async fn delete(call: &Call<'_>) -> Result<Response, Problem> {
    let (identity, loaded) = (call.identity()?, load(call).await?);
    let id = call.matched.part(1).to_owned();
    if !identity.repeats(&loaded)? {
        may_change(call, existing(call, &loaded, &id)?)?;
        record(call, &identity, loaded, ViewEvent::Removed { id }).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// A view that the caller may see.
pub async fn seen(call: &Call<'_>, id: &str) -> Result<Option<View>, Problem> {
    Ok(load(call).await?.state.seen_by(id, &call.caller.person).cloned())
}

async fn load(call: &Call<'_>) -> Result<Loaded<Views>, Problem> {
    let stream = call.context.stream(Views::KIND, ALL)?;
    Ok(call.context.journal.load::<Views>(&stream, call.context.now).await?)
}

fn existing<'a>(call: &Call<'_>, loaded: &'a Loaded<Views>, id: &str) -> Result<&'a View, Problem> {
    let view = loaded.state.seen_by(id, &call.caller.person);
    view.ok_or_else(|| Problem::not_found("unknown_view", "there is no such view that you may see"))
}

/// The view that a call describes.
async fn read(call: &Call<'_>) -> Result<View, Problem> {
    let body: NewView = call.request.json()?;
    let mut wrong: Vec<(String, String)> = Vec::new();
    let name = &body.name;
    if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS || name.contains(char::is_control) {
        wrong.push(("/name".to_owned(), format!("a name has 1 to {MAX_NAME_CHARS} characters, in one line")));
    }
    let pack = call.context.pack().await?;
    let filter = body.filter.check(&pack.pack).into_iter();
    wrong.extend(filter.map(|(field, why)| (format!("/filter/{field}"), why)));
    if body.filter.due_within_minutes.is_some_and(|minutes| minutes > list::MAX_MINUTES) {
        wrong.push(("/filter/due_within_minutes".to_owned(), "a number of minutes up to a year".to_owned()));
    }
    if !wrong.is_empty() {
        return Err(Problem::invalid_all(wrong));
    }
    let owner = (!body.shared).then(|| call.caller.person.clone());
    Ok(View { name: body.name, owner, filter: body.filter, order: body.order })
}

fn may_change(call: &Call<'_>, view: &View) -> Result<(), Problem> {
    if view.owner.is_none() && call.caller.role < Role::Lead {
        return Err(Problem::forbidden("a view of all is changed by a lead"));
    }
    Ok(())
}

async fn record(
    call: &Call<'_>,
    identity: &Identity,
    loaded: Loaded<Views>,
    data: ViewEvent,
) -> Result<(), Problem> {
    if identity.repeats(&loaded)? {
        return Ok(());
    }
    let mut commit = call.context.commit();
    commit.append(&loaded, vec![event(identity.id.clone(), &call.caller.actor(), identity.tag, data)?])?;
    call.context.journal.commit(commit).await?;
    Ok(())
}

fn shown(id: &str, view: &View) -> Value {
    json!({
        "id": id, "name": view.name, "shared": view.owner.is_none(),
        "filter": view.filter, "order": view.order,
    })
}
