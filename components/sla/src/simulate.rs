//! `POST /api/{desk}/sla/simulate`: what other policies or calendars would have made of the tickets of the last days.
//! `POST /api/{desk}/automations/simulate`: what other automations would have done.
//!
//! Tickets are walked by number, newest first, one shard of the table at a time; each conversation's journal is read
//! and folded anew. A call answers for a bounded number of tickets and says where the next one goes on. As NDJSON it
//! takes in more, and tells how far it is while it works.

mod automations;
mod policies;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream;
use http::{StatusCode, header};
use relevo_domain::conversation::view::rfc3339;
use relevo_edge::app::DeskContext;
use relevo_edge::auth::Caller;
use relevo_edge::http::{Incoming, Streamed, json, stream as pieces, whole};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use relevo_projections::shards;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Value, json};

/// Shards of a hundred tickets in one answer.
const SHARDS_PER_CALL: usize = 20;

/// The same where progress is told.
const SHARDS_PER_STREAM: usize = 1_000;

/// Longest look back.
const MAX_DAYS: u32 = 366;

/// `POST …/sla/simulate`
pub async fn policies(
    context: DeskContext,
    caller: &Caller,
    request: &Incoming,
) -> Result<Streamed, Problem> {
    let question: policies::Question = request.json()?;
    let trial = policies::Policies::new(&context, caller.role, &question).await?;
    walk(context, request, trial, question.cursor).await
}

/// `POST …/automations/simulate`
pub async fn automations(
    context: DeskContext,
    caller: &Caller,
    request: &Incoming,
) -> Result<Streamed, Problem> {
    let question: automations::Question = request.json()?;
    internal::follow(context.desk.as_str()).await?;
    let cursor = question.cursor;
    let trial = automations::Automations::new(&context, caller.role, question).await?;
    walk(context, request, trial, cursor).await
}

/// The newest ticket number that was not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Cursor(pub u64);

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("this is no cursor of this route"))
    }
}

/// Something that is tried on past tickets.
trait Tried {
    /// Tickets opened before do not count.
    fn from(&self) -> DateTime<Utc>;

    /// Tries it on the tickets of a shard: what is to be said of some, and whether all further ones are too old.
    async fn shard(&mut self, context: &DeskContext, shard: &str) -> Result<(Vec<Value>, bool), Problem>;

    /// What a line about a ticket is called, and what all of them are.
    const NAMES: (&'static str, &'static str);

    /// What was counted.
    fn summary(&self) -> Map<String, Value>;

    /// It has been as much as one answer may take: the next one goes on.
    fn is_spent(&self) -> bool {
        false
    }
}

/// A walk over the tickets, from the newest to the first that is too old.
struct Walk<T> {
    context: DeskContext,
    trial: T,
    /// The newest number that was not looked at; none at the end.
    next: Option<u64>,
}

async fn walk<T: Tried + 'static>(
    context: DeskContext,
    request: &Incoming,
    trial: T,
    cursor: Option<Cursor>,
) -> Result<Streamed, Problem> {
    internal::follow(context.desk.as_str()).await?;
    let newest = context.newest_ticket_number().await?;
    let begin = cursor.map_or(newest, |cursor| cursor.0.min(newest));
    let walk = Walk { context, trial, next: Some(begin) };
    let accepts = |kind: &str| request.header(header::ACCEPT.as_str()).is_some_and(|a| a.contains(kind));
    if accepts("application/x-ndjson") { Ok(walk.stream()) } else { walk.answer().await }
}

impl<T: Tried + 'static> Walk<T> {
    async fn answer(mut self) -> Result<Streamed, Problem> {
        let mut differ = Vec::new();
        for _ in 0..SHARDS_PER_CALL {
            match self.step().await? {
                Some(some) => differ.extend(some),
                None => break,
            }
            if self.trial.is_spent() {
                break;
            }
        }
        let mut answer = self.summary();
        answer.insert(T::NAMES.1.to_owned(), Value::Array(differ));
        Ok(whole(json(StatusCode::OK, &answer)))
    }

    /// A line for each ticket that is told of and for each step, and one for the whole.
    fn stream(self) -> Streamed {
        let lines = stream::unfold(Some((self, SHARDS_PER_STREAM, 0_u64)), |state| async move {
            let (mut walk, left, tickets) = state?;
            let step = if left > 0 { walk.step().await } else { Ok(None) };
            match step {
                Ok(Some(told)) => {
                    let mut lines: Vec<Value> =
                        told.into_iter().map(|one| json!({T::NAMES.0: one})).collect();
                    let tickets =
                        walk.trial.summary().get("tickets").and_then(Value::as_u64).unwrap_or(tickets);
                    lines.push(json!({"progress": {"tickets": tickets, "next": walk.cursor()}}));
                    Some((written(&lines), Some((walk, left - 1, tickets))))
                }
                Ok(None) => Some((written(&[json!({"summary": walk.summary()})]), None)),
                // The status is long sent: the last line says what went wrong and where to go on.
                Err(problem) => {
                    let line = json!({"error": {"code": problem.code, "next": walk.cursor()}});
                    Some((written(&[line]), None))
                }
            }
        });
        pieces("application/x-ndjson", lines)
    }

    /// Looks at one shard; none if there is no further one.
    async fn step(&mut self) -> Result<Option<Vec<Value>>, Problem> {
        let Some(newest) = self.next else { return Ok(None) };
        let mut all = shards::numbers_down_from(newest);
        let Some(shard) = all.next() else { return Ok(None) };
        let (told, past) = self.trial.shard(&self.context, &shard).await?;
        let older =
            all.next().and_then(|shard| shards::end_number(&shard)).and_then(|end| end.checked_sub(1));
        self.next = older.filter(|_| !past);
        Ok(Some(told))
    }

    fn cursor(&self) -> Option<String> {
        self.next.map(|number| number.to_string())
    }

    fn summary(&self) -> Map<String, Value> {
        let (from, to) = (rfc3339(self.trial.from()), rfc3339(self.context.now));
        let mut summary = self.trial.summary();
        let more = [("from", json!(from)), ("to", json!(to)), ("next", json!(self.cursor()))];
        summary.extend(more.map(|(name, value)| (name.to_owned(), value)));
        summary
    }
}

fn written(lines: &[Value]) -> Bytes {
    lines.iter().map(|line| format!("{line}\n")).collect::<String>().into()
}
