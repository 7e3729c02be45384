//! Which nodes a run can come to, from where it can end, and what it has asked for by then.

use super::{Node, Playbook};
use std::collections::{BTreeMap, BTreeSet};

type Ids<'a> = BTreeSet<&'a str>;

/// The nodes that a run can come to.
pub(super) fn reachable(playbook: &Playbook) -> Ids<'_> {
    from(playbook, [playbook.start.as_str()])
}

/// The nodes that can be come to from these, with those of them that there are.
fn from<'a>(playbook: &'a Playbook, starts: impl IntoIterator<Item = &'a str>) -> Ids<'a> {
    let mut seen = Ids::new();
    let mut open: Vec<&str> = starts.into_iter().collect();
    while let Some(id) = open.pop() {
        if let Some(node) = playbook.node(id)
            && seen.insert(id)
        {
            open.extend(node.targets().into_iter().map(|(_, to)| to));
        }
    }
    seen
}

/// The nodes from which a run can end.
pub(super) fn can_end(playbook: &Playbook) -> Ids<'_> {
    let mut ends = Ids::new();
    loop {
        let more: Vec<&str> = playbook
            .nodes
            .iter()
            .filter(|(id, _)| !ends.contains(id.as_str()))
            .filter(|(_, node)| {
                matches!(node, Node::Outcome(_)) || node.targets().iter().any(|(_, to)| ends.contains(to))
            })
            .map(|(id, _)| id.as_str())
            .collect();
        if more.is_empty() {
            return ends;
        }
        ends.extend(more);
    }
}

/// Whether a run that is at a node can come to it again.
pub(super) fn is_on_a_circle(playbook: &Playbook, id: &str) -> bool {
    let next = playbook.node(id).map(Node::targets).unwrap_or_default();
    from(playbook, next.into_iter().map(|(_, to)| to)).contains(id)
}

/// For each node that a run can come to, the fields that it has asked for by then, whichever way it came.
pub(super) fn asked(playbook: &Playbook) -> BTreeMap<&str, Ids<'_>> {
    let mut asked: BTreeMap<&str, Ids<'_>> = BTreeMap::from([(playbook.start.as_str(), Ids::new())]);
    let mut open = vec![playbook.start.as_str()];
    while let Some(id) = open.pop() {
        let (Some(node), Some(known)) = (playbook.node(id), asked.get(id)) else { continue };
        let mut after = known.clone();
        if let Node::DataEntry(entry) = node {
            after.extend(entry.fields.iter().map(|field| field.name.as_str()));
        }
        for (_, to) in node.targets() {
            let common = asked.get(to).map_or_else(|| after.clone(), |old| old & &after);
            if asked.get(to) != Some(&common) {
                asked.insert(to, common);
                open.push(to);
            }
        }
    }
    asked
}
