//! Deliveries that no agenda leads to any more: put back on it.
//!
//! An entry is on the agenda from the moment it is queued, and again after each attempt. Machines whose clocks are hours
//! apart can still put one into minutes that another has read for good: it would wait for ever, and with it whatever its
//! conversation has to send after it.

use crate::agenda::{Floors, Work, schedule};
use crate::shards;
use chrono::{DateTime, Days, Duration, Utc};
use relevo_domain::outbox::Status;
use relevo_domain::rows::DeliveryRow;
use relevo_edge::app::DeskContext;
use relevo_edge::log;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;

/// How long a delivery may be overdue before it is put back. A tick comes each minute and leaves nothing behind for
/// long; while an account's breaker is open this costs a look at its entries now and then.
const OVERDUE: Duration = Duration::minutes(15);

/// Days that are looked back: an entry is sent or given up within two.
const DAYS: u64 = 3;

/// Entries put back in one round.
const PER_ROUND: usize = 500;

/// Puts deliveries that are long overdue on the agenda again; how many.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn put_back<S: Store>(context: &DeskContext<S>) -> Result<usize, Problem> {
    let from = context.now.checked_sub_days(Days::new(DAYS)).unwrap_or(context.now);
    let tables = shards::load_all::<DeliveryRow, S>(context, &shards::days_down(from, context.now)).await?;
    let overdue: Vec<(&str, DateTime<Utc>)> = tables
        .iter()
        .flat_map(|table| table.state.rows())
        .filter(|(_, row)| matches!(row.status, Status::Queued | Status::Held))
        .filter_map(|(name, row)| Some((name, DateTime::from_timestamp_millis(row.next_ms?)?)))
        .filter(|(_, at)| *at < context.now - OVERDUE)
        .take(PER_ROUND)
        .collect();
    if overdue.is_empty() {
        return Ok(0);
    }
    let mut commit = context.commit();
    let floors = Floors::load(context).await?;
    for (name, at) in &overdue {
        schedule(&mut commit, &floors, Work::Delivery, name, *at, context.now)?;
    }
    context.journal.commit(commit).await?;
    log::event(
        "outbox.put_back",
        &[("desk", context.desk.as_str().into()), ("entries", overdue.len().into())],
    );
    Ok(overdue.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agenda::due;
    use crate::test_desk::{at, delivery};
    use relevo_journal::store::memory::MemoryStore;

    async fn desk(store: &MemoryStore, minutes: i64) -> DeskContext<MemoryStore> {
        at(store, 20_000 * 86_400 + minutes * 60).await
    }

    #[test]
    fn what_no_agenda_leads_to_is_put_back_once_it_is_long_overdue() {
        futures::executor::block_on(async {
            let store = MemoryStore::default();
            let first = desk(&store, 600).await;
            delivery(&first, "lost", Status::Queued, 0).await;
            delivery(&first, "sent", Status::Sent, 0).await;
            let found = async |minutes| {
                let context = desk(&store, minutes).await;
                due(&context, Work::Delivery, 10).await.expect("read").streams
            };
            assert_eq!(found(614).await, Vec::<String>::new());
            assert_eq!(put_back(&desk(&store, 614).await).await.expect("a round"), 0, "not yet");
            assert_eq!(put_back(&desk(&store, 616).await).await.expect("a round"), 1);
            assert_eq!(found(616).await, ["lost"]);
            assert_eq!(put_back(&desk(&store, 616 + 4 * 1_440).await).await.expect("a round"), 0, "days ago");
        });
    }
}
