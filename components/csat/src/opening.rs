//! When a desk may ask: the component that has calendars says when one opens.

use chrono::{DateTime, Utc};
use relevo_edge::api::{NextOpen, OpensAt};
use relevo_edge::app::DeskContext;
use relevo_edge::internal;
use relevo_edge::problem::Problem;

/// The present if the calendar is open, else when it opens next.
pub async fn next(context: &DeskContext, calendar: &str) -> Result<DateTime<Utc>, Problem> {
    let failed = || Problem::unavailable("the calendar of the survey could not be read; it is tried again");
    let question =
        NextOpen { desk: context.desk.to_string(), calendar: calendar.to_owned(), at: context.now };
    let answer = internal::call("sla", "/internal/next-open", &question).await?;
    if !answer.status.is_success() {
        return Err(failed());
    }
    let opens: OpensAt = serde_json::from_slice(&answer.body).map_err(|_| failed())?;
    Ok(opens.at)
}
