#![doc = include_str!("../README.md")]

mod append;
pub mod audit;
mod blobs;
mod commit;
mod data_key;
mod directory;
mod docs;
mod error;
mod event;
mod feed;
mod fold;
mod hash;
mod hlt;
pub mod keys;
mod lease;
mod load;
mod names;
mod numbers;
pub mod private;
mod sequence;
mod snapshot;
pub mod store;
mod tally;
mod trim;
mod upcast;
pub mod value;
mod vault;
pub mod verify;
mod vitals;

pub use append::Commit;
pub use blobs::BlobId;
pub use commit::{MAX_COMMIT_BYTES, Receipt};
pub use data_key::{DataKey, KeyId};
pub use directory::DirectoryPage;
pub use error::JournalError;
pub use event::{Event, EventId, NewEvent};
pub use feed::{FEED_PARTITIONS, FeedCursor, FeedEntry, FeedPage};
pub use fold::Fold;
pub use hlt::Hlt;
pub use load::Loaded;
pub use names::{Desk, DocKey, Kind, Month, NameError, SequenceId, StreamId};
pub use sequence::{Cursor, HOLE_MS, Page};
pub use snapshot::{LARGEST_SNAPSHOT_BYTES, SMALL_SNAPSHOT_BYTES, SNAPSHOT_EVERY_SLOTS};
pub use tally::Tally;
pub use trim::TRIM_BATCH;
pub use vault::{CACHED_MS, Vault};
pub use vitals::VitalName;

/// The journal over a store, with what it can open and what it links with. Cheap: it holds nothing else.
#[derive(Clone, Debug)]
pub struct Journal<S> {
    store: S,
    vault: Vault,
    link_key: Option<audit::SharedKey>,
}

impl<S: store::Store> Journal<S> {
    /// A journal over this store, which opens nothing that is sealed: see [`Journal::with_vault`].
    pub fn new(store: S) -> Self {
        Self { store, vault: Vault::closed(), link_key: None }
    }

    /// The journal of one desk whose events carry links made with this key; see [`audit`].
    #[must_use]
    pub fn linked(self, key: std::rc::Rc<dyn audit::MacKey>) -> Self {
        Self { link_key: Some(audit::SharedKey(key)), ..self }
    }

    /// The store below.
    pub fn store(&self) -> &S {
        &self.store
    }
}
