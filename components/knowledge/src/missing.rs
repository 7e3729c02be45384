//! What was looked for and not found: which articles are still to be written.

use chrono::{DateTime, Months, Utc};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::missing::{Missing, MissingEvent};
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_journal::{Fold, Month};
use relevo_search::{Query, words::folded};
use serde_json::json;
use std::collections::BTreeMap;

/// Months that the list goes back.
const MONTHS: u32 = 3;

/// Notes that somebody looked for something that there is no article about. What looks like an address is not kept.
pub async fn note(call: &Call<'_>, looked_for: &str, partition: Option<&str>) -> Result<(), Problem> {
    let query = Query::parse(looked_for).map_err(|refused| Problem::invalid("/missing", refused.advice()))?;
    if query.address.is_some() || looked_for.contains('@') {
        return Err(Problem::invalid("/missing", "what an article should be about, not somebody's address"));
    }
    let identity = Identity::of(&call.context, &call.caller.person, call.request)?;
    let stream = call.context.stream(Missing::KIND, &name(call, call.context.now, partition))?;
    let loaded = call.context.journal.load::<Missing>(&stream, call.context.now).await?;
    if identity.repeats(&loaded)? {
        return Ok(());
    }
    // People may write names all the same: sealed under the desk's own key.
    let loaded = loaded.sealed_under(call.context.journal.desk_key()?);
    let missed = MissingEvent::Missed { query: folded(looked_for).into() };
    let mut commit = call.context.commit();
    commit.append(&loaded, vec![event(identity.id, &call.caller.actor(), identity.tag, missed)?])?;
    call.context.journal.commit(commit).await?;
    Ok(())
}

/// What was missed in a month on tickets of a partition is a stream: what one client company asks is not another's to read.
fn name(call: &Call<'_>, at: DateTime<Utc>, partition: Option<&str>) -> String {
    let month = Month::of(at).to_string();
    match partition {
        Some(partition) => format!("{month}-{}", call.context.keys.id("missing", &[partition])),
        None => month,
    }
}

/// `GET …/articles/missing`: most often missed first.
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = crate::list::limit(call)?;
    let months = (0..MONTHS).filter_map(|back| call.context.now.checked_sub_months(Months::new(back)));
    let pack = call.context.pack().await?;
    let partitions = pack.pack.partitions.keys().map(|id| Some(id.as_str())).chain([None]);
    let seen: Vec<_> =
        partitions.filter(|one| pack.pack.sees(&call.caller.person, call.caller.role, *one)).collect();
    let names = months.flat_map(|at| seen.iter().map(move |partition| name(call, at, *partition)));
    let loads = names.map(|name| async move {
        let stream = call.context.stream(Missing::KIND, &name)?;
        Ok::<_, Problem>(call.context.journal.load::<Missing>(&stream, call.context.now).await?.state)
    });
    let mut all: BTreeMap<String, (u64, DateTime<Utc>)> = BTreeMap::new();
    for month in try_join_all(loads).await? {
        for (query, missed) in month.queries.0 {
            let entry = all.entry(query).or_insert((0, missed.last));
            entry.0 = entry.0.saturating_add(missed.count);
            entry.1 = entry.1.max(missed.last);
        }
    }
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_key(|(query, (count, last))| {
        (std::cmp::Reverse(*count), std::cmp::Reverse(*last), query.clone())
    });
    let items: Vec<_> = all
        .iter()
        .take(limit)
        .map(|(query, (count, last))| json!({"query": query, "count": count, "last_at": rfc3339(*last)}))
        .collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}
