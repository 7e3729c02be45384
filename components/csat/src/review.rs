//! `POST /api/{desk}/surveys/{survey}/review`: a lead leaves a vote out of the figures, or takes it in again.

use crate::vote::sealing;
use relevo_domain::survey::{SurveyState, review as decide};
use relevo_edge::api::SurveyReview;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::routes::{self, Matched};
use relevo_edge::{ids, keys};
use relevo_journal::{EventId, Fold};
use serde_json::json;

/// Takes a lead's decision.
pub async fn review(matched: &Matched<'_>, request: &Incoming) -> Result<Response, Problem> {
    // Whoever has no token learns nothing about which desks there are.
    let context = DeskContext::open(matched.part(0)).await.map_err(Problem::hide_absence)?;
    let caller = routes::admit(matched.route, &context, request).await?;
    let body: SurveyReview = request.json()?;
    let name = ids::parse(matched.part(1), ids::SURVEY, "survey")?;
    let stream = context.stream(SurveyState::KIND, name)?;
    let loaded = context.journal.load::<SurveyState>(&stream, context.now).await?;
    let tag = context.keys.tag(&request.body);
    let id = match request.idempotency_key()? {
        Some(key) => context.keys.id("review", &[&caller.person, &request.path, key]),
        None => keys::random::<16>().map_err(|error| Problem::unavailable(error.to_string()))?,
    };
    let id = format!("review.{id}");
    let mut after = loaded.clone();
    match EventId::new(&id).ok().and_then(|id| loaded.seen(&id)) {
        Some(seen) if seen != tag => return Err(reused()),
        Some(_) => {}
        None => {
            let decided = decide(&loaded.state, body.verdict, body.reason)?;
            let mut commit = context.commit();
            let loaded = sealing(&context, &mut commit, loaded).await?;
            after = commit.append(&loaded, vec![event(id, &caller.actor(), tag, decided)?])?;
            context.journal.commit(commit).await?;
        }
    }
    let state = after.state;
    let answer = json!({
        "id": matched.part(1),
        "score": state.vote.map(|vote| vote.score),
        "verdict": state.review.as_ref().map(|review| review.verdict),
        "reason": state.review.as_ref().map(|review| &review.reason.0),
        "by": state.review.as_ref().map(|review| &review.by),
    });
    Ok(json(http::StatusCode::OK, &answer))
}

fn reused() -> Problem {
    let detail = "this Idempotency-Key was used for another body; use a new key for a new call";
    Problem::new(http::StatusCode::CONFLICT, "idempotency_key_reused", detail)
}
