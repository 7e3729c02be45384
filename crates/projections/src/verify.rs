//! Derived tables held against the journal that they were derived from.

use crate::follow::{self, Changes, VIEWS};
use crate::shards;
use relevo_domain::account::Account;
use relevo_domain::config::Config;
use relevo_domain::contact::Contact;
use relevo_domain::conversation::Conversation;
use relevo_domain::erasure::Erasures;
use relevo_domain::outbox::Outbox;
use relevo_domain::survey::SurveyState;
use relevo_domain::table::{Put, Row};
use relevo_domain::tokens::Tokens;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::verify::{DeskReport, verify_desk};
use relevo_journal::{Fold, JournalError, Kind, Month, StreamId};
use std::collections::{BTreeMap, BTreeSet};

/// What verifying a desk found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Streams that were read.
    pub streams: u64,
    /// Their events.
    pub events: u64,
    /// Rows that were held against their streams.
    pub rows: u64,
    /// Feed entries that no follower has seen yet: rows may lag behind by them, which is no difference.
    pub behind: u64,
    /// Everything that is wrong, a line each. Ids only, nothing personal.
    pub differences: Vec<String>,
}

/// Streams loaded at once.
const BATCH: usize = 64;

/// Recomputes every stream of a desk and every row derived from one, and reports what differs.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn verify<S: Store>(context: &DeskContext<S>, months: &[Month]) -> Result<Verified, Problem> {
    let mut verified = Verified::default();
    let views = Kind::new(VIEWS).map_err(|_| Problem::unavailable("a projection could not be named"))?;
    let mut cursor = context.journal.load_cursor(&context.desk, &views).await?;
    let page = context.journal.read_feed(&context.desk, &mut cursor, usize::MAX, context.now).await?;
    verified.behind = u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
    let lagging: BTreeSet<StreamId> = page.entries.into_iter().map(|entry| entry.stream).collect();

    streams::<Account, S>(context, months, &mut verified).await?;
    streams::<Config, S>(context, months, &mut verified).await?;
    streams::<Contact, S>(context, months, &mut verified).await?;
    streams::<Erasures, S>(context, months, &mut verified).await?;
    streams::<Tokens, S>(context, months, &mut verified).await?;
    let mut projected = streams::<Conversation, S>(context, months, &mut verified).await?;
    projected.extend(streams::<Outbox, S>(context, months, &mut verified).await?);
    projected.extend(streams::<SurveyState, S>(context, months, &mut verified).await?);
    projected.retain(|stream| !lagging.contains(stream));
    for some in projected.chunks(BATCH) {
        let changes = follow::changes(context, &some.iter().cloned().collect()).await?;
        rows(context, changes, &mut verified).await?;
    }
    Ok(verified)
}

/// Recomputes the streams of one kind; returns them.
async fn streams<F: Fold, S: Store>(
    context: &DeskContext<S>,
    months: &[Month],
    verified: &mut Verified,
) -> Result<Vec<StreamId>, Problem> {
    let mut seen = Vec::new();
    let report: DeskReport = verify_desk::<F, S>(
        &context.journal,
        &context.desk,
        months.iter().copied(),
        context.now,
        async |stream: &StreamId, _: &F| {
            seen.push(stream.clone());
            Ok::<_, JournalError>(Vec::new())
        },
    )
    .await?;
    verified.streams = verified.streams.saturating_add(report.streams);
    verified.events = verified.events.saturating_add(report.events);
    verified.differences.extend(report.faulty.iter().map(|faulty| format!("{}: {faulty:?}", faulty.stream)));
    Ok(seen)
}

async fn rows<S: Store>(
    context: &DeskContext<S>,
    changes: Changes,
    verified: &mut Verified,
) -> Result<(), Problem> {
    table(context, changes.tickets, verified).await?;
    table(context, changes.surveys, verified).await?;
    table(context, changes.deliveries, verified).await
}

async fn table<R: Row, S: Store>(
    context: &DeskContext<S>,
    expected: BTreeMap<String, Vec<Put<R>>>,
    verified: &mut Verified,
) -> Result<(), Problem> {
    for (shard, puts) in expected {
        let served = shards::load::<R, S>(context, &shard).await?;
        for put in puts {
            verified.rows = verified.rows.saturating_add(1);
            if served.state.get(&put.key) != put.row.as_ref() {
                verified.differences.push(format!(
                    "{} {}: the row is not what its stream gives",
                    R::KIND,
                    put.key
                ));
            }
        }
    }
    Ok(())
}
