//! Tickets one at a time: opening, reading, history, targets.

use crate::call::{Call, Identity, random};
use crate::{drafts, merge};
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_channels::reach;
use relevo_domain::conversation::decide::{self, NewTicket};
use relevo_domain::conversation::enrich;
use relevo_domain::conversation::{Conversation, ConversationEvent, Party, attention, view};
use relevo_domain::field;
use relevo_domain::identity;
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::survey::SurveyState;
use relevo_edge::api;
use relevo_edge::app::{PublishedPack, event};
use relevo_edge::directory;
use relevo_edge::fields::Hidden;
use relevo_edge::http::{Response, json};
use relevo_edge::ids;
use relevo_edge::partitions;
use relevo_edge::personal::{Persons, Sighting};
use relevo_edge::problem::Problem;
use relevo_journal::{Event, Fold, Loaded, StreamId};
use serde_json::{Map, Value, json};
use std::rc::Rc;

/// A ticket's place in the journal.
pub struct TicketStream {
    /// Public id.
    pub id: String,
    /// Stream name of its conversation.
    pub conversation: String,
    /// Ordinal in it.
    pub ordinal: u32,
    /// The custom fields that whoever asks does not see.
    hidden: Hidden,
}

impl TicketStream {
    /// From the path of a call.
    pub fn parse(call: &Call<'_>) -> Result<Self, Problem> {
        Ok(Self { hidden: call.hidden.clone(), ..Self::of(call.matched.part(1))? })
    }

    /// From a public id.
    pub fn of(id: &str) -> Result<Self, Problem> {
        let (conversation, ordinal) = ids::parse_ticket(id)?;
        let hidden = Hidden::default();
        Ok(Self { id: id.to_owned(), conversation: conversation.to_owned(), ordinal, hidden })
    }

    pub fn stream(&self, call: &Call<'_>) -> Result<StreamId, Problem> {
        call.context.stream(Conversation::KIND, &self.conversation)
    }

    /// The ticket without its messages, as the answer to an action.
    pub fn answer(&self, status: StatusCode, state: &Conversation) -> Result<Response, Problem> {
        Ok(json(status, &self.view(state)?))
    }

    /// The ticket without its messages.
    pub fn view(&self, state: &Conversation) -> Result<Map<String, Value>, Problem> {
        let ticket = decide::existing(state, self.ordinal)?;
        let party = state.party.as_ref().ok_or_else(unknown)?;
        let mut view = view::item(&self.id, party, ticket);
        self.hidden.leave_out(&mut view);
        Ok(view)
    }
}

fn unknown() -> Problem {
    Problem::not_found("unknown_ticket", "there is no such ticket at this desk")
}

/// Loads the conversation of the ticket that a call names, and the pack.
pub async fn load(
    call: &Call<'_>,
) -> Result<(TicketStream, Loaded<Conversation>, Rc<PublishedPack>), Problem> {
    let stream = TicketStream::parse(call)?;
    let loaded = call.context.journal.load::<Conversation>(&stream.stream(call)?, call.context.now).await?;
    decide::existing(&loaded.state, stream.ordinal)?;
    let pack = call.context.pack().await?;
    Ok((stream, loaded, pack))
}

/// `GET …/tickets/{ticket}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let stream = TicketStream::parse(call)?;
    let as_of = match call.request.parameter("as_of") {
        None => None,
        Some(text) => Some(instant(&text)?),
    };
    let (state, _) = call.context.journal.load_events::<Conversation>(&stream.stream(call)?, as_of).await?;
    let ticket = match as_of.filter(|_| state.ticket(stream.ordinal).is_none()) {
        None => decide::existing(&state, stream.ordinal)?,
        Some(at) => {
            // It may be of later.
            let (now, _) =
                call.context.journal.load_events::<Conversation>(&stream.stream(call)?, None).await?;
            decide::existing(&now, stream.ordinal)?;
            let detail = format!("the ticket was not there yet at {}", view::rfc3339(at));
            return Err(Problem::not_found("not_there_yet", &detail));
        }
    };
    let mut view = view::ticket(&stream.id, &state, ticket).ok_or_else(unknown)?;
    call.hidden.leave_out(&mut view);
    merge::gather(call, &stream.id, ticket, &mut view, as_of).await?;
    let surveys = ticket.surveys.iter().filter_map(|s| s.survey.as_deref());
    let ratings = try_join_all(surveys.map(|survey| rating(call, survey, as_of))).await?;
    if let Some(messages) = view.get_mut("messages") {
        crate::files::present(&call.context, messages);
    }
    if as_of.is_none() {
        let drafts = drafts::load(call, &stream).await?;
        view.insert("writing".to_owned(), drafts::writing(call, &drafts.state));
    }
    view.insert("ratings".to_owned(), ratings.into_iter().flatten().collect());
    Ok(json(StatusCode::OK, &view))
}

async fn rating(
    call: &Call<'_>,
    survey: &str,
    as_of: Option<DateTime<Utc>>,
) -> Result<Option<Value>, Problem> {
    let name = survey.strip_prefix(ids::SURVEY).unwrap_or(survey);
    let stream = call.context.stream(SurveyState::KIND, name)?;
    let (state, _) = call.context.journal.load_events::<SurveyState>(&stream, as_of).await?;
    Ok(state.vote.map(|vote| {
        json!({
            "survey": survey,
            "score": vote.score,
            "comment": vote.comment.map(|c| c.0),
            "at": view::rfc3339(vote.at),
        })
    }))
}

fn instant(text: &str) -> Result<DateTime<Utc>, Problem> {
    DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)).map_err(|_| {
        let detail = "as_of is an instant in RFC 3339, such as 2026-03-01T09:00:00Z";
        Problem::bad_request("bad_instant", detail)
    })
}

/// `GET …/tickets/{ticket}/history`
pub async fn history(call: &Call<'_>) -> Result<Response, Problem> {
    let stream = TicketStream::parse(call)?;
    let (state, events) =
        call.context.journal.load_events::<Conversation>(&stream.stream(call)?, None).await?;
    decide::existing(&state, stream.ordinal)?;
    let of_ticket = |id: &str| state.messages(stream.ordinal).any(|m| m.id == id);
    let of_external = |id: &str| state.messages(stream.ordinal).any(|m| m.external_id.as_deref() == Some(id));
    let items: Vec<Value> = events
        .iter()
        .filter(|event| match &event.data {
            ConversationEvent::MessageReceived(received) => of_ticket(&received.id),
            ConversationEvent::MessageSentElsewhere(sent) => of_ticket(&sent.id),
            ConversationEvent::CallReported(reported) => of_ticket(&reported.id),
            ConversationEvent::DeliveryConcluded { message, .. }
            | ConversationEvent::DeliveryRerouted { message, .. }
            | ConversationEvent::DeliveryRetried { message }
            | ConversationEvent::FileLost { message, .. } => of_ticket(message),
            ConversationEvent::FileKept(kept) => of_ticket(&kept.message),
            ConversationEvent::DeliveryReported { external_id, .. } => of_external(external_id),
            ConversationEvent::TicketCreated(created) => {
                state.ticket(stream.ordinal).is_some_and(|t| t.number == created.opening.number)
            }
            ConversationEvent::EventReceived { .. } => true,
            ConversationEvent::TicketSplit(split) => {
                let is_its = state.ticket(stream.ordinal).is_some_and(|t| t.number == split.opening.number);
                is_its || split.ticket == stream.ordinal
            }
            data => data.named().1.get("ticket") == Some(&json!(stream.ordinal)),
        })
        .map(|event| history_item(call, event, because_of(&events, event.id.as_str())))
        .collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// The automation or the macro that something was done by: what either does is named after the event that tells of it.
fn because_of(events: &[Event<ConversationEvent>], id: &str) -> Option<Value> {
    events.iter().find_map(|event| {
        if !id.strip_prefix(event.id.as_str()).is_some_and(|rest| rest.starts_with('.')) {
            return None;
        }
        match &event.data {
            ConversationEvent::AutomationFired(fired) => Some(json!({
                "automation": fired.automation, "name": fired.name, "version": fired.version,
                "why": fired.why, "chain": fired.chain,
            })),
            ConversationEvent::MacroApplied { macro_id, name, version, .. } => {
                Some(json!({"macro": macro_id, "name": name, "version": version}))
            }
            _ => None,
        }
    })
}

fn history_item(call: &Call<'_>, event: &Event<ConversationEvent>, because: Option<Value>) -> Value {
    let mut item = Map::new();
    item.insert("id".to_owned(), json!(event.id.as_str()));
    item.insert("at".to_owned(), json!(view::rfc3339(event.at)));
    item.insert("by".to_owned(), json!(event.by));
    let (name, mut data) = event.data.named();
    data.remove("ticket");
    call.hidden.leave_out_of_event(&mut data);
    item.insert("type".to_owned(), Value::String(name));
    item.insert("data".to_owned(), Value::Object(data));
    if let Some(Value::Object(mut because)) = because {
        call.hidden.leave_out_reasons(&mut because);
        item.insert("because".to_owned(), Value::Object(because));
    }
    Value::Object(item)
}

/// `POST …/tickets`
///
/// On a channel of addresses the ticket is opened in the contact's conversation on that account, so that the
/// contact's answer joins it; else its stream is named by the call's identity.
///
/// Its id holds its place among the tickets of the conversation. A first message of the contact at the same moment may
/// sort before it and open a ticket of its own, so the conversation is read again before it is answered. What remains:
/// a message that was received before and becomes visible only after that moves the ticket one place on.
pub async fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewTicket = call.request.json()?;
    let context = &call.context;
    let pack = context.pack().await?;
    if pack.pack.account(&body.channel, &body.account).is_none() {
        return Err(Problem::invalid("/channel", "the desk has no such account of this channel"));
    }
    let identity = call.identity()?;
    let value = body.contact.address.trim();
    if value.is_empty() || value.len() > 320 {
        return Err(Problem::invalid("/contact/address", "an address has 1 to 320 characters"));
    }
    let kind = reach::typed(&body.channel, body.contact.kind, value);
    let kind = kind.map_err(|why| Problem::invalid("/contact/address", why))?;
    let address = Address { kind, value: value.into() };
    identity::check(&address).map_err(|why| Problem::invalid("/contact/address", why))?;
    let conversation = match address.kind {
        AddressKind::Email => context.keys.id("conversation", &["agent", &identity.id]),
        _ => ids::conversation(&context.keys, &body.channel, &body.account, &address),
    };
    let led = match reach::vouches(&body.channel) {
        true => context.journal.get_doc::<ids::Led>(&context.doc(ids::LED, &conversation)?).await?,
        false => None,
    };
    let conversation = led.map_or(conversation, |led| led.conversation);
    let stream = context.stream(Conversation::KIND, &conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    // Who is known by several identifiers is one contact, whichever is written to.
    let known = loaded.state.party.as_ref().filter(|_| reach::vouches(&body.channel));
    let contact = || format!("{}{}", ids::CONTACT, ids::contact(&context.keys, &body.channel, &address));
    let contact = known.map_or_else(contact, |known| known.contact.clone());
    if identity.repeats(&loaded)? {
        return repeated(call, &conversation, &loaded, &identity.id).await;
    }
    let locale = body.contact.locale.clone();
    let party = Party {
        locale: locale.unwrap_or_else(|| pack.pack.locale_of(&body.channel, &body.account).to_owned()),
        channel: body.channel,
        account: body.account,
        address: address.clone(),
        contact,
        name: body.contact.name.map(Into::into),
    };
    let own = NewTicket { queue: None, ..NewTicket::default() };
    let ConversationEvent::TicketCreated(routed) = decide::create(pack.published(), party.clone(), 0, own)?
    else {
        return Err(unknown());
    };
    // Whose account it is says who may write there: what was said on it is in the same conversation.
    if !partitions::sees(&pack.pack, &call.caller, &routed.opening.queue, routed.opening.team.as_deref()) {
        return Err(Problem::forbidden("the account is of another partition of the desk"));
    }
    let new = NewTicket {
        subject: body.subject,
        queue: body.queue,
        priority: body.priority,
        fields: body.fields,
        tags: body.tags,
        agent: body.agent,
        follows: None,
    };
    open(call, loaded, &identity, party, new).await
}

/// `POST …/tickets/{ticket}/follow-up`
pub async fn follow_up(call: &Call<'_>) -> Result<Response, Problem> {
    let identity = call.identity()?;
    let (stream, loaded, _) = load(call).await?;
    if identity.repeats(&loaded)? {
        return repeated(call, &stream.conversation, &loaded, &identity.id).await;
    }
    let new = attention::follow_up(&loaded.state, stream.ordinal)?;
    let party = loaded.state.party.clone().ok_or_else(unknown)?;
    open(call, loaded, &identity, party, new).await
}

/// Opens a ticket in a conversation.
async fn open(
    call: &Call<'_>,
    loaded: Loaded<Conversation>,
    identity: &Identity,
    party: Party,
    new: NewTicket,
) -> Result<Response, Problem> {
    let context = &call.context;
    let pack = context.pack().await?;
    let conversation = loaded.stream().name().to_owned();
    let (follows, is_chosen) = (new.follows.is_some(), new.priority.is_some());
    if !follows {
        field::check(&pack.pack, &new.fields, call.caller.role, "/fields")?;
    }
    let mut created = decide::create(pack.published(), party.clone(), 0, new)?;
    let (mut commit, actor) = (context.commit(), call.caller.actor());
    let mut persons = Persons::new(context, &actor);
    let known = directory::known(context, &mut persons, &pack, &party.channel, &party.address).await?;
    enrich::enrich(&mut created, pack.published(), &known, is_chosen, context.now);
    let ConversationEvent::TicketCreated(opened) = &mut created else { return Err(unknown()) };
    if !partitions::sees(&pack.pack, &call.caller, &opened.opening.queue, opened.opening.team.as_deref()) {
        return Err(Problem::forbidden("the queue is of another partition of the desk"));
    }
    if !follows {
        field::check_required(&pack.pack, &enrich::fields(&opened.opening, &opened.fields.0), "/fields")?;
    }
    // The number is taken last: a refused call uses none up.
    let number = context.next_ticket_number().await?;
    opened.opening.number = number;
    let contact = party.contact.strip_prefix(ids::CONTACT).unwrap_or(&party.contact);
    let (key, is_made) = persons.key(&mut commit, contact, Some(&conversation), true).await?;
    let sighting = Sighting {
        contact,
        channel: &party.channel,
        address: &party.address,
        name: party.name.as_ref(),
        conversation: &conversation,
    };
    persons.learn(&mut commit, sighting, &key, is_made).await?;
    let created = event(identity.id.clone(), &actor, identity.tag, created)?;
    let stream = loaded.stream().clone();
    commit.append(&loaded.sealed_under(key), vec![created])?;
    context.journal.commit(commit).await?;
    let after = context.journal.load::<Conversation>(&stream, context.now).await?;
    identity.repeats(&after)?;
    match after.state.tickets.iter().any(|ticket| ticket.number == number) {
        true => answer_created(call, &conversation, &after.state, number),
        // The same call was made twice at once, and the other's number counts.
        false => repeated(call, &conversation, &after, &identity.id).await,
    }
}

/// The ticket that the first call with this key opened.
pub async fn repeated(
    call: &Call<'_>,
    conversation: &str,
    loaded: &Loaded<Conversation>,
    id: &str,
) -> Result<Response, Problem> {
    let (state, events) = call.context.journal.load_events::<Conversation>(loaded.stream(), None).await?;
    let number = events.iter().find(|e| e.id.as_str() == id).and_then(|e| match &e.data {
        ConversationEvent::TicketCreated(created) => Some(created.opening.number),
        ConversationEvent::TicketSplit(split) => Some(split.opening.number),
        _ => None,
    });
    answer_created(call, conversation, &state, number.ok_or_else(unknown)?)
}

pub fn answer_created(
    call: &Call<'_>,
    conversation: &str,
    state: &Conversation,
    number: u64,
) -> Result<Response, Problem> {
    let ticket = state.tickets.iter().find(|t| t.number == number).ok_or_else(unknown)?;
    let id = ids::ticket(conversation, ticket.ordinal);
    let hidden = call.hidden.clone();
    TicketStream { id, conversation: conversation.to_owned(), ordinal: ticket.ordinal, hidden }
        .answer(StatusCode::CREATED, state)
}

/// An id for something that nothing else names.
pub fn fresh_id(prefix: &str) -> Result<String, Problem> {
    Ok(format!("{prefix}{}", random()?))
}
