//! How a run ends: an answer is drafted, a request recorded, or the ticket handed over with everything gathered.

use crate::ticket::OnTicket;
use http::StatusCode;
use relevo_domain::action::{Acting, Action, decide_all};
use relevo_domain::conversation::{Conversation, ConversationEvent, zone};
use relevo_domain::playbook::{
    Begun, Draft, End, Ending, Node, Playbook, Run, datum, gathered, story, ticket_fields, values,
};
use relevo_edge::api::{Compose, RenderRequest, Rendered};
use relevo_edge::app::PublishedPack;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_edge::{ids, internal};
use serde_json::{Map, Value, json};

/// A run after an answer.
pub struct Written<'a> {
    /// Its stream's name.
    pub name: &'a str,
    /// Its playbook.
    pub book: &'a Playbook,
    /// How it began.
    pub begun: &'a Begun,
    /// As it is now.
    pub run: &'a Run,
}

/// What came of a run, and what its ticket is told.
pub struct Ends {
    /// What came of it.
    pub ending: Ending,
    /// Events of the ticket.
    pub told: Vec<ConversationEvent>,
}

/// The end of a run that has come to an outcome; none: it goes on.
pub async fn at(
    call: &Call<'_>,
    written: &Written<'_>,
    on: Option<&OnTicket>,
) -> Result<Option<Ends>, Problem> {
    let Some(Node::Outcome(outcome)) = written.book.node(&written.run.here) else { return Ok(None) };
    let pack = call.context.pack().await?;
    let run = || format!("{}{}", ids::RUN, written.name);
    let mut told = Vec::new();
    let mut actions = Vec::new();
    let set = ticket_fields(written.book, written.run, &pack.pack);
    if !set.is_empty() {
        actions.push(Action::Fields { set });
    }
    let ending = match &outcome.end {
        End::Answer { template, data } => {
            Ending::Answer(draft(call, &pack, written.run, on, template, data).await?)
        }
        End::Request(record) => {
            let data = values(record, written.run);
            if let Some(on) = on {
                let (ticket, request, data) = (on.ordinal, record.request, data.clone().into());
                told.push(ConversationEvent::RequestRecorded { ticket, run: run(), request, data });
            }
            Ending::Request { request: record.request, data: data.into() }
        }
        End::Escalation { team } => {
            on.ok_or_else(|| {
                let detail = "this outcome hands a ticket over; begin the run on a ticket";
                Problem::new(StatusCode::CONFLICT, "run_needs_ticket", detail)
            })?;
            actions.push(Action::Note { text: story(written.book, written.run) });
            actions.push(Action::Escalation { team: team.clone(), reason: None });
            Ending::Escalation { team: team.clone() }
        }
    };
    if let Some(on) = on {
        let (state, acting) = (&on.loaded.state, Acting::desk(call.context.now));
        let none = |_: &Conversation| Ok(Vec::new());
        let done = decide_all(&actions, state, pack.published(), on.ordinal, &acting, none);
        told.extend(done.map_err(|(_, refusal)| refusal)?);
        told.push(ConversationEvent::RunEnded {
            ticket: on.ordinal,
            run: run(),
            playbook: written.begun.playbook.clone(),
            outcome: written.run.here.clone(),
            ending: ending.kind().to_owned(),
        });
    }
    Ok(Some(Ends { ending, told }))
}

/// An answer from a template, in the customer's language and for their channel. Nothing is sent.
async fn draft(
    call: &Call<'_>,
    pack: &PublishedPack,
    run: &Run,
    on: Option<&OnTicket>,
    template: &str,
    data: &Map<String, Value>,
) -> Result<Draft, Problem> {
    let gathered = gathered(run);
    let value = |value: &Value| match datum(value) {
        Some(field) => gathered.get(field).cloned(),
        None => Some(value.clone()),
    };
    let data = data.iter().filter_map(|(name, given)| Some((name.clone(), value(given)?))).collect();
    let party = on.and_then(OnTicket::party);
    let mut offered = Map::new();
    let mut offer = |name: &str, value: Option<Value>| {
        offered.extend(value.map(|value| (name.to_owned(), value)));
    };
    offer("agent_name", pack.pack.people.get(&call.caller.person).map(|person| json!(person.name)));
    offer("contact_name", party.and_then(|party| party.name.as_ref()).map(|name| json!(name.0)));
    offer("ticket_number", on.and_then(|on| on.ticket().ok()).map(|ticket| json!(ticket.number)));
    let compose = Compose {
        desk: call.context.desk.to_string(),
        template: template.to_owned(),
        request: RenderRequest {
            locale: party.map(|party| party.locale.clone()),
            channel: party.map(|party| party.channel.clone()),
            data,
            time_zone: None,
        },
        offered,
        account: None,
        time_zone: on.and_then(|on| zone::time_zone(on.party(), on.ticket().ok())),
    };
    let answer = internal::call("templates", "/internal/render", &compose).await?;
    if !answer.status.is_success() {
        return Err(Problem::passed_on(answer.status, &answer.body));
    }
    let rendered: Rendered = serde_json::from_slice(&answer.body).map_err(|_| {
        Problem::unavailable("the templates component answered something else; repeat the request")
    })?;
    Ok(Draft {
        template: rendered.template,
        locale: rendered.locale,
        subject: rendered.subject.map(Into::into),
        text: rendered.text.unwrap_or_default().into(),
    })
}
