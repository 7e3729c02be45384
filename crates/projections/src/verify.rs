//! Derived tables held against the journal that they were derived from.

use crate::follow::{self, Changes, VIEWS};
use crate::words::{self, WORDS};
use crate::{heads, shards};
use relevo_domain::account::Account;
use relevo_domain::approval::Approvals;
use relevo_domain::article::Article;
use relevo_domain::bulk::Bulk;
use relevo_domain::config::Config;
use relevo_domain::contact::Contact;
use relevo_domain::conversation::Conversation;
use relevo_domain::draft::Drafts;
use relevo_domain::erasure::Erasures;
use relevo_domain::index::Index;
use relevo_domain::mention::Inbox;
use relevo_domain::missing::Missing;
use relevo_domain::outbox::Outbox;
use relevo_domain::presence::People;
use relevo_domain::quality::{Answers, Audit};
use relevo_domain::rows::TicketRow;
use relevo_domain::survey::SurveyState;
use relevo_domain::table::{Put, Row};
use relevo_domain::tokens::Tokens;
use relevo_domain::worklist::{HeadRow, Views};
use relevo_edge::app::DeskContext;
use relevo_edge::clock;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::verify::{DeskReport, verify_desk};
use relevo_journal::{FeedCursor, Fold, JournalError, Kind, Month, StreamId};
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

/// How often a row is looked at before it is said to differ.
const LOOKS: u32 = 3;

/// Recomputes every stream of a desk and every row derived from one, and reports what differs.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn verify<S: Store>(context: &DeskContext<S>, months: &[Month]) -> Result<Verified, Problem> {
    let mut verified = Verified::default();
    let views = Kind::new(VIEWS).map_err(|_| Problem::unavailable("a projection could not be named"))?;
    let cursor = context.journal.load_cursor(&context.desk, &views).await?;
    let feed = Feed { context, cursor };
    let (behind, lagging) = feed.not_followed().await?;
    verified.behind = behind;

    streams::<Account, S>(context, months, &mut verified).await?;
    streams::<Answers, S>(context, months, &mut verified).await?;
    streams::<Approvals, S>(context, months, &mut verified).await?;
    streams::<Audit, S>(context, months, &mut verified).await?;
    streams::<Bulk, S>(context, months, &mut verified).await?;
    streams::<Config, S>(context, months, &mut verified).await?;
    streams::<Contact, S>(context, months, &mut verified).await?;
    streams::<Drafts, S>(context, months, &mut verified).await?;
    streams::<Erasures, S>(context, months, &mut verified).await?;
    streams::<Inbox, S>(context, months, &mut verified).await?;
    streams::<Index, S>(context, months, &mut verified).await?;
    streams::<People, S>(context, months, &mut verified).await?;
    streams::<Tokens, S>(context, months, &mut verified).await?;
    streams::<Views, S>(context, months, &mut verified).await?;
    let mut projected = streams::<Conversation, S>(context, months, &mut verified).await?;
    postings(context, &projected, &mut verified).await?;
    projected.extend(streams::<Article, S>(context, months, &mut verified).await?);
    streams::<Missing, S>(context, months, &mut verified).await?;
    projected.extend(streams::<Outbox, S>(context, months, &mut verified).await?);
    projected.extend(streams::<SurveyState, S>(context, months, &mut verified).await?);
    projected.retain(|stream| !lagging.contains(stream));
    for some in projected.chunks(BATCH) {
        let (rows, differences) = settled(&feed, some.iter().cloned().collect()).await?;
        verified.rows = verified.rows.saturating_add(rows);
        verified.differences.extend(differences);
    }
    Ok(verified)
}

/// A desk's feed, from where its followers were when this began.
struct Feed<'a, S: Store> {
    context: &'a DeskContext<S>,
    cursor: FeedCursor,
}

impl<S: Store> Feed<'_, S> {
    /// Entries that were not followed when this began or have come since, and the streams that they are of.
    async fn not_followed(&self) -> Result<(u64, BTreeSet<StreamId>), Problem> {
        let Self { context, cursor } = self;
        let mut cursor = cursor.clone();
        let now = clock::now().max(context.now);
        let page = context.journal.read_feed(&context.desk, &mut cursor, usize::MAX, now).await?;
        let entries = u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
        Ok((entries, page.entries.into_iter().map(|entry| entry.stream).collect()))
    }
}

/// How many rows of some streams there are, and what differs. While the application runs a row may be written between
/// a look at its stream and one at its table: what differs is looked at again, without what has changed since.
async fn settled<S: Store>(
    feed: &Feed<'_, S>,
    mut streams: BTreeSet<StreamId>,
) -> Result<(u64, Vec<String>), Problem> {
    let mut looks = 0;
    loop {
        let changes = follow::changes(feed.context, &streams).await?;
        let (rows, differences) = rows(feed.context, changes).await?;
        looks += 1;
        if differences.is_empty() || looks == LOOKS {
            return Ok((rows, differences));
        }
        let (_, lagging) = feed.not_followed().await?;
        streams.retain(|stream| !lagging.contains(stream));
    }
}

/// Holds the index of words against conversations, as far as its own follower has come.
async fn postings<S: Store>(
    context: &DeskContext<S>,
    conversations: &[StreamId],
    verified: &mut Verified,
) -> Result<(), Problem> {
    let words = Kind::new(WORDS).map_err(|_| Problem::unavailable("a projection could not be named"))?;
    let cursor = context.journal.load_cursor(&context.desk, &words).await?;
    let feed = Feed { context, cursor };
    for some in conversations.chunks(BATCH) {
        let mut streams: BTreeSet<StreamId> = some.iter().cloned().collect();
        for look in 1..=LOOKS {
            let (_, lagging) = feed.not_followed().await?;
            streams.retain(|stream| !lagging.contains(stream));
            let (rows, differences) = words::verify::postings(context, &streams).await?;
            if differences.is_empty() || look == LOOKS {
                verified.rows = verified.rows.saturating_add(rows);
                verified.differences.extend(differences);
                break;
            }
        }
    }
    Ok(())
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

/// How many rows there are, and those that are not what is expected.
async fn rows<S: Store>(context: &DeskContext<S>, changes: Changes) -> Result<(u64, Vec<String>), Problem> {
    let mut found = (0, Vec::new());
    summed_up(context, &changes, &mut found.1).await?;
    table(context, changes.tickets, &mut found).await?;
    table(context, changes.articles, &mut found).await?;
    table(context, changes.surveys, &mut found).await?;
    table(context, changes.deliveries, &mut found).await?;
    Ok(found)
}

/// What lists read first must be what the shards hold.
async fn summed_up<S: Store>(
    context: &DeskContext<S>,
    changes: &Changes,
    differences: &mut Vec<String>,
) -> Result<(), Problem> {
    let places = changes.tickets.keys().filter_map(|name| shards::end_number(name));
    let Some(newest) = places.max() else { return Ok(()) };
    let served = heads::load(context, newest).await?;
    for name in changes.tickets.keys() {
        let shard = shards::load::<TicketRow, S>(context, name).await?;
        let expected = HeadRow::of(shard.state.rows().map(|(_, row)| row));
        if shards::place(name).and_then(|place| served.get(&place)) != Some(&expected) {
            differences.push(format!("{} {name}: the head is not what its shard gives", HeadRow::KIND));
        }
    }
    Ok(())
}

async fn table<R: Row, S: Store>(
    context: &DeskContext<S>,
    expected: BTreeMap<String, Vec<Put<R>>>,
    (rows, differences): &mut (u64, Vec<String>),
) -> Result<(), Problem> {
    for (shard, puts) in expected {
        let served = shards::load::<R, S>(context, &shard).await?;
        for put in puts {
            *rows = rows.saturating_add(1);
            if served.state.get(&put.key) != put.row.as_ref() {
                differences.push(format!("{} {}: the row is not what its stream gives", R::KIND, put.key));
            }
        }
    }
    Ok(())
}
