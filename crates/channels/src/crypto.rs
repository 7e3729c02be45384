//! Signatures: computed over raw bytes, compared in constant time, with every valid secret.

use crate::{account::Secret, request::Refusal};
use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{
        DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD as CANONICAL,
    },
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// Base64 with the standard alphabet, padded or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// HMAC-SHA256 over the parts one after the other.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA1 over the parts one after the other.
pub(crate) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// Most secrets of an account: the present one, and the one that it replaces.
const MOST_SECRETS: usize = 2;

/// Passes if the signature is what `sign` makes with one of the secrets. Every secret is tried whichever fits, and what
/// fits none costs as much as with the most secrets that there can be: neither that there is no such account nor that
/// one has none, or is being given another, shows in the time.
pub(crate) fn any_secret(
    secrets: &[Secret],
    signature: &[u8],
    sign: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<(), Refusal> {
    any_fits(secrets, |secret| {
        let key = secret.map_or(&b"no secret"[..], |secret| secret.expose().as_bytes());
        equal(&sign(key), signature)
    })
}

/// The same for what is checked otherwise than by comparing: `fits` is asked for every secret, and for none as often as
/// there could be more.
pub(crate) fn any_fits(secrets: &[Secret], fits: impl Fn(Option<&Secret>) -> bool) -> Result<(), Refusal> {
    if secrets.iter().fold(false, |found, secret| found | fits(Some(secret))) {
        return Ok(());
    }
    for _ in secrets.len()..MOST_SECRETS {
        let _ = std::hint::black_box(fits(None));
    }
    Err(if secrets.is_empty() { Refusal::NotConfigured } else { Refusal::Wrong })
}

/// Passes if what was presented is one of the secrets themselves (bearer, secret token, basic auth).
/// Hashes are compared, so that lengths do not show either.
pub(crate) fn any_equal(secrets: &[Secret], presented: &str) -> Result<(), Refusal> {
    let presented = Sha256::digest(presented.as_bytes());
    any_secret(secrets, &presented, |secret| Sha256::digest(secret).to_vec())
}

/// Equality in constant time. An empty value equals nothing.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    !left.is_empty() && bool::from(left.ct_eq(right))
}

/// Decodes hexadecimal of either case.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, Refusal> {
    hex::decode(text).map_err(|_| Refusal::Unreadable)
}

/// Decodes base64, padded or not.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

/// Encodes base64, padded.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    CANONICAL.encode(bytes)
}

/// `sha256:<hex>`: the name of bytes.
pub fn fingerprint(bytes: &[u8]) -> String {
    fingerprint_of(&[bytes])
}

/// `sha256:<hex>` of several parts; their borders count.
pub(crate) fn fingerprint_of(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        if parts.len() > 1 {
            hash.update((part.len() as u64).to_le_bytes());
        }
        hash.update(part);
    }
    let mut name = String::from("sha256:");
    for byte in hash.finalize() {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn what_fits_no_secret_costs_the_same_whatever_the_account_has() {
        let cost = |secrets: &[&str], presented: &str| {
            let secrets: Vec<_> = secrets.iter().map(|secret| Secret::from(*secret)).collect();
            let made = Cell::new(0);
            let sign = |key: &[u8]| {
                made.set(made.get() + 1);
                hmac_sha256(key, &[b"body"])
            };
            let fits = any_secret(&secrets, &hmac_sha256(presented.as_bytes(), &[b"body"]), sign).is_ok();
            (fits, made.get())
        };
        for secrets in [&[][..], &["one"], &["one", "two"]] {
            assert_eq!(cost(secrets, "wrong"), (false, 2), "{secrets:?}");
        }
        assert_eq!((cost(&["one"], "one"), cost(&["one", "two"], "two")), ((true, 1), (true, 2)));
        assert_eq!(cost(&[], "no secret"), (false, 2), "what stands for no secret is none");
    }
}
