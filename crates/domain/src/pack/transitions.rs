//! Which changes of status a desk allows, to whom, and what they need.

use super::{Pack, Role};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A change of status that the desk allows. A pack without any allows all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// Status ids that it begins in; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Status ids that it leads to; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// Queue ids of the tickets that it is about; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
    /// Custom fields that the ticket must have by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// It needs a reason.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reason: bool,
    /// Who may, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// A change of status that somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Status id now.
    pub from: &'a str,
    /// Status id then.
    pub to: &'a str,
    /// The ticket's queue.
    pub queue: &'a str,
    /// The ticket's custom fields.
    pub fields: &'a Map<String, Value>,
    /// The reason, if one is given.
    pub reason: Option<&'a str>,
    /// Who wants it.
    pub role: Role,
}

impl Pack {
    /// Does the desk allow this? The first transition that it fits counts.
    ///
    /// # Errors
    /// If it does not, with what is missing or what would be allowed instead.
    pub fn allows(&self, wanted: Wanted<'_>) -> Result<(), Refusal> {
        if self.transitions.is_empty() {
            return Ok(());
        }
        let Some(transition) = self.transitions.iter().find(|t| t.fits(wanted.queue, wanted.from, wanted.to))
        else {
            let next = self.next_statuses(wanted.queue, wanted.from).join(", ");
            let what = format!("from {:?} the desk allows {next}; not {:?}", wanted.from, wanted.to);
            return Err(Refusal::conflict("transition_not_allowed", what));
        };
        // A program may do what an agent may.
        if let Some(least) = transition.role.filter(|least| wanted.role.max(Role::Agent) < *least) {
            let what = format!("only a {} may do this, or somebody above", least.as_str());
            return Err(Refusal::forbidden("transition_forbidden", what));
        }
        let missing = |name: &&String| match wanted.fields.get(name.as_str()) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        };
        let missing: Vec<&str> = transition.fields.iter().filter(missing).map(String::as_str).collect();
        if !missing.is_empty() {
            let what = format!("set the fields first: {}", missing.join(", "));
            return Err(Refusal::invalid("fields_missing", "/status", what));
        }
        if transition.reason && wanted.reason.is_none_or(|reason| reason.trim().is_empty()) {
            return Err(Refusal::invalid("reason_missing", "/reason", "say why"));
        }
        Ok(())
    }

    /// The status ids that may follow one, of a ticket of a queue.
    pub fn next_statuses(&self, queue: &str, from: &str) -> Vec<&str> {
        let all = self.statuses.keys().map(String::as_str);
        let allowed = |to: &&str| {
            *to != from
                && (self.transitions.is_empty() || self.transitions.iter().any(|t| t.fits(queue, from, to)))
        };
        all.filter(allowed).collect()
    }
}

impl Transition {
    fn fits(&self, queue: &str, from: &str, to: &str) -> bool {
        let names = |list: &[String], status: &str| list.is_empty() || list.iter().any(|s| s == status);
        names(&self.queues, queue) && names(&self.from, from) && names(&self.to, to)
    }
}

/// Everything that is wrong with the transitions of a pack: JSON pointer into it, and what to do.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (n, transition) in pack.transitions.iter().enumerate() {
        for (q, queue) in transition.queues.iter().enumerate().filter(|(_, q)| !pack.queues.contains_key(*q))
        {
            problems.push((
                format!("/transitions/{n}/queues/{q}"),
                format!("no queue {queue:?}; add it to /queues"),
            ));
        }
        for (side, statuses) in [("from", &transition.from), ("to", &transition.to)] {
            for (s, status) in statuses.iter().enumerate() {
                // A category's own name is a status only where the pack names none in it.
                if pack.status(status).is_none_or(|(id, _)| id != *status) {
                    let what = format!("no status {status:?}; add it to /statuses, or name one by its id");
                    problems.push((format!("/transitions/{n}/{side}/{s}"), what));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use crate::pack::{Pack, Role, Wanted, parse};
    use serde_json::{Map, Value, json};

    fn document(transitions: Value) -> Value {
        json!({
            "format": "relevo-pack/1", "name": "Test", "locale": {"default": "es"},
            "queues": {"general": {"name": "General"}},
            "statuses": {
                "nuevo": {"name": "Nuevo", "category": "new"}, "abierto": {"name": "Abierto", "category": "open"},
                "dev": {"name": "En desarrollo", "category": "waiting_for_others"},
                "resuelto": {"name": "Resuelto", "category": "solved"}
            },
            "transitions": transitions
        })
    }

    fn pack() -> Pack {
        parse(document(json!([
            {"from": ["nuevo"], "to": ["abierto"]},
            {"from": ["abierto"], "to": ["dev"], "fields": ["module"], "reason": true},
            {"from": ["resuelto"], "to": ["abierto"], "role": "lead"},
            {"to": ["resuelto"]}
        ])))
        .unwrap()
    }

    fn asked(
        from: &str,
        to: &str,
        fields: Value,
        reason: Option<&str>,
        role: Role,
    ) -> Result<(), &'static str> {
        let fields: Map<String, Value> = fields.as_object().cloned().unwrap();
        let wanted = Wanted { from, to, queue: "general", fields: &fields, reason, role };
        pack().allows(wanted).map_err(|refusal| refusal.code)
    }

    #[test]
    fn only_what_is_listed_is_allowed_and_only_with_what_it_needs() {
        let none = || json!({});
        assert_eq!(asked("nuevo", "abierto", none(), None, Role::Agent), Ok(()));
        assert_eq!(asked("nuevo", "dev", none(), None, Role::Admin), Err("transition_not_allowed"));
        for fields in [none(), json!({"module": null}), json!({"module": " "})] {
            assert_eq!(asked("abierto", "dev", fields, Some("x"), Role::Agent), Err("fields_missing"));
        }
        let module = || json!({"module": "notas"});
        assert_eq!(asked("abierto", "dev", module(), None, Role::Agent), Err("reason_missing"));
        assert_eq!(asked("abierto", "dev", module(), Some(" "), Role::Agent), Err("reason_missing"));
        assert_eq!(asked("abierto", "dev", module(), Some("falla"), Role::Agent), Ok(()));
        assert_eq!(asked("resuelto", "abierto", none(), None, Role::Agent), Err("transition_forbidden"));
        assert_eq!(asked("resuelto", "abierto", none(), None, Role::Service), Err("transition_forbidden"));
        assert_eq!(asked("resuelto", "abierto", none(), None, Role::Lead), Ok(()));
        assert_eq!(asked("nuevo", "resuelto", none(), None, Role::Service), Ok(()));
        assert_eq!(pack().next_statuses("general", "abierto"), ["dev", "resuelto"]);
    }

    #[test]
    fn a_pack_without_transitions_allows_all_and_names_that_are_none_are_refused() {
        let free = parse(document(json!([]))).unwrap();
        assert_eq!(free.next_statuses("general", "nuevo"), ["abierto", "dev", "resuelto"]);
        let wrong = parse(document(json!([{"from": ["open"], "to": ["nowhere", "dev"]}]))).unwrap_err();
        let places: Vec<_> = wrong.into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(places, ["/transitions/0/from/0", "/transitions/0/to/0"]);
        let wrong = parse(document(json!([{"queues": ["general", "gone"]}]))).unwrap_err();
        assert_eq!(wrong[0].pointer, "/transitions/0/queues/1");
    }

    #[test]
    fn a_transition_may_be_about_some_queues_alone() {
        let pack =
            parse(document(json!([{"to": ["resuelto"], "queues": ["general"], "fields": ["ground"]}, {}])))
                .unwrap();
        let (fields, reason, role) = (Map::new(), None, Role::Agent);
        let solve = |queue: &str| {
            let wanted = Wanted { from: "abierto", to: "resuelto", queue, fields: &fields, reason, role };
            pack.allows(wanted).map_err(|refusal| refusal.code)
        };
        assert_eq!((solve("general"), solve("other")), (Err("fields_missing"), Ok(())));
    }
}
