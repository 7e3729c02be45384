//! The vital signs of a store whose state is known.
#![allow(missing_docs, clippy::expect_used)]

use chrono::{DateTime, Duration, Utc};
use futures::executor::block_on;
use relevo_domain::outbox::{Entry, Outbox, OutboxEvent, Request};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::keys::DeskKeys;
use relevo_journal::store::memory::MemoryStore;
use relevo_journal::{Desk, Fold, Journal, VitalName};
use relevo_projections::account_silence::Silent;
use relevo_projections::follow;
use relevo_projections::vitals::{self, Check, Health, Status, TickNote, Vitals};
use serde_json::json;
use std::collections::BTreeSet;
use std::rc::Rc;

type Store = Rc<MemoryStore>;

struct World {
    journal: Journal<Store>,
    now: DateTime<Utc>,
}

impl World {
    fn new() -> Self {
        Self {
            journal: Journal::new(Rc::default()),
            now: DateTime::from_timestamp(1_780_000_000, 0).expect("an instant"),
        }
    }

    fn desk(&self) -> DeskContext<Store> {
        let desk = Desk::new("school").expect("a desk");
        let keys = DeskKeys::derive(&"0f".repeat(32), "school").expect("a key");
        block_on(DeskContext::load(self.journal.clone(), desk, keys, self.now)).expect("a store")
    }

    fn queue(&self, name: &str) {
        let context = self.desk();
        let request = Request::Subscriber {
            subscriber: "s".into(),
            kind: "ticket.opened".into(),
            body: json!({}).into(),
        };
        let entry = Entry { request, ticket: None, message: None, trace: None, hold: None };
        let stream = context.stream(Outbox::KIND, name).expect("a name");
        let loaded = block_on(context.journal.load::<Outbox>(&stream, self.now)).expect("a store");
        let loaded = loaded.sealed_under(context.journal.desk_key().expect("a key"));
        let mut commit = context.commit();
        let queued = event("queued", "t", 0, OutboxEvent::Queued(Box::new(entry))).expect("an event");
        commit.append(&loaded, vec![queued]).expect("appended");
        block_on(context.journal.commit(commit)).expect("committed");
    }

    fn gather(&self) -> Vitals {
        block_on(vitals::gather(&[self.desk()], &self.journal)).expect("a store")
    }

    fn check(&self, name: &str) -> Check {
        let checks = vitals::health(&[self.desk()], &self.gather(), self.now);
        checks.into_iter().find(|check| check.name == name).expect("it is looked at")
    }
}

#[test]
fn the_lag_is_what_the_projection_has_not_seen() {
    let world = World::new();
    world.queue("a");
    world.queue("b");
    let lag = |world: &World| world.gather().desks["school"].lag["views"].clone();
    assert_eq!(lag(&world).entries, 2);
    block_on(follow::follow(&world.desk(), 100)).expect("followed");
    assert_eq!(lag(&world).entries, 0);
    world.queue("c");
    let vitals = world.gather();
    assert_eq!((vitals.desks["school"].lag["views"].entries, vitals.desks["school"].feed), (1, 3));
}

#[test]
fn the_outbox_is_counted_with_the_age_of_its_oldest_and_not_counted_again_at_once() {
    let mut world = World::new();
    world.queue("a");
    block_on(follow::follow(&world.desk(), 100)).expect("followed");
    let first = world.gather().desks["school"].outbox.clone();
    assert_eq!((first.queued, first.failed, first.oldest), (1, 0, Some(world.now)));
    world.queue("b");
    block_on(follow::follow(&world.desk(), 100)).expect("followed");
    assert_eq!(world.gather().desks["school"].outbox.queued, 1, "the figures of a moment ago");
    world.now += Duration::minutes(16);
    let later = world.gather().desks["school"].outbox.clone();
    assert_eq!((later.queued, later.oldest), (2, first.oldest));
    let check = world.check("outbox.school");
    assert!(!check.ok && check.detail.contains("2 messages wait, the oldest for 960 s"), "{check:?}");
}

#[test]
fn a_tick_that_never_ran_failed_or_stopped_is_told_apart() {
    let mut world = World::new();
    assert!(world.check("tick.sla").detail.contains("never"), "{:?}", world.check("tick.sla"));
    let note = |world: &World, ok| {
        let note = TickNote { at: world.now, took_ms: 3, ok };
        block_on(vitals::note_tick(&world.journal, "sla", note)).expect("noted");
    };
    note(&world, true);
    assert!(world.check("tick.sla").ok);
    let noted = world.now;
    world.now += Duration::seconds(5);
    note(&world, true);
    assert_eq!(world.gather().ticks["sla"].as_ref().map(|n| n.at), Some(noted), "nothing new is not written");
    note(&world, false);
    assert!(world.check("tick.sla").detail.contains("failed"), "a failure is noted at once");
    world.now += Duration::seconds(20);
    note(&world, true);
    world.now += Duration::seconds(121);
    assert!(world.check("tick.sla").detail.contains("121 s ago"));
}

#[test]
fn only_what_is_needed_to_acknowledge_makes_it_unready() {
    let at = World::new().now;
    let required = |ok: bool| Check::required("store", if ok { Ok("x".into()) } else { Err("y".into()) });
    let other = |ok| Check { required: false, ..required(ok) };
    let status = |checks| {
        let health = Health::new(at, checks);
        (health.live, health.ready, health.status)
    };
    assert_eq!(status(vec![required(true), other(true)]), (true, true, Status::Ready));
    assert_eq!(status(vec![required(true), other(false)]), (true, true, Status::Degraded));
    assert_eq!(status(vec![required(false), other(true)]), (true, false, Status::Unready));
}

#[test]
fn the_exposition_has_every_figure_with_its_labels() {
    let world = World::new();
    world.queue("a");
    for parts in [
        &["intake", "school", "whatsapp", "kept"][..],
        &["refused", "inbound", "webhook_refused"],
        &["attempts", "school", "sent"],
        &["notices", "school", "breach"],
        &["tick_failed", "sla"],
        &["store_failed"],
        &["of_another_version", "x"],
    ] {
        block_on(world.journal.count(&VitalName::new(parts).expect("a name"), 2)).expect("counted");
    }
    let note = TickNote { at: world.now, took_ms: 1_500, ok: true };
    block_on(vitals::note_tick(&world.journal, "sla", note)).expect("noted");
    let silent = Silent::from([("whatsapp/main".to_owned(), world.now - Duration::minutes(1))]);
    let name = VitalName::new(&["silent", "school"]).expect("a name");
    block_on(world.journal.put_note(&name, &silent)).expect("noted");
    let text = vitals::exposition(&world.gather(), &[("get", 0.001)], world.now);
    for line in [
        r#"relevo_intake_total{desk="school",channel="whatsapp",outcome="kept"} 2"#,
        r#"relevo_refusals_total{component="inbound",code="webhook_refused"} 2"#,
        r#"relevo_attempts_total{desk="school",outcome="sent"} 2"#,
        r#"relevo_notices_total{desk="school",kind="breach"} 2"#,
        r#"relevo_tick_failures_total{tick="sla"} 2"#,
        r#"relevo_store_failures_total 2"#,
        r#"relevo_feed_entries_total{desk="school"} 1"#,
        r#"relevo_projection_lag_entries{desk="school",projection="views"} 1"#,
        r#"relevo_projection_holes{desk="school",projection="views"} 0"#,
        r#"relevo_projection_lost{desk="school",projection="views"} 0"#,
        r#"relevo_outbox_entries{desk="school",status="queued"} 0"#,
        r#"relevo_outbox_oldest_seconds{desk="school"} 0.0"#,
        r#"relevo_account_silent_seconds{desk="school",account="whatsapp/main"} 60.0"#,
        r#"relevo_tick_last_run_timestamp_seconds{tick="sla"} 1780000000.0"#,
        r#"relevo_tick_last_run_timestamp_seconds{tick="delivery"} 0.0"#,
        r#"relevo_tick_duration_seconds{tick="sla"} 1.5"#,
        r#"relevo_tick_ok{tick="sla"} 1"#,
        r#"relevo_store_probe_seconds{call="get"} 0.001"#,
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\nis not in\n{text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
    let named = named_in_rules_and_panels().into_iter().filter(|name| !name.starts_with("relevo_host_"));
    let missing: Vec<_> = named.filter(|name| !text.lines().any(|line| line.starts_with(name))).collect();
    assert_eq!(missing, [""; 0], "named in deploy/observability, and nobody has them");
    assert!(!text.contains("of_another_version"));
}

/// The metrics that alert rules and the dashboard name.
fn named_in_rules_and_panels() -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for file in ["alerts.yaml", "dashboard.json"] {
        let path = format!("{}/../../deploy/observability/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect(&path);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        named.extend(words.filter(|word| word.starts_with("relevo_")).map(str::to_owned));
    }
    assert!(named.len() > 15, "{named:?}");
    named
}

#[test]
fn a_master_key_that_does_not_open_what_was_sealed_is_found() {
    let world = World::new();
    let mut desk = world.desk();
    let sealed = desk.keys.seal("whatsapp/main", b"{}").expect("sealed");
    desk.config.state.secrets.insert("whatsapp/main".into(), sealed);
    let check = |desk: DeskContext<Store>| {
        vitals::health(&[desk], &Vitals::default(), world.now).into_iter().find(|c| c.name == "master_key")
    };
    assert!(check(clone(&desk)).expect("looked at").ok);
    desk.keys = DeskKeys::derive(&"aa".repeat(32), "school").expect("a key");
    let found = check(desk).expect("looked at");
    assert!(!found.ok && found.required && found.detail.contains("school/whatsapp/main"), "{found:?}");
}

fn clone(desk: &DeskContext<Store>) -> DeskContext<Store> {
    DeskContext {
        journal: desk.journal.clone(),
        now: desk.now,
        desk: desk.desk.clone(),
        keys: desk.keys.clone(),
        config: desk.config.clone(),
    }
}
