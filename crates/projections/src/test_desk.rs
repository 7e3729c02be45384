//! A desk in memory with deliveries in its table, for unit tests.

use crate::shards;
use chrono::{DateTime, Utc};
use relevo_domain::outbox::Status;
use relevo_domain::rows::DeliveryRow;
use relevo_domain::table::Put;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::keys::DeskKeys;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Desk, Journal};

/// The desk at so many seconds after 1970.
pub async fn at(store: &MemoryStore, seconds: i64) -> DeskContext<MemoryStore> {
    let keys = DeskKeys::derive(&"5a".repeat(32), "school").expect("keys");
    let now: DateTime<Utc> = DateTime::from_timestamp(seconds, 0).expect("an instant");
    let desk = Desk::new("school").expect("a desk");
    DeskContext::load(Journal::new(store.clone()), desk, keys, now).await.expect("a desk")
}

/// Puts the row of a delivery that is queued now into its table, and what became of it.
pub async fn delivery(context: &DeskContext<MemoryStore>, entry: &str, status: Status, attempts: u32) {
    let queued_ms = context.now.timestamp_millis();
    let (to, next_ms) = ("x".into(), (status == Status::Queued).then_some(queued_ms));
    let row = DeliveryRow { status, to, ticket: None, queued_ms, next_ms, attempts, why: None };
    let shard = shards::by_day(queued_ms, entry);
    let loaded = shards::load::<DeliveryRow, _>(context, &shard).await.expect("a shard");
    let put = Put { key: entry.to_owned(), revision: 1, row: Some(row) };
    let mut commit = context.commit();
    commit.append_quiet(&loaded, vec![event(entry, "test", 0, put).expect("named")]).expect("appended");
    context.journal.commit(commit).await.expect("committed");
}
