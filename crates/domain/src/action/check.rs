//! What is wrong with a list of actions, each with its place and what to do.

use super::{Action, MAX_ACTIONS};
use crate::field;
use crate::pack::{Pack, Role, escape};

/// Longest snooze: a year.
const MAX_SECONDS: u32 = 366 * 86_400;

/// Everything that is wrong with a list of actions: JSON pointer into it, and what to do. A field that the role does not see
/// is not there for it.
pub fn check(pack: &Pack, actions: &[Action], role: Role) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    if actions.is_empty() || actions.len() > MAX_ACTIONS {
        problems.push((String::new(), format!("1 to {MAX_ACTIONS} actions")));
    }
    for (n, action) in actions.iter().enumerate() {
        let at = format!("/{n}/{}", action.name());
        let mut say = |field: &str, what: &str| problems.push((format!("{at}{field}"), what.to_owned()));
        match action {
            Action::Status { status, .. } if pack.status(status).is_none() => {
                say("/status", "a status id of the pack or a category");
            }
            Action::Assignment { agent: None, team: None } => {
                say("", "say who: a person, a team, or {\"agent\": null} for nobody");
            }
            Action::Assignment { agent, team } => {
                if agent
                    .as_ref()
                    .and_then(Option::as_ref)
                    .is_some_and(|agent| !pack.people.contains_key(agent))
                {
                    say("/agent", "the id of somebody who works at the desk");
                }
                let named = agent.as_ref().and_then(Option::as_ref).and_then(|agent| pack.people.get(agent));
                if named.is_some_and(|one| one.role == Role::Service) {
                    say("/agent", "a program works on no ticket; name a person");
                }
                if team.as_ref().is_some_and(|team| !pack.teams.contains_key(team)) {
                    say("/team", "a team of the pack");
                }
            }
            Action::Queue { queue } if !pack.queues.contains_key(queue) => {
                say("/queue", "a queue of the pack")
            }
            Action::Escalation { team, .. } if !pack.teams.contains_key(team) => {
                say("/team", "a team of the pack");
            }
            Action::Tags { add, remove } => {
                if add.is_empty() && remove.is_empty() {
                    say("", "tags to add, to remove, or both");
                }
                for (side, tags) in [("/add", add), ("/remove", remove)] {
                    for t in
                        tags.iter().enumerate().filter(|(_, tag)| tag.trim().is_empty() || tag.len() > 64)
                    {
                        say(&format!("{side}/{}", t.0), "a tag has 1 to 64 characters");
                    }
                }
            }
            Action::Fields { set } if !field::misfits(pack, set, role).is_empty() => {
                for (name, why) in field::misfits(pack, set, role) {
                    say(&format!("/set/{}", escape(&name)), &why);
                }
            }
            Action::Fields { set } if set.is_empty() => say("/set", "fields to set; null removes one"),
            Action::Fields { set } if set.keys().any(|name| name.is_empty() || name.len() > 64) => {
                say("/set", "a field name has 1 to 64 characters");
            }
            Action::Note { text } if text.trim().is_empty() => say("/text", "the text is empty"),
            Action::Snooze { seconds } if !(1..=MAX_SECONDS).contains(seconds) => {
                say("/seconds", "must be 1 to 31622400");
            }
            Action::Notice { notice, .. } if !is_word(notice) => {
                say("/notice", "a word of a-z, 0-9, _ and -, at most 64");
            }
            Action::Reply { template, .. } if !pack.templates.contains_key(template) => {
                say("/template", "no such template; add it to /templates");
            }
            Action::Macro { id, .. } if !pack.macros.contains_key(id) => {
                say("/id", "no such macro; add it to /macros");
            }
            _ => {}
        }
    }
    problems
}

/// A name that may stand in an URL and in an event's id.
pub(crate) fn is_word(name: &str) -> bool {
    let usable = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(usable)
}
