//! Which of a contact's data keys have had their time.

use crate::contact::{Contact, ContactKey};
use crate::conversation::Conversation;
use chrono::{DateTime, Utc};
use relevo_journal::KeyId;
use std::collections::BTreeMap;

/// The data keys of a contact under which there is nothing that is to be kept: all tickets of their time have been over
/// since `limit` or longer. Nothing while the contact's data are held.
///
/// A key is in use from when it was made until the next one for the same conversation is; what is said of an older ticket
/// in that time is sealed under it too. So it is needed while any ticket is that was opened before its time ended.
pub fn expired(
    contact: &Contact,
    conversations: &BTreeMap<String, Conversation>,
    limit: DateTime<Utc>,
) -> Vec<KeyId> {
    if contact.hold.is_some() {
        return Vec::new();
    }
    let over = |key: &&ContactKey| {
        let Some(name) = &key.conversation else { return key.at <= limit };
        let ends = contact
            .keys
            .iter()
            .filter(|other| other.conversation.as_ref() == Some(name) && other.at > key.at)
            .map(|other| other.at)
            .min();
        let tickets = conversations.get(name).map(|c| c.tickets.as_slice()).unwrap_or_default();
        let mut needed = tickets.iter().filter(|ticket| ends.is_none_or(|ends| ticket.opened_at < ends));
        key.at <= limit && needed.all(|ticket| ticket.category.is_done() && ticket.updated_at <= limit)
    };
    contact.keys.iter().filter(over).map(|key| key.id.clone()).collect()
}
