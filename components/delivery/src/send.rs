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
use chrono::Duration;
use http_body_util::{BodyExt, Full};
use relevo_channels::Outcome;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::{clock, ids, internal, log, meter, trace};
use relevo_projections::claims;
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

/// Time that a receiver may take, in nanoseconds.
const TIMEOUT_NS: u64 = 20_000_000_000;

/// Largest answer of a receiver that is read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Tells the log and the meters of an attempt.
pub fn tell(context: &DeskContext, name: &str, attempt: u32, outcome: &Outcome, took: std::time::Duration) {
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
        let at = context.now + Duration::seconds(claims::ABANDONED_SECONDS + 1);
        later(context, &[name.to_owned()], at).await?;
    }
    Ok(attempt)
}

/// Sends a request and reads the answer.
pub async fn send(prepared: Prepared) -> Outcome {
    let retry = |why: String| Outcome::Retry { after_seconds: None, why };
    let length = prepared.body.len();
    let mut request = http::Request::new(Full::new(Bytes::from(prepared.body)));
    *request.method_mut() = prepared.method;
    *request.uri_mut() = prepared.url;
    *request.headers_mut() = prepared.headers;
    request.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    if let Some(parent) = trace::parent().and_then(|parent| parent.parse().ok()) {
        request.headers_mut().insert("traceparent", parent);
    }
    request.extensions_mut().insert(RequestOptionsExtension(internal::options(TIMEOUT_NS)));
    let response = match spin_sdk::http::send(request).await {
        Ok(response) => response,
        // The error names the kind of failure, not what was sent.
        Err(code) => return retry(format!("no answer: {code}")),
    };
    let (parts, mut body) = response.into_parts();
    let mut answer = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            // Who has said yes has taken it: to send it again would send it twice.
            if parts.status.is_success() {
                break;
            }
            return retry("the answer broke off".to_owned());
        };
        if let Ok(data) = frame.into_data() {
            let room = MAX_ANSWER_BYTES.saturating_sub(answer.len());
            answer.extend(data.into_iter().take(room));
        }
    }
    (prepared.outcome)(parts.status.as_u16(), &parts.headers, &answer)
}
