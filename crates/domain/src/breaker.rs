//! A circuit breaker per provider account: while a provider fails or asks for patience, nobody is sent to knock.
//!
//! It is kept where a lost write costs one request too many and nothing else.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

/// Failures in a row after which it opens.
pub const FAILURES: u32 = 5;

/// How long it stays open at first, and at most, in seconds.
const FIRST_SECONDS: i64 = 5;
const MOST_SECONDS: i64 = 600;

/// Longest pause that a provider may ask for, in seconds.
const LONGEST_ASKED: u32 = 3_600;

/// What an attempt told about the account. What was wrong with the message alone tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The provider answered as it should.
    Works,
    /// It failed, or did not answer.
    Fails,
    /// It asked for so many seconds of patience.
    Wait(u32),
}

/// The state of a provider account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// Nothing is sent before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<DateTime<Utc>>,
}

impl Breaker {
    /// The moment to wait for; none: send.
    pub fn wait_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.open_until.filter(|until| *until > now)
    }

    /// Has it been open and not worked since? One message is sent to find out before the others follow.
    pub fn is_on_trial(&self, now: DateTime<Utc>) -> bool {
        self.open_until.is_some_and(|until| until <= now)
    }

    /// The state after an attempt.
    #[must_use]
    pub fn after(&self, signal: Signal, now: DateTime<Utc>) -> Self {
        match signal {
            Signal::Works => Self::default(),
            Signal::Wait(seconds) => {
                let until = now + Duration::seconds(i64::from(seconds.clamp(1, LONGEST_ASKED)));
                Self { failures: self.failures, open_until: self.open_until.max(Some(until)) }
            }
            // What was already under way when it opened tells nothing new.
            Signal::Fails if self.wait_until(now).is_some() => self.clone(),
            Signal::Fails => {
                let failures = self.failures.saturating_add(1);
                let times = failures.checked_sub(FAILURES).map(|more| more.min(10));
                let pause = times.map(|times| (FIRST_SECONDS << times).min(MOST_SECONDS));
                let open_until = pause.map(|seconds| now + Duration::seconds(seconds));
                Self { failures, open_until: self.open_until.max(open_until) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("an instant")
    }

    #[test]
    fn it_opens_after_failures_in_a_row_for_longer_each_time_and_closes_when_it_works() {
        let mut breaker = Breaker::default();
        for _ in 1..FAILURES {
            breaker = breaker.after(Signal::Fails, at(0));
            assert_eq!(breaker.wait_until(at(0)), None);
        }
        breaker = breaker.after(Signal::Fails, at(0));
        assert_eq!(breaker.wait_until(at(0)), Some(at(5)));
        assert_eq!(breaker.after(Signal::Fails, at(4)), breaker, "what was under way does not count");
        assert!(!breaker.is_on_trial(at(4)) && breaker.is_on_trial(at(5)));
        breaker = breaker.after(Signal::Fails, at(5));
        assert_eq!(breaker.wait_until(at(5)), Some(at(15)));
        for n in 1..100 {
            breaker = breaker.after(Signal::Fails, at(n * 1_000));
        }
        assert_eq!(breaker.wait_until(at(99_000)), Some(at(99_600)));
        assert_eq!(breaker.after(Signal::Works, at(100_000)), Breaker::default());
    }

    #[test]
    fn one_success_between_failures_keeps_it_closed() {
        let mut breaker = Breaker::default();
        for n in 0..50 {
            let signal = if n % FAILURES == FAILURES - 1 { Signal::Works } else { Signal::Fails };
            breaker = breaker.after(signal, at(n.into()));
            assert_eq!(breaker.wait_until(at(n.into())), None, "{n}");
        }
    }

    #[test]
    fn a_provider_that_asks_for_patience_gets_it_at_once_but_not_for_ever() {
        let breaker = Breaker::default().after(Signal::Wait(30), at(0));
        assert_eq!(breaker.wait_until(at(29)), Some(at(30)));
        let shorter = breaker.after(Signal::Wait(5), at(0));
        assert_eq!(shorter.wait_until(at(0)), Some(at(30)), "the longer pause counts");
        let absurd = Breaker::default().after(Signal::Wait(u32::MAX), at(0));
        assert_eq!(absurd.wait_until(at(0)), Some(at(3_600)));
    }
}
