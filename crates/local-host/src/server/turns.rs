//! How many requests are under way at once; more wait a little, and what would wait longer is turned away at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Requests under way and waiting. Those between components take no turn: whoever waits for one has its own.
pub struct Turns {
    limits: Limits,
    all: Arc<Semaphore>,
    by_component: Mutex<BTreeMap<String, Arc<Semaphore>>>,
    waiting: Arc<Semaphore>,
}

/// How many, and how long they wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// At once: each may need an instance of its own, and further ones for the components that it calls.
    pub at_once: usize,
    /// Waiting.
    pub waiting: usize,
    /// How long they wait: less than providers do.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { at_once: 256, waiting: 1_024, patience: Duration::from_secs(3) }
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

/// A request's turn; it ends when this is dropped.
pub(super) struct Turn {
    _of_component: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Turns {
    /// None taken.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            all: Arc::new(Semaphore::new(limits.at_once.max(1))),
            by_component: Mutex::default(),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
        }
    }

    /// A turn, or nothing when there are too many. One component has at most three quarters of the turns: a slow
    /// one leaves some to the others.
    pub(super) async fn wait_for(&self, component: &str) -> Option<Turn> {
        let own = self.of_component(component);
        let at_once = own.clone().try_acquire_owned().ok().zip(self.all.clone().try_acquire_owned().ok());
        if let Some((of_component, of_all)) = at_once {
            return Some(Turn { _of_component: of_component, _of_all: of_all });
        }
        let _waiting = self.waiting.clone().try_acquire_owned().ok()?;
        let both = async {
            let of_component = own.acquire_owned().await.ok()?;
            let of_all = self.all.clone().acquire_owned().await.ok()?;
            Some(Turn { _of_component: of_component, _of_all: of_all })
        };
        timeout(self.limits.patience, both).await.ok().flatten()
    }

    /// How many are taken.
    pub(super) fn taken(&self) -> usize {
        self.limits.at_once.max(1).saturating_sub(self.all.available_permits())
    }

    fn of_component(&self, component: &str) -> Arc<Semaphore> {
        let mut all = self.by_component.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let share = (self.limits.at_once / 4 * 3).max(1);
        all.entry(component.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(share))).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(at_once: usize, waiting: usize, patience_ms: u64) -> Turns {
        Turns::new(Limits { at_once, waiting, patience: Duration::from_millis(patience_ms) })
    }

    #[tokio::test]
    async fn a_component_leaves_turns_to_the_others() {
        let turns = turns(8, 0, 0);
        let mut taken = Vec::new();
        while let Some(turn) = turns.wait_for("desk").await {
            taken.push(turn);
        }
        assert_eq!(taken.len(), 6);
        taken.push(turns.wait_for("inbound").await.unwrap());
        taken.push(turns.wait_for("inbound").await.unwrap());
        assert!(turns.wait_for("inbound").await.is_none(), "all are taken");
        taken.clear();
        assert!(turns.wait_for("desk").await.is_some(), "and given back");
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_turn_and_nobody_waits_behind_too_many() {
        let turns = Arc::new(turns(1, 1, 60_000));
        let first = turns.wait_for("desk").await.unwrap();
        let second = tokio::spawn({
            let turns = Arc::clone(&turns);
            async move { turns.wait_for("desk").await.is_some() }
        });
        while turns.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(turns.wait_for("desk").await.is_none(), "at once, although patience is long");
        drop(first);
        assert!(second.await.unwrap());
    }

    #[tokio::test]
    async fn patience_ends() {
        let turns = turns(1, 1, 1);
        let _first = turns.wait_for("desk").await.unwrap();
        assert!(turns.wait_for("desk").await.is_none());
    }
}
