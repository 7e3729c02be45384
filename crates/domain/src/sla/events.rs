//! The events that custom targets may name as what starts and stops them.
//!
//! | event | when |
//! |---|---|
//! | `opened`, `solved`, `reopened` | the ticket's life |
//! | `customer.wrote`, `replied`, `note.written` | a message of the customer, a public reply of a person, a note |
//! | `assigned`, `unassigned` | to a person; from the person that had it |
//! | `escalated` | handed to another team by escalation |
//! | `team.entered.<team>`, `team.left.<team>` | the ticket comes to a team and leaves it; solving, closing and spam leave it, reopening enters it again |
//! | `status.entered.<status>`, `status.left.<status>` | a status id of the pack or a category |
//! | `queue.entered.<queue>` | another queue, by hand or by a rule |
//! | `tag.added.<tag>`, `tag.removed.<tag>` | tags |
//! | `field.set.<name>`, `field.removed.<name>` | custom fields |
//! | `event.issue.closed`, `event.issue.reported` | an issue that the ticket waits for is finished; another report about it |
//! | `event.<kind>` | anything else that a provider reported in the conversation |

/// Events with one name.
const PLAIN: [&str; 9] = [
    "assigned",
    "customer.wrote",
    "escalated",
    "note.written",
    "opened",
    "reopened",
    "replied",
    "solved",
    "unassigned",
];

/// Events about something that the name goes on with.
const ABOUT: [&str; 10] = [
    "event.",
    "field.removed.",
    "field.set.",
    "queue.entered.",
    "status.entered.",
    "status.left.",
    "tag.added.",
    "tag.removed.",
    "team.entered.",
    "team.left.",
];

/// What is wrong with the name of an event, if anything is.
pub(super) fn check_event(name: &str) -> Result<(), String> {
    let about = |prefix: &&str| name.strip_prefix(*prefix).is_some_and(|rest| !rest.is_empty());
    if PLAIN.contains(&name) || ABOUT.iter().any(about) {
        return Ok(());
    }
    let (plain, about) = (PLAIN.join(", "), ABOUT.map(|prefix| format!("{prefix}<…>")).join(", "));
    Err(format!("there is no event {name:?}; known are {plain}, {about}"))
}
