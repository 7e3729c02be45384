//! What goes out: the provider's request for a message, and what its answer means.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test")]

#[path = "send/chat.rs"]
mod chat;
#[path = "send/mail.rs"]
mod mail;
#[path = "send/standard.rs"]
mod standard;
#[path = "send/whatsapp.rs"]
mod whatsapp;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use relevo_channels::{Account, FormatError, Outbound, OutboundRequest, Outcome, Sender};
use relevo_domain::{
    Private,
    message::{Address, AddressKind},
};
use serde_json::Value;

fn now() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn address(kind: AddressKind, value: &str) -> Address {
    Address { kind, value: Private(value.into()) }
}

fn sender(slug: &str) -> &'static Sender {
    relevo_channels::sender(slug).unwrap()
}

fn format(slug: &str, message: &Outbound, account: &Account) -> Result<OutboundRequest, FormatError> {
    (sender(slug).format)(message, account, now())
}

/// The JSON body of the request for a message.
fn body(slug: &str, message: &Outbound, account: &Account) -> Value {
    serde_json::from_slice(&format(slug, message, account).unwrap().body).unwrap()
}

fn header<'a>(request: &'a OutboundRequest, name: &str) -> &'a str {
    request.headers[name].to_str().unwrap()
}

/// What an answer means, with a `retry-after` if not empty.
fn outcome(slug: &str, status: u16, retry_after: &str, body: &str) -> Outcome {
    let mut headers = HeaderMap::new();
    if !retry_after.is_empty() {
        headers.insert("retry-after", retry_after.parse().unwrap());
    }
    (sender(slug).outcome)(status, &headers, body.as_bytes())
}

fn is_retry(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Retry { .. })
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused { .. })
}

fn sent(id: &str) -> Outcome {
    Outcome::Sent { provider_id: Some(id.into()) }
}
