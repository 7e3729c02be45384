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
        let (mut server, key) = (self.0.clone(), key.to_owned());
        apart(async move { server.get(key).await }).await
    }

    pub(super) async fn exists(&self, key: &str) -> Result<bool, KvError> {
        let (mut server, key) = (self.0.clone(), key.to_owned());
        apart(async move { server.exists(key).await }).await
    }

    pub(super) async fn list_keys(&self) -> Result<Vec<String>, KvError> {
        let mut server = self.0.clone();
        apart(async move {
            let mut keys = BTreeSet::new();
            let mut cursor = 0_u64;
            loop {
                let (next, page): (u64, Vec<String>) = redis::cmd("SCAN")
                    .arg(cursor)
                    .arg("COUNT")
                    .arg(SCAN_COUNT)
                    .query_async(&mut server)
                    .await?;
                keys.extend(page);
                if next == 0 {
                    return Ok(keys.into_iter().collect());
                }
                cursor = next;
            }
        })
        .await
    }

    pub(super) async fn set_many(&self, entries: Vec<(String, Vec<u8>)>) -> Result<(), KvError> {
        let mut server = self.0.clone();
        apart(async move { server.mset(&entries).await }).await
    }

    pub(super) async fn delete_many(&self, keys: Vec<String>) -> Result<(), KvError> {
        let mut server = self.0.clone();
        apart(async move { server.del(keys).await }).await
    }

    pub(super) async fn increment(&self, key: &str, delta: i64) -> Result<i64, KvError> {
        let (mut server, key) = (self.0.clone(), key.to_owned());
        apart(async move { server.incr(key, delta).await }).await
    }
}

/// Does it as a task of its own. The connection has room for so many requests that are not yet sent, and gives each
/// waiting one its place in turn. A component that waits in a call that holds it up does not go on with its other calls:
/// they would keep places they do not use, and the call that holds them up would wait for one of these places.
async fn apart<T: Send + 'static>(
    work: impl Future<Output = Result<T, RedisError>> + Send + 'static,
) -> Result<T, KvError> {
    match tokio::spawn(work).await {
        Ok(done) => done.map_err(failed),
        Err(error) => Err(KvError::Other(format!("redis: {error}"))),
    }
}

fn failed(error: RedisError) -> KvError {
    KvError::Other(format!("redis: {error}"))
}
