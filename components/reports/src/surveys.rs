//! `GET …/surveys`: the surveys that were issued between two days, newest first, with their answers.

use crate::{accept, load, period, write};
use chrono::DateTime;
use futures::future::try_join_all;
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::kpi::Period;
use relevo_domain::rows::SurveyRow;
use relevo_domain::survey::{SurveyKind, SurveyState, Verdict};
use relevo_edge::app::DeskContext;
use relevo_edge::auth::Caller;
use relevo_edge::http::{Incoming, Response};
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, ids, internal, partitions};
use relevo_journal::Fold;
use relevo_journal::store::Store;
use relevo_projections::shards;
use serde::Serialize;
use std::cmp::Reverse;

/// Most surveys in one answer: the comments of all of them are loaded.
const MAX_ITEMS: usize = 200;

/// Shards loaded at once: those of a day.
const AT_ONCE: usize = 8;

/// Where a survey stands in the list: newest first, then by name.
type Place = (Reverse<i64>, String);

/// A survey as it is listed and exported.
#[derive(Debug, Serialize)]
pub struct Item {
    id: String,
    ticket: Option<String>,
    number: Option<u64>,
    agent: Option<String>,
    queue: String,
    channel: String,
    kind: SurveyKind,
    topic: Option<String>,
    issued_at: Option<String>,
    score: Option<u8>,
    answered_at: Option<String>,
    comment: Option<String>,
    verdict: Option<Verdict>,
    reason: Option<String>,
    led_to: Option<String>,
}

/// `GET …/surveys`
pub async fn list<S: Store>(
    context: &DeskContext<S>,
    caller: &Caller,
    request: &Incoming,
) -> Result<Response, Problem> {
    let accepted =
        request.headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let format = accept::negotiate(accepted)?;
    let limit = limit(request.parameter("limit").as_deref())?;
    let after = request.parameter("cursor").filter(|cursor| !cursor.is_empty());
    let place = |text: &String| cursor::parse_after(text).map(|(ms, name)| (Reverse(ms), name.to_owned()));
    let after = after.as_ref().map(place).transpose()?;
    let pack = context.pack().await?;
    let zone = period::desk_zone(&pack);
    let (from, to) = (request.parameter("from"), request.parameter("to"));
    let period = period::parse(from.as_deref(), to.as_deref(), &zone, context.now)?;
    internal::follow(context.desk.as_str()).await?;
    let sees = |row: &SurveyRow| partitions::sees(&pack.pack, caller, &row.queue, None);
    let mut rows = scan(context, period, after.as_ref(), limit, &sees).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|((ms, name), _)| cursor::after(ms.0, name));
    let items = try_join_all(rows.iter().map(|((_, name), row)| item(context, name, row))).await?;
    write::list(&items, next, format)
}

/// The surveys after a place in the list, at least one more than `limit` if there are as many.
async fn scan<S: Store>(
    context: &DeskContext<S>,
    period: Period,
    after: Option<&Place>,
    limit: usize,
    sees: &impl Fn(&SurveyRow) -> bool,
) -> Result<Vec<(Place, SurveyRow)>, Problem> {
    let newest = after.and_then(|(ms, _)| DateTime::from_timestamp_millis(ms.0));
    let mut found: Vec<(Place, SurveyRow)> = Vec::new();
    for day in load::days(period, newest.unwrap_or(context.now).min(context.now)).chunks(AT_ONCE) {
        for shard in shards::load_all::<SurveyRow, S>(context, day).await? {
            let issued = shard
                .state
                .rows()
                .filter(|(_, row)| row.not_eligible.is_none() && period.contains_ms(row.issued_ms))
                .filter(|(_, row)| sees(row))
                .map(|(name, row)| ((Reverse(row.issued_ms), name.to_owned()), row.clone()));
            found.extend(issued.filter(|(place, _)| after.is_none_or(|after| place > after)));
        }
        if found.len() > limit {
            break;
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

async fn item<S: Store>(context: &DeskContext<S>, name: &str, row: &SurveyRow) -> Result<Item, Problem> {
    let instant = |ms: i64| DateTime::from_timestamp_millis(ms).map(rfc3339);
    let mut state = SurveyState::default();
    if row.comment || row.verdict.is_some() || row.score.is_some() {
        let stream = context.stream(SurveyState::KIND, name)?;
        state = context.journal.load::<SurveyState>(&stream, context.now).await?.state;
    }
    Ok(Item {
        id: format!("{}{name}", ids::SURVEY),
        ticket: Some(row.ticket.clone()).filter(|ticket| !ticket.is_empty()),
        number: Some(row.number).filter(|number| *number > 0),
        agent: row.agent.clone(),
        queue: row.queue.clone(),
        channel: row.channel.clone(),
        kind: row.kind,
        topic: row.topic.clone(),
        issued_at: instant(row.issued_ms),
        score: row.score,
        answered_at: row.answered_ms.and_then(instant),
        comment: state.vote.and_then(|vote| vote.comment).map(|comment| comment.0),
        verdict: row.verdict,
        reason: state.review.map(|review| review.reason.0),
        led_to: state.led_to,
    })
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(MAX_ITEMS) };
    let limit = text.parse().ok().filter(|limit| (1..=MAX_ITEMS).contains(limit));
    limit.ok_or_else(|| Problem::bad_request("bad_limit", format!("limit is a number from 1 to {MAX_ITEMS}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_from_one_to_all() {
        assert_eq!(limit(None), Ok(MAX_ITEMS));
        assert_eq!(limit(Some("1")), Ok(1));
        assert!(["0", "201", "-1", "x", "", "1.5"].iter().all(|text| limit(Some(text)).is_err()));
    }

    #[test]
    fn newer_surveys_come_first() {
        let mut places =
            [(Reverse(1), "a".to_owned()), (Reverse(2), "b".to_owned()), (Reverse(2), "a".to_owned())];
        places.sort();
        assert_eq!(
            places.map(|(ms, name)| (ms.0, name)),
            [(2, "a".into()), (2, "b".into()), (1, "a".into())]
        );
    }
}
