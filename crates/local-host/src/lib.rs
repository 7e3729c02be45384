//! Runs the application's own `spin.toml` and components where Spin is not installed.
//!
//! The same engine as Spin, and only the part of Spin that this application uses. Code that passes here passes
//! on Spin: where Spin has sharp edges, this host has them too, and where it has less than Spin, the start
//! fails with a message that names what is missing.
//!
//! # What is here
//!
//! | part of Spin | here |
//! |---|---|
//! | manifest | version 2: application, variables, HTTP triggers, components with source, stores, hosts, variables; anything else is an error |
//! | routes | public with `:name` and `/...`, Spin's own matcher; private; `http://<id>.spin.internal`; `http://self.alt` |
//! | instances | wasmtime with pooling, pre-instantiated; up to 128 requests each, 16 at once, gone after an idle second |
//! | variables | `--variables FILE`, then `SPIN_VARIABLE_<NAME>`, then the default; checked at the start |
//! | outbound HTTP | `allowed_outbound_hosts` with variables; pooled connections; TLS with public roots; no HTTP/2, no proxies |
//! | `spin:key-value@3.0.0`, `wasi:keyvalue@0.2.0-draft2` | the store `default` on SQLite, Redis or memory ([`kv`]) |
//! | `spin:variables@3.0.0` | yes |
//! | WASI | 0.2 and 0.3 without files, environment and sockets; `wasi:http` 0.3 |
//! | `/.well-known/spin/health` | yes; `info` is not |
//! | inbound | HTTP/1.1 without TLS |
//!
//! Not Spin's: a ticker ([`ticker`]), a time limit per request (`504`), a graceful stop, a cache of compiled
//! components, and `TCP_NODELAY`, so that an answer without `content-length` is not slow here as it is on Spin.
//!
//! Its own figures (requests, latency, instances, calls of the store, memory) are at
//! `/.well-known/relevo/metrics`, for whoever has the tick token: they are this process's, where the
//! application's `/internal/metrics` speaks for all hosts on one store.
//!
//! For rehearsals of faults: a clock that is wrong by what a file says (`--clock-offset`), a slow store
//! (`--kv-delay`), a full disk (`--kv-max-pages`).
//!
//! # Sharp edges that are Spin's and are kept
//!
//! - Instances are reused: statics survive a request, and a trap ends every request on its instance.
//! - Client-supplied `spin-*` headers come before the host's own: only the last value is to be trusted.
//! - A header that is not UTF-8 reaches no component. (The answer is 400 here; on Spin it is 500.)
//! - `wasi:keyvalue` calls hold up every request of the instance.
//! - `increment` of a value that is not eight bytes breaks the SQLite store until a restart; on Redis values
//!   are ASCII digits and the store's label is ignored; get-many does not work on Redis; listing is a scan.
//! - The time limits of a request do not apply when another component answers it.
//! - Compare-and-swap, which Spin has but which is not sound there, is refused.
//!
//! # Durability
//!
//! A write to SQLite is answered after the commit that holds it is on the disk (WAL, `synchronous=FULL`).
//! Writes that arrive while one is being committed share the next commit. After a clean stop the file is whole
//! and Spin reads it; after a kill its `-wal` file belongs to it.
//!
//! # Without the `host` feature
//!
//! Only [`kv`] is left, which also implements the journal's own store: tools run the components' code over a
//! data file or Redis and need not build an engine.

#[cfg(feature = "host")]
pub mod app;
#[cfg(feature = "host")]
mod clock;
#[cfg(feature = "host")]
mod engine;
#[cfg(feature = "host")]
mod guest;
pub mod kv;
#[cfg(feature = "host")]
pub mod manifest;
#[cfg(feature = "host")]
pub mod metrics;
#[cfg(feature = "host")]
pub mod outbound;
#[cfg(feature = "host")]
pub mod routes;
#[cfg(feature = "host")]
mod sending;
#[cfg(feature = "host")]
pub mod server;
#[cfg(feature = "host")]
pub mod ticker;
#[cfg(feature = "host")]
pub mod variables;
#[cfg(feature = "host")]
mod worker;
