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

/// Passes if the signature is what `sign` makes with one of the secrets. Every secret is tried whichever
/// fits, and without any the same work is done, so the time tells nothing about the account.
pub(crate) fn any_secret(
    secrets: &[Secret],
    signature: &[u8],
    sign: impl Fn(&[u8]) -> Vec<u8>,
) -> Result<(), Refusal> {
    if secrets.is_empty() {
        let _ = equal(&sign(b"no secret"), signature);
        return Err(Refusal::NotConfigured);
    }
    let fits = secrets
        .iter()
        .map(|secret| equal(&sign(secret.expose().as_bytes()), signature))
        .fold(false, |fits, this| fits | this);
    if fits { Ok(()) } else { Err(Refusal::Wrong) }
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
