//! Following a desk's feed: from changed streams to rows, agenda entries and messages to subscribers.

use crate::account_silence::{self, Heard};
use crate::agenda::{self, Floors, Work};
use crate::{articles, automations, fanout, heads, shards};
use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use relevo_domain::article::{Article, ArticleRow};
use relevo_domain::conversation::Conversation;
use relevo_domain::outbox::{Outbox, Status};
use relevo_domain::rows::{
    DeliveryRow, SurveyRow, TicketRow, delivery_row, survey_row, ticket_row, unasked_rows,
};
use relevo_domain::survey::SurveyState;
use relevo_domain::table::{Put, Row};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids;
use relevo_edge::merging;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Fold, Kind, StreamId};
use std::collections::{BTreeMap, BTreeSet};

/// The cursor's name.
pub const VIEWS: &str = "views";

/// Feed entries handled in one commit.
const BATCH: usize = 64;

/// What following did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Feed entries read.
    pub entries: usize,
    /// There are more.
    pub more: bool,
    /// Outbox streams that were queued for subscribers.
    pub queued: Vec<String>,
    /// Conversations in which automations owe replies.
    pub owing: Vec<String>,
}

/// Follows the feed by at most `limit` entries. May run at any time, several times at once.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn follow<S: Store>(context: &DeskContext<S>, limit: usize) -> Result<Followed, Problem> {
    let views = Kind::new(VIEWS).map_err(|_| Problem::unavailable("a projection could not be named"))?;
    let mut cursor = context.journal.load_cursor(&context.desk, &views).await?;
    let mut followed = Followed::default();
    while followed.entries < limit {
        let before = cursor.clone();
        let page = context.journal.read_feed(&context.desk, &mut cursor, BATCH, context.now).await?;
        if page.entries.is_empty() && cursor == before {
            followed.more = false;
            break;
        }
        let changed: BTreeSet<StreamId> = page.entries.iter().map(|entry| entry.stream.clone()).collect();
        followed.queued.extend(fanout::queue(context, &page.entries).await?);
        let automated = automations::follow(context, &page.entries).await?;
        followed.owing.extend(automated.owing);
        let changes = changes(context, &changed).await?;
        for conversation in &changes.untold {
            merging::settle(context, conversation).await?;
        }
        account_silence::note(context, &changes.heard).await?;
        let touched: BTreeSet<String> = changes.tickets.keys().cloned().collect();
        write(context, changes).await?;
        heads::sum_up(context, &touched).await?;
        context.journal.save_cursor(&context.desk, &views, &cursor).await?;
        followed.entries += page.entries.len();
        // What automations did is in the feed by now.
        followed.more = page.behind > 0 || automated.applied > 0;
        if !followed.more {
            break;
        }
    }
    Ok(followed)
}

/// What follows from the states of streams, not yet written.
#[derive(Default)]
pub struct Changes {
    /// Ticket rows by shard.
    pub tickets: BTreeMap<String, Vec<Put<TicketRow>>>,
    /// Survey rows by shard.
    pub surveys: BTreeMap<String, Vec<Put<SurveyRow>>>,
    /// Delivery rows by shard.
    pub deliveries: BTreeMap<String, Vec<Put<DeliveryRow>>>,
    /// Article rows by shard.
    pub articles: BTreeMap<String, Vec<Put<ArticleRow>>>,
    /// Conversations of merged tickets on which something was said that the tickets they went up in were not told.
    pub untold: Vec<String>,
    /// Channel accounts that messages came in through, and when last.
    pub heard: Heard,
}

/// Computes what follows from the present states of streams.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn changes<S: Store>(
    context: &DeskContext<S>,
    streams: &BTreeSet<StreamId>,
) -> Result<Changes, Problem> {
    let mut changes = Changes::default();
    let parts = try_join_all(streams.iter().map(|stream| changes_of(context, stream))).await?;
    for part in parts {
        merge(&mut changes.tickets, part.tickets);
        merge(&mut changes.surveys, part.surveys);
        merge(&mut changes.deliveries, part.deliveries);
        merge(&mut changes.articles, part.articles);
        changes.untold.extend(part.untold);
        changes.heard.extend(part.heard);
    }
    Ok(changes)
}

fn merge<R>(into: &mut BTreeMap<String, Vec<Put<R>>>, from: BTreeMap<String, Vec<Put<R>>>) {
    for (shard, puts) in from {
        into.entry(shard).or_default().extend(puts);
    }
}

async fn changes_of<S: Store>(context: &DeskContext<S>, stream: &StreamId) -> Result<Changes, Problem> {
    let mut changes = Changes::default();
    let kind = stream.kind().as_str();
    if kind == Conversation::KIND {
        let loaded = context.journal.load::<Conversation>(stream, context.now).await?;
        let state = &loaded.state;
        let versions = state.tickets.iter().flat_map(|t| t.timeline.pack_versions());
        let calendars = context.calendars(versions).await?;
        if state.untold().next().is_some() {
            changes.untold.push(stream.name().to_owned());
        }
        if let (Some(party), Some(at)) = (&state.party, state.last_inbound_at) {
            changes.heard.insert((party.channel.clone(), party.account.clone(), at));
        }
        for ticket in &state.tickets {
            let Some(row) = ticket_row(stream.name(), state, ticket, &calendars) else { continue };
            let key = ids::ticket(stream.name(), ticket.ordinal);
            let shard = shards::by_number(ticket.number);
            // Of two first messages at once each took a number, and a follower may have seen the loser's alone.
            let lost: BTreeSet<_> =
                ticket.lost_numbers.iter().map(|number| shards::by_number(*number)).collect();
            for other in lost.into_iter().filter(|other| *other != shard) {
                let put = Put { key: key.clone(), revision: loaded.events(), row: None };
                changes.tickets.entry(other).or_default().push(put);
            }
            if let Some(party) = &state.party {
                for (name, row) in unasked_rows(&key, party, ticket) {
                    let shard = shards::by_day(row.issued_ms, &name);
                    let put = Put { key: name, revision: loaded.events(), row: Some(row) };
                    changes.surveys.entry(shard).or_default().push(put);
                }
            }
            let put = Put { key, revision: loaded.events(), row: Some(row) };
            changes.tickets.entry(shard).or_default().push(put);
        }
    } else if kind == SurveyState::KIND {
        let loaded = context.journal.load::<SurveyState>(stream, context.now).await?;
        if let Some(row) = survey_row(&loaded.state) {
            let shard = shards::by_day(row.issued_ms, stream.name());
            let put = Put { key: stream.name().to_owned(), revision: loaded.events(), row: Some(row) };
            changes.surveys.entry(shard).or_default().push(put);
        }
    } else if kind == Article::KIND {
        let loaded = context.journal.load::<Article>(stream, context.now).await?;
        let put = Put {
            key: stream.name().to_owned(),
            revision: loaded.events(),
            row: articles::row(&loaded.state),
        };
        changes.articles.entry(shards::by_article(stream.name())).or_default().push(put);
    } else if kind == Outbox::KIND {
        let loaded = context.journal.load::<Outbox>(stream, context.now).await?;
        if let Some(row) = delivery_row(&loaded.state) {
            let shard = shards::by_day(row.queued_ms, stream.name());
            let put = Put { key: stream.name().to_owned(), revision: loaded.events(), row: Some(row) };
            changes.deliveries.entry(shard).or_default().push(put);
        }
    }
    Ok(changes)
}

async fn write<S: Store>(context: &DeskContext<S>, changes: Changes) -> Result<(), Problem> {
    let mut commit = context.commit();
    let now = context.now;
    let floors = Floors::load(context).await?;
    let silence = match context.exists() {
        true => !context.pack().await?.pack.lifecycle.silence.is_empty(),
        false => false,
    };
    let mut wrote = put_rows(context, &mut commit, changes.tickets, |commit, known, _, row| {
        let due = |new: Option<i64>, old: Option<i64>| new.filter(|at| Some(*at) != old);
        if let Some(at) = due(row.sla_due_ms, known.and_then(|k| k.sla_due_ms)) {
            agenda::schedule(commit, &floors, Work::Sla, &row.conversation, instant(at), now)?;
        }
        // Whether anything follows from a silence, and when, is for the tick: the pack may have become another by then.
        if let Some(at) = due(row.silent_since_ms, known.and_then(|k| k.silent_since_ms)).filter(|_| silence)
        {
            agenda::schedule(commit, &floors, Work::Sla, &row.conversation, instant(at), now)?;
        }
        if let Some(at) = due(row.snoozed_until_ms, known.and_then(|k| k.snoozed_until_ms)) {
            agenda::schedule(commit, &floors, Work::Sla, &row.conversation, instant(at), now)?;
        }
        if let Some(at) = due(row.survey_due_ms, known.and_then(|k| k.survey_due_ms)) {
            agenda::schedule(commit, &floors, Work::Surveys, &row.conversation, instant(at), now)?;
        }
        Ok(())
    })
    .await?;
    wrote |= put_rows(context, &mut commit, changes.surveys, |commit, known, key, row| {
        let due = row.due_ms.filter(|at| Some(*at) != known.and_then(|k| k.due_ms));
        due.map_or(Ok(()), |at| agenda::schedule(commit, &floors, Work::FollowUps, key, instant(at), now))
    })
    .await?;
    wrote |= put_rows(context, &mut commit, changes.deliveries, |commit, known, key, row| {
        let waits = matches!(row.status, Status::Queued | Status::Held);
        let queued = row.next_ms.filter(|at| waits && Some(*at) != known.and_then(|k| k.next_ms));
        queued.map_or(Ok(()), |at| agenda::schedule(commit, &floors, Work::Delivery, key, instant(at), now))
    })
    .await?;
    wrote |= put_rows(context, &mut commit, changes.articles, |_, _, _, _| Ok(())).await?;
    if wrote {
        context.journal.commit(commit).await?;
    }
    Ok(())
}

async fn put_rows<R: Row, S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    rows: BTreeMap<String, Vec<Put<R>>>,
    mut each: impl FnMut(&mut Commit, Option<&R>, &str, &R) -> Result<(), Problem>,
) -> Result<bool, Problem> {
    let mut wrote = false;
    for (shard, puts) in rows {
        let loaded = shards::load::<R, S>(context, &shard).await?;
        let puts: Vec<_> = puts.into_iter().filter(|put| loaded.state.changes(put)).collect();
        for put in &puts {
            if let Some(row) = &put.row {
                each(commit, loaded.state.get(&put.key), &put.key, row)?;
            }
        }
        wrote |= append(commit, &loaded, puts)?;
    }
    Ok(wrote)
}

fn append<R: Row>(
    commit: &mut Commit,
    loaded: &relevo_journal::Loaded<relevo_domain::table::Table<R>>,
    puts: Vec<Put<R>>,
) -> Result<bool, Problem> {
    if puts.is_empty() {
        return Ok(false);
    }
    let events: Result<Vec<_>, Problem> = puts
        .into_iter()
        .map(|put| event(format!("{}:{}", put.key, put.revision), "system:projector", 0, put))
        .collect();
    commit.append_quiet(loaded, events?)?;
    Ok(true)
}

fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}
