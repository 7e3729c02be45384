//! The configuration of a desk as a stream: which pack is published, channel secrets, subscribers.

mod filter;

pub use filter::{About, Filter};

use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A change of configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConfigEvent {
    /// A pack was published.
    #[serde(rename = "pack.published")]
    PackPublished {
        /// Content address of the pack's bytes.
        blob: String,
    },
    /// The published terms were applied to open tickets.
    #[serde(rename = "terms.applied")]
    TermsApplied {
        /// Version of the pack that they are of.
        version: u32,
        /// How many tickets they changed something for.
        changed: u64,
        /// Content address of what was answered: which tickets, and what changed.
        blob: String,
    },
    /// The secrets of a channel account were set; sealed under the desk's key.
    #[serde(rename = "secrets.set")]
    SecretsSet {
        /// Channel slug.
        channel: String,
        /// Account name.
        account: String,
        /// Sealed JSON, base64.
        sealed: String,
    },
    /// A subscriber was added or changed.
    #[serde(rename = "subscriber.set")]
    SubscriberSet {
        /// Subscriber id.
        id: String,
        /// What it wants and where.
        subscriber: Subscriber,
    },
    /// A subscriber was removed.
    #[serde(rename = "subscriber.removed")]
    SubscriberRemoved {
        /// Subscriber id.
        id: String,
    },
}

/// Somebody who gets events by Standard Webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Where to post.
    pub url: String,
    /// Event types; empty: all.
    pub events: Vec<String>,
    /// Which tickets.
    #[serde(default, skip_serializing_if = "Filter::is_empty")]
    pub only: Filter,
    /// Signing secret, sealed, base64.
    pub sealed: String,
}

/// A version of the pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackVersion {
    /// From 1.
    pub version: u32,
    /// Content address.
    pub blob: String,
    /// When it was published.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// The configuration of a desk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// All versions of the pack, oldest first; events name the one they were written under.
    pub packs: Vec<PackVersion>,
    /// Sealed secrets by `channel/account`.
    pub secrets: BTreeMap<String, String>,
    /// Subscribers by id.
    pub subscribers: BTreeMap<String, Subscriber>,
}

impl Config {
    /// The version in force.
    pub fn current(&self) -> Option<&PackVersion> {
        self.packs.last()
    }

    /// A version by number.
    pub fn version(&self, version: u32) -> Option<&PackVersion> {
        self.packs.get(usize::try_from(version).ok()?.checked_sub(1)?)
    }
}

impl Fold for Config {
    type Data = ConfigEvent;
    const KIND: &'static str = "pack";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<ConfigEvent>) {
        match &event.data {
            ConfigEvent::PackPublished { blob } => {
                let version = u32::try_from(self.packs.len()).unwrap_or(u32::MAX).saturating_add(1);
                self.packs.push(PackVersion {
                    version,
                    blob: blob.clone(),
                    at: event.at,
                    by: event.by.clone(),
                });
            }
            // What it did is in the conversations.
            ConfigEvent::TermsApplied { .. } => {}
            ConfigEvent::SecretsSet { channel, account, sealed } => {
                self.secrets.insert(format!("{channel}/{account}"), sealed.clone());
            }
            ConfigEvent::SubscriberSet { id, subscriber } => {
                self.subscribers.insert(id.clone(), subscriber.clone());
            }
            ConfigEvent::SubscriberRemoved { id } => {
                self.subscribers.remove(id);
            }
        }
    }
}
