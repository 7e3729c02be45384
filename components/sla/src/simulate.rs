//! `POST /api/{desk}/sla/simulate`: what other policies or calendars would have made of the tickets of the last days.
//!
//! Tickets are walked by number, newest first, one shard of the table at a time; each conversation's journal is read
//! and folded anew. A call answers for a bounded number of tickets and says where the next one goes on. As NDJSON it
//! takes in more, and tells how far it is while it works.

mod trial;

use bytes::Bytes;
use futures::stream;
use http::{StatusCode, header};
use relevo_domain::conversation::view::rfc3339;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Streamed, json, stream as pieces, whole};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use relevo_projections::shards;
use serde_json::{Value, json};
pub use trial::Cursor;
use trial::{Question, Tally, Trial};

/// Shards of a hundred tickets in one answer.
const SHARDS_PER_CALL: usize = 20;

/// The same where progress is told.
const SHARDS_PER_STREAM: usize = 1_000;

/// `POST …/sla/simulate`
pub async fn simulate(context: DeskContext, request: &Incoming) -> Result<Streamed, Problem> {
    let question: Question = request.json()?;
    let trial = Trial::new(&context, &question).await?;
    internal::follow(context.desk.as_str()).await?;
    let newest = context.newest_ticket_number().await?;
    let begin = question.begin(newest);
    let walk = Walk { context, trial, next: Some(begin), tally: Tally::default() };
    let accepts = |kind: &str| request.header(header::ACCEPT.as_str()).is_some_and(|a| a.contains(kind));
    if accepts("application/x-ndjson") { Ok(walk.stream()) } else { walk.answer().await }
}

/// A walk over the tickets, from the newest to the first that is too old.
struct Walk {
    context: DeskContext,
    trial: Trial,
    /// The newest number that was not looked at; none at the end.
    next: Option<u64>,
    tally: Tally,
}

impl Walk {
    async fn answer(mut self) -> Result<Streamed, Problem> {
        let mut differ = Vec::new();
        for _ in 0..SHARDS_PER_CALL {
            match self.step().await? {
                Some(some) => differ.extend(some),
                None => break,
            }
        }
        let mut answer = self.summary();
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("differ".to_owned(), Value::Array(differ));
        }
        Ok(whole(json(StatusCode::OK, &answer)))
    }

    /// A line for each ticket that differs and for each step, and one for the whole.
    fn stream(self) -> Streamed {
        let lines = stream::unfold(Some((self, SHARDS_PER_STREAM)), |state| async move {
            let (mut walk, left) = state?;
            let step = if left > 0 { walk.step().await } else { Ok(None) };
            match step {
                Ok(Some(differ)) => {
                    let mut lines: Vec<Value> = differ.into_iter().map(|d| json!({"differs": d})).collect();
                    lines.push(json!({"progress": {"tickets": walk.tally.tickets, "next": walk.cursor()}}));
                    Some((written(&lines), Some((walk, left - 1))))
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
        let (differ, past) = self.trial.shard(&self.context, &shard, &mut self.tally).await?;
        let older =
            all.next().and_then(|shard| shards::end_number(&shard)).and_then(|end| end.checked_sub(1));
        self.next = older.filter(|_| !past);
        Ok(Some(differ))
    }

    fn cursor(&self) -> Option<String> {
        self.next.map(|number| number.to_string())
    }

    fn summary(&self) -> Value {
        json!({
            "from": rfc3339(self.trial.from), "to": rfc3339(self.context.now),
            "tickets": self.tally.tickets, "targets": self.tally.targets, "next": self.cursor(),
        })
    }
}

fn written(lines: &[Value]) -> Bytes {
    lines.iter().map(|line| format!("{line}\n")).collect::<String>().into()
}
