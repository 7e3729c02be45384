//! The host's own figures in OpenMetrics text: requests, instances, calls of the store, memory.

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::{Family, MetricConstructor},
        gauge::Gauge,
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};

/// What the text is.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const REQUEST_BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const CALL_BUCKETS: [f64; 9] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 5.0];

type Labels = Vec<(&'static str, String)>;

#[derive(Clone)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// What is counted while the host runs. Clones share it.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<Labels, Counter>,
    latency: Family<Labels, Histogram, Buckets>,
    calls: Family<Labels, Counter>,
    call_latency: Family<Labels, Histogram, Buckets>,
    instances: Family<Labels, Counter>,
    failures: Family<Labels, Counter>,
    in_progress: Gauge,
    busy: Gauge,
    memory: Family<Labels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("relevo_host");
        let inner = Inner {
            requests: Family::default(),
            latency: Family::new_with_constructor(Buckets(&REQUEST_BUCKETS)),
            calls: Family::default(),
            call_latency: Family::new_with_constructor(Buckets(&CALL_BUCKETS)),
            instances: Family::default(),
            failures: Family::default(),
            in_progress: Gauge::default(),
            busy: Gauge::default(),
            memory: Family::default(),
            registry: Registry::default(),
        };
        registry.register(
            "requests",
            "Requests from outside, by component and status",
            inner.requests.clone(),
        );
        let about = "How long a component took for its answer";
        registry.register_with_unit("request_duration", about, Unit::Seconds, inner.latency.clone());
        registry.register("store_calls", "Calls of the key-value store", inner.calls.clone());
        let about = "How long a call of the key-value store took";
        registry.register_with_unit("store_call_duration", about, Unit::Seconds, inner.call_latency.clone());
        registry.register("instances", "Instances that were made", inner.instances.clone());
        let about = "Instances that ended by a trap or a time limit";
        registry.register("instance_failures", about, inner.failures.clone());
        let about = "Requests from outside that are being answered";
        registry.register("requests_in_progress", about, inner.in_progress.clone());
        registry.register("instances_busy", "Instances that have work", inner.busy.clone());
        registry.register_with_unit("memory", "Resident memory", Unit::Bytes, inner.memory.clone());
        Self(Arc::new(Inner { registry, ..inner }))
    }
}

impl Metrics {
    pub(crate) fn request(&self, component: &str, status: StatusCode, took: Duration) {
        let component = component.to_owned();
        let labels = vec![("component", component.clone()), ("status", status.as_str().to_owned())];
        self.0.requests.get_or_create(&labels).inc();
        self.0.latency.get_or_create(&vec![("component", component)]).observe(took.as_secs_f64());
    }

    pub(crate) fn instance(&self, component: &str) {
        self.0.instances.get_or_create(&vec![("component", component.to_owned())]).inc();
    }

    pub(crate) fn failure(&self, component: &str) {
        self.0.failures.get_or_create(&vec![("component", component.to_owned())]).inc();
    }

    /// Counts a call of the key-value store.
    pub fn store_call(&self, call: &'static str, took: Duration, ok: bool) {
        let outcome = if ok { "ok" } else { "failed" };
        let labels = vec![("call", call.to_owned()), ("outcome", outcome.to_owned())];
        self.0.calls.get_or_create(&labels).inc();
        self.0.call_latency.get_or_create(&vec![("call", call.to_owned())]).observe(took.as_secs_f64());
    }

    /// The text, with what is true at this moment.
    pub(crate) fn text(&self, in_progress: usize, busy: usize) -> String {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.0.in_progress.set(count(in_progress));
        self.0.busy.set(count(busy));
        for (kind, bytes) in memory() {
            self.0.memory.get_or_create(&vec![("kind", kind.to_owned())]).set(bytes);
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }
}

/// The resident memory, now and at its most, where the system tells.
fn memory() -> Vec<(&'static str, i64)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let read = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().trim_end_matches(" kB").parse::<i64>().ok()?.checked_mul(1_024)
    };
    [("now", "VmRSS:"), ("peak", "VmHWM:")]
        .into_iter()
        .filter_map(|(kind, field)| Some((kind, read(field)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_what_was_counted_and_what_is() {
        let metrics = Metrics::default();
        metrics.request("inbound", StatusCode::OK, Duration::from_millis(3));
        metrics.instance("inbound");
        metrics.failure("sla");
        metrics.store_call("get", Duration::from_micros(200), false);
        let text = metrics.text(2, 1);
        for line in [
            r#"relevo_host_requests_total{component="inbound",status="200"} 1"#,
            r#"relevo_host_request_duration_seconds_bucket{le="0.005",component="inbound"} 1"#,
            r#"relevo_host_request_duration_seconds_bucket{le="0.0025",component="inbound"} 0"#,
            r#"relevo_host_instances_total{component="inbound"} 1"#,
            r#"relevo_host_instance_failures_total{component="sla"} 1"#,
            r#"relevo_host_store_calls_total{call="get",outcome="failed"} 1"#,
            r#"relevo_host_store_call_duration_seconds_count{call="get"} 1"#,
            "relevo_host_requests_in_progress 2",
            "relevo_host_instances_busy 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\nis not in\n{text}");
        }
        for file in ["alerts.yaml", "dashboard.json"] {
            let path = format!("{}/../../deploy/observability/{file}", env!("CARGO_MANIFEST_DIR"));
            let rules = std::fs::read_to_string(&path).unwrap_or_default();
            let words = rules.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let named: Vec<_> = words.filter(|word| word.starts_with("relevo_host_")).collect();
            assert!(!named.is_empty(), "{path} names none of the host's");
            for name in named {
                assert!(
                    text.lines().any(|line| line.starts_with(name)),
                    "{file} names {name}, which is not there"
                );
            }
        }
        if cfg!(target_os = "linux") {
            assert!(text.contains(r#"relevo_host_memory_bytes{kind="now"}"#), "{text}");
        }
    }
}
