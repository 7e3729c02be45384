//! The index of words: under which keys postings are sealed, and what has to be indexed anew.
//!
//! Tickets are indexed in segments by number. A segment's postings are sealed under a data key of its own: when somebody
//! whose tickets are in it is erased, that key is destroyed with theirs, and the segment is made anew of what is left.

use crate::Private;
use crate::table::Row;
use relevo_journal::{Event, Fold, KeyId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What becomes of segments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IndexEvent {
    /// A data key for the postings of a segment.
    #[serde(rename = "index.keyed")]
    Keyed {
        /// Which.
        segment: u64,
        /// The key.
        key: KeyId,
    },
    /// Postings are gone, or were never there: the segments are to be indexed anew.
    #[serde(rename = "index.emptied")]
    Emptied {
        /// Which.
        segments: Vec<u64>,
    },
    /// A segment was indexed anew.
    #[serde(rename = "index.filled")]
    Filled {
        /// Which.
        segment: u64,
        /// How often it had been emptied then; if more often by now, this means nothing.
        emptied: u32,
    },
}

/// A segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Keys that its postings are sealed under: one, or one for each of several who began at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyId>,
    /// How often it was emptied.
    #[serde(default)]
    pub emptied: u32,
    /// It is still to be indexed anew: until then not all of its tickets have postings.
    #[serde(default)]
    pub waits: bool,
    /// Keys of postings that are gone, to be destroyed for certain before it is filled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<KeyId>,
}

/// All segments, by their place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Those of which anything is known.
    pub segments: BTreeMap<u64, Segment>,
}

impl Index {
    /// The segments that wait for being indexed anew, newest first.
    pub fn waiting(&self) -> impl Iterator<Item = (u64, &Segment)> {
        self.segments
            .iter()
            .rev()
            .filter(|(_, segment)| segment.waits)
            .map(|(place, segment)| (*place, segment))
    }

    /// The keys in use of some segments.
    pub fn keys_of<'a>(&'a self, segments: impl IntoIterator<Item = &'a u64>) -> Vec<KeyId> {
        segments
            .into_iter()
            .filter_map(|place| self.segments.get(place))
            .flat_map(|s| s.keys.clone())
            .collect()
    }
}

impl Fold for Index {
    type Data = IndexEvent;
    const KIND: &'static str = "index";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<IndexEvent>) {
        match &event.data {
            IndexEvent::Keyed { segment, key } => {
                let segment = self.segments.entry(*segment).or_default();
                if !segment.keys.contains(key) {
                    segment.keys.push(key.clone());
                }
            }
            IndexEvent::Emptied { segments } => {
                for place in segments {
                    let segment = self.segments.entry(*place).or_default();
                    segment.gone.append(&mut segment.keys);
                    segment.emptied = segment.emptied.saturating_add(1);
                    segment.waits = true;
                }
            }
            IndexEvent::Filled { segment, emptied } => {
                let segment = self.segments.entry(*segment).or_default();
                if segment.emptied == *emptied {
                    segment.waits = false;
                    segment.gone.clear();
                }
            }
        }
    }
}

/// The words of a ticket that fall into one part of a segment, as codes of equal length. Personal: sealed under the
/// segment's key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WordsRow(pub Private<String>);

impl Row for WordsRow {
    const KIND: &'static str = "t-words";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use relevo_journal::{EventId, Hlt};

    fn fold(events: Vec<IndexEvent>) -> Index {
        let mut index = Index::default();
        for (n, data) in (1..).zip(events) {
            let at = chrono::DateTime::from_timestamp(1_780_000_000 + n, 0).expect("an instant");
            let id = EventId::new(format!("e{n}")).expect("an id");
            let hlt = Hlt::next(u64::try_from(at.timestamp_millis()).expect("positive"), Hlt::default());
            index.apply(&Event { id, hlt, at, by: "test".to_owned(), tag: 0, data });
        }
        index
    }

    fn key(name: &str) -> KeyId {
        KeyId::new(name).expect("a key id")
    }

    #[test]
    fn an_emptied_segment_waits_until_that_emptying_is_made_good() {
        let keyed = |name: &str| IndexEvent::Keyed { segment: 3, key: key(name) };
        let emptied = || IndexEvent::Emptied { segments: vec![3] };
        let index = fold(vec![
            keyed("a"),
            emptied(),
            keyed("b"),
            emptied(),
            IndexEvent::Filled { segment: 3, emptied: 1 },
        ]);
        assert_eq!(index.waiting().map(|(place, _)| place).collect::<Vec<_>>(), [3]);
        assert_eq!(index.segments[&3].gone, [key("a"), key("b")]);
        assert!(index.keys_of(&[3, 4]).is_empty());
        let index =
            fold(vec![keyed("a"), emptied(), keyed("b"), IndexEvent::Filled { segment: 3, emptied: 1 }]);
        assert_eq!((index.waiting().count(), index.keys_of(&[3])), (0, vec![key("b")]));
        assert!(index.segments[&3].gone.is_empty());
    }
}
