//! Whether an answer fits the node that a run is at, and where it leads.

use super::{Given, Run, RunEvent};
use crate::Private;
use crate::playbook::{Action, DataEntry, IdentityCheck, Node, Playbook, Question, Record, entry, gathered};
use crate::refusal::Refusal;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// What somebody answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The node that they saw.
    pub node: String,
    /// Question: id of the choice.
    pub choice: Option<String>,
    /// Identity check: ids of what fitted.
    pub confirmed: Option<Vec<String>>,
    /// Action: whether it was done.
    pub done: Option<bool>,
    /// Data entry: what was written down.
    pub data: Option<Map<String, Value>>,
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// The event.
    pub event: RunEvent,
    /// Node id that follows.
    pub to: String,
    /// What is recorded with it, and its values.
    pub record: Option<(Record, Map<String, Value>)>,
}

/// Why an answer was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused {
    /// By a rule.
    Rule(Refusal),
    /// Because of what was written down: JSON pointers into the answer, and what is wrong there.
    Values(Vec<(String, String)>),
    /// A full card number was written down: where.
    CardNumber(String),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Rule(refusal)
    }
}

/// Answers the node that a run is at.
///
/// # Errors
/// If the run is over or elsewhere by now, or the answer is not one to that node.
pub fn advance(playbook: &Playbook, run: &Run, answer: Answer, now: DateTime<Utc>) -> Result<Move, Refused> {
    let node = playbook.node(&run.here).ok_or_else(|| {
        Refusal::conflict("run_is_lost", "the playbook has no such node; begin another run")
    })?;
    is_going_on(run)?;
    if answer.node != run.here {
        let what = format!("the run is at the node {:?} by now; read it again", run.here);
        return Err(Refusal::conflict("run_moved_on", what).into());
    }
    takes_only(node, &answer)?;
    let (given, to, record) = match node {
        Node::Question(question) => choose(question, answer.choice)?,
        Node::Guidance(guidance) => (Given::default(), guidance.to.clone(), None),
        Node::IdentityCheck(check) => identify(check, answer.confirmed)?,
        Node::DataEntry(entry) => write_down(entry, answer.data.unwrap_or_default(), now)?,
        Node::Action(action) => act(action, answer.done, run)?,
        Node::Outcome(_) => return Err(over().into()),
    };
    let event = RunEvent::Stepped { after: run.moves, node: answer.node, given, to: to.clone() };
    Ok(Move { event, to, record })
}

/// Goes back to the node before.
///
/// # Errors
/// If the run is over or at its beginning, or what was done there cannot be undone by going back.
pub fn back(run: &Run) -> Result<RunEvent, Refusal> {
    is_going_on(run)?;
    let last = run.path().next_back();
    let last = last.ok_or_else(|| Refusal::conflict("run_at_start", "the run is at its beginning"))?;
    if last.given.done == Some(true) {
        let what = "the action before was done and is recorded; it is not undone by going back";
        return Err(Refusal::conflict("run_action_done", what));
    }
    Ok(RunEvent::WentBack { after: run.moves })
}

fn is_going_on(run: &Run) -> Result<(), Refusal> {
    if run.ended.is_some() { Err(over()) } else { Ok(()) }
}

fn over() -> Refusal {
    Refusal::conflict("run_is_over", "the run has ended; begin another one")
}

/// An answer to another kind of node must not be lost in silence.
fn takes_only(node: &Node, answer: &Answer) -> Result<(), Refusal> {
    let given = [
        ("/choice", answer.choice.is_some(), matches!(node, Node::Question(_))),
        ("/confirmed", answer.confirmed.is_some(), matches!(node, Node::IdentityCheck(_))),
        ("/done", answer.done.is_some(), matches!(node, Node::Action(_))),
        ("/data", answer.data.is_some(), matches!(node, Node::DataEntry(_))),
    ];
    match given.into_iter().find(|(_, is_given, is_taken)| *is_given && !is_taken) {
        None => Ok(()),
        Some((place, ..)) => {
            let what = format!("the node is of the kind {}; it takes no such answer", node.kind());
            Err(Refusal::invalid("run_wrong_answer", place, what))
        }
    }
}

type Step = (Given, String, Option<(Record, Map<String, Value>)>);

fn choose(question: &Question, choice: Option<String>) -> Result<Step, Refused> {
    let known: Vec<_> = question.choices.iter().map(|choice| choice.id.as_str()).collect();
    let chosen =
        question.choices.iter().find(|known| choice.as_ref() == Some(&known.id)).ok_or_else(|| {
            Refusal::invalid("run_unknown_choice", "/choice", format!("one of {}", known.join(", ")))
        })?;
    Ok((Given { choice, ..Given::default() }, chosen.to.clone(), None))
}

fn identify(check: &IdentityCheck, confirmed: Option<Vec<String>>) -> Result<Step, Refused> {
    let known: Vec<_> = check.checks.iter().map(|check| check.id.as_str()).collect();
    let mut confirmed = confirmed.ok_or_else(|| {
        let what = format!("name what fitted, if anything did: some of {}", known.join(", "));
        Refusal::invalid("run_unknown_check", "/confirmed", what)
    })?;
    confirmed.sort_unstable();
    confirmed.dedup();
    if confirmed.iter().any(|id| !known.contains(&id.as_str())) {
        let what = format!("some of {}", known.join(", "));
        return Err(Refusal::invalid("run_unknown_check", "/confirmed", what).into());
    }
    let passed = confirmed.len() >= check.needed;
    let to = if passed { &check.passed } else { &check.failed };
    Ok((Given { confirmed, passed: Some(passed), ..Given::default() }, to.clone(), None))
}

fn write_down(node: &DataEntry, mut data: Map<String, Value>, now: DateTime<Utc>) -> Result<Step, Refused> {
    if let Some(place) = entry::holds_card(&data) {
        return Err(Refused::CardNumber(place));
    }
    let wrong = entry::check(node, &data, now);
    if !wrong.is_empty() {
        return Err(Refused::Values(wrong));
    }
    // What is left out stays out, and does not hide what was written down before.
    data.retain(|_, value| !value.is_null());
    Ok((Given { data: Some(Private(data)), ..Given::default() }, node.to.clone(), None))
}

fn act(action: &Action, done: Option<bool>, run: &Run) -> Result<Step, Refused> {
    let done = done.ok_or_else(|| {
        Refusal::invalid("run_wrong_answer", "/done", "say whether it was done: true or false")
    })?;
    let given = Given { done: Some(done), ..Given::default() };
    match (done, &action.not_done) {
        (true, _) => {
            let record = action.record.clone().map(|record| (values(&record, run), record));
            let request = record.as_ref().map(|(_, record)| record.request);
            let record = record.map(|(values, record)| (record, values));
            Ok((Given { request, ..given }, action.done.clone(), record))
        }
        (false, Some(to)) => Ok((given, to.clone(), None)),
        (false, None) => {
            let what = "the playbook has no way on if this is not done";
            Err(Refusal::invalid("run_wrong_answer", "/done", what).into())
        }
    }
}

/// The values of a record.
pub fn values(record: &Record, run: &Run) -> Map<String, Value> {
    let mut gathered = gathered(run);
    gathered.retain(|name, _| record.fields.iter().any(|field| field == name));
    gathered
}
