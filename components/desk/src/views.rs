//! `/api/{desk}/views`: saved views, of one person or of all.

use crate::call::{Call, Identity};
use crate::list;
use http::StatusCode;
use relevo_domain::pack::{Role, escape};
use relevo_domain::worklist::{Kept, MAX_VIEWS, View, ViewEvent, Views};
use relevo_edge::api::NewView;
use relevo_edge::app::event;
use relevo_edge::http::{Response, empty, json};
use relevo_edge::problem::Problem;
use relevo_edge::{clock, internal};
use relevo_journal::{Fold, Loaded};
use relevo_projections::claims;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Name of the stream that holds the views of a desk.
const ALL: &str = "all";

/// Longest name of a view.
const MAX_NAME_CHARS: usize = 80;

/// `GET …/views`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let counts = call.request.parameter("counts").map(|word| word.parse::<bool>()).transpose();
    let counts = counts.map_err(|_| Problem::bad_request("bad_counts", "counts is true or false"))?;
    let views = load(call).await?.state.views;
    let seen: Vec<(&String, &Kept)> = views.iter().filter(|(_, kept)| is_seen(call, kept)).collect();
    let mut items: Vec<Value> = seen.iter().map(|(id, kept)| shown(id, kept)).collect();
    if counts.unwrap_or_default() {
        internal::follow(call.context.desk.as_str()).await?;
        let (rows, complete) = list::live(call).await?;
        let mut looked = list::Looked::new(call);
        for (item, (_, kept)) in items.iter_mut().zip(seen) {
            let (fitting, all) = looked.fitting(&rows, std::slice::from_ref(&kept.view.filter)).await?;
            if let Some(item) = item.as_object_mut() {
                item.insert("count".to_owned(), json!(fitting.len()));
                item.insert("complete".to_owned(), json!(complete && all));
            }
        }
    }
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `GET …/views/{view}`
pub async fn read_one(call: &Call<'_>) -> Result<Response, Problem> {
    let (loaded, id) = (load(call).await?, call.matched.part(1));
    Ok(json(StatusCode::OK, &shown(id, existing(call, &loaded, id)?)))
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
    let set = ViewEvent::Set { id: id.clone(), view: Box::new(view), after: None };
    let after = record(call, &identity, loaded, set).await?;
    Ok(json(StatusCode::CREATED, &shown(&id, existing(call, &after, &id)?)))
}

/// `PUT …/views/{view}`
pub async fn update(call: &Call<'_>) -> Result<Response, Problem> {
    let view = read(call).await?;
    let (identity, loaded) = (call.identity()?, load(call).await?);
    let id = call.matched.part(1).to_owned();
    if identity.repeats(&loaded)? {
        return Ok(json(StatusCode::OK, &shown(&id, existing(call, &loaded, &id)?)));
    }
    let kept = existing(call, &loaded, &id)?;
    may_change(call, &kept.view)?;
    may_change(call, &view)?;
    unchanged_since(call, kept)?;
    alone(call, &id, kept).await?;
    let set = ViewEvent::Set { id: id.clone(), view: Box::new(view), after: Some(kept.revision) };
    let after = record(call, &identity, loaded, set).await?;
    match after.state.views.get(&id) {
        Some(kept) if kept.has(&identity.id) => Ok(json(StatusCode::OK, &shown(&id, kept))),
        kept => Err(moved_on(kept)),
    }
}

/// `DELETE …/views/{view}`
pub async fn delete(call: &Call<'_>) -> Result<Response, Problem> {
    let (identity, loaded) = (call.identity()?, load(call).await?);
    let id = call.matched.part(1).to_owned();
    if !identity.repeats(&loaded)? {
        let kept = existing(call, &loaded, &id)?;
        may_change(call, &kept.view)?;
        unchanged_since(call, kept)?;
        alone(call, &id, kept).await?;
        let removed = ViewEvent::Removed { id: id.clone(), after: Some(kept.revision) };
        let after = record(call, &identity, loaded, removed).await?;
        if let Some(kept) = after.state.views.get(&id) {
            return Err(moved_on(Some(kept)));
        }
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// A view that the caller may see.
pub async fn seen(call: &Call<'_>, id: &str) -> Result<Option<View>, Problem> {
    let views = load(call).await?.state;
    Ok(views.views.get(id).filter(|kept| is_seen(call, kept)).map(|kept| kept.view.clone()))
}

/// Whether the caller may see a view: their own, or one of all that asks for nothing that is hidden from them.
fn is_seen(call: &Call<'_>, kept: &Kept) -> bool {
    kept.view.is_seen_by(&call.caller.person)
        && !kept.view.filter.fields.keys().any(|name| call.hidden.contains(name))
}

/// Whoever names the revision that they saw changes nothing else.
fn unchanged_since(call: &Call<'_>, kept: &Kept) -> Result<(), Problem> {
    match call.request.is_made_from(kept.revision)? {
        true => Ok(()),
        false => Err(moved_on(Some(kept))),
    }
}

/// Of changes of one revision at once one alone is made: which of them sorts first is not known yet when they are answered.
async fn alone(call: &Call<'_>, id: &str, kept: &Kept) -> Result<(), Problem> {
    if claims::alone(&call.context, &["view", id, &kept.revision.to_string()], clock::now()).await? {
        return Ok(());
    }
    let detail = "another call changes the view at the same time; read it and make the change there";
    Err(Problem::new(StatusCode::CONFLICT, "view_moved_on", detail))
}

/// The refusal of a change of what somebody else has changed or removed meanwhile.
fn moved_on(kept: Option<&Kept>) -> Problem {
    let detail = match kept {
        Some(kept) => {
            format!("the view is at revision {} now; read it and make the change there", kept.revision)
        }
        None => "somebody removed the view at the same time; save another one".to_owned(),
    };
    Problem::new(StatusCode::CONFLICT, "view_moved_on", detail)
}

async fn load(call: &Call<'_>) -> Result<Loaded<Views>, Problem> {
    let stream = call.context.stream(Views::KIND, ALL)?;
    Ok(call.context.journal.load::<Views>(&stream, call.context.now).await?)
}

fn existing<'a>(call: &Call<'_>, loaded: &'a Loaded<Views>, id: &str) -> Result<&'a Kept, Problem> {
    let kept = loaded.state.views.get(id).filter(|kept| is_seen(call, kept));
    kept.ok_or_else(|| Problem::not_found("unknown_view", "there is no such view that you may see"))
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
    let filter = body.filter.check(&pack.pack).into_iter().filter(|(place, _)| *place != "fields");
    wrong.extend(filter.map(|(field, why)| (format!("/filter/{field}"), why)));
    let pack = &pack.pack;
    let personal: BTreeSet<&str> = body.filter.personal_fields(pack).collect();
    for name in body.filter.fields.keys() {
        let why = match (list::knows(call, pack, name), personal.contains(name.as_str())) {
            // In the same words and place whether it is hidden or not there.
            (false, _) => "the desk has no such field",
            (true, true) => {
                "a view holds nothing of a customer: only fields that are declared with `personal` false"
            }
            (true, false) => continue,
        };
        wrong.push((format!("/filter/fields/{}", escape(name)), why.to_owned()));
    }
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
) -> Result<Loaded<Views>, Problem> {
    if identity.repeats(&loaded)? {
        return Ok(loaded);
    }
    let mut commit = call.context.commit();
    commit.append(&loaded, vec![event(identity.id.clone(), &call.caller.actor(), identity.tag, data)?])?;
    call.context.journal.commit(commit).await?;
    // What others changed at the same time is seen by then, and which of it counts.
    let after = load(call).await?;
    identity.repeats(&after)?;
    Ok(after)
}

fn shown(id: &str, kept: &Kept) -> Value {
    let view = &kept.view;
    json!({
        "id": id, "name": view.name, "shared": view.owner.is_none(),
        "filter": view.filter, "order": view.order, "revision": kept.revision,
    })
}
