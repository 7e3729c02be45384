//! SendGrid event webhook: what became of mails that we sent.
//!
//! Signature: ECDSA P-256 with SHA-256 over the timestamp and the raw body (its CRLF at the end included), in
//! `X-Twilio-Email-Event-Webhook-Signature` and `…-Timestamp`. The account's secrets are the public keys that
//! SendGrid shows (base64 of DER). A repeat is known by `sg_event_id`. Expects 2xx; repeats for 24 h, with the time
//! of the first, so the time is no reason to refuse.
//!
//! Settings: `opens` (true: an opened mail counts as read).
//!
//! Source: Twilio SendGrid, "Event Webhook reference", "Event Webhook security features".

use crate::{
    account::Account,
    crypto, json, mail,
    parsed::{Answer, Malformed, Parsed},
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use p256::{
    ecdsa::{Signature, VerifyingKey, signature::Verifier},
    pkcs8::DecodePublicKey,
};
use relevo_domain::{
    Private,
    message::{DeliveryState, Inbound, OtherEvent, StatusReport},
};
use serde_json::{Map, Value, value::RawValue};

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Checks the signature with every key of the account.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    let present = |name| request.header(name).filter(|value| !value.is_empty()).ok_or(Refusal::Missing);
    let signature = present("x-twilio-email-event-webhook-signature")?;
    let time = present("x-twilio-email-event-webhook-timestamp")?;
    let signature = crypto::from_base64(signature).and_then(|der| Signature::from_der(&der).ok());
    let signature = signature.ok_or(Refusal::Unreadable)?;
    let signed = [time.as_bytes(), &request.body].concat();
    crypto::any_fits(&account.secrets, |secret| {
        let known = secret.and_then(|secret| key(secret.expose()));
        let is_known = known.is_some();
        let key = known.or_else(|| key(NOBODYS));
        key.is_some_and(|key| key.verify(&signed, &signature).is_ok()) && is_known
    })?;
    Ok(request.verified(now))
}

/// Reads the whole batch.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let text = json::utf8(request.body())?;
    let events: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|_| Malformed::new("the body is not a JSON list"))?;
    let read = |(i, raw): (usize, &RawValue)| match json::object(raw) {
        Ok(event) => self::event(raw, event, account),
        Err(why) => json::problem(raw, format!("/{i}"), why),
    };
    Ok(events.into_iter().enumerate().map(read).collect::<Vec<_>>().into())
}

/// A public key that no account has: what it costs to check a signature is spent where there is none.
const NOBODYS: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElX1ELfRs49xjnptf2EbUy6ttQ27k\
                       fvOkXEs1ftGhglx7xRqwiblIoQ3aj6UhZM8nUT2ek3HljcuFDzAENarZwA==";

fn key(secret: &str) -> Option<VerifyingKey> {
    VerifyingKey::from_public_key_der(&crypto::from_base64(secret)?).ok()
}

fn event(raw: &RawValue, event: Map<String, Value>, account: &Account) -> Inbound {
    let kind = json::text(&event, "event").unwrap_or("event");
    let recipient = json::id(&event, "email").map(mail::email);
    // `<X-Message-Id of the answer>.recvd-…`: the part before the first dot is what sending gave.
    let message = json::id(&event, "sg_message_id").and_then(|id| Some(id.split('.').next()?.to_owned()));
    let message = message.filter(|id| !id.is_empty());
    let blocked = json::text(&event, "type") == Some("blocked");
    let state = match kind {
        "processed" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "open" if account.flag("opens") => Some(DeliveryState::Read),
        "dropped" | "bounce" => Some(DeliveryState::Failed),
        _ => None,
    };
    let Some((state, external_id)) = state.zip(message) else {
        let own = json::id(&event, "sg_event_id");
        return Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id: own.unwrap_or_else(|| crypto::fingerprint(raw.get().as_bytes())),
            kind: kind.to_owned(),
            from: recipient,
            data: Private(Value::Object(event)),
        });
    };
    let status =
        json::text(&event, "status").filter(|status| status.chars().all(|c| c.is_ascii_digit() || c == '.'));
    let error = [Some(kind), blocked.then_some("blocked"), status].into_iter().flatten();
    Inbound::Status(StatusReport {
        external_id,
        our_id: json::id(&event, "relevo_id"),
        state,
        recipient,
        error: (state == DeliveryState::Failed).then(|| error.collect::<Vec<_>>().join(" ")),
        at: event.get("timestamp").and_then(json::unix_seconds),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn nobodys_key_is_one() {
        assert!(super::key(super::NOBODYS).is_some());
    }
}
