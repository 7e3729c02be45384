//! Replies that are held: taken back, sent at once, approved or rejected. Whoever decides claims the next attempt of the
//! outbox entry first, as whoever sends does, so that one decision counts.

use crate::call::{Call, Identity};
use crate::tickets::{TicketStream, load as load_ticket};
use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_domain::approval::{self, ApprovalEvent, Approvals};
use relevo_domain::conversation::held::{self, HeldReply, Hold, Why};
use relevo_domain::conversation::{Conversation, ConversationEvent, view};
use relevo_domain::outbox::{Entry, Outbox, OutboxEvent, Request};
use relevo_domain::pack::Role;
use relevo_domain::refusal::Refusal;
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::http::{Response, json};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::{api, internal, outgoing, partitions};
use relevo_journal::{Commit, Fold, Loaded, private};
use relevo_projections::{answers, claims};
use serde_json::{Value, json};

/// A held reply and what it lies in, which the caller alone decides about.
struct Taken {
    stream: TicketStream,
    loaded: Loaded<Conversation>,
    pack: std::rc::Rc<PublishedPack>,
    outbox: Loaded<Outbox>,
    reply: HeldReply,
    /// The attempt that was claimed.
    attempt: u32,
}

/// `DELETE …/replies/{message}`
pub async fn cancel(call: &Call<'_>) -> Result<Response, Problem> {
    let identity = call.identity()?;
    let (stream, loaded, _) = load_ticket(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let taken = take(call, |reply| {
        let is_own = reply.by == call.caller.actor();
        if !is_own && call.caller.role < Role::Lead {
            let what = "a reply is taken back by who wrote it, or by a lead";
            return Err(Refusal::forbidden("not_yours", what));
        }
        let timed = matches!(reply.hold.why, Why::Undo | Why::Scheduled);
        if timed && reply.hold.until.is_some_and(|until| until <= call.context.now) {
            return Err(Refusal::conflict(
                "too_late",
                "its time is over: it has been sent, or is being sent",
            ));
        }
        Ok(())
    })
    .await?;
    let message = taken.reply.message.clone();
    let cancelled = ConversationEvent::ReplyCancelled { ticket: taken.stream.ordinal, message };
    let gone = OutboxEvent::Cancelled { attempt: taken.attempt };
    settle(call, &identity, taken, vec![cancelled], gone, None).await
}

/// `POST …/replies/{message}/release`
pub async fn release(call: &Call<'_>) -> Result<Response, Problem> {
    let identity = call.identity()?;
    let (stream, loaded, pack) = load_ticket(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    if pack.pack.people.get(&call.caller.person).is_some_and(|person| person.trainee) {
        return Err(Problem::forbidden(
            "who learns the work lets nothing go: it goes at its time, or by a lead",
        ));
    }
    refuse_erased(call, &stream, &loaded.state, call.matched.part(2)).await?;
    let taken = take(call, |reply| match reply.hold.why {
        Why::AwaitingApproval => {
            Err(Refusal::conflict("awaits_approval", "it goes when a lead has approved it"))
        }
        // Before anything is claimed: what may not be sent is refused, and can still be taken back.
        _ => held::release(&loaded.state, pack.published(), stream.ordinal, &reply.message).map(|_| ()),
    })
    .await?;
    let (state, published) = (&taken.loaded.state, taken.pack.published());
    let events = held::release(state, published, taken.stream.ordinal, &taken.reply.message)?;
    let gone = OutboxEvent::Released { attempt: taken.attempt, at: None };
    settle(call, &identity, taken, events, gone, None).await
}

/// `POST …/replies/{message}/approval`
pub async fn approve(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::ReplyApproval = call.request.json()?;
    if !body.accepted && (body.text.is_some() || body.note.as_ref().is_none_or(|note| note.trim().is_empty()))
    {
        return Err(Problem::invalid("/note", "a rejection says why in a note, and has no text"));
    }
    let identity = call.identity()?;
    let (stream, loaded, pack) = load_ticket(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    if pack.pack.people.get(&call.caller.person).is_some_and(|person| person.trainee) {
        return Err(Problem::forbidden("who learns the work approves nothing, for whomever they stand in"));
    }
    if body.accepted {
        refuse_erased(call, &stream, &loaded.state, call.matched.part(2)).await?;
    }
    if let Some(last) = &body.after {
        crate::drafts::refuse_collision(call, &stream, &loaded.state, last).await?;
    }
    let taken = take(call, |reply| {
        if reply.hold.why != Why::AwaitingApproval {
            return Err(Refusal::conflict("needs_no_approval", "the reply does not wait for an approval"));
        }
        if reply.by == call.caller.actor() {
            return Err(Refusal::forbidden("own_reply", "nobody approves what they wrote themselves"));
        }
        // Before anything is claimed: what may not be sent is refused, and waits on.
        match body.accepted {
            true => {
                held::release(&loaded.state, pack.published(), stream.ordinal, &reply.message).map(|_| ())
            }
            false => Ok(()),
        }
    })
    .await?;
    let (message, ticket) = (taken.reply.message.clone(), taken.stream.ordinal);
    let note = body.note.map(Into::into);
    if !body.accepted {
        let rejected = ConversationEvent::ReplyRejected { ticket, message, note: note.unwrap_or_default() };
        let gone = OutboxEvent::Cancelled { attempt: taken.attempt };
        return settle(call, &identity, taken, vec![rejected], gone, None).await;
    }
    let until = taken.reply.hold.until.filter(|until| *until > call.context.now);
    let changed = match body.text {
        Some(text) => Some(changed(call, &identity, &taken, text, until)?),
        None => None,
    };
    let text = changed.as_ref().map(|(_, entry)| text_of(entry));
    let outbox = changed.as_ref().map(|(name, _)| name.clone());
    let approved =
        ConversationEvent::ReplyApproved { ticket, message: message.clone(), text, outbox, note, until };
    let mut events = vec![approved];
    if until.is_none() {
        events.extend(held::release(&taken.loaded.state, taken.pack.published(), ticket, &message)?);
    }
    let gone = match &changed {
        Some(_) => OutboxEvent::Cancelled { attempt: taken.attempt },
        None => OutboxEvent::Released { attempt: taken.attempt, at: until },
    };
    settle(call, &identity, taken, events, gone, changed).await
}

/// `GET …/approvals`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = crate::list::limit(call)?;
    let (list, pack) = (approvals(&call.context).await?, call.context.pack().await?);
    let mut waiting: Vec<_> = list.state.waiting.iter().collect();
    waiting.sort_by_key(|(message, one)| (one.at, (*message).clone()));
    let after = call.request.parameter("cursor");
    let seen = after.as_ref().and_then(|after| waiting.iter().position(|(message, _)| *message == after));
    let mut items = Vec::new();
    let mut rest = waiting.into_iter().skip(seen.map_or(0, |seen| seen.saturating_add(1)));
    let mut last = None;
    for (message, one) in rest.by_ref() {
        if partitions::ticket(&call.context, &pack.pack, &call.caller, &one.ticket).await.is_err() {
            continue;
        }
        let place = TicketStream::of(&one.ticket)?;
        let (state, _) = call.context.journal.load_events::<Conversation>(&place.stream(call)?, None).await?;
        let Ok(reply) = held::held(&state, place.ordinal, message) else { continue };
        let written = state.messages(place.ordinal).find(|m| m.id == *message);
        items.push(json!({
            "message": message, "ticket": one.ticket, "by": one.person, "at": view::rfc3339(one.at),
            "number": state.ticket(place.ordinal).map(|ticket| ticket.number),
            "text": written.and_then(|m| m.text.as_ref()).map(|text| &text.0),
            "send_at": reply.hold.until.map(view::rfc3339),
        }));
        last = Some(message.clone());
        if items.len() >= limit {
            break;
        }
    }
    let next = last.filter(|_| rest.next().is_some());
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

/// How a reply of the caller is held, if it is.
pub fn hold(
    call: &Call<'_>,
    pack: &PublishedPack,
    send_at: Option<DateTime<Utc>>,
) -> Result<Option<Hold>, Problem> {
    let who = (call.caller.person.as_str(), call.caller.is_human());
    Ok(held::hold_for(&pack.pack, who, send_at, call.context.now)?)
}

/// Whoever moves a ticket on takes nothing back any more: what is held for that goes now, so that it counts before what
/// follows. `next` is what follows: if it is refused once the replies have gone, none goes.
///
/// # Errors
/// As `next`; 409 if a reply goes at this very moment, or somebody decides about it.
pub async fn undo_no_more(
    call: &Call<'_>,
    next: impl FnOnce(&Conversation, u32, &PublishedPack) -> Result<Vec<ConversationEvent>, Refusal>,
) -> Result<(), Problem> {
    let identity = call.identity()?;
    let (stream, loaded, pack) = load_ticket(call).await?;
    if identity.repeats(&loaded)? {
        return Ok(());
    }
    let Some(ticket) = loaded.state.ticket(stream.ordinal) else { return Ok(()) };
    let undo: Vec<&HeldReply> = ticket.held.iter().filter(|held| held.hold.why == Why::Undo).collect();
    for reply in &undo {
        refuse_erased(call, &stream, &loaded.state, &reply.message).await?;
    }
    let now = call.context.now;
    let after = held::undone_no_more(&loaded.state, pack.published(), stream.ordinal, now)?;
    next(&after, stream.ordinal, &pack)?;
    for (n, reply) in undo.into_iter().enumerate() {
        let taken = claim(call, &reply.message, &reply.outbox).await?;
        let (state, published) = (&taken.loaded.state, taken.pack.published());
        let events = held::release(state, published, taken.stream.ordinal, &taken.reply.message)?;
        let gone = OutboxEvent::Released { attempt: taken.attempt, at: None };
        let own = Identity { id: format!("{}.before{n}", identity.id), ..identity.clone() };
        decided(call, &own, taken, events, gone, None).await?;
    }
    Ok(())
}

/// Refuses to let a reply go whose reader's data were erased since it was written.
async fn refuse_erased(
    call: &Call<'_>,
    stream: &TicketStream,
    state: &Conversation,
    message: &str,
) -> Result<(), Problem> {
    let Ok(reply) = held::held(state, stream.ordinal, message) else { return Ok(()) };
    match outgoing::was_erased_since(&call.context, state, reply.at).await? {
        true => Err(outgoing::erased()),
        false => Ok(()),
    }
}

/// Puts a reply that awaits approval on the list.
pub async fn ask(
    context: &DeskContext,
    commit: &mut Commit,
    (person, actor): (&str, &str),
    ticket: &str,
    message: &str,
) -> Result<(), Problem> {
    let (message, ticket, person) = (message.to_owned(), ticket.to_owned(), person.to_owned());
    let id = format!("asked.{message}");
    let list = approvals(context).await?;
    commit.append(&list, vec![event(id, actor, 0, ApprovalEvent::Asked { message, ticket, person })?])?;
    Ok(())
}

async fn approvals(context: &DeskContext) -> Result<Loaded<Approvals>, Problem> {
    let stream = context.stream(Approvals::KIND, approval::ALL)?;
    Ok(context.journal.load::<Approvals>(&stream, context.now).await?)
}

/// Takes a held reply for a decision that is allowed, so that nobody else decides about it or sends it.
async fn take(
    call: &Call<'_>,
    allowed: impl FnOnce(&HeldReply) -> Result<(), Refusal>,
) -> Result<Taken, Problem> {
    let message = call.matched.part(2);
    let (stream, loaded, _) = load_ticket(call).await?;
    let reply = match held::held(&loaded.state, stream.ordinal, message) {
        Ok(reply) => reply.clone(),
        Err(refusal) => return Err(gone(call, &stream, message, refusal).await?),
    };
    allowed(&reply)?;
    claim(call, message, &reply.outbox).await
}

/// Claims the next attempt of a held reply's entry.
async fn claim(call: &Call<'_>, message: &str, outbox: &str) -> Result<Taken, Problem> {
    let outbox = load_outbox(call, outbox).await?;
    let first = outbox.state.attempts.saturating_add(1);
    let claimed = claims::take(&call.context, outbox.stream().name(), first, call.context.now).await?;
    let Some(attempt) = claimed else {
        let detail = "it is being sent, or somebody else decides about it at this moment; look again";
        return Err(Problem::new(StatusCode::CONFLICT, "being_decided", detail));
    };
    // Whoever had claimed before has done what they wanted.
    let (stream, loaded, pack) = load_ticket(call).await?;
    let reply = held::held(&loaded.state, stream.ordinal, message)?.clone();
    let outbox = load_outbox(call, &reply.outbox).await?;
    Ok(Taken { stream, loaded, pack, outbox, reply, attempt })
}

/// Why there is nothing to decide about.
async fn gone(
    call: &Call<'_>,
    stream: &TicketStream,
    message: &str,
    refusal: Refusal,
) -> Result<Problem, Problem> {
    let (state, _) = call.context.journal.load_events::<Conversation>(&stream.stream(call)?, None).await?;
    let Some(found) = state.messages(stream.ordinal).find(|m| m.id == message) else {
        return Ok(Problem::not_found("unknown_reply", "the ticket has no reply with this id"));
    };
    Ok(match found.held.as_ref().map(|held| held.state) {
        Some("cancelled" | "rejected") => refusal.into(),
        _ => {
            let detail = "the reply has been sent, or is being sent; it cannot be taken back any more";
            Problem::new(StatusCode::CONFLICT, "too_late", detail)
        }
    })
}

async fn load_outbox(call: &Call<'_>, name: &str) -> Result<Loaded<Outbox>, Problem> {
    let stream = call.context.stream(Outbox::KIND, name)?;
    Ok(call.context.journal.load::<Outbox>(&stream, call.context.now).await?)
}

/// The outbox entry of a reply that is approved with another text: nothing else is left of a template.
fn changed(
    call: &Call<'_>,
    identity: &Identity,
    taken: &Taken,
    text: String,
    until: Option<DateTime<Utc>>,
) -> Result<(String, Entry), Problem> {
    let Some(before) = &taken.outbox.state.entry else {
        return Err(Problem::not_found("unknown_reply", "the reply has nothing that could be sent"));
    };
    relevo_domain::conversation::decide::check_reply(&taken.loaded.state, taken.stream.ordinal, &text)?;
    let mut entry = before.clone();
    entry.hold = until.map(|until| Hold { why: Why::Scheduled, until: Some(until) });
    if let Request::Channel(message) = &mut entry.request {
        let at = until.unwrap_or(call.context.now);
        let way = (message.channel.as_str(), message.account.as_str());
        outgoing::refuse_closed_window(&taken.pack, &taken.loaded.state, way, at, false)?;
        outgoing::refuse_overlong(&message.channel, &text, &message.attachments)?;
        (message.text, message.html, message.whatsapp) = (text.into(), None, None);
    }
    let name = call.context.keys.id("outbox", &[&identity.id, &taken.stream.conversation]);
    Ok((name, entry))
}

fn text_of(entry: &Entry) -> relevo_domain::Private<String> {
    match &entry.request {
        Request::Channel(message) => message.text.clone(),
        _ => Default::default(),
    }
}

/// Commits a decision, and answers with the ticket as it then is.
async fn settle(
    call: &Call<'_>,
    identity: &Identity,
    taken: Taken,
    events: Vec<ConversationEvent>,
    gone: OutboxEvent,
    changed: Option<(String, Entry)>,
) -> Result<Response, Problem> {
    let solves = events.iter().any(|event| matches!(event, ConversationEvent::StatusChanged { .. }));
    let (stream, after) = decided(call, identity, taken, events, gone, changed).await?;
    if solves {
        internal::decide_survey(&call.context.desk, &stream.conversation);
    }
    let after = identity.confirm(&call.context, after).await?;
    stream.answer(StatusCode::OK, &after.state)
}

/// Commits a decision: on the ticket, in the outbox, and off the list of what waits.
async fn decided(
    call: &Call<'_>,
    identity: &Identity,
    taken: Taken,
    events: Vec<ConversationEvent>,
    gone: OutboxEvent,
    changed: Option<(String, Entry)>,
) -> Result<(TicketStream, Loaded<Conversation>), Problem> {
    let Taken { stream, mut loaded, outbox, reply, pack: taken_pack, .. } = taken;
    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    if events.iter().any(private::is_in) || changed.is_some() {
        loaded = Persons::new(&call.context, &actor).sealing(&mut commit, loaded).await?;
    }
    let at = call.context.now;
    answers::note(&call.context, &mut commit, &taken_pack, (&loaded, &events, &actor), at).await?;
    let released = events.iter().any(|event| matches!(event, ConversationEvent::ReplyReleased { .. }));
    let named: Result<Vec<_>, Problem> = events
        .into_iter()
        .enumerate()
        .map(|(n, data)| {
            let id = if n == 0 { identity.id.clone() } else { format!("{}.{n}", identity.id) };
            event(id, &actor, identity.tag, data)
        })
        .collect();
    let after = commit.append(&loaded, named?)?;
    commit.append(&outbox, vec![event(identity.id.clone(), &actor, identity.tag, gone)?])?;
    let mut to_send = reply.outbox.clone();
    if let Some((name, entry)) = changed {
        let fresh = load_outbox(call, &name).await?.sealed_under(after.key().cloned());
        let queued = OutboxEvent::Queued(Box::new(entry));
        commit.append(&fresh, vec![event("queued", &actor, identity.tag, queued)?])?;
        to_send = name;
    }
    let list = approvals(&call.context).await?;
    if list.state.waiting.contains_key(&reply.message) {
        let settled = ApprovalEvent::Settled { message: reply.message.clone() };
        commit.append(&list, vec![event(identity.id.clone(), &actor, 0, settled)?])?;
    }
    call.context.journal.commit(commit).await?;
    if released {
        let desk = call.context.desk.to_string();
        internal::kick("delivery", "/internal/send", api::Kick { desk, streams: vec![to_send] });
    }
    Ok((stream, after))
}

/// A reply that waits, as the answer to its writer shows it.
pub fn shown(message: &str, hold: Option<&Hold>) -> Value {
    let held = hold.map(|hold| json!({"state": hold.why, "until": hold.until.map(view::rfc3339)}));
    json!({"id": message, "held": held})
}
