//! The survey page and the vote. Reading the page records nothing: link scanners read it too.

use crate::page;
use chrono::DateTime;
use http::StatusCode;
use relevo_domain::conversation::Conversation;
use relevo_domain::pack::SurveyPage;
use relevo_domain::survey::{SurveyClosed, SurveyState, answer};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::ids;
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::survey_link as link;
use relevo_journal::{Commit, Fold, Loaded};
use serde::Deserialize;
use serde_json::json;

/// Who votes.
const BY: &str = "customer";

/// A survey that a genuine token leads to.
struct Found {
    context: DeskContext,
    loaded: Loaded<SurveyState>,
    texts: Option<SurveyPage>,
    locale: String,
}

/// A vote as a form or as JSON.
#[derive(Debug, Deserialize)]
struct Ballot {
    score: i64,
    #[serde(default)]
    comment: Option<String>,
}

/// `GET /s/{token}`
pub async fn show(token: &str) -> Result<Response, Problem> {
    let Some(found) = find(token).await? else { return Ok(page::unknown()) };
    let closed = closed(&found, token);
    Ok(match (closed, &found.texts) {
        (None, Some(texts)) => page::form(&found.locale, texts, found.loaded.state.vote.as_ref()),
        (closed, texts) => page::closed(&found.locale, texts.as_ref(), status_of(closed)),
    })
}

/// `POST /s/{token}`
pub async fn take(token: &str, request: &Incoming) -> Result<Response, Problem> {
    let wants_json = request.header("content-type").is_some_and(|t| t.starts_with("application/json"));
    let Some(found) = find(token).await? else {
        let gone = Problem::not_found("unknown_survey", "there is no such survey");
        return if wants_json { Err(gone) } else { Ok(page::unknown()) };
    };
    if let Some(closed) = closed(&found, token) {
        let status = status_of(Some(closed));
        let problem = Problem::new(status, "survey_closed", "this survey takes no more answers");
        return if wants_json {
            Err(problem)
        } else {
            Ok(page::closed(&found.locale, found.texts.as_ref(), status))
        };
    }
    let ballot = if wants_json { request.json()? } else { form(&request.body)? };
    let data = answer(ballot.score, ballot.comment)?;
    let context = &found.context;
    // Named by what it says and by what its writer had read: the same form sent twice is one vote, and going back
    // to an earlier vote is another.
    let said = serde_json::to_string(&data).unwrap_or_default();
    let newest = found.loaded.newest().0.to_string();
    let id = format!("vote.{}", context.keys.id("vote", &[&said, &newest]));
    let mut commit = context.commit();
    let loaded = sealing(context, &mut commit, found.loaded.clone()).await?;
    let after = commit.append(&loaded, vec![event(id, BY, 0, data)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    let vote = after.state.vote;
    if wants_json {
        let body = json!({"score": vote.as_ref().map(|v| v.score), "recorded": true});
        return Ok(json(StatusCode::OK, &body));
    }
    Ok(match &found.texts {
        Some(texts) => page::thanks(&found.locale, texts),
        None => page::closed(&found.locale, None, StatusCode::OK),
    })
}

/// The survey with a key for what the customer says: its own, else the conversation's.
async fn sealing(
    context: &DeskContext,
    commit: &mut Commit,
    loaded: Loaded<SurveyState>,
) -> Result<Loaded<SurveyState>, Problem> {
    let ticket = loaded.state.issued.as_ref().map(|issued| issued.ticket.clone());
    let (None, Some(ticket)) = (loaded.key(), ticket) else { return Ok(loaded) };
    let (conversation, _) = ids::parse_ticket(&ticket)?;
    let stream = context.stream(Conversation::KIND, conversation)?;
    let conversation = context.journal.load::<Conversation>(&stream, context.now).await?;
    let conversation = Persons::new(context, BY).sealing(commit, conversation).await?;
    Ok(loaded.sealed_under(conversation.key().cloned()))
}

fn form(body: &[u8]) -> Result<Ballot, Problem> {
    let field =
        |name: &str| form_urlencoded::parse(body).find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    let score = field("score").and_then(|s| s.parse().ok());
    let score = score.ok_or_else(|| Problem::invalid("/score", "the score is a number from 1 to 5"))?;
    Ok(Ballot { score, comment: field("comment") })
}

/// The survey of a token; none if the token is forged, of another desk, or of a survey that is not there.
async fn find(token: &str) -> Result<Option<Found>, Problem> {
    let Some(parsed) = link::parse(token) else { return Ok(None) };
    let context = match DeskContext::open(parsed.desk).await {
        Ok(context) => context,
        Err(problem) if problem.status == StatusCode::NOT_FOUND => return Ok(None),
        Err(problem) => return Err(problem),
    };
    if !parsed.is_genuine(&context.keys) || !context.exists() {
        return Ok(None);
    }
    let stream = context.stream(SurveyState::KIND, parsed.survey)?;
    let loaded = context.journal.load::<SurveyState>(&stream, context.now).await?;
    let Some(issued) = &loaded.state.issued else { return Ok(None) };
    let pack = context.pack().await?;
    let pages = pack.pack.survey.as_ref().map(|s| &s.page);
    let chain = pack.pack.locale_chain(&issued.locale);
    let found = chain.iter().find_map(|l| Some((l.clone(), pages?.get(l)?.clone())));
    let (locale, texts) = found.map_or((issued.locale.clone(), None), |(l, t)| (l, Some(t)));
    Ok(Some(Found { context, loaded, texts, locale }))
}

fn closed(found: &Found, token: &str) -> Option<SurveyClosed> {
    let now = found.context.now;
    let expires = link::parse(token).and_then(|t| DateTime::from_timestamp(t.expires, 0));
    match found.loaded.state.closed(now) {
        None if expires.is_none_or(|at| at < now) => Some(SurveyClosed::Expired),
        closed => closed,
    }
}

fn status_of(closed: Option<SurveyClosed>) -> StatusCode {
    match closed {
        Some(SurveyClosed::NoMoreChanges) => StatusCode::CONFLICT,
        Some(SurveyClosed::Unknown) => StatusCode::NOT_FOUND,
        Some(SurveyClosed::Expired) | None => StatusCode::GONE,
    }
}
