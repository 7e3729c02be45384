//! Values in memory, with the habits of the SQLite store.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{KvError, add_to_counter};

#[derive(Default)]
pub(super) struct Memory(Mutex<State>);

#[derive(Default)]
struct State {
    stores: HashMap<String, HashMap<String, Vec<u8>>>,
    broken: Option<KvError>,
}

impl Memory {
    pub(super) fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.state()?.stores.get(store).and_then(|values| values.get(key)).cloned())
    }

    pub(super) fn list_keys(&self, store: &str) -> Result<Vec<String>, KvError> {
        Ok(self.state()?.stores.get(store).map(|values| values.keys().cloned().collect()).unwrap_or_default())
    }

    pub(super) fn set_many(&self, store: &str, entries: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        self.state()?.stores.entry(store.to_owned()).or_default().extend(entries);
        Ok(())
    }

    pub(super) fn delete_many(&self, store: &str, keys: Vec<String>) -> Result<(), KvError> {
        let mut state = self.state()?;
        let values = state.stores.entry(store.to_owned()).or_default();
        for key in keys {
            values.remove(&key);
        }
        Ok(())
    }

    pub(super) fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, KvError> {
        let mut state = self.state()?;
        let values = state.stores.entry(store.to_owned()).or_default();
        match add_to_counter(key, values.get(key).cloned(), delta) {
            Ok(value) => {
                values.insert(key.to_owned(), value.to_le_bytes().to_vec());
                Ok(value)
            }
            Err(error) => {
                if matches!(error, KvError::Broken(_)) {
                    state.broken = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, KvError> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.broken {
            Some(error) => Err(error.clone()),
            None => Ok(state),
        }
    }
}
