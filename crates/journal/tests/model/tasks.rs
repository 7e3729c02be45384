//! The processes of a run: writers, readers, projectors, readers of a sequence.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use relevo_journal::{
    Commit, Cursor, Event, EventId, Fold, Journal, JournalError, Kind, Loaded, Month, NewEvent, SequenceId,
    StreamId,
};
use serde::{Deserialize, Serialize};

use crate::faults::Defect;
use crate::log::{Log, TestKey, at_ms, desk, event, stream};
use crate::oracle;
use crate::world::{Shared, Task};

/// One thing that a writer does.
#[derive(Clone, Debug)]
pub struct Step {
    pub stream: usize,
    /// Another stream in the same commit.
    pub also: Option<usize>,
    pub id: usize,
    /// One more entry in the sequence.
    pub enqueue: bool,
}

/// Everything that happens in a run, but for the order. Clocks are wrong by `skew_ms`.
#[derive(Clone, Debug)]
pub enum Plan {
    Writer { skew_ms: i64, steps: Vec<Step> },
    Reader { skew_ms: i64, stream: usize, rounds: usize, saves: bool, as_of_ms: Option<i64> },
    Projector { skew_ms: i64, rounds: usize, limit: usize, cursor_apart: bool },
    Sequence { skew_ms: i64, rounds: usize, limit: usize },
    Anchorer { rounds: usize },
    Defective { defect: Defect, stream: usize, rounds: usize },
}

/// What was promised and what was seen.
#[derive(Default)]
pub struct Record {
    /// (stream, id) of acknowledged events.
    pub acknowledged: BTreeSet<(String, String)>,
    /// Acknowledged sequence entries.
    pub enqueued: BTreeSet<Vec<u8>>,
    /// Slots whose feed entries a projector has read.
    pub processed: BTreeSet<(String, u64)>,
    /// What each reader of the sequence saw, and how far it is.
    pub followers: Vec<(Cursor, BTreeSet<Vec<u8>>)>,
}

#[derive(Clone)]
pub struct Run {
    pub world: Shared,
    pub journal: Rc<Journal<Shared>>,
    pub record: Rc<RefCell<Record>>,
}

/// What projectors write: what they know of each stream. The fuller knowledge stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Index {
    pub rows: BTreeMap<String, Row>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub source: String,
    pub events: u64,
    pub ids: Vec<String>,
}

impl Fold for Index {
    type Data = Row;
    const KIND: &'static str = "index";
    const VERSION: u16 = 1;
    const REMEMBER_MS: u64 = 0;
    const DERIVED: bool = true;

    fn apply(&mut self, event: &Event<Row>) {
        let row = &event.data;
        if self.rows.get(&row.source).is_none_or(|known| known.events < row.events) {
            self.rows.insert(row.source.clone(), row.clone());
        }
    }
}

pub const STREAMS: [&str; 2] = ["a", "b"];

pub fn sequence() -> SequenceId {
    "school:agenda:0900".parse().unwrap()
}

pub fn index_stream() -> StreamId {
    "school:index:all".parse().unwrap()
}

pub fn projection() -> Kind {
    Kind::new("index").unwrap()
}

impl Run {
    pub fn new(world: Shared) -> Self {
        let journal = Rc::new(Journal::new(world.clone()).linked(Rc::new(TestKey("model"))));
        Self { world, journal, record: Rc::default() }
    }

    pub fn now(&self, skew_ms: i64) -> DateTime<Utc> {
        at_ms(self.world.0.borrow().clock_ms + skew_ms)
    }

    pub fn visible(&self, stream: &StreamId) -> BTreeSet<oracle::Raw> {
        oracle::visible(&self.world.0.borrow().data, &stream.to_string())
    }

    pub fn task(&self, plan: &Plan) -> Task {
        let run = self.clone();
        match plan.clone() {
            Plan::Writer { skew_ms, steps } => Box::pin(async move {
                for step in &steps {
                    run.write(step, skew_ms).await;
                }
            }),
            Plan::Reader { skew_ms, stream: name, rounds, saves, as_of_ms } => Box::pin(async move {
                for _ in 0..rounds {
                    run.read(&stream(STREAMS[name]), skew_ms, saves, as_of_ms).await;
                }
            }),
            Plan::Projector { skew_ms, rounds, limit, cursor_apart } => Box::pin(async move {
                for _ in 0..rounds {
                    // One that fails starts again from the saved cursor.
                    let _ = run.project(skew_ms, limit, cursor_apart).await;
                }
            }),
            Plan::Anchorer { rounds } => Box::pin(async move {
                for _ in 0..rounds {
                    let _ = run.anchor().await;
                }
            }),
            Plan::Sequence { skew_ms, rounds, limit } => Box::pin(async move {
                let (mut cursor, mut seen) = (Cursor::default(), BTreeSet::new());
                for _ in 0..rounds {
                    let now = run.now(skew_ms);
                    if let Ok(page) = run.journal.read_after(&sequence(), &mut cursor, limit, now).await {
                        seen.extend(page.entries.into_iter().map(|(_, bytes)| bytes));
                    }
                }
                run.record.borrow_mut().followers.push((cursor, seen));
            }),
            Plan::Defective { defect, stream: name, rounds } => Box::pin(async move {
                defect.read(&run, &stream(STREAMS[name]), rounds).await;
            }),
        }
    }

    /// Does what a request handler does: load, decide, commit; on an error again under the same ids.
    async fn write(&self, step: &Step, skew_ms: i64) {
        for _ in 0..4 {
            if self.try_write(step, skew_ms).await.is_ok() {
                return;
            }
        }
    }

    async fn try_write(&self, step: &Step, skew_ms: i64) -> Result<(), JournalError> {
        let now = self.now(skew_ms);
        let id = format!("m:{}", step.id);
        let mut commit = Commit::new(desk(), now);
        let mut streams = vec![step.stream];
        streams.extend(step.also.filter(|also| *also != step.stream));
        for name in &streams {
            let loaded: Loaded<Log> = self.journal.load(&stream(STREAMS[*name]), now).await?;
            commit.append(&loaded, vec![event(&id, &format!("text of {id}"))])?;
        }
        let entry = format!("{id} of {}", step.stream).into_bytes();
        let enqueues = step.enqueue && !commit.is_empty();
        if enqueues {
            commit.enqueue(&sequence(), entry.clone())?;
        }
        self.journal.commit(commit).await?;
        let mut record = self.record.borrow_mut();
        for name in streams {
            record.acknowledged.insert((STREAMS[name].to_owned(), id.clone()));
        }
        if enqueues {
            record.enqueued.insert(entry);
        }
        Ok(())
    }

    async fn read(&self, stream: &StreamId, skew_ms: i64, saves: bool, as_of_ms: Option<i64>) {
        let now = self.now(skew_ms);
        let mut before = self.visible(stream);
        let promised: BTreeSet<String> = self.acknowledged(stream.name());
        if let Some(ms) = as_of_ms {
            let limit = at_ms(ms);
            let Ok((state, events)) = self.journal.load_events::<Log>(stream, Some(limit)).await else {
                return;
            };
            let mut after = self.visible(stream);
            before.retain(|event| event.at_ms <= limit.timestamp_millis());
            after.retain(|event| event.at_ms <= limit.timestamp_millis());
            oracle::check_load(&state, &before, &after);
            assert_eq!(events.len(), state.seen.len());
            return;
        }
        let Ok(loaded) = self.journal.load::<Log>(stream, now).await else { return };
        oracle::check_load(&loaded.state, &before, &self.visible(stream));
        check_promises(&loaded.state, &promised);
        assert!(loaded.events() >= before.len() as u64);
        if saves {
            let _ = self.journal.save_snapshot(&loaded).await;
        }
    }

    /// Makes an anchor of what changed. True when there is more.
    pub async fn anchor(&self) -> Result<bool, JournalError> {
        let now = self.now(0);
        let kinds = [Kind::new("log").unwrap()];
        let anchored = self.journal.anchor(&desk(), &kinds, Month::of(now), now).await?;
        Ok(anchored.more)
    }

    pub fn acknowledged(&self, name: &str) -> BTreeSet<String> {
        let record = self.record.borrow();
        record.acknowledged.iter().filter(|(of, _)| of == name).map(|(_, id)| id.clone()).collect()
    }

    /// Follows the feed by one page. True when there was nothing new.
    pub async fn project(
        &self,
        skew_ms: i64,
        limit: usize,
        cursor_apart: bool,
    ) -> Result<bool, JournalError> {
        let now = self.now(skew_ms);
        let before = self.journal.load_cursor(&desk(), &projection()).await?;
        let mut cursor = before.clone();
        let page = self.journal.read_feed(&desk(), &mut cursor, limit, now).await?;
        assert_eq!(page.unreadable, 0);
        let mut rows = Vec::new();
        for source in page.streams() {
            let loaded: Loaded<Log> = self.journal.load(&source, now).await?;
            let ids = loaded.state.seen.iter().map(|(id, _, _)| id.clone()).collect();
            rows.push(Row { source: source.to_string(), events: loaded.events(), ids });
        }
        let index: Loaded<Index> = self.journal.load(&index_stream(), now).await?;
        // Before the commit, whose outcome may stay unknown: if it is not made, the cursor stays where it is.
        for entry in &page.entries {
            self.record.borrow_mut().processed.insert((entry.stream.to_string(), entry.slot));
        }
        let mut commit = Commit::new(desk(), now);
        let new = rows.into_iter().map(|row| NewEvent {
            id: EventId::new(format!("{}:{}", row.source, row.events)).unwrap(),
            by: "projector".to_owned(),
            tag: 0,
            data: row,
        });
        commit.append_quiet(&index, new.collect())?;
        if !cursor_apart {
            commit.save_cursor(&projection(), &cursor)?;
        }
        self.journal.commit(commit).await?;
        if cursor_apart {
            self.journal.save_cursor(&desk(), &projection(), &cursor).await?;
        }
        Ok(cursor == before)
    }
}

pub fn check_promises(state: &Log, promised: &BTreeSet<String>) {
    for id in promised {
        assert!(state.seen.iter().any(|(seen, _, _)| seen == id), "{id} was acknowledged, got {state:?}");
    }
}
