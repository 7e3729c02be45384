//! What the master key gives: keyed hashes for ids, a key to seal secrets, a key to sign links.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use chrono::{DateTime, Utc};
use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac};
use relevo_journal::Vault;
use relevo_journal::audit::{Mac as Link, MacKey};
use sha2::Sha256;
use std::rc::Rc;
use thiserror::Error;

/// Bytes of the initialisation vector of AES-GCM.
const NONCE_BYTES: usize = 12;

/// Something is wrong with a key or with what was to be opened with it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// The variable is not 64 hexadecimal digits.
    #[error("the variable master_key must be 64 hexadecimal digits (32 random bytes)")]
    BadMasterKey,
    /// No randomness.
    #[error("the host gives no random bytes")]
    NoRandom,
    /// Sealed under another key or for another purpose, or altered.
    #[error("a sealed value cannot be opened: the master key is another one, or the value was altered")]
    CannotOpen,
}

/// The keys of one desk. None of them is ever stored.
#[derive(Clone)]
pub struct DeskKeys {
    ids: [u8; 32],
    links: [u8; 32],
    seal: [u8; 32],
    /// None: nothing can be unwrapped.
    wrapping: Option<[u8; 32]>,
    audit: [u8; 32],
}

/// What a desk's events are linked with.
struct LinkKey([u8; 32]);

impl MacKey for LinkKey {
    fn mac(&self, parts: &[&[u8]]) -> Link {
        Link(mac(&self.0, parts).first_chunk().copied().unwrap_or_default())
    }
}

impl DeskKeys {
    /// Derives a desk's keys from the master key in hexadecimal.
    ///
    /// # Errors
    /// If the master key is not 32 bytes.
    pub fn derive(master_hex: &str, desk: &str) -> Result<Self, KeyError> {
        let master = HEXLOWER_PERMISSIVE.decode(master_hex.trim().as_bytes());
        let master = master.ok().filter(|key| key.len() == 32).ok_or(KeyError::BadMasterKey)?;
        let derive = |purpose: &str| mac(&master, &[b"relevo/1", purpose.as_bytes(), desk.as_bytes()]);
        Ok(Self {
            ids: derive("ids"),
            links: derive("links"),
            seal: derive("seal"),
            audit: derive("audit"),
            wrapping: Some(derive("wrapping")),
        })
    }

    /// Keys that open nothing, for what only counts and compares.
    pub fn none() -> Self {
        Self { ids: [0; 32], links: [0; 32], seal: [0; 32], audit: [0; 32], wrapping: None }
    }

    /// A keyed hash: 26 characters of `a-z2-7`. Equal parts give equal ids; nothing can be read from one.
    pub fn id(&self, label: &str, parts: &[&str]) -> String {
        let mut all: Vec<&[u8]> = vec![label.as_bytes()];
        all.extend(parts.iter().map(|p| p.as_bytes()));
        let hash = mac(&self.ids, &all);
        let short = hash.get(..16).unwrap_or(&hash);
        BASE32_NOPAD.encode(short).to_ascii_lowercase()
    }

    /// A fingerprint of content, to tell a repeat from another use of the same key.
    pub fn tag(&self, content: &[u8]) -> u32 {
        let hash = mac(&self.ids, &[b"tag", content]);
        hash.first_chunk::<4>().map_or(0, |b| u32::from_be_bytes(*b))
    }

    /// The signature of a link's content: 16 bytes.
    pub fn sign_link(&self, content: &[u8]) -> [u8; 16] {
        let hash = mac(&self.links, &[content]);
        hash.first_chunk::<16>().copied().unwrap_or_default()
    }

    /// What the journal opens personal values with: it unwraps the desk's data keys.
    pub fn vault(&self, now: DateTime<Utc>) -> Vault {
        self.wrapping.map_or_else(Vault::closed, |wrapping| Vault::open(wrapping, now))
    }

    /// Seals a secret for one purpose, which is needed again to open it.
    ///
    /// # Errors
    /// If the host gives no random bytes.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<String, KeyError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| KeyError::NoRandom)?;
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload).map_err(|_| KeyError::CannotOpen)?;
        Ok(BASE64.encode(&[nonce.as_slice(), sealed.as_slice()].concat()))
    }

    /// Opens what [`DeskKeys::seal`] sealed for the same purpose.
    ///
    /// # Errors
    /// If it was sealed otherwise or altered.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>, KeyError> {
        let bytes = BASE64.decode(sealed.as_bytes()).map_err(|_| KeyError::CannotOpen)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(KeyError::CannotOpen)?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        self.cipher().decrypt(&Nonce::from(*nonce), payload).map_err(|_| KeyError::CannotOpen)
    }

    /// The key that the desk's events are linked with.
    pub fn link_key(&self) -> Rc<dyn MacKey> {
        Rc::new(LinkKey(self.audit))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(self.seal))
    }
}

/// Random bytes as 26 or more characters of `a-z2-7`, for ids and tokens that stand for nothing.
///
/// # Errors
/// If the host gives none.
pub fn random<const N: usize>() -> Result<String, KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::NoRandom)?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

/// HMAC-SHA256 over parts, each preceded by its length so that no two lists of parts are alike.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = match <Hmac<Sha256> as KeyInit>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => return [0; 32], // HMAC takes keys of every length
    };
    for part in parts {
        mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(desk: &str) -> DeskKeys {
        DeskKeys::derive(&"0f".repeat(32), desk).expect("a good key")
    }

    #[test]
    fn a_master_key_of_another_length_is_refused() {
        assert_eq!(DeskKeys::derive("abc", "school").err(), Some(KeyError::BadMasterKey));
        assert_eq!(DeskKeys::derive(&"0f".repeat(31), "school").err(), Some(KeyError::BadMasterKey));
    }

    #[test]
    fn ids_differ_by_desk_label_and_the_limits_between_parts() {
        let id = keys("school").id("contact", &["ab", "c"]);
        assert_eq!(id.len(), 26);
        assert_eq!(id, keys("school").id("contact", &["ab", "c"]));
        assert_ne!(id, keys("travel").id("contact", &["ab", "c"]));
        assert_ne!(id, keys("school").id("message", &["ab", "c"]));
        assert_ne!(id, keys("school").id("contact", &["a", "bc"]));
    }

    #[test]
    fn a_sealed_secret_opens_only_with_its_key_and_purpose_and_unaltered() {
        let sealed = keys("school").seal("whatsapp/main", b"secret").expect("sealed");
        assert_eq!(keys("school").open("whatsapp/main", &sealed).as_deref(), Ok(b"secret".as_slice()));
        assert_eq!(keys("travel").open("whatsapp/main", &sealed), Err(KeyError::CannotOpen));
        assert_eq!(keys("school").open("whatsapp/other", &sealed), Err(KeyError::CannotOpen));
        assert_eq!(keys("school").open("whatsapp/main", "AAAA"), Err(KeyError::CannotOpen));
        assert_ne!(sealed, keys("school").seal("whatsapp/main", b"secret").expect("sealed"));
    }
}
