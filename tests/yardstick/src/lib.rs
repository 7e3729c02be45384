//! What the benchmark measures the application against, in the same host and on the same store: `/yardstick/answer`
//! only answers; `/yardstick/calls/{name}` makes the key-value calls of a message on an open ticket and nothing else,
//! with values of the sizes that its query gives; `/yardstick/fill` writes as many values of other names as there are
//! tickets, so that both work in equally large tables; `/yardstick/messages` loads and commits messages on a store in
//! memory, with their text sealed or in clear.
//!
//! The benchmark holds the calls of one such request against those of a real message before it measures anything.

mod sealing;

use futures::future::{try_join, try_join_all};
use relevo_edge::http::{Incoming, Response, empty, serve};
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::store::spin::SpinStore;
use spin_sdk::http::{IntoResponse, Request, StatusCode};
use spin_sdk::http_service;

/// Values in one set-many while filling.
const FILLED_AT_ONCE: usize = 150;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("yardstick", request, 64 * 1024, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let number =
        |name: &str| request.parameter(name).and_then(|value| value.parse::<usize>().ok()).unwrap_or(0);
    let sizes = ["slot", "snapshot", "feed"].map(number);
    match request.segments().as_slice() {
        ["yardstick", "calls", name] if name.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            calls(name, sizes, number("keys")).await?;
        }
        ["yardstick", "messages"] => {
            sealing::messages(number("sealed") > 0, number("times"), number("bytes")).await?;
        }
        ["yardstick", "fill"] => fill(number("from"), number("to"), sizes).await?,
        _ => {}
    }
    Ok(empty(StatusCode::OK))
}

/// Bytes of a data key as it is stored.
const KEY_BYTES: usize = 89;

/// Data keys that are filled in for each name: a conversation's and a person's.
const KEYS: usize = 2;

async fn calls(
    name: &str,
    [slot_bytes, snapshot_bytes, feed_bytes]: [usize; 3],
    keys: usize,
) -> Result<(), Problem> {
    let store = SpinStore::open("default").await?;
    try_join(store.get("y1:n:config"), store.get("y1:p:config")).await?;
    let (counter, snapshot) = (format!("y1:n:{name}"), format!("y1:p:{name}"));
    try_join(store.get(&counter), store.get(&snapshot)).await?;
    let keys: Vec<String> = (0..keys).map(|n| format!("y1:k:{name}:{n}")).collect();
    try_join_all(keys.iter().map(|key| store.get(key))).await?;
    let slot = store.increment(&counter, 1).await?;
    let feed = store.increment("y1:n:feed", 1).await?;
    let entries = vec![
        (format!("y1:s:{name}:{slot}"), vec![b'x'; slot_bytes]),
        (snapshot, vec![b'x'; snapshot_bytes]),
        (format!("y1:f:{feed}"), vec![b'x'; feed_bytes]),
    ];
    Ok(store.set_many(entries).await?)
}

async fn fill(from: usize, to: usize, [slot_bytes, snapshot_bytes, _]: [usize; 3]) -> Result<(), Problem> {
    let store = SpinStore::open("default").await?;
    for first in (from..to).step_by(FILLED_AT_ONCE) {
        let names = first..to.min(first + FILLED_AT_ONCE);
        let entries = names.flat_map(|n| {
            let values = [
                (format!("y1:s:c{n}:0"), vec![b'x'; slot_bytes]),
                (format!("y1:p:c{n}"), vec![b'x'; snapshot_bytes]),
            ];
            let keys = (0..KEYS).map(move |key| (format!("y1:k:c{n}:{key}"), vec![b'x'; KEY_BYTES]));
            values.into_iter().chain(keys)
        });
        store.set_many(entries.collect()).await?;
    }
    Ok(())
}
