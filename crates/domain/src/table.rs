//! A table that several writers keep without agreeing: rows by key, of which the newest revision stays.
//!
//! Any order and any repetition of the same events gives the same table, so projectors may overlap, stall and
//! write again what they had computed long ago.

use relevo_journal::{Event, Fold, Kind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A row as it was at a revision of its source; none: it left the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Put<R> {
    /// Key of the row.
    #[serde(rename = "k")]
    pub key: String,
    /// Revision of the source: how many events it is a function of. A late one may sort before the newest.
    #[serde(rename = "v")]
    pub revision: u64,
    /// The row.
    #[serde(rename = "r")]
    pub row: Option<R>,
}

/// How the kinds of streams begin that hold tables.
const PREFIX: &[u8] = b"t-";

/// Whether streams of this kind are computed from others.
pub fn is_derived(kind: &Kind) -> bool {
    kind.as_str().as_bytes().starts_with(PREFIX)
}

/// What a table holds.
pub trait Row: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Kind of the table's streams: `t-` and a name.
    const KIND: &'static str;
    /// Version of the row's shape.
    const VERSION: u16;
}

/// A table, or one shard of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Row")]
pub struct Table<R: Row> {
    rows: BTreeMap<String, (u64, Option<R>)>,
}

impl<R: Row> Default for Table<R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new() }
    }
}

impl<R: Row> Table<R> {
    /// The row of a key.
    pub fn get(&self, key: &str) -> Option<&R> {
        self.rows.get(key)?.1.as_ref()
    }

    /// All rows, by key.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &R)> {
        self.rows.iter().filter_map(|(key, (_, row))| Some((key.as_str(), row.as_ref()?)))
    }

    /// All rows with their revisions, by key: of two rows of one key in two shards the one with the larger revision is
    /// what its source gives.
    pub fn revised(&self) -> impl Iterator<Item = (&str, u64, &R)> {
        self.rows.iter().filter_map(|(key, (revision, row))| Some((key.as_str(), *revision, row.as_ref()?)))
    }

    /// Would this change anything that is seen?
    pub fn changes(&self, put: &Put<R>) -> bool {
        match self.rows.get(&put.key) {
            Some((revision, row)) => put.revision > *revision && *row != put.row,
            None => put.row.is_some(),
        }
    }
}

impl<R: Row> Fold for Table<R> {
    type Data = Put<R>;
    const KIND: &'static str = {
        let [t, dash, ..] = R::KIND.as_bytes() else { panic!("a table's kind begins with t-") };
        assert!(*t == PREFIX[0] && *dash == PREFIX[1], "a table's kind begins with t-");
        R::KIND
    };
    const VERSION: u16 = R::VERSION;
    const REMEMBER_MS: u64 = 0;
    const DERIVED: bool = true;

    fn apply(&mut self, event: &Event<Put<R>>) {
        let put = &event.data;
        let known = self.rows.get(&put.key).map(|(revision, _)| *revision);
        if known.is_none_or(|known| put.revision > known) {
            self.rows.insert(put.key.clone(), (put.revision, put.row.clone()));
        }
    }
}
