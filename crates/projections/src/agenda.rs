//! What has to be looked at, and when: entries in buckets of a minute, one agenda per kind of work.
//!
//! An entry says no more than "look at this stream from this moment on". Whoever does the work loads the stream
//! and finds out from its state what is due; an entry that is early, late, doubled or pointless costs a load.

use chrono::{DateTime, Utc};
use futures::future::{try_join_all, try_join5};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Cursor, Kind, Page, SequenceId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Minutes behind the present that are read again: an entry may become visible behind a reader.
const TRAILING_MINUTES: i64 = 10;

/// Minutes that one call looks through at most when it has fallen behind.
const MINUTES_PER_CALL: i64 = 1_500;

/// Minutes that are read at the same time: after a day without ticks a slow store must not keep a tick from its end.
const MINUTES_AT_ONCE: usize = 64;

/// Entries waiting for their second within the present minutes, beyond which reading stops for this call.
const MAX_PENDING: usize = 5_000;

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Bulk actions that are not finished.
    Bulk,
    /// Attempts to send.
    Delivery,
    /// What follows from surveys that went out: reminders, and what votes lead to.
    FollowUps,
    /// Warnings and breaches.
    Sla,
    /// Surveys to decide.
    Surveys,
}

impl Work {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Bulk, Self::Delivery, Self::FollowUps, Self::Sla, Self::Surveys];

    fn name(self) -> &'static str {
        match self {
            Self::Bulk => "a-bulk",
            Self::Delivery => "a-delivery",
            Self::FollowUps => "a-followups",
            Self::Sla => "a-sla",
            Self::Surveys => "a-surveys",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Entry(i64, String);

/// How far an agenda has been worked through. A stale one that is written back only costs looking again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    /// All minutes before this one have been read for good.
    minute: i64,
    /// How far the later ones have been read.
    read: BTreeMap<i64, Cursor>,
    /// Entries that were read before their time.
    pending: BTreeSet<Entry>,
}

/// The first minute of each agenda that has not been read for good: nothing may be put before it.
///
/// Usually that is some minutes ago. It is in the future when a tick ran on a machine whose clock is ahead.
pub struct Floors([i64; Work::ALL.len()]);

impl Floors {
    /// Reads them.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn load<S: Store>(context: &DeskContext<S>) -> Result<Self, Problem> {
        let one = async |work| Ok::<_, Problem>(load(context, work).await?.minute);
        let [bulk, delivery, follow_ups, sla, surveys] = Work::ALL.map(one);
        let (bulk, delivery, follow_ups, sla, surveys) =
            try_join5(bulk, delivery, follow_ups, sla, surveys).await?;
        Ok(Self([bulk, delivery, follow_ups, sla, surveys]))
    }

    fn of(&self, work: Work) -> i64 {
        let Self([bulk, delivery, follow_ups, sla, surveys]) = self;
        match work {
            Work::Bulk => *bulk,
            Work::Delivery => *delivery,
            Work::FollowUps => *follow_ups,
            Work::Sla => *sla,
            Work::Surveys => *surveys,
        }
    }
}

/// Puts a stream on an agenda; what is overdue goes to the present.
///
/// # Errors
/// If the entry cannot be written.
pub fn schedule(
    commit: &mut Commit,
    floors: &Floors,
    work: Work,
    stream: &str,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let minute = minute_of(at.max(now)).max(floors.of(work));
    let entry = serde_json::to_vec(&Entry(at.timestamp_millis(), stream.to_owned())).unwrap_or_default();
    commit.enqueue(&bucket(commit.desk(), work, minute)?, entry)?;
    Ok(())
}

/// What is due on an agenda.
pub struct Due {
    /// Stream names, each once.
    pub streams: Vec<String>,
    /// There may be more: call again.
    pub more: bool,
    /// None if nothing changed: an idle tick writes nothing.
    progress: Option<Progress>,
}

/// Reads what is due by now, at most `limit` streams. Nothing is crossed off before [`done`].
///
/// # Errors
/// 503 if the store does not answer.
pub async fn due<S: Store>(context: &DeskContext<S>, work: Work, limit: usize) -> Result<Due, Problem> {
    let now_ms = context.now.timestamp_millis();
    let this_minute = minute_of(context.now);
    let before = load(context, work).await?;
    let mut progress = before.clone();
    if progress.minute == 0 {
        progress.minute = this_minute - MINUTES_PER_CALL + TRAILING_MINUTES;
    }
    // A tick whose clock was ahead has read minutes that are still to come, and entries were put behind it; what was
    // put into the present since then is looked at too.
    let ahead = (progress.minute > this_minute).then_some(progress.minute);
    if ahead.is_some() {
        progress.minute = this_minute - TRAILING_MINUTES;
    }
    let last = ahead.unwrap_or(this_minute).min(progress.minute + MINUTES_PER_CALL);
    let mut more = last < this_minute;
    // Everything up to here has been read as far as it goes.
    let mut read_to = progress.minute - 1;
    let minutes: Vec<i64> = (progress.minute..=last).collect();
    'reading: for some in minutes.chunks(MINUTES_AT_ONCE) {
        let read = some.iter().map(|minute| {
            let cursor = progress.read.get(minute).cloned().unwrap_or_default();
            read(context, work, *minute, cursor)
        });
        for (minute, (cursor, page)) in some.iter().zip(try_join_all(read).await?) {
            if progress.pending.len() >= MAX_PENDING.max(limit) {
                more = true;
                break 'reading;
            }
            for (_, bytes) in page.entries {
                // An entry that cannot be read was written by no version of this program; there is nothing to do
                // for it.
                if let Ok(entry) = serde_json::from_slice::<Entry>(&bytes) {
                    progress.pending.insert(entry);
                }
            }
            if cursor != Cursor::default() {
                progress.read.insert(*minute, cursor);
            }
            if page.behind > 0 {
                more = true;
                break 'reading;
            }
            read_to = *minute;
        }
    }
    let mut streams = BTreeSet::new();
    let mut later = BTreeSet::new();
    for entry in std::mem::take(&mut progress.pending) {
        if entry.0 > now_ms || streams.len() >= limit && !streams.contains(&entry.1) {
            more |= entry.0 <= now_ms;
            later.insert(entry);
        } else {
            streams.insert(entry.1);
        }
    }
    progress.pending = later;
    let read_for_good = read_to.min(this_minute) - TRAILING_MINUTES;
    if read_for_good > progress.minute {
        progress.minute = read_for_good;
        progress.read = progress.read.split_off(&read_for_good);
    }
    let progress = (progress != before).then_some(progress);
    Ok(Due { streams: streams.into_iter().collect(), more, progress })
}

/// Crosses off what was due, after the work is done. Of two at once one may undo the other's progress; that
/// costs looking again.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn done<S: Store>(context: &DeskContext<S>, work: Work, due: Due) -> Result<(), Problem> {
    let Some(progress) = due.progress else { return Ok(()) };
    let key = context.doc("agenda", work.name())?;
    Ok(context.journal.put_doc(&key, &progress).await?)
}

/// Minutes after which a bucket that was worked through is removed.
const KEPT_MINUTES: i64 = 2 * 24 * 60;

/// Buckets removed in one call.
const DISCARDED_PER_CALL: i64 = 500;

/// Removes buckets whose time has long passed.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn discard_past<S: Store>(context: &DeskContext<S>, work: Work) -> Result<(), Problem> {
    let progress: Option<Progress> = context.journal.get_doc(&context.doc("agenda", work.name())?).await?;
    let Some(progress) = progress else { return Ok(()) };
    let key = context.doc("discarded", work.name())?;
    let until = progress.minute - KEPT_MINUTES;
    let done: Option<i64> = context.journal.get_doc(&key).await?;
    // An agenda never reads further back than this when it begins.
    let from = done.unwrap_or(until - KEPT_MINUTES);
    let last = until.min(from + DISCARDED_PER_CALL);
    for minute in from..last {
        while context.journal.discard_sequence(&bucket(&context.desk, work, minute)?).await? {}
    }
    if last > from {
        context.journal.put_doc(&key, &last).await?;
    }
    Ok(())
}

async fn load<S: Store>(context: &DeskContext<S>, work: Work) -> Result<Progress, Problem> {
    Ok(context.journal.get_doc(&context.doc("agenda", work.name())?).await?.unwrap_or_default())
}

/// What is in a minute's bucket after a cursor, and the cursor after that.
async fn read<S: Store>(
    context: &DeskContext<S>,
    work: Work,
    minute: i64,
    mut cursor: Cursor,
) -> Result<(Cursor, Page), Problem> {
    let sequence = bucket(&context.desk, work, minute)?;
    let page = context.journal.read_after(&sequence, &mut cursor, MAX_PENDING, context.now).await?;
    Ok((cursor, page))
}

fn minute_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(60)
}

fn bucket(desk: &relevo_journal::Desk, work: Work, minute: i64) -> Result<SequenceId, Problem> {
    let failed = |_| Problem::unavailable("an agenda could not be named");
    let kind = Kind::new(work.name()).map_err(failed)?;
    SequenceId::new(desk.clone(), kind, minute.to_string()).map_err(failed)
}
