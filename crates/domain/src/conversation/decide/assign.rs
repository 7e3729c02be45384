//! Who works on a ticket.

use super::{Published, known_person, known_team};
use crate::conversation::apart;
use crate::conversation::facts::policy_change;
use crate::conversation::merge::workable;
use crate::conversation::{Because, Conversation, ConversationEvent};
use crate::refusal::Refusal;

/// Assigns to a person, a team, both or (neither given) nobody, as if everybody were there.
///
/// # Errors
/// If there is no such ticket or it is merged, person or team.
pub fn assign(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    agent: Option<String>,
    team: Option<String>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    assign_present(state, published, ticket, agent, team, &|agent| Some(agent.to_owned()))
}

/// Assigns to a person, a team, both or (neither given) nobody. `stand_in` gives who does the work of a person now:
/// what is meant for somebody absent goes to whoever takes over.
///
/// # Errors
/// If there is no such ticket or it is merged, person or team, the person is a program, or absent and nobody stands in, or
/// either works for another partition of the desk.
pub fn assign_present(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    agent: Option<String>,
    team: Option<String>,
    stand_in: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    if let Some(team) = &team {
        known_team(published.pack, team)?;
        apart::team(published.pack, current, team)?;
    }
    let (mut agent, mut because) = (agent, None);
    if let Some(meant) = agent.take() {
        known_person(published.pack, &meant)?;
        let what = "the person is absent and nobody stands in; assign to somebody else";
        let who = stand_in(&meant).ok_or_else(|| Refusal::conflict("person_is_absent", what))?;
        if who != meant {
            let why = "stands in while they are absent".to_owned();
            let method = "substitute".to_owned();
            because = Some(Box::new(Because { method, instead_of: Some(meant), why }));
        }
        let team = team.as_deref().or(current.team.as_deref());
        apart::person(published.pack, published.pack.partition_of_ticket(&current.queue, team), &who)?;
        agent = Some(who);
    }
    let policy = policy_change(state, published, ticket, "assignment", |facts| {
        facts.team = team.as_deref().or(facts.team);
    });
    let assigned = ConversationEvent::AssignmentChanged { ticket, agent, team: team.clone(), because };
    Ok([Some(assigned), policy].into_iter().flatten().collect())
}
