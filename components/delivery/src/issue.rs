//! What another system is told, or asked for, on behalf of a ticket; and what the ticket hears of it.

use crate::exchange::hold;
use crate::fetch::{Fetched, Learned};
use crate::record::BY;
use relevo_channels::{Outcome, jira};
use relevo_domain::conversation::{Conversation, ConversationEvent, Issue};
use relevo_domain::issue::{IssueEvent, Watchers};
use relevo_domain::outbox::{IssueTask, IssueWork};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::{Commit, Fold};

/// Does what is asked for. Begun again it finds what it had made.
pub async fn work(context: &DeskContext, name: &str, work: &IssueWork) -> Fetched {
    let mut asked = false;
    if work.system != "jira" {
        let why = "this system cannot be told anything".to_owned();
        return Fetched { outcome: Outcome::Refused { why }, asked, learned: None };
    }
    let mut task = jira::Work::new(&work.task, name);
    let held = hold(context, (&work.system, &work.account), None, &mut task, &mut asked).await;
    match (held, task.key()) {
        (Ok(()), Some(key)) => Fetched {
            outcome: Outcome::Sent { provider_id: Some(key.to_owned()) },
            asked,
            learned: Some(Learned::Issue {
                key: key.to_owned(),
                stands: task.stands().map(|(status, done)| (status.to_owned(), done)),
            }),
        },
        (Ok(()), None) => {
            let why = "the system did not say which issue it made".to_owned();
            Fetched { outcome: Outcome::Retry { after_seconds: None, why }, asked, learned: None }
        }
        (Err(outcome), _) => Fetched { outcome, asked, learned: None },
    }
}

/// The ticket waits for an issue that was made for it, and knows where one stands that was told something.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn note(
    context: &DeskContext,
    commit: &mut Commit,
    name: &str,
    work: &IssueWork,
    learned: &Learned,
) -> Result<(), Problem> {
    let Learned::Issue { key, stands } = learned else { return Ok(()) };
    let (ticket, issue) = (work.ordinal, Issue { system: work.system.clone(), key: key.clone() });
    let id = format!("issue.{name}");
    let data = match (&work.task, stands) {
        (IssueTask::Open { .. }, _) => {
            let stream = context.stream(Watchers::KIND, &ids::issue(&context.keys, &issue))?;
            let watchers = context.journal.load::<Watchers>(&stream, context.now).await?;
            let watched =
                IssueEvent::Watched { ticket: ids::ticket(&work.conversation, ticket), linked: true };
            commit.append(&watchers, vec![event(id.clone(), BY, 0, watched)?])?;
            ConversationEvent::IssueLinked { ticket, issue, linked: true }
        }
        (IssueTask::Judged { .. }, Some((status, done))) => {
            ConversationEvent::IssueTold { ticket, issue, status: status.clone(), done: *done }
        }
        (IssueTask::Judged { .. }, None) => return Ok(()),
    };
    let stream = context.stream(Conversation::KIND, &work.conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    commit.append(&loaded, vec![event(id, BY, 0, data)?])?;
    Ok(())
}
