//! A run as the API shows it.

use relevo_domain::conversation::view::rfc3339;
use relevo_domain::playbook::{Node, Playbook, Run, Visit, gathered};
use relevo_edge::ids;
use serde_json::{Map, Value, json};

/// A run in a list: nothing that was written down.
pub fn item(name: &str, run: &Run) -> Map<String, Value> {
    let begun = run.begun.as_ref();
    let item = json!({
        "id": format!("{}{name}", ids::RUN),
        "playbook": begun.map(|begun| &begun.playbook),
        "version": begun.map(|begun| begun.version),
        "ticket": begun.and_then(|begun| begun.ticket.as_ref()),
        "state": if run.ended.is_some() { "ended" } else { "going_on" },
        "here": run.here,
        "since": run.since.map(rfc3339),
        "begun_at": run.begun_at.map(rfc3339),
        "begun_by": run.begun_by,
        "ended_at": run.ended.as_ref().map(|ended| rfc3339(ended.at)),
        "ended_by": run.ended.as_ref().map(|ended| &ended.by),
    });
    item.as_object().cloned().unwrap_or_default()
}

/// A run whole: where it is and what is asked there, the way that it took, what was gathered, how it ended.
pub fn run(name: &str, book: &Playbook, run: &Run) -> Value {
    let mut view = item(name, run);
    let node = book
        .node(&run.here)
        .map(|node| json!({"id": run.here, "kind": node.kind(), "text": node.text(), "asks": asks(node)}));
    let path: Vec<Value> = run.visits.iter().map(|visit| visited(book, visit)).collect();
    let ending = run.ended.as_ref().map(|ended| &ended.ending);
    let more = [
        ("name", json!(book.name)),
        ("node", json!(node)),
        ("path", json!(path)),
        ("gathered", Value::Object(gathered(run))),
        ("ending", json!(ending)),
    ];
    view.extend(more.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(view)
}

/// What a node takes: its definition but for where it leads.
fn asks(node: &Node) -> Value {
    let mut written = json!(node);
    let mut inner = written.get_mut(node.kind()).map(Value::take).unwrap_or_default();
    let choices = inner.get_mut("choices").and_then(Value::as_array_mut);
    for choice in choices.into_iter().flatten().filter_map(Value::as_object_mut) {
        choice.remove("to");
    }
    if let Some(inner) = inner.as_object_mut() {
        inner.retain(|name, _| ["choices", "checks", "needed", "fields", "record"].contains(&name.as_str()));
    }
    inner
}

fn visited(book: &Playbook, visit: &Visit) -> Value {
    let node = book.node(&visit.node);
    json!({
        "node": visit.node,
        "kind": node.map(|node| node.kind()),
        "text": node.map(|node| node.text()),
        "given": visit.given,
        "since": rfc3339(visit.since),
        "at": rfc3339(visit.at),
        "by": visit.by,
        "undone": visit.undone,
    })
}
