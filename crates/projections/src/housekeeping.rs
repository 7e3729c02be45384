//! Removing what is needed for days only, so that nothing grows but the journal itself.

use crate::account_silence;
use crate::agenda::{self, Work};
use crate::claims;
use crate::follow::VIEWS;
use crate::overdue;
use crate::words::WORDS;
use chrono::{DateTime, Duration, Utc};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::Kind;
use relevo_journal::audit::anchor::FOLLOWER;
use relevo_journal::store::Store;

/// Time between two rounds.
const EVERY_MINUTES: i64 = 5;

/// Removes feed entries and agenda buckets that everybody has passed long ago, every few minutes. Two rounds at once
/// remove the same things. Returns whether it was time for a round.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn keep_house<S: Store>(context: &DeskContext<S>) -> Result<bool, Problem> {
    let key = context.doc("housekeeping", "last")?;
    let last: Option<DateTime<Utc>> = context.journal.get_doc(&key).await?;
    if last.is_some_and(|last| context.now - last < Duration::minutes(EVERY_MINUTES)) {
        return Ok(false);
    }
    context.journal.put_doc(&key, &context.now).await?;
    let followers = [VIEWS, WORDS, FOLLOWER].map(Kind::new);
    let followers: Result<Vec<Kind>, _> = followers.into_iter().collect();
    let followers = followers.map_err(|_| Problem::unavailable("a projection could not be named"))?;
    context.journal.retire_feed(&context.desk, &followers, context.now).await?;
    claims::forget(context).await?;
    overdue::put_back(context).await?;
    account_silence::tell(context).await?;
    for work in Work::ALL {
        agenda::discard_past(context, work).await?;
    }
    Ok(true)
}
