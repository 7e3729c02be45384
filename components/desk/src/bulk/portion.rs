//! A portion of a bulk action: some tickets, each in a commit of its own, and then the record of what became of them.

use crate::macros;
use crate::people;
use futures::future::join_all;
use http::StatusCode;
use relevo_domain::action::{Acting, Action};
use relevo_domain::bulk::{Bulk, BulkEvent, Order, Outcome};
use relevo_domain::conversation::{Conversation, ConversationEvent, held as waiting};
use relevo_domain::presence::People;
use relevo_domain::refusal::Refusal;
use relevo_edge::api::Kick;
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::personal::Persons;
use relevo_edge::presence;
use relevo_edge::problem::Problem;
use relevo_edge::{auth, ids, internal};
use relevo_journal::{EventId, Fold, private};
use serde_json::json;

/// Tickets of one portion.
pub const PORTION: usize = 50;

/// Portions of one bulk action in one call of the tick.
const PORTIONS_PER_CALL: usize = 6;

/// Tickets that are worked on at once.
const AT_ONCE: usize = 8;

/// `POST /internal/bulk`: some portions of some bulk actions; those that are not finished are named.
pub async fn work(request: &Incoming) -> Result<Response, Problem> {
    auth::schedule(request).await?;
    let kick: Kick = request.json()?;
    let context = DeskContext::open(&kick.desk).await?;
    let mut unfinished = Vec::new();
    for name in kick.streams {
        let mut is_finished = false;
        for _ in 0..PORTIONS_PER_CALL {
            is_finished = some(&context, &name, PORTION).await?;
            if is_finished {
                break;
            }
        }
        if !is_finished {
            unfinished.push(name);
        }
    }
    Ok(json(StatusCode::OK, &json!({"unfinished": unfinished})))
}

/// Does so many of what is left; true: that was all.
pub async fn some(context: &DeskContext, name: &str, most: usize) -> Result<bool, Problem> {
    let stream = context.stream(Bulk::KIND, name)?;
    let loaded = context.journal.load::<Bulk>(&stream, context.now).await?;
    let Some(order) = &loaded.state.order else { return Ok(true) };
    let pending: Vec<(u32, String)> =
        loaded.state.pending().take(most).map(|(place, id)| (place, id.to_owned())).collect();
    if pending.is_empty() {
        return Ok(true);
    }
    let (pack, people) = (context.pack().await?, presence::people(context).await?);
    let bulk = Running { context, name, order, pack: &pack, people: &people };
    let mut outcomes = Vec::new();
    // Tickets of one conversation are done one after the other: each sees what was done to those before.
    for some in apart(pending).chunks(AT_ONCE) {
        let done = join_all(some.iter().map(async |group: &Vec<(u32, String)>| {
            let mut outcomes = Vec::new();
            for (index, ticket) in group {
                let refused = bulk.do_one(*index, ticket).await?;
                outcomes.push(Outcome { index: *index, refused });
            }
            Ok::<_, Problem>(outcomes)
        }))
        .await;
        for some in done {
            outcomes.extend(some?);
        }
    }
    let (first, count) = (outcomes.iter().map(|one| one.index).min().unwrap_or_default(), outcomes.len());
    let progressed = BulkEvent::Progressed { outcomes };
    let mut commit = context.commit();
    // Two that do the same portion say the same; the first word on each ticket counts.
    let id = format!("progressed.{first}.{count}");
    let after = commit.append(&loaded, vec![event(id, "system:bulk", 0, progressed)?])?;
    context.journal.commit(commit).await?;
    Ok(after.state.is_finished())
}

/// Groups of tickets of one conversation each, in the order of their first.
fn apart(pending: Vec<(u32, String)>) -> Vec<Vec<(u32, String)>> {
    let mut groups: Vec<(String, Vec<(u32, String)>)> = Vec::new();
    for (place, id) in pending {
        let conversation = ids::parse_ticket(&id).map(|(name, _)| name.to_owned()).unwrap_or_default();
        match groups.iter_mut().find(|(known, _)| *known == conversation) {
            Some((_, group)) => group.push((place, id)),
            None => groups.push((conversation, vec![(place, id)])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

struct Running<'a> {
    context: &'a DeskContext,
    name: &'a str,
    order: &'a Order,
    pack: &'a PublishedPack,
    people: &'a People,
}

impl Running<'_> {
    /// Does all actions to a ticket, or none; the code of the refusal if none.
    async fn do_one(&self, index: u32, ticket: &str) -> Result<Option<String>, Problem> {
        let (conversation, ordinal) = ids::parse_ticket(ticket)?;
        let stream = self.context.stream(Conversation::KIND, conversation)?;
        let mut loaded = self.context.journal.load::<Conversation>(&stream, self.context.now).await?;
        let actor = format!("person:{}", self.order.person);
        let mut commit = self.context.commit();
        let (mut is_solved, mut outboxes) = (false, Vec::new());
        for (n, action) in self.order.actions.0.iter().enumerate() {
            let id = |part: usize| format!("{}{}.{index}.{n}.{part}", ids::BULK, self.name);
            // It was done, and whoever did it did not live to say so.
            if EventId::new(id(0)).is_ok_and(|id| loaded.seen(&id).is_some()) {
                return Ok(None);
            }
            if let Action::Macro { id: macro_id, data } = action {
                let running = macros::Running {
                    context: self.context,
                    pack: self.pack,
                    people: self.people,
                    person: &self.order.person,
                    role: self.order.role,
                    ordinal,
                    tag: 0,
                };
                let done = running.apply(&mut commit, loaded, &id(0), macro_id, data.clone()).await;
                let (after, outbox) = match done {
                    Ok(done) => done,
                    Err(problem) if problem.status.is_client_error() => {
                        return Ok(Some(problem.code.to_owned()));
                    }
                    Err(problem) => return Err(problem),
                };
                loaded = after;
                outboxes.extend(outbox);
                is_solved = true;
                continue;
            }
            let events = self.decide(&loaded.state, ordinal, action).and_then(|events| {
                waiting::refuse_ending(&loaded.state, ordinal, &events)?;
                Ok(events)
            });
            let events = match events {
                Ok(events) => events,
                Err(refusal) => return Ok(Some(refusal.code.to_owned())),
            };
            if events.iter().any(private::is_in) {
                loaded = Persons::new(self.context, &actor).sealing(&mut commit, loaded).await?;
            }
            is_solved |= events.iter().any(|event| matches!(event, ConversationEvent::StatusChanged { .. }));
            let named: Result<Vec<_>, Problem> =
                events.into_iter().enumerate().map(|(part, data)| event(id(part), &actor, 0, data)).collect();
            let named = named?;
            if !named.is_empty() {
                loaded = commit.append(&loaded, named)?;
            }
        }
        if !commit.is_empty() {
            self.context.journal.commit(commit).await?;
        }
        if !outboxes.is_empty() {
            let kick = Kick { desk: self.context.desk.to_string(), streams: outboxes };
            internal::kick("delivery", "/internal/send", kick);
        }
        if is_solved {
            internal::decide_survey(&self.context.desk, conversation);
        }
        Ok(None)
    }

    fn decide(
        &self,
        state: &Conversation,
        ordinal: u32,
        action: &Action,
    ) -> Result<Vec<ConversationEvent>, Refusal> {
        let (pack, now) = (&self.pack.pack, self.context.now);
        let stand_in = |state: &Conversation, agent: &str| {
            people::stand_in_on(pack, self.people, (state, ordinal), agent, now)
        };
        let acting = Acting { role: Some(self.order.role), stand_in: &stand_in, now };
        action.decide(state, self.pack.published(), ordinal, &acting)
    }
}
