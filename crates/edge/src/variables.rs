//! The application's variables, read once per instance.

use crate::problem::Problem;
use std::cell::OnceCell;

thread_local! {
    static MASTER_KEY: OnceCell<String> = const { OnceCell::new() };
}

/// A variable's value; empty if it is not set.
pub async fn get(name: &str) -> String {
    spin_sdk::variables::get(name).await.unwrap_or_default()
}

/// The master key in hexadecimal.
///
/// # Errors
/// 503 if it is not set: nothing can be read or written without it.
pub async fn master_key() -> Result<String, Problem> {
    if let Some(key) = MASTER_KEY.with(|cell| cell.get().cloned()) {
        return Ok(key);
    }
    let key = get("master_key").await;
    if key.is_empty() {
        crate::log::event("variables.missing", &[("variable", "master_key".into())]);
        return Err(Problem::unavailable(
            "the application is not set up: the variable master_key is not set",
        ));
    }
    Ok(MASTER_KEY.with(|cell| cell.get_or_init(|| key).clone()))
}
