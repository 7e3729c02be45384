//! A reminder to a customer who does not answer: a reply of the desk's own, which stops no clock.

use relevo_domain::automation;
use relevo_domain::conversation::{AutomationReplied, Conversation, ConversationEvent, ReplyWritten, decide};
use relevo_domain::outbox::{Outbox, OutboxEvent};
use relevo_edge::api::Kick;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::templated::{self, Templated, Wanted};
use relevo_edge::{ids, internal, log};
use relevo_journal::{EventId, Fold};
use relevo_projections::automations::Owed;
use relevo_projections::silence::{BY, Reminder};

/// Writes a reply that an automation wants.
pub async fn owed(context: &DeskContext, owed: Owed) -> Result<(), Problem> {
    let Owed { conversation, ordinal, reply } = owed;
    let passed = ConversationEvent::AutomationReplied(Box::new(AutomationReplied {
        ticket: ordinal,
        fired: reply.fired.clone(),
        place: reply.place,
        root: reply.root,
        chain: reply.chain,
        refused: None,
    }));
    let by = format!("{}{}", automation::BY, reply.automation);
    let id = format!("{}.reply{}", reply.fired, reply.place);
    let (template, data) = (reply.reply.template, reply.reply.data);
    write_as(context, &by, Reminder { conversation, ordinal, template, data, passed, id }).await
}

/// Writes it, and notes that the rule was followed. One that cannot be rendered or may not be sent (the channel's window is
/// closed, the contact has opted out) is noted in the log and keeps what comes after it from nothing.
pub async fn write(context: &DeskContext, reminder: Reminder) -> Result<(), Problem> {
    write_as(context, BY, reminder).await
}

async fn write_as(context: &DeskContext, by: &str, reminder: Reminder) -> Result<(), Problem> {
    let Reminder { conversation, ordinal, template, data, mut passed, id } = reminder;
    let stream = context.stream(Conversation::KIND, &conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    if EventId::new(id.clone()).is_ok_and(|id| loaded.seen(&id).is_some()) {
        return Ok(());
    }
    decide::existing(&loaded.state, ordinal)?;
    let ticket_id = ids::ticket(&conversation, ordinal);
    let wanted = Wanted { ordinal, id: &id, template, data, agent_name: None, automatic: true };
    let prepared = templated::prepare(context, &loaded, wanted).await;
    let mut commit = context.commit();
    let Templated { message, entry, outbox: name } = match prepared {
        Ok(prepared) => prepared,
        Err(problem) if problem.status.is_client_error() => {
            let why = problem.code.into();
            log::event(
                "reminder.failed",
                &[("desk", context.desk.as_str().into()), ("ticket", ticket_id.into()), ("why", why)],
            );
            if let ConversationEvent::AutomationReplied(replied) = &mut passed {
                replied.refused = Some(problem.code.to_owned());
            }
            commit.append(&loaded, vec![event(id, by, 0, passed)?])?;
            return Ok(context.journal.commit(commit).await.map(|_| ())?);
        }
        Err(problem) => return Err(problem),
    };
    let reply = ReplyWritten { ticket: ordinal, message, human: false };
    let written = ConversationEvent::ReplyWritten(Box::new(reply));
    let loaded = Persons::new(context, by).sealing(&mut commit, loaded).await?;
    let events = vec![event(id.clone(), by, 0, passed)?, event(format!("{id}.reply"), by, 0, written)?];
    let after = commit.append(&loaded, events)?;
    let outbox = context.stream(Outbox::KIND, &name)?;
    let empty =
        context.journal.load::<Outbox>(&outbox, context.now).await?.sealed_under(after.key().cloned());
    commit.append(&empty, vec![event("queued", by, 0, OutboxEvent::Queued(Box::new(entry)))?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    internal::kick(
        "delivery",
        "/internal/send",
        Kick { desk: context.desk.to_string(), streams: vec![name] },
    );
    Ok(())
}
