//! Standard Webhooks, from the text of its specification: signing as a sender, checking as a receiver.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of `webhook-signature`.
///
/// # Panics
/// When the secret is not `whsec_` and base64.
pub fn sign(secret: &str, id: &str, timestamp: &str, body: &str) -> String {
    let key = secret.strip_prefix("whsec_").expect("whsec_…");
    let key = STANDARD.decode(key).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Is one of the signatures in the header the right one?
pub fn verify(secret: &str, id: &str, timestamp: &str, body: &str, signatures: &str) -> bool {
    let expected = sign(secret, id, timestamp, body);
    !id.is_empty() && signatures.split(' ').any(|signature| signature == expected)
}
