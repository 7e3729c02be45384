//! `wasi:keyvalue@0.2.0-draft2`: the synchronous calls. Each holds up every request of its instance.

use wasmtime::component::Resource;

use super::{
    Guest, OpenError,
    bindings::wasi::keyvalue::{
        atomics::{self, CasError},
        batch,
        store::{self, Error, KeyResponse},
    },
    told,
};
use crate::kv::{Bucket, KvError};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Never made: see [`atomics::HostCas::new`].
pub enum Cas {}

impl store::Host for Guest {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        Ok(match self.open_store(&identifier) {
            Ok(bucket) => Ok(self.table.push(bucket)?),
            Err(OpenError::AccessDenied) => Err(Error::AccessDenied),
            Err(OpenError::TableFull) => Err(Error::Other("store table full".into())),
        })
    }
}

impl store::HostBucket for Guest {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        answer(self.bucket(&bucket)?.get(&key).await)
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        answer(self.bucket(&bucket)?.set_many(vec![(key, value)]).await)
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<()> {
        answer(self.bucket(&bucket)?.delete_many(vec![key]).await)
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<bool> {
        answer(self.bucket(&bucket)?.exists(&key).await)
    }

    async fn list_keys(&mut self, bucket: Resource<Bucket>, cursor: Option<String>) -> Answer<KeyResponse> {
        if cursor.is_some() {
            return Ok(Err(Error::Other("list_keys: cursor not supported".into())));
        }
        let keys = self.bucket(&bucket)?.list_keys().await;
        answer(keys.map(|keys| KeyResponse { keys, cursor: None }))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        self.open_stores = self.open_stores.saturating_sub(1);
        Ok(())
    }
}

impl batch::Host for Guest {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<(String, Option<Vec<u8>>)>> {
        let found = self.bucket(&bucket)?.get_many(&keys).await;
        answer(found.map(|found| found.into_iter().map(|(key, value)| (key, Some(value))).collect()))
    }

    async fn set_many(&mut self, bucket: Resource<Bucket>, entries: Vec<(String, Vec<u8>)>) -> Answer<()> {
        answer(self.bucket(&bucket)?.set_many(entries).await)
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        answer(self.bucket(&bucket)?.delete_many(keys).await)
    }
}

impl atomics::Host for Guest {
    async fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: i64) -> Answer<i64> {
        answer(self.bucket(&bucket)?.increment(&key, delta).await)
    }

    async fn swap(&mut self, cas: Resource<Cas>, _value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        match *self.table.get(&cas)? {}
    }
}

impl atomics::HostCas for Guest {
    /// Refused: on Spin it guards nothing on creation (SQLite) or reports the wrong outcome (Redis), and code
    /// that trusts it must not seem to work here.
    async fn new(&mut self, _bucket: Resource<Bucket>, _key: String) -> Answer<Resource<Cas>> {
        Ok(Err(Error::Other("compare-and-swap is not sound on Spin; the local host refuses it".into())))
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        match *self.table.get(&cas)? {}
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.table.delete(cas)?;
        Ok(())
    }
}

impl Guest {
    fn bucket(&self, bucket: &Resource<Bucket>) -> wasmtime::Result<Bucket> {
        Ok(self.table.get(bucket)?.clone())
    }
}

fn answer<T>(result: Result<T, KvError>) -> Answer<T> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(Error::Other(told(error)?))),
    }
}
