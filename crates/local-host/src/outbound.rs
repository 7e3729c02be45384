//! Requests that components send: where they may go, and how.

mod body;
mod client;
mod rules;

pub use self::{
    client::Client,
    rules::{AllowedHosts, Reach, RuleError},
};

/// The component that `http://<id>.spin.internal` means.
pub fn internal_target(host: &str) -> Option<&str> {
    host.strip_suffix(".spin.internal").filter(|id| !id.is_empty() && !id.contains('.'))
}
