//! Chance.

use std::time::Duration;

/// A number below `limit`.
pub fn below(limit: u64) -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("randomness");
    u64::from_le_bytes(bytes) % limit.max(1)
}

/// A time up to so many milliseconds.
pub fn ms(most: u64) -> Duration {
    Duration::from_millis(below(most + 1))
}
