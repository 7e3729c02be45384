//! Redis, by one multiplexed connection that is made anew when it breaks.
//!
//! A command that was under way when the connection broke is an error and is not sent again: an increment
//! sent twice would count twice.

use std::{collections::BTreeSet, time::Duration};

use redis::{
    AsyncCommands, Client, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::KvError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A save to a busy disk may hold Redis up for long. What asks has a limit of its own: here it matters only that a
/// server that is gone without a word is noticed.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(25);
const SCAN_COUNT: usize = 1_000;

#[derive(Clone)]
pub(super) struct Redis(ConnectionManager);

impl Redis {
    pub(super) async fn connect(url: &str) -> Result<Self, KvError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_number_of_retries(1);
        let client = Client::open(url).map_err(failed)?;
        Ok(Self(ConnectionManager::new_with_config(client, config).await.map_err(failed)?))
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        self.0.clone().get(key).await.map_err(failed)
    }

    pub(super) async fn exists(&self, key: &str) -> Result<bool, KvError> {
        self.0.clone().exists(key).await.map_err(failed)
    }

    pub(super) async fn list_keys(&self) -> Result<Vec<String>, KvError> {
        let mut keys = BTreeSet::new();
        let mut cursor = 0_u64;
        loop {
            let (next, page): (u64, Vec<String>) = redis::cmd("SCAN")
                .arg(cursor)
                .arg("COUNT")
                .arg(SCAN_COUNT)
                .query_async(&mut self.0.clone())
                .await
                .map_err(failed)?;
            keys.extend(page);
            if next == 0 {
                return Ok(keys.into_iter().collect());
            }
            cursor = next;
        }
    }

    pub(super) async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        self.0.clone().mset(&entries).await.map_err(failed)
    }

    pub(super) async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        self.0.clone().del(keys).await.map_err(failed)
    }

    pub(super) async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        self.0.clone().incr(key, delta).await.map_err(failed)
    }
}

fn failed(error: RedisError) -> KvError {
    KvError::Other(format!("redis: {error}"))
}
