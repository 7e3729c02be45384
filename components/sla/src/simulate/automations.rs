//! Other automations: what they would have done on the tickets of a shard.

use super::policies::history;
use super::{Cursor, MAX_DAYS, Tried};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use relevo_domain::automation::trial::{Past, Replayed, Would, replay};
use relevo_domain::automation::{self, Automation, Cause, Reaction};
use relevo_domain::conversation::decide::Published;
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_domain::pack::{Pack, Role};
use relevo_domain::rows::TicketRow;
use relevo_domain::survey::SurveyState;
use relevo_domain::worklist::{HeadRow, is_live};
use relevo_edge::app::{DeskContext, PublishedPack};
use relevo_edge::fields::Hidden;
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_projections::{heads, shards};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Tickets that are told of, with what each would have changed.
const MAX_SAMPLES: usize = 50;

/// Applications of a sample that are told, and characters of a text in them.
const MAX_TOLD: usize = 20;
const MAX_TEXT_CHARS: usize = 200;

/// What all samples of an answer come to, in bytes, before no further one is added.
const MAX_SAMPLES_BYTES: usize = 256 * 1024;

/// Most actions that a trial brings, in all of its automations.
const MAX_ACTIONS: usize = 500;

/// How often automations are tried on tickets in one answer before it ends with the part that it is at.
const MAX_STEPS: u64 = 40_000;

/// Conversations read at once.
const AT_ONCE: usize = 16;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    #[serde(default = "a_month")]
    days: u32,
    /// Those to be tried; none: the published ones.
    #[serde(default)]
    automations: Option<Vec<Automation>>,
    #[serde(default)]
    pub cursor: Option<Cursor>,
}

fn a_month() -> u32 {
    30
}

/// What an automation would have done.
#[derive(Clone, Debug, Default, Serialize)]
struct Counts {
    fired: u64,
    held: u64,
    tickets: u64,
}

/// The pack with the automations that are tried.
pub struct Automations {
    pack: Pack,
    published: Rc<PublishedPack>,
    from: DateTime<Utc>,
    /// The caller brought the automations: the pack's own are tried otherwise.
    are_own: bool,
    hidden: Hidden,
    heads: BTreeMap<u64, HeadRow>,
    tickets: u64,
    changed: u64,
    samples: usize,
    /// What the samples come to.
    bytes: usize,
    steps: u64,
    by_automation: BTreeMap<String, Counts>,
}

impl Automations {
    /// The published pack with what is to be tried in it.
    pub async fn new(context: &DeskContext, role: Role, question: Question) -> Result<Self, Problem> {
        if !(1..=MAX_DAYS).contains(&question.days) {
            return Err(Problem::invalid("/days", format!("a trial looks back 1 to {MAX_DAYS} days")));
        }
        let published = context.pack().await?;
        let mut pack = published.pack.clone();
        // Which tickets an automation would apply to tells what its conditions hold of: what is hidden from the caller is
        // asked for by the published ones alone.
        let are_own = question.automations.is_some();
        pack.automations = question.automations.unwrap_or(pack.automations);
        let (mut wrong, in_any_case) = (automation::check_as(&pack, role), automation::check(&pack));
        wrong.retain(|one| {
            in_any_case.contains(one) || !is_published(&one.0, &pack.automations, &published.pack.automations)
        });
        let actions: usize = pack.automations.iter().map(|one| one.then.len()).sum();
        if are_own && actions > MAX_ACTIONS {
            let what = format!("{actions} actions; a trial takes at most {MAX_ACTIONS} in all");
            wrong.push(("/automations".to_owned(), what));
        }
        if !wrong.is_empty() {
            return Err(Problem::invalid_all(wrong));
        }
        let counts = pack.automations.iter().map(|one| (one.id.clone(), Counts::default()));
        let by_automation = counts.collect();
        let hidden = Hidden::of(context, role).await?;
        let newest = context.newest_ticket_number().await?;
        let heads = heads::load(context, newest).await?;
        let from = context.now - TimeDelta::days(i64::from(question.days));
        Ok(Self {
            pack,
            published,
            from,
            are_own,
            hidden,
            heads,
            tickets: 0,
            changed: 0,
            samples: 0,
            bytes: 0,
            steps: 0,
            by_automation,
        })
    }

    async fn conversation(
        &mut self,
        context: &DeskContext,
        name: &str,
        ordinals: &BTreeSet<u32>,
    ) -> Result<Vec<Value>, Problem> {
        let (state, mut events) = history(context, name).await?;
        for event in events.iter_mut().filter(|_| self.are_own) {
            // That something changed is in the history; that it was this field is not for the caller to ask.
            if let ConversationEvent::FieldsChanged { set, .. } = &mut event.data {
                set.0.retain(|field, _| !self.hidden.contains(field));
            }
        }
        let votes = votes(context, &state).await?;
        let past = Past { events: &events, votes: &votes, from: self.from, until: context.now };
        let calendars = |name: &str| self.published.calendar(name);
        let version = self.published.version;
        let Replayed { would, steps } = replay(past, Published { pack: &self.pack, version }, &calendars);
        self.steps = self.steps.saturating_add(steps);
        let mut told = Vec::new();
        for ticket in state.tickets.iter().filter(|ticket| ordinals.contains(&ticket.ordinal)) {
            self.tickets += 1;
            let mine: Vec<&Would> = would.iter().filter(|would| would.ordinal == ticket.ordinal).collect();
            let fired: BTreeSet<&str> =
                mine.iter().filter(|would| is_fired(would)).map(|would| would.automation.as_str()).collect();
            for would in &mine {
                let counts = self.by_automation.entry(would.automation.clone()).or_default();
                let count = if is_fired(would) { &mut counts.fired } else { &mut counts.held };
                *count += 1;
            }
            for automation in &fired {
                self.by_automation.entry((*automation).to_owned()).or_default().tickets += 1;
            }
            if fired.is_empty() {
                continue;
            }
            self.changed += 1;
            if self.samples < MAX_SAMPLES && self.bytes < MAX_SAMPLES_BYTES {
                self.samples += 1;
                let id = ids::ticket(name, ticket.ordinal);
                let more = mine.len().saturating_sub(MAX_TOLD);
                let would: Vec<Value> =
                    mine.into_iter().take(MAX_TOLD).map(|would| shown(would, &self.hidden)).collect();
                let sample = json!({"ticket": id, "number": ticket.number, "would": would, "more": more});
                self.bytes = self.bytes.saturating_add(sample.to_string().len());
                told.push(sample);
            }
        }
        Ok(told)
    }
}

impl Tried for Automations {
    const NAMES: (&'static str, &'static str) = ("sample", "samples");

    fn from(&self) -> DateTime<Utc> {
        self.from
    }

    fn summary(&self) -> Map<String, Value> {
        let all = [
            ("tickets", json!(self.tickets)),
            ("changed", json!(self.changed)),
            ("automations", json!(self.by_automation)),
            ("in_words", json!(format!("would have changed {} tickets", self.changed))),
        ];
        all.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    fn is_spent(&self) -> bool {
        self.steps >= MAX_STEPS
    }

    async fn shard(&mut self, context: &DeskContext, shard: &str) -> Result<(Vec<Value>, bool), Problem> {
        let place = shards::place(shard).unwrap_or_default();
        let loaded = shards::load::<TicketRow, _>(context, shard).await?;
        let from_ms = self.from.timestamp_millis();
        let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        let (mut rows, mut old) = (0_usize, 0_usize);
        for (_, row) in loaded.state.rows() {
            rows += 1;
            old += usize::from(row.opened_ms < from_ms);
            if row.opened_ms >= from_ms || is_live(row) {
                wanted.entry(&row.conversation).or_default().insert(row.ordinal);
            }
        }
        let conversations: Vec<_> = wanted.into_iter().collect();
        let mut told = Vec::new();
        for (name, ordinals) in conversations {
            told.extend(self.conversation(context, name, &ordinals).await?);
        }
        // Further ones are older still: of these what is still worked on counts, and heads tell where there is any.
        let live_below = self.heads.range(..place).any(|(_, head)| head.live > 0);
        Ok((told, rows > 0 && rows == old && !live_below))
    }
}

/// Is what is said of a place said of an automation that is published as it is?
fn is_published(place: &str, tried: &[Automation], published: &[Automation]) -> bool {
    let number =
        place.strip_prefix("/automations/").and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
    number.and_then(|number| tried.get(number)).is_some_and(|one| published.contains(one))
}

fn is_fired(would: &Would) -> bool {
    matches!(would.reaction, Reaction::Fired(..))
}

/// What would have been done, as a history shows it.
fn shown(would: &Would, hidden: &Hidden) -> Value {
    let (why, events) = match &would.reaction {
        Reaction::Fired(fired, events) => {
            let done = events.iter().map(|event| {
                let (name, mut data) = event.named();
                data.remove("ticket");
                hidden.leave_out_of_event(&mut data);
                json!({"type": name, "data": data})
            });
            let replies = fired.replies.iter().map(|reply| json!({"type": "reply.written", "data": reply}));
            (fired.why.clone(), done.chain(replies).collect::<Vec<_>>())
        }
        Reaction::Held(held) => (format!("held: {}", held.why), Vec::new()),
    };
    let mut told = Map::from_iter([("why".to_owned(), json!(why))]);
    hidden.leave_out_reasons(&mut told);
    let why = told.remove("why");
    let mut shown =
        json!({"automation": would.automation, "at": rfc3339(would.at), "why": why, "changes": events});
    shorten(&mut shown);
    shown
}

/// Texts of some length are cut: an automation says what it writes itself.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The votes on a conversation's tickets, in their order.
async fn votes(context: &DeskContext, state: &Conversation) -> Result<Vec<(DateTime<Utc>, Cause)>, Problem> {
    let mut surveys: Vec<(u32, &str)> = Vec::new();
    for ticket in &state.tickets {
        let issued = ticket.surveys.iter().filter_map(|decided| decided.survey.as_deref());
        surveys.extend(
            issued.map(|survey| (ticket.ordinal, survey.strip_prefix(ids::SURVEY).unwrap_or(survey))),
        );
    }
    let mut votes = Vec::new();
    for some in surveys.chunks(AT_ONCE) {
        let read = some.iter().map(|(ordinal, name)| async move {
            let stream = context.stream(SurveyState::KIND, name)?;
            let (_, events) = context.journal.load_events::<SurveyState>(&stream, None).await?;
            let of = |event| Some((event_at(event), automation::rated(name, *ordinal, event)?));
            Ok::<_, Problem>(events.iter().filter_map(of).collect::<Vec<_>>())
        });
        votes.extend(try_join_all(read).await?.into_iter().flatten());
    }
    votes.sort_by_key(|(at, _)| *at);
    Ok(votes)
}

fn event_at<D>(event: &relevo_journal::Event<D>) -> DateTime<Utc> {
    event.at
}
