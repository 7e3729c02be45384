//! What events hold that tell of rules of the pack.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// See [`ConversationEvent::AutomationFired`](super::ConversationEvent::AutomationFired).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutomationFired {
    /// Ordinal.
    pub ticket: u32,
    /// Automation id.
    pub automation: String,
    /// What people call it.
    pub name: String,
    /// The version of the pack that it is from.
    pub version: u32,
    /// Id of the event that it followed, or what time was over.
    pub cause: String,
    /// Id of the event that began the chain.
    pub root: String,
    /// What happened, and the conditions that held.
    pub why: String,
    /// The automations that led to this, the first one first and this one last.
    pub chain: Vec<String>,
    /// Of one that waits: since when it had waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Replies that are to be written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replies: Vec<WantedReply>,
    /// What it could not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedAction>,
}

/// A reply that a rule of the pack wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WantedReply {
    /// Template.
    pub template: String,
    /// What the template takes beside what is known of the ticket.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

/// An action that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAction {
    /// Its place in the list, from 0.
    pub action: usize,
    /// Code of the refusal.
    pub code: String,
}

/// See [`ConversationEvent::AutomationHeld`](super::ConversationEvent::AutomationHeld).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationHeld {
    /// Ordinal.
    pub ticket: u32,
    /// Automation id.
    pub automation: String,
    /// The version of the pack that it is from.
    pub version: u32,
    /// Id of the event that it would have followed.
    pub cause: String,
    /// The automations that led there, the first one first.
    pub chain: Vec<String>,
    /// `loop`: it is in the chain; `again`: it has applied to what began the chain; `depth`: the chain is as long as one
    /// may be.
    pub why: String,
}

/// See [`ConversationEvent::AutomationReplied`](super::ConversationEvent::AutomationReplied).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomationReplied {
    /// Ordinal.
    pub ticket: u32,
    /// Id of the event that wanted it.
    pub fired: String,
    /// Its place among the replies of that, from 0.
    pub place: usize,
    /// Id of the event that began the chain.
    pub root: String,
    /// The automations that led to it.
    pub chain: Vec<String>,
    /// Why it could not be written: code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}
