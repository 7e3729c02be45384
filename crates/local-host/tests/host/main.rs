//! The host from outside, with a real component in it: `tests/guest`.
//!
//! The component's file is `$RELEVO_GUEST_WASM` or lies in the project's target folder; `cargo xtask test`
//! builds it there.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http;
mod instances;
mod outbound;
#[path = "../support/redis.rs"]
mod redis_server;
mod routing;
mod running;
mod starting;
mod stores;
mod ticking;
