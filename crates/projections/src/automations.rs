//! Automations over a store: what follows from what the feed tells of, and from times that are over.
//!
//! What an automation does is written under an id that is made from the automation, the ticket and the cause. So ticks that
//! overlap, a feed that is read again and a commit that is repeated have it done once. What it does comes round by the
//! feed, where others may follow it.

use crate::agenda::{self, Floors, Work};
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use relevo_domain::automation::{
    Automation, BY, Cause, Reaction, causes, due_at, overdue, rated, react, trial, waiting,
};
use relevo_domain::conversation::{Conversation, ConversationEvent, OwedReply};
use relevo_domain::survey::SurveyState;
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::ids;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Event, EventId, FeedEntry, Fold, Loaded, private};
use std::collections::BTreeMap;

/// Conversations in one commit: with their snapshots they must fit into it.
const PER_COMMIT: usize = 8;

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// How many automations applied or were held.
    pub applied: usize,
    /// Conversations in which replies are owed.
    pub owing: Vec<String>,
}

/// A reply that an automation wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Owed {
    /// Stream name of the conversation.
    pub conversation: String,
    /// Ordinal of the ticket.
    pub ordinal: u32,
    /// What is owed.
    pub reply: OwedReply,
}

/// What happened in a conversation.
#[derive(Default)]
struct News {
    slots: Vec<u64>,
    votes: Vec<Cause>,
}

/// Applies the automations of the desk to what some feed entries tell of. A desk that has none pays nothing.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn follow<S: Store>(context: &DeskContext<S>, entries: &[FeedEntry]) -> Result<Done, Problem> {
    if !context.exists() {
        return Ok(Done::default());
    }
    let pack = context.pack().await?;
    if !pack.pack.automations.iter().any(|automation| automation.enabled) {
        return Ok(Done::default());
    }
    let news: Vec<_> = news(context, entries).await?.into_iter().collect();
    let mut done = Done::default();
    let mut floors = None;
    for some in news.chunks(PER_COMMIT) {
        let mut acting = Acting::new(context, &pack);
        for (name, news) in some {
            acting.conversation(name, news, &mut floors).await?;
        }
        acting.finish(&mut done, &mut floors).await?;
    }
    Ok(done)
}

/// Applies what has waited long enough in some conversations, and puts what still waits on the agenda. Replies that are
/// owed are left to the caller, who can render.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn settle<S: Store>(
    context: &DeskContext<S>,
    conversations: &[String],
) -> Result<Vec<Owed>, Problem> {
    let pack = context.pack().await?;
    if pack.pack.automations.is_empty() {
        return Ok(Vec::new());
    }
    let (mut done, mut owed, mut floors) = (Done::default(), Vec::new(), None);
    for some in conversations.chunks(PER_COMMIT) {
        let mut acting = Acting::new(context, &pack);
        for name in some {
            let stream = context.stream(Conversation::KIND, name)?;
            let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
            let loaded = acting.waited(loaded, &mut floors).await?;
            for ticket in &loaded.state.tickets {
                owed.extend(ticket.owed.iter().map(|reply| Owed {
                    conversation: name.clone(),
                    ordinal: ticket.ordinal,
                    reply: reply.clone(),
                }));
            }
        }
        acting.finish(&mut done, &mut floors).await?;
    }
    Ok(owed)
}

/// What some feed entries tell of, by conversation.
async fn news<S: Store>(
    context: &DeskContext<S>,
    entries: &[FeedEntry],
) -> Result<BTreeMap<String, News>, Problem> {
    let mut all: BTreeMap<String, News> = BTreeMap::new();
    for entry in entries {
        let (kind, name) = (entry.stream.kind().as_str(), entry.stream.name());
        if kind == Conversation::KIND {
            all.entry(name.to_owned()).or_default().slots.push(entry.slot);
        } else if kind == SurveyState::KIND {
            let events = context.journal.read_slot::<SurveyState>(&entry.stream, entry.slot).await?;
            let loaded = context.journal.load::<SurveyState>(&entry.stream, context.now).await?;
            let issued = loaded.state.issued.as_ref();
            let Some(Ok((conversation, ordinal))) = issued.map(|issued| ids::parse_ticket(&issued.ticket))
            else {
                continue;
            };
            let votes = events.iter().filter_map(|event| rated(name, ordinal, event));
            all.entry(conversation.to_owned()).or_default().votes.extend(votes);
        }
    }
    Ok(all)
}

/// Automations at work, in one commit.
struct Acting<'a, S: Store> {
    context: &'a DeskContext<S>,
    pack: &'a PublishedPack,
    commit: Commit,
    persons: Persons<'a, S>,
    applied: usize,
    owing: Vec<String>,
}

impl<'a, S: Store> Acting<'a, S> {
    fn new(context: &'a DeskContext<S>, pack: &'a PublishedPack) -> Self {
        let (commit, persons) = (context.commit(), Persons::new(context, "system:automations"));
        Self { context, pack, commit, persons, applied: 0, owing: Vec::new() }
    }

    async fn conversation(
        &mut self,
        name: &str,
        news: &News,
        floors: &mut Option<Floors>,
    ) -> Result<(), Problem> {
        let (context, automations) = (self.context, &self.pack.pack.automations);
        let stream = context.stream(Conversation::KIND, name)?;
        let slots = news.slots.iter().map(|slot| context.journal.read_slot::<Conversation>(&stream, *slot));
        let slots = try_join_all(slots).await?;
        let mut loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        // Of a reply that waited the event does not say again what is in it.
        let is_release =
            |event: &Event<ConversationEvent>| matches!(event.data, ConversationEvent::ReplyReleased { .. });
        let whole = match slots.iter().flatten().any(is_release) {
            true => Some(context.journal.load_events::<Conversation>(&stream, None).await?.0),
            false => None,
        };
        let state = whole.as_ref().unwrap_or(&loaded.state);
        let told = slots.iter().flat_map(|slot| causes(state, slot));
        let told: Vec<Cause> = told.chain(news.votes.iter().cloned()).collect();
        for cause in &told {
            for automation in automations.iter().filter(|one| one.follows(cause.trigger)) {
                let (after, applies) = self.apply(loaded, automation, cause).await?;
                loaded = after;
                if applies && automation.stop {
                    break;
                }
            }
        }
        let since = slots.iter().flatten().map(|event| event.at).min();
        if automations.iter().any(|one| one.enabled && one.after.is_some())
            && let Some(since) = since
        {
            self.wait(&loaded, since, floors).await?;
        }
        Ok(())
    }

    /// Applies an automation, if its conditions hold. True if it applied, now or before.
    async fn apply(
        &mut self,
        mut loaded: Loaded<Conversation>,
        automation: &Automation,
        cause: &Cause,
    ) -> Result<(Loaded<Conversation>, bool), Problem> {
        let name = loaded.stream().name().to_owned();
        let ordinal = cause.ordinal.to_string();
        let id = self.context.keys.id("automation", &[&automation.id, &name, &ordinal, &cause.root]);
        let mut id = format!("{}{id}", trial::ID);
        let seen = |id: &str| EventId::new(id.to_owned()).is_ok_and(|id| loaded.seen(&id).is_some());
        let applied = seen(&id);
        let ran =
            loaded.state.ticket(cause.ordinal).and_then(|ticket| ticket.automations.get(&automation.id));
        // It is read again: the tick before did not get to its end, or another one runs.
        if applied && (cause.id == cause.root || ran.is_some_and(|ran| ran.cause == cause.id)) {
            return Ok((loaded, true));
        }
        let now = (applied, self.context.now);
        let Some(reaction) = react(automation, self.pack.published(), &loaded.state, cause, now) else {
            return Ok((loaded, false));
        };
        if matches!(reaction, Reaction::Held(_)) {
            id.push_str(".held");
            if seen(&id) {
                return Ok((loaded, false));
            }
        }
        let events = reaction.into_events();
        if events.iter().any(private::is_in) {
            loaded = self.persons.sealing(&mut self.commit, loaded).await?;
        }
        let owes = |data: &ConversationEvent| matches!(data, ConversationEvent::AutomationFired(fired) if !fired.replies.is_empty());
        if events.iter().any(owes) && !self.owing.contains(&name) {
            self.owing.push(name);
        }
        let fired = events.iter().any(|data| matches!(data, ConversationEvent::AutomationFired(_)));
        let by = format!("{BY}{}", automation.id);
        let named: Result<Vec<_>, Problem> = events
            .into_iter()
            .enumerate()
            .map(|(n, data)| {
                let id = if n == 0 { id.clone() } else { format!("{id}.{n}") };
                event(id, &by, 0, data)
            })
            .collect();
        self.applied = self.applied.saturating_add(1);
        Ok((self.commit.append(&loaded, named?)?, fired))
    }

    /// Puts a conversation on the agenda for the automations that wait there: for those whose time began with what
    /// happened since, when it can be over at the earliest; for those whose time may be over, now.
    async fn wait(
        &mut self,
        loaded: &Loaded<Conversation>,
        happened: DateTime<Utc>,
        floors: &mut Option<Floors>,
    ) -> Result<(), Problem> {
        let now = self.context.now;
        let mut at = Vec::new();
        for ticket in &loaded.state.tickets {
            for (automation, wait, since) in waiting(&self.pack.pack, ticket) {
                // Time in a calendar passes no faster than on the wall.
                let Some(earliest) = wait.earliest(since) else { continue };
                if earliest > now {
                    at.extend((since >= happened).then_some(earliest));
                } else {
                    let cause = wait.cause(ticket, since);
                    let reaction =
                        react(automation, self.pack.published(), &loaded.state, &cause, (false, now));
                    at.extend(reaction.map(|_| now));
                }
            }
        }
        at.sort();
        at.dedup();
        for at in at {
            self.schedule(loaded.stream().name(), at, floors).await?;
        }
        Ok(())
    }

    /// Applies what has waited long enough; what still waits is put on the agenda.
    async fn waited(
        &mut self,
        mut loaded: Loaded<Conversation>,
        floors: &mut Option<Floors>,
    ) -> Result<Loaded<Conversation>, Problem> {
        let (context, pack) = (self.context, self.pack);
        let calendars = |name: &str| pack.calendar(name);
        for place in 0..loaded.state.tickets.len() {
            for automation in pack.pack.automations.iter().filter(|one| one.after.is_some()) {
                let Some(ticket) = loaded.state.tickets.get(place) else { continue };
                let over: Vec<Cause> = overdue(&pack.pack, ticket, &calendars, context.now)
                    .filter(|(one, _)| one.id == automation.id)
                    .map(|(_, cause)| cause)
                    .collect();
                for cause in over {
                    loaded = self.apply(loaded, automation, &cause).await?.0;
                }
            }
        }
        let dues = loaded.state.tickets.iter().flat_map(|ticket| waiting(&pack.pack, ticket));
        let next = dues.filter_map(|(_, wait, since)| due_at(wait, since, &calendars));
        if let Some(next) = next.filter(|due| *due > context.now).min() {
            self.schedule(loaded.stream().name(), next, floors).await?;
        }
        Ok(loaded)
    }

    async fn schedule(
        &mut self,
        name: &str,
        at: DateTime<Utc>,
        floors: &mut Option<Floors>,
    ) -> Result<(), Problem> {
        let floors = match floors {
            Some(floors) => &*floors,
            none => none.insert(Floors::load(self.context).await?),
        };
        agenda::schedule(&mut self.commit, floors, Work::Sla, name, at, self.context.now)
    }

    async fn finish(mut self, done: &mut Done, floors: &mut Option<Floors>) -> Result<(), Problem> {
        // A kick may be lost: the tick finds what is owed.
        for name in std::mem::take(&mut self.owing) {
            self.schedule(&name, self.context.now, floors).await?;
            done.owing.push(name);
        }
        done.applied = done.applied.saturating_add(self.applied);
        if !self.commit.is_empty() {
            self.context.journal.commit(self.commit).await?;
        }
        Ok(())
    }
}
