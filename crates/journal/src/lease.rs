//! Leases: usually one worker at a time, without a lock.

use chrono::{DateTime, Utc};

use crate::Journal;
use crate::error::JournalError;
use crate::names::{Desk, Kind};
use crate::store::Store;
use crate::tally::Tally;

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
        let tally = Tally::of_lease(desk, name);
        Ok(self.tally(&tally, 1, now, slice_seconds).await? == 1)
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
