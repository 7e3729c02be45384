//! What must hold when everything around the application breaks: scenarios, short as tests, long in `cargo xtask fire`.
//!
//! Each has mixed traffic going (messages that are delivered until they are acknowledged, and again; replies and notes
//! with an Idempotency-Key; lists that are read; schedules that fire) while something is done to the application. Then
//! everything that was acknowledged must be there exactly once, what is served must equal the journal, and every reply
//! must have reached the provider. Whatever does not hold is a panic with what was found instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod aftermath;
mod calls;
mod dice;
mod ledger;
mod scenarios;
mod traffic;

pub use aftermath::Figures;
pub use scenarios::{SCENARIOS, Scale, Scenario};
