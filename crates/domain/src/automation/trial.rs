//! What automations would have made of what happened: a conversation's events in their order, each held against the
//! automations with the ticket as it then was, and what they would have done taken into account from there on.

use super::{Automation, Cause, Reaction, causes, due_at, overdue, react, waiting};
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

/// What the automations of a pack would have done.
pub fn replay<'a>(
    past: Past<'_>,
    published: Published<'_>,
    calendars: &dyn Fn(&str) -> Option<&'a Calendar>,
) -> Vec<Would> {
    let mut trial = Trial {
        published,
        calendars,
        state: Conversation::default(),
        last: past.from,
        count: 0,
        would: Vec::new(),
        applied: BTreeMap::new(),
        held: BTreeSet::new(),
    };
    let mut votes = past.votes.iter().filter(|(at, _)| *at >= past.from).peekable();
    for event in past.events {
        if event.at < past.from {
            trial.state.apply(event);
            continue;
        }
        if event.id.as_str().starts_with(ID) {
            continue;
        }
        while let Some((at, vote)) = votes.next_if(|(at, _)| *at < event.at) {
            trial.pass(*at);
            trial.follow([vote.clone()].into(), *at);
        }
        trial.pass(event.at);
        trial.state.apply(event);
        let caused = causes(&trial.state, std::slice::from_ref(event));
        trial.follow(caused.into(), event.at);
        trial.settle(event.at);
    }
    for (at, vote) in votes {
        trial.pass(*at);
        trial.follow([vote.clone()].into(), *at);
    }
    trial.pass(past.until);
    trial.would
}

struct Trial<'a, 'c> {
    published: Published<'a>,
    calendars: &'a dyn Fn(&str) -> Option<&'c Calendar>,
    state: Conversation,
    /// Up to when time has passed.
    last: DateTime<Utc>,
    count: u64,
    would: Vec<Would>,
    /// What applied on which ticket to which beginning of a chain: the cause.
    applied: BTreeMap<(String, u32, String), String>,
    /// What was held there.
    held: BTreeSet<(String, u32, String)>,
}

impl Trial<'_, '_> {
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
    fn apply(&mut self, automation: &Automation, cause: &Cause, at: DateTime<Utc>) -> Option<Vec<Cause>> {
        let key = (automation.id.clone(), cause.ordinal, cause.root.clone());
        let applied = self.applied.get(&key).cloned();
        // Once for an event, although it may be two causes.
        if applied.as_ref() == Some(&cause.id) {
            return None;
        }
        let now = (applied.is_some(), at);
        let reaction = react(automation, self.published, &self.state, cause, now)?;
        match &reaction {
            Reaction::Fired(..) => {
                self.applied.insert(key, cause.id.clone());
            }
            Reaction::Held(_) if !self.held.insert(key) => return None,
            Reaction::Held(_) => {}
        }
        self.count = self.count.saturating_add(1);
        let id = format!("{ID}{}", self.count);
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
        events.iter().for_each(|event| self.state.apply(event));
        let further = causes(&self.state, &events);
        let fired = matches!(reaction, Reaction::Fired(..));
        self.would.push(Would { ordinal: cause.ordinal, automation: automation.id.clone(), at, reaction });
        fired.then_some(further)
    }

    /// Time passes: each time that is over by then is looked at when it is.
    fn pass(&mut self, until: DateTime<Utc>) {
        loop {
            let (pack, calendars) = (self.published.pack, self.calendars);
            let tickets = self.state.tickets.iter();
            let dues = tickets
                .flat_map(|ticket| waiting(pack, ticket))
                .filter_map(|(_, wait, since)| due_at(wait, since, calendars));
            let Some(next) = dues.filter(|due| *due > self.last && *due <= until).min() else { break };
            self.last = next;
            self.settle(next);
        }
        self.last = self.last.max(until);
    }

    /// Applies what has waited long enough and may be applied now.
    fn settle(&mut self, at: DateTime<Utc>) {
        let pack = self.published.pack;
        let ordinals: Vec<u32> = self.state.tickets.iter().map(|ticket| ticket.ordinal).collect();
        for ordinal in ordinals {
            for automation in &pack.automations {
                let Some(ticket) = self.state.ticket(ordinal) else { continue };
                let found =
                    overdue(pack, ticket, self.calendars, at).find(|(one, _)| one.id == automation.id);
                let Some((_, cause)) = found else { continue };
                if let Some(further) = self.apply(automation, &cause, at) {
                    self.follow(further.into(), at);
                }
            }
        }
    }
}
