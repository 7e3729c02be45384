//! Issues in other systems: having one made for a ticket, and telling of those that were judged. `delivery` does it.

use crate::call::{Call, Identity};
use crate::tickets::{TicketStream, load};
use http::StatusCode;
use relevo_channels::jira;
use relevo_domain::conversation::Conversation;
use relevo_domain::conversation::validation::MAX_ISSUES;
use relevo_domain::outbox::{Entry, IssueTask, IssueWork, Outbox, OutboxEvent, Request};
use relevo_edge::api::{Kick, NewIssue};
use relevo_edge::app::{PublishedPack, event};
use relevo_edge::http::{Response, json};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::{ids, internal, trace};
use relevo_journal::{Commit, Fold, Loaded};
use serde_json::json;

/// Longest summary and description, in characters.
const MAX_SUMMARY: usize = 255;
const MAX_DESCRIPTION: usize = 30_000;

/// The account through which a system is told something, about an issue if there is one already: the first that can.
pub fn speaker(pack: &PublishedPack, system: &str, key: Option<&str>) -> Option<String> {
    let accounts = pack.pack.channels.get(system)?;
    let found = accounts.iter().find(|(_, account)| jira::speaks_for(&account.settings, key));
    found.map(|(name, _)| name.clone())
}

/// `POST …/issues` with `open`: the ticket waits for the issue once there is one.
pub async fn open(call: &Call<'_>, system: String, wanted: NewIssue) -> Result<Response, Problem> {
    let summary = wanted.summary.trim();
    if summary.is_empty() || summary.chars().count() > MAX_SUMMARY {
        return Err(Problem::invalid("/open/summary", "a summary has 1 to 255 characters"));
    }
    if wanted.description.chars().count() > MAX_DESCRIPTION {
        return Err(Problem::invalid("/open/description", "a description has at most 30000 characters"));
    }
    let identity = call.identity()?;
    let (stream, loaded, pack) = load(call).await?;
    let account = speaker(&pack, &system, None).ok_or_else(|| {
        let detail =
            "no account of that channel may tell its system anything: the setting `account_id` is missing";
        Problem::new(StatusCode::CONFLICT, "issues_cannot_be_opened", detail)
    })?;
    let ticket = loaded.state.ticket(stream.ordinal);
    let settings = pack.pack.account(&system, &account).map(|account| &account.settings);
    let own = || settings.and_then(|settings| jira::project(settings, ticket?.team.as_deref()));
    let project = wanted.project.or_else(own).ok_or_else(|| {
        Problem::invalid("/open/project", "neither the account nor the ticket's team has a project: name one")
    })?;
    if !jira::is_project(&project) {
        let what = "a project's key has 1 to 50 letters, digits and underscores, such as CAMP";
        return Err(Problem::invalid("/open/project", what));
    }
    if ticket.is_some_and(|ticket| ticket.issues.len() >= MAX_ISSUES) {
        let detail = format!("a ticket has at most {MAX_ISSUES} issues");
        return Err(Problem::new(StatusCode::CONFLICT, "too_many_issues", detail));
    }
    let (summary, description) = (summary.to_owned().into(), wanted.description.into());
    let task = IssueTask::Open { project, summary, description };
    let (name, work) = work(call, &stream, &identity, (system, account), task);
    let mut commit = call.context.commit();
    let loaded = Persons::new(&call.context, &call.caller.actor()).sealing(&mut commit, loaded).await?;
    if queue(call, &mut commit, &loaded, &name, work, &identity).await? {
        call.context.journal.commit(commit).await?;
        kick(call, vec![name.clone()]);
    }
    let mut view = stream.view(&loaded.state)?;
    view.insert("opening".to_owned(), json!(format!("{}{name}", ids::OUTBOX)));
    Ok(json(StatusCode::OK, &view))
}

/// What is asked for, and the name of its delivery: the same whenever the same call asks for it.
pub fn work(
    call: &Call<'_>,
    stream: &TicketStream,
    identity: &Identity,
    (system, account): (String, String),
    task: IssueTask,
) -> (String, IssueWork) {
    let issue = match &task {
        IssueTask::Open { .. } => "",
        IssueTask::Judged { key, .. } => key,
    };
    let name = call.context.keys.id("outbox", &["issue", &identity.id, &stream.conversation, issue]);
    let (conversation, ordinal) = (stream.conversation.clone(), stream.ordinal);
    (name, IssueWork { system, account, conversation, ordinal, task })
}

/// Queues it, sealed as the conversation is. False: the same call has done so before.
///
/// # Errors
/// 409 if it was another call under the same key.
pub async fn queue(
    call: &Call<'_>,
    commit: &mut Commit,
    conversation: &Loaded<Conversation>,
    name: &str,
    work: IssueWork,
    identity: &Identity,
) -> Result<bool, Problem> {
    let outbox = call.context.stream(Outbox::KIND, name)?;
    let empty = call.context.journal.load::<Outbox>(&outbox, call.context.now).await?;
    if identity.repeats(&empty)? {
        return Ok(false);
    }
    let ticket = Some(ids::ticket(&work.conversation, work.ordinal));
    let entry = Entry {
        request: Request::Issue(Box::new(work)),
        ticket,
        message: None,
        trace: trace::parent(),
        hold: None,
    };
    let queued = OutboxEvent::Queued(Box::new(entry));
    let queued = event(identity.id.clone(), &call.caller.actor(), identity.tag, queued)?;
    commit.append(&empty.sealed_under(conversation.key().cloned()), vec![queued])?;
    Ok(true)
}

/// Tells delivery.
pub fn kick(call: &Call<'_>, queued: Vec<String>) {
    if !queued.is_empty() {
        internal::kick(
            "delivery",
            "/internal/send",
            Kick { desk: call.context.desk.to_string(), streams: queued },
        );
    }
}
