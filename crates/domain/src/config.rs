//! The configuration of a desk as a stream: which pack is published, channel secrets, subscribers.

mod filter;

pub use filter::{About, Filter};

use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The event types that can be subscribed to, or told in a room.
pub const EVENT_TYPES: [&str; 23] = [
    "account.heard",
    "account.silent",
    "message.received",
    "note.mentioned",
    "notice.raised",
    "rating.received",
    "reply.held",
    "reply.held_back",
    "reply.rejected",
    "reply.written",
    "sla.breached",
    "sla.escalated",
    "sla.excused",
    "sla.warned",
    "ticket.assigned",
    "ticket.escalated",
    "ticket.merged",
    "ticket.opened",
    "ticket.returned",
    "ticket.status_changed",
    "ticket.unmerged",
    "ticket.validated",
    "ticket.woken",
];

/// A change of configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConfigEvent {
    /// A pack was published.
    #[serde(rename = "pack.published")]
    PackPublished {
        /// Content address of the pack's bytes.
        blob: String,
        /// Its number, from a counter; events from before there was one have their place as number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
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
    /// From 1, rising. A publication that failed may leave a number out.
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
    /// All versions of the pack, by number; events name the one they were written under.
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

    /// The newest version with these contents.
    pub fn published(&self, blob: &str) -> Option<&PackVersion> {
        self.packs.iter().rev().find(|version| version.blob == blob)
    }

    /// A version by number.
    pub fn version(&self, version: u32) -> Option<&PackVersion> {
        self.packs.iter().rev().find(|known| known.version == version)
    }
}

impl Fold for Config {
    type Data = ConfigEvent;
    const KIND: &'static str = "pack";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<ConfigEvent>) {
        match &event.data {
            ConfigEvent::PackPublished { blob, version } => {
                let place = || self.current().map_or(0, |newest| newest.version).saturating_add(1);
                let version = version.unwrap_or_else(place);
                let published =
                    PackVersion { version, blob: blob.clone(), at: event.at, by: event.by.clone() };
                let after = self.packs.partition_point(|known| known.version <= version);
                self.packs.insert(after, published);
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

#[cfg(test)]
mod tests {
    use super::*;
    use relevo_journal::{EventId, Hlt};

    fn published(config: &mut Config, blob: &str, version: Option<u32>) {
        let id = EventId::new(blob).expect("an id");
        let data = ConfigEvent::PackPublished { blob: blob.into(), version };
        let at = DateTime::<Utc>::UNIX_EPOCH;
        config.apply(&Event { id, hlt: Hlt::default(), at, by: "person:a".into(), tag: 0, data });
    }

    #[test]
    fn a_version_keeps_its_number_in_whatever_order_publications_become_visible() {
        let mut config = Config::default();
        for (blob, version) in [("a", None), ("b", None), ("d", Some(4)), ("c", Some(3)), ("f", Some(6))] {
            published(&mut config, blob, version);
        }
        let found = |version| config.version(version).map(|found| found.blob.as_str());
        let all: Vec<_> = (0..=7).map(found).collect();
        assert_eq!(all, [None, Some("a"), Some("b"), Some("c"), Some("d"), None, Some("f"), None]);
        assert_eq!(config.current().map(|current| current.version), Some(6));
        assert_eq!(config.published("c").map(|published| published.version), Some(3));
    }
}
