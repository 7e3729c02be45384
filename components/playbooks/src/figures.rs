//! What the runs of the last days tell: a list, and figures by node. Computed from the runs themselves, newest first, up
//! to [`MOST_RUNS`].

use crate::{books, show};
use chrono::{DateTime, Duration, Utc};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::playbook::{self, Begun, IDLE_HOURS, Run};
use relevo_edge::http::{Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_journal::{Cursor, Fold, Kind, Month};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Days that are looked at if the caller does not say.
const DAYS: i64 = 30;

/// Most days.
const MAX_DAYS: i64 = 92;

/// Runs that are read at most.
const MOST_RUNS: usize = 5_000;

/// Runs that are read at once.
const AT_ONCE: usize = 64;

/// Runs in a list.
const LISTED: usize = 200;

/// Runs of a playbook.
struct Runs {
    runs: Vec<(String, Run)>,
    days: i64,
    since: DateTime<Utc>,
    /// There are more than were read.
    is_partial: bool,
}

/// `GET …/playbooks/{playbook}/statistics`
pub async fn statistics(call: &Call<'_>) -> Result<Response, Problem> {
    let pack = call.context.pack().await?;
    let book = books::visible(call, &pack.pack, call.matched.part(1))?;
    let found = load(call).await?;
    let figures = playbook::statistics(&book, found.runs.iter().map(|(_, run)| run), call.context.now);
    let since = relevo_domain::conversation::view::rfc3339(found.since);
    let answer = json!({
        "playbook": call.matched.part(1), "days": found.days, "since": since, "idle_hours": IDLE_HOURS,
        "partial": found.is_partial, "figures": figures,
    });
    Ok(json(StatusCode::OK, &answer))
}

/// `GET …/playbooks/{playbook}/runs`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let pack = call.context.pack().await?;
    books::visible(call, &pack.pack, call.matched.part(1))?;
    let mut found = load(call).await?;
    found.runs.sort_by_key(|(name, run)| std::cmp::Reverse((run.begun_at, name.clone())));
    let runs = found.runs.iter().take(LISTED);
    let items: Vec<Value> = runs.map(|(name, run)| Value::Object(show::item(name, run))).collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// The runs of a playbook that began in the last days.
async fn load(call: &Call<'_>) -> Result<Runs, Problem> {
    let (context, playbook) = (&call.context, call.matched.part(1));
    let days = match call.request.parameter("days") {
        None => DAYS,
        Some(text) => text.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days)).ok_or_else(|| {
            Problem::bad_request("bad_days", format!("days is a number from 1 to {MAX_DAYS}"))
        })?,
    };
    let since = context.now - Duration::days(days);
    let kind = Kind::new(Run::KIND).map_err(|_| Problem::unavailable("runs have no name"))?;
    let months: Vec<Month> = Month::of(since).until(Month::of(context.now)).collect();
    let mut seen = BTreeSet::new();
    let mut streams = Vec::new();
    for month in months.into_iter().rev() {
        let (journal, mut cursor) = (&context.journal, Cursor::default());
        let page = journal.read_directory(&context.desk, &kind, month, &mut cursor, usize::MAX, context.now);
        streams.extend(page.await?.entries.into_iter().rev().filter(|stream| seen.insert(stream.clone())));
    }
    let is_partial = streams.len() > MOST_RUNS;
    streams.truncate(MOST_RUNS);
    let pack = context.pack().await?;
    let sees =
        |begun: &Begun| pack.pack.sees(&call.caller.person, call.caller.role, begun.partition.as_deref());
    let mut runs = Vec::new();
    for some in streams.chunks(AT_ONCE) {
        let loads = some.iter().map(|stream| context.journal.load::<Run>(stream, context.now));
        for loaded in try_join_all(loads).await? {
            let begun = loaded.state.begun.as_ref().filter(|begun| begun.playbook == playbook && sees(begun));
            if begun.is_some() && loaded.state.begun_at.is_some_and(|at| at >= since) {
                runs.push((loaded.stream().name().to_owned(), loaded.state));
            }
        }
    }
    Ok(Runs { runs, days, since, is_partial })
}
