//! The index of words, by which tickets are found: a projection with a cursor of its own, so that neither intake nor
//! work lists wait for it.
//!
//! Tickets are indexed by number, a thousand to a *segment*. A segment has sixteen *parts*; which part a word falls into,
//! and the code that stands for it there, are a keyed hash of it. A part is a table with a row for each ticket: the codes of
//! its words. So what one message writes is bounded by the parts, and what one word of a query reads is one table for each
//! thousand tickets. Rows are sealed under the segment's key; see [`relevo_domain::index`].

mod fill;
mod find;
mod follow;
pub(crate) mod verify;

pub use fill::fill;
pub use find::{Found, candidates};
pub use follow::follow;

use relevo_domain::conversation::passage::{Place, passages};
use relevo_domain::conversation::{Conversation, Ticket};
use relevo_domain::index::{Index, IndexEvent, WordsRow};
use relevo_domain::table::{Put, Table};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::keys::DeskKeys;
use relevo_edge::personal;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{DataKey, Fold, KeyId, Loaded, StreamId};
use relevo_search::query::field_term;
use relevo_search::words::{folded, words};
use std::collections::{BTreeMap, BTreeSet};

/// The cursor's name, and the name of the stream that knows the segments.
pub const WORDS: &str = "words";

/// Tickets of one segment.
const NUMBERS_PER_SEGMENT: u64 = 1_000;

/// Parts of a segment.
const PARTS: u8 = 16;

/// Characters of a word's code, five bits each.
const CODE_CHARS: usize = 5;

/// Most different words of one ticket. With it the largest part stays below what a snapshot may hold.
pub const MOST_TERMS: usize = 1_500;

/// Tables written in one commit: with their snapshots they stay below what one may hold.
const TABLES_PER_COMMIT: usize = 4;

/// Who writes.
const BY: &str = "system:projector";

/// The segment of a ticket's number.
pub fn segment_of(number: u64) -> u64 {
    number / NUMBERS_PER_SEGMENT
}

/// The numbers of a segment: the first, and the first beyond it.
pub fn numbers_of(segment: u64) -> (u64, u64) {
    let first = segment.saturating_mul(NUMBERS_PER_SEGMENT);
    (first, first.saturating_add(NUMBERS_PER_SEGMENT))
}

/// What stands for a word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    part: u8,
    code: String,
}

impl Code {
    /// The code of a term.
    pub fn of(keys: &DeskKeys, term: &str) -> Self {
        let hash = keys.id("word", &[term]);
        // The last character but one: the last holds three bits, the first are the code.
        let part = hash.bytes().nth_back(1).map_or(0, |byte| match byte {
            b'a'..=b'z' => (byte - b'a') % PARTS,
            _ => (byte.wrapping_sub(b'2').wrapping_add(26)) % PARTS,
        });
        Self { part, code: hash.get(..CODE_CHARS).unwrap_or(&hash).to_owned() }
    }

    fn is_in(&self, row: &WordsRow) -> bool {
        row.0.0.as_bytes().chunks(CODE_CHARS).any(|code| code == self.code.as_bytes())
    }
}

/// The segments of a desk.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn index<S: Store>(context: &DeskContext<S>) -> Result<Loaded<Index>, Problem> {
    Ok(context.journal.load(&context.stream(Index::KIND, WORDS)?, context.now).await?)
}

/// Has segments indexed anew: what they hold is not there, or cannot be read any more.
///
/// # Errors
/// 503 if the store does not answer.
async fn empty<S: Store>(
    context: &DeskContext<S>,
    index: &Loaded<Index>,
    segments: Vec<u64>,
) -> Result<(), Problem> {
    if segments.is_empty() {
        return Ok(());
    }
    let mut commit = context.commit();
    let id = format!("emptied.{}", relevo_edge::identity::random()?);
    commit.append(index, vec![event(id, BY, 0, IndexEvent::Emptied { segments })?])?;
    context.journal.commit(commit).await?;
    Ok(())
}

/// What a ticket is found by, as far as there is room.
fn terms(state: &Conversation, ticket: &Ticket) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for passage in passages(state, ticket) {
        if let Place::Field(name) = passage.place {
            terms.insert(field_term(name, &folded(&passage.text)));
        }
        for word in words(&passage.text) {
            if terms.len() >= MOST_TERMS {
                return terms;
            }
            terms.insert(word.folded);
        }
    }
    terms
}

/// The rows of a ticket, by part.
fn rows(keys: &DeskKeys, state: &Conversation, ticket: &Ticket) -> BTreeMap<u8, WordsRow> {
    let codes: BTreeSet<Code> = terms(state, ticket).iter().map(|term| Code::of(keys, term)).collect();
    let mut rows: BTreeMap<u8, WordsRow> = BTreeMap::new();
    for code in codes {
        rows.entry(code.part).or_default().0.0.push_str(&code.code);
    }
    rows
}

/// Rows that are to be written.
struct Puts {
    /// By segment and part.
    rows: BTreeMap<(u64, u8), Vec<Put<WordsRow>>>,
    /// The segments as they were before the conversations were read.
    before: Index,
}

impl Puts {
    /// None yet. To be made before the conversations are read: what was read before a segment was emptied is not written
    /// into what comes after.
    async fn begin<S: Store>(context: &DeskContext<S>) -> Result<Self, Problem> {
        Ok(Self { rows: BTreeMap::new(), before: index(context).await?.state })
    }

    /// What a ticket's words are at a revision of its conversation. Parts that it has no word in are written too: it may
    /// have had one.
    fn add(&mut self, keys: &DeskKeys, state: &Conversation, ticket: &Ticket, revision: u64) {
        let mut rows = rows(keys, state, ticket);
        let segment = segment_of(ticket.number);
        for part in 0..PARTS {
            let put = Put { key: ticket.number.to_string(), revision, row: rows.remove(&part) };
            self.rows.entry((segment, part)).or_default().push(put);
        }
        // Of two first messages at once each took a number, and the loser's may have been seen alone.
        for lost in &ticket.lost_numbers {
            for part in 0..PARTS {
                let put = Put { key: lost.to_string(), revision, row: None };
                self.rows.entry((segment_of(*lost), part)).or_default().push(put);
            }
        }
    }

    /// Writes what changes something.
    async fn write<S: Store>(self, context: &DeskContext<S>) -> Result<(), Problem> {
        let mut keys = BTreeMap::new();
        let segments: BTreeSet<u64> = self.rows.keys().map(|(segment, _)| *segment).collect();
        for segment in segments {
            let emptied = emptied(&self.before, segment);
            keys.insert(segment, key_for(context, segment, emptied).await?);
        }
        let all: Vec<_> = self.rows.into_iter().collect();
        for some in all.chunks(TABLES_PER_COMMIT) {
            let mut commit = context.commit();
            for ((segment, part), puts) in some {
                let Some(Some(key)) = keys.get(segment) else { continue };
                let loaded = table(context, *segment, *part, key.id()).await?.sealed_under(key.clone());
                let puts = puts.iter().filter(|put| loaded.state.changes(put)).cloned();
                let events: Result<Vec<_>, Problem> =
                    puts.map(|put| event(format!("{}:{}", put.key, put.revision), BY, 0, put)).collect();
                let events = events?;
                if !events.is_empty() {
                    commit.append_quiet(&loaded, events)?;
                }
            }
            if !commit.is_empty() {
                context.journal.commit(commit).await?;
            }
        }
        Ok(())
    }
}

/// How often a segment was emptied.
fn emptied(index: &Index, segment: u64) -> u32 {
    index.segments.get(&segment).map_or(0, |segment| segment.emptied)
}

/// The key that a segment's rows are sealed under, made if there is none. None: the segment was emptied meanwhile or its key
/// is destroyed, and it waits for being indexed anew.
async fn key_for<S: Store>(
    context: &DeskContext<S>,
    segment: u64,
    emptied_before: u32,
) -> Result<Option<DataKey>, Problem> {
    let mut loaded = index(context).await?;
    if loaded.state.segments.get(&segment).is_none_or(|segment| segment.keys.is_empty()) {
        let mut commit = context.commit();
        let key = personal::make(context, &mut commit)?;
        let keyed = IndexEvent::Keyed { segment, key: key.id().clone() };
        commit.append(&loaded, vec![event(format!("key.{}", key.id()), BY, 0, keyed)?])?;
        context.journal.commit(commit).await?;
        loaded = index(context).await?;
    }
    // Whoever empties it from now on destroys the key that is returned.
    let known = loaded.state.segments.get(&segment).filter(|known| known.emptied == emptied_before);
    let Some(id) = known.and_then(|known| known.keys.first()) else { return Ok(None) };
    let key = context.journal.data_key(&context.desk, id).await?;
    if key.is_none() {
        empty(context, &loaded, vec![segment]).await?;
    }
    Ok(key)
}

fn stream_of<S: Store>(
    context: &DeskContext<S>,
    segment: u64,
    part: u8,
    key: &KeyId,
) -> Result<StreamId, Problem> {
    context.stream(Table::<WordsRow>::KIND, &format!("w{segment}-{part}-{key}"))
}

async fn table<S: Store>(
    context: &DeskContext<S>,
    segment: u64,
    part: u8,
    key: &KeyId,
) -> Result<Loaded<Table<WordsRow>>, Problem> {
    Ok(context.journal.load(&stream_of(context, segment, part, key)?, context.now).await?)
}
