//! What can go wrong in the journal.

use thiserror::Error;

use crate::store::StoreError;

/// A journal operation that failed. The text holds keys (which never name a person) and no values.
#[derive(Debug, Error)]
pub enum JournalError {
    /// A store call failed. For a commit this is *ambiguous*: it may have been applied. Load again, decide
    /// again under the same event ids and commit; whatever was applied is recognised.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit or one of its values is too large. Nothing was written and no number was taken.
    #[error("{what} has {bytes} bytes, at most {limit} fit: split it or move bytes to a blob")]
    TooLarge {
        /// The value or "the commit".
        what: String,
        /// Its size.
        bytes: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// A state or an event refused to be written as JSON (a map with keys that are no strings, for one).
    #[error("{what} cannot be written as JSON: {why}")]
    Encode {
        /// What was to be written.
        what: String,
        /// What the encoder said.
        why: String,
    },
    /// A stored value that this version cannot read where it cannot be skipped.
    #[error("the value of {key} cannot be read: {why}")]
    Corrupt {
        /// The key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// An event with personal values was to be stored without a key to seal them under.
    #[error("event {event} has personal values and its stream no key: name one with Loaded::sealed_under")]
    Unsealed {
        /// The event's id.
        event: String,
    },
    /// Something that takes the desk's keys was asked of a journal that has none.
    #[error("the journal was opened without the desk's keys")]
    Closed,
    /// A stream was loaded or appended to as another kind than its own.
    #[error("stream {stream} is no stream of kind {kind}")]
    WrongKind {
        /// The stream's id.
        stream: String,
        /// The fold's kind.
        kind: &'static str,
    },
    /// A second batch was appended to a stream through a `Loaded` that does not know the first one. Append
    /// through what the first `append` returned.
    #[error("stream {stream} was appended to through an outdated load; use the one that append returned")]
    Outdated {
        /// The stream's id.
        stream: String,
    },
    /// Streams, documents or numbers of another desk in one commit or call.
    #[error("{what} belongs to another desk than {desk}")]
    ForeignDesk {
        /// What was passed.
        what: String,
        /// The desk of the commit.
        desk: String,
    },
    /// An anchor was to be made by a journal without a key.
    #[error("the journal has no key to make MACs with")]
    NoKey,
}
