//! Friendly numbers: counters that people see. A number that its taker never used is simply missing.

use crate::Journal;
use crate::error::JournalError;
use crate::keys::Numbered;
use crate::names::{Desk, Kind, SequenceId};
use crate::store::Store;

impl<S: Store> Journal<S> {
    /// Takes the next number of a series; the first ever is 1.
    ///
    /// # Errors
    /// When the store fails; the number may be lost then.
    pub async fn next_number(&self, desk: &Desk, series: &Kind) -> Result<u64, JournalError> {
        let key = Numbered::series(desk, series).counter();
        let taken = self.store.increment(&key, 1).await?;
        Ok(u64::try_from(taken).unwrap_or_default())
    }

    /// Removes claims that nobody asks for any more. One that is asked for again afterwards is free again.
    ///
    /// # Errors
    /// When the store fails: some may have been removed.
    pub async fn forget_claims(&self, claims: &[SequenceId]) -> Result<(), JournalError> {
        for batch in claims.chunks(64) {
            let counters = batch.iter().map(|claim| Numbered::sequence(claim).counter()).collect();
            self.store.delete_many(counters).await?;
        }
        Ok(())
    }

    /// Claims something that must be done once. True for one caller only, ever; what became of the claim is for
    /// the claimer to record.
    ///
    /// # Errors
    /// When the store fails: it may be claimed or not, and by this caller or not.
    pub async fn claim(&self, what: &SequenceId) -> Result<bool, JournalError> {
        Ok(self.store.increment(&Numbered::sequence(what).counter(), 1).await? == 1)
    }

    /// The newest number of a series; 0 before the first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest_number(&self, desk: &Desk, series: &Kind) -> Result<u64, JournalError> {
        self.read_counter(&Numbered::series(desk, series)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;
    use futures::executor::block_on;

    #[test]
    fn of_several_claims_one_succeeds() {
        let journal = Journal::new(MemoryStore::default());
        let id =
            |name| SequenceId::new(Desk::new("school").unwrap(), Kind::new("claim").unwrap(), name).unwrap();
        block_on(async {
            assert!(journal.claim(&id("a-1")).await.unwrap());
            assert!(!journal.claim(&id("a-1")).await.unwrap());
            assert!(journal.claim(&id("a-2")).await.unwrap());
        });
    }

    #[test]
    fn numbers_are_taken_once_and_apart_by_desk_and_series() {
        let journal = Journal::new(MemoryStore::default());
        let (school, travel) = (Desk::new("school").unwrap(), Desk::new("travel").unwrap());
        let (tickets, cases) = (Kind::new("ticket").unwrap(), Kind::new("case").unwrap());
        block_on(async {
            assert_eq!(journal.newest_number(&school, &tickets).await.unwrap(), 0);
            assert_eq!(journal.next_number(&school, &tickets).await.unwrap(), 1);
            assert_eq!(journal.next_number(&school, &tickets).await.unwrap(), 2);
            assert_eq!(journal.next_number(&travel, &tickets).await.unwrap(), 1);
            assert_eq!(journal.next_number(&school, &cases).await.unwrap(), 1);
            assert_eq!(journal.newest_number(&school, &tickets).await.unwrap(), 2);
        });
    }
}
