//! Instances and their reuse, with Spin's limits: an instance takes up to 128 requests, 16 at once, and goes
//! after a second without work. A trap ends the requests that share its instance and nothing else.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep};
use wasmtime::{Engine, Store, StoreContextMut, component::GuestTaskId};
use wasmtime_wasi_http::{
    WasiHttpView,
    handler::{HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus},
    p3::bindings::ServicePre,
};

use crate::guest::{Guest, Spec};
use crate::metrics::Metrics;

const MAX_REQUESTS: usize = 128;
const MAX_REQUESTS_AT_ONCE: usize = 16;
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// How many instances have work, the work after a response included.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<AtomicUsize>);

impl Busy {
    /// How many at this moment.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Makes the instances of one component.
pub(crate) struct Factory {
    pub(crate) engine: Engine,
    pub(crate) pre: ServicePre<Guest>,
    pub(crate) spec: Arc<Spec>,
    pub(crate) request_timeout: Duration,
    pub(crate) busy: Busy,
    pub(crate) metrics: Metrics,
}

impl HandlerState for Factory {
    type StoreData = Guest;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Expiration, Worker>> {
        let mut store = Guest::new_store(&self.engine, &self.spec);
        self.metrics.instance(&self.spec.id);
        let service = self.pre.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: Guest::http,
            expiration: Expiration {
                request_timeout: self.request_timeout,
                timer: None,
                working: false,
                busy: self.busy.clone(),
            },
            state: Worker {
                request_timeout: self.request_timeout,
                spec: Arc::clone(&self.spec),
                metrics: self.metrics.clone(),
            },
        })
    }
}

/// How many requests an instance takes and how long each may last.
pub(crate) struct Worker {
    request_timeout: Duration,
    spec: Arc<Spec>,
    metrics: Metrics,
}

impl WorkerState for Worker {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, at_once: usize, in_all: usize) -> ShouldAccept {
        if in_all >= MAX_REQUESTS {
            ShouldAccept::Never
        } else if at_once >= MAX_REQUESTS_AT_ONCE {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        _store: StoreContextMut<'_, Guest>,
        _data: (),
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(sleep(self.request_timeout))
    }

    fn drop(&self, store: Store<Guest>, result: Result<(), wasmtime::Error>) {
        // When the application is gone the runtime drops idle instances, which counts as a failure here.
        if let (Err(error), Some(_)) = (result, self.spec.app.upgrade()) {
            self.metrics.failure(&self.spec.id);
            eprintln!("relevo-host: component {}: an instance failed: {error:?}", self.spec.id);
        }
        drop(store);
    }
}

/// When an instance goes: after a second without work, or when its work lasts too long.
pub(crate) struct Expiration {
    request_timeout: Duration,
    /// With the moment that it stands for.
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    working: bool,
    busy: Busy,
}

impl Expiration {
    fn set_working(&mut self, working: bool) {
        if working && !self.working {
            self.busy.0.fetch_add(1, Ordering::Relaxed);
        } else if !working && self.working {
            self.busy.0.fetch_sub(1, Ordering::Relaxed);
        }
        self.working = working;
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        self.set_working(!matches!(status, WorkerStatus::Idle));
        let timeout = match status {
            WorkerStatus::Idle => IDLE_TIMEOUT,
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.request_timeout,
        };
        let deadline = start + timeout;
        match &mut self.timer {
            Some((set_for, timer)) => {
                if *set_for != deadline {
                    *set_for = deadline;
                    timer.as_mut().reset(deadline.into());
                }
                timer.as_mut().poll(cx)
            }
            none => {
                let (_, timer) = none.insert((deadline, Box::pin(tokio::time::sleep_until(deadline.into()))));
                timer.as_mut().poll(cx)
            }
        }
    }
}

impl Drop for Expiration {
    fn drop(&mut self) {
        self.set_working(false);
    }
}
