//! Waiting for what is to happen, never for time to pass.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Looks again and again until there is something, at most for `timeout`.
///
/// # Panics
/// When the time is up: with `what` was waited for.
#[track_caller]
pub fn eventually<T>(what: &str, timeout: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < timeout, "waited {timeout:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The present, as providers write it.
pub fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}
