//! Claims of attempts to send, removed after their time: each is a counter and a note of when it was taken.

use crate::shards;
use chrono::{DateTime, Duration, NaiveTime, Utc};
use relevo_domain::outbox::Status;
use relevo_domain::rows::DeliveryRow;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;

/// Days after an entry was queued. It is sent or given up within two, and nobody who has read it before that is still
/// at work.
const KEPT_DAYS: i64 = 9;

/// Days that a first round looks back.
const FIRST_DAYS: i64 = 30;

/// The claim of an attempt: name of its counter and of its note.
pub fn name(entry: &str, attempt: u32) -> String {
    format!("{entry}-{attempt}")
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
        for (entry, row) in rows.state.rows().filter(|(_, row)| row.status != Status::Queued) {
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
    use relevo_domain::table::Put;
    use relevo_edge::app::event;
    use relevo_edge::keys::DeskKeys;
    use relevo_journal::store::memory::MemoryStore;
    use relevo_journal::{Desk, Journal};

    async fn desk(store: &MemoryStore, day: i64) -> DeskContext<MemoryStore> {
        let keys = DeskKeys::derive(&"5a".repeat(32), "school").expect("keys");
        let now = DateTime::from_timestamp(day * 86_400 + 3_600, 0).expect("an instant");
        let desk = Desk::new("school").expect("a desk");
        DeskContext::load(Journal::new(store.clone()), desk, keys, now).await.expect("a desk")
    }

    async fn delivery(context: &DeskContext<MemoryStore>, entry: &str, status: Status, attempts: u32) {
        let queued_ms = context.now.timestamp_millis();
        let row = DeliveryRow {
            status,
            to: "x".into(),
            ticket: None,
            queued_ms,
            next_ms: None,
            attempts,
            why: None,
        };
        let shard = shards::by_day(queued_ms, entry);
        let loaded = shards::load::<DeliveryRow, _>(context, &shard).await.expect("a shard");
        let put = Put { key: entry.to_owned(), revision: 1, row: Some(row) };
        let mut commit = context.commit();
        commit.append_quiet(&loaded, vec![event(entry, "test", 0, put).expect("named")]).expect("appended");
        context.journal.commit(commit).await.expect("committed");
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
