//! The one place where the clock is read.

use chrono::{DateTime, SubsecRound, Utc};

/// The present, to the millisecond: what is stored and compared is never finer.
#[allow(clippy::disallowed_methods)] // this is the place that the ban points to
pub fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(std::time::SystemTime::now()).trunc_subsecs(3)
}
