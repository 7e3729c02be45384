//! The key layout: the one file that knows what a key looks like. The table is in the README.
//!
//! Every part is checked when its type is made (see `names`), has no colon and a bounded length, so keys are
//! distinct, valid for every backend and shorter than 256 bytes.

use crate::data_key::KeyId;
use crate::names::{Desk, DocKey, Kind, Month, SequenceId, StreamId};
use crate::tally::Tally;
use crate::vitals::VitalName;

/// Format version of the whole layout. Redis ignores the store's label: this prefix keeps its keys apart.
pub const PREFIX: &str = "r1:";

/// Where a list of numbered slots lives: streams, feeds, directories and sequences alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Numbered(String);

impl Numbered {
    /// The slots of a stream.
    pub(crate) fn stream(id: &StreamId) -> Self {
        Self(format!("s:{id}"))
    }

    /// One partition of a desk's feed.
    pub(crate) fn feed(desk: &Desk, partition: u16) -> Self {
        Self(format!("f:{desk}:{partition}"))
    }

    /// The directory of a desk's streams of one kind that began in one month.
    pub(crate) fn directory(desk: &Desk, kind: &Kind, month: Month) -> Self {
        Self(format!("d:{desk}:{kind}:{month}"))
    }

    /// The directory of desks. `_` is no desk's name.
    pub(crate) fn desks() -> Self {
        Self("g:_".to_owned())
    }

    /// The list of what is counted. `_` begins no counter's name.
    pub(crate) fn vitals() -> Self {
        Self("y:_".to_owned())
    }

    /// Any other sequence.
    pub(crate) fn sequence(id: &SequenceId) -> Self {
        Self(format!("q:{id}"))
    }

    /// A series of friendly numbers; has a counter and no slots.
    pub(crate) fn series(desk: &Desk, series: &Kind) -> Self {
        Self(format!("h:{desk}:{series}"))
    }

    /// Its counter, in the namespace that only `increment` writes.
    pub(crate) fn counter(&self) -> String {
        format!("{PREFIX}n:{}", self.0)
    }

    /// One of its slots.
    pub(crate) fn slot(&self, number: u64) -> String {
        format!("{PREFIX}{}:{number}", self.0)
    }

    /// How far its slots have been removed.
    pub(crate) fn trimmed(&self) -> String {
        format!("{PREFIX}t:{}", self.0)
    }
}

/// A stream's snapshot.
pub(crate) fn snapshot(id: &StreamId) -> String {
    format!("{PREFIX}p:{id}")
}

/// How far a projection has followed a desk's feed.
pub(crate) fn cursor(desk: &Desk, projection: &Kind) -> String {
    format!("{PREFIX}c:{desk}:{projection}")
}

/// The marks by which a desk's feed is retired.
pub(crate) fn feed_marks(desk: &Desk) -> String {
    format!("{PREFIX}m:{desk}")
}

/// The counter of one time slice of a tally.
pub(crate) fn tally_slice(what: &Tally, slice: u64) -> String {
    format!("{PREFIX}n:l:{}:{slice}", what.path())
}

/// The newest slice of a tally, to remove its counter when the next one begins.
pub(crate) fn tally(what: &Tally) -> String {
    format!("{PREFIX}l:{}", what.path())
}

/// A document.
pub(crate) fn doc(key: &DocKey) -> String {
    format!("{PREFIX}v:{key}")
}

/// A data key, wrapped or destroyed.
pub(crate) fn data_key(desk: &Desk, id: &KeyId) -> String {
    format!("{PREFIX}k:{desk}:{id}")
}

/// A blob's head.
pub(crate) fn blob(desk: &Desk, digest: &str) -> String {
    format!("{PREFIX}b:{desk}:{digest}")
}

/// One chunk of a blob.
pub(crate) fn blob_chunk(desk: &Desk, digest: &str, index: usize) -> String {
    format!("{PREFIX}b:{desk}:{digest}:{index}")
}

/// A counter that is not a desk's.
pub(crate) fn vital_counter(name: &VitalName) -> String {
    format!("{PREFIX}n:y:{}", name.as_str())
}

/// A note that is not a desk's.
pub(crate) fn vital_note(name: &VitalName) -> String {
    format!("{PREFIX}w:{}", name.as_str())
}

/// Whether every backend takes this key.
pub fn is_valid(key: &str) -> bool {
    (1..=256).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_keys_are_valid() {
        let desk = Desk::new("d".repeat(32)).unwrap();
        let kind = Kind::new("k".repeat(16)).unwrap();
        let stream = StreamId::new(desk.clone(), kind.clone(), "n".repeat(64)).unwrap();
        let sequence = SequenceId::new(desk.clone(), kind.clone(), "n".repeat(128)).unwrap();
        let doc_key = DocKey::new(desk.clone(), kind.clone(), "n".repeat(128)).unwrap();
        let month = Month::new(2026, 7).unwrap();
        let mut keys = vec![snapshot(&stream), cursor(&desk, &kind), feed_marks(&desk), doc(&doc_key)];
        keys.push(data_key(&desk, &KeyId::new("k".repeat(32)).unwrap()));
        let counted = Tally::new(Some(desk.clone()), kind.clone(), "n".repeat(64)).unwrap();
        keys.extend([tally(&counted), tally_slice(&counted, u64::MAX)]);
        keys.extend([blob(&desk, &"f".repeat(64)), blob_chunk(&desk, &"f".repeat(64), usize::MAX)]);
        let vital = VitalName::new(&["k", &"v".repeat(158)]).unwrap();
        keys.extend([vital_counter(&vital), vital_note(&vital)]);
        for numbered in [
            Numbered::stream(&stream),
            Numbered::feed(&desk, u16::MAX),
            Numbered::directory(&desk, &kind, month),
            Numbered::desks(),
            Numbered::vitals(),
            Numbered::sequence(&sequence),
        ] {
            keys.extend([numbered.counter(), numbered.slot(u64::MAX), numbered.trimmed()]);
        }
        for key in &keys {
            assert!(is_valid(key), "{key} has {} bytes", key.len());
        }
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn bad_keys_are_refused() {
        for bad in ["", "a b", "a.b", "ñ", "a/b", &"k".repeat(257)] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
