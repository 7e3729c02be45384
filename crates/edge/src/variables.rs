//! The application's variables, read once per instance.

use crate::problem::Problem;
use crate::rotation::MasterKeys;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

thread_local! {
    static MASTER_KEYS: OnceCell<MasterKeys> = const { OnceCell::new() };
    static KEPT: RefCell<BTreeMap<&'static str, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// A variable's value; empty if it is not set.
pub async fn get(name: &str) -> String {
    spin_sdk::variables::get(name).await.unwrap_or_default()
}

/// A variable's value, read once; empty if it is not set.
pub async fn kept(name: &'static str) -> String {
    if let Some(value) = KEPT.with_borrow(|kept| kept.get(name).cloned()) {
        return value;
    }
    let value = get(name).await;
    KEPT.with_borrow_mut(|kept| kept.insert(name, value.clone()));
    value
}

/// The master key in force and, while it is being replaced, the one before.
///
/// # Errors
/// 503 if it is not set: nothing can be read or written without it.
pub async fn master_keys() -> Result<MasterKeys, Problem> {
    if let Some(keys) = MASTER_KEYS.with(|cell| cell.get().cloned()) {
        return Ok(keys);
    }
    let keys = MasterKeys { current: get("master_key").await, previous: get("master_key_previous").await };
    if keys.current.is_empty() {
        crate::log::event("variables.missing", &[("variable", "master_key".into())]);
        return Err(Problem::unavailable(
            "the application is not set up: the variable master_key is not set",
        ));
    }
    Ok(MASTER_KEYS.with(|cell| cell.get_or_init(|| keys).clone()))
}
