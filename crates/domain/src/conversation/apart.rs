//! Client companies that share a desk: what brings a ticket of one before people of another is refused, whoever asks for
//! it and by whatever call, macro, rule or bulk action.

use super::Ticket;
use crate::action::Action;
use crate::condition::{Condition, Conditions};
use crate::pack::{Pack, Role};
use crate::refusal::Refusal;

/// Code of all of these refusals.
const CODE: &str = "other_partition";

const QUEUE: &str =
    "the queue is of another partition of the desk than the ticket; a manager moves a ticket there";
const TEAM: &str = "the team works for another partition of the desk than the ticket's; name one of its own";
const PERSON: &str =
    "the person does not work for the ticket's partition of the desk; name somebody who does";

/// Refuses another queue by which a ticket would leave its partition, unless a manager wants it. `role`: of whoever moves
/// it; none is the desk itself.
pub(super) fn queue(pack: &Pack, ticket: &Ticket, queue: &str, role: Option<Role>) -> Result<(), Refusal> {
    let of_queue = pack.queues.get(queue).and_then(|queue| queue.team.as_deref());
    let after = pack.partition_of_ticket(queue, of_queue.or(ticket.team.as_deref()));
    match of(pack, ticket) {
        before @ Some(_) if before != after && role < Some(Role::Manager) => {
            Err(Refusal::invalid(CODE, "/queue", QUEUE))
        }
        _ => Ok(()),
    }
}

/// Refuses a team that works for another partition than the ticket's, or with which the ticket would leave its own.
pub(super) fn team(pack: &Pack, ticket: &Ticket, team: &str) -> Result<(), Refusal> {
    let Some(partition) = of(pack, ticket) else { return Ok(()) };
    let stays = pack.partition_of_ticket(&ticket.queue, Some(team)) == Some(partition);
    match stays && pack.partition_of_team(team).is_none_or(|other| other == partition) {
        true => Ok(()),
        false => Err(Refusal::invalid(CODE, "/team", TEAM)),
    }
}

/// Refuses a person who does not see what belongs to the partition.
pub(super) fn person(pack: &Pack, partition: Option<&str>, person: &str) -> Result<(), Refusal> {
    match pack.works_for(person, partition) {
        true => Ok(()),
        false => Err(Refusal::invalid(CODE, "/agent", PERSON)),
    }
}

/// What somebody cannot do to any ticket that they see, for it would bring it before another partition: JSON pointer into
/// the actions, and what to do.
pub fn misplaced(pack: &Pack, actions: &[Action], person: &str, role: Role) -> Vec<(String, String)> {
    let seen: Vec<&str> = pack.partitions.keys().map(String::as_str).collect();
    let seen: Vec<&str> = seen.into_iter().filter(|one| pack.sees(person, role, Some(one))).collect();
    placed(pack, actions, &seen)
}

/// The same of a rule that applies to tickets of named queues alone.
pub(crate) fn misplaced_by_rule(pack: &Pack, when: &Conditions, actions: &[Action]) -> Vec<(String, String)> {
    let Some(Condition::Any(queues)) = when.get("queue") else { return Vec::new() };
    let of: Option<Vec<&str>> = queues.iter().map(|queue| pack.partition_of_ticket(queue, None)).collect();
    // A queue that belongs to no partition has tickets of any.
    of.map(|of| placed(pack, actions, &of)).unwrap_or_default()
}

/// Actions that lead out of all of these partitions.
fn placed(pack: &Pack, actions: &[Action], partitions: &[&str]) -> Vec<(String, String)> {
    if pack.partitions.is_empty() {
        return Vec::new();
    }
    let is_foreign =
        |team: &str| pack.partition_of_team(team).is_some_and(|other| !partitions.contains(&other));
    let is_stranger =
        |agent: &str| !partitions.iter().any(|one| pack.works_for(agent, Some(one))) && has(pack, agent);
    let mut problems = Vec::new();
    for (n, action) in actions.iter().enumerate() {
        let mut say = |field: &str, what: &str| {
            problems.push((format!("/{n}/{}{field}", action.name()), what.to_owned()));
        };
        match action {
            Action::Queue { queue } => {
                let team = pack.queues.get(queue).and_then(|queue| queue.team.as_deref());
                if team.is_some_and(is_foreign) {
                    say("/queue", QUEUE);
                }
            }
            Action::Assignment { agent, team } => {
                if agent.as_ref().and_then(Option::as_deref).is_some_and(is_stranger) {
                    say("/agent", PERSON);
                }
                if team.as_deref().is_some_and(is_foreign) {
                    say("/team", TEAM);
                }
            }
            Action::Escalation { team, .. } if is_foreign(team) => say("/team", TEAM),
            Action::Macro { id, .. } => {
                let inner = pack.macros.get(id).map(|one| placed(pack, &one.then, partitions));
                if let Some((_, what)) = inner.into_iter().flatten().next() {
                    say("/id", &what);
                }
            }
            _ => {}
        }
    }
    problems
}

/// Whether somebody works for any partition at all.
fn has(pack: &Pack, person: &str) -> bool {
    pack.partitions.keys().any(|one| pack.works_for(person, Some(one)))
}

fn of<'a>(pack: &'a Pack, ticket: &Ticket) -> Option<&'a str> {
    pack.partition_of_ticket(&ticket.queue, ticket.team.as_deref())
}
