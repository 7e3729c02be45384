//! `/api/{desk}/audits`: answers that are to be audited and those that were; scoring, disagreement, resolution.

use crate::call::{Call, Identity};
use crate::tickets::TicketStream;
use chrono::{Days, NaiveDate};
use http::StatusCode;
use relevo_domain::conversation::{Conversation, view};
use relevo_domain::kpi::Period;
use relevo_domain::pack::{Audits, Role};
use relevo_domain::quality::{
    self, Answers, Audit, AuditEvent, DayEvent, Listed, Points, Said, Scores, State,
};
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::{api, clock, partitions};
use relevo_journal::{Fold, Loaded};
use relevo_projections::{answers, claims};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Days that the list goes back if nothing else is said, and at most.
const DAYS: u64 = 30;
const MAX_DAYS: i64 = 92;

/// An answer that is audited, and what lies around it.
struct Found {
    id: String,
    message: String,
    day: Loaded<Answers>,
    listed: Listed,
    audit: Loaded<Audit>,
}

/// `GET …/audits`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = crate::list::limit(call)?;
    let is_lead = call.caller.role >= Role::Lead;
    let usual = if is_lead { "to_do" } else { "done" };
    let status = call.request.parameter("status").unwrap_or_else(|| usual.to_owned());
    if !["to_do", "done", "disputed", "resolved"].contains(&status.as_str()) {
        return Err(Problem::bad_request("bad_status", "status is to_do, done, disputed or resolved"));
    }
    let person = match call.request.parameter("assignee") {
        Some(person) if is_lead && person != "me" => Some(person),
        Some(person) if person != "me" && person != call.caller.person => {
            return Err(Problem::forbidden("audits of others are a lead's"));
        }
        None if is_lead => None,
        _ => Some(call.caller.person.clone()),
    };
    if !is_lead && status == "to_do" {
        return Err(Problem::forbidden("what is to be audited is a lead's; see status=done"));
    }
    let pack = call.context.pack().await?;
    let mut fits: Vec<(String, Listed)> = answers::of_period(&call.context, period(call)?).await?;
    fits.retain(|(_, one)| {
        one.answer.sampled
            && one.result.as_ref().map_or("to_do", |result| result.state.as_str()) == status
            && person.as_ref().is_none_or(|person| *person == one.answer.person)
            && (is_lead || one.answer.person == call.caller.person)
            && partitions::sees(&pack.pack, &call.caller, &one.answer.queue, one.answer.team.as_deref())
    });
    let cursor = call.request.parameter("cursor");
    let place =
        cursor.as_ref().and_then(|cursor| fits.iter().position(|(message, one)| id(message, one) == *cursor));
    let begin = match (&cursor, place) {
        (Some(_), None) => {
            return Err(Problem::bad_request("bad_cursor", "it is not on this list; begin anew"));
        }
        (_, place) => place.map_or(0, |place| place.saturating_add(1)),
    };
    let page: Vec<_> = fits.iter().skip(begin).take(limit).collect();
    let more = fits.len() > begin.saturating_add(page.len());
    let next = page.last().filter(|_| more).map(|(message, one)| id(message, one));
    let items: Vec<Value> =
        page.into_iter().map(|(message, one)| Value::Object(item(message, one))).collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

/// `GET …/audits/{audit}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let found = find(call).await?;
    answer(call, StatusCode::OK, &found).await
}

/// `POST …/audits/{audit}`
pub async fn score(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewAudit = call.request.json()?;
    let (identity, found) = (call.identity()?, find(call).await?);
    if identity.repeats(&found.audit)? {
        return answer(call, StatusCode::OK, &found).await;
    }
    if found.listed.answer.person == call.caller.person {
        return Err(Problem::forbidden("nobody audits their own answers"));
    }
    if found.audit.state.state().is_some() {
        return Err(conflict("audited_already", "the answer has been audited; its writer may dispute that"));
    }
    let pack = call.context.pack().await?;
    let sheet = sheet(pack.pack.audits.as_ref())?;
    let scores = scores(body.scores);
    let (score, critical) = quality::total(sheet, &scores)?;
    let coaching = body.coaching.map(|text| quality::words(&text, "/coaching")).transpose()?;
    let scored = AuditEvent::Scored { scores, score, critical, pack: pack.version, coaching };
    record(call, &identity, found, scored).await
}

/// `POST …/audits/{audit}/dispute`
pub async fn dispute(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::AuditDispute = call.request.json()?;
    let (identity, found) = (call.identity()?, find(call).await?);
    if identity.repeats(&found.audit)? {
        return answer(call, StatusCode::OK, &found).await;
    }
    if found.listed.answer.person != call.caller.person {
        return Err(Problem::forbidden("who wrote the answer disagrees, and nobody for them"));
    }
    if found.audit.state.state() != Some(State::Done) {
        return Err(conflict("nothing_to_dispute", "the answer is not audited, or that was disputed before"));
    }
    let reason = quality::words(&body.reason, "/reason")?;
    record(call, &identity, found, AuditEvent::Disputed { reason }).await
}

/// `POST …/audits/{audit}/resolution`
pub async fn resolve(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::AuditResolution = call.request.json()?;
    let (identity, found) = (call.identity()?, find(call).await?);
    if identity.repeats(&found.audit)? {
        return answer(call, StatusCode::OK, &found).await;
    }
    let audit = &found.audit.state;
    if audit.state() != Some(State::Disputed) {
        return Err(conflict("not_disputed", "nobody disputes the audit; there is nothing to resolve"));
    }
    if found.listed.answer.person == call.caller.person {
        return Err(Problem::forbidden("nobody decides about their own answers"));
    }
    let note = quality::words(&body.note, "/note")?;
    let pack = call.context.pack().await?;
    let (scores, (score, critical)) = match body.scores {
        None => (None, (audit.score, audit.critical)),
        Some(given) => {
            let given = scores(given);
            let total = quality::total(sheet(pack.pack.audits.as_ref())?, &given)?;
            (Some(given), total)
        }
    };
    record(call, &identity, found, AuditEvent::Resolved { scores, score, critical, note }).await
}

/// Commits a step of an audit, and its result to the day of the answer.
async fn record(
    call: &Call<'_>,
    identity: &Identity,
    found: Found,
    data: AuditEvent,
) -> Result<Response, Problem> {
    let state = found.audit.state.state().map_or("to_do", State::as_str);
    if !claims::alone(&call.context, &["audit", &found.id, state], clock::now()).await? {
        return Err(conflict(
            "audit_moved_on",
            "another call says something of the audit at the same time; read it",
        ));
    }
    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    // What is said of an answer goes with the customer's data.
    let place = TicketStream::of(&found.listed.answer.ticket)?;
    let ticket = call.context.journal.load::<Conversation>(&place.stream(call)?, call.context.now).await?;
    let ticket = Persons::new(&call.context, &actor).sealing(&mut commit, ticket).await?;
    let sealed = found.audit.sealed_under(ticket.key().cloned());
    let after = commit.append(&sealed, vec![event(identity.id.clone(), &actor, identity.tag, data)?])?;
    if let Some(result) = after.state.outcome() {
        let told = DayEvent::Audited { message: found.message.clone(), result };
        commit.append(&found.day, vec![event(identity.id.clone(), &actor, 0, told)?])?;
    }
    call.context.journal.commit(commit).await?;
    let found = find(call).await?;
    identity.repeats(&found.audit)?;
    answer(call, StatusCode::OK, &found).await
}

/// The audit that a call names, if the caller may see it: leads all, others what was said of their own answers.
async fn find(call: &Call<'_>) -> Result<Found, Problem> {
    let unknown = || Problem::not_found("unknown_audit", "there is no such answer to be audited");
    let id = call.matched.part(1).to_owned();
    let (day, name) = id.strip_prefix("aud_").and_then(|id| id.split_once('_')).ok_or_else(unknown)?;
    let day = NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| unknown())?;
    let message = format!("msg_{name}");
    let day = answers::of_answer(&call.context, day, &message).await?;
    let listed =
        day.state.answers.get(&message).filter(|one| one.answer.sampled).cloned().ok_or_else(unknown)?;
    let pack = call.context.pack().await?;
    let sees =
        partitions::sees(&pack.pack, &call.caller, &listed.answer.queue, listed.answer.team.as_deref());
    if !sees || (call.caller.role < Role::Lead && listed.answer.person != call.caller.person) {
        return Err(unknown());
    }
    let stream = call.context.stream(Audit::KIND, &call.context.keys.id("quality", &[&message]))?;
    let audit = call.context.journal.load::<Audit>(&stream, call.context.now).await?;
    // Which of their answers are in the sample is not for their writer to know before.
    if call.caller.role < Role::Lead && audit.state.state().is_none() {
        return Err(unknown());
    }
    Ok(Found { id, message, day, listed, audit })
}

/// The period of a list: days in UTC, both included.
fn period(call: &Call<'_>) -> Result<Period, Problem> {
    let day = |name: &str| match call.request.parameter(name) {
        None => Ok(None),
        Some(text) => NaiveDate::parse_from_str(&text, "%Y-%m-%d")
            .map(Some)
            .map_err(|_| Problem::bad_request("bad_period", format!("{name} is a day, such as 2026-03-01"))),
    };
    let today = call.context.now.date_naive();
    let to = day("to")?.unwrap_or(today);
    let from = match day("from")? {
        Some(from) => from,
        None => to.checked_sub_days(Days::new(DAYS)).unwrap_or(to),
    };
    if from > to || (to.min(today) - from).num_days() > MAX_DAYS {
        let detail = format!("a period begins before it ends, and has at most {MAX_DAYS} days");
        return Err(Problem::bad_request("bad_period", detail));
    }
    let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
    Ok(Period { from: midnight(from), to: midnight(to.checked_add_days(Days::new(1)).unwrap_or(to)) })
}

fn id(message: &str, listed: &Listed) -> String {
    format!("aud_{}_{}", listed.at.format("%Y%m%d"), message.strip_prefix("msg_").unwrap_or(message))
}

fn item(message: &str, listed: &Listed) -> Map<String, Value> {
    let answer = &listed.answer;
    let mut item = Map::new();
    let mut put = |name: &str, value: Value| item.insert(name.to_owned(), value);
    put("id", json!(id(message, listed)));
    put("ticket", json!(answer.ticket));
    put("message", json!(message));
    put("person", json!(answer.person));
    put("team", json!(answer.team));
    put("queue", json!(answer.queue));
    put("channel", json!(answer.channel));
    put("answered_at", json!(view::rfc3339(listed.at)));
    put("status", json!(listed.result.as_ref().map_or("to_do", |result| result.state.as_str())));
    put("score", json!(listed.result.as_ref().map(|result| percent(result.score))));
    put("critical", json!(listed.result.as_ref().is_some_and(|result| result.critical)));
    item
}

async fn answer(call: &Call<'_>, status: StatusCode, found: &Found) -> Result<Response, Problem> {
    let mut shown = item(&found.message, &found.listed);
    let audit = &found.audit.state;
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("id", json!(found.id));
    put("scores", json!(audit.scores));
    put("pack", json!(audit.scored.as_ref().map(|_| audit.pack)));
    put("scored", said(audit.scored.as_ref(), "coaching"));
    put("dispute", said(audit.disputed.as_ref(), "reason"));
    put("resolution", said(audit.resolved.as_ref(), "note"));
    let pack = call.context.pack().await?;
    put("sheet", json!(pack.pack.audits));
    Ok(json(status, &shown))
}

fn said(said: Option<&Said>, what: &str) -> Value {
    said.map_or(Value::Null, |said| {
        json!({"by": said.by, "at": view::rfc3339(said.at), what: said.text.as_ref().map(|text| &text.0)})
    })
}

fn percent(score: u32) -> f64 {
    f64::from(score) / 100.0
}

fn scores(given: BTreeMap<String, api::AuditPoints>) -> Scores {
    let points =
        |given: api::AuditPoints| Points { points: given.points, comment: given.comment.map(Into::into) };
    given.into_iter().map(|(question, given)| (question, points(given))).collect()
}

fn sheet(audits: Option<&Audits>) -> Result<&Audits, Problem> {
    audits.ok_or_else(|| conflict("no_sheet", "the pack has no audits: there is no sheet to score by"))
}

fn conflict(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail)
}
