//! How long a pack has personal values kept.

use serde::{Deserialize, Serialize};

/// How long personal values are kept. Ids, times, states and figures stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Days after a ticket was last over; for ever if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub personal_days: Option<u32>,
    /// Days after the month in which something came in that could not be understood, or names nobody who is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplaced_days: Option<u32>,
}

/// Longest that a pack may name.
pub(super) const MAX_DAYS: u32 = 36_500;
