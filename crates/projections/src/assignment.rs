//! Gives waiting tickets to people, the most urgent first, and takes over those of people who are absent or whose shift is
//! over.
//!
//! The event of an assignment is named after the one that it follows: of two that run at once and choose differently one
//! counts. What a run costs grows with what can be given now: where nobody is free, no ticket is looked at.

use crate::{heads, shards};
use chrono::TimeDelta;
use futures::future::try_join_all;
use relevo_domain::assignment::{Candidate, Wanted, choose};
use relevo_domain::category::Category;
use relevo_domain::conversation::{Because, Conversation, ConversationEvent};
use relevo_domain::pack::{Assignment, Pack, Person, Role};
use relevo_domain::presence::People;
use relevo_domain::rows::TicketRow;
use relevo_domain::sla::Duty;
use relevo_domain::worklist::{HeadRow, Order, is_live};
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::presence;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_journal::store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// Who acts.
pub const BY: &str = "system:assignment";

/// Shards that one run looks into.
const SHARDS_PER_RUN: usize = 200;

/// Tickets that one run gives to somebody.
const TICKETS_PER_RUN: usize = 200;

/// Shards loaded at once.
const SHARDS_AT_ONCE: usize = 8;

/// Gives what can be given; returns how many tickets changed hands.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn run<S: Store>(context: &DeskContext<S>) -> Result<usize, Problem> {
    let published = context.pack().await?;
    let people = presence::people(context).await?;
    let has_rules = published.pack.queues.values().any(|queue| queue.assignment.is_some());
    let has_absent = people.absences.values().any(|absence| absence.is_on(context.now));
    if !has_rules && !has_absent {
        return Ok(0);
    }
    let newest = context.newest_ticket_number().await?;
    let heads = heads::load(context, newest).await?;
    let staff = published.pack.people_at(context.now);
    let mut floor = Floor::of(context, &published, &staff, &people, &heads).await?;
    let mut places: Vec<u64> =
        heads.iter().filter(|(_, head)| floor.is_concerned(head)).map(|(place, _)| *place).collect();
    places.sort_by_key(|place| heads.get(place).map(|head| head.bound(Order::Priority)));
    places.truncate(SHARDS_PER_RUN);
    let names: Vec<String> = places.into_iter().map(shards::nth).collect();
    let mut waiting: Vec<TicketRow> = Vec::new();
    for some in names.chunks(SHARDS_AT_ONCE) {
        for table in shards::load_all::<TicketRow, S>(context, some).await? {
            waiting
                .extend(table.state.rows().map(|(_, row)| row.clone()).filter(|row| floor.is_waiting(row)));
        }
    }
    waiting.sort_by_key(|row| Order::Priority.key(row));
    let mut given = 0;
    for row in waiting {
        if given >= TICKETS_PER_RUN {
            break;
        }
        given += usize::from(floor.give(&row).await?);
    }
    floor.remember().await?;
    Ok(given)
}

/// Who works now, with what they have.
struct Floor<'a, S: Store> {
    context: &'a DeskContext<S>,
    published: &'a PublishedPack,
    /// With the shifts and the capacity of the period that it is.
    staff: &'a BTreeMap<String, Person>,
    people: &'a People,
    candidates: BTreeMap<String, Candidate<'a>>,
    turns: BTreeMap<String, i64>,
    took_turns: bool,
}

impl<'a, S: Store> Floor<'a, S> {
    async fn of(
        context: &'a DeskContext<S>,
        published: &'a PublishedPack,
        staff: &'a BTreeMap<String, Person>,
        people: &'a People,
        heads: &BTreeMap<u64, HeadRow>,
    ) -> Result<Self, Problem> {
        let pack = &published.pack;
        let turns: BTreeMap<String, i64> =
            context.journal.get_doc(&context.doc("assignment", "turns")?).await?.unwrap_or_default();
        let named = |name: &str| published.calendar(name);
        let duty = Duty { people: staff, calendars: &named };
        let away_after = pack.presence.away_after_minutes.map(|minutes| TimeDelta::minutes(minutes.into()));
        let working = staff.iter().filter(|(_, one)| matches!(one.role, Role::Agent | Role::Lead));
        let calls = try_join_all(working.clone().map(|(id, _)| async move {
            if away_after.is_some() { presence::last_call(context, id).await } else { Ok(None) }
        }))
        .await?;
        let mut candidates: BTreeMap<String, Candidate<'a>> = BTreeMap::new();
        for ((id, person), last_call) in working.zip(calls) {
            let is_available = duty.is_on_shift(id, context.now)
                && people.is_available(id, context.now, last_call, away_after);
            let last_turn_ms = turns.get(id).copied();
            let one = Candidate { id, person, is_available, load: BTreeMap::new(), last_turn_ms };
            candidates.insert(id.clone(), one);
        }
        for (agent, of_agent) in heads.values().flat_map(|head| &head.load) {
            let Some(one) = candidates.get_mut(agent) else { continue };
            for (channel, count) in of_agent {
                let sum = one.load.entry(channel.clone()).or_default();
                *sum = sum.saturating_add(*count);
            }
        }
        Ok(Self { context, published, staff, people, candidates, turns, took_turns: false })
    }

    fn pack(&self) -> &'a Pack {
        &self.published.pack
    }

    /// A queue's rule, if anybody could be given something by it now.
    fn rule(&self, queue: &str) -> Option<(&'a Assignment, Vec<Candidate<'a>>)> {
        let queue = self.pack().queues.get(queue)?;
        let (rule, team) = (queue.assignment.as_ref()?, queue.team.as_ref()?);
        let team: Vec<_> =
            self.candidates.values().filter(|one| one.person.teams.contains(team)).cloned().collect();
        let most = |one: &Candidate<'_>| one.person.capacity.get("total").copied().unwrap_or(u32::MAX);
        let free = |one: &Candidate<'_>| one.is_available && one.load.values().sum::<u32>() < most(one);
        team.iter().any(free).then_some((rule, team))
    }

    /// Who does the work of somebody absent; none: they are not, or nobody does.
    fn substitute(&self, agent: &'a str) -> Option<&'a str> {
        self.people.absence(agent, self.context.now)?;
        let pack = self.pack();
        let named = |id: &str| pack.people.get(id).map_or(&[][..], |one| one.substitutes.as_slice());
        self.people.stand_in(agent, self.context.now, &named)
    }

    /// Somebody of the desk whose shift is over.
    fn is_off(&self, agent: &str) -> bool {
        let named = |name: &str| self.published.calendar(name);
        let duty = Duty { people: self.staff, calendars: &named };
        self.staff.contains_key(agent) && !duty.is_on_shift(agent, self.context.now)
    }

    fn is_absent(&self, agent: &str) -> bool {
        self.people.absence(agent, self.context.now).is_some()
    }

    fn is_concerned(&self, head: &HeadRow) -> bool {
        let given = |queue: &String| self.rule(queue).is_some();
        let taken_over = |agent: &String| self.is_absent(agent) || self.is_off(agent);
        (head.unassigned > 0 && head.queues.keys().any(given)) || head.load.keys().any(taken_over)
    }

    fn is_waiting(&self, row: &TicketRow) -> bool {
        let now_ms = self.context.now.timestamp_millis();
        let ours = matches!(row.category, Category::New | Category::Open | Category::ToBeValidated);
        let queue = self.pack().queues.get(&row.queue);
        // What is handed over to another team is no longer this queue's to give.
        let queue = queue.filter(|queue| row.team.is_none() || row.team == queue.team);
        let rule = queue.and_then(|queue| queue.assignment.as_ref());
        let in_sight = row.snoozed_until_ms.is_none_or(|until| until <= now_ms);
        is_live(row)
            && match &row.agent {
                None => rule.is_some() && in_sight,
                Some(agent) if self.is_absent(agent) => true,
                Some(agent) => rule.is_some_and(|rule| rule.after_shift) && ours && self.is_off(agent),
            }
    }

    /// Gives a ticket to somebody, if somebody is there for it.
    async fn give(&mut self, row: &TicketRow) -> Result<bool, Problem> {
        let old = row
            .agent
            .as_deref()
            .and_then(|id| self.pack().people.get_key_value(id))
            .map(|(id, _)| id.as_str());
        let pack = self.pack();
        let partition = pack.partition_of_ticket(&row.queue, row.team.as_deref());
        let sees = |agent: &&str| pack.works_for(agent, partition);
        let substitute = old.and_then(|agent| self.substitute(agent)).filter(sees);
        let rule = self.rule(&row.queue);
        if substitute.is_none() && rule.is_none() {
            return Ok(false);
        }
        let stream = self.context.stream(Conversation::KIND, &row.conversation)?;
        let loaded = self.context.journal.load::<Conversation>(&stream, self.context.now).await?;
        let (Some(party), Some(ticket)) = (&loaded.state.party, loaded.state.ticket(row.ordinal)) else {
            return Ok(false);
        };
        // The row may be behind: somebody took it, or it is done.
        let moved = ticket.agent != row.agent || ticket.team != row.team;
        if moved || ticket.category.is_done() || ticket.merged.is_some() {
            return Ok(false);
        }
        let (agent, because) = match (substitute, &rule, old) {
            (Some(agent), _, Some(old)) => {
                let why = "stands in while they are absent".to_owned();
                (agent, Because { method: "substitute".to_owned(), instead_of: Some(old.to_owned()), why })
            }
            (_, Some((rule, team)), _) => {
                let others = loaded.state.tickets.iter().rev().filter(|other| other.ordinal != row.ordinal);
                let last =
                    others.filter_map(|other| other.agent.as_deref().or(other.solved_by.as_deref())).next();
                let wanted = Wanted {
                    channel: &row.channel,
                    locale: &party.locale,
                    fields: Some(&ticket.fields.0),
                    skills: &ticket.skills,
                    last_agent: last,
                };
                let Ok((agent, because)) = choose(rule, &wanted, team) else { return Ok(false) };
                (agent, Because { instead_of: row.agent.clone(), ..because })
            }
            _ => return Ok(false),
        };
        if Some(agent) == row.agent.as_deref() {
            return Ok(false);
        }
        let agent = agent.to_owned();
        let id = format!("assigned.{}.{}", row.ordinal, ticket.assignments);
        let data = ConversationEvent::AssignmentChanged {
            ticket: row.ordinal,
            agent: Some(agent.clone()),
            team: None,
            because: Some(Box::new(because)),
        };
        let mut commit = self.context.commit();
        commit.append(&loaded, vec![event(id, BY, 0, data)?])?;
        self.context.journal.commit(commit).await?;
        self.took(row, &agent);
        Ok(true)
    }

    /// What somebody has from now on.
    fn took(&mut self, row: &TicketRow, agent: &str) {
        // Several in one run are turns too.
        let turn = self.turns.values().max().copied().unwrap_or_default() + 1;
        let turn = turn.max(self.context.now.timestamp_millis());
        if let Some(one) = self.candidates.get_mut(agent) {
            let count = one.load.entry(row.channel.clone()).or_default();
            *count = count.saturating_add(1);
            one.last_turn_ms = Some(turn);
            self.turns.insert(agent.to_owned(), turn);
            self.took_turns = true;
        }
    }

    /// Keeps whose turn it was; a note that is lost costs fairness for a moment.
    async fn remember(&mut self) -> Result<(), Problem> {
        if self.took_turns {
            let known: BTreeSet<&String> = self.candidates.keys().collect();
            self.turns.retain(|id, _| known.contains(id));
            self.context.journal.put_doc(&self.context.doc("assignment", "turns")?, &self.turns).await?;
        }
        Ok(())
    }
}
