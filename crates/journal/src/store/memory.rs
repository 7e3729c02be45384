//! A store in memory: for tests and for trying things.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Store, StoreError, check, decode_counter};

/// A store in memory. Clones share their content. As strict as the real ones: a bad key or a value over 1 MB
/// is an error, and an increment of what is no counter is too.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Rc<RefCell<BTreeMap<String, Vec<u8>>>>);

impl MemoryStore {
    /// A copy of everything in it: for tests that look at what was written.
    pub fn dump(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.borrow().clone()
    }
}

impl Store for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        check("get", key, 0)?;
        Ok(self.0.borrow().get(key).cloned())
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        for (key, value) in &entries {
            check("set-many", key, value.len())?;
        }
        self.0.borrow_mut().extend(entries);
        Ok(())
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        const CALL: &str = "increment";
        check(CALL, key, 0)?;
        let mut values = self.0.borrow_mut();
        let old = match values.get(key) {
            None => 0,
            Some(bytes) => decode_counter(bytes)
                .ok_or_else(|| StoreError { call: CALL, why: format!("{key} is no counter") })?,
        };
        let new = old
            .checked_add(delta)
            .ok_or_else(|| StoreError { call: CALL, why: format!("{key} overflows") })?;
        values.insert(key.to_owned(), new.to_le_bytes().to_vec());
        Ok(new)
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        let mut values = self.0.borrow_mut();
        for key in keys {
            values.remove(&key);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn does_what_a_store_does() {
        block_on(async {
            let store = MemoryStore::default();
            assert_eq!(store.get("a").await, Ok(None));
            let entries = vec![("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])];
            store.clone().set_many(entries).await.unwrap();
            assert_eq!(store.get("b").await, Ok(Some(vec![2])));
            assert_eq!(store.increment("n", 2).await, Ok(2));
            assert_eq!(store.increment("n", 3).await, Ok(5));
            store.delete_many(vec!["a".to_owned(), "absent".to_owned()]).await.unwrap();
            assert_eq!(store.dump().len(), 2);
        });
    }

    #[test]
    fn refuses_what_the_real_ones_refuse() {
        block_on(async {
            let store = MemoryStore::default();
            let large = vec![("ok".to_owned(), vec![]), ("big".to_owned(), vec![0; 1_048_577])];
            assert!(store.set_many(large).await.is_err());
            assert_eq!(store.get("ok").await, Ok(None), "all or none");
            assert!(store.set_many(vec![("a b".to_owned(), vec![])]).await.is_err());
            store.set_many(vec![("v".to_owned(), vec![1, 2, 3])]).await.unwrap();
            assert!(store.increment("v", 1).await.is_err());
            store.increment("n", i64::MAX).await.unwrap();
            assert!(store.increment("n", 1).await.is_err());
        });
    }
}
