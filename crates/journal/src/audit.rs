//! A history that can be verified: every event carries a keyed MAC of itself and names the MACs of the newest
//! events that its writer had read. So the events of a stream are a graph, as commits are in a version-control
//! history, and whoever lacks the key can neither alter nor add one, nor remove one that another names.
//!
//! [`anchor`] says from time to time what there is, so that the loss of a whole stream or of its newest events
//! is found; [`verify`] holds a store against all of this. What it promises is in the README.

pub mod anchor;
mod check;
mod graph;
pub(crate) mod links;
pub mod verify;

use std::fmt;
use std::rc::Rc;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

pub use graph::Known;

/// A keyed MAC. As text (and in the store) 22 characters of `A-Za-z0-9_-`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 16]);

/// The key of one desk. It stays with who implements this: the journal never sees it.
pub trait MacKey {
    /// The MAC of these parts. No two different lists of parts may have the same by construction: their
    /// borders count.
    fn mac(&self, parts: &[&[u8]]) -> Mac;
}

/// A key that a journal links with.
#[derive(Clone)]
pub(crate) struct SharedKey(pub Rc<dyn MacKey>);

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey")
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl TryFrom<String> for Mac {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or("a MAC has 22 characters of base64url")
    }
}

/// A MAC for tests: a hash keyed by a prefix.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Mac, MacKey};
    use sha2::{Digest, Sha256};

    pub struct TestKey(pub &'static str);

    impl MacKey for TestKey {
        fn mac(&self, parts: &[&[u8]]) -> Mac {
            let mut hash = Sha256::new_with_prefix(self.0);
            for part in parts {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
            Mac(hash.finalize()[..16].try_into().unwrap())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_is_22_characters_and_nothing_else_is_one() {
        let mac = Mac([0xfb; 16]);
        let text = serde_json::to_string(&mac).unwrap();
        assert_eq!(text.len(), 24);
        assert_eq!(serde_json::from_str::<Mac>(&text).unwrap(), mac);
        for wrong in ["\"\"", "\"AAAA\"", "\"AAAAAAAAAAAAAAAAAAAAAB\"", "\"AAAAAAAAAAAAAAAAAAAA==\"", "7"] {
            assert!(serde_json::from_str::<Mac>(wrong).is_err(), "{wrong}");
        }
    }
}
