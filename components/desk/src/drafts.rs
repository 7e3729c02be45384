//! `…/tickets/{ticket}/draft`: what a person has begun to write, and who else is writing.

use crate::call::Call;
use crate::tickets::{TicketStream, load as load_ticket};
use http::StatusCode;
use relevo_domain::conversation::{Conversation, attention, view};
use relevo_domain::draft::{Draft, DraftEvent, Drafts, Writing};
use relevo_edge::api;
use relevo_edge::app::event;
use relevo_edge::http::{Response, empty, json};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_journal::{Commit, Fold, Loaded};
use serde_json::{Value, json};

/// `GET …/draft`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let (stream, _, _) = load_ticket(call).await?;
    let drafts = load(call, &stream).await?;
    let Some(draft) = drafts.state.by_person.get(&call.caller.person) else {
        return Err(Problem::not_found("no_draft", "you have no draft on this ticket"));
    };
    Ok(json(StatusCode::OK, &shown(call, draft, &drafts.state)))
}

/// `PUT …/draft`
pub async fn save(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewDraftOfTicket = call.request.json()?;
    let identity = call.identity()?;
    let (stream, ticket, _) = load_ticket(call).await?;
    let mut drafts = load(call, &stream).await?;
    if !identity.repeats(&drafts)? {
        let (mut commit, actor) = (call.context.commit(), call.caller.actor());
        let saved = drafts.state.save(&call.caller.person, body.text, body.after)?;
        let ticket = Persons::new(&call.context, &actor).sealing(&mut commit, ticket).await?;
        let sealed = drafts.sealed_under(ticket.key().cloned());
        drafts = commit.append(&sealed, vec![event(identity.id.clone(), &actor, identity.tag, saved)?])?;
        call.context.journal.commit(commit).await?;
        drafts = identity.confirm(&call.context, drafts).await?;
    }
    let Some(draft) = drafts.state.by_person.get(&call.caller.person) else {
        return Err(Problem::not_found("no_draft", "the draft was removed meanwhile"));
    };
    Ok(json(StatusCode::OK, &shown(call, draft, &drafts.state)))
}

/// `DELETE …/draft`
pub async fn discard(call: &Call<'_>) -> Result<Response, Problem> {
    let identity = call.identity()?;
    let (stream, _, _) = load_ticket(call).await?;
    let drafts = load(call, &stream).await?;
    if !identity.repeats(&drafts)? {
        let mut commit = call.context.commit();
        remove(call, &mut commit, &drafts, &identity.id)?;
        if !commit.is_empty() {
            call.context.journal.commit(commit).await?;
        }
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Removes the caller's draft, if there is one: it was sent, or is not wanted. `id` names the call.
pub fn remove(
    call: &Call<'_>,
    commit: &mut Commit,
    drafts: &Loaded<Drafts>,
    id: &str,
) -> Result<(), Problem> {
    if drafts.state.by_person.contains_key(&call.caller.person) {
        let removed = DraftEvent::Removed { person: call.caller.person.clone() };
        commit.append(drafts, vec![event(id, &call.caller.actor(), 0, removed)?])?;
    }
    Ok(())
}

/// Who else is writing on a ticket, as the API shows it.
pub fn writing(call: &Call<'_>, drafts: &Drafts) -> Value {
    let others = drafts.writing(call.context.now, &call.caller.person);
    let shown = |one: &Writing| json!({"person": one.person, "since": view::rfc3339(one.since)});
    others.iter().map(shown).collect()
}

/// The drafts of a ticket.
pub async fn load(call: &Call<'_>, ticket: &TicketStream) -> Result<Loaded<Drafts>, Problem> {
    let name = format!("{}_{}", ticket.conversation, ticket.ordinal);
    let stream = call.context.stream(Drafts::KIND, &name)?;
    Ok(call.context.journal.load::<Drafts>(&stream, call.context.now).await?)
}

/// Refuses a reply whose writer has not seen what was said last, and names what that is.
///
/// # Errors
/// 409 `collision`, with `between`; 422 if no message of the ticket has the id.
pub async fn refuse_collision(
    call: &Call<'_>,
    ticket: &TicketStream,
    state: &Conversation,
    last: &str,
) -> Result<(), Problem> {
    let Err(refusal) = attention::not_overtaken(state, ticket.ordinal, last) else { return Ok(()) };
    let (whole, _) = call.context.journal.load_events::<Conversation>(&ticket.stream(call)?, None).await?;
    let Some(between) = attention::said_after(&whole, ticket.ordinal, last) else {
        return Err(Problem::invalid("/after", "no message of this ticket has this id"));
    };
    let between: Value = between
        .iter()
        .map(|m| json!({"id": m.id, "direction": m.direction, "by": m.by, "at": view::rfc3339(m.at)}))
        .collect();
    Err(Problem { more: Some(Box::new(("between", between))), ..refusal.into() })
}

fn shown(call: &Call<'_>, draft: &Draft, drafts: &Drafts) -> Value {
    json!({
        "text": draft.text.0, "after": draft.after, "since": view::rfc3339(draft.since),
        "at": view::rfc3339(draft.at), "writing": writing(call, drafts),
    })
}
