//! Calls between components, through routes that are reachable only from inside.

use crate::api::Kick;
use crate::problem::Problem;
use crate::trace;
use crate::variables;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::{BodyExt, Full};
use relevo_journal::Desk;
use serde::Serialize;
use serde_json::Value;
use spin_sdk::wasip3::http::types::RequestOptions;
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

/// Time that another component may take, in nanoseconds.
const TIMEOUT_NS: u64 = 10_000_000_000;

/// An answer of another component.
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// A field of the JSON object that it is.
    pub fn field(&self, name: &str) -> Option<Value> {
        let text = std::str::from_utf8(&self.body).ok()?;
        serde_json::from_str::<Value>(text).ok()?.get_mut(name).map(Value::take)
    }
}

/// Posts a JSON document to another component and waits for the answer.
///
/// # Errors
/// 503 if it does not answer in time.
pub async fn call(component: &str, path: &str, body: &impl Serialize) -> Result<Answer, Problem> {
    let failed = |why: String| {
        crate::log::event("internal.failed", &[("component", component.into()), ("why", why.into())]);
        Problem::unavailable(format!("the component {component} did not answer; repeat the request"))
    };
    let bytes = serde_json::to_vec(body).map_err(|e| failed(e.to_string()))?;
    let mut request = http::Request::new(Full::new(Bytes::from(bytes)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("http://{component}.spin.internal{path}")
        .parse()
        .map_err(|_| failed("bad path".to_owned()))?;
    let token = format!("Bearer {}", variables::get("tick_token").await);
    let token = token.parse().map_err(|_| failed("the variable tick_token is not usable".to_owned()))?;
    request.headers_mut().insert(header::AUTHORIZATION, token);
    if let Some(parent) = trace::parent().and_then(|parent| parent.parse().ok()) {
        request.headers_mut().insert("traceparent", parent);
    }
    request.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    request.extensions_mut().insert(RequestOptionsExtension(options(TIMEOUT_NS)));
    let response = spin_sdk::http::send(request).await.map_err(|e| failed(e.to_string()))?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|e| failed(e.to_string()))?.to_bytes();
    Ok(Answer { status: parts.status, body })
}

/// Tells another component that there is work, without waiting: what a kick misses, a tick finds.
pub fn kick(component: &'static str, path: &'static str, body: impl Serialize + 'static) {
    let from = trace::current();
    spin_sdk::wasip3::spawn(async move {
        // A failure is logged where it happens; the next tick does the work.
        let _ = trace::scope(from, call(component, path, &body)).await;
    });
}

/// Has it decided whether a survey about a conversation's tickets is due by now: that is for one component to know.
pub fn decide_survey(desk: &Desk, conversation: &str) {
    let kick_of = Kick { desk: desk.to_string(), streams: vec![conversation.to_owned()] };
    kick("csat", "/internal/decide", kick_of);
}

/// Has a desk's lists brought up to date, so that a list shows what its reader has just written. True: it was more
/// than is done at once, and there is more.
///
/// # Errors
/// 503 if the projector does not answer.
pub async fn follow(desk: &str) -> Result<bool, Problem> {
    bring_up_to_date(desk, "/internal/follow").await
}

/// Has a desk's index of words brought up to date, so that what was said just now is found. True: as with [`follow`].
///
/// # Errors
/// 503 if the projector does not answer.
pub async fn follow_words(desk: &str) -> Result<bool, Problem> {
    bring_up_to_date(desk, "/internal/words").await
}

async fn bring_up_to_date(desk: &str, path: &str) -> Result<bool, Problem> {
    let kick = Kick { desk: desk.to_owned(), streams: Vec::new() };
    let answer = call("projector", path, &kick).await?;
    if answer.status.is_success() {
        Ok(answer.field("more") == Some(Value::Bool(true)))
    } else {
        Err(Problem::unavailable("the lists could not be brought up to date"))
    }
}

/// Limits for an outbound request: Spin's own is ten minutes.
pub fn options(timeout_ns: u64) -> RequestOptions {
    let options = RequestOptions::new();
    // A host that has no such limit leaves its own in force.
    let _ = options.set_connect_timeout(Some(timeout_ns));
    let _ = options.set_first_byte_timeout(Some(timeout_ns));
    let _ = options.set_between_bytes_timeout(Some(timeout_ns));
    options
}
