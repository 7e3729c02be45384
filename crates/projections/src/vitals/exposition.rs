//! The vital signs in OpenMetrics text.

use super::Vitals;
use chrono::{DateTime, Utc};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::AtomicU64;

/// What the text is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;
type Real = Gauge<f64, AtomicU64>;

/// The text: what was gathered, and how long three calls of the store took for it.
pub fn exposition(vitals: &Vitals, probes: &[(&'static str, f64)], now: DateTime<Utc>) -> String {
    let mut registry = Registry::with_prefix("relevo");
    counters(&mut registry, vitals);
    desks(&mut registry, vitals, now);
    ticks(&mut registry, vitals);
    let probe = Family::<Labels, Real>::default();
    for (call, seconds) in probes {
        probe.get_or_create(&vec![("call", (*call).to_owned())]).set(*seconds);
    }
    let about = "One call of the store made for this answer";
    registry.register_with_unit("store_probe", about, Unit::Seconds, probe);
    let build = Family::<Labels, Gauge>::default();
    build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION").to_owned())]).set(1);
    registry.register("build", "The running version", build);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = encode(&mut text, &registry);
    text
}

/// Counters by the first part of their name: what they are called here and what the other parts say.
const COUNTERS: [(&str, &str, &str, &[&str]); 6] = [
    ("intake", "intake", "Items that providers delivered", &["desk", "channel", "outcome"]),
    ("refused", "refusals", "Requests answered with an error, by its code", &["component", "code"]),
    ("attempts", "attempts", "Attempts to send, by what came of them", &["desk", "outcome"]),
    ("notices", "notices", "Warnings and breaches of service levels", &["desk", "kind"]),
    ("tick_failed", "tick_failures", "Ticks that failed for some desk", &["tick"]),
    ("store_failed", "store_failures", "Failed calls of the store that a caller was told of", &[]),
];

fn counters(registry: &mut Registry, vitals: &Vitals) {
    for (key, name, about, labels) in COUNTERS {
        let family = Family::<Labels, Counter>::default();
        for (counted, value) in &vitals.counts {
            let mut parts = counted.split(':');
            if parts.next() != Some(key) {
                continue;
            }
            let labels: Labels = labels.iter().copied().zip(parts.map(str::to_owned)).collect();
            family.get_or_create(&labels).inc_by(*value);
        }
        registry.register(name, about, family);
    }
}

fn desks(registry: &mut Registry, vitals: &Vitals, now: DateTime<Utc>) {
    let feed = Family::<Labels, Counter>::default();
    let (lag, holes, lost) =
        (Family::<Labels, Gauge>::default(), Family::<Labels, Gauge>::default(), Family::default());
    let (entries, oldest) = (Family::<Labels, Gauge>::default(), Family::<Labels, Real>::default());
    let silent = Family::<Labels, Real>::default();
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    for (desk, of) in &vitals.desks {
        let label = |name: &'static str, value: &str| vec![("desk", desk.clone()), (name, value.to_owned())];
        feed.get_or_create(&vec![("desk", desk.clone())]).inc_by(of.feed);
        for (projection, behind) in &of.lag {
            let labels = label("projection", projection);
            lag.get_or_create(&labels).set(count(behind.entries));
            holes.get_or_create(&labels).set(count(behind.holes));
            let lost: &Family<Labels, Gauge> = &lost;
            lost.get_or_create(&labels).set(count(behind.lost));
        }
        for (account, since) in &of.silent {
            silent.get_or_create(&label("account", account)).set(seconds((now - *since).num_milliseconds()));
        }
        entries.get_or_create(&label("status", "queued")).set(count(of.outbox.queued));
        entries.get_or_create(&label("status", "failed")).set(count(of.outbox.failed));
        let age = of.outbox.oldest.map_or(0.0, |oldest| seconds((now - oldest).num_milliseconds()).max(0.0));
        oldest.get_or_create(&vec![("desk", desk.clone())]).set(age);
    }
    registry.register("feed_entries", "Changes of streams ever announced", feed);
    registry.register("projection_lag_entries", "Changes that a projection has not seen yet", lag);
    registry.register("projection_holes", "Numbers of the feed whose entry is missed and looked for", holes);
    registry.register("projection_lost", "Numbers of the feed that were given up after a day", lost);
    registry.register("outbox_entries", "Messages to the outside that wait or were given up", entries);
    let about = "For how long a channel account has been silent against its habit";
    registry.register_with_unit("account_silent", about, Unit::Seconds, silent);
    let about = "Age of the oldest message that waits; 0 if none does";
    registry.register_with_unit("outbox_oldest", about, Unit::Seconds, oldest);
}

fn ticks(registry: &mut Registry, vitals: &Vitals) {
    let (last, took) = (Family::<Labels, Real>::default(), Family::<Labels, Real>::default());
    let ok = Family::<Labels, Gauge>::default();
    for (tick, note) in &vitals.ticks {
        let labels = vec![("tick", (*tick).to_owned())];
        // Never run is a long time ago: an alert on the age covers both.
        let at = note.as_ref().map_or(0.0, |note| seconds(note.at.timestamp_millis()));
        last.get_or_create(&labels).set(at);
        ok.get_or_create(&labels).set(i64::from(note.as_ref().is_some_and(|note| note.ok)));
        if let Some(note) = note {
            took.get_or_create(&labels).set(seconds(note.took_ms));
        }
    }
    let about = "When a tick began last; 0 if never";
    registry.register_with_unit("tick_last_run_timestamp", about, Unit::Seconds, last);
    registry.register_with_unit("tick_duration", "How long its last run took", Unit::Seconds, took);
    registry.register("tick_ok", "Whether its last run did what it should for every desk", ok);
}

#[allow(clippy::cast_precision_loss)] // milliseconds since 1970 are exact in an f64
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}
