//! What is on its way out of a conversation, in which order, and by what mails of it refer to each other.

use super::Conversation;
use serde::{Deserialize, Serialize};

/// Ids of a mail thread that are kept: the first, and the newest of the others.
const THREAD_IDS: usize = 20;

/// A message that is not sent yet, nor given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Stream name of its outbox entry.
    pub outbox: String,
    /// Message id.
    pub message: String,
}

impl Conversation {
    /// The entry that has to be sent or given up before this one. One that a person has retried waits for nobody.
    pub fn before(&self, outbox: &str) -> Option<&Pending> {
        let first = self.pending.first().filter(|first| first.outbox != outbox)?;
        self.pending.iter().any(|p| p.outbox == outbox).then_some(first)
    }

    pub(super) fn dispatched(&mut self, outbox: Option<&str>, message: &str) {
        let Some(outbox) = outbox.filter(|o| !self.pending.iter().any(|p| p.outbox == *o)) else { return };
        self.pending.push(Pending { outbox: outbox.to_owned(), message: message.to_owned() });
    }

    pub(super) fn concluded(&mut self, message: &str) {
        self.pending.retain(|p| p.message != message);
    }

    /// It goes another way, in its old place; what had been accepted already goes after what waits now.
    pub(super) fn rerouted(&mut self, message: &str, outbox: &str) {
        match self.pending.iter_mut().find(|p| p.message == message) {
            Some(pending) => outbox.clone_into(&mut pending.outbox),
            None => self.dispatched(Some(outbox), message),
        }
    }

    /// A mail of the thread became known, with those that it names.
    pub(super) fn threaded<'a>(&mut self, ids: impl Iterator<Item = &'a String>) {
        for id in ids {
            // An erased id is empty, and leads nowhere.
            if !id.is_empty() && !self.thread.contains(id) {
                self.thread.push(id.clone());
            }
        }
        if self.thread.len() > THREAD_IDS {
            self.thread.drain(1..=self.thread.len() - THREAD_IDS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_wait_for_the_first_and_a_stranger_for_nobody() {
        let mut conversation = Conversation::default();
        for (outbox, message) in [("a", "1"), ("b", "2"), ("a", "1"), ("c", "3")] {
            conversation.dispatched(Some(outbox), message);
        }
        let first = |c: &Conversation, o| c.before(o).map(|p| p.outbox.clone());
        assert_eq!(first(&conversation, "a"), None);
        assert_eq!(first(&conversation, "b").as_deref(), Some("a"));
        assert_eq!(first(&conversation, "retried by hand"), None);
        conversation.rerouted("1", "other way");
        assert_eq!(first(&conversation, "b").as_deref(), Some("other way"));
        conversation.concluded("1");
        conversation.rerouted("bounced", "later");
        assert_eq!(first(&conversation, "later").as_deref(), Some("b"));
        assert_eq!((first(&conversation, "b"), first(&conversation, "c").as_deref()), (None, Some("b")));
    }

    #[test]
    fn a_long_thread_keeps_its_root_and_its_newest() {
        let mut conversation = Conversation::default();
        let ids: Vec<String> = (0..50).map(|n| n.to_string()).collect();
        conversation.threaded(ids.iter());
        assert_eq!(conversation.thread.len(), THREAD_IDS);
        assert_eq!((conversation.thread[0].as_str(), conversation.thread[19].as_str()), ("0", "49"));
    }
}
