//! `…/tickets/{ticket}/parent` and `…/children`: an incident and the tickets that report it.

use crate::call::Call;
use crate::tickets::{TicketStream, load};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::conversation::family::{self, unknown_parent};
use relevo_domain::conversation::merge::Place;
use relevo_domain::conversation::{Conversation, TicketRef, decide};
use relevo_edge::api;
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::partitions;
use relevo_edge::problem::Problem;
use relevo_journal::{Fold, Loaded};
use serde_json::{Value, json};

/// Children that are read at once.
const AT_ONCE: usize = 32;

/// `POST …/parent`
///
/// Two calls at once may make a ticket the child of one that becomes a child itself: whoever finds that afterwards takes
/// its own link back, and is refused.
pub async fn link(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewParent = call.request.json()?;
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let target = TicketStream::of(&body.parent).map_err(|_| unknown_parent())?;
    partitions::ticket(&call.context, &pack.pack, &call.caller, &body.parent).await?;
    let same = target.conversation == stream.conversation;
    let other = if same { loaded.clone() } else { read(call, &target.conversation).await? };
    let (linked, came) = family::adopt(
        Place { state: &loaded.state, ordinal: stream.ordinal, id: &stream.id },
        Place { state: &other.state, ordinal: target.ordinal, id: &target.id },
    )?;
    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    let after = commit.append(&loaded, vec![event(identity.id.clone(), &actor, identity.tag, linked)?])?;
    let came = event(format!("{}.child", identity.id), &actor, identity.tag, came)?;
    commit.append(if same { &after } else { &other }, vec![came])?;
    call.context.journal.commit(commit).await?;

    let after = read(call, &stream.conversation).await?;
    identity.repeats(&after)?;
    let own = decide::existing(&after.state, stream.ordinal)?;
    let is_its = own.parent.as_ref().is_some_and(|parent| parent.id == target.id);
    let parent = read(call, &target.conversation).await?;
    let is_child = parent.state.ticket(target.ordinal).is_some_and(|parent| parent.parent.is_some());
    if is_its && !is_child && own.children.is_empty() {
        return stream.answer(StatusCode::OK, &after.state);
    }
    let mut commit = call.context.commit();
    let mut kept = after.clone();
    if is_its {
        let out = family::part(&after.state, stream.ordinal)?;
        kept = commit.append(&after, vec![event(format!("{}.undone", identity.id), &actor, 0, out)?])?;
    }
    let left = event(format!("{}.left", identity.id), &actor, 0, family::left(target.ordinal, &stream.id))?;
    commit.append(if same { &kept } else { &parent }, vec![left])?;
    call.context.journal.commit(commit).await?;
    let detail = "somebody linked one of the two tickets at the same time; read them again";
    Err(Problem::new(StatusCode::CONFLICT, "linked_meanwhile", detail))
}

/// `DELETE …/parent`
pub async fn unlink(call: &Call<'_>) -> Result<Response, Problem> {
    let identity = call.identity()?;
    let (stream, loaded, _) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let out = family::part(&loaded.state, stream.ordinal)?;
    let parent = decide::existing(&loaded.state, stream.ordinal)?.parent.as_ref();
    let target = parent.and_then(|parent| TicketStream::of(&parent.id).ok());
    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    let after = commit.append(&loaded, vec![event(identity.id.clone(), &actor, identity.tag, out)?])?;
    if let Some(target) = target {
        let same = target.conversation == stream.conversation;
        let other = if same { after.clone() } else { read(call, &target.conversation).await? };
        let left =
            event(format!("{}.child", identity.id), &actor, 0, family::left(target.ordinal, &stream.id))?;
        commit.append(&other, vec![left])?;
    }
    call.context.journal.commit(commit).await?;
    let after = identity.confirm(&call.context, after).await?;
    stream.answer(StatusCode::OK, &after.state)
}

/// `GET …/children`
pub async fn children(call: &Call<'_>) -> Result<Response, Problem> {
    let (_, children) = of(call, call.matched.part(1)).await?;
    let pack = call.context.pack().await?;
    let (mut items, mut open) = (Vec::new(), 0_usize);
    for (child, loaded) in &children {
        let place = TicketStream::of(&child.id)?;
        let Some(ticket) = loaded.state.ticket(place.ordinal) else { continue };
        if !partitions::sees(&pack.pack, &call.caller, &ticket.queue, ticket.team.as_deref()) {
            continue;
        }
        open = open.saturating_add(usize::from(!ticket.category.is_done()));
        items.push(json!({
            "id": child.id, "number": ticket.number, "status": ticket.status, "category": ticket.category,
            "assignee": ticket.agent,
        }));
    }
    let counts = json!({"total": items.len(), "open": open, "done": items.len().saturating_sub(open)});
    Ok(json(StatusCode::OK, &json!({"items": Value::Array(items), "next": null, "counts": counts})))
}

/// The children of a ticket that say so themselves.
pub async fn of(
    call: &Call<'_>,
    parent: &str,
) -> Result<(Loaded<Conversation>, Vec<(TicketRef, Loaded<Conversation>)>), Problem> {
    let place = TicketStream::of(parent)?;
    let loaded = read(call, &place.conversation).await?;
    let known = decide::existing(&loaded.state, place.ordinal)?.children.clone();
    let mut found = Vec::new();
    for some in known.chunks(AT_ONCE) {
        let reads = some.iter().map(async |child: &TicketRef| {
            let place = TicketStream::of(&child.id)?;
            let loaded = read(call, &place.conversation).await?;
            let own = loaded.state.ticket(place.ordinal).and_then(|ticket| ticket.parent.as_ref());
            let is_its = own.is_some_and(|known| known.id == parent);
            Ok::<_, Problem>(is_its.then(|| (child.clone(), loaded)))
        });
        found.extend(try_join_all(reads).await?.into_iter().flatten());
    }
    Ok((loaded, found))
}

async fn read(call: &Call<'_>, conversation: &str) -> Result<Loaded<Conversation>, Problem> {
    let stream = call.context.stream(Conversation::KIND, conversation)?;
    Ok(call.context.journal.load::<Conversation>(&stream, call.context.now).await?)
}
