//! What another system reports about its items, to the tickets that wait for them: in the same commit as the report.

use crate::intake::{BY, Origin};
use relevo_domain::conversation::{ConversationEvent, validation};
use relevo_domain::issue::Watchers;
use relevo_domain::message::Inbound;
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::ids;
use relevo_edge::merging::{self, Conversations};
use relevo_edge::problem::Problem;
use relevo_journal::{Commit, EventId, Fold};

/// Tells the tickets that wait for what these items report on.
pub async fn tell(
    context: &DeskContext,
    pack: &PublishedPack,
    origin: Origin<'_>,
    commit: &mut Commit,
    conversations: &mut Conversations,
    items: &[Inbound],
) -> Result<(), Problem> {
    let Some(account) = pack.pack.account(origin.channel, origin.account) else { return Ok(()) };
    for item in items {
        let Inbound::Other(other) = item else { continue };
        let Some(mut report) = relevo_channels::issue_report(origin.channel, &account.settings, other) else {
            continue;
        };
        // One of the future would have all that follow count as overtaken.
        report.at = report.at.map(|at| at.min(context.now));
        let stream = context.stream(Watchers::KIND, &ids::issue(&context.keys, &report.issue))?;
        let watchers = context.journal.load::<Watchers>(&stream, context.now).await?;
        let hash = context.keys.id("event", &[origin.channel, origin.account, &other.external_id]);
        for ticket in &watchers.state.tickets {
            let (name, ordinal) = ids::parse_ticket(ticket)?;
            let loaded = merging::load(context, conversations, name).await?;
            let id = |n: usize| format!("issue.{hash}.{ordinal}.{n}");
            // A repeat: what follows from it was decided then.
            if EventId::new(id(0)).is_ok_and(|id| loaded.seen(&id).is_some()) {
                continue;
            }
            let events = validation::reported(&loaded.state, &pack.pack, ordinal, &report);
            let named = events
                .into_iter()
                .enumerate()
                .map(|(n, data): (usize, ConversationEvent)| event(id(n), BY, 0, data));
            *loaded = commit.append(loaded, named.collect::<Result<_, Problem>>()?)?;
        }
    }
    Ok(())
}
