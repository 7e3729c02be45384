//! How the application is: what the store tells, gathered when somebody asks.
//!
//! Every figure comes from the store, because instances share nothing else. How exact it is:
//!
//! | figure | from | exact to |
//! |---|---|---|
//! | feed entries, lag, holes | the feed's counter and the projection's cursor | the moment |
//! | outbox | the delivery rows of three days, recomputed when older than [`OUTBOX_AGE`] or a hundred times what that takes | the projection's lag and that age; what a person had retried after three days is not in it |
//! | counters (intake, refusals, attempts, notices, failures) | [`meter`](relevo_edge::meter) | too small by what instances that were killed had counted in half a second; a notice or an attempt that two made at once counts twice |
//! | ticks | a note of each tick's last run | [`NOTED_EVERY`], failures at once |
//! | store latency | three calls made for the answer | this one moment; the local host has every call |

mod exposition;
mod health;

pub use exposition::{CONTENT_TYPE, exposition};
pub use health::{Check, Health, Status, health, set_up};

use crate::account_silence::{self, Silent};
use crate::follow::VIEWS;
use crate::shards;
use crate::words::WORDS;
use chrono::{DateTime, Duration, Utc};
use relevo_domain::outbox;
use relevo_domain::rows::DeliveryRow;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::routes::ROUTES;
use relevo_journal::store::Store;
use relevo_journal::{Journal, Kind, VitalName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Projections that follow the feed, by the names of their cursors.
pub const PROJECTIONS: [&str; 2] = [VIEWS, WORDS];

/// For how long the figures of a desk's outbox are served again.
const OUTBOX_AGE: Duration = Duration::seconds(20);

/// Days whose deliveries may still be queued: they are given up after about one.
const OUTBOX_DAYS: Duration = Duration::days(2);

/// A tick that went as the last one did is noted this often: an idle tick must not keep a disk busy.
const NOTED_EVERY: Duration = Duration::seconds(15);

/// What is known of the last run of a tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickNote {
    /// When it began.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub took_ms: i64,
    /// It did what it should for every desk.
    pub ok: bool,
}

/// Where a desk's outbox stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxFigures {
    /// When this was computed.
    pub at: DateTime<Utc>,
    /// How long that took.
    pub took_ms: i64,
    /// Waiting to be sent.
    pub queued: u64,
    /// Given up.
    pub failed: u64,
    /// When the oldest of those that wait was queued.
    pub oldest: Option<DateTime<Utc>>,
}

/// How far a projection has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Feed entries that it has not seen.
    pub entries: u64,
    /// Numbers whose entry it missed and looks for.
    pub holes: u64,
    /// Numbers that it gave up, the newest 256.
    pub lost: u64,
}

/// How a desk is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeskVitals {
    /// Feed entries ever.
    pub feed: u64,
    /// By projection.
    pub lag: BTreeMap<&'static str, Lag>,
    /// Its outbox.
    pub outbox: OutboxFigures,
    /// Channel accounts that are silent against their habit.
    pub silent: Silent,
}

/// How the application is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// By desk.
    pub desks: BTreeMap<String, DeskVitals>,
    /// By tick; none: it has never run.
    pub ticks: BTreeMap<&'static str, Option<TickNote>>,
    /// All counters, by name.
    pub counts: BTreeMap<String, u64>,
}

/// The ticks that a schedule must fire.
pub fn ticks() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().filter_map(|route| route.path.strip_prefix("/internal/tick/"))
}

/// Notes a tick's run, unless the last note says the same and is young.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn note_tick<S: Store>(journal: &Journal<S>, tick: &str, note: TickNote) -> Result<(), Problem> {
    let Some(name) = tick_name(tick) else { return Ok(()) };
    let last: Option<TickNote> = journal.note(&name).await?;
    if last.is_none_or(|last| last.ok != note.ok || (note.at - last.at).abs() >= NOTED_EVERY) {
        journal.put_note(&name, &note).await?;
    }
    Ok(())
}

/// Gathers everything.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn gather<S: Store>(desks: &[DeskContext<S>], journal: &Journal<S>) -> Result<Vitals, Problem> {
    let mut vitals = Vitals { ticks: tick_notes(journal).await?, ..Vitals::default() };
    for desk in desks {
        vitals.desks.insert(desk.desk.to_string(), of_desk(desk).await?);
    }
    vitals.counts = journal.counts().await?;
    Ok(vitals)
}

async fn tick_notes<S: Store>(
    journal: &Journal<S>,
) -> Result<BTreeMap<&'static str, Option<TickNote>>, Problem> {
    let mut notes = BTreeMap::new();
    for tick in ticks() {
        let note = match tick_name(tick) {
            Some(name) => journal.note(&name).await?,
            None => None,
        };
        notes.insert(tick, note);
    }
    Ok(notes)
}

async fn of_desk<S: Store>(context: &DeskContext<S>) -> Result<DeskVitals, Problem> {
    let mut vitals = DeskVitals {
        feed: context.journal.feed_length(&context.desk).await?,
        outbox: outbox_figures(context).await?,
        silent: account_silence::known(context).await?,
        ..DeskVitals::default()
    };
    for projection in PROJECTIONS {
        let kind =
            Kind::new(projection).map_err(|_| Problem::unavailable("a projection could not be named"))?;
        let cursor = context.journal.load_cursor(&context.desk, &kind).await?;
        let lag = Lag {
            entries: vitals.feed.saturating_sub(cursor.upto()),
            holes: cursor.holes(),
            lost: cursor.lost(),
        };
        vitals.lag.insert(projection, lag);
    }
    Ok(vitals)
}

async fn outbox_figures<S: Store>(context: &DeskContext<S>) -> Result<OutboxFigures, Problem> {
    let name = VitalName::new(&["outbox", context.desk.as_str()])
        .map_err(|_| Problem::unavailable("a note could not be named"))?;
    let known: Option<OutboxFigures> = context.journal.note(&name).await?;
    if let Some(known) = known {
        let age = (context.now - known.at).abs();
        if age < OUTBOX_AGE.max(Duration::milliseconds(known.took_ms.saturating_mul(100))) {
            return Ok(known);
        }
    }
    let begun = relevo_edge::clock::now();
    let days = shards::days_down(context.now - OUTBOX_DAYS, context.now);
    let mut figures = OutboxFigures { at: context.now, ..OutboxFigures::default() };
    for shard in days {
        let table = shards::load::<DeliveryRow, S>(context, &shard).await?;
        for (_, row) in table.state.rows() {
            match row.status {
                outbox::Status::Queued => {
                    figures.queued = figures.queued.saturating_add(1);
                    let queued = DateTime::from_timestamp_millis(row.queued_ms);
                    figures.oldest = match (figures.oldest, queued) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                }
                outbox::Status::Failed => figures.failed = figures.failed.saturating_add(1),
                outbox::Status::Sent | outbox::Status::Held | outbox::Status::Cancelled => {}
            }
        }
    }
    figures.took_ms = (relevo_edge::clock::now() - begun).num_milliseconds();
    context.journal.put_note(&name, &figures).await?;
    Ok(figures)
}

fn tick_name(tick: &str) -> Option<VitalName> {
    VitalName::new(&["tick", tick]).ok()
}
