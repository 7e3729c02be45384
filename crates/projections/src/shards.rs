//! Tables in shards of bounded size: tickets by number, surveys and deliveries by day.

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::future::try_join_all;
use relevo_domain::table::{Row, Table};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::Loaded;
use relevo_journal::store::Store;

/// Tickets in one shard.
const TICKETS_PER_SHARD: u64 = 100;

/// Shards of one day, so that a busy day stays below the size of a value.
const SHARDS_PER_DAY: u8 = 8;

/// The shard of a ticket number.
pub fn by_number(number: u64) -> String {
    format!("n{}", number / TICKETS_PER_SHARD)
}

/// The shards of all numbers up to one, newest first.
pub fn numbers_down_from(number: u64) -> impl Iterator<Item = String> {
    (0..=number / TICKETS_PER_SHARD).rev().map(|shard| format!("n{shard}"))
}

/// How many shards hold the numbers up to one.
pub fn count_up_to(number: u64) -> u64 {
    number / TICKETS_PER_SHARD + 1
}

/// A shard of tickets by its place, oldest first.
pub fn nth(place: u64) -> String {
    format!("n{place}")
}

/// The place of a shard of tickets.
pub fn place(shard: &str) -> Option<u64> {
    shard.strip_prefix('n')?.parse().ok()
}

/// The numbers of a shard of tickets: the first, and the first beyond it.
pub fn numbers(place: u64) -> (u64, u64) {
    let first = place.saturating_mul(TICKETS_PER_SHARD);
    (first, first.saturating_add(TICKETS_PER_SHARD))
}

/// The first number beyond a shard of tickets.
pub fn end_number(shard: &str) -> Option<u64> {
    place(shard)?.checked_add(1)?.checked_mul(TICKETS_PER_SHARD)
}

/// Shards of articles.
const ARTICLES: u8 = 64;

/// The shard of an article.
pub fn by_article(name: &str) -> String {
    format!("a{}", name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) % ARTICLES)
}

/// All shards of articles.
pub fn articles() -> impl Iterator<Item = String> {
    (0..ARTICLES).map(|part| format!("a{part}"))
}

/// The shard of something of a day, by its name.
pub fn by_day(day_ms: i64, name: &str) -> String {
    let day = DateTime::from_timestamp_millis(day_ms).unwrap_or_default().format("%Y%m%d");
    let part = name.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte)) % SHARDS_PER_DAY;
    format!("d{day}-{part}")
}

/// The shards of the days between two instants, newest first.
pub fn days_down(from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<String> {
    let mut shards = Vec::new();
    let mut day: NaiveDate = to.date_naive();
    while day >= from.date_naive() {
        shards.extend((0..SHARDS_PER_DAY).map(|part| format!("d{}-{part}", day.format("%Y%m%d"))));
        match day.checked_sub_days(Days::new(1)) {
            Some(before) => day = before,
            None => break,
        }
    }
    shards
}

/// Loads a shard.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn load<R: Row, S: Store>(
    context: &DeskContext<S>,
    shard: &str,
) -> Result<Loaded<Table<R>>, Problem> {
    Ok(context.journal.load(&context.stream(R::KIND, shard)?, context.now).await?)
}

/// Loads several shards at once, in the order given.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn load_all<R: Row, S: Store>(
    context: &DeskContext<S>,
    shards: &[String],
) -> Result<Vec<Loaded<Table<R>>>, Problem> {
    try_join_all(shards.iter().map(|shard| load(context, shard))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_of_numbers_cover_them_all() {
        assert_eq!(by_number(99), "n0");
        assert_eq!(by_number(100), "n1");
        assert_eq!(numbers_down_from(250).collect::<Vec<_>>(), ["n2", "n1", "n0"]);
    }

    #[test]
    fn the_shard_of_a_day_is_among_those_of_its_range() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).expect("an instant");
        let shard = by_day(at.timestamp_millis(), "abc");
        assert!(days_down(at, at).contains(&shard));
        assert_eq!(days_down(at - chrono::Duration::days(2), at).len(), 24);
        assert!(days_down(at, at - chrono::Duration::days(2)).is_empty());
    }
}
