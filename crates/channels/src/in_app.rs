//! Messages from the operator's own application: Standard Webhooks, with the application's user ids as
//! addresses. Answers are posted to the operator's back end in the same form.
//!
//! Everything is as in [`crate::standard`]; what looks like a phone number or a mail address is still a user id
//! unless `from_kind` says otherwise.

use crate::{
    account::Account,
    json,
    parsed::{Malformed, Parsed},
    request::Verified,
    standard,
};
use relevo_domain::message::AddressKind;

pub use standard::{format, outcome};
pub(crate) use standard::{handshake, verify};

/// Reads the one event.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    standard::read(request, &json::body_object(request.body())?, Some(AddressKind::User))
}
