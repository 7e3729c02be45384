//! What others work on and give back: issues that a ticket waits for, and its agent's word on what they finished.

use crate::actions::append;
use crate::call::Call;
use crate::issues::{self, speaker};
use crate::tickets::load;
use http::StatusCode;
use relevo_domain::conversation::{Issue, validation};
use relevo_domain::issue::{IssueEvent, Watchers};
use relevo_domain::outbox::IssueTask;
use relevo_edge::app::event;
use relevo_edge::http::Response;
use relevo_edge::problem::Problem;
use relevo_edge::{api, ids};
use relevo_journal::Fold;

/// The channels whose systems report on their items.
const SYSTEMS: [&str; 1] = ["jira"];

/// `POST …/validation`: the systems of the issues that were judged are told of it.
pub async fn validate(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::Validation = call.request.json()?;
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let (issues, comment) = match loaded.state.ticket(stream.ordinal) {
        Some(ticket) => validation::judged(ticket, body.accepted, body.reason.as_deref()),
        None => (Vec::new(), String::new()),
    };
    let events = validation::validate(&loaded.state, &pack.pack, stream.ordinal, body.accepted, body.reason)?;
    let mut commit = call.context.commit();
    let after = append(call, &mut commit, loaded, &identity, events).await?;
    let mut queued = Vec::new();
    for Issue { system, key } in issues {
        let Some(account) = speaker(&pack, &system, Some(&key)) else { continue };
        let task = IssueTask::Judged { key, accepted: body.accepted, comment: comment.clone().into() };
        let (name, work) = issues::work(call, &stream, &identity, (system, account), task);
        issues::queue(call, &mut commit, &after, &name, work, &identity).await?;
        queued.push(name);
    }
    call.context.journal.commit(commit).await?;
    issues::kick(call, queued);
    let after = identity.confirm(&call.context, after).await?;
    stream.answer(StatusCode::OK, &after.state)
}

/// `POST …/issues`
pub async fn link(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::IssueLink = call.request.json()?;
    if !SYSTEMS.contains(&body.system.as_str()) {
        let known = SYSTEMS.join(", ");
        return Err(Problem::invalid("/system", format!("what other systems report is known of {known}")));
    }
    let key = match (body.key, body.open) {
        (Some(key), None) => key,
        (None, Some(open)) if body.linked => return issues::open(call, body.system, open).await,
        _ => return Err(Problem::invalid("/key", "name an issue by its `key`, or have one made by `open`")),
    };
    let identity = call.identity()?;
    let (stream, loaded, _) = load(call).await?;
    if identity.repeats(&loaded)? {
        return stream.answer(StatusCode::OK, &loaded.state);
    }
    let issue = Issue { system: body.system, key };
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
