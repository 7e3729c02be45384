//! Friendly numbers: counters that people see. A number that its taker never used is simply missing.

use crate::Journal;
use crate::error::JournalError;
use crate::keys::Numbered;
use crate::names::{Desk, Kind};
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
