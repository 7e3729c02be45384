//! What runs tell of a playbook's nodes.

use super::{Ending, Playbook, Run};
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Hours after which a run that nobody goes on with counts as left.
pub const IDLE_HOURS: i64 = 24;

/// Figures of a playbook.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Runs.
    pub runs: usize,
    /// Those that ended.
    pub ended: usize,
    /// Those that nobody went on with.
    pub left: usize,
    /// Those that are going on.
    pub going_on: usize,
    /// Those that ended, by how: `answer`, `request`, `escalation`.
    pub endings: BTreeMap<&'static str, usize>,
    /// By node.
    pub nodes: BTreeMap<String, NodeFigures>,
}

/// Figures of a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NodeFigures {
    /// Runs that came to it, however often.
    pub reached: usize,
    /// Runs that nobody went on with from here.
    pub left: usize,
    /// Median of the seconds that an answer took; none: nobody answered.
    pub median_seconds: Option<i64>,
    /// How often each answer was given and not gone back on: a choice's id, `passed` and `failed`, `done` and `not_done`.
    pub answers: BTreeMap<String, usize>,
    /// Runs that ended here.
    pub ended: usize,
}

/// Figures of the runs of a playbook. Nodes that no run came to are there with nothing, so that they are seen.
pub fn statistics<'a>(
    playbook: &Playbook,
    runs: impl IntoIterator<Item = &'a Run>,
    now: DateTime<Utc>,
) -> Statistics {
    let mut all = Statistics::default();
    let mut seconds: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    all.nodes.extend(playbook.nodes.keys().map(|id| (id.clone(), NodeFigures::default())));
    for run in runs {
        all.runs = all.runs.saturating_add(1);
        let came_to: BTreeSet<&str> =
            run.visits.iter().map(|visit| visit.node.as_str()).chain([run.here.as_str()]).collect();
        for node in came_to {
            add(&mut all.node(node).reached);
        }
        for visit in &run.visits {
            seconds.entry(visit.node.clone()).or_default().push((visit.at - visit.since).num_seconds());
            let given = &visit.given;
            let word = given.choice.clone().or_else(|| {
                let word = |yes: bool, words: [&str; 2]| words[usize::from(!yes)].to_owned();
                let passed = given.passed.map(|passed| word(passed, ["passed", "failed"]));
                passed.or_else(|| given.done.map(|done| word(done, ["done", "not_done"])))
            });
            if let Some(word) = word.filter(|_| !visit.undone) {
                add(all.node(&visit.node).answers.entry(word).or_default());
            }
        }
        let is_idle = run.since.is_some_and(|since| now - since >= Duration::hours(IDLE_HOURS));
        match &run.ended {
            Some(ended) => {
                add(&mut all.ended);
                add(all.endings.entry(ended.ending.kind()).or_default());
                add(&mut all.node(&ended.node).ended);
            }
            None if is_idle => {
                add(&mut all.left);
                add(&mut all.node(&run.here).left);
            }
            None => add(&mut all.going_on),
        }
    }
    for (node, mut seconds) in seconds {
        seconds.sort_unstable();
        all.node(&node).median_seconds = median(&seconds);
    }
    all
}

impl Statistics {
    fn node(&mut self, id: &str) -> &mut NodeFigures {
        self.nodes.entry(id.to_owned()).or_default()
    }
}

impl Ending {
    /// As in the API.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Answer(_) => "answer",
            Self::Request { .. } => "request",
            Self::Escalation { .. } => "escalation",
        }
    }
}

fn add(count: &mut usize) {
    *count = count.saturating_add(1);
}

/// Of an even number of values, the mean of the two in the middle.
fn median(sorted: &[i64]) -> Option<i64> {
    let upper = sorted.get(sorted.len() / 2)?;
    match sorted.len() % 2 {
        1 => Some(*upper),
        _ => Some((sorted.get(sorted.len() / 2 - 1)? + upper) / 2),
    }
}
