//! One attempt to send one entry: claim it, send.
//!
//! The claim is an increment on a counter of the entry and the attempt: one taker only. A taker that dies between
//! claim and outcome leaves the attempt open; when others have waited for [`claims::ABANDONED_SECONDS`] the next attempt
//! is claimed instead. That may send twice, as may a store that does not take the outcome for longer than
//! [`crate::record::PAUSES_NS`], and only then: the request carries the entry's id as idempotency key for receivers that
//! take one.

use crate::format::Prepared;
use crate::queue::later;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use http_body_util::{BodyExt, Full};
use relevo_channels::Outcome;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::{clock, ids, internal, log, meter, trace};
use relevo_projections::claims;
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;
use std::time::Duration;

/// Time that a receiver may take, in nanoseconds.
const TIMEOUT_NS: u64 = 20_000_000_000;

/// Time that an answer may take to be read: before others hold the taker of an attempt to be dead.
const LONGEST: Duration = Duration::from_secs(45);

/// Largest answer of a receiver that is read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Tells the log and the meters of an attempt.
pub fn tell(context: &DeskContext, name: &str, attempt: u32, outcome: &Outcome, took: Duration) {
    let (outcome, why) = match outcome {
        Outcome::Sent { .. } => ("sent", None),
        Outcome::Retry { why, .. } => ("retry", Some(why.as_str())),
        Outcome::Refused { why } => ("refused", Some(why.as_str())),
    };
    let desk = context.desk.as_str();
    meter::count(&["attempts", desk, outcome]);
    log::event(
        "outbox.attempted",
        &[
            ("desk", desk.into()),
            ("outbox", format!("{}{name}", ids::OUTBOX).into()),
            ("attempt", attempt.into()),
            ("outcome", outcome.into()),
            ("why", why.into()),
            ("elapsed_ms", u64::try_from(took.as_millis()).unwrap_or(u64::MAX).into()),
        ],
    );
}

/// Claims the next attempt; if somebody else has it, the entry is looked at again after they must have finished.
pub async fn claim(context: &DeskContext, name: &str, first: u32) -> Result<Option<u32>, Problem> {
    let attempt = claims::take(context, name, first, clock::now()).await?;
    if attempt.is_none() {
        let at = context.now + chrono::Duration::seconds(claims::ABANDONED_SECONDS + 1);
        later(context, &[name.to_owned()], at).await?;
    }
    Ok(attempt)
}

/// Sends a request and reads the answer.
pub async fn send(prepared: Prepared) -> Outcome {
    let Prepared { method, url, headers, body, outcome } = prepared;
    let retry = |why: String| Outcome::Retry { after_seconds: None, why };
    match ask(method, url, headers, Bytes::from(body), MAX_ANSWER_BYTES).await {
        Err(why) => retry(why),
        // Who has said yes has taken it: to send it again would send it twice.
        Ok(answer) if answer.end == End::BrokeOff && !(200..300).contains(&answer.status) => {
            retry("the answer broke off".to_owned())
        }
        Ok(answer) => outcome(answer.status, &answer.headers, &answer.body),
    }
}

/// An answer.
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// As much of the body as was read.
    pub body: Vec<u8>,
    /// How reading it ended.
    pub end: End,
}

/// How reading an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it is there.
    Whole,
    /// The connection broke, or it took too long.
    BrokeOff,
    /// There is more than is read.
    TooLong,
}

/// Makes a request and reads at most so many bytes of its answer.
///
/// # Errors
/// The kind of failure, not what was sent.
pub async fn ask(
    method: Method,
    url: Uri,
    headers: HeaderMap,
    body: Bytes,
    max_bytes: usize,
) -> Result<Answer, String> {
    let begun = clock::precise();
    let length = body.len();
    let has_body = method != Method::GET;
    let mut request = http::Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = url;
    *request.headers_mut() = headers;
    if has_body {
        request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    // Some content networks refuse who does not say what they are.
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("relevo"));
    if let Some(parent) = trace::parent().and_then(|parent| parent.parse().ok()) {
        request.headers_mut().insert("traceparent", parent);
    }
    request.extensions_mut().insert(RequestOptionsExtension(internal::options(TIMEOUT_NS)));
    let response = spin_sdk::http::send(request).await.map_err(|code| format!("no answer: {code}"))?;
    let (parts, mut incoming) = response.into_parts();
    let declared = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let mut body = Vec::new();
    let mut end = match declared.and_then(|length| length.parse::<usize>().ok()) {
        Some(declared) if declared > max_bytes => End::TooLong,
        _ => End::Whole,
    };
    while end == End::Whole {
        let Some(frame) = incoming.frame().await else { break };
        let Ok(frame) = frame else {
            end = End::BrokeOff;
            break;
        };
        if let Ok(data) = frame.into_data() {
            let room = max_bytes.saturating_sub(body.len());
            body.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
            if data.len() > room {
                end = End::TooLong;
            } else if begun.elapsed() > LONGEST {
                end = End::BrokeOff;
            }
        }
    }
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body, end })
}
