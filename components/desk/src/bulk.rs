//! `POST …/tickets/bulk` and `GET …/bulk/{bulk}`: the same done to many tickets. A few are done at once; of many the rest is
//! worked through by the tick, a portion at a time, and may be interrupted anywhere: what was done to a ticket has an id
//! of its own, made from the bulk's and the ticket's place in it.

mod portion;

use crate::call::Call;
use crate::list;
use crate::macros;
use futures::future::try_join_all;
use http::StatusCode;
use portion::PORTION;
pub use portion::work;
use relevo_domain::action::{self, Action};
use relevo_domain::bulk::{Bulk, BulkEvent, MAX_TICKETS, Order};
use relevo_domain::conversation::apart;
use relevo_domain::field;
use relevo_domain::pack::{self, Role};
use relevo_domain::worklist::Filter;
use relevo_edge::api::NewBulk;
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::{ids, internal, partitions};
use relevo_journal::{Fold, Loaded};
use relevo_projections::agenda::{self, Floors, Work};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Tickets that are looked at together before anything is done.
const CHECKED_AT_ONCE: usize = 32;

/// `POST …/tickets/bulk`
pub async fn start(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewBulk = call.request.json()?;
    let identity = call.identity()?;
    let context = &call.context;
    let name = context.keys.id("bulk", &[&identity.id]);
    let stream = context.stream(Bulk::KIND, &name)?;
    let loaded = context.journal.load::<Bulk>(&stream, context.now).await?;
    if identity.repeats(&loaded)? {
        return Ok(json(StatusCode::ACCEPTED, &shown(&name, &loaded)));
    }
    check(call, &body.actions).await?;
    for action in &body.actions {
        if let Action::Macro { id, .. } = action {
            macros::allowed(&context.pack().await?.pack, id, &call.caller.person, call.caller.role)?;
        }
    }
    let tickets = tickets(call, body.tickets, body.view, body.filter, body.children_of).await?;
    let role = call.caller.role;
    let order = Order { tickets, actions: body.actions.into(), person: call.caller.person.clone(), role };
    let mut commit = context.commit();
    let started = BulkEvent::Started(Box::new(order));
    let loaded = loaded.sealed_under(context.journal.desk_key()?);
    let started = event(identity.id.clone(), &call.caller.actor(), identity.tag, started)?;
    commit.append(&loaded, vec![started])?;
    let floors = Floors::load(context).await?;
    agenda::schedule(&mut commit, &floors, Work::Bulk, &name, context.now, context.now)?;
    context.journal.commit(commit).await?;
    portion::some(context, &name, PORTION).await?;
    let loaded = context.journal.load::<Bulk>(&stream, context.now).await?;
    identity.repeats(&loaded)?;
    Ok(json(StatusCode::ACCEPTED, &shown(&name, &loaded)))
}

/// `GET …/bulk/{bulk}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let name = ids::parse(call.matched.part(1), ids::BULK, "bulk")?;
    let stream = call.context.stream(Bulk::KIND, name)?;
    let loaded = call.context.journal.load::<Bulk>(&stream, call.context.now).await?;
    let pack = call.context.pack().await?;
    let may_see = |order: &Order| {
        let is_own = order.person == call.caller.person;
        is_own || pack.pack.partitions.is_empty() || call.caller.role >= Role::Manager
    };
    if !loaded.state.order.as_ref().is_some_and(may_see) {
        return Err(Problem::not_found("unknown_bulk", "there is no such bulk action at this desk"));
    }
    Ok(json(StatusCode::OK, &shown(name, &loaded)))
}

/// What names something that the desk does not have is refused at once, not a thousand times.
async fn check(call: &Call<'_>, actions: &[Action]) -> Result<(), Problem> {
    let pack = call.context.pack().await?;
    let mut wrong = action::check(&pack.pack, actions, call.caller.role);
    wrong.extend(apart::misplaced(&pack.pack, actions, &call.caller.person, call.caller.role));
    let single = actions.iter().enumerate().filter(|(_, one)| matches!(one, Action::Reply { .. }));
    wrong.extend(single.map(|(n, _)| (format!("/{n}/reply"), "a reply is part of a macro".to_owned())));
    for (n, action) in actions.iter().enumerate() {
        if let Action::Fields { set } = action {
            let mine = field::wrong(&pack.pack, set, call.caller.role).into_iter();
            let placed = mine.map(|(name, why)| (format!("/{n}/fields/set/{}", pack::escape(&name)), why));
            wrong.extend(
                placed
                    .filter(|(place, _)| !wrong.iter().any(|(known, _)| known == place))
                    .collect::<Vec<_>>(),
            );
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let placed = wrong.into_iter().map(|(place, what)| (format!("/actions{place}"), what));
    Err(Problem::invalid_all(placed.collect()))
}

/// The tickets that are meant: those that are named, or the live ones of a view or a filter.
async fn tickets(
    call: &Call<'_>,
    named: Option<Vec<String>>,
    view: Option<String>,
    filter: Option<Filter>,
    children_of: Option<String>,
) -> Result<Vec<String>, Problem> {
    let found = match (named, view, filter, children_of) {
        (Some(named), None, None, None) => {
            for (n, id) in named.iter().enumerate() {
                let bad = || Problem::invalid(format!("/tickets/{n}"), "the id of a ticket");
                ids::parse_ticket(id).map_err(|_| bad())?;
            }
            keep_apart(call, &named).await?;
            named
        }
        (None, Some(view), None, None) => {
            let unknown = || Problem::invalid("/view", "the id of a view that you may see");
            fitting(call, crate::views::seen(call, &view).await?.ok_or_else(unknown)?.filter).await?
        }
        (None, None, Some(filter), None) if filter == Filter::default() => {
            let what = "name at least one condition: without any it would be every ticket of the desk";
            return Err(Problem::invalid("/filter", what));
        }
        (None, None, Some(filter), None) => fitting(call, filter).await?,
        (None, None, None, Some(parent)) => {
            let bad = |_| Problem::invalid("/children_of", "the id of a ticket");
            ids::parse_ticket(&parent).map_err(bad)?;
            keep_apart(call, std::slice::from_ref(&parent)).await?;
            let (_, children) = crate::family::of(call, &parent).await?;
            let children: Vec<String> = children.into_iter().map(|(child, _)| child.id).collect();
            keep_apart(call, &children).await?;
            children
        }
        _ => {
            let what = "either tickets, a view, a filter or a parent";
            return Err(Problem::invalid("/tickets", what));
        }
    };
    let mut once = BTreeSet::new();
    let found: Vec<String> = found.into_iter().filter(|id| once.insert(id.clone())).collect();
    if found.len() > MAX_TICKETS {
        let what = format!("{} tickets; at most {MAX_TICKETS} at a time", found.len());
        return Err(Problem::invalid("/tickets", what));
    }
    Ok(found)
}

/// Refuses tickets of another partition of the desk.
async fn keep_apart(call: &Call<'_>, named: &[String]) -> Result<(), Problem> {
    let pack = call.context.pack().await?;
    if pack.pack.partitions.is_empty() || call.caller.role >= Role::Manager {
        return Ok(());
    }
    for some in named.chunks(CHECKED_AT_ONCE) {
        try_join_all(some.iter().map(|id| partitions::ticket(&call.context, &pack.pack, &call.caller, id)))
            .await?;
    }
    Ok(())
}

async fn fitting(call: &Call<'_>, filter: Filter) -> Result<Vec<String>, Problem> {
    let pack = call.context.pack().await?;
    let mut wrong = filter.check(&pack.pack);
    let is_named = wrong.iter().any(|(place, _)| *place == "fields");
    if !is_named && !filter.fields.keys().all(|name| list::knows(call, &pack.pack, name)) {
        wrong.push(("fields", "the desk has no such field".to_owned()));
    }
    if !wrong.is_empty() {
        let wrong = wrong.into_iter().map(|(field, why)| (format!("/filter/{field}"), why));
        return Err(Problem::invalid_all(wrong.collect()));
    }
    internal::follow(call.context.desk.as_str()).await?;
    let (rows, _) = list::live(call).await?;
    let (rows, complete) = list::Looked::new(call).fitting(&rows, &[filter]).await?;
    if !complete {
        let what = "too many tickets to look at the fields of each; narrow it down by something else too";
        return Err(Problem::invalid("/filter/fields", what));
    }
    Ok(rows.into_iter().map(|row| ids::ticket(&row.conversation, row.ordinal)).collect())
}

/// How far it is, with a result per ticket.
fn shown(name: &str, loaded: &Loaded<Bulk>) -> Value {
    let bulk = &loaded.state;
    let tickets = bulk.order.iter().flat_map(|order| &order.tickets);
    let items: Vec<Value> = (0..)
        .zip(tickets)
        .map(|(place, ticket)| match bulk.outcomes.get(&place) {
            None => json!({"ticket": ticket, "state": "pending"}),
            Some(None) => json!({"ticket": ticket, "state": "done"}),
            Some(Some(code)) => json!({"ticket": ticket, "state": "refused", "code": code}),
        })
        .collect();
    let refused = bulk.outcomes.values().flatten().count();
    json!({
        "id": format!("{}{name}", ids::BULK),
        "finished": bulk.is_finished(),
        "total": bulk.total(),
        "done": bulk.outcomes.len().saturating_sub(refused),
        "refused": refused,
        "items": items,
    })
}
