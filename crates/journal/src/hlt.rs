//! Hybrid logical time: the order of events between hosts whose clocks disagree.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 in the upper 48 bits, a counter in the lower 16. Later than everything its writer
/// had read, so a cause sorts before its effect whatever the clocks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hlt(pub u64);

impl Hlt {
    /// The time of the next event: the writer's clock, or just after the newest event it has read when that is
    /// later. Saturates at the end of time.
    pub fn next(now_ms: u64, newest_seen: Hlt) -> Hlt {
        let wall = now_ms.min(u64::MAX >> 16) << 16;
        Hlt(wall.max(newest_seen.0.saturating_add(1)))
    }

    /// The milliseconds part.
    pub fn ms(self) -> u64 {
        self.0 >> 16
    }
}

/// Milliseconds since 1970; earlier instants count as 0.
pub(crate) fn millis(at: DateTime<Utc>) -> u64 {
    u64::try_from(at.timestamp_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_later_than_the_clock_and_everything_seen() {
        assert_eq!(Hlt::next(5, Hlt(0)), Hlt(5 << 16));
        assert_eq!(Hlt::next(5, Hlt(5 << 16)), Hlt((5 << 16) + 1));
        assert_eq!(Hlt::next(5, Hlt(9 << 16)), Hlt((9 << 16) + 1));
        assert_eq!(Hlt::next(5, Hlt((5 << 16) + 0xffff)).ms(), 6);
    }

    #[test]
    fn saturates() {
        assert_eq!(Hlt::next(u64::MAX, Hlt(0)), Hlt(!0xffff));
        assert_eq!(Hlt::next(0, Hlt(u64::MAX)), Hlt(u64::MAX));
    }
}
