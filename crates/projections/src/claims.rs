//! Claims of what is to be done once, first of all attempts to send: each is a counter, which one taker only finds at one,
//! and a note of when another first found it taken. Those of attempts are removed after their time.
//!
//! Whether a taker has died is judged by the clock of those who wait for it, from their first look on: what the taker's
//! clock said, and a jump of a clock before anybody looked, do not matter.

use crate::shards;
use chrono::{DateTime, Duration, NaiveTime, Utc};
use relevo_domain::outbox::Status;
use relevo_domain::rows::DeliveryRow;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;

/// How long after the first look at a claim without an outcome its taker is held to be dead. Longer than an attempt can
/// take.
pub const ABANDONED_SECONDS: i64 = 90;

/// Days after an entry was queued. It is sent or given up within two, and nobody who has read it before that is still
/// at work.
const KEPT_DAYS: i64 = 9;

/// Days that a first round looks back.
const FIRST_DAYS: i64 = 30;

/// The claim of an attempt: name of its counter and of its note.
pub fn name(entry: &str, attempt: u32) -> String {
    format!("{entry}-{attempt}")
}

/// Takes the next attempt, or the one after those whose takers have died; none if somebody is at work on it.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn take<S: Store>(
    context: &DeskContext<S>,
    entry: &str,
    first: u32,
    now: DateTime<Utc>,
) -> Result<Option<u32>, Problem> {
    let mut attempt = first;
    loop {
        let claimed = name(entry, attempt);
        if context.journal.claim(&context.sequence("claim", &claimed)?).await? {
            return Ok(Some(attempt));
        }
        let key = context.doc("claim", &claimed)?;
        match context.journal.get_doc::<DateTime<Utc>>(&key).await? {
            None => {
                context.journal.put_doc(&key, &now).await?;
                return Ok(None);
            }
            Some(looked) if now - looked < Duration::seconds(ABANDONED_SECONDS) => return Ok(None),
            Some(_) => attempt = attempt.saturating_add(1),
        }
    }
}

/// Whether a change is the one that is made of something as it stood: which of several at once sorts first is not known yet
/// when they are answered. `what` names the thing and how it stood.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn alone<S: Store>(
    context: &DeskContext<S>,
    what: &[&str],
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    Ok(take(context, &context.keys.id("alone", what), 1, now).await?.is_some())
}

/// Removes the claims of the next day's entries that are old enough, all but of those that are still queued.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn forget<S: Store>(context: &DeskContext<S>) -> Result<(), Problem> {
    let key = context.doc("housekeeping", "claims")?;
    let done: Option<DateTime<Utc>> = context.journal.get_doc(&key).await?;
    let today = context.now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let day = done.map_or(today - Duration::days(FIRST_DAYS), |done| done + Duration::days(1));
    if day > today - Duration::days(KEPT_DAYS) {
        return Ok(());
    }
    for shard in shards::days_down(day, day) {
        let rows = shards::load::<DeliveryRow, S>(context, &shard).await?;
        let (mut claims, mut notes) = (Vec::new(), Vec::new());
        for (entry, row) in
            rows.state.rows().filter(|(_, row)| !matches!(row.status, Status::Queued | Status::Held))
        {
            for attempt in 1..=row.attempts {
                claims.push(context.sequence("claim", &name(entry, attempt))?);
                notes.push(context.doc("claim", &name(entry, attempt))?);
            }
        }
        context.journal.delete_docs(&notes).await?;
        context.journal.forget_claims(&claims).await?;
    }
    Ok(context.journal.put_doc(&key, &day).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_desk::{self, at};
    use relevo_journal::store::memory::MemoryStore;

    async fn desk(store: &MemoryStore, day: i64) -> DeskContext<MemoryStore> {
        at(store, day * 86_400 + 3_600).await
    }

    #[test]
    fn an_attempt_is_taken_once_and_again_when_its_taker_was_waited_for() {
        futures::executor::block_on(async {
            let store = MemoryStore::default();
            let at = async |seconds: i64| {
                let context = desk(&store, 20_000).await;
                take(&context, "entry", 1, context.now + Duration::seconds(seconds)).await.expect("asked")
            };
            assert_eq!(at(0).await, Some(1));
            // The first to look does so an hour later by its clock: the taker may be at work all the same.
            assert_eq!(at(3_600).await, None);
            assert_eq!(at(3_600 + ABANDONED_SECONDS - 1).await, None);
            // A clock that went back again.
            assert_eq!(at(0).await, None);
            assert_eq!(at(3_600 + ABANDONED_SECONDS).await, Some(2));
            assert_eq!(at(3_600 + ABANDONED_SECONDS).await, None, "its taker has its time too");
            assert_eq!(at(3_600 + 2 * ABANDONED_SECONDS).await, Some(3));
        });
    }

    #[test]
    fn of_changes_of_something_as_it_stood_one_alone_is_made() {
        futures::executor::block_on(async {
            let context = desk(&MemoryStore::default(), 20_000).await;
            let is_alone = async |what: &[&str]| alone(&context, what, context.now).await.expect("asked");
            assert!(is_alone(&["article", "a", "1"]).await);
            assert!(!is_alone(&["article", "a", "1"]).await);
            assert!(is_alone(&["article", "a", "2"]).await, "as it stands after that");
            assert!(is_alone(&["article", "b", "1"]).await);
        });
    }

    async fn delivery(context: &DeskContext<MemoryStore>, entry: &str, status: Status, attempts: u32) {
        test_desk::delivery(context, entry, status, attempts).await;
        for attempt in 1..=attempts {
            let claimed = name(entry, attempt);
            assert!(
                context
                    .journal
                    .claim(&context.sequence("claim", &claimed).expect("named"))
                    .await
                    .expect("asked")
            );
            context
                .journal
                .put_doc(&context.doc("claim", &claimed).expect("named"), &context.now)
                .await
                .expect("noted");
        }
    }

    fn claims(store: &MemoryStore) -> Vec<String> {
        let dump = store.dump();
        dump.keys().filter(|key| key.contains(":claim:")).cloned().collect()
    }

    #[test]
    fn claims_of_what_is_done_go_after_their_time_and_no_others() {
        futures::executor::block_on(async {
            let store = MemoryStore::default();
            let first = desk(&store, 20_000).await;
            delivery(&first, "sent", Status::Sent, 3).await;
            delivery(&first, "failed", Status::Failed, 1).await;
            delivery(&first, "queued", Status::Queued, 2).await;
            delivery(&desk(&store, 20_001).await, "younger", Status::Sent, 1).await;
            assert_eq!(claims(&store).len(), 14, "two keys for each attempt");
            let rounds = async |day, rounds| {
                for _ in 0..rounds {
                    forget(&desk(&store, day).await).await.expect("a round");
                }
            };
            rounds(20_008, 40).await;
            assert_eq!(claims(&store).len(), 14, "not yet");
            rounds(20_009, 40).await;
            let left = claims(&store);
            assert_eq!(left.len(), 6, "{left:?}");
            assert!(left.iter().all(|key| key.contains("queued") || key.contains("younger")), "{left:?}");
            rounds(20_010, 1).await;
            assert_eq!(claims(&store).len(), 4);
        });
    }
}
