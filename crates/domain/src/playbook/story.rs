//! What was gathered in a run, as a colleague reads it.

use super::{Node, Playbook, Run, Visit};
use serde_json::Value;
use std::fmt::Write as _;

/// The way that a run took: what was asked and what was answered, in order. Its words are the playbook's.
pub fn story(playbook: &Playbook, run: &Run) -> String {
    let mut story = playbook.name.clone();
    for visit in run.path() {
        let Some(node) = playbook.node(&visit.node) else { continue };
        // A note is read in a plain text: what cannot be written is not there.
        let _ = write!(story, "\n\n{}", node.text());
        for line in lines(node, visit) {
            let _ = write!(story, "\n{line}");
        }
    }
    let end = run.ended.as_ref().map_or(run.here.as_str(), |ended| ended.node.as_str());
    if let Some(Node::Outcome(outcome)) = playbook.node(end) {
        let _ = write!(story, "\n\n→ {}", outcome.text);
    }
    story
}

fn lines(node: &Node, visit: &Visit) -> Vec<String> {
    let given = &visit.given;
    let mark = |yes: bool| if yes { '✓' } else { '✗' };
    match node {
        Node::Question(question) => {
            let chosen = question.choices.iter().filter(|choice| given.choice.as_ref() == Some(&choice.id));
            chosen.map(|choice| format!("– {}", choice.label)).collect()
        }
        Node::IdentityCheck(check) => {
            let checks = check.checks.iter();
            checks
                .map(|check| format!("{} {}", mark(given.confirmed.contains(&check.id)), check.label))
                .collect()
        }
        Node::DataEntry(entry) => {
            let Some(data) = &given.data else { return Vec::new() };
            let fields = entry.fields.iter();
            fields
                .filter_map(|field| Some(format!("– {}: {}", field.label, plain(data.0.get(&field.name)?))))
                .collect()
        }
        Node::Action(_) => given.done.map(|done| mark(done).to_string()).into_iter().collect(),
        Node::Guidance(_) | Node::Outcome(_) => Vec::new(),
    }
}

/// A value as people write it.
fn plain(value: &Value) -> String {
    let money = value.get("minor").and_then(Value::as_i64).zip(value.get("currency").and_then(Value::as_str));
    match (value, money) {
        // The places of a currency are its own affair: an amount is told as it is kept.
        (_, Some((minor, currency))) => format!("{minor} {currency} (minor units)"),
        (Value::String(text), None) => text.clone(),
        (other, None) => other.to_string(),
    }
}
