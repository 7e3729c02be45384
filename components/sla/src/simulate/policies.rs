//! Other policies and calendars: the changed pack, and what it makes of a shard of tickets.

use super::{Cursor, MAX_DAYS, Tried};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use relevo_calendar::Calendar;
use relevo_domain::conversation::decide::Published;
use relevo_domain::conversation::trial::{Change, compare, replay};
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_domain::pack::{Pack, Role};
use relevo_domain::rows::TicketRow;
use relevo_domain::sla::{CalendarSource, Policy};
use relevo_edge::app::{DeskContext, calendars};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::{Event, Fold};
use relevo_projections::shards;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The version that the changed pack goes by: none that was published has it.
const TRIED: u32 = u32::MAX;

/// Conversations read at once.
const AT_ONCE: usize = 32;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    days: u32,
    #[serde(default)]
    sla: Option<Vec<Policy>>,
    #[serde(default)]
    calendars: Map<String, Value>,
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

/// What was counted.
#[derive(Default)]
struct Tally {
    tickets: u64,
    targets: BTreeMap<String, Change>,
}

/// The changed pack.
pub struct Policies {
    pack: Pack,
    calendars: Calendars,
    from: DateTime<Utc>,
    tally: Tally,
}

/// Its calendars, whatever version is asked for.
struct Calendars(BTreeMap<String, Calendar>);

impl CalendarSource for Calendars {
    fn calendar(&self, _: u32, name: &str) -> Option<&Calendar> {
        self.0.get(name)
    }
}

impl Policies {
    /// The published pack with what is to be tried in it.
    pub async fn new(context: &DeskContext, role: Role, question: &Question) -> Result<Self, Problem> {
        if !(1..=MAX_DAYS).contains(&question.days) {
            return Err(Problem::invalid("/days", format!("a trial looks back 1 to {MAX_DAYS} days")));
        }
        if question.sla.is_none() && question.calendars.is_empty() {
            return Err(Problem::invalid("/sla", "give policies as sla, calendars, or both to be tried"));
        }
        let published = context.pack().await?;
        let mut pack = published.pack.clone();
        pack.calendars.extend(question.calendars.clone());
        pack.sla = question.sla.clone().unwrap_or(pack.sla);
        let mut problems = Vec::new();
        let calendars = calendars(&pack.calendars).unwrap_or_else(|wrong| {
            problems.extend(wrong);
            BTreeMap::new()
        });
        for (n, policy) in pack.sla.iter().enumerate() {
            let wrong = policy.check(|name| pack.calendars.contains_key(name));
            // Which tickets a policy would apply to tells what its conditions hold of.
            let as_seen = if question.sla.is_some() { role } else { Role::Admin };
            let wrong = wrong.into_iter().chain(policy.unknown_fields(&pack, as_seen));
            problems.extend(wrong.map(|(place, what)| (format!("/sla/{n}{place}"), what)));
        }
        if !problems.is_empty() {
            return Err(Problem::invalid_all(problems));
        }
        let from = context.now - TimeDelta::days(i64::from(question.days));
        Ok(Self { pack, calendars: Calendars(calendars), from, tally: Tally::default() })
    }

    async fn conversation(
        &mut self,
        context: &DeskContext,
        name: &str,
        ordinals: &BTreeSet<u32>,
        state: &Conversation,
        events: &[Event<ConversationEvent>],
    ) -> Result<Vec<Value>, Problem> {
        let versions = state.tickets.iter().flat_map(|ticket| ticket.timeline.pack_versions());
        let known = context.calendars(versions).await?;
        let tried = replay(events, Published { pack: &self.pack, version: TRIED });
        let mut differ = Vec::new();
        for ticket in state.tickets.iter().filter(|ticket| ordinals.contains(&ticket.ordinal)) {
            self.tally.tickets += 1;
            let after = (tried.ticket(ticket.ordinal), &self.calendars as &dyn CalendarSource);
            let targets = compare(&mut self.tally.targets, (ticket, &known), after, context.now);
            if !targets.is_empty() {
                let id = ids::ticket(name, ticket.ordinal);
                differ.push(json!({"ticket": id, "number": ticket.number, "targets": targets}));
            }
        }
        Ok(differ)
    }
}

impl Tried for Policies {
    const NAMES: (&'static str, &'static str) = ("differs", "differ");

    fn from(&self) -> DateTime<Utc> {
        self.from
    }

    fn summary(&self) -> Map<String, Value> {
        let Tally { tickets, targets } = &self.tally;
        let all = [("tickets", json!(tickets)), ("targets", json!(targets))];
        all.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    async fn shard(&mut self, context: &DeskContext, shard: &str) -> Result<(Vec<Value>, bool), Problem> {
        let loaded = shards::load::<TicketRow, _>(context, shard).await?;
        let from_ms = self.from.timestamp_millis();
        let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        let (mut rows, mut old) = (0_usize, 0_usize);
        for (_, row) in loaded.state.rows() {
            rows += 1;
            if row.opened_ms < from_ms {
                old += 1;
            } else {
                wanted.entry(&row.conversation).or_default().insert(row.ordinal);
            }
        }
        let conversations: Vec<_> = wanted.into_iter().collect();
        let mut differ = Vec::new();
        for some in conversations.chunks(AT_ONCE) {
            let read = try_join_all(some.iter().map(|(name, _)| history(context, name))).await?;
            for ((name, ordinals), (state, events)) in some.iter().zip(read) {
                differ.extend(self.conversation(context, name, ordinals, &state, &events).await?);
            }
        }
        Ok((differ, rows > 0 && rows == old))
    }
}

pub(super) async fn history(
    context: &DeskContext,
    name: &str,
) -> Result<(Conversation, Vec<Event<ConversationEvent>>), Problem> {
    let stream = context.stream(Conversation::KIND, name)?;
    Ok(context.journal.load_events::<Conversation>(&stream, None).await?)
}
