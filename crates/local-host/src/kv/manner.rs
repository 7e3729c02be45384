//! How a backend behaves beside what it stores: who watches its calls, and how slow a rehearsal makes them.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use super::KvError;

/// Is told of every call: which, how long it took, whether it succeeded.
pub type Watcher = Arc<dyn Fn(&'static str, Duration, bool) + Send + Sync>;

/// The manner of a backend; by default nobody watches and nothing is slower than it is.
#[derive(Clone, Default)]
pub struct Manner {
    /// Who watches.
    pub watcher: Option<Watcher>,
    /// How much longer every call takes.
    pub delay: Duration,
}

impl Manner {
    pub(super) async fn call<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, KvError>>,
    ) -> Result<T, KvError> {
        let begun = Instant::now();
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let result = call.await;
        if let Some(watcher) = &self.watcher {
            watcher(name, begun.elapsed(), result.is_ok());
        }
        result
    }
}
