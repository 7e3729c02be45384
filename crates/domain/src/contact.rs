//! A person as known to a desk: addresses, a name, conversations.

use crate::Private;
use crate::message::Address;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};

/// What became known of a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ContactEvent {
    /// Seen on a channel, in a conversation that was new to the contact or under another name.
    #[serde(rename = "contact.seen")]
    ContactSeen {
        /// Channel slug.
        channel: String,
        /// The address as received.
        address: Address,
        /// The name as given there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Private<String>>,
        /// Stream name of the conversation.
        conversation: String,
    },
}

/// A contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The name as last given.
    pub name: Option<Private<String>>,
    /// Where the contact was seen, without repeats, oldest first.
    pub addresses: Vec<(String, Address)>,
    /// Stream names of the contact's conversations, oldest first.
    pub conversations: Vec<String>,
    /// When the contact was first seen.
    pub since: Option<DateTime<Utc>>,
}

impl Contact {
    /// Does a sighting add anything to what is known?
    pub fn learns_from(&self, name: Option<&Private<String>>, conversation: &str) -> bool {
        (name.is_some() && name != self.name.as_ref())
            || !self.conversations.iter().any(|c| c == conversation)
    }
}

impl Fold for Contact {
    type Data = ContactEvent;
    const KIND: &'static str = "contact";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<ContactEvent>) {
        let ContactEvent::ContactSeen { channel, address, name, conversation } = &event.data;
        self.since = Some(self.since.map_or(event.at, |since| since.min(event.at)));
        if name.is_some() {
            self.name.clone_from(name);
        }
        if !self.addresses.iter().any(|(c, a)| c == channel && a == address) {
            self.addresses.push((channel.clone(), address.clone()));
        }
        if !self.conversations.contains(conversation) {
            self.conversations.push(conversation.clone());
        }
    }
}
