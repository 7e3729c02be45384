//! What automations would have made of what happened: a conversation's events in their order, each held against the
//! automations with the ticket as it then was, and what they would have done taken into account from there on.

use super::{Automation, Cause, Reaction, Wait, causes, due_at, react, waiting};
use crate::conversation::decide::Published;
use crate::conversation::{Conversation, ConversationEvent};
use chrono::{DateTime, Utc};
use relevo_calendar::Calendar;
use relevo_journal::{Event, EventId, Fold, Hlt};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How the events of automations are named; what the real ones did in the time that is tried is left out.
pub const ID: &str = "auto.";

/// One application that would have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Would {
    /// The ticket.
    pub ordinal: u32,
    /// Automation id.
    pub automation: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What it would have done.
    pub reaction: Reaction,
}

/// What happened: events of the conversation in their order, and votes on its tickets.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// Events of the conversation, in their order.
    pub events: &'a [Event<ConversationEvent>],
    /// Votes, in their order, each with its time.
    pub votes: &'a [(DateTime<Utc>, Cause)],
    /// What was before is taken as it was.
    pub from: DateTime<Utc>,
    /// What waits waits until then.
    pub until: DateTime<Utc>,
}

/// What the automations of a pack would have done, and what it took to find out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// The applications, in their order.
    pub would: Vec<Would>,
    /// How often an automation was tried on the ticket.
    pub steps: u64,
}

/// What the automations of a pack would have done.
pub fn replay<'a>(
    past: Past<'_>,
    published: Published<'_>,
    calendars: &dyn Fn(&str) -> Option<&'a Calendar>,
) -> Replayed {
    let mut trial = Trial {
        published,
        calendars,
        state: Conversation::default(),
        last: past.from,
        replayed: Replayed::default(),
        dues: BTreeMap::new(),
        applied: BTreeMap::new(),
        held: BTreeSet::new(),
    };
    let mut votes = past.votes.iter().filter(|(at, _)| *at >= past.from).peekable();
    for written in past.events.chunk_by(is_written_with) {
        let Some(at) = written.first().map(|event| event.at) else { continue };
        if at < past.from {
            written.iter().for_each(|event| trial.see(event));
            continue;
        }
        let by_others = || written.iter().filter(|event| !event.id.as_str().starts_with(ID));
        if by_others().next().is_none() {
            continue;
        }
        while let Some((before, vote)) = votes.next_if(|(before, _)| *before < at) {
            trial.pass(*before);
            trial.follow([vote.clone()].into(), *before);
        }
        trial.pass(at);
        by_others().for_each(|event| trial.see(event));
        let caused = by_others().flat_map(|event| causes(&trial.state, std::slice::from_ref(event)));
        trial.follow(caused.collect(), at);
        trial.settle(at);
    }
    for (at, vote) in votes {
        trial.pass(*at);
        trial.follow([vote.clone()].into(), *at);
    }
    trial.pass(past.until);
    trial.replayed
}

/// What one commit wrote is there at once: a macro that answers and solves leaves no ticket that is answered and open.
fn is_written_with(one: &Event<ConversationEvent>, next: &Event<ConversationEvent>) -> bool {
    one.at == next.at && one.by == next.by
}

struct Trial<'a, 'c> {
    published: Published<'a>,
    calendars: &'a dyn Fn(&str) -> Option<&'c Calendar>,
    state: Conversation,
    /// Up to when time has passed.
    last: DateTime<Utc>,
    replayed: Replayed,
    /// When each time that was asked for is over.
    dues: BTreeMap<Asked<'a>, Option<DateTime<Utc>>>,
    /// What applied on which ticket to which beginning of a chain: the cause.
    applied: BTreeMap<Chain<'a>, String>,
    /// What was held there.
    held: BTreeSet<Chain<'a>>,
}

/// A calendar, how many seconds of it, and since when.
type Asked<'a> = (&'a str, u64, DateTime<Utc>);

/// An automation, a ticket, and the beginning of a chain.
type Chain<'a> = (&'a str, u32, String);

impl<'a> Trial<'a, '_> {
    /// What happened is taken up. Nothing that automations ask for hangs on the messages: they are let go of, as a
    /// snapshot does, lest each trial of an automation copies them.
    fn see(&mut self, event: &Event<ConversationEvent>) {
        self.state.apply(event);
        self.state.forget_messages();
    }

    /// What follows from some causes, and from what follows from them.
    fn follow(&mut self, mut causes: VecDeque<Cause>, at: DateTime<Utc>) {
        let pack = self.published.pack;
        while let Some(cause) = causes.pop_front() {
            for automation in pack.automations.iter().filter(|one| one.follows(cause.trigger)) {
                let Some(further) = self.apply(automation, &cause, at) else { continue };
                causes.extend(further);
                if automation.stop {
                    break;
                }
            }
        }
    }

    /// Applies an automation, if it does: what follows from that.
    fn apply(&mut self, automation: &'a Automation, cause: &Cause, at: DateTime<Utc>) -> Option<Vec<Cause>> {
        let key = (automation.id.as_str(), cause.ordinal, cause.root.clone());
        let applied = self.applied.get(&key).cloned();
        // Once for an event, although it may be two causes. What has applied can only be held after that, once.
        if applied.as_ref() == Some(&cause.id) || applied.is_some() && self.held.contains(&key) {
            return None;
        }
        self.replayed.steps = self.replayed.steps.saturating_add(1);
        let now = (applied.is_some(), at);
        let reaction = react(automation, self.published, &self.state, cause, now)?;
        match &reaction {
            Reaction::Fired(..) => {
                self.applied.insert(key, cause.id.clone());
            }
            Reaction::Held(_) if !self.held.insert(key) => return None,
            Reaction::Held(_) => {}
        }
        let id = format!("{ID}{}", self.replayed.would.len());
        let events: Vec<_> = (0..)
            .zip(reaction.clone().into_events())
            .filter_map(|(n, data)| {
                let id = EventId::new(if n == 0 { id.clone() } else { format!("{id}.{n}") }).ok()?;
                Some(Event {
                    id,
                    hlt: Hlt(0),
                    at,
                    by: format!("{}{}", super::BY, automation.id),
                    tag: 0,
                    data,
                })
            })
            .collect();
        events.iter().for_each(|event| self.see(event));
        let further = causes(&self.state, &events);
        let fired = matches!(reaction, Reaction::Fired(..));
        let would = Would { ordinal: cause.ordinal, automation: automation.id.clone(), at, reaction };
        self.replayed.would.push(would);
        fired.then_some(further)
    }

    /// Time passes: each time that is over by then is looked at when it is.
    fn pass(&mut self, until: DateTime<Utc>) {
        let pack = self.published.pack;
        loop {
            let tickets = self.state.tickets.iter().flat_map(|ticket| waiting(pack, ticket));
            let waits: Vec<_> = tickets.map(|(_, wait, since)| (wait, since)).collect();
            let dues: Vec<_> =
                waits.into_iter().filter_map(|(wait, since)| self.due_at(wait, since)).collect();
            let ahead = dues.into_iter().filter(|due| *due > self.last && *due <= until);
            let Some(next) = ahead.min() else { break };
            self.last = next;
            self.settle(next);
        }
        self.last = self.last.max(until);
    }

    /// When a time is over, looked up in its calendar once.
    fn due_at(&mut self, wait: &'a Wait, since: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let calendars = self.calendars;
        let asked = (wait.calendar.as_str(), wait.seconds, since);
        *self.dues.entry(asked).or_insert_with(|| due_at(wait, since, calendars))
    }

    /// Applies what has waited long enough and may be applied now.
    fn settle(&mut self, at: DateTime<Utc>) {
        let pack = self.published.pack;
        let ordinals: Vec<u32> = self.state.tickets.iter().map(|ticket| ticket.ordinal).collect();
        for ordinal in ordinals {
            for automation in &pack.automations {
                let Some(ticket) = self.state.ticket(ordinal) else { continue };
                let Some((_, since)) = automation.waits_on(ticket) else { continue };
                let Some(wait) = &automation.after else { continue };
                let cause = wait.cause(ticket, since);
                if self.due_at(wait, since).is_none_or(|due| due > at) {
                    continue;
                }
                if let Some(further) = self.apply(automation, &cause, at) {
                    self.follow(further.into(), at);
                }
            }
        }
    }
}
