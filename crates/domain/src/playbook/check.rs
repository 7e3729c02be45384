//! Reading a playbook and finding everything that is wrong with it at once.

use super::flow;
use super::{End, FieldKind, Node, Playbook, datum};
use crate::objects;
use crate::pack::{Pack, PackProblem, escape, pointer};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most nodes.
const MAX_NODES: usize = 500;

/// What templates are offered of the ticket besides: `contact_name`, `ticket_number`, `agent_name`.
const OFFERED: [&str; 3] = ["agent_name", "contact_name", "ticket_number"];

/// Reads a playbook of a pack.
///
/// # Errors
/// Everything that is wrong, with JSON pointers into the pack.
pub fn parse(pack: &Pack, id: &str, document: &Value) -> Result<Playbook, Vec<PackProblem>> {
    let at = format!("/playbooks/{}", escape(id));
    let playbook: Playbook = objects::read(document.clone()).map_err(|error| {
        vec![PackProblem::at(format!("{at}{}", pointer(error.path())), error.into_inner().to_string())]
    })?;
    let mut check = Check { pack, playbook: &playbook, at, problems: Vec::new() };
    check.whole(id);
    if check.targets() {
        check.circles();
    }
    check.nodes();
    check.fields();
    if check.problems.is_empty() { Ok(playbook) } else { Err(check.problems) }
}

struct Check<'a> {
    pack: &'a Pack,
    playbook: &'a Playbook,
    at: String,
    problems: Vec<PackProblem>,
}

impl Check<'_> {
    fn say(&mut self, place: &str, what: impl Into<String>) {
        self.problems.push(PackProblem::at(format!("{}{place}", self.at), what));
    }

    fn say_of(&mut self, node: &str, place: &str, what: impl Into<String>) {
        self.say(&format!("/nodes/{}{place}", escape(node)), what);
    }

    fn whole(&mut self, id: &str) {
        if !is_id(id) {
            self.say("", "a playbook's id is part of an URL: a-z, 0-9, - and _, at most 64");
        }
        if let Some(partition) =
            self.playbook.partition.as_ref().filter(|p| !self.pack.partitions.contains_key(*p))
        {
            self.say("/partition", format!("no partition {partition:?}; add it to /partitions"));
        }
        if self.playbook.nodes.len() > MAX_NODES {
            self.say("/nodes", format!("at most {MAX_NODES} nodes; divide it into several playbooks"));
        }
    }

    /// Whether every node leads to nodes that there are.
    fn targets(&mut self) -> bool {
        let playbook = self.playbook;
        let unknown = |to: &str| format!("no node {to:?}; add it to nodes, or name another");
        if playbook.node(&playbook.start).is_none() {
            self.say("/start", unknown(&playbook.start));
            return false;
        }
        let mut all_known = true;
        let reachable = flow::reachable(playbook);
        for (id, node) in &playbook.nodes {
            if !is_id(id) {
                self.say_of(id, "", "a node's id has a-z, 0-9, - and _, at most 64");
            }
            if !reachable.contains(id.as_str()) {
                self.say_of(id, "", "no way leads here; lead one here or take it out");
            }
            for (place, to) in node.targets().into_iter().filter(|(_, to)| playbook.node(to).is_none()) {
                self.say_of(id, &place, unknown(to));
                all_known = false;
            }
        }
        all_known
    }

    fn circles(&mut self) {
        let playbook = self.playbook;
        let ends = flow::can_end(playbook);
        let circles = flow::on_circles(playbook);
        for (id, node) in playbook.nodes.iter().filter(|(id, _)| !ends.contains(id.as_str())) {
            if node.targets().is_empty() {
                self.say_of(id, "", "a dead end: nothing leads on from here");
            } else if circles.contains(id.as_str()) {
                self.say_of(id, "", "a circle without an exit: from here no outcome can be reached");
            }
        }
    }

    fn nodes(&mut self) {
        let playbook = self.playbook;
        for (id, node) in &playbook.nodes {
            if node.text().trim().is_empty() {
                self.say_of(id, &format!("/{}/text", node.kind()), "say what is asked or done here");
            }
            match node {
                Node::Question(question) => {
                    self.ids(
                        id,
                        "/question/choices",
                        question.choices.iter().map(|choice| choice.id.as_str()),
                    );
                }
                Node::IdentityCheck(check) => {
                    self.ids(
                        id,
                        "/identity_check/checks",
                        check.checks.iter().map(|check| check.id.as_str()),
                    );
                    if !(1..=check.checks.len()).contains(&check.needed) {
                        let what = format!("from 1 to the number of checks, {}", check.checks.len());
                        self.say_of(id, "/identity_check/needed", what);
                    }
                }
                Node::DataEntry(entry) => {
                    self.ids(id, "/data_entry/fields", entry.fields.iter().map(|field| field.name.as_str()));
                    if entry.fields.is_empty() {
                        self.say_of(id, "/data_entry/fields", "name at least one field");
                    }
                    for (n, field) in entry.fields.iter().enumerate() {
                        let at = format!("/data_entry/fields/{n}");
                        if (field.kind == FieldKind::Choice) == field.choices.is_empty() {
                            self.say_of(
                                id,
                                &format!("{at}/choices"),
                                "a choice has values, and nothing else has",
                            );
                        }
                        let bounds = [field.earliest_days, field.latest_days];
                        if field.kind != FieldKind::Date && bounds.iter().any(Option::is_some) {
                            self.say_of(id, &at, "earliest_days and latest_days are for dates");
                        }
                        if let [Some(earliest), Some(latest)] = bounds
                            && earliest > latest
                        {
                            self.say_of(id, &format!("{at}/latest_days"), "it is before earliest_days");
                        }
                    }
                }
                Node::Outcome(outcome) => self.end(id, &outcome.end),
                Node::Guidance(_) | Node::Action(_) => {}
            }
        }
    }

    fn ids<'a>(&mut self, node: &str, place: &str, ids: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        for (n, id) in ids.enumerate() {
            if !is_id(id) {
                self.say_of(node, &format!("{place}/{n}"), "an id has a-z, 0-9, - and _, at most 64");
            } else if !seen.insert(id) {
                self.say_of(node, &format!("{place}/{n}"), format!("{id:?} is there twice"));
            }
        }
    }

    fn end(&mut self, id: &str, end: &End) {
        match end {
            End::Answer { template, data } => self.template(id, template, data),
            End::Request(_) => {}
            End::Escalation { team } => {
                let of = self
                    .playbook
                    .partition
                    .as_ref()
                    .and_then(|partition| self.pack.partitions.get(partition));
                if !self.pack.teams.contains_key(team) {
                    let what = format!("no team {team:?}; add it to /teams");
                    self.say_of(id, "/outcome/end/escalation/team", what);
                } else if of.is_some_and(|partition| !partition.teams.contains(team)) {
                    let what = format!("the team {team:?} is not of this playbook's partition");
                    self.say_of(id, "/outcome/end/escalation/team", what);
                }
            }
        }
    }

    /// A template that there is, with all the data that it needs and none that it does not know.
    fn template(&mut self, id: &str, template: &str, data: &serde_json::Map<String, Value>) {
        let Some(document) = self.pack.templates.get(template) else {
            let what = format!("no template {template:?}; add it to /templates");
            return self.say_of(id, "/outcome/end/answer/template", what);
        };
        let none = serde_json::Map::new();
        let declared = document.get("data").and_then(Value::as_object).unwrap_or(&none);
        for name in data.keys().filter(|name| !declared.contains_key(*name)) {
            let what = format!("the template {template:?} has no datum of this name");
            self.say_of(id, &format!("/outcome/end/answer/data/{}", escape(name)), what);
        }
        let is_optional = |field: &Value| {
            field.get("optional").and_then(Value::as_bool) == Some(true) || field.get("default").is_some()
        };
        for (name, _) in declared.iter().filter(|(_, field)| !is_optional(field)) {
            if !data.contains_key(name) && !OFFERED.contains(&name.as_str()) {
                let what = format!("the template {template:?} needs {name:?}");
                self.say_of(id, "/outcome/end/answer/data", what);
            }
        }
    }

    /// What a record or a template takes must have been asked for, whichever way a run came.
    fn fields(&mut self) {
        let playbook = self.playbook;
        let asked = flow::asked(playbook);
        let mut kinds: BTreeMap<&str, FieldKind> = BTreeMap::new();
        for (id, node) in &playbook.nodes {
            if let Node::DataEntry(entry) = node {
                for (n, field) in entry.fields.iter().enumerate() {
                    if *kinds.entry(&field.name).or_insert(field.kind) != field.kind {
                        let what = format!("{:?} has another type elsewhere", field.name);
                        self.say_of(id, &format!("/data_entry/fields/{n}/type"), what);
                    }
                }
            }
            let Some(asked) = asked.get(id.as_str()) else { continue };
            let mut taken: Vec<(String, &str)> = Vec::new();
            if let Some((record, place)) = node.record() {
                let fields = record.fields.iter().enumerate();
                taken.extend(fields.map(|(n, field)| (format!("{place}/fields/{n}"), field.as_str())));
            }
            if let Node::Outcome(outcome) = node
                && let End::Answer { data, .. } = &outcome.end
            {
                let from = data.iter().filter_map(|(name, value)| Some((name, datum(value)?)));
                taken.extend(
                    from.map(|(name, field)| (format!("/outcome/end/answer/data/{}", escape(name)), field)),
                );
            }
            for (place, field) in taken.into_iter().filter(|(_, field)| !asked.contains(field)) {
                let what = format!("{field:?} is not asked for on every way that leads here");
                self.say_of(id, &place, what);
            }
        }
        self.ticket_fields(&kinds);
    }

    /// Fields that tickets have, and values that they hold, or what is asked for somewhere.
    fn ticket_fields(&mut self, kinds: &BTreeMap<&str, FieldKind>) {
        for (name, value) in &self.playbook.ticket_fields {
            let field = self.pack.fields.get(name);
            let what = match (field, datum(value)) {
                (None, _) if self.pack.declares_fields() => {
                    let known: Vec<&str> = self.pack.fields.keys().map(String::as_str).collect();
                    Some(format!("no field {name:?}; the desk's fields are {}", known.join(", ")))
                }
                (_, Some(from)) if !kinds.contains_key(from) => {
                    Some(format!("{from:?} is asked for nowhere"))
                }
                (Some(field), None) => field.refuses(value),
                _ => None,
            };
            if let Some(what) = what {
                self.say(&format!("/ticket_fields/{}", escape(name)), what);
            }
        }
    }
}

/// A name that may stand in a path and in an event.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests;
