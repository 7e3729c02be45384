//! What is done with a ticket: load, decide, commit, answer with the ticket as it then is.

use crate::call::{Call, Identity};
use crate::reply_files::attachments;
use crate::tickets::{TicketStream, load};
use crate::{drafts, held, people};
use http::StatusCode;
use relevo_domain::category::Category;
use relevo_domain::conversation::held::{self as waiting, Why};
use relevo_domain::conversation::{
    Conversation, ConversationEvent, Outgoing, TemplateUse, attention, decide, validation, zone,
};
use relevo_domain::outbox::{Choices, Outbox, OutboxEvent, WhatsappTemplate};
use relevo_domain::refusal::Refusal;
use relevo_domain::tone::Warning;
use relevo_edge::api::{self, Compose, Kick, RenderRequest, Rendered};
use relevo_edge::app::{PublishedPack, event};
use relevo_edge::http::Response;
use relevo_edge::outgoing::{self, Extras};
use relevo_edge::personal::Persons;
use relevo_edge::presence;
use relevo_edge::problem::Problem;
use relevo_edge::{ids, internal, log};
use relevo_journal::{Commit, Fold, Loaded, private};
use relevo_projections::answers;
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// `POST …/assignment`
pub async fn assign(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Assignment = call.request.json()?;
    if body.agent.is_none() && body.team.is_none() {
        return Err(Problem::invalid("/agent", "say who: a person, a team, or null for nobody"));
    }
    let present = presence::people(&call.context).await?;
    act(call, StatusCode::OK, |state, ordinal, pack| {
        let for_absent = |agent: &str| {
            people::stand_in_on(&pack.pack, &present, (state, ordinal), agent, call.context.now)
        };
        decide::assign_present(state, pack.published(), ordinal, body.agent.flatten(), body.team, &for_absent)
    })
    .await
}

/// `POST …/escalation`
pub async fn escalate(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Escalation = call.request.json()?;
    act(call, StatusCode::OK, |state, ordinal, pack| {
        decide::escalate(state, pack.published(), ordinal, body.team, body.reason)
    })
    .await
}

/// `POST …/status`
pub async fn status(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewStatus = call.request.json()?;
    let pack = call.context.pack().await?;
    let ends = pack.pack.status(&body.status).is_some_and(|(_, category)| {
        // What turns out to be spam is not answered after all.
        category.is_done() && category != Category::Spam
    });
    let moved = |state: &Conversation, ordinal: u32, pack: &PublishedPack| {
        let (status, reason) = (&body.status, body.reason.clone());
        let events = validation::move_to(state, &pack.pack, ordinal, status, reason, call.caller.role)?;
        waiting::refuse_ending(state, ordinal, &events)?;
        Ok(events)
    };
    if ends {
        held::undo_no_more(call, moved).await?;
    }
    let answer = act(call, StatusCode::OK, moved).await?;
    internal::decide_survey(&call.context.desk, &TicketStream::parse(call)?.conversation);
    Ok(answer)
}

/// `POST …/priority`
pub async fn priority(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewPriority = call.request.json()?;
    act(call, StatusCode::OK, |state, ordinal, pack| {
        decide::change_priority(state, pack.published(), ordinal, body.priority)
    })
    .await
}

/// `POST …/snooze`
pub async fn snooze(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Snooze = call.request.json()?;
    act(call, StatusCode::OK, |state, ordinal, _| {
        attention::snooze(state, ordinal, body.until, call.context.now)
    })
    .await
}

/// `POST …/fields`
pub async fn fields(call: &Call<'_>) -> Result<Response, Problem> {
    let body = call.request.json()?;
    let role = call.caller.role;
    act(call, StatusCode::OK, |state, ordinal, pack| {
        decide::change_fields(state, pack.published(), ordinal, body, role)
    })
    .await
}

/// `POST …/tags`
pub async fn tags(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::TagChange = call.request.json()?;
    act(call, StatusCode::OK, |state, ordinal, pack| {
        decide::set_tags(state, pack.published(), ordinal, body.add, body.remove)
    })
    .await
}

/// Loads a ticket's conversation, lets a decision be made and commits it; a repeat is answered as the first time.
pub async fn act(
    call: &Call<'_>,
    status: StatusCode,
    decide: impl FnOnce(&Conversation, u32, &PublishedPack) -> Result<Vec<ConversationEvent>, Refusal>,
) -> Result<Response, Problem> {
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(status, &loaded.state);
    }
    let events = decide(&loaded.state, stream.ordinal, &pack)?;
    let mut commit = call.context.commit();
    let after = append(call, &mut commit, loaded, &identity, events).await?;
    if !commit.is_empty() {
        call.context.journal.commit(commit).await?;
    }
    let after = identity.confirm(&call.context, after).await?;
    stream.answer(status, &after.state)
}

/// Appends what was decided under the call's identity.
pub async fn append(
    call: &Call<'_>,
    commit: &mut Commit,
    mut loaded: Loaded<Conversation>,
    identity: &Identity,
    events: Vec<ConversationEvent>,
) -> Result<Loaded<Conversation>, Problem> {
    let actor = call.caller.actor();
    if events.iter().any(private::is_in) {
        loaded = Persons::new(&call.context, &actor).sealing(commit, loaded).await?;
    }
    let named: Result<Vec<_>, Problem> = events
        .into_iter()
        .enumerate()
        .map(|(n, data)| {
            // The first event carries the call's identity; what follows from it is named after it.
            let id = if n == 0 { identity.id.clone() } else { format!("{}.{n}", identity.id) };
            event(id, &actor, identity.tag, data)
        })
        .collect();
    Ok(commit.append(&loaded, named?)?)
}

/// `POST …/replies`: the reply and its outbox entry become visible together; delivery is told at once.
pub async fn reply(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewReply = call.request.json()?;
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::CREATED, &loaded.state);
    }
    decide::existing(&loaded.state, stream.ordinal)?;
    let seen = body.after.as_deref().or(call.request.if_match()?);
    if let Some(last) = seen.filter(|_| !body.despite) {
        drafts::refuse_collision(call, &stream, &loaded.state, last).await?;
    }
    let drafts = drafts::load(call, &stream).await?;
    let name = call.context.keys.id("outbox", &[&identity.id, &stream.conversation]);
    let mut commit = call.context.commit();
    let loaded = Persons::new(&call.context, &call.caller.actor()).sealing(&mut commit, loaded).await?;
    let hold = held::hold(call, &pack, body.send_at)?;
    let (mut message, extras) = compose(call, &pack, &loaded, stream.ordinal, &identity, body).await?;
    let extras = Extras { hold, ..extras };
    let id = message.id.clone();
    let warnings = warnings(&pack, &loaded.state, &message.text.0);
    let conversation = (stream.conversation.as_str(), &loaded.state);
    let entry =
        outgoing::entry(&call.context, &pack, conversation, stream.ordinal, &name, &mut message, extras)
            .await?;
    let human = call.caller.is_human();
    let events = match hold {
        Some(hold) => waiting::hold(&loaded.state, stream.ordinal, message, human, hold)?,
        None => decide::reply(&loaded.state, pack.published(), stream.ordinal, message, human)?,
    };
    answers::note(
        &call.context,
        &mut commit,
        &pack,
        (&loaded, &events, &call.caller.actor()),
        call.context.now,
    )
    .await?;
    let after = append(call, &mut commit, loaded, &identity, events).await?;
    if hold.is_some_and(|hold| hold.why == Why::AwaitingApproval) {
        let who = (call.caller.person.as_str(), call.caller.actor());
        held::ask(&call.context, &mut commit, (who.0, &who.1), &stream.id, &id).await?;
    }
    let outbox = call.context.stream(Outbox::KIND, &name)?;
    let empty = call.context.journal.load::<Outbox>(&outbox, call.context.now).await?;
    let empty = empty.sealed_under(after.key().cloned());
    let queued = event("queued", &call.caller.actor(), identity.tag, OutboxEvent::Queued(Box::new(entry)))?;
    commit.append(&empty, vec![queued])?;
    drafts::remove(call, &mut commit, &drafts, &identity.id)?;
    call.context.journal.commit(commit).await?;
    log::event(
        "outbox.queued",
        &[
            ("desk", call.context.desk.as_str().into()),
            ("outbox", format!("{}{name}", ids::OUTBOX).into()),
            ("ticket", stream.id.as_str().into()),
        ],
    );
    internal::kick(
        "delivery",
        "/internal/send",
        Kick { desk: call.context.desk.to_string(), streams: vec![name] },
    );
    let after = identity.confirm(&call.context, after).await?;
    let mut view = stream.view(&after.state)?;
    view.insert("writing".to_owned(), drafts::writing(call, &drafts.state));
    view.insert("reply".to_owned(), held::shown(&id, hold.as_ref()));
    if !warnings.is_empty() {
        view.insert("warnings".to_owned(), json!(warnings));
    }
    Ok(relevo_edge::http::json(StatusCode::CREATED, &view))
}

/// Where a reply departs from the desk's tone: told to its writer, who decides.
fn warnings(pack: &PublishedPack, state: &Conversation, text: &str) -> Vec<Warning> {
    let locale =
        state.party.as_ref().map_or(pack.pack.locale.default.as_str(), |party| party.locale.as_str());
    let tone = pack.pack.tone.as_ref();
    tone.map(|tone| tone.check(text, &pack.pack.locale_chain(locale))).unwrap_or_default()
}

/// The message of a reply: its text as given, or rendered from a template of the pack.
async fn compose(
    call: &Call<'_>,
    pack: &Rc<PublishedPack>,
    loaded: &Loaded<Conversation>,
    ordinal: u32,
    identity: &Identity,
    body: api::NewReply,
) -> Result<(Outgoing, Extras), Problem> {
    let state = &loaded.state;
    let id = format!("msg_{}", call.context.keys.id("message", &["out", &identity.id]));
    let attachments = attachments(call, loaded, body.attachments).await?;
    let plain = |text: String| Outgoing { attachments, ..Outgoing::text(id, text) };
    let extras = Extras { choices: choices(body.choices)?, ..Extras::default() };
    match (body.text, body.template) {
        (Some(text), None) => {
            if body.locale.is_some() || !body.data.is_empty() {
                return Err(Problem::invalid("/template", "locale and data are for a template; name one"));
            }
            Ok((plain(text), extras))
        }
        (None, Some(template)) => {
            let party = state.party.as_ref();
            let request = RenderRequest {
                locale: body.locale.or_else(|| party.map(|p| p.locale.clone())),
                channel: party.map(|p| p.channel.clone()),
                data: body.data,
                time_zone: None,
            };
            let desk = call.context.desk.to_string();
            let offered = offered(call, pack, state, ordinal);
            let account = party.map(|p| p.account.clone());
            let time_zone = zone::time_zone(party, state.ticket(ordinal));
            let compose = Compose { desk, template, request, offered, account, time_zone };
            let rendered = render(&compose).await?;
            let used = TemplateUse {
                name: rendered.template.clone(),
                locale: rendered.locale.clone(),
                pack: pack.version,
            };
            let whatsapp = rendered.whatsapp.map(WhatsappTemplate::from);
            let message = Outgoing {
                subject: rendered.subject.map(Into::into),
                html: rendered.html.map(Into::into),
                template: Some(used),
                ..plain(rendered.text.unwrap_or_default())
            };
            Ok((message, Extras { whatsapp, ..extras }))
        }
        _ => Err(Problem::invalid("/text", "a reply has either a text or a template")),
    }
}

/// What a template may say of the ticket without the agent having to type it.
fn offered(call: &Call<'_>, pack: &PublishedPack, state: &Conversation, ordinal: u32) -> Map<String, Value> {
    let mut offered = Map::new();
    if let Some(name) = state.party.as_ref().and_then(|p| p.name.as_ref()) {
        offered.insert("contact_name".to_owned(), json!(name.0));
    }
    if let Some(ticket) = state.ticket(ordinal) {
        offered.insert("ticket_number".to_owned(), json!(ticket.number));
    }
    if let Some(person) = pack.pack.people.get(&call.caller.person) {
        offered.insert("agent_name".to_owned(), json!(person.name));
    }
    offered
}

/// Asks the templates component; what it says against the template or its data is passed on.
async fn render(compose: &Compose) -> Result<Rendered, Problem> {
    let answer = internal::call("templates", "/internal/render", compose).await?;
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body).map_err(|_| {
            Problem::unavailable("the templates component answered something else; repeat the request")
        });
    }
    Err(Problem::passed_on(answer.status, &answer.body))
}

/// What a reply offers to choose from.
fn choices(choices: Vec<api::ReplyChoice>) -> Result<Option<Choices>, Problem> {
    let blank = choices.iter().position(|c| c.id.trim().is_empty() || c.title.trim().is_empty());
    if let Some(n) = blank {
        return Err(Problem::invalid(format!("/choices/{n}"), "a choice has an id and a title"));
    }
    let items: Vec<_> = choices.into_iter().map(|c| (c.id, c.title)).collect();
    // A sign that is read in every language, where the channel shows a list.
    Ok((!items.is_empty()).then(|| Choices { button: "☰".to_owned(), items }))
}
