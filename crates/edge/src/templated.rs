//! A message of a conversation that is written with a template of the pack, ready to be committed.

use crate::api::{Compose, RenderRequest, Rendered};
use crate::app::DeskContext;
use crate::internal;
use crate::outgoing::{self, Extras};
use crate::problem::Problem;
use relevo_domain::conversation::{Conversation, Outgoing, TemplateUse, zone};
use relevo_domain::outbox::{Entry, WhatsappTemplate};
use relevo_journal::Loaded;
use serde_json::{Map, Value, json};

/// What is to be written.
pub struct Wanted<'a> {
    /// Ordinal of the ticket.
    pub ordinal: u32,
    /// Id of the event that writes it: what makes it the same message when that is repeated.
    pub id: &'a str,
    /// Template.
    pub template: String,
    /// What the template takes.
    pub data: Map<String, Value>,
    /// Who signs, if the template asks for it.
    pub agent_name: Option<String>,
    /// No person writes it.
    pub automatic: bool,
}

/// A message, its outbox entry, and the stream name of that.
pub struct Templated {
    /// The message.
    pub message: Outgoing,
    /// What carries it.
    pub entry: Entry,
    /// Stream name of the entry.
    pub outbox: String,
}

/// Writes it.
///
/// # Errors
/// What the template or its data lack; 409 if nobody may write to the customer now; 503 if it cannot be rendered.
pub async fn prepare(
    context: &DeskContext,
    loaded: &Loaded<Conversation>,
    wanted: Wanted<'_>,
) -> Result<Templated, Problem> {
    let (conversation, state) = (loaded.stream().name(), &loaded.state);
    let Wanted { ordinal, id, template, data, agent_name, automatic } = wanted;
    let (party, ticket) = (state.party.as_ref(), state.ticket(ordinal));
    let mut offered = Map::new();
    let mut offer = |name: &str, value: Option<Value>| offered.extend(value.map(|v| (name.to_owned(), v)));
    offer("ticket_number", ticket.map(|ticket| json!(ticket.number)));
    offer("contact_name", party.and_then(|party| party.name.as_ref()).map(|name| json!(name.0)));
    offer("agent_name", agent_name.map(Value::String));
    let (locale, channel) = (party.map(|p| p.locale.clone()), party.map(|p| p.channel.clone()));
    let compose = Compose {
        desk: context.desk.to_string(),
        template,
        request: RenderRequest { locale, channel, data, time_zone: None },
        offered,
        account: party.map(|party| party.account.clone()),
        time_zone: zone::time_zone(party, ticket),
    };
    let answer = internal::call("templates", "/internal/render", &compose).await?;
    if !answer.status.is_success() {
        return Err(Problem::passed_on(answer.status, &answer.body));
    }
    let rendered: Rendered = serde_json::from_slice(&answer.body)
        .map_err(|_| Problem::unavailable("the templates component answered something else"))?;
    let pack = context.pack().await?;
    let mut message = Outgoing {
        subject: rendered.subject.map(Into::into),
        html: rendered.html.map(Into::into),
        template: Some(TemplateUse { name: rendered.template, locale: rendered.locale, pack: pack.version }),
        ..Outgoing::text(
            format!("msg_{}", context.keys.id("message", &["templated", conversation, id])),
            rendered.text.unwrap_or_default(),
        )
    };
    let whatsapp = rendered.whatsapp.map(WhatsappTemplate::from);
    let extras = Extras { whatsapp, automatic, ..Extras::default() };
    let outbox = context.keys.id("outbox", &[id, conversation]);
    let place = (conversation, state);
    let entry = outgoing::entry(context, &pack, place, ordinal, &outbox, &mut message, extras).await?;
    Ok(Templated { message, entry, outbox })
}
