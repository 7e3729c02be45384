//! Tallies: how often something happened within the present time slice, over all processes.

use chrono::{DateTime, Utc};

use crate::Journal;
use crate::error::JournalError;
use crate::keys;
use crate::names::{Desk, Kind, NameError, matches, word};
use crate::sequence::counter_value;
use crate::store::Store;
use crate::value;

/// What is counted: something of one desk, or of none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tally {
    desk: Option<Desk>,
    kind: Kind,
    name: String,
}

impl Tally {
    /// Checks the name: `[A-Za-z0-9_-]{1,64}`, no personal data in clear. There may only be a bounded number of
    /// names: two keys stay behind for each.
    ///
    /// # Errors
    /// When the name does not match.
    pub fn new(desk: Option<Desk>, kind: Kind, name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        if matches(&name, word, word, 1..=64) {
            Ok(Self { desk, kind, name })
        } else {
            Err(NameError { what: "name of a tally", pattern: "[A-Za-z0-9_-]{1,64}" })
        }
    }

    /// How many asked for a lease: the first of a slice has it.
    pub(crate) fn of_lease(desk: &Desk, lease: &Kind) -> Self {
        Self { desk: Some(desk.clone()), kind: lease.clone(), name: "lease".to_owned() }
    }

    /// As part of keys. `_` is no desk's name.
    pub(crate) fn path(&self) -> String {
        let desk = self.desk.as_ref().map_or("_", Desk::as_str);
        format!("{desk}:{}:{}", self.kind, self.name)
    }
}

impl<S: Store> Journal<S> {
    /// Adds to a tally and returns what it stands at in this time slice. Counts may be lost, never made up; clocks
    /// that disagree count in neighbouring slices.
    ///
    /// Costs one increment; for the first of a slice also one get, one set-many and one delete-many.
    ///
    /// # Errors
    /// When the store fails: it may have been counted or not.
    pub async fn tally(
        &self,
        what: &Tally,
        by: u32,
        now: DateTime<Utc>,
        slice_seconds: u32,
    ) -> Result<u64, JournalError> {
        let slice = slice(now, slice_seconds);
        let by = i64::from(by.max(1));
        let total = self.store.increment(&keys::tally_slice(what, slice), by).await?;
        if total == by {
            self.forget_slice_before(what, slice).await?;
        }
        Ok(u64::try_from(total).unwrap_or_default())
    }

    /// What a tally stands at in this time slice. Costs one get.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn tallied(
        &self,
        what: &Tally,
        now: DateTime<Utc>,
        slice_seconds: u32,
    ) -> Result<u64, JournalError> {
        let key = keys::tally_slice(what, slice(now, slice_seconds));
        let bytes = self.store.get(&key).await?;
        counter_value(&key, bytes)
    }

    /// The counter of the slice before is of no more use.
    async fn forget_slice_before(&self, what: &Tally, slice: u64) -> Result<(), JournalError> {
        let key = keys::tally(what);
        let before = self.store.get(&key).await?.and_then(|bytes| value::decode::<u64>(&bytes).ok());
        if before.is_none_or(|before| before < slice) {
            self.store.set_many(vec![(key, value::encode("a tally", &slice)?)]).await?;
            if let Some(before) = before {
                self.store.delete_many(vec![keys::tally_slice(what, before)]).await?;
            }
        }
        Ok(())
    }
}

/// The number of the time slice; no slice at all is one endless slice.
fn slice(now: DateTime<Utc>, slice_seconds: u32) -> u64 {
    let now = u64::try_from(now.timestamp()).unwrap_or(0);
    now.checked_div(u64::from(slice_seconds)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use chrono::TimeDelta;
    use futures::executor::block_on;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn each_slice_counts_for_itself_and_leaves_nothing_behind() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            let desk = Desk::new("school").ok();
            let what = Tally::new(desk.clone(), Kind::new("calls").unwrap(), "a").unwrap();
            assert_eq!(journal.tallied(&what, at(100), 10).await.unwrap(), 0);
            assert_eq!(journal.tally(&what, 1, at(100), 10).await.unwrap(), 1);
            assert_eq!(journal.tally(&what, 16, at(109), 10).await.unwrap(), 17);
            assert_eq!(journal.tallied(&what, at(109), 10).await.unwrap(), 17);
            assert_eq!(journal.tallied(&what, at(110), 10).await.unwrap(), 0);
            for other in [
                Tally::new(None, Kind::new("calls").unwrap(), "a").unwrap(),
                Tally::new(desk.clone(), Kind::new("calls").unwrap(), "b").unwrap(),
                Tally::new(Desk::new("cards").ok(), Kind::new("calls").unwrap(), "a").unwrap(),
            ] {
                assert_eq!(journal.tallied(&other, at(109), 10).await.unwrap(), 0, "{other:?}");
            }
            for slice in 11..200 {
                journal.tally(&what, 4, at(slice * 10), 10).await.unwrap();
            }
            assert_eq!(journal.store().dump().len(), 2, "two keys for each tally");
        });
    }

    #[test]
    fn a_name_that_could_reach_elsewhere_is_refused() {
        for bad in ["", "a:b", "ñ", &"x".repeat(65)] {
            assert!(Tally::new(None, Kind::new("calls").unwrap(), bad).is_err(), "{bad}");
        }
    }
}
