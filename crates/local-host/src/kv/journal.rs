//! The journal's own store trait, so that tools run the components' code over a data file or Redis.

use relevo_journal::store::{Store, StoreError};

use super::{Bucket, KvError};

impl Store for Bucket {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Self::get(self, key).await.map_err(failed("get"))
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        Self::set_many(self, entries).await.map_err(failed("set-many"))
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        Self::increment(self, key, delta).await.map_err(failed("increment"))
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        Self::delete_many(self, keys).await.map_err(failed("delete-many"))
    }
}

fn failed(call: &'static str) -> impl Fn(KvError) -> StoreError {
    move |error| StoreError { call, why: error.to_string() }
}
