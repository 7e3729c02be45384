//! What others work on and give back: issues that a ticket waits for, and its agent's word on what they finished.

use crate::actions::act;
use crate::call::Call;
use crate::tickets::load;
use http::StatusCode;
use relevo_domain::conversation::{Issue, validation};
use relevo_domain::issue::{IssueEvent, Watchers};
use relevo_edge::app::event;
use relevo_edge::http::Response;
use relevo_edge::problem::Problem;
use relevo_edge::{api, ids};
use relevo_journal::Fold;

/// The channels whose systems report on their items.
const SYSTEMS: [&str; 1] = ["jira"];

/// `POST …/validation`
pub async fn validate(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Validation = call.request.json()?;
    act(call, StatusCode::OK, |state, ordinal, pack| {
        validation::validate(state, &pack.pack, ordinal, body.accepted, body.reason)
    })
    .await
}

/// `POST …/issues`
pub async fn link(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::IssueLink = call.request.json()?;
    if !SYSTEMS.contains(&body.system.as_str()) {
        let known = SYSTEMS.join(", ");
        return Err(Problem::invalid("/system", format!("what other systems report is known of {known}")));
    }
    let identity = call.identity()?;
    let (stream, loaded, _) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let issue = Issue { system: body.system, key: body.key };
    let name = ids::issue(&call.context.keys, &issue);
    let events = validation::link(&loaded.state, stream.ordinal, issue, body.linked)?;
    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    let mut after = loaded.clone();
    for data in events {
        after = commit.append(&loaded, vec![event(identity.id.clone(), &actor, identity.tag, data)?])?;
        let watchers = call.context.stream(Watchers::KIND, &name)?;
        let watchers = call.context.journal.load::<Watchers>(&watchers, call.context.now).await?;
        let watched = IssueEvent::Watched { ticket: stream.id.clone(), linked: body.linked };
        commit.append(&watchers, vec![event(identity.id.clone(), &actor, identity.tag, watched)?])?;
    }
    if !commit.is_empty() {
        call.context.journal.commit(commit).await?;
    }
    let after = identity.confirm(&call.context, after).await?;
    stream.answer(StatusCode::OK, &after.state)
}
