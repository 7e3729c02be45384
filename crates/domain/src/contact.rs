//! A person as known to a desk: addresses, a name, conversations, the keys of what is stored of them.

use crate::Private;
use crate::directory::PersonEntry;
use crate::message::Address;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold, KeyId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What became known of a contact, and what was done about its data.
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
    /// A data key was made: what the contact says in a conversation is sealed under it until the next one is made.
    #[serde(rename = "key.made")]
    KeyMade {
        /// The data key.
        key: KeyId,
        /// Stream name of the conversation; none for what belongs to none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<String>,
    },
    /// A provider reported something about the contact where there is no conversation with it.
    #[serde(rename = "report.received")]
    ReportReceived {
        /// Channel slug.
        channel: String,
        /// Account name.
        account: String,
        /// What kind of report it is.
        kind: String,
        /// The report.
        data: Private<Value>,
    },
    /// Data keys are destroyed because their time is over.
    #[serde(rename = "keys.expired")]
    KeysExpired {
        /// The data keys.
        keys: Vec<KeyId>,
    },
    /// The contact's data are erased: all keys there are by now. Means nothing while they are held.
    #[serde(rename = "contact.erased")]
    Erased,
    /// The desk's directory says something of them, in place of what it said.
    #[serde(rename = "directory.set")]
    DirectorySet {
        /// What it says.
        values: Private<Map<String, Value>>,
    },
    /// They are in the directory no more.
    #[serde(rename = "directory.removed")]
    DirectoryRemoved,
    /// The contact's data must be kept: nothing is erased until they are released.
    #[serde(rename = "hold.placed")]
    HoldPlaced {
        /// Why.
        reason: Private<String>,
    },
    /// The contact's data need not be kept any more.
    #[serde(rename = "hold.lifted")]
    HoldLifted {
        /// Why.
        reason: Private<String>,
    },
    /// A survey went out.
    #[serde(rename = "contact.surveyed")]
    ContactSurveyed,
    /// Does not want to be asked any more, or again does.
    #[serde(rename = "contact.surveys_declined")]
    SurveysDeclined {
        /// Does not.
        declined: bool,
    },
    /// Asked not to be written to.
    #[serde(rename = "contact.opted_out")]
    OptedOut {
        /// Channel slug.
        channel: String,
        /// Account name; none in what earlier versions wrote, and then it holds for all of the channel.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// The sender that the account shares with others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
    },
    /// Wants to be written to again.
    #[serde(rename = "contact.opted_in")]
    OptedIn {
        /// Channel slug.
        channel: String,
        /// As above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        /// As above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
    },
    /// Somebody found out that this is the same person as another contact, which now stands for both.
    #[serde(rename = "contact.merged")]
    Merged {
        /// Stream name of the other contact.
        into: String,
    },
    /// Another contact is the same person: the other side of [`ContactEvent::Merged`].
    #[serde(rename = "contact.absorbed")]
    Absorbed {
        /// Stream name of the other contact.
        other: String,
    },
    /// They turned out to be two people.
    #[serde(rename = "contact.unmerged")]
    Unmerged,
    /// The other side of [`ContactEvent::Unmerged`].
    #[serde(rename = "contact.released")]
    Released {
        /// Stream name of the other contact.
        other: String,
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
    /// The data keys in use, oldest first.
    pub keys: Vec<ContactKey>,
    /// The data keys that are to be destroyed, oldest first.
    pub destroyed: Vec<KeyId>,
    /// When the contact's data were last erased.
    pub erased_at: Option<DateTime<Utc>>,
    /// Why they must be kept, if they must.
    pub hold: Option<Hold>,
    /// When a survey last went out.
    #[serde(default)]
    pub surveyed_at: Option<DateTime<Utc>>,
    /// Does not want to be asked.
    #[serde(default)]
    pub no_surveys: bool,
    /// What the desk's directory says of them.
    #[serde(default)]
    pub directory: PersonEntry,
    /// Where the contact asked not to be written to, oldest first.
    #[serde(default)]
    pub opt_outs: Vec<OptOut>,
    /// Stream name of the contact that stands for this one too.
    pub merged_into: Option<String>,
    /// The contacts that this one stands for.
    pub absorbed: Vec<Link>,
}

/// A data key of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactKey {
    /// The key.
    pub id: KeyId,
    /// The conversation it is for.
    pub conversation: Option<String>,
    /// When it was made.
    pub at: DateTime<Utc>,
}

/// Where a contact asked not to be written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptOut {
    /// Channel slug.
    pub channel: String,
    /// Account name; none: every account of the channel.
    pub account: Option<String>,
    /// The sender that the account shares with others.
    pub sender: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A way by which a contact writes or is written to.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Channel slug.
    pub channel: &'a str,
    /// Account name; none: any.
    pub account: Option<&'a str>,
    /// The sender that the account shares with others.
    pub sender: Option<&'a str>,
}

impl OptOut {
    /// Does it hold for this way?
    pub fn holds_for(&self, way: &Way<'_>) -> bool {
        let shares = self.sender.is_some() && self.sender.as_deref() == way.sender;
        let is_it = |own: &str| way.account.is_none_or(|account| account == own);
        self.channel == way.channel && (shares || self.account.as_deref().is_none_or(is_it))
    }
}

/// Why data must be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub reason: Private<String>,
    /// Who said so.
    pub by: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// A contact that was found to be the same person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Stream name.
    pub contact: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who found out.
    pub by: String,
}

impl Contact {
    /// Does a sighting add anything to what is known?
    pub fn learns_from(
        &self,
        name: Option<&Private<String>>,
        conversation: &str,
        (channel, address): (&str, &Address),
    ) -> bool {
        !self.addresses.iter().any(|(c, a)| c == channel && a == address)
            || (name.is_some() && name != self.name.as_ref())
            || !self.conversations.iter().any(|c| c == conversation)
    }

    /// The request not to be written to that holds for a way, if there is one.
    pub fn stopped(&self, way: &Way<'_>) -> Option<&OptOut> {
        self.opt_outs.iter().find(|opt_out| opt_out.holds_for(way))
    }

    /// The newest data key for a conversation (none: for what belongs to none).
    pub fn key_for(&self, conversation: Option<&str>) -> Option<&ContactKey> {
        self.keys.iter().rev().find(|key| key.conversation.as_deref() == conversation)
    }

    fn destroy(&mut self, which: impl Fn(&KeyId) -> bool) {
        let (gone, kept) = self.keys.drain(..).partition(|key| which(&key.id));
        self.keys = kept;
        let gone: Vec<ContactKey> = gone;
        self.destroyed.extend(gone.into_iter().map(|key| key.id));
    }
}

impl Fold for Contact {
    type Data = ContactEvent;
    const KIND: &'static str = "contact";
    const VERSION: u16 = 4;

    fn apply(&mut self, event: &Event<ContactEvent>) {
        match &event.data {
            ContactEvent::ContactSeen { channel, address, name, conversation } => {
                self.since = Some(self.since.map_or(event.at, |since| since.min(event.at)));
                if name.is_some() {
                    self.name.clone_from(name);
                }
                // An erased address is empty, and leads nowhere.
                let known = self.addresses.iter().any(|(c, a)| c == channel && a == address);
                if !known && !address.value.0.is_empty() {
                    self.addresses.push((channel.clone(), address.clone()));
                }
                if !self.conversations.contains(conversation) {
                    self.conversations.push(conversation.clone());
                }
            }
            ContactEvent::KeyMade { key, conversation } => self.keys.push(ContactKey {
                id: key.clone(),
                conversation: conversation.clone(),
                at: event.at,
            }),
            ContactEvent::ReportReceived { .. } => {}
            ContactEvent::KeysExpired { .. } | ContactEvent::Erased if self.hold.is_some() => {}
            ContactEvent::KeysExpired { keys } => self.destroy(|key| keys.contains(key)),
            ContactEvent::Erased => {
                self.destroy(|_| true);
                self.directory.values = Map::new().into();
                self.erased_at = Some(event.at);
            }
            ContactEvent::DirectorySet { values } => {
                self.directory.values.clone_from(values);
                self.directory.revision = self.directory.revision.saturating_add(1);
            }
            ContactEvent::DirectoryRemoved => self.directory.values = Map::new().into(),
            ContactEvent::HoldPlaced { reason } => {
                self.hold = Some(Hold { reason: reason.clone(), by: event.by.clone(), at: event.at });
            }
            ContactEvent::HoldLifted { .. } => self.hold = None,
            ContactEvent::ContactSurveyed => self.surveyed_at = self.surveyed_at.max(Some(event.at)),
            ContactEvent::SurveysDeclined { declined } => self.no_surveys = *declined,
            ContactEvent::OptedOut { channel, account, sender } => {
                let (channel, account, sender) = (channel.clone(), account.clone(), sender.clone());
                let opt_out = OptOut { channel, account, sender, at: event.at };
                self.opt_outs
                    .retain(|known| (&known.channel, &known.account) != (&opt_out.channel, &opt_out.account));
                self.opt_outs.push(opt_out);
            }
            ContactEvent::OptedIn { channel, account, sender } => {
                let way = Way { channel, account: account.as_deref(), sender: sender.as_deref() };
                self.opt_outs.retain(|opt_out| !opt_out.holds_for(&way));
            }
            ContactEvent::Merged { into } => self.merged_into = Some(into.clone()),
            ContactEvent::Unmerged => self.merged_into = None,
            ContactEvent::Absorbed { other } => {
                self.absorbed.retain(|link| link.contact != *other);
                self.absorbed.push(Link { contact: other.clone(), at: event.at, by: event.by.clone() });
            }
            ContactEvent::Released { other } => self.absorbed.retain(|link| link.contact != *other),
        }
    }
}
