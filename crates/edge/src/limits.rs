//! Limits per desk, channel account and token: what is beyond is refused before anything is decided or written.
//!
//! They are counted over all processes without asking the store each time. Within a time slice an instance serves a
//! few requests of each kind for nothing, then buys what it serves in portions: one increment for many requests.
//! Once it has heard that a slice is sold out it refuses by itself. What is served may so exceed a limit by the free
//! requests of each instance; an instance serves 128 requests in its life, so that is a few in a hundred. A small
//! limit is sold singly and is kept exactly, up to one request for each instance.

use crate::app::DeskContext;
use crate::problem::Problem;
use crate::variables;
use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_domain::pack::Limits;
use relevo_journal::store::Store;
use relevo_journal::{Journal, Kind, Tally};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Length of a time slice; a minute's limit is divided among them.
const SLICE_SECONDS: u32 = 10;

/// Largest portion.
const PORTION: u32 = 16;

/// Kinds of requests that an instance keeps count of.
const KEPT: usize = 512;

/// What a request counts towards, besides its desk.
#[derive(Clone, Copy, Debug)]
pub enum Spender<'a> {
    /// A token, by public id.
    Token(&'a str),
    /// A channel account.
    Account(&'a str, &'a str),
}

/// What an instance knows of one tally in one slice.
#[derive(Clone, Copy, Debug, Default)]
struct Purse {
    slice: i64,
    /// Served for nothing and not told yet.
    owed: u32,
    /// It has begun to buy: nothing is free any more.
    buys: bool,
    /// Bought and not served yet.
    credit: u32,
    sold_out: bool,
}

thread_local! {
    static PURSES: RefCell<BTreeMap<Tally, Purse>> = const { RefCell::new(BTreeMap::new()) };
}

/// Counts a request that was proved genuine.
///
/// # Errors
/// 429 with `Retry-After` if the desk or the spender has had its share.
pub async fn spend<S: Store>(context: &DeskContext<S>, spender: Spender<'_>) -> Result<(), Problem> {
    if !context.exists() {
        return Ok(());
    }
    let pack = context.pack().await?;
    let limits = pack.pack.limits;
    let (kind, name, limit) = match spender {
        Spender::Token(id) => ("token", id.to_owned(), limits.token),
        Spender::Account(channel, account) => {
            ("account", context.keys.id("account", &[channel, account]), limits.account)
        }
    };
    let tally = |kind: &str, name: &str| {
        let kind = Kind::new(kind).map_err(|e| Problem::unavailable(e.to_string()))?;
        Tally::new(Some(context.desk.clone()), kind, name).map_err(|e| Problem::unavailable(e.to_string()))
    };
    let (journal, now) = (&context.journal, context.now);
    // What one spender is refused does not count against the desk.
    take(journal, tally(kind, &name)?, limit, kind, now).await?;
    take(journal, tally("desk", "all")?, of_desk(&limits).await, "desk", now).await
}

/// The desk's own limit, or the operator's for every desk if that is lower.
async fn of_desk(limits: &Limits) -> u32 {
    let ceiling = variables::kept("desk_requests_per_minute").await.parse().unwrap_or(u32::MAX);
    limits.desk.min(ceiling)
}

/// One request of one kind.
async fn take<S: Store>(
    journal: &Journal<S>,
    tally: Tally,
    per_minute: u32,
    of: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let limit = per_minute.div_ceil(60 / SLICE_SECONDS).max(1);
    let portion = (limit / 8).clamp(1, PORTION);
    let slice = now.timestamp().div_euclid(i64::from(SLICE_SECONDS));
    let refused = || Err(too_many(of, per_minute, now));
    let mut purse = PURSES.with_borrow(|purses| purses.get(&tally).copied().unwrap_or_default());
    if purse.slice != slice {
        purse = Purse { slice, ..Purse::default() };
    }
    if purse.sold_out {
        return refused();
    }
    if purse.credit > 0 {
        purse.credit = purse.credit.saturating_sub(1);
        keep(tally, purse);
        return Ok(());
    }
    if !purse.buys && purse.owed < portion / 2 {
        purse.owed = purse.owed.saturating_add(1);
        keep(tally, purse);
        return Ok(());
    }
    let by = purse.owed.saturating_add(portion);
    let total = journal.tally(&tally, by, now, SLICE_SECONDS).await?;
    let sold_before = total.saturating_sub(u64::from(portion));
    let sold_out = sold_before >= u64::from(limit);
    let credit = if sold_out { 0 } else { portion.saturating_sub(1) };
    keep(tally, Purse { slice, owed: 0, buys: true, credit, sold_out });
    if sold_out { refused() } else { Ok(()) }
}

fn keep(tally: Tally, purse: Purse) {
    PURSES.with_borrow_mut(|purses| {
        if purses.len() >= KEPT {
            purses.retain(|_, other| other.slice == purse.slice);
        }
        // More than that at once are counted by the store alone: they pay for each portion and keep nothing.
        if purses.len() < KEPT || purses.contains_key(&tally) {
            purses.insert(tally, purse);
        }
    });
}

fn too_many(of: &str, per_minute: u32, now: DateTime<Utc>) -> Problem {
    let gone = now.timestamp().rem_euclid(i64::from(SLICE_SECONDS));
    let left = i64::from(SLICE_SECONDS).saturating_sub(gone);
    let detail = format!("more than {per_minute} requests a minute for this {of}; see Retry-After");
    Problem {
        retry_after: u32::try_from(left).ok(),
        ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use relevo_journal::Desk;
    use relevo_journal::store::memory::MemoryStore;

    fn of(desk: &str) -> Tally {
        Tally::new(Desk::new(desk).ok(), Kind::new("desk").expect("a kind"), "all").expect("a tally")
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_000 + seconds, 0).expect("an instant")
    }

    /// How many of `requests` are served, by instances that live for 128 requests each.
    fn served(journal: &Journal<MemoryStore>, desk: &str, limit: u32, requests: u32, seconds: i64) -> u32 {
        let mut served = 0;
        for n in 0..requests {
            if n % 128 == 0 {
                PURSES.with_borrow_mut(BTreeMap::clear);
            }
            match block_on(take(journal, of(desk), limit, "desk", at(seconds))) {
                Ok(()) => served += 1,
                Err(problem) => assert_eq!(problem.status, StatusCode::TOO_MANY_REQUESTS),
            }
        }
        served
    }

    #[test]
    fn a_small_limit_is_kept_exactly_and_a_large_one_nearly() {
        let journal = Journal::new(MemoryStore::default());
        assert_eq!(served(&journal, "a", 60, 500, 0), 10, "a sixth of a minute");
        assert_eq!(served(&journal, "a", 60, 500, 9), 0, "the same slice");
        assert_eq!(served(&journal, "a", 60, 500, 10), 10, "the next one");
        let large = served(&journal, "b", 6_000, 20_000, 0);
        // Of each of 157 instances the free requests may come on top.
        assert!((1_000..=1_000 + 157 * 8).contains(&large), "{large}");
        assert_eq!(served(&journal, "c", 60, 5, 0), 5, "another desk has its own");
    }

    #[test]
    fn below_the_limit_all_is_served_and_seldom_counted() {
        let journal = Journal::new(MemoryStore::default());
        assert_eq!(served(&journal, "a", 240_000, 7, 0), 7);
        assert!(journal.store().dump().is_empty(), "a few cost nothing");
        assert_eq!(served(&journal, "a", 240_000, 12_800, 0), 12_800);
        let counted = block_on(journal.tallied(&of("a"), at(0), SLICE_SECONDS)).expect("a count");
        assert!((12_800..=12_800 + 100 * 16).contains(&counted), "nothing is forgotten: {counted}");
    }

    #[test]
    fn who_is_refused_is_told_when_to_come_back() {
        let problem = too_many("desk", 60, at(3));
        assert_eq!((problem.code, problem.retry_after), ("too_many_requests", Some(7)));
    }
}
