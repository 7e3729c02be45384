//! Anchors: from time to time, what there is. Each is an event of a stream of its own, so it carries links as all
//! do: a chain, in which two that were made at once are both named by the next.
//!
//! Links find what is missing between two events that are there. Only an anchor finds that the newest events
//! of a stream, or all of it, are gone, and only if it is out of reach of who removed them: export them.

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Known;
use crate::error::JournalError;
use crate::event::{Event, EventId, NewEvent};
use crate::fold::Fold;
use crate::keys::{self, Numbered};
use crate::names::{Desk, DocKey, Kind, Month, StreamId};
use crate::sequence::Cursor;
use crate::snapshot;
use crate::store::Store;
use crate::{Commit, Journal};

/// The kind of stream that anchors are in.
pub const ANCHORS: &str = "anchors";

/// The name of the feed cursor by which anchors follow: retire the feed behind it too.
pub const FOLLOWER: &str = "anchors";

/// Streams that one anchor covers at most: a commit holds that many unless they have very many heads.
const MOST_STREAMS: usize = 1_000;

/// Streams looked at at once.
const AT_ONCE: usize = 64;

/// Directories looked at in one step of the walk.
const DIRECTORIES: usize = 64;

/// What an anchor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The streams that changed since the last.
    #[serde(rename = "c")]
    pub covers: Vec<Covered>,
    /// Nothing else had changed: what no anchor up to this one covers was not there.
    #[serde(rename = "w")]
    pub whole: bool,
}

/// What there was of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The stream.
    #[serde(rename = "s")]
    pub stream: StreamId,
    /// Slot numbers that were taken.
    #[serde(rename = "u")]
    pub upto: u64,
    /// Those of them that were not written.
    #[serde(rename = "x", default, skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<u64>,
    /// The events in the others.
    #[serde(rename = "k")]
    pub known: Known,
}

/// The state of the stream of anchors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchors {
    /// How many there are.
    pub made: u64,
    /// When the newest was made, in milliseconds.
    pub newest_ms: i64,
    /// The newest said that nothing else had changed.
    pub whole: bool,
}

impl Fold for Anchors {
    type Data = Anchor;
    const KIND: &'static str = ANCHORS;
    const VERSION: u16 = 1;
    const REMEMBER_MS: u64 = 0;

    fn apply(&mut self, event: &Event<Anchor>) {
        self.made = self.made.saturating_add(1);
        self.newest_ms = self.newest_ms.max(event.at.timestamp_millis());
        self.whole = event.data.whole;
    }
}

/// What making an anchor did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anchored {
    /// Streams that it covers; none: nothing had changed and none was made.
    pub streams: usize,
    /// There is more to cover at once.
    pub more: bool,
}

/// An anchor as it is kept outside: the very bytes that are stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exported {
    /// The stream of anchors.
    pub stream: StreamId,
    /// Its slot there.
    pub slot: u64,
    /// The events of that slot, as stored.
    pub events: Box<RawValue>,
}

/// How far the streams have been covered that were there before there were anchors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Walk {
    /// When it began: later streams are in the feed.
    began_ms: i64,
    /// Directories done.
    done: usize,
    cursor: Cursor,
}

impl<S: Store> Journal<S> {
    /// Makes an anchor of what changed since the last one; nothing is written when nothing did. `since` and
    /// `kinds` name the directories of what was there before the first anchor. May be cut short anywhere and
    /// run twice at once: something is covered twice then.
    ///
    /// # Errors
    /// [`JournalError::NoKey`] if the journal links nothing; else when the store fails.
    pub async fn anchor(
        &self,
        desk: &Desk,
        kinds: &[Kind],
        since: Month,
        now: DateTime<Utc>,
    ) -> Result<Anchored, JournalError> {
        let mut limit = MOST_STREAMS;
        loop {
            match self.anchor_some(desk, kinds, since, limit, now).await {
                // Many heads and holes: fewer streams then.
                Err(JournalError::TooLarge { .. }) if limit > 1 => limit = limit.div_euclid(2),
                done => return done,
            }
        }
    }

    async fn anchor_some(
        &self,
        desk: &Desk,
        kinds: &[Kind],
        since: Month,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Anchored, JournalError> {
        let chain = chain(desk)?;
        let follower = named::<Kind>(FOLLOWER)?;
        let walk_key = DocKey::new(desk.clone(), follower.clone(), "walk").map_err(|_| unnamed())?;
        let before = self.load_cursor(desk, &follower).await?;
        let mut cursor = before.clone();
        let page = self.read_feed(desk, &mut cursor, limit, now).await?;
        let mut streams = page.streams();
        streams.retain(|stream| stream.kind() != chain.kind());
        let walk: Option<Walk> = self.get_doc(&walk_key).await?;
        let mut walk = walk.unwrap_or_else(|| Walk { began_ms: now.timestamp_millis(), ..Walk::default() });
        let walked = walk.done;
        let directories = directories(kinds, since, &walk, now);
        let walking = self.walk(desk, &directories, &mut walk, &mut streams, limit, now).await?;
        streams.sort();
        streams.dedup();

        let mut covers = Vec::with_capacity(streams.len());
        for batch in streams.chunks(AT_ONCE) {
            covers.extend(try_join_all(batch.iter().map(|stream| self.covered(stream, now))).await?);
        }
        let more = page.behind > 0 || walking;
        let anchored = Anchored { streams: covers.len(), more };
        let mut commit = Commit::new(desk.clone(), now);
        if !covers.is_empty() {
            let loaded = self.load::<Anchors>(&chain, now).await?;
            let id = named::<EventId>(&format!("anchor.{}", loaded.state.made.saturating_add(1)))?;
            let data = Anchor { covers, whole: !more };
            let event = NewEvent { id, by: "system:audit".to_owned(), tag: 0, data };
            commit.append_quiet(&loaded, vec![event])?;
        }
        if cursor != before {
            commit.save_cursor(&follower, &cursor)?;
        }
        if walk.done != walked || walking {
            commit.put(&walk_key, &walk)?;
        }
        self.commit(commit).await?;
        Ok(anchored)
    }

    /// The next streams that were there before the first anchor; true when there are more.
    async fn walk(
        &self,
        desk: &Desk,
        directories: &[(Kind, Month)],
        walk: &mut Walk,
        streams: &mut Vec<StreamId>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<bool, JournalError> {
        for _ in 0..DIRECTORIES {
            let Some((kind, month)) = directories.get(walk.done) else { return Ok(false) };
            let room = limit.saturating_sub(streams.len());
            if room == 0 {
                return Ok(true);
            }
            let page = self.read_directory(desk, kind, *month, &mut walk.cursor, room, now).await?;
            streams.extend(page.entries);
            if page.behind == 0 {
                walk.done = walk.done.saturating_add(1);
                walk.cursor = Cursor::default();
            }
        }
        Ok(walk.done < directories.len())
    }

    /// What there is of a stream, from its snapshot and what has come since.
    async fn covered(&self, stream: &StreamId, now: DateTime<Utc>) -> Result<Covered, JournalError> {
        let key = self.link_key.as_ref().map(|key| &*key.0).ok_or(JournalError::NoKey)?;
        let at = Numbered::stream(stream);
        let counter = self.read_counter(&at).await?;
        let saved = self.store.get(&keys::snapshot(stream)).await?;
        let saved =
            saved.and_then(|bytes| snapshot::decode_attested(&bytes)).and_then(|(cursor, attested)| {
                let known = attested.check(key, stream, &cursor)?;
                Some((cursor, known))
            });
        let (mut cursor, mut known) = saved.unwrap_or_default();
        let page = self.advance(&at, &mut cursor, counter, u64::MAX, now).await?;
        known.add(key, stream, &page.entries);
        let mut holes: Vec<u64> = cursor.holes.iter().map(|(slot, _)| *slot).collect();
        holes.extend(cursor.lost);
        holes.sort_unstable();
        Ok(Covered { stream: stream.clone(), upto: cursor.upto, holes, known })
    }

    /// How many anchors a desk has, and when the newest was made.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest_anchor(&self, desk: &Desk, now: DateTime<Utc>) -> Result<Anchors, JournalError> {
        Ok(self.load::<Anchors>(&chain(desk)?, now).await?.state)
    }

    /// The anchors of a desk in slots after `after`, oldest first, as they are to be kept outside: at most
    /// `limit`, and no more once they hold `bytes`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn export_anchors(
        &self,
        desk: &Desk,
        after: u64,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Exported>, JournalError> {
        let stream = chain(desk)?;
        let at = Numbered::stream(&stream);
        let counter = self.read_counter(&at).await?;
        let (mut exported, mut held) = (Vec::new(), 0usize);
        for slot in after.saturating_add(1)..=counter {
            if exported.len() >= limit || held >= bytes {
                break;
            }
            let Some(value) = self.store.get(&at.slot(slot)).await? else { continue };
            held = held.saturating_add(value.len());
            if let Ok(events) = crate::value::decode::<Box<RawValue>>(&value) {
                exported.push(Exported { stream: stream.clone(), slot, events });
            }
        }
        Ok(exported)
    }
}

impl Exported {
    /// The value of the slot that it was.
    pub(crate) fn value(&self) -> Vec<u8> {
        [&[crate::value::FORMAT], self.events.get().as_bytes()].concat()
    }
}

/// The stream of a desk's anchors.
pub(crate) fn chain(desk: &Desk) -> Result<StreamId, JournalError> {
    StreamId::new(desk.clone(), named(ANCHORS)?, "chain").map_err(|_| unnamed())
}

/// The anchors in a slot's value: when each was made, and what it says.
pub(crate) fn read(value: &[u8]) -> Vec<(i64, Anchor)> {
    let events = crate::event::decode_slot(value).unwrap_or_default();
    let anchor = |event: &crate::event::StoredEvent| {
        serde_json::from_str(event.data.get()).ok().map(|anchor| (event.at_ms, anchor))
    };
    events.iter().filter_map(anchor).collect()
}

/// The directories of what was there when the walk began.
fn directories(kinds: &[Kind], since: Month, walk: &Walk, now: DateTime<Utc>) -> Vec<(Kind, Month)> {
    let until = Month::of(DateTime::from_timestamp_millis(walk.began_ms).unwrap_or(now));
    since.until(until).flat_map(|month| kinds.iter().map(move |kind| (kind.clone(), month))).collect()
}

/// Names that are written here are names.
fn named<T: std::str::FromStr>(name: &str) -> Result<T, JournalError> {
    name.parse().map_err(|_| unnamed())
}

fn unnamed() -> JournalError {
    JournalError::Encode { what: "an anchor".to_owned(), why: "its name is not valid".to_owned() }
}
