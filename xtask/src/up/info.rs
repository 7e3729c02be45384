//! The file that tells clients where the application is and how to get in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::files;
use crate::{clock, project};

/// What is in the file.
#[derive(Serialize, Deserialize)]
pub struct Info {
    /// Scheme, host, port.
    pub base_url: String,
    /// The operator's bearer token.
    pub admin_token: String,
    /// The schedule's bearer token.
    pub tick_token: String,
    /// Base URL of the stand-in provider.
    pub stand_in: String,
    /// By name.
    pub desks: BTreeMap<String, Desk>,
}

/// A desk.
#[derive(Serialize, Deserialize)]
pub struct Desk {
    /// Whose token `agent_token` is.
    pub agent: String,
    /// Bearer token of an agent.
    pub agent_token: String,
    /// Whose token `lead_token` is.
    pub lead: String,
    /// Bearer token of a lead.
    pub lead_token: String,
    /// Whose token `manager_token` is.
    #[serde(default)]
    pub manager: String,
    /// Bearer token of a manager.
    #[serde(default)]
    pub manager_token: String,
    /// By `channel/account`.
    pub channels: BTreeMap<String, ChannelInfo>,
}

/// A channel account.
#[derive(Serialize, Deserialize)]
pub struct ChannelInfo {
    /// Where the provider posts.
    pub path: String,
    /// What it signs with; absent where it is part of the path or anybody may write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What its signatures are checked with, where that is not the secret (`secret` is then a PEM private key).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// What a GET handshake must present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_token: Option<String>,
    /// Origin that the provider knows, without a path.
    pub public_url: String,
}

/// Where the file is unless `--info` says otherwise.
pub fn default_path() -> PathBuf {
    project::target().join("up.json")
}

impl Info {
    /// Reads the file of a running `up`.
    ///
    /// # Errors
    /// When there is none.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("reading {}: start `cargo xtask up` and wait until it is ready", path.display())
        })?;
        serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        files::write_private(path, &serde_json::to_string_pretty(self)?)
    }

    /// Lines to copy and paste.
    pub fn what_to_try(&self, path: &Path) -> String {
        let base = &self.base_url;
        let mut text = format!("Tokens and secrets: {}\n", super::shown(path));
        // The desk of the story, or else any that is there.
        let desk = self.desks.get_key_value("school").or_else(|| self.desks.iter().next());
        if let Some((name, desk)) = desk
            && let Some(channel) = desk.channels.get("whatsapp/main")
        {
            let secret = channel.secret.as_deref().unwrap_or_default();
            // Of the time when it is sent: a channel's window for answers counts from when its customer wrote.
            let body = r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"12025550141","phone_number_id":"100200300400501"},"contacts":[{"profile":{"name":"Rosa"},"wa_id":"34600000001"}],"messages":[{"from":"34600000001","id":"wamid.TRY1","timestamp":"'$(date +%s)'","type":"text","text":{"body":"Hola, no puedo entrar"}}]}}]}]}"#;
            text.push_str(&format!(
                "\n# A customer writes on WhatsApp, signed as Meta signs it:\n\
                 BODY='{body}'\n\
                 curl -i {base}{path} -H 'content-type: application/json' -H \"x-hub-signature-256: sha256=$(printf %s \
                 \"$BODY\" | openssl dgst -sha256 -hmac {secret} -r | cut -d' ' -f1)\" -d \"$BODY\"\n\n\
                 # The agent's work list:\n\
                 curl -s {base}/api/{name}/tickets -H 'authorization: Bearer {agent}'\n\n\
                 # How the desk is doing:\n\
                 curl -s '{base}/api/{name}/reports/csat?from={from}&to={to}' \
                 -H 'authorization: Bearer {lead}'\n",
                path = channel.path,
                agent = desk.agent_token,
                lead = desk.lead_token,
                from = clock::day(-30),
                to = clock::day(1),
            ));
        }
        let named =
            if path == default_path() { String::new() } else { format!(" --info {}", path.display()) };
        text.push_str(&format!(
            "\n# Everything that can be called:\ncurl -s {base}/api/openapi.json\n\n\
             # What the stand-in provider received:\ncurl -s {}/requests\n\n\
             # The whole story, step by step, in another terminal:\ncargo xtask demo{named}\n\n\
             Ctrl-C stops.",
            self.stand_in
        ));
        text
    }
}
