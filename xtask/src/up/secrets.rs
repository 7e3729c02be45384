//! What must stay the same between runs and may not be known: made once, kept in the state folder.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::files;
use crate::random;

/// All secrets of a state folder.
#[derive(Serialize, Deserialize)]
pub struct Secrets {
    /// 32 bytes in hexadecimal, under which everything is encrypted.
    pub master_key: String,
    /// The operator's bearer token.
    pub admin_token: String,
    /// The schedule's bearer token.
    pub tick_token: String,
    /// Deliveries that are still waiting name the stand-in: it comes back where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in_port: Option<u16>,
    /// By desk.
    #[serde(default)]
    pub desks: BTreeMap<String, DeskSecrets>,
}

/// Secrets of a desk.
#[derive(Default, Serialize, Deserialize)]
pub struct DeskSecrets {
    /// By role: the token of one person who has it.
    #[serde(default)]
    pub tokens: BTreeMap<String, Token>,
    /// By `channel/account`.
    #[serde(default)]
    pub channels: BTreeMap<String, ChannelSecrets>,
}

/// A person's token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    /// Person id.
    pub person: String,
    /// Bearer token.
    pub token: String,
}

/// Secrets of a channel account, as its provider would have given them.
#[derive(Clone, Serialize, Deserialize)]
pub struct ChannelSecrets {
    /// What is signed with, or for Postmark `user:password`; none where anybody may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What a signature is checked with, where that is not what it is made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// What a GET handshake must present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_token: Option<String>,
    /// What calls to the provider are authorised with.
    pub access_token: String,
}

impl Secrets {
    /// Reads them, or makes new ones where there are none.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn load(state: &Path) -> Result<Self> {
        let path = state.join("secrets.json");
        if !path.exists() {
            return Ok(Self {
                master_key: random::hex(32)?,
                admin_token: format!("adm_{}", random::hex(24)?),
                tick_token: format!("tick_{}", random::hex(24)?),
                stand_in_port: None,
                desks: BTreeMap::new(),
            });
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("reading {} (--fresh begins with nothing)", path.display()))
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the state folder cannot be written to.
    pub fn save(&self, state: &Path) -> Result<()> {
        files::write_private(&state.join("secrets.json"), &serde_json::to_string_pretty(self)?)
    }
}

impl ChannelSecrets {
    /// New ones, of the kind that the channel's provider uses.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new(channel: &str) -> Result<Self> {
        let mut public_key = None;
        let secret = match channel {
            // The portal's form is posted by browsers.
            "form" => None,
            "in-app" | "phone" | "standard" => Some(format!("whsec_{}", random::base64(24)?)),
            "postmark" => Some(format!("relevo:{}", random::hex(16)?)),
            "sendgrid-events" => {
                let pair = random::p256()?;
                public_key = Some(pair.public_base64);
                Some(pair.private_pem)
            }
            _ => Some(random::hex(16)?),
        };
        let shakes_hands = matches!(channel, "whatsapp" | "messenger" | "instagram");
        Ok(Self {
            secret,
            public_key,
            verify_token: shakes_hands.then(|| random::hex(16)).transpose()?,
            access_token: random::hex(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn they_are_made_once_and_only_their_owner_reads_them() {
        let state = std::env::temp_dir().join(format!("relevo-secrets-{}", std::process::id()));
        let mut first = Secrets::load(&state).expect("made");
        assert_eq!(first.master_key.len(), 64);
        first
            .desks
            .entry("a".into())
            .or_default()
            .channels
            .insert("standard/main".into(), ChannelSecrets::new("standard").expect("made"));
        first.save(&state).expect("saved");
        let mode = std::fs::metadata(state.join("secrets.json")).expect("there").permissions().mode();
        let second = Secrets::load(&state).expect("read");
        std::fs::write(state.join("secrets.json"), "{").expect("writable");
        let broken = Secrets::load(&state).err().map(|error| format!("{error:#}")).unwrap_or_default();
        std::fs::remove_dir_all(&state).expect("removed");
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(second.master_key, first.master_key);
        assert!(
            second.desks["a"].channels["standard/main"]
                .secret
                .as_deref()
                .is_some_and(|s| s.starts_with("whsec_"))
        );
        assert!(broken.contains("secrets.json"), "{broken}");
    }
}
