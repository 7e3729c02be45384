//! Reading a pack and finding everything that is wrong with it at once.

use super::retention::MAX_DAYS;
use super::{Audits, FORMAT, MAX_UNDO_SECONDS, Pack, Role};
use crate::category::Category;
use crate::objects;
use crate::playbook;
use crate::sla::Recipient;
use serde_json::Value;

/// Most members of a list or an object of a pack. Every ticket is held against the rules one after the other, and every
/// call reads the pack.
const MAX_MEMBERS: usize = 2_000;

/// Longest name of a desk.
const MAX_DESK_NAME_CHARS: usize = 200;

/// One thing that is wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PackProblem {
    /// JSON pointer (RFC 6901) to the place.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Line and column, from 1, in the text that the pointer names; none where it is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<(u32, u32)>,
}

impl PackProblem {
    /// A problem at a place.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into(), position: None }
    }
}

/// Parses and checks a pack. Calendars and templates are parsed by their crates; the caller adds what they find.
///
/// # Errors
/// Everything that is wrong, each with a JSON pointer.
pub fn parse(document: Value) -> Result<Pack, Vec<PackProblem>> {
    let mut problems = Vec::new();
    crowded("", &document, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let pack: Pack = objects::read(document).map_err(|error| {
        let pointer = pointer(error.path());
        vec![PackProblem::at(pointer, error.into_inner().to_string())]
    })?;
    let problems = check(&pack);
    if problems.is_empty() { Ok(pack) } else { Err(problems) }
}

/// Where a document has more members in one place than a pack may.
fn crowded(pointer: &str, value: &Value, problems: &mut Vec<PackProblem>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(n, item)| (n.to_string(), item)).collect(),
        Value::Object(members) => members.iter().map(|(name, member)| (escape(name), member)).collect(),
        _ => return,
    };
    if members.len() > MAX_MEMBERS {
        let message = format!("{} members; a list or an object has at most {MAX_MEMBERS}", members.len());
        problems.push(PackProblem::at(pointer, message));
        return;
    }
    for (name, member) in members {
        crowded(&format!("{pointer}/{name}"), member, problems);
    }
}

/// RFC 6901 form of the place where reading stopped.
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escape(key)),
            Segment::Enum { variant } => format!("/{}", escape(variant)),
            Segment::Unknown => String::new(),
        })
        .collect()
}

/// A key as a JSON pointer token.
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn check(pack: &Pack) -> Vec<PackProblem> {
    let mut problems = Vec::new();
    let mut say = |pointer: String, message: String| problems.push(PackProblem::at(pointer, message));
    if pack.format != FORMAT {
        say("/format".into(), format!("this version reads {FORMAT:?}; convert the pack or upgrade"));
    }
    if pack.name.trim().is_empty() || pack.name.chars().count() > MAX_DESK_NAME_CHARS {
        say("/name".into(), format!("what people call the desk, in 1 to {MAX_DESK_NAME_CHARS} characters"));
    }
    if pack.queues.is_empty() {
        say("/queues".into(), "a desk needs at least one queue".into());
    }
    for (id, queue) in &pack.queues {
        if let Some(team) = queue.team.as_ref().filter(|t| !pack.teams.contains_key(*t)) {
            say(format!("/queues/{}/team", escape(id)), format!("no team {team:?}; add it to /teams"));
        }
    }
    if pack.replies.undo_seconds > MAX_UNDO_SECONDS {
        say("/replies/undo_seconds".into(), format!("at most {MAX_UNDO_SECONDS}: customers wait"));
    }
    for (pointer, message) in pack.audits.iter().flat_map(Audits::check) {
        say(format!("/audits{pointer}"), message);
    }
    for (id, person) in &pack.people {
        if person.trainee && person.role != Role::Agent {
            say(format!("/people/{}/trainee", escape(id)), "who learns the work is an agent".into());
        }
        for (n, team) in person.teams.iter().enumerate().filter(|(_, t)| !pack.teams.contains_key(*t)) {
            say(format!("/people/{}/teams/{n}", escape(id)), format!("no team {team:?}; add it to /teams"));
        }
        for (n, name) in person.shifts.iter().enumerate().filter(|(_, c)| !pack.calendars.contains_key(*c)) {
            let at = format!("/people/{}/shifts/{n}", escape(id));
            say(at, format!("no calendar {name:?}; add it to /calendars"));
        }
        for (n, other) in person.substitutes.iter().enumerate() {
            let at = format!("/people/{}/substitutes/{n}", escape(id));
            if other == id {
                say(at, "nobody is their own substitute; name another person".into());
            } else if !pack.people.contains_key(other) {
                say(at, format!("the desk has nobody with the id {other:?}; add them to /people"));
            }
        }
    }
    for (id, _) in pack.statuses.iter().filter(|(id, s)| Category::parse(id).is_some_and(|c| c != s.category))
    {
        say(
            format!("/statuses/{}", escape(id)),
            "a status named like a category must be in that category".into(),
        );
    }
    let days =
        pack.retention.map(|r| [("personal_days", r.personal_days), ("unplaced_days", r.unplaced_days)]);
    for (name, days) in days.into_iter().flatten() {
        if days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
            say(format!("/retention/{name}"), format!("a number of days from 1 to {MAX_DAYS}"));
        }
    }
    for (n, policy) in pack.sla.iter().enumerate() {
        for (pointer, message) in policy.check(|calendar| pack.calendars.contains_key(calendar)) {
            say(format!("/sla/{n}{pointer}"), message);
        }
        for (pointer, message) in super::unknown(pack, &policy.when) {
            say(format!("/sla/{n}/when{pointer}"), message);
        }
        let steps = policy.escalation.iter().flat_map(|escalation| &escalation.steps).enumerate();
        for (s, r, recipient) in
            steps.flat_map(|(s, step)| step.to.iter().enumerate().map(move |(r, to)| (s, r, to)))
        {
            let unknown = match recipient {
                Recipient::Team(team) if !pack.teams.contains_key(team) => format!("no team {team:?}"),
                Recipient::Person(person) if !pack.people.contains_key(person) => {
                    format!("the desk has nobody with the id {person:?}")
                }
                _ => continue,
            };
            say(format!("/sla/{n}/escalation/steps/{s}/to/{r}"), format!("{unknown}; add it to the pack"));
        }
    }
    for (channel, accounts) in &pack.channels {
        for account in accounts.keys().filter(|name| !is_slug(name)) {
            say(
                format!("/channels/{}/{}", escape(channel), escape(account)),
                "an account name is part of an URL: a-z, 0-9 and -, at most 32".into(),
            );
        }
    }
    let reached = pack.sla.iter().map(|policy| (&policy.when, false));
    for (n, what) in super::vocabulary::unreachable(reached) {
        say(format!("/sla/{n}"), what);
    }
    let parts = [
        super::vocabulary::check,
        super::transitions::check,
        super::lifecycle::check,
        super::assignment::check,
        super::field::check,
        super::period::check,
        super::enrichment::check,
        super::routing::check,
        super::macros::check,
        super::notice::check,
        crate::automation::check,
    ];
    for (pointer, message) in parts.into_iter().flat_map(|check| check(pack)) {
        say(pointer, message);
    }
    for (pointer, message) in pack.limits.check() {
        say(format!("/limits{pointer}"), message);
    }
    for (n, rule) in pack.fallback.iter().enumerate() {
        let has = |channel: &str, account: Option<&str>| match account {
            Some(account) => pack.account(channel, account).is_some(),
            None => pack.channels.get(channel).is_some_and(|accounts| !accounts.is_empty()),
        };
        for (pointer, message) in rule.check(has) {
            say(format!("/fallback/{n}{pointer}"), message);
        }
    }
    for (pointer, message) in super::partition::check(pack) {
        say(pointer, message);
    }
    problems.extend(pack.survey.iter().flat_map(|survey| super::survey::check(pack, survey)));
    let playbooks = pack.playbooks.iter();
    problems
        .extend(playbooks.flat_map(|(id, book)| playbook::parse(pack, id, book).err().unwrap_or_default()));
    problems
}

/// A name that may stand in an URL path.
fn is_slug(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 32
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn minimal() -> Value {
        json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"support": {"name": "Support"}}
        })
    }

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut document = minimal();
        change(&mut document);
        parse(document).expect_err("refused").into_iter().map(|p| p.pointer).collect()
    }

    #[test]
    fn a_minimal_pack_is_accepted() {
        assert_eq!(parse(minimal()).expect("valid").name, "Test");
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        assert_eq!(problems(|p| p["format"] = json!("relevo-pack/9")), ["/format"]);
        for name in ["", " ", &"x".repeat(201)] {
            assert_eq!(problems(|p| p["name"] = json!(name)), ["/name"]);
        }
        assert_eq!(problems(|p| p["queues"] = json!({})), ["/queues"]);
        assert_eq!(problems(|p| p["sla"] = json!(vec![json!({}); 2_001])), ["/sla"]);
        assert_eq!(problems(|p| p["limits"] = json!({"token": 0})), ["/limits/token"]);
        assert_eq!(problems(|p| p["limits"] = json!({"token": -1})), ["/limits/token"]);
        for bytes in [0, 36 * 1024 * 1024 + 1] {
            assert_eq!(problems(|p| p["limits"] = json!({"file_bytes": bytes})), ["/limits/file_bytes"]);
        }
        assert_eq!(problems(|p| p["limits"] = json!({"tokens": 1})), ["/limits/tokens"]);
        assert_eq!(problems(|p| p["queues"]["support"]["team"] = json!("x")), ["/queues/support/team"]);
        assert_eq!(problems(|p| p["queues"]["support"]["colour"] = json!(1)), ["/queues/support/colour"]);
        assert_eq!(
            problems(|p| p["routing"] = json!([{"when": {"weather": ["x"]}, "queue": "no"}])),
            ["/routing/0/queue", "/routing/0/when/weather"]
        );
        assert_eq!(problems(|p| p["channels"] = json!({"form": {"Ñ": {}}})), ["/channels/form/Ñ"]);
        assert_eq!(
            problems(|p| p["statuses"] = json!({"open": {"name": "x", "category": "closed"}})),
            ["/statuses/open"]
        );
    }

    #[test]
    fn a_status_is_found_by_its_own_name_and_by_its_category() {
        let mut document = minimal();
        document["statuses"] = json!({"done": {"name": "Hecho", "category": "solved"}});
        let pack = parse(document).expect("valid");
        assert_eq!(pack.status("done"), Some(("done".into(), Category::Solved)));
        assert_eq!(pack.status("solved"), Some(("done".into(), Category::Solved)));
        assert_eq!(pack.status("open"), Some(("open".into(), Category::Open)));
        assert_eq!(pack.status("nonsense"), None);
    }

    #[test]
    fn a_locale_chain_ends_with_the_default_and_repeats_nothing() {
        let mut document = minimal();
        document["locale"]["fallback"] = json!({"ca-ES": ["ca", "es"]});
        let pack = parse(document).expect("valid");
        assert_eq!(pack.locale_chain("ca-ES"), ["ca-ES", "ca", "es"]);
        assert_eq!(pack.locale_chain("fr-CA"), ["fr-CA", "fr", "es"]);
    }
}
