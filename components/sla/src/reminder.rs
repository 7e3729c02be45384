//! A reminder to a customer who does not answer: a reply of the desk's own, which stops no clock.

use relevo_domain::conversation::{
    Conversation, ConversationEvent, Outgoing, ReplyWritten, TemplateUse, decide, zone,
};
use relevo_domain::outbox::{Entry, Outbox, OutboxEvent, WhatsappTemplate};
use relevo_edge::api::{Compose, Kick, RenderRequest, Rendered};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::outgoing::{self, Extras};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::{ids, internal, log};
use relevo_journal::{Fold, Loaded};
use relevo_projections::silence::{BY, Reminder};
use serde_json::{Map, json};

/// Writes it, and notes that the rule was followed. One that cannot be rendered or may not be sent (the channel's window is
/// closed, the contact has opted out) is noted in the log and keeps what comes after it from nothing.
pub async fn write(context: &DeskContext, reminder: Reminder) -> Result<(), Problem> {
    let Reminder { conversation, ordinal, template, data, passed, id } = reminder;
    let stream = context.stream(Conversation::KIND, &conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    let ticket = decide::existing(&loaded.state, ordinal)?;
    let Some(party) = &loaded.state.party else { return Ok(()) };
    let ticket_id = ids::ticket(&conversation, ordinal);
    let mut offered = Map::from_iter([("ticket_number".to_owned(), json!(ticket.number))]);
    offered.extend(party.name.as_ref().map(|name| ("contact_name".to_owned(), json!(name.0))));
    let (locale, channel) = (Some(party.locale.clone()), Some(party.channel.clone()));
    let request = RenderRequest { locale, channel, data, time_zone: None };
    let desk = context.desk.to_string();
    let compose = Compose {
        desk: desk.clone(),
        template,
        request,
        offered,
        account: Some(party.account.clone()),
        time_zone: zone::time_zone(Some(party), Some(ticket)),
    };
    let answer = internal::call("templates", "/internal/render", &compose).await?;
    let prepared = match answer.status.is_success() {
        true => prepare(context, &loaded, ordinal, &id, &answer.body).await,
        false => Err(Problem::passed_on(answer.status, &answer.body)),
    };
    let mut commit = context.commit();
    let (message, entry, name) = match prepared {
        Ok(prepared) => prepared,
        Err(problem) if problem.status.is_client_error() => {
            let why = problem.code.into();
            log::event(
                "reminder.failed",
                &[("desk", desk.into()), ("ticket", ticket_id.into()), ("why", why)],
            );
            commit.append(&loaded, vec![event(id, BY, 0, passed)?])?;
            return Ok(context.journal.commit(commit).await.map(|_| ())?);
        }
        Err(problem) => return Err(problem),
    };
    let reply = ReplyWritten { ticket: ordinal, message, human: false };
    let written = ConversationEvent::ReplyWritten(Box::new(reply));
    let loaded = Persons::new(context, BY).sealing(&mut commit, loaded).await?;
    let events = vec![event(id.clone(), BY, 0, passed)?, event(format!("{id}.reply"), BY, 0, written)?];
    let after = commit.append(&loaded, events)?;
    let outbox = context.stream(Outbox::KIND, &name)?;
    let empty =
        context.journal.load::<Outbox>(&outbox, context.now).await?.sealed_under(after.key().cloned());
    commit.append(&empty, vec![event("queued", BY, 0, OutboxEvent::Queued(Box::new(entry)))?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    internal::kick("delivery", "/internal/send", Kick { desk, streams: vec![name] });
    Ok(())
}

/// The message, its outbox entry, and the name of that.
async fn prepare(
    context: &DeskContext,
    loaded: &Loaded<Conversation>,
    ordinal: u32,
    id: &str,
    rendered: &[u8],
) -> Result<(Outgoing, Entry, String), Problem> {
    let conversation = loaded.stream().name();
    let pack = context.pack().await?;
    let rendered: Rendered = serde_json::from_slice(rendered)
        .map_err(|_| Problem::unavailable("the templates component answered something else"))?;
    let mut message = Outgoing {
        id: format!("msg_{}", context.keys.id("message", &["reminder", conversation, id])),
        text: rendered.text.unwrap_or_default().into(),
        subject: rendered.subject.map(Into::into),
        html: rendered.html.map(Into::into),
        attachments: Vec::new(),
        template: Some(TemplateUse { name: rendered.template, locale: rendered.locale, pack: pack.version }),
        message_ref: None,
        outbox: None,
    };
    let whatsapp = rendered.whatsapp.map(WhatsappTemplate::from);
    let extras = Extras { whatsapp, automatic: true, ..Extras::default() };
    let name = context.keys.id("outbox", &[id, conversation]);
    let place = (conversation, &loaded.state);
    let entry = outgoing::entry(context, &pack, place, ordinal, &name, &mut message, extras).await?;
    Ok((message, entry, name))
}
