//! A data key: sealing, and keyed hashes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::names::checked_name;

const NONCE_BYTES: usize = 12;

fn id_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

checked_name!(
    /// Names a data key. Random: says nothing about whose it is.
    KeyId, "key id", "[a-z0-9]{1,32}", id_byte, id_byte, 1..=32
);

/// A data key.
#[derive(Clone)]
pub struct DataKey {
    id: KeyId,
    bytes: [u8; 32],
    /// Made when it is first needed: a load opens several values under one key.
    cipher: OnceLock<Arc<Aes256Gcm>>,
}

impl PartialEq for DataKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.bytes == other.bytes
    }
}

impl Eq for DataKey {}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.id)
    }
}

impl DataKey {
    /// A key of random bytes, which the caller has from its host.
    pub fn new(id: KeyId, bytes: [u8; 32]) -> Self {
        Self { id, bytes, cipher: OnceLock::new() }
    }

    /// One that is known by a fixed name and lies in no store.
    pub(crate) fn named(name: &str, bytes: [u8; 32]) -> Self {
        Self::new(KeyId(name.to_owned()), bytes)
    }

    /// A key for one purpose, made of this one.
    pub(crate) fn derive(&self, name: &str) -> Self {
        Self::named(name, mac(&self.bytes, &[b"derive", name.as_bytes()]))
    }

    /// The key itself.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Its id.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Seals text: AES-256-GCM, the nonce first. `about` is what it belongs to and is needed again to open it.
    ///
    /// The nonce is a keyed hash of all that goes in, so equal input gives equal output: what a repeated commit
    /// writes is what it wrote the first time. Different input has different nonces.
    pub(crate) fn seal(&self, about: &[&[u8]], text: &[u8]) -> Option<Vec<u8>> {
        let aad = joined(about);
        let hash = mac(&self.bytes, &[b"nonce", &aad, text]);
        let nonce: [u8; NONCE_BYTES] = *hash.first_chunk()?;
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), Payload { msg: text, aad: &aad }).ok()?;
        Some([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// Opens what was sealed about the same; nothing when it was altered or is about something else.
    pub(crate) fn open(&self, about: &[&[u8]], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let aad = joined(about);
        self.cipher().decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &aad }).ok()
    }
    /// A keyed hash of bytes, in hexadecimal: tells equal ones under this key, and nothing else.
    pub(crate) fn hash(&self, parts: &[&[u8]]) -> String {
        hex::encode(mac(&self.bytes, parts))
    }

    /// One key that needs all of these: what is sealed under it is lost with any of them.
    pub(crate) fn of_all<'a>(all: impl IntoIterator<Item = &'a DataKey>) -> Option<DataKey> {
        let mut keys: Vec<&DataKey> = all.into_iter().collect();
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        let parts: Vec<&[u8]> = keys.iter().map(|key| key.bytes.as_slice()).collect();
        let id = keys.first()?.id.clone();
        Some(DataKey::new(id, mac(b"relevo/all", &parts)))
    }

    fn cipher(&self) -> &Aes256Gcm {
        self.cipher.get_or_init(|| {
            let key = mac(&self.bytes, &[b"seal"]);
            Arc::new(<Aes256Gcm as aes_gcm::KeyInit>::new(&Key::<Aes256Gcm>::from(key)))
        })
    }
}

/// Parts, each preceded by its length, so that no two lists of parts are alike.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        all.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        all.extend_from_slice(part);
    }
    all
}

/// HMAC-SHA256 over parts.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = match <Hmac<Sha256> as KeyInit>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => return [0; 32], // HMAC takes keys of every length
    };
    mac.update(&joined(parts));
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> DataKey {
        DataKey::new(KeyId::new(id).unwrap(), [byte; 32])
    }

    #[test]
    fn what_is_sealed_opens_only_with_its_key_about_the_same_and_unaltered() {
        let sealed = key("a", 1).seal(&[b"ab", b"c"], b"Rosa").unwrap();
        assert_eq!(key("a", 1).open(&[b"ab", b"c"], &sealed).as_deref(), Some(b"Rosa".as_slice()));
        assert_eq!(key("a", 2).open(&[b"ab", b"c"], &sealed), None);
        assert_eq!(key("a", 1).open(&[b"a", b"bc"], &sealed), None);
        for n in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[n] ^= 1;
            assert_eq!(key("a", 1).open(&[b"ab", b"c"], &altered), None, "byte {n}");
        }
        assert_eq!(sealed, key("a", 1).seal(&[b"ab", b"c"], b"Rosa").unwrap(), "equal input, equal output");
        assert_ne!(sealed[..12], key("a", 1).seal(&[b"ab", b"d"], b"Rosa").unwrap()[..12]);
        assert_ne!(sealed[..12], key("a", 1).seal(&[b"ab", b"c"], b"Rose").unwrap()[..12]);
    }

    #[test]
    fn a_key_of_all_needs_every_one_of_them_in_any_order() {
        let of = |keys: &[&DataKey]| DataKey::of_all(keys.iter().copied()).unwrap();
        let (a, b) = (key("a", 1), key("b", 2));
        assert_eq!(of(&[&a, &b]), of(&[&b, &a]));
        assert_ne!(of(&[&a, &b]).bytes, of(&[&a]).bytes);
        assert_ne!(of(&[&a]).bytes, a.bytes);
        assert_eq!(DataKey::of_all([]), None);
    }
}
