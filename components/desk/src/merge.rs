//! `POST …/merge` and its undoing: both conversations change in one commit.

use crate::call::Call;
use crate::tickets::{TicketStream, load};
use chrono::{DateTime, Utc};
use futures::future::try_join;
use http::StatusCode;
use relevo_domain::conversation::merge::{self, Customers, MAX_ABSORBED, Place};
use relevo_domain::conversation::{Conversation, Ticket, TicketRef, decide, view};
use relevo_edge::api;
use relevo_edge::app::event;
use relevo_edge::http::Response;
use relevo_edge::ids;
use relevo_edge::merging;
use relevo_edge::partitions;
use relevo_edge::people::united;
use relevo_edge::problem::Problem;
use relevo_journal::{Fold, Loaded};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// `POST …/merge`
///
/// Two merges at once of the same ticket into different ones are both written, and the first counts: whoever looks
/// afterwards and finds another takes back what the ticket that it did not go to was told, and is refused.
pub async fn merge(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Merge = call.request.json()?;
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let target = TicketStream::of(&body.into).map_err(|_| merge::unknown_target())?;
    partitions::ticket(&call.context, &pack.pack, &call.caller, &body.into).await?;
    let other = match target.conversation == stream.conversation {
        true => None,
        false => Some(read(call, &target.conversation).await?),
    };
    let source = Place { state: &loaded.state, ordinal: stream.ordinal, id: &stream.id };
    let state = &other.as_ref().unwrap_or(&loaded).state;
    let goal = Place { state, ordinal: target.ordinal, id: &target.id };
    let customers = customers(call, &loaded.state, state, body.different_customers).await?;
    let (merged, absorbed) = merge::merge(source, goal, other.is_none(), customers, &pack.pack)?;

    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    let after = commit.append(&loaded, vec![event(identity.id.clone(), &actor, identity.tag, merged)?])?;
    let absorbed = event(format!("{}.into", identity.id), &actor, identity.tag, absorbed)?;
    commit.append(other.as_ref().unwrap_or(&after), vec![absorbed])?;
    call.context.journal.commit(commit).await?;

    merging::settle(&call.context, &stream.conversation).await?;
    let after = read(call, &stream.conversation).await?;
    identity.repeats(&after)?;
    let went = decide::existing(&after.state, stream.ordinal)?.merged.as_ref().map(|m| m.into.clone());
    match went {
        Some(into) if into.id != target.id => {
            release(call, &target, &stream.id, format!("{}.elsewhere", identity.id)).await?;
            let what = format!("it was merged into #{} ({}) at the same time", into.number, into.id);
            Err(Problem::new(StatusCode::CONFLICT, "ticket_is_merged", what))
        }
        Some(_) => stream.answer(StatusCode::OK, &after.state),
        None => {
            let what = "somebody merged the other ticket into this one, or undid this, at the same time";
            Err(Problem::new(StatusCode::CONFLICT, "merged_meanwhile", what))
        }
    }
}

/// Whose the tickets of two conversations are: contacts that were merged are one customer.
async fn customers(
    call: &Call<'_>,
    one: &Conversation,
    other: &Conversation,
    is_meant: bool,
) -> Result<Customers, Problem> {
    let of = |state: &Conversation| state.party.as_ref().map(|party| party.contact.clone());
    let (Some(one), Some(other)) = (of(one), of(other)) else { return Ok(Customers::Same) };
    if one == other {
        return Ok(Customers::Same);
    }
    let [one, other] = [one, other].map(|id| id.strip_prefix(ids::CONTACT).unwrap_or(&id).to_owned());
    let (one, other) = try_join(united(&call.context, &one), united(&call.context, &other)).await?;
    Ok(match (one.name == other.name, is_meant) {
        (true, _) => Customers::Same,
        (false, true) => Customers::DifferentAndMeant,
        (false, false) => Customers::Different,
    })
}

/// `DELETE …/merge`
pub async fn unmerge(call: &Call<'_>) -> Result<Response, Problem> {
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let out = merge::unmerge(&loaded.state, stream.ordinal, &pack.pack)?;
    let merged = decide::existing(&loaded.state, stream.ordinal)?.merged.as_ref();
    let target = merged.and_then(|merged| TicketStream::of(&merged.into.id).ok());
    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    let after = commit.append(&loaded, vec![event(identity.id.clone(), &actor, identity.tag, out)?])?;
    if let Some(target) = target {
        let same = target.conversation == stream.conversation;
        let other = if same { after.clone() } else { read(call, &target.conversation).await? };
        let released = merge::release(target.ordinal, &stream.id);
        commit
            .append(&other, vec![event(format!("{}.out", identity.id), &actor, identity.tag, released)?])?;
    }
    call.context.journal.commit(commit).await?;
    let after = identity.confirm(&call.context, after).await?;
    stream.answer(StatusCode::OK, &after.state)
}

/// Adds to a ticket's view what is said on those that are merged into it, and on those that are merged into them: their
/// messages, each with its ticket, by time. Who is merged into whom is told by who was merged.
pub async fn gather(
    call: &Call<'_>,
    id: &str,
    ticket: &Ticket,
    view: &mut Map<String, Value>,
    as_of: Option<DateTime<Utc>>,
) -> Result<(), Problem> {
    if ticket.absorbed.is_empty() {
        return Ok(());
    }
    let mut said: Vec<(DateTime<Utc>, Value)> = Vec::new();
    let (mut all, mut known) = (Vec::new(), BTreeSet::from([id.to_owned()]));
    let mut waiting: Vec<(String, TicketRef)> =
        ticket.absorbed.iter().map(|from| (id.to_owned(), from.clone())).collect();
    while let Some((into, from)) = waiting.pop() {
        if all.len() >= MAX_ABSORBED || !known.insert(from.id.clone()) {
            continue;
        }
        let place = TicketStream::of(&from.id)?;
        let (state, _) =
            call.context.journal.load_events::<Conversation>(&place.stream(call)?, as_of).await?;
        let merged = state.ticket(place.ordinal);
        let Some(merged) = merged.filter(|t| t.merged.as_ref().is_some_and(|m| m.into.id == into)) else {
            continue;
        };
        said.extend(view::messages(&state, merged).map(|(at, mut message)| {
            if let Some(message) = message.as_object_mut() {
                message.insert("ticket".to_owned(), json!(from));
            }
            (at, message)
        }));
        waiting.extend(merged.absorbed.iter().map(|next| (from.id.clone(), next.clone())));
        all.push(from);
    }
    let own = view.remove("messages").and_then(|own| match own {
        Value::Array(own) => Some(own),
        _ => None,
    });
    let recorded = |message: &Value| {
        let at = message.get("at").and_then(Value::as_str);
        at.and_then(|at| DateTime::parse_from_rfc3339(at).ok()).unwrap_or_default().with_timezone(&Utc)
    };
    said.extend(own.unwrap_or_default().into_iter().map(|message| (recorded(&message), message)));
    said.sort_by_key(|(at, _)| *at);
    view.insert("messages".to_owned(), said.into_iter().map(|(_, message)| message).collect());
    view.insert("merged".to_owned(), json!(all));
    Ok(())
}

async fn release(call: &Call<'_>, target: &TicketStream, from: &str, id: String) -> Result<(), Problem> {
    let loaded = read(call, &target.conversation).await?;
    let mut commit = call.context.commit();
    let released = merge::release(target.ordinal, from);
    commit.append(&loaded, vec![event(id, &call.caller.actor(), 0, released)?])?;
    Ok(call.context.journal.commit(commit).await.map(|_| ())?)
}

async fn read(call: &Call<'_>, conversation: &str) -> Result<Loaded<Conversation>, Problem> {
    let stream = call.context.stream(Conversation::KIND, conversation)?;
    Ok(call.context.journal.load::<Conversation>(&stream, call.context.now).await?)
}
