//! What the benchmark measures the application against: `/answer` only answers, `/calls` makes the key-value calls of
//! a message on an open ticket and nothing else (four gets in two pairs, two increments, one set-many of the three
//! values that such a commit writes, of their sizes).

use futures::future::try_join;
use relevo_edge::http::{Incoming, Response, empty, serve};
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::store::spin::SpinStore;
use spin_sdk::http::{IntoResponse, Request, StatusCode};
use spin_sdk::http_service;

/// Sizes of a slot with one message, its feed entry, and a snapshot of a short conversation.
const VALUES: [usize; 3] = [500, 80, 2_500];

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    serve("yardstick", request, 64 * 1024, route).await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    let name =
        request.path.strip_prefix("/calls/").filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
    if let Some(name) = name {
        calls(name).await?;
    }
    Ok(empty(StatusCode::OK))
}

async fn calls(name: &str) -> Result<(), Problem> {
    let store = SpinStore::open("default").await?;
    try_join(store.get("y1:n:config"), store.get("y1:p:config")).await?;
    let (counter, snapshot) = (format!("y1:n:{name}"), format!("y1:p:{name}"));
    try_join(store.get(&counter), store.get(&snapshot)).await?;
    let slot = store.increment(&counter, 1).await?;
    let feed = store.increment("y1:n:feed", 1).await?;
    let [message, entry, state] = VALUES.map(|size| vec![b'x'; size]);
    let entries =
        vec![(format!("y1:s:{name}:{slot}"), message), (format!("y1:f:{feed}"), entry), (snapshot, state)];
    Ok(store.set_many(entries).await?)
}
