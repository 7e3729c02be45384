//! Leases: usually one worker at a time, without a lock.

use chrono::{DateTime, Utc};

use crate::Journal;
use crate::error::JournalError;
use crate::keys;
use crate::names::{Desk, Kind};
use crate::store::Store;
use crate::value;

impl<S: Store> Journal<S> {
    /// Asks for a piece of work for the present time slice. True for exactly one of those who ask on clocks in
    /// the same slice; at the border of two slices, or with clocks that disagree, two may hold it at once. It
    /// saves work and protects nothing.
    ///
    /// Costs one increment; for the one who gets it also one get, one set-many and one delete-many.
    ///
    /// # Errors
    /// When the store fails: the lease is not held.
    pub async fn lease(
        &self,
        desk: &Desk,
        name: &Kind,
        now: DateTime<Utc>,
        slice_seconds: u32,
    ) -> Result<bool, JournalError> {
        let slice = u64::try_from(now.timestamp())
            .unwrap_or(0)
            .checked_div(u64::from(slice_seconds))
            .unwrap_or_default();
        if self.store.increment(&keys::lease_slice(desk, name, slice), 1).await? != 1 {
            return Ok(false);
        }
        // The counter of the slice before is of no more use.
        let key = keys::lease(desk, name);
        let before = self.store.get(&key).await?.and_then(|bytes| value::decode::<u64>(&bytes).ok());
        if before.is_none_or(|before| before < slice) {
            self.store.set_many(vec![(key, value::encode("a lease", &slice)?)]).await?;
            if let Some(before) = before {
                self.store.delete_many(vec![keys::lease_slice(desk, name, before)]).await?;
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use chrono::TimeDelta;
    use futures::executor::block_on;

    #[test]
    fn one_holder_a_slice_and_nothing_left_behind() {
        block_on(async {
            let journal = Journal::new(MemoryStore::default());
            let (desk, name) = (Desk::new("school").unwrap(), Kind::new("views").unwrap());
            let ask = async |seconds: i64| {
                let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
                journal.lease(&desk, &name, now, 10).await.unwrap()
            };
            assert!(ask(100).await);
            assert!(!ask(101).await && !ask(109).await);
            let other = Desk::new("cards").unwrap();
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(101);
            assert!(journal.lease(&other, &name, now, 10).await.unwrap(), "another desk's");
            for slice in 11..200 {
                assert!(ask(slice * 10).await);
            }
            assert_eq!(journal.store().dump().len(), 4, "two keys for each lease");
            assert!(
                journal.lease(&desk, &name, now, 0).await.is_ok(),
                "no slice at all is one endless slice"
            );
        });
    }
}
