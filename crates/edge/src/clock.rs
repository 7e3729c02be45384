//! The one place where the clock is read.

use chrono::{DateTime, Utc};
use std::time::{SystemTime, UNIX_EPOCH};

/// The present, to the millisecond: what is stored and compared is never finer.
#[allow(clippy::disallowed_methods)] // this is the place that the ban points to
pub fn now() -> DateTime<Utc> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

/// A moment for measuring durations: it never jumps.
#[allow(clippy::disallowed_methods)] // as above
pub fn precise() -> std::time::Instant {
    std::time::Instant::now()
}
