//! Anchors of the history, for an operator to keep where who can write to the store cannot.

use crate::call::Call;
use http::StatusCode;
use relevo_edge::http::{Response, respond};
use relevo_edge::problem::Problem;

/// What one answer holds, but for the last anchor.
const MOST_BYTES: usize = 2_000_000;

/// `GET …/audit/anchors?after=&limit=`: a line of JSON for each, as stored, oldest first. The next page is asked for with
/// the `slot` of the last line; no line: that was all.
pub async fn anchors(call: &Call<'_>) -> Result<Response, Problem> {
    let after = match call.request.parameter("after").as_deref() {
        None => 0,
        Some(after) => after.parse().map_err(|_| {
            Problem::bad_request(
                "bad_after",
                "after is the slot of the last line that you have, a whole number",
            )
        })?,
    };
    let limit = crate::list::limit(call)?;
    let exported = call.context.journal.export_anchors(&call.context.desk, after, limit, MOST_BYTES).await?;
    let mut lines = Vec::new();
    for anchor in exported {
        serde_json::to_writer(&mut lines, &anchor)
            .map_err(|_| Problem::unavailable("an anchor could not be written"))?;
        lines.push(b'\n');
    }
    Ok(respond(StatusCode::OK, "application/x-ndjson", lines))
}
