//! The survey page and the vote. Reading the page records nothing: link scanners read it too.

use crate::page::{self, Page};
use chrono::DateTime;
use http::StatusCode;
use relevo_domain::card_number;
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::Conversation;
use relevo_domain::survey::{SurveyClosed, SurveyState, Via, answer};
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
    page: Page,
}

/// A vote as a form or as JSON.
#[derive(Debug, Deserialize)]
struct Ballot {
    score: i64,
    #[serde(default)]
    comment: Option<String>,
}

/// `GET /s/{token}`: a score in the query is filled in and not recorded.
pub async fn show(token: &str, request: &Incoming) -> Result<Response, Problem> {
    let Some(found) = find(token).await? else { return Ok(page::unknown(request.header("accept-language"))) };
    let Found { page, loaded, .. } = &found;
    Ok(match closed(&found, token) {
        None => {
            let vote = loaded.state.vote.as_ref().filter(|_| page.shows_vote);
            let chosen = request.parameter("score").and_then(|score| score.parse().ok());
            page.form(chosen.or(vote.map(|v| v.score)), vote.and_then(|v| v.comment.as_ref()), None)
        }
        closed => page.closed(status_of(closed)),
    })
}

/// `POST /s/{token}`
pub async fn take(token: &str, request: &Incoming) -> Result<Response, Problem> {
    let wants_json = request.header("content-type").is_some_and(|t| t.starts_with("application/json"));
    let Some(found) = find(token).await? else {
        let gone = Problem::not_found("unknown_survey", "there is no such survey");
        return if wants_json { Err(gone) } else { Ok(page::unknown(request.header("accept-language"))) };
    };
    let form = |name: &str| {
        form_urlencoded::parse(&request.body).find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
    };
    // A mail program's button works as long as the mail is there, survey closed or not.
    if !wants_json && (form("opt_out").is_some() || link::is_one_click(&request.body)) {
        decline(&found).await?;
        return Ok(found.page.opted_out());
    }
    if let Some(closed) = closed(&found, token) {
        let status = status_of(Some(closed));
        let problem = Problem::new(status, "survey_closed", "this survey takes no more answers");
        return if wants_json { Err(problem) } else { Ok(found.page.closed(status)) };
    }
    if wants_json {
        let ballot: Ballot = request.json()?;
        let after = record(&found, ballot, Via::Api).await?;
        let body = json!({"score": after.vote.as_ref().map(|v| v.score), "recorded": true});
        return Ok(json(StatusCode::OK, &body));
    }
    let comment = form("comment");
    let Some(score) = form("score").and_then(|score| score.parse().ok()) else {
        // A browser that does not know `required`: the question again, with what was written.
        return Ok(found.page.form(
            None,
            comment.map(Into::into).as_ref(),
            Some(StatusCode::UNPROCESSABLE_ENTITY),
        ));
    };
    let said = comment.as_ref().is_some_and(|comment| !comment.trim().is_empty());
    let after = record(&found, Ballot { score, comment }, Via::Page).await?;
    Ok(found.page.thanks(after.vote.map(|vote| vote.score).filter(|_| !said)))
}

/// Records a vote.
async fn record(found: &Found, ballot: Ballot, via: Via) -> Result<SurveyState, Problem> {
    let Found { context, loaded, page } = found;
    let masks = context.pack().await?.pack.mask_card_numbers;
    let comment =
        ballot.comment.map(|text| masks.then(|| card_number::mask(&text)).flatten().unwrap_or(text));
    let data = answer(page.kind, ballot.score, comment, via)?;
    // Named by what it says and by what its writer had read: the same form sent twice is one vote, and going back
    // to an earlier vote is another.
    let said = serde_json::to_string(&data).unwrap_or_default();
    let newest = loaded.newest().0.to_string();
    let id = format!("vote.{}", context.keys.id("vote", &[&said, &newest]));
    let mut commit = context.commit();
    let loaded = sealing(context, &mut commit, loaded.clone()).await?;
    let after = commit.append(&loaded, vec![event(id, BY, 0, data)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(after.state)
}

/// The survey with a key for what the customer says: its own, else the conversation's.
pub async fn sealing(
    context: &DeskContext,
    commit: &mut Commit,
    loaded: Loaded<SurveyState>,
) -> Result<Loaded<SurveyState>, Problem> {
    let ticket = loaded.state.issued.as_ref().map(|issued| issued.ticket.clone());
    let (None, Some(ticket)) = (loaded.key(), ticket) else { return Ok(loaded) };
    if ticket.is_empty() {
        return Ok(loaded.sealed_under(context.journal.desk_key()?));
    }
    let (conversation, _) = ids::parse_ticket(&ticket)?;
    let stream = context.stream(Conversation::KIND, conversation)?;
    let conversation = context.journal.load::<Conversation>(&stream, context.now).await?;
    let conversation = Persons::new(context, BY).sealing(commit, conversation).await?;
    Ok(loaded.sealed_under(conversation.key().cloned()))
}

/// Whoever has the link says that they do not want to be asked again.
async fn decline(found: &Found) -> Result<(), Problem> {
    let context = &found.context;
    let Some(contact) = found.loaded.state.issued.as_ref().and_then(|issued| issued.contact.as_ref()) else {
        return Ok(());
    };
    let stream = context.stream(Contact::KIND, contact)?;
    let loaded = context.journal.load::<Contact>(&stream, context.now).await?;
    if loaded.state.no_surveys {
        return Ok(());
    }
    let id = format!("declined.{}", context.keys.id("declined", &[&loaded.newest().0.to_string()]));
    let mut commit = context.commit();
    let declined = ContactEvent::SurveysDeclined { declined: true };
    commit.append(&loaded, vec![event(id, "customer", 0, declined)?])?;
    context.journal.commit(commit).await?;
    Ok(())
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
    let survey = pack.pack.survey.as_ref();
    let chain = pack.pack.locale_chain(&issued.locale);
    let found = chain.iter().find_map(|l| Some((l.clone(), survey?.page.get(l)?.clone())));
    let (locale, texts) = found.map_or((issued.locale.clone(), None), |(l, t)| (l, Some(t)));
    let page = Page {
        kind: issued.kind,
        locale,
        texts,
        brand: survey.map(|survey| survey.brand.clone()).unwrap_or_default(),
        may_decline: issued.contact.is_some(),
        shows_vote: !survey.is_some_and(|survey| survey.anonymous),
    };
    Ok(Some(Found { context, loaded, page }))
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
