//! What a pack and its secrets say about one account at a provider.

use serde_json::{Map, Value};
use std::fmt;

/// A channel account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What the provider signs with. Several are valid at once while one is being rotated; outbound
    /// signatures are made with all of them where the provider's form allows it, else with the first.
    pub secrets: Vec<Secret>,
    /// What a GET handshake must present (`hub.verify_token`).
    pub verify_token: Option<Secret>,
    /// What calls to the provider's API are authorised with.
    pub access_token: Option<Secret>,
    /// What a program proves itself with where it first has to ask for a token (Podio's client secret).
    pub client_secret: Option<Secret>,
    /// The origin (scheme, host, port) under which providers reach us. Configuration, never `Host`.
    pub public_url: Option<String>,
    /// The provider's own terms: `phone_number_id`, `api_version`, `from` … Each channel lists what it reads.
    pub settings: Map<String, Value>,
}

/// A secret. `Debug` tells only that it is there.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Account {
    /// A setting that is a string; numbers are read as their digits (ids are often written bare).
    pub fn setting(&self, name: &str) -> Option<String> {
        match self.settings.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// A setting that is true or false; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        self.settings.get(name).and_then(Value::as_bool).unwrap_or_default()
    }
}

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself, for computing a signature or a header.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}
