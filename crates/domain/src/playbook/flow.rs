//! Which nodes a run can come to, from where it can end, and what it has asked for by then.

use super::{Node, Playbook};
use petgraph::Direction;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
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
    let ways = ways(playbook);
    let outcomes = playbook.nodes.iter().filter(|(_, node)| matches!(node, Node::Outcome(_)));
    let mut open: Vec<&str> = outcomes.map(|(id, _)| id.as_str()).collect();
    let mut ends = Ids::new();
    while let Some(id) = open.pop() {
        if ends.insert(id) {
            open.extend(ways.neighbors_directed(id, Direction::Incoming));
        }
    }
    ends
}

/// The nodes to which a run that is at them can come again.
pub(super) fn on_circles(playbook: &Playbook) -> Ids<'_> {
    let ways = ways(playbook);
    let circles = tarjan_scc(&ways).into_iter();
    let circles = circles.filter(|nodes| match nodes.as_slice() {
        [alone] => ways.contains_edge(alone, alone),
        _ => true,
    });
    circles.flatten().collect()
}

/// Where nodes lead, each way once: many choices often lead to few nodes.
fn ways(playbook: &Playbook) -> DiGraphMap<&str, ()> {
    playbook
        .nodes
        .iter()
        .flat_map(|(id, node)| node.targets().into_iter().map(move |(_, to)| (id.as_str(), to)))
        .collect()
}

/// For each node that a run can come to, the fields that it has asked for by then, whichever way it came.
pub(super) fn asked(playbook: &Playbook) -> BTreeMap<&str, Ids<'_>> {
    let ways = ways(playbook);
    let mut asked: BTreeMap<&str, Ids<'_>> = BTreeMap::from([(playbook.start.as_str(), Ids::new())]);
    let mut open = vec![playbook.start.as_str()];
    while let Some(id) = open.pop() {
        let (Some(node), Some(known)) = (playbook.node(id), asked.get(id)) else { continue };
        let mut after = known.clone();
        if let Node::DataEntry(entry) = node {
            after.extend(entry.fields.iter().map(|field| field.name.as_str()));
        }
        for to in ways.neighbors(id) {
            let common = asked.get(to).map_or_else(|| after.clone(), |old| old & &after);
            if asked.get(to) != Some(&common) {
                asked.insert(to, common);
                open.push(to);
            }
        }
    }
    asked
}
