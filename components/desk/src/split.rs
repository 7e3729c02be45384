//! `POST …/tickets/{ticket}/split`: messages of a ticket become a ticket of their own.

use crate::call::Call;
use crate::tickets::{answer_created, load, repeated};
use http::StatusCode;
use relevo_domain::conversation::decide::NewTicket;
use relevo_domain::conversation::{Conversation, ConversationEvent, split as rules};
use relevo_edge::api;
use relevo_edge::app::event;
use relevo_edge::http::Response;
use relevo_edge::partitions;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;

/// `POST …/split`
pub async fn split(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Split = call.request.json()?;
    let (context, identity) = (&call.context, call.identity()?);
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return repeated(call, &stream.conversation, &loaded, &identity.id).await;
    }
    let (whole, _) = context.journal.load_events::<Conversation>(&stream.stream(call)?, None).await?;
    let new = NewTicket {
        subject: body.subject,
        queue: body.queue,
        priority: body.priority,
        ..NewTicket::default()
    };
    let decide =
        |number| rules::split(&whole, pack.published(), stream.ordinal, &body.messages, number, new.clone());
    // The number is taken last: a refused call uses none up.
    if let ConversationEvent::TicketSplit(tried) = decide(0)?
        && !partitions::sees(&pack.pack, &call.caller, &tried.opening.queue, tried.opening.team.as_deref())
    {
        return Err(Problem::forbidden("the queue is of another partition of the desk"));
    }
    let number = context.next_ticket_number().await?;
    let (mut commit, actor) = (context.commit(), call.caller.actor());
    let loaded = Persons::new(context, &actor).sealing(&mut commit, loaded).await?;
    let written = event(identity.id.clone(), &actor, identity.tag, decide(number)?)?;
    commit.append(&loaded, vec![written])?;
    context.journal.commit(commit).await?;
    let after = context.journal.load::<Conversation>(loaded.stream(), context.now).await?;
    identity.repeats(&after)?;
    if after.state.tickets.iter().any(|ticket| ticket.number == number) {
        return answer_created(call, &stream.conversation, &after.state, number);
    }
    let detail = "some of these messages were taken out of the ticket at the same time; read it again";
    Err(Problem::new(StatusCode::CONFLICT, "split_meanwhile", detail))
}
