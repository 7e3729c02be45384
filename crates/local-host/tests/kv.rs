//! The key-value backends: what all have in common, and where they differ as they do on Spin.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

#[path = "support/redis.rs"]
mod redis_server;

use std::{
    path::Path,
    task::{Context, Waker},
};

use futures::future::join_all;
use redis_server::RedisServer;
use relevo_journal::store::Store;
use relevo_local_host::kv::{Backend, Bucket, KvError, Location};
use rusqlite::Connection;

async fn open(location: Location) -> Bucket {
    Backend::open(&location).await.unwrap().bucket("default")
}

async fn sqlite(folder: &Path) -> Bucket {
    open(Location::Sqlite(folder.join("new/kv.db"))).await
}

fn text(key: &str) -> String {
    key.to_owned()
}

fn entry(key: &str, value: &[u8]) -> (String, Vec<u8>) {
    (text(key), value.to_vec())
}

/// What every backend does.
async fn check_contract(bucket: &Bucket) {
    assert_eq!(bucket.get("a").await, Ok(None));
    assert_eq!(bucket.exists("a").await, Ok(false));
    bucket.set_many(vec![entry("a", b"1"), entry("b", b"\x00\xff"), entry("a", b"2")]).await.unwrap();
    assert_eq!(bucket.get("a").await, Ok(Some(b"2".to_vec())));
    assert_eq!(bucket.get("b").await, Ok(Some(b"\x00\xff".to_vec())));
    bucket.set_many(vec![entry("b", b"")]).await.unwrap();
    assert_eq!(bucket.get("b").await, Ok(Some(Vec::new())));
    assert_eq!(bucket.exists("b").await, Ok(true));
    assert_eq!(bucket.increment("n", 5).await, Ok(5));
    assert_eq!(bucket.increment("n", -7).await, Ok(-2));
    let mut keys = bucket.list_keys().await.unwrap();
    keys.sort();
    assert_eq!(keys, ["a", "b", "n"]);
    bucket.delete_many(vec![text("a"), text("never")]).await.unwrap();
    assert_eq!(bucket.get("a").await, Ok(None));
    bucket.set_many(Vec::new()).await.unwrap();
    bucket.delete_many(Vec::new()).await.unwrap();
    let large = vec![7; 1 << 20];
    bucket.set_many(vec![entry("large", &large)]).await.unwrap();
    assert_eq!(bucket.get("large").await, Ok(Some(large)));
}

/// No number is lost or given twice.
async fn check_counting(bucket: &Bucket) {
    let mut numbers: Vec<i64> = join_all((0..300).map(|_| bucket.increment("count", 1)))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=300).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_contract() {
    let bucket = open(Location::Memory).await;
    check_contract(&bucket).await;
    check_counting(&bucket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = sqlite(folder.path()).await;
    check_contract(&bucket).await;
    check_counting(&bucket).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let server = RedisServer::start();
    let bucket = open(Location::Redis(server.url())).await;
    check_contract(&bucket).await;
    check_counting(&bucket).await;
}

#[tokio::test]
async fn stores_are_apart_except_on_redis() {
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::start();
    for (location, together) in [
        (Location::Memory, false),
        (Location::Sqlite(folder.path().join("kv.db")), false),
        (Location::Redis(server.url()), true),
    ] {
        let backend = Backend::open(&location).await.unwrap();
        backend.bucket("one").set_many(vec![entry("k", b"v")]).await.unwrap();
        assert_eq!(backend.bucket("two").exists("k").await, Ok(together), "{location}");
    }
}

#[tokio::test]
async fn get_many_leaves_out_what_is_absent_and_is_refused_on_redis() {
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::start();
    let keys = [text("a"), text("absent"), text("b")];
    for bucket in [open(Location::Memory).await, sqlite(folder.path()).await] {
        bucket.set_many(vec![entry("a", b"1"), entry("b", b"2")]).await.unwrap();
        assert_eq!(bucket.get_many(&keys).await, Ok(vec![entry("a", b"1"), entry("b", b"2")]));
    }
    let bucket = open(Location::Redis(server.url())).await;
    assert!(matches!(bucket.get_many(&keys).await, Err(KvError::Other(_))));
}

#[tokio::test]
async fn counters_look_as_on_spin() {
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::start();
    let little_endian = [2, 1, 0, 0, 0, 0, 0, 0];
    for (bucket, stored) in [
        (open(Location::Memory).await, &little_endian[..]),
        (sqlite(folder.path()).await, &little_endian[..]),
        (open(Location::Redis(server.url())).await, b"258"),
    ] {
        bucket.increment("n", 258).await.unwrap();
        let value = bucket.get("n").await.unwrap().unwrap();
        assert_eq!(value, stored);
        assert_eq!(relevo_journal::store::decode_counter(&value), Some(258));
    }
}

#[tokio::test]
async fn incrementing_what_is_no_counter_breaks_the_store_until_it_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    for bucket in [open(Location::Memory).await, sqlite(folder.path()).await] {
        bucket.set_many(vec![entry("k", b"text"), entry("n", b"\x01\0\0\0\0\0\0\0")]).await.unwrap();
        assert!(matches!(bucket.increment("k", 1).await, Err(KvError::Broken(_))));
        assert!(matches!(bucket.get("k").await, Err(KvError::Broken(_))));
        assert!(matches!(bucket.increment("n", 1).await, Err(KvError::Broken(_))));
        assert!(matches!(bucket.set_many(vec![entry("x", b"y")]).await, Err(KvError::Broken(_))));
    }
    let again = sqlite(folder.path()).await;
    assert_eq!(again.get("k").await, Ok(Some(b"text".to_vec())));
    assert_eq!(again.increment("n", 1).await, Ok(2));
    assert_eq!(again.exists("x").await, Ok(false));
}

#[tokio::test]
async fn incrementing_what_is_no_counter_is_an_error_on_redis() {
    let server = RedisServer::start();
    let bucket = open(Location::Redis(server.url())).await;
    bucket.set_many(vec![entry("k", b"text")]).await.unwrap();
    assert!(matches!(bucket.increment("k", 1).await, Err(KvError::Other(_))));
    assert_eq!(bucket.get("k").await, Ok(Some(b"text".to_vec())));
}

#[tokio::test]
async fn the_file_is_spins() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kv.db");
    let spin = Connection::open(&path).unwrap();
    spin.execute_batch(
        "CREATE TABLE IF NOT EXISTS spin_key_value (
             store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key)
         );
         INSERT INTO spin_key_value VALUES ('default', 'k', x'6162');",
    )
    .unwrap();
    drop(spin);
    let bucket = open(Location::Sqlite(path.clone())).await;
    assert_eq!(bucket.get("k").await, Ok(Some(b"ab".to_vec())));
    bucket.set_many(vec![entry("new", b"value")]).await.unwrap();
    bucket.increment("n", 1).await.unwrap();
    drop(bucket);
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["kv.db"], "nothing is left beside the file");
    let spin = Connection::open(&path).unwrap();
    let mode: String = spin.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    let rows: Vec<(String, String, Vec<u8>)> = spin
        .prepare("SELECT store, key, value FROM spin_key_value ORDER BY key")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let row = |key: &str, value: &[u8]| (text("default"), text(key), value.to_vec());
    assert_eq!(rows, [row("k", b"ab"), row("n", &1_i64.to_le_bytes()), row("new", b"value")]);
}

#[tokio::test]
async fn writes_that_wait_share_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = sqlite(folder.path()).await;
    join_all((0..200).map(|n| bucket.set_many(vec![(format!("k{n}"), b"v".to_vec())]))).await;
    // A commit of its own is at least two pages of the log: one of the table, one of its index.
    let pages = std::fs::metadata(folder.path().join("new/kv.db-wal")).unwrap().len() / 4_096;
    assert!(pages < 200, "{pages} pages for 200 writes");
    assert_eq!(bucket.list_keys().await.unwrap().len(), 200);
}

#[tokio::test]
async fn what_was_answered_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = sqlite(folder.path()).await;
    bucket.set_many(vec![entry("k", b"v")]).await.unwrap();
    // What is left after a kill: the files as they are at this moment.
    let copy = folder.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in ["kv.db", "kv.db-wal"] {
        std::fs::copy(folder.path().join("new").join(name), copy.join(name)).unwrap();
    }
    assert_eq!(open(Location::Sqlite(copy.join("kv.db"))).await.get("k").await, Ok(Some(b"v".to_vec())));
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_a_write_that_may_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = sqlite(folder.path()).await;
    {
        let write = std::pin::pin!(bucket.increment("n", 1));
        assert!(write.poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    // The next write is behind it, so it has been done by then; the caller never learnt its number.
    assert_eq!(bucket.increment("n", 1).await, Ok(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_on_one_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (sqlite(folder.path()).await, sqlite(folder.path()).await);
    let mut numbers: Vec<i64> =
        join_all((0..100).map(|n| if n % 2 == 0 { &one } else { &two }.increment("n", 1)))
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn redis_is_found_again_after_it_was_gone() {
    let mut server = RedisServer::start();
    let bucket = open(Location::Redis(server.url())).await;
    bucket.increment("n", 1).await.unwrap();
    server.restart();
    let mut failures = 0;
    while let Err(error) = bucket.increment("n", 1).await {
        failures += 1;
        assert!(failures < 100, "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_cannot_be_opened_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let absent = Location::Sqlite(folder.path().join("absent.db"));
    assert!(Backend::open_existing(&absent).await.is_err());
    assert!(!folder.path().join("absent.db").exists());
    let no_database = folder.path().join("text.db");
    std::fs::write(&no_database, "this is no database, whatever its name says").unwrap();
    assert!(Backend::open(&Location::Sqlite(no_database)).await.is_err());
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(Backend::open(&Location::Redis(format!("redis://{closed}"))).await.is_err());
}

#[tokio::test]
async fn the_journal_runs_on_it() {
    async fn through_the_trait(store: &impl Store) {
        store.set_many(vec![entry("k", b"v")]).await.unwrap();
        assert_eq!(store.get("k").await, Ok(Some(b"v".to_vec())));
        assert_eq!(store.increment("n", 2).await, Ok(2));
        store.delete_many(vec![text("k")]).await.unwrap();
        assert_eq!(store.get("k").await, Ok(None));
        store.set_many(vec![entry("k", b"text")]).await.unwrap();
        assert_eq!(store.increment("k", 1).await.unwrap_err().call, "increment");
    }
    through_the_trait(&open(Location::Memory).await).await;
}
