//! What was written down of a person in runs of playbooks.

use futures::future::try_join_all;
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::playbook::Run;
use relevo_edge::app::DeskContext;
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::Fold;
use relevo_journal::store::Store;
use serde_json::{Value, json};

/// The runs that these tickets tell of, each with its answers.
pub async fn runs<S: Store>(context: &DeskContext<S>, names: &[String]) -> Result<Vec<Value>, Problem> {
    let found = names.iter().map(|id| async move {
        let stream = context.stream(Run::KIND, ids::parse(id, ids::RUN, "run")?)?;
        let run = context.journal.load::<Run>(&stream, context.now).await?.state;
        let begun = run.begun.as_ref();
        let answers = run.visits.iter().map(|visit| {
            json!({"node": visit.node, "at": rfc3339(visit.at), "by": visit.by, "given": visit.given, "undone": visit.undone})
        });
        Ok::<_, Problem>(json!({
            "id": id,
            "playbook": begun.map(|begun| &begun.playbook),
            "ticket": begun.and_then(|begun| begun.ticket.as_ref()),
            "begun_at": run.begun_at.map(rfc3339),
            "answers": answers.collect::<Vec<_>>(),
            "ending": run.ended.as_ref().map(|ended| &ended.ending),
        }))
    });
    try_join_all(found).await
}
