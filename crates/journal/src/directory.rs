//! The directory: which streams and desks there are. What rebuilds, exports and retention walk; nothing lists.

use chrono::{DateTime, Utc};

use crate::Journal;
use crate::error::JournalError;
use crate::keys::Numbered;
use crate::names::{Desk, Kind, Month, StreamId};
use crate::sequence::{Cursor, Page};
use crate::store::Store;
use crate::value;

/// What a read of a directory found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryPage<T> {
    /// May hold the same entry twice: first writers at the same time each add it.
    pub entries: Vec<T>,
    /// How many numbers beyond the cursor were taken; 0 at the end.
    pub behind: u64,
    /// Entries that this version cannot read.
    pub unreadable: u64,
}

impl<S: Store> Journal<S> {
    /// Reads the streams of a kind that began in a month (of their first writers' clocks), and moves the cursor.
    ///
    /// # Errors
    /// When the store fails; the cursor is unchanged then.
    pub async fn read_directory(
        &self,
        desk: &Desk,
        kind: &Kind,
        month: Month,
        cursor: &mut Cursor,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<DirectoryPage<StreamId>, JournalError> {
        let at = Numbered::directory(desk, kind, month);
        Ok(decode_page(self.read_numbered(&at, cursor, limit, now).await?))
    }

    /// Reads the desks that were registered, and moves the cursor.
    ///
    /// # Errors
    /// When the store fails; the cursor is unchanged then.
    pub async fn read_desks(
        &self,
        cursor: &mut Cursor,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<DirectoryPage<Desk>, JournalError> {
        Ok(decode_page(self.read_numbered(&Numbered::desks(), cursor, limit, now).await?))
    }

    /// All desks, each once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all_desks(&self, now: DateTime<Utc>) -> Result<Vec<Desk>, JournalError> {
        let mut desks = self.read_desks(&mut Cursor::default(), usize::MAX, now).await?.entries;
        desks.sort();
        desks.dedup();
        Ok(desks)
    }

    /// All streams of a kind that began in a month, each once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn all_streams(
        &self,
        desk: &Desk,
        kind: &Kind,
        month: Month,
        now: DateTime<Utc>,
    ) -> Result<Vec<StreamId>, JournalError> {
        let mut cursor = Cursor::default();
        let page = self.read_directory(desk, kind, month, &mut cursor, usize::MAX, now).await?;
        let mut streams = page.entries;
        streams.sort();
        streams.dedup();
        Ok(streams)
    }
}

/// The entry that the first event of a stream brings with it.
pub(crate) fn stream_entry(
    stream: &StreamId,
    now: DateTime<Utc>,
) -> Result<(Numbered, Vec<u8>), JournalError> {
    let at = Numbered::directory(stream.desk(), stream.kind(), Month::of(now));
    Ok((at, value::encode("a directory entry", stream)?))
}

/// The entry of a desk.
pub(crate) fn desk_entry(desk: &Desk) -> Result<(Numbered, Vec<u8>), JournalError> {
    Ok((Numbered::desks(), value::encode("a directory entry", desk)?))
}

fn decode_page<T: serde::de::DeserializeOwned>(page: Page) -> DirectoryPage<T> {
    let mut decoded = DirectoryPage { entries: Vec::new(), behind: page.behind, unreadable: 0 };
    for (_, bytes) in page.entries {
        match value::decode(&bytes) {
            Ok(entry) => decoded.entries.push(entry),
            Err(_) => decoded.unreadable = decoded.unreadable.saturating_add(1),
        }
    }
    decoded
}
