//! What an application counts and notes of itself, beside its desks, for those who run it. Nothing depends on it:
//! a count that was lost is a figure that is too small, no more.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Journal;
use crate::error::JournalError;
use crate::keys::{self, Numbered};
use crate::names::NameError;
use crate::sequence::{Cursor, counter_value};
use crate::store::Store;
use crate::value;

/// Longest name.
const MAX_NAME_BYTES: usize = 160;

/// A counter that is this young may be missing from the list: its first writer may have died between the two writes.
const LISTED_AGAIN_BELOW: i64 = 4;

/// How many counters are fetched at once.
const GETS_AT_ONCE: usize = 64;

/// The name of a counter or a note: parts joined by colons, such as `intake:school:whatsapp`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VitalName(String);

impl VitalName {
    /// A name of these parts.
    ///
    /// # Errors
    /// When a part is empty or has another character than `[a-z0-9_-]`, or all are too long together.
    pub fn new(parts: &[&str]) -> Result<Self, NameError> {
        let good = |part: &&str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
        };
        let name = parts.join(":");
        let begins = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if begins && parts.iter().all(good) && name.len() <= MAX_NAME_BYTES {
            Ok(Self(name))
        } else {
            let pattern = "[a-z][a-z0-9_-]* and further such parts after colons, at most 160 bytes";
            Err(NameError { what: "name of a vital sign", pattern })
        }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S: Store> Journal<S> {
    /// Adds to a counter; the first time it is also put on the list that [`Journal::counts`] reads.
    ///
    /// # Errors
    /// When the store fails: it may have been counted or not.
    pub async fn count(&self, name: &VitalName, by: u32) -> Result<(), JournalError> {
        let sum = self.store.increment(&keys::vital_counter(name), i64::from(by)).await?;
        if sum.saturating_sub(i64::from(by)) < LISTED_AGAIN_BELOW {
            let at = Numbered::vitals();
            let number = u64::try_from(self.store.increment(&at.counter(), 1).await?).unwrap_or_default();
            let entry = (at.slot(number), value::encode("a vital sign's name", name.as_str())?);
            self.store.set_many(vec![entry]).await?;
        }
        Ok(())
    }

    /// All counters, by name.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>, JournalError> {
        // Holes are nobody's concern here: the next to count lists the name again.
        let now = chrono::DateTime::UNIX_EPOCH;
        let page = self.read_numbered(&Numbered::vitals(), &mut Cursor::default(), usize::MAX, now).await?;
        let mut names: Vec<String> =
            page.entries.iter().filter_map(|(_, bytes)| value::decode(bytes).ok()).collect();
        names.sort();
        names.dedup();
        let mut counts = BTreeMap::new();
        for some in names.chunks(GETS_AT_ONCE) {
            let gets = some.iter().map(|name| async move {
                let key = keys::vital_counter(&VitalName(name.clone()));
                let bytes = self.store.get(&key).await?;
                Ok::<_, JournalError>((name.clone(), counter_value(&key, bytes)?))
            });
            counts.extend(futures::future::try_join_all(gets).await?);
        }
        Ok(counts)
    }

    /// Writes a note over the one before. The last writer wins.
    ///
    /// # Errors
    /// When the store fails or the note is no JSON.
    pub async fn put_note<T: Serialize>(&self, name: &VitalName, note: &T) -> Result<(), JournalError> {
        let entry = (keys::vital_note(name), value::encode("a note", note)?);
        Ok(self.store.set_many(vec![entry]).await?)
    }

    /// A note; none if there is none that this version can read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note<T: DeserializeOwned>(&self, name: &VitalName) -> Result<Option<T>, JournalError> {
        let bytes = self.store.get(&keys::vital_note(name)).await?;
        Ok(bytes.and_then(|bytes| value::decode(&bytes).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use futures::executor::block_on;

    fn name(parts: &[&str]) -> VitalName {
        VitalName::new(parts).unwrap()
    }

    #[test]
    fn what_is_counted_is_listed_once_whoever_counts() {
        let journal = Journal::new(MemoryStore::default());
        block_on(async {
            assert!(journal.counts().await.unwrap().is_empty());
            for by in [1, 2, 3, 100] {
                journal.count(&name(&["intake", "school"]), by).await.unwrap();
            }
            journal.count(&name(&["refused", "unauthorized"]), 7).await.unwrap();
            let counts = journal.counts().await.unwrap();
            let expected = [("intake:school".to_owned(), 106), ("refused:unauthorized".to_owned(), 7)];
            assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
        });
    }

    #[test]
    fn a_first_writer_that_died_before_listing_does_not_hide_the_counter() {
        let journal = Journal::new(MemoryStore::default());
        block_on(async {
            let name = name(&["intake", "school"]);
            journal.store.increment(&keys::vital_counter(&name), 1).await.unwrap();
            assert!(journal.counts().await.unwrap().is_empty());
            journal.count(&name, 1).await.unwrap();
            assert_eq!(journal.counts().await.unwrap().get("intake:school"), Some(&2));
        });
    }

    #[test]
    fn a_note_is_the_last_one_written() {
        let journal = Journal::new(MemoryStore::default());
        block_on(async {
            let name = name(&["tick", "sla"]);
            assert_eq!(journal.note::<u32>(&name).await.unwrap(), None);
            journal.put_note(&name, &1).await.unwrap();
            journal.put_note(&name, &2).await.unwrap();
            assert_eq!(journal.note::<u32>(&name).await.unwrap(), Some(2));
            assert_eq!(journal.note::<String>(&name).await.unwrap(), None, "of another shape");
        });
    }

    #[test]
    fn names_are_checked() {
        for bad in [&["A"][..], &[""], &["a", ""], &["a:b"], &["_"], &["1"], &["a b"], &["ñ"], &[]] {
            assert!(VitalName::new(bad).is_err(), "{bad:?}");
        }
        assert!(VitalName::new(&[&"a".repeat(200)]).is_err());
        assert_eq!(name(&["a", "b-c", "d_1"]).as_str(), "a:b-c:d_1");
    }
}
