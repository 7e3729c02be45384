//! The ledger of erasures: which data keys were destroyed, when, by whom and why.

use crate::Private;
use relevo_journal::{Event, Fold, KeyId};
use serde::{Deserialize, Serialize};

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ErasureEvent {
    /// Data keys were destroyed, in the commit that this event is of.
    #[serde(rename = "keys.destroyed")]
    KeysDestroyed(KeysDestroyed),
}

/// See [`ErasureEvent::KeysDestroyed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeysDestroyed {
    /// Contact id; none for what belonged to nobody known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The data keys.
    pub keys: Vec<KeyId>,
    /// Why.
    pub cause: Cause,
    /// Why, in words.
    pub reason: Private<String>,
}

/// Why data keys are destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody asked for it.
    Request,
    /// The pack's retention says so.
    Retention,
}

/// One month of the ledger. The entries are in the stream; the state only counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasures {
    /// Entries.
    pub entries: u64,
    /// Data keys in them.
    pub keys: u64,
}

impl Fold for Erasures {
    type Data = ErasureEvent;
    const KIND: &'static str = "erasures";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<ErasureEvent>) {
        let ErasureEvent::KeysDestroyed(entry) = &event.data;
        self.entries = self.entries.saturating_add(1);
        self.keys = self.keys.saturating_add(u64::try_from(entry.keys.len()).unwrap_or(u64::MAX));
    }
}
