//! Raw mail (RFC 5322), as a mail server pipes it in.
//!
//! `Authorization: Bearer <secret>`. A repeat is known by the Message-ID. Expects 2xx.

use crate::{
    account::Account,
    mail,
    parsed::{Answer, Malformed, Parsed},
    presented,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Compares the bearer token.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    presented::bearer(request, account, now)
}

/// Reads the one mail.
pub fn parse(request: &Verified, _: &Account) -> Result<Parsed, Malformed> {
    let letter =
        mail::letter(request.body()).ok_or_else(|| Malformed::new("not a mail: it has no headers"))?;
    let id = letter.id(request.body());
    let (items, files) = letter.items(id, Vec::new());
    Ok(Parsed { items, files, ..Parsed::default() })
}
