//! Work lists: filters, orders, heads of shards, saved views.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod common;

use chrono::{DateTime, TimeDelta, Utc};
use common::Desk;
use relevo_domain::category::Category;
use relevo_domain::pack::Priority;
use relevo_domain::rows::{TicketRow, ticket_row};
use relevo_domain::worklist::{Filter, HeadRow, Order, Viewer};
use serde_json::{Value, json};

fn desk() -> Desk {
    Desk::new(json!({
        "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
        "teams": {"front": {"name": "Front"}},
        "people": {"ana": {"name": "Ana", "role": "agent"}},
        "queues": {"support": {"name": "Support", "team": "front"}, "billing": {"name": "Billing"}},
        "channels": {"whatsapp": {"main": {}}},
        "statuses": {"por_validar": {"name": "x", "category": "to_be_validated"}},
        "sla": [{"name": "s", "targets": {"first_response": {"seconds": 3600, "calendar": "calendar_time"}}}]
    }))
}

/// A row as a ticket of a customer gives it.
fn row() -> TicketRow {
    let mut desk = desk();
    desk.receive("05 09:00", "m1");
    ticket_row("c", &desk.state, desk.state.ticket(1).unwrap(), &desk).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    common::at(text)
}

fn filter(value: Value) -> Filter {
    serde_json::from_value(value).unwrap()
}

#[test]
fn a_row_knows_when_its_first_target_is_due_and_no_longer_once_it_is_met() {
    assert_eq!(row().due_ms, Some(at("05 10:00").timestamp_millis()));
    let mut desk = desk();
    desk.receive("05 09:00", "m1");
    desk.reply_at(at("05 09:30"), "r1");
    let answered = ticket_row("c", &desk.state, desk.state.ticket(1).unwrap(), &desk).unwrap();
    assert_eq!(answered.due_ms, None);
}

#[test]
fn each_filter_lets_through_what_fits_and_stops_what_does_not() {
    let row = TicketRow {
        agent: Some("ana".into()),
        priority: Priority::High,
        tags: ["vip".to_owned()].into(),
        ..row()
    };
    let viewer = |now| Viewer { person: "ana", now: at(now) };
    for (wanted, now, fits) in [
        (json!({}), "05 09:10", true),
        (json!({"status": "new"}), "05 09:10", true),
        (json!({"status": "open"}), "05 09:10", false),
        (json!({"queue": "billing"}), "05 09:10", true),
        (json!({"queue": "support"}), "05 09:10", false),
        (json!({"team": "front"}), "05 09:10", false),
        (json!({"assignee": "me"}), "05 09:10", true),
        (json!({"assignee": "ana"}), "05 09:10", true),
        (json!({"assignee": "none"}), "05 09:10", false),
        (json!({"priority": "high"}), "05 09:10", true),
        (json!({"priority": "low"}), "05 09:10", false),
        (json!({"channel": "whatsapp"}), "05 09:10", true),
        (json!({"channel": "phone"}), "05 09:10", false),
        (json!({"tag": "vip"}), "05 09:10", true),
        (json!({"tag": "VIP"}), "05 09:10", false),
        (json!({"breached": true}), "05 09:59", false),
        (json!({"breached": true}), "05 10:00", true),
        (json!({"breached": false}), "05 10:00", false),
        (json!({"due_within_minutes": 30}), "05 09:29", false),
        (json!({"due_within_minutes": 30}), "05 09:30", true),
        (json!({"snoozed": true}), "05 09:10", false),
    ] {
        assert_eq!(filter(wanted.clone()).admits(&row, viewer(now)), fits, "{wanted} at {now}");
    }
    let until = at("06 09:00");
    let snoozed = TicketRow { snoozed_until_ms: Some(until.timestamp_millis()), ..row };
    assert!(!filter(json!({})).admits(&snoozed, viewer("05 09:10")), "out of sight");
    assert!(filter(json!({"snoozed": true})).admits(&snoozed, viewer("05 09:10")));
    let later = Viewer { person: "ana", now: until + TimeDelta::seconds(1) };
    assert!(filter(json!({})).admits(&snoozed, later), "back");
    let done = TicketRow { category: Category::Solved, snoozed_until_ms: None, ..snoozed };
    assert!(!filter(json!({"breached": true})).admits(&done, later), "what is done is late no more");
}

#[test]
fn a_filter_names_what_the_pack_does_not_have() {
    let pack = desk().pack;
    let wrong = filter(json!({
        "status": "gone", "queue": "x", "team": "x", "assignee": "x", "channel": "fax", "tag": ""
    }));
    let named: Vec<_> = wrong.check(&pack).into_iter().map(|(field, _)| field).collect();
    assert_eq!(named, ["status", "queue", "team", "assignee", "channel", "tag"]);
    let known = filter(json!({"status": "solved", "queue": "support", "team": "front", "assignee": "none"}));
    assert!(known.check(&pack).is_empty() && !known.is_live_only(&pack));
    assert!(filter(json!({"status": "por_validar"})).is_live_only(&pack));
    assert!(
        serde_json::from_value::<Filter>(json!({"contact": "34600000001"})).is_err(),
        "nothing of a customer"
    );
}

#[test]
fn orders_put_first_what_counts_most() {
    let with = |number, priority, due_ms| TicketRow { number, priority, due_ms, ..row() };
    let mut rows = [
        with(1, Priority::Low, Some(5)),
        with(2, Priority::Urgent, None),
        with(3, Priority::Urgent, Some(9)),
        with(4, Priority::Low, Some(5)),
    ];
    let mut numbers = |order: Order| {
        rows.sort_by_key(|row| order.key(row));
        rows.iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(Order::Newest), [4, 3, 2, 1]);
    assert_eq!(numbers(Order::Oldest), [1, 2, 3, 4]);
    assert_eq!(numbers(Order::Due), [1, 4, 3, 2]);
    assert_eq!(numbers(Order::Priority), [3, 2, 1, 4]);
    assert_eq!(Order::Priority.why(&rows[0], 9)["overdue"], true);
}

#[test]
fn a_head_never_promises_less_than_its_shard_holds() {
    let one = TicketRow { agent: Some("ana".into()), priority: Priority::High, due_ms: Some(7), ..row() };
    let two = TicketRow { number: 2, due_ms: None, queue: "support".into(), ..row() };
    let done = TicketRow { number: 3, category: Category::Closed, due_ms: Some(1), ..row() };
    let rows = [one, two, done];
    let head = HeadRow::of(rows.iter());
    assert_eq!((head.live, head.unassigned, head.due_ms), (2, 1, Some(7)));
    let viewer = Viewer { person: "ana", now: at("05 09:00") };
    for row in rows.iter().take(2) {
        for order in [Order::Due, Order::Priority] {
            assert!(head.bound(order) <= order.key(row), "{order:?}");
        }
        for wanted in [json!({"assignee": "me"}), json!({"assignee": "none"}), json!({"queue": "support"})] {
            let filter = filter(wanted.clone());
            assert!(!filter.admits(row, viewer) || filter.may_be_in(&head, viewer), "{wanted}");
        }
    }
    assert!(!filter(json!({"assignee": "ben"})).may_be_in(&head, viewer));
    assert!(!filter(json!({})).may_be_in(&HeadRow::of(rows.iter().skip(2)), viewer), "nothing to do in it");
}
