//! Providers that sign nothing and present the secret itself: in the URL, as a bearer token, as basic authentication.

use crate::{
    account::Account,
    crypto,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};

/// Channels whose providers sign nothing and send no header of ours: their secret is part of the URL.
pub const IN_URL: [&str; 3] = ["kommo", "podio", "sendgrid"];

/// The secret is part of the URL: `/hooks/{desk}/{channel}/{account}?key=<secret>`, or one segment more,
/// `/hooks/{desk}/{channel}/{account}/<secret>`, for providers that drop queries.
pub(crate) fn in_url(
    request: Unverified,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<Verified, Refusal> {
    let path = request.path_and_query.split('?').next().unwrap_or_default();
    let segment = path.split('/').nth(5).filter(|segment| !segment.is_empty()).map(str::to_owned);
    let presented = request.query_value("key").filter(|key| !key.is_empty()).or(segment);
    crypto::any_equal(&account.secrets, &presented.ok_or(Refusal::Missing)?)?;
    Ok(request.verified(now))
}

/// `Authorization: Bearer <secret>`.
pub(crate) fn bearer(
    request: Unverified,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<Verified, Refusal> {
    let header = request.header("authorization").filter(|value| !value.is_empty()).ok_or(Refusal::Missing)?;
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::Unreadable)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(Refusal::Unreadable);
    }
    crypto::any_equal(&account.secrets, token.trim())?;
    Ok(request.verified(now))
}

/// `Authorization: Basic <base64 of user:password>`; the secret is `user:password`.
pub(crate) fn basic(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let header = request.header("authorization").filter(|value| !value.is_empty()).ok_or(Refusal::Missing)?;
    let (scheme, encoded) = header.split_once(' ').ok_or(Refusal::Unreadable)?;
    let decoded = crypto::from_base64(encoded.trim()).and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = decoded.filter(|pair| scheme.eq_ignore_ascii_case("basic") && !pair.is_empty());
    crypto::any_equal(&account.secrets, &pair.ok_or(Refusal::Unreadable)?)?;
    Ok(request.verified(now))
}
