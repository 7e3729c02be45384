//! What a period costs, and which rows it gives, over a store that counts what is asked of it.

use super::*;
use relevo_domain::category::Category;
use relevo_domain::pack::Priority;
use relevo_domain::table::Put;
use relevo_edge::app::event;
use relevo_edge::keys::DeskKeys;
use relevo_journal::store::StoreError;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Commit, Desk, Journal};
use std::cell::Cell;
use std::rc::Rc;

/// Counts gets.
#[derive(Clone, Default)]
struct Counting(MemoryStore, Rc<Cell<usize>>);

impl Store for Counting {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.1.set(self.1.get() + 1);
        self.0.get(key).await
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        self.0.set_many(entries).await
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        self.0.increment(key, delta).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        self.0.delete_many(keys).await
    }
}

const NOW_MINUTE: i64 = 1_000_000;

fn instant(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * 60, 0).expect("an instant")
}

fn row(number: u64, opened_minute: i64) -> TicketRow {
    TicketRow {
        conversation: format!("c{number}"),
        ordinal: 1,
        number,
        status: "open".into(),
        category: Category::Open,
        queue: "support".into(),
        team: None,
        agent: None,
        priority: Priority::Normal,
        channel: "whatsapp".into(),
        contact: "ctc_x".into(),
        opened_ms: opened_minute * 60_000,
        by_customer: true,
        first_response: None,
        first_resolution: None,
        full_resolution: None,
        solved_by: None,
        replies: 0,
        reopenings: 0,
        escalated: false,
        recovery: false,
        merged: false,
        article: false,
        not_eligible: Vec::new(),
        targets: Default::default(),
        sla_due_ms: None,
        silent_since_ms: None,
        due_ms: None,
        tags: Default::default(),
        snoozed_until_ms: None,
        survey_due_ms: None,
        automations: Default::default(),
    }
}

async fn desk() -> (DeskContext<Counting>, Rc<Cell<usize>>) {
    let store = Counting::default();
    let gets = store.1.clone();
    let keys = DeskKeys::derive(&"5a".repeat(32), "school").expect("keys");
    let desk = Desk::new("school").expect("a desk");
    let context =
        DeskContext::load(Journal::new(store), desk, keys, instant(NOW_MINUTE)).await.expect("a desk");
    (context, gets)
}

async fn put(context: &DeskContext<Counting>, shard: &str, revision: u64, rows: Vec<TicketRow>) {
    let loaded = shards::load::<TicketRow, _>(context, shard).await.expect("a shard");
    let puts = rows.into_iter().map(|row| {
        let put = Put { key: row.conversation.clone(), revision, row: Some(row) };
        event(format!("{}:{revision}", put.key), "test", 0, put).expect("an event")
    });
    let mut commit = Commit::new(context.desk.clone(), context.now);
    commit.append_quiet(&loaded, puts.collect()).expect("appended");
    context.journal.commit(commit).await.expect("committed");
}

/// A ticket a minute, up to now.
async fn fill(context: &DeskContext<Counting>, tickets: u64) {
    let first = NOW_MINUTE - i64::try_from(tickets).expect("few");
    for number in 1..=tickets {
        assert_eq!(context.next_ticket_number().await.expect("a number"), number);
    }
    for place in 0..shards::count_up_to(tickets) {
        let numbers = (1..=tickets).filter(|number| shards::by_number(*number) == shards::nth(place));
        let rows = numbers.map(|number| row(number, first + i64::try_from(number).expect("few")));
        put(context, &shards::nth(place), 1, rows.collect()).await;
    }
}

fn minutes_ago(from: i64, to: i64) -> Period {
    Period { from: instant(NOW_MINUTE - from), to: instant(NOW_MINUTE - to) }
}

#[test]
fn a_period_gives_its_tickets_wherever_it_lies() {
    futures::executor::block_on(async {
        let (context, _) = desk().await;
        fill(&context, 2_000).await;
        for (from, to) in
            [(2_500, 1_900), (1_500, 1_000), (1_234, 1_233), (300, -5), (3_000, -1), (9_000, 8_000)]
        {
            let found = tickets(&context, minutes_ago(from, to)).await.expect("tickets");
            let expected = (1..=2_000).filter(|number| (to + 1..=from).contains(&(2_000 - number))).count();
            assert_eq!(found.len(), expected, "{from} to {to}");
        }
    });
}

#[test]
fn an_old_period_costs_no_more_when_much_came_after_it() {
    futures::executor::block_on(async {
        let mut costs = Vec::new();
        for after in [500, 6_000] {
            let (context, gets) = desk().await;
            fill(&context, 300 + after).await;
            let after = i64::try_from(after).expect("few");
            gets.set(0);
            let found = tickets(&context, minutes_ago(after + 200, after + 100)).await.expect("tickets");
            assert_eq!(found.len(), 100);
            costs.push(gets.get());
        }
        // Sixty shards more: a handful of looks, each at one of them.
        assert!(costs[1] <= costs[0] + 20, "{costs:?}");
    });
}

#[test]
fn a_number_that_was_taken_late_is_found() {
    futures::executor::block_on(async {
        let (context, _) = desk().await;
        fill(&context, 900).await;
        // Opened five minutes before those around it.
        put(&context, "n5", 2, vec![row(500, NOW_MINUTE - 405)]).await;
        let found = tickets(&context, minutes_ago(406, 404)).await.expect("tickets");
        assert!(found.iter().any(|row| row.number == 500), "{found:?}");
    });
}

#[test]
fn a_row_that_was_left_in_another_shard_counts_once() {
    futures::executor::block_on(async {
        let (context, _) = desk().await;
        fill(&context, 250).await;
        let stale =
            TicketRow { conversation: "c240".into(), status: "stale".into(), ..row(140, NOW_MINUTE - 10) };
        put(&context, "n1", 0, vec![stale]).await;
        let found = tickets(&context, minutes_ago(1_000, 0)).await.expect("tickets");
        let of: Vec<_> = found.iter().filter(|row| row.conversation == "c240").collect();
        assert_eq!(of.len(), 1);
        assert_eq!((of[0].number, of[0].status.as_str()), (240, "open"));
    });
}
