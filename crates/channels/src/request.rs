//! A provider's request before and after its signature was checked.

use chrono::{DateTime, Utc};
use http::{HeaderMap, Method};
use std::fmt;

/// A request as it came in. Nothing in it may be believed.
pub struct Unverified {
    /// GET for handshakes, POST for events.
    pub method: Method,
    /// Path and query as received, percent-encoding untouched: some providers sign it.
    pub path_and_query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The raw bytes: what providers sign.
    pub body: Vec<u8>,
}

/// A request whose sender was proved. Only a channel's `verify` makes one, or what is kept of such a one.
pub struct Verified {
    request: Unverified,
    at: DateTime<Utc>,
}

/// Why a request was not believed. Whoever sent it is told nothing of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No signature, or a part of it is absent.
    #[error("the signature or a part of it is missing")]
    Missing,
    /// The signature is not in the form that the provider documents.
    #[error("the signature is not in the documented form")]
    Unreadable,
    /// The signature does not fit any of the account's secrets.
    #[error("the signature does not match")]
    Wrong,
    /// Signed too long ago, or in the future.
    #[error("the signed time is outside the accepted window")]
    Stale,
    /// The account lacks what its provider's signature is checked with: a mistake in its set-up.
    #[error("the account has no secret (or no public URL) to check the signature with")]
    NotConfigured,
}

#[allow(unexpected_cfgs, reason = "`fuzzing` is set by those who fuzz")]
impl Unverified {
    /// The header as text, trimmed; none if absent or not visible ASCII, and if it is there twice: others on the way
    /// may have believed the other one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let only = values.next().filter(|_| values.next().is_none());
        only.and_then(|value| value.to_str().ok()).map(str::trim)
    }

    /// The query, without `?`.
    pub fn query(&self) -> &str {
        self.path_and_query.split_once('?').map_or("", |(_, query)| query)
    }

    /// The decoded value of a query parameter; the first one counts.
    pub fn query_value(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.query().as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Believed without proof: to fuzz what a signature would hold up. There is no other build that has it.
    #[cfg(fuzzing)]
    pub fn believed(self, at: DateTime<Utc>) -> Verified {
        self.verified(at)
    }

    pub(crate) fn verified(self, at: DateTime<Utc>) -> Verified {
        Verified { request: self, at }
    }
}

impl Verified {
    /// A request that was kept after it had been verified, to be read once more.
    pub fn kept(content_type: &str, body: Vec<u8>, at: DateTime<Utc>) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(value) = content_type.parse() {
            headers.insert(http::header::CONTENT_TYPE, value);
        }
        Self {
            request: Unverified { method: Method::POST, path_and_query: "/".to_owned(), headers, body },
            at,
        }
    }

    /// The request itself.
    pub fn request(&self) -> &Unverified {
        &self.request
    }

    /// The raw body.
    pub fn body(&self) -> &[u8] {
        &self.request.body
    }

    /// The `now` that it was verified at.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }
}

impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Paths may hold a secret, bodies hold personal data.
        f.debug_struct("Unverified")
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verified").field(&self.request).finish()
    }
}
