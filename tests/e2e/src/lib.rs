//! End-to-end tests: the built components on the built host, driven over HTTP with a provider's own bytes.
//!
//! The scenarios are in `tests/`, one file each. This library is what they share: an [`App`] of their own with a
//! state of its own, customers who write, a provider that takes what is sent, and [`eventually`].
//!
//! They need `cargo xtask build` to have run; `RELEVO_HOST_BIN` and `RELEVO_MANIFEST` name another host and another
//! manifest than the ones it made. Whatever goes wrong here is a panic with what came back: nothing else would tell
//! a reader of the test's output more.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod app;
mod client;
pub mod confluence;
mod desk;
mod host;
mod pack;
mod provider;
mod redis;
mod standard;
pub mod tools;
mod wait;
pub mod whatsapp;

pub use app::{ADMIN_TOKEN, App, MASTER_KEY, Store, TICK_TOKEN};
pub use client::{Answer, Client};
pub use desk::{Caller, Desk};
pub use host::Host;
pub use pack::pack;
pub use provider::{Fault, Provider, Received};
pub use standard::{sign as sign_standard, verify as verify_standard};
pub use wait::{eventually, seconds_since_1970};
