//! Client companies that share a desk and nothing else: whoever works for one of them sees nothing of another's, which
//! answers as what there is not. Managers and administrators work for all.
//!
//! What a path or the parameter `ticket` names is looked at before a route is entered; lists are narrowed where they are
//! made, by [`sees`].

use crate::app::DeskContext;
use crate::auth::Caller;
use crate::http::Incoming;
use crate::problem::Problem;
use crate::{ids, people};
use futures::future::try_join_all;
use relevo_domain::conversation::{Conversation, Ticket};
use relevo_domain::outbox::Outbox;
use relevo_domain::pack::{Pack, Role};
use relevo_domain::survey::SurveyState;
use relevo_journal::Fold;
use relevo_journal::store::Store;

/// Routes that cannot be divided: they are about the desk as a whole, or unite what belongs to several.
const UNDIVIDED: [&str; 16] = [
    "automations.list",
    "automations.simulate",
    "contacts.merge",
    "contacts.unmerge",
    "directory.accounts.list",
    "directory.accounts.read",
    "directory.accounts.remove",
    "directory.accounts.set",
    "directory.import",
    "directory.people.find",
    "directory.people.remove",
    "directory.people.set",
    "problems.list",
    "problems.retry",
    "sla.apply",
    "sla.simulate",
];

/// Whether a caller may see a ticket of this queue and team.
pub fn sees(pack: &Pack, caller: &Caller, queue: &str, team: Option<&str>) -> bool {
    pack.partitions.is_empty()
        || pack.sees(&caller.person, caller.role, pack.partition_of_ticket(queue, team))
}

/// Whether there is anything at the desk that a caller may not see for the partition that it belongs to.
pub fn divides(pack: &Pack, caller: &Caller) -> bool {
    !pack.partitions.is_empty() && caller.role < Role::Manager
}

/// Refuses a call that names what belongs to another partition. `parts` are what the path's names stand for.
///
/// # Errors
/// 404 as if it were not there; 403 for what cannot be divided.
pub async fn keep_apart<S: Store>(
    context: &DeskContext<S>,
    caller: &Caller,
    route: &str,
    parts: &[(&str, &str)],
    request: &Incoming,
) -> Result<(), Problem> {
    if caller.role >= Role::Manager || !context.exists() {
        return Ok(());
    }
    let pack = context.pack().await?;
    if pack.pack.partitions.is_empty() {
        return Ok(());
    }
    if UNDIVIDED.contains(&route) {
        return Err(Problem::forbidden(
            "this is about all partitions of the desk: it needs the role manager",
        ));
    }
    let parameter = request.parameter("ticket");
    let named = parameter.as_deref().map(|ticket| ("ticket", ticket));
    for (name, id) in parts.iter().copied().chain(named) {
        match name {
            "ticket" => ticket(context, &pack.pack, caller, id).await?,
            "contact" => contact(context, &pack.pack, caller, id).await?,
            "entry" => entry(context, &pack.pack, caller, id).await?,
            "survey" => survey(context, &pack.pack, caller, id).await?,
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a ticket of another partition. What is no ticket is refused by whoever reads it.
///
/// # Errors
/// 404 as if it were not there.
pub async fn ticket<S: Store>(
    context: &DeskContext<S>,
    pack: &Pack,
    caller: &Caller,
    id: &str,
) -> Result<(), Problem> {
    let Ok((conversation, ordinal)) = ids::parse_ticket(id) else { return Ok(()) };
    let stream = context.stream(Conversation::KIND, conversation)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    match loaded.state.ticket(ordinal) {
        Some(found) if !sees_ticket(pack, caller, found) => {
            Err(Problem::not_found("unknown_ticket", "there is no such ticket at this desk"))
        }
        _ => Ok(()),
    }
}

/// Refuses a contact who has tickets and none that the caller may see.
///
/// # Errors
/// 404 as if it were not there.
pub async fn contact<S: Store>(
    context: &DeskContext<S>,
    pack: &Pack,
    caller: &Caller,
    id: &str,
) -> Result<(), Problem> {
    if !divides(pack, caller) {
        return Ok(());
    }
    let Ok(name) = ids::parse(id, ids::CONTACT, "contact") else { return Ok(()) };
    let members = people::united(context, name).await?.members;
    let conversations = members.iter().flat_map(|(_, contact)| &contact.conversations);
    let loads = conversations.map(|name| async move {
        let stream = context.stream(Conversation::KIND, name)?;
        Ok::<_, Problem>(context.journal.load::<Conversation>(&stream, context.now).await?.state.tickets)
    });
    let tickets: Vec<Ticket> = try_join_all(loads).await?.into_iter().flatten().collect();
    if tickets.is_empty() || tickets.iter().any(|found| sees_ticket(pack, caller, found)) {
        return Ok(());
    }
    Err(Problem::not_found("unknown_contact", "there is no such contact at this desk"))
}

async fn entry<S: Store>(
    context: &DeskContext<S>,
    pack: &Pack,
    caller: &Caller,
    id: &str,
) -> Result<(), Problem> {
    let Ok(name) = ids::parse(id, ids::OUTBOX, "delivery") else { return Ok(()) };
    let loaded = context.journal.load::<Outbox>(&context.stream(Outbox::KIND, name)?, context.now).await?;
    match loaded.state.entry.and_then(|entry| entry.ticket) {
        Some(id) => ticket(context, pack, caller, &id).await.map_err(|problem| hidden(problem, "delivery")),
        None => Ok(()),
    }
}

async fn survey<S: Store>(
    context: &DeskContext<S>,
    pack: &Pack,
    caller: &Caller,
    id: &str,
) -> Result<(), Problem> {
    let Ok(name) = ids::parse(id, ids::SURVEY, "survey") else { return Ok(()) };
    let stream = context.stream(SurveyState::KIND, name)?;
    let loaded = context.journal.load::<SurveyState>(&stream, context.now).await?;
    match loaded.state.issued {
        Some(issued) if !sees(pack, caller, &issued.queue, None) => Err(absent("survey")),
        _ => Ok(()),
    }
}

/// Whether a caller may see a ticket.
pub fn sees_ticket(pack: &Pack, caller: &Caller, ticket: &Ticket) -> bool {
    sees(pack, caller, &ticket.queue, ticket.team.as_deref())
}

fn hidden(problem: Problem, what: &str) -> Problem {
    if problem.status == http::StatusCode::NOT_FOUND { absent(what) } else { problem }
}

fn absent(what: &str) -> Problem {
    Problem::not_found("not_found", format!("there is no such {what} at this desk"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{Access, ROUTES};

    /// What a path may name and is looked at before a route is entered.
    const LOOKED_AT: [&str; 4] = ["{contact}", "{entry}", "{survey}", "{ticket}"];

    /// Routes that narrow what they show to what the caller sees, or refuse what they do not, by themselves.
    const NARROWED: [&str; 34] = [
        "approvals.list",
        "articles.archive",
        "articles.create",
        "articles.import",
        "articles.list",
        "articles.missing",
        "articles.publish",
        "articles.read",
        "articles.update",
        "articles.versions",
        "audits.dispute",
        "audits.list",
        "audits.read",
        "audits.score",
        "bulk.read",
        "contacts.list",
        "me.mentions",
        "me.mentions.seen",
        "outbox.list",
        "pack.read",
        "playbooks.list",
        "playbooks.read",
        "playbooks.statistics",
        "reports.read",
        "runs.answer",
        "runs.back",
        "runs.begin",
        "runs.list",
        "runs.read",
        "surveys.list",
        "tickets.bulk",
        "tickets.counts",
        "tickets.create",
        "tickets.list",
    ];

    /// Routes about those who work at the desk and what they work with: nothing of a customer is in it.
    const COMMON: [&str; 24] = [
        "files.put",
        "macros.list",
        "me",
        "people.absence.end",
        "people.absence.set",
        "people.list",
        "people.presence",
        "periods.list",
        "shifts.list",
        "sla.preview",
        "templates.draft",
        "templates.draft.discard",
        "templates.list",
        "templates.preview",
        "templates.preview_all",
        "templates.read",
        "templates.render",
        "templates.test",
        "templates.versions",
        "views.create",
        "views.delete",
        "views.list",
        "views.read",
        "views.update",
    ];

    #[test]
    fn of_every_route_it_is_said_how_it_keeps_partitions_apart() {
        // Managers and administrators work for all.
        let is_divided = |access: Access| matches!(access, Access::Role(role) if role < Role::Manager);
        for route in ROUTES.iter().filter(|route| is_divided(route.access)) {
            let names_one = route.path.split('/').any(|part| LOOKED_AT.contains(&part));
            let is_undivided = UNDIVIDED.contains(&route.name);
            let said = [
                is_undivided,
                names_one && !is_undivided,
                NARROWED.contains(&route.name),
                COMMON.contains(&route.name),
            ];
            assert_eq!(said.iter().filter(|one| **one).count(), 1, "{}: {said:?}", route.name);
        }
        let is_route = |name: &str| ROUTES.iter().any(|r| r.name == name && is_divided(r.access));
        for name in UNDIVIDED.iter().chain(&NARROWED).chain(&COMMON) {
            assert!(is_route(name), "{name} is no such route");
        }
    }
}
