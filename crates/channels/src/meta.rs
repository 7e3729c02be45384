//! What WhatsApp, Messenger and Instagram have in common: handshake, signature, Graph API errors.
//!
//! Source: Meta, "Webhooks: getting started" (verification requests, validating payloads) and "Cloud API error
//! codes".

use crate::{
    account::Account,
    crypto,
    outbound::{Outcome, retry_after},
    parsed::Answer,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};
use serde_json::Value;

/// `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…` is answered with the challenge when the token
/// is the account's.
pub(crate) fn handshake(request: &Unverified, account: &Account) -> Option<Answer> {
    if request.method != Method::GET || request.query_value("hub.mode")? != "subscribe" {
        return None;
    }
    let presented = request.query_value("hub.verify_token")?;
    let challenge = request.query_value("hub.challenge")?;
    crypto::any_equal(account.verify_token.as_slice(), &presented).ok()?;
    Some(Answer::text(challenge))
}

/// `X-Hub-Signature-256: sha256=<hex HMAC-SHA256(app secret, raw body)>`.
pub(crate) fn verify(
    request: Unverified,
    account: &Account,
    now: DateTime<Utc>,
) -> Result<Verified, Refusal> {
    let header = request.header("x-hub-signature-256").ok_or(Refusal::Missing)?;
    let signature = crypto::from_hex(header.strip_prefix("sha256=").ok_or(Refusal::Unreadable)?)?;
    crypto::any_secret(&account.secrets, &signature, |key| crypto::hmac_sha256(key, &[&request.body]))?;
    Ok(request.verified(now))
}

/// Reads a Graph API error: `{"error": {"code", "is_transient", …}}`. Its texts are not passed on, they may
/// quote the recipient.
pub(crate) fn failure(status: u16, headers: &HeaderMap, body: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = answer.get("error");
    let code = error.and_then(|error| error.get("code")).and_then(Value::as_i64);
    let transient =
        error.and_then(|error| error.get("is_transient")).and_then(Value::as_bool).unwrap_or_default();
    let (again, meaning) = match code.and_then(known) {
        Some((again, meaning)) => (again, meaning),
        None => (transient || matches!(status, 408 | 429 | 500..), "see the provider's list of error codes"),
    };
    let why = match code {
        Some(code) => format!("{code}: {meaning}"),
        None => format!("HTTP {status} without an error code"),
    };
    if again || transient {
        Outcome::Retry { after_seconds: retry_after(headers), why }
    } else {
        Outcome::Refused { why }
    }
}

/// Whether a code is worth another try, and what it means.
fn known(code: i64) -> Option<(bool, &'static str)> {
    Some(match code {
        1 => (true, "unknown error at the provider"),
        2 => (true, "the provider's service is down"),
        4 => (true, "the app's call limit is reached"),
        17 | 32 => (true, "a call limit is reached"),
        613 => (true, "a custom call limit is reached"),
        80_006..=80_008 => (true, "the business account's call limit is reached"),
        130_429 => (true, "the number's throughput is reached"),
        131_000 => (true, "something went wrong at the provider"),
        131_016 => (true, "the provider's service is unavailable"),
        131_048 => (true, "too many earlier messages were blocked or flagged: sending is limited"),
        131_056 => (true, "too many messages to this recipient in a short time"),
        131_057 => (true, "the business account is in maintenance"),
        132_069 => (true, "the flow is throttled"),
        133_004 => (true, "the provider's server is temporarily unavailable"),
        0 | 190 => (false, "the access token is invalid or has expired"),
        3 | 10 | 200..=299 | 131_005 => (false, "a permission is missing"),
        33 => (false, "the phone number id does not exist or was deleted"),
        100 | 131_009 => (false, "a parameter is not valid"),
        131_008 => (false, "a parameter is missing"),
        368 | 131_031 => (false, "the account is restricted or locked for a breach of policy"),
        130_472 => (false, "the recipient's number is part of an experiment of the provider"),
        130_497 => (false, "the account may not message this country"),
        131_021 => (false, "sender and recipient are the same"),
        131_026 => (false, "undeliverable: not on the service, blocked, or an old version"),
        131_030 => (false, "the recipient is not in the test number's allowed list"),
        131_037 => (false, "the number's display name is not approved"),
        131_042 => (false, "there is a problem with the payment method"),
        131_045 => (false, "the phone number's registration is faulty"),
        131_047 => (
            false,
            "more than 24 hours since the recipient last wrote: only an approved template may be sent",
        ),
        131_049 => (false, "not delivered, to keep the recipient from too much marketing"),
        131_050 => (false, "the recipient has opted out of marketing"),
        131_051 => (false, "the message type is not supported"),
        131_052 | 131_053 => (false, "the file could not be fetched or is not of an accepted type"),
        131_062 => (false, "this kind of template needs a phone number"),
        132_000 => (false, "the number of template parameters differs from the template's"),
        132_001 => (false, "the template does not exist in this language or is not approved"),
        132_005 => (false, "the filled-in template is too long"),
        132_007 => (false, "the template breaks a policy"),
        132_012 => (false, "a template parameter has the wrong format"),
        132_015 => (false, "the template is paused for low quality"),
        132_016 => (false, "the template is disabled"),
        132_018 => (false, "a template parameter is not valid"),
        132_068 => (false, "the flow is blocked"),
        133_010 => (false, "the phone number is not registered"),
        _ => return None,
    })
}
