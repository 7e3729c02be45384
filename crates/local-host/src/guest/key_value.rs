//! `spin:key-value@3.0.0`: the async calls, which let the instance go on with other requests.

use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

use super::{
    Guest, OpenError,
    bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore},
    told,
};
use crate::kv::{Bucket, KvError};

type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for Guest {}

impl HostStore for Guest {
    async fn drop(&mut self, store: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        self.open_stores = self.open_stores.saturating_sub(1);
        Ok(())
    }
}

impl HostStoreWithStore<Guest> for HasSelf<Guest> {
    async fn open(accessor: &Accessor<Guest, Self>, label: String) -> Answer<Resource<Bucket>> {
        accessor.with(|mut access| {
            let guest = access.get();
            Ok(match guest.open_store(&label) {
                Ok(bucket) => Ok(guest.table.push(bucket)?),
                Err(OpenError::AccessDenied) => Err(Error::AccessDenied),
                Err(OpenError::TableFull) => Err(Error::StoreTableFull),
            })
        })
    }

    async fn get(
        accessor: &Accessor<Guest, Self>,
        store: Resource<Bucket>,
        key: String,
    ) -> Answer<Option<Vec<u8>>> {
        answer(bucket(accessor, &store)?.get(&key).await)
    }

    async fn set(
        accessor: &Accessor<Guest, Self>,
        store: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> Answer<()> {
        answer(bucket(accessor, &store)?.set_many(vec![(key, value)]).await)
    }

    async fn delete(accessor: &Accessor<Guest, Self>, store: Resource<Bucket>, key: String) -> Answer<()> {
        answer(bucket(accessor, &store)?.delete_many(vec![key]).await)
    }

    async fn exists(accessor: &Accessor<Guest, Self>, store: Resource<Bucket>, key: String) -> Answer<bool> {
        answer(bucket(accessor, &store)?.exists(&key).await)
    }

    async fn get_keys(
        accessor: &Accessor<Guest, Self>,
        store: Resource<Bucket>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let (keys, end) = match bucket(accessor, &store)?.list_keys().await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(Error::Other(told(error)?))),
        };
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, keys)?;
            let end = FutureReader::new(&mut access, async move { wasmtime::error::Ok(end) })?;
            Ok((keys, end))
        })
    }
}

fn bucket(accessor: &Accessor<Guest, HasSelf<Guest>>, store: &Resource<Bucket>) -> wasmtime::Result<Bucket> {
    accessor.with(|mut access| Ok(access.get().table.get(store)?.clone()))
}

fn answer<T>(result: Result<T, KvError>) -> Answer<T> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(Error::Other(told(error)?))),
    }
}
