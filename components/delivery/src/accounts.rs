//! The circuit breaker of each provider account, read before sending and written when something changes.

use chrono::{DateTime, Utc};
use relevo_channels::Outcome;
use relevo_domain::breaker::{Breaker, Signal};
use relevo_edge::app::DeskContext;
use relevo_edge::clock;
use relevo_edge::problem::Problem;
use relevo_journal::DocKey;

/// An account at a provider, or a subscriber.
pub struct Account {
    /// `channel/account` or `subscriber/<id>`.
    pub name: String,
    key: DocKey,
    /// As it was read.
    pub breaker: Breaker,
}

impl Account {
    /// Reads its breaker.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn load(context: &DeskContext, name: &str) -> Result<Self, Problem> {
        let key = context.doc("breaker", &context.keys.id("breaker", &[name]))?;
        let breaker = context.journal.get_doc(&key).await?.unwrap_or_default();
        Ok(Self { name: name.to_owned(), key, breaker })
    }

    /// The moment to wait for.
    pub fn wait_until(&self) -> Option<DateTime<Utc>> {
        self.breaker.wait_until(clock::now())
    }

    /// Notes what an attempt told. Of two at once the later counts: that costs a request too many, or one too few.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub async fn note(&mut self, context: &DeskContext, outcome: &Outcome) -> Result<(), Problem> {
        let signal = signal(outcome);
        if self.breaker.after(signal, clock::now()) == self.breaker {
            return Ok(());
        }
        // Others may have sent meanwhile.
        self.breaker = context.journal.get_doc(&self.key).await?.unwrap_or_default();
        let after = self.breaker.after(signal, clock::now());
        if self.breaker.open_until.is_none() && after.open_until.is_some() {
            let name = self.name.clone();
            relevo_edge::log::event("account.paused", &[("account", name.into())]);
        }
        self.breaker = after;
        Ok(context.journal.put_doc(&self.key, &self.breaker).await?)
    }
}

/// A message that is refused says that the provider works.
fn signal(outcome: &Outcome) -> Signal {
    match outcome {
        Outcome::Sent { .. } | Outcome::Refused { .. } => Signal::Works,
        Outcome::Retry { after_seconds: Some(seconds), .. } => Signal::Wait(*seconds),
        Outcome::Retry { after_seconds: None, .. } => Signal::Fails,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_message_says_that_its_provider_works() {
        let why = || "x".to_owned();
        assert_eq!(signal(&Outcome::Refused { why: why() }), Signal::Works);
        assert_eq!(signal(&Outcome::Retry { after_seconds: Some(7), why: why() }), Signal::Wait(7));
        assert_eq!(signal(&Outcome::Retry { after_seconds: None, why: why() }), Signal::Fails);
    }
}
