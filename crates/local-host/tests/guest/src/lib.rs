//! A component that does what its path says, so that tests can look at the host from inside.

mod keyvalue;

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
    time::Duration,
};

use http_body_util::BodyExt;
use serde_json::{Value, json};
use spin_sdk::{
    http::{EmptyBody, Request, Response, send},
    http_service,
    key_value::Store,
    time::sleep,
    variables,
    wasip3::{
        self,
        http::types::{ErrorCode, RequestOptions},
        http_compat::RequestOptionsExtension,
    },
};

/// Lives as long as the instance.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

type Query = HashMap<String, String>;

#[http_service]
async fn handle(request: Request) -> Result<Response<String>, ErrorCode> {
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
    let query: Query =
        form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = request.uri().path().to_owned();
    let text = |name: &str| query.get(name).cloned().unwrap_or_default();
    let answer = match path.strip_prefix("/guest").unwrap_or(&path) {
        "/echo" => echo(request).await,
        "/number" => json!(number),
        "/slow" => {
            sleep(Duration::from_millis(text("ms").parse().unwrap_or(0))).await;
            json!(number)
        }
        "/trap" => panic!("asked to"),
        "/error" => return Err(ErrorCode::InternalError(Some("asked to".into()))),
        "/endless" => loop {
            std::hint::black_box(number);
        },
        "/print" => {
            println!("to stdout");
            eprint!("to ");
            eprintln!("stderr");
            eprint!("no end of line");
            json!(number)
        }
        "/later" => {
            let (key, ms) = (text("key"), text("ms").parse().unwrap_or(0));
            wasip3::spawn(async move {
                sleep(Duration::from_millis(ms)).await;
                if let Ok(store) = Store::open_default().await {
                    let _ = store.set(key, "done").await;
                }
            });
            json!(number)
        }
        "/variable" => outcome(variables::get(text("name")).await),
        "/fetch" => fetch(&query).await,
        "/store" => store(&query).await,
        "/keyvalue" => keyvalue::run(&query),
        _ => json!({ "path": path }),
    };
    let body = answer.to_string();
    let response = Response::builder().header("content-length", body.len()).body(body);
    response.map_err(|error| ErrorCode::InternalError(Some(error.to_string())))
}

/// Everything that came in.
async fn echo(request: Request) -> Value {
    let (parts, body) = request.into_parts();
    let headers: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let body = body.collect().await.map(|body| body.to_bytes().len()).ok();
    json!({ "method": parts.method.as_str(), "uri": parts.uri.to_string(), "headers": headers, "body": body })
}

/// `url`, and if wanted `first_byte_ms`, and `give_up_ms` to stop waiting without the host's help.
async fn fetch(query: &Query) -> Value {
    let url = query.get("url").map(String::as_str).unwrap_or_default();
    let mut request = match http::Request::get(url).body(EmptyBody::new()) {
        Ok(request) => request,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    if let Some(ms) = query.get("first_byte_ms").and_then(|ms| ms.parse::<u64>().ok()) {
        let options = RequestOptions::new();
        let _ = options.set_first_byte_timeout(Some(ms * 1_000_000));
        request.extensions_mut().insert(RequestOptionsExtension(options));
    }
    let limit = query.get("give_up_ms").and_then(|ms| ms.parse().ok()).unwrap_or(60_000);
    let answer = async {
        match send(request).await {
            Err(error) => json!({ "error": format!("{error:?}") }),
            Ok(response) => {
                let status = response.status().as_u16();
                match response.into_body().collect().await {
                    Ok(body) => {
                        json!({ "status": status, "body": String::from_utf8_lossy(&body.to_bytes()) })
                    }
                    Err(error) => json!({ "status": status, "error": format!("{error:?}") }),
                }
            }
        }
    };
    let mut answer = pin!(answer);
    let mut gone = pin!(sleep(Duration::from_millis(limit)));
    poll_fn(|cx| match answer.as_mut().poll(cx) {
        Poll::Pending => gone.as_mut().poll(cx).map(|()| json!({ "error": "gave up" })),
        ready => ready,
    })
    .await
}

/// `spin:key-value`: `do`, `key`, `value`, `label`.
async fn store(query: &Query) -> Value {
    let text = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let label = query.get("label").map_or("default", String::as_str);
    let store = match Store::open(label).await {
        Ok(store) => store,
        Err(error) => return json!({ "error": format!("{error:?}") }),
    };
    match text("do") {
        "get" => outcome(
            store
                .get(text("key"))
                .await
                .map(|value| value.map(|value| String::from_utf8_lossy(&value).into_owned())),
        ),
        "set" => outcome(store.set(text("key"), text("value")).await),
        "delete" => outcome(store.delete(text("key")).await),
        "exists" => outcome(store.exists(text("key")).await),
        "keys" => outcome(store.get_keys().await.collect().await.map(|mut keys| {
            keys.sort();
            keys
        })),
        "open-many" => {
            let mut open = Vec::new();
            loop {
                match Store::open(label).await {
                    Ok(store) => open.push(store),
                    Err(error) => break json!({ "open": open.len() + 1, "error": format!("{error:?}") }),
                }
            }
        }
        other => json!({ "error": format!("no such call: {other}") }),
    }
}

fn outcome<T: serde::Serialize, E: std::fmt::Debug>(result: Result<T, E>) -> Value {
    match result {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": format!("{error:?}") }),
    }
}
