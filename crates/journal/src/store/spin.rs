//! The store of a component: Spin's key-value, reads through `spin:key-value` (async, any number at once), the
//! rest through `wasi:keyvalue`, whose calls block the instance and are therefore few.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bindings::wasi::keyvalue::store::{self, Bucket};
use bindings::wasi::keyvalue::{atomics, batch};
use spin_sdk::key_value;

use super::{Store, StoreError, check};

#[allow(missing_docs, unsafe_code, clippy::all, clippy::pedantic)] // generated
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "relevo:store/store",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        generate_all,
    });
}

thread_local! {
    /// Handles by label: opened once in an instance's life.
    static OPEN: RefCell<BTreeMap<String, SpinStore>> = const { RefCell::new(BTreeMap::new()) };
}

/// A key-value store of the application's manifest. Cheap to clone.
#[derive(Clone)]
pub struct SpinStore {
    reads: Rc<key_value::Store>,
    writes: Rc<Bucket>,
}

impl SpinStore {
    /// The store with this label, which the component's `key_value_stores` must name.
    ///
    /// # Errors
    /// When there is none, or its backend is not reachable.
    pub async fn open(label: &str) -> Result<Self, StoreError> {
        if let Some(known) = OPEN.with_borrow(|open| open.get(label).cloned()) {
            return Ok(known);
        }
        let reads = key_value::Store::open(label).await.map_err(|e| failed("open", &e))?;
        let writes = store::open(label).map_err(|e| failed("open", &e))?;
        let opened = Self { reads: Rc::new(reads), writes: Rc::new(writes) };
        OPEN.with_borrow_mut(|open| open.insert(label.to_owned(), opened.clone()));
        Ok(opened)
    }
}

impl Store for SpinStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        const CALL: &str = "get";
        check(CALL, key, 0)?;
        self.reads.get(key).await.map_err(|e| failed(CALL, &e))
    }

    async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        const CALL: &str = "set-many";
        for (key, value) in &entries {
            check(CALL, key, value.len())?;
        }
        batch::set_many(&self.writes, &entries).map_err(|e| failed(CALL, &e))
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        const CALL: &str = "increment";
        check(CALL, key, 0)?;
        atomics::increment(&self.writes, key, delta).map_err(|e| failed(CALL, &e))
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        const CALL: &str = "delete-many";
        for key in &keys {
            check(CALL, key, 0)?;
        }
        batch::delete_many(&self.writes, &keys).map_err(|e| failed(CALL, &e))
    }
}

fn failed(call: &'static str, error: &dyn std::fmt::Debug) -> StoreError {
    StoreError { call, why: format!("{error:?}") }
}
