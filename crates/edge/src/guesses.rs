//! Guessing at tokens, slowed down: wrong ones are counted by desk and client address, and too many in a minute are
//! answered with 429 before they are compared with anything.
//!
//! Nobody is locked out by somebody else's guesses. A token that was issued here shows it (see [`crate::token`]) and
//! is never a guess, so it is not held up whatever else comes from its address. An operator's token of
//! [`UNGUESSABLE_CHARS`] or more is compared first; only a shorter one has to wait with the guesses from its own
//! address.

use crate::http::Incoming;
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_journal::store::Store;
use relevo_journal::{Desk, Journal, Kind, Tally};
use sha2::{Digest, Sha256};
use std::cell::RefCell;

/// Length from which an operator's secret is held to be beyond guessing.
pub const UNGUESSABLE_CHARS: usize = 32;

/// Wrong tokens in a minute from one address at one desk.
pub const PER_MINUTE: u64 = 120;

/// A minute.
const SLICE_SECONDS: u32 = 60;

/// Tallies known to be full that an instance keeps.
const KEPT: usize = 64;

thread_local! {
    /// Tallies that are full, and the minute in which they are.
    static FULL: RefCell<Vec<(Tally, i64)>> = const { RefCell::new(Vec::new()) };
}

/// Somebody who presents what may be a guess.
pub struct Guesser<'a, S> {
    journal: &'a Journal<S>,
    tally: Tally,
    now: DateTime<Utc>,
}

impl<'a, S: Store> Guesser<'a, S> {
    /// Whoever sent a request. `desk`: one that exists; for others all are counted together, so that nobody makes
    /// keys by making up names.
    ///
    /// # Errors
    /// 503 if it cannot be counted: a fault of this program, reported rather than trapped.
    pub fn of(
        journal: &'a Journal<S>,
        desk: Option<&Desk>,
        request: &Incoming,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        // One of 256 names: the number of keys stays bounded whatever the number of addresses. Two addresses that
        // share a name share the count of their guesses and nothing else.
        let address = Sha256::digest(network(request.client()).as_bytes());
        let name = format!("{:02x}", address.first().copied().unwrap_or_default());
        let kind = Kind::new("guess").map_err(|e| Problem::unavailable(e.to_string()))?;
        let tally = Tally::new(desk.cloned(), kind, name).map_err(|e| Problem::unavailable(e.to_string()))?;
        Ok(Self { journal, tally, now })
    }

    /// Before comparing.
    ///
    /// # Errors
    /// 429 if there were too many wrong ones.
    pub async fn may_try(&self) -> Result<(), Problem> {
        let minute = self.minute();
        let known = FULL.with_borrow(|full| full.iter().any(|(t, m)| *t == self.tally && *m == minute));
        if known || self.journal.tallied(&self.tally, self.now, SLICE_SECONDS).await? >= PER_MINUTE {
            self.remember(minute);
            return Err(self.too_many());
        }
        Ok(())
    }

    /// It was wrong: 401, or 429 if that was one too many.
    pub async fn was_wrong(&self) -> Problem {
        match self.journal.tally(&self.tally, 1, self.now, SLICE_SECONDS).await {
            Ok(count) if count > PER_MINUTE => {
                self.remember(self.minute());
                self.too_many()
            }
            Ok(_) => Problem::unauthorized(),
            Err(error) => error.into(),
        }
    }

    fn minute(&self) -> i64 {
        self.now.timestamp().div_euclid(i64::from(SLICE_SECONDS))
    }

    fn remember(&self, minute: i64) {
        FULL.with_borrow_mut(|full| {
            full.retain(|(_, m)| *m == minute);
            if full.len() < KEPT && !full.iter().any(|(t, _)| *t == self.tally) {
                full.push((self.tally.clone(), minute));
            }
        });
    }

    fn too_many(&self) -> Problem {
        let gone = self.now.timestamp().rem_euclid(i64::from(SLICE_SECONDS));
        let left = i64::from(SLICE_SECONDS).saturating_sub(gone);
        Problem {
            retry_after: u32::try_from(left).ok(),
            ..Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_wrong_tokens",
                "too many wrong tokens came from your address; see Retry-After",
            )
        }
    }
}

/// What one client can change at will is left out: the port, and of an IPv6 address the lower half.
fn network(client: &str) -> String {
    use std::net::{IpAddr, Ipv6Addr, SocketAddr};
    let address = client.parse::<SocketAddr>().map(|a| a.ip()).or_else(|_| client.parse::<IpAddr>());
    match address.map(|a| a.to_canonical()) {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        Err(_) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use relevo_journal::store::memory::MemoryStore;

    fn from(client: &str) -> Incoming {
        let mut request = Incoming::for_tests("GET", "/api/school/me");
        // The first is what the client wrote itself.
        request.headers.append("spin-client-addr", "9.9.9.9:9".parse().expect("a value"));
        request.headers.append("spin-client-addr", client.parse().expect("a value"));
        request
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_000_040 + seconds, 0).expect("an instant")
    }

    #[test]
    fn after_too_many_wrong_tokens_an_address_waits_and_others_do_not() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            let desk = Desk::new("school").ok();
            let guess = async |client: &str, seconds: i64| {
                let request = from(client);
                let guesser = Guesser::of(&journal, desk.as_ref(), &request, at(seconds)).expect("counted");
                match guesser.may_try().await {
                    Ok(()) => guesser.was_wrong().await,
                    Err(problem) => problem,
                }
            };
            for n in 0..PER_MINUTE {
                // Another port is the same client.
                let problem = guess(&format!("10.0.0.1:{}", 1_000 + n), 0).await;
                assert_eq!(problem.status, StatusCode::UNAUTHORIZED, "{n}");
            }
            let problem = guess("10.0.0.1:1", 15).await;
            assert_eq!((problem.status.as_u16(), problem.retry_after), (429, Some(45)));
            assert_eq!(guess("10.0.0.2:1", 15).await.status, StatusCode::UNAUTHORIZED, "another address");
            // An instance that knows nothing of it reads it.
            FULL.with_borrow_mut(Vec::clear);
            assert_eq!(guess("10.0.0.1:1", 30).await.status.as_u16(), 429);
            assert_eq!(guess("10.0.0.1:1", 60).await.status, StatusCode::UNAUTHORIZED, "another minute");
        });
    }

    #[test]
    fn names_that_are_made_up_make_no_keys() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            for n in 0..2_000 {
                let request = from(&format!("10.{}.{}.1:1", n / 200, n % 200));
                let guesser = Guesser::of(&journal, None, &request, at(0)).expect("counted");
                guesser.was_wrong().await;
            }
            assert!(journal.store().dump().len() <= 512, "{}", journal.store().dump().len());
        });
    }

    #[test]
    fn a_client_is_its_address_or_its_network() {
        assert_eq!(network("10.0.0.1:80"), "10.0.0.1");
        assert_eq!(network("[::ffff:10.0.0.1]:80"), "10.0.0.1");
        assert_eq!(network("[2a00:1:2:3:4:5:6:7]:80"), network("[2a00:1:2:3:ffff::1]:81"));
        assert_ne!(network("[2a00:1:2:3::]:80"), network("[2a00:1:2:4::]:80"));
        assert_eq!(network("forged"), "unknown");
    }
}
