//! What is wrong with the automations of a pack, each with its place and what to do.

use super::FACTS;
use crate::action::{self, Action};
use crate::condition;
use crate::conversation::apart;
use crate::pack::{self, Pack, Role};
use crate::sla::CALENDAR_TIME;
use std::collections::BTreeSet;

/// Most automations of a pack: every event of every ticket is held against them.
const MAX_AUTOMATIONS: usize = 200;

/// Longest wait: a year.
const MAX_SECONDS: u64 = 366 * 86_400;

/// Everything that is wrong: JSON pointer into the pack, and what to do.
pub fn check(pack: &Pack) -> Vec<(String, String)> {
    check_as(pack, Role::Admin)
}

/// The same for somebody to whom a field that their role does not see is not there.
pub fn check_as(pack: &Pack, role: Role) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    if pack.automations.len() > MAX_AUTOMATIONS {
        problems.push(("/automations".to_owned(), format!("at most {MAX_AUTOMATIONS} automations")));
    }
    let mut ids = BTreeSet::new();
    for (n, automation) in pack.automations.iter().enumerate() {
        let at = format!("/automations/{n}");
        let mut say = |place: &str, what: &str| problems.push((format!("{at}{place}"), what.to_owned()));
        if !action::is_word(&automation.id) {
            say("/id", "an id has a-z, 0-9, _ and -, at most 64");
        } else if !ids.insert(automation.id.as_str()) {
            say("/id", "another automation has this id");
        }
        if automation.name.trim().is_empty() {
            say("/name", "an automation needs a name; it is shown in the history of what it changed");
        }
        if automation.on.is_empty() == automation.after.is_none() {
            say("/on", "either what it follows in on, or how long it waits in after");
        }
        if let Some(wait) = &automation.after {
            if !(1..=MAX_SECONDS).contains(&wait.seconds) {
                say("/after/seconds", "must be 1 to 31622400");
            }
            if wait.calendar != CALENDAR_TIME && !pack.calendars.contains_key(&wait.calendar) {
                say("/after/calendar", "no such calendar; add it to /calendars or write \"calendar_time\"");
            }
        }
        let wrong = condition::check(&automation.when, &FACTS).into_iter();
        let wrong = wrong.chain(condition::unknown_fields(&automation.when, pack, role));
        for (place, what) in wrong.chain(pack::unknown(pack, &automation.when)) {
            say(&format!("/when{place}"), &what);
        }
        for (place, what) in action::check(pack, &automation.then, role) {
            say(&format!("/then{place}"), &what);
        }
        for (place, what) in apart::misplaced_by_rule(pack, &automation.when, &automation.then) {
            say(&format!("/then{place}"), &what);
        }
        for n in automation.then.iter().enumerate().filter(|(_, then)| matches!(then, Action::Macro { .. })) {
            say(&format!("/then/{}", n.0), "an automation applies no macro; write its actions here");
        }
    }
    problems
}
