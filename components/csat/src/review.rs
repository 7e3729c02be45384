//! `POST /api/{desk}/surveys/{survey}/review`: a lead leaves a vote out of the figures, or takes it in again.

use crate::vote::sealing;
use relevo_domain::survey::{SurveyState, review as decide};
use relevo_edge::api::SurveyReview;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_edge::routes::{self, Matched};
use relevo_journal::Fold;
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
    let identity = Identity::of(&context, &caller.person, request)?;
    let mut after = loaded.clone();
    if !identity.repeats(&loaded)? {
        let decided = decide(&loaded.state, body.verdict, body.reason)?;
        let mut commit = context.commit();
        let loaded = sealing(&context, &mut commit, loaded).await?;
        after = commit.append(&loaded, vec![event(identity.id, &caller.actor(), identity.tag, decided)?])?;
        context.journal.commit(commit).await?;
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
