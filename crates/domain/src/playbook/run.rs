//! A run of a playbook: what was answered, when and by whom, and how it ended. The state is a total function of the
//! set of events; a move counts only if it was made from where the run then was, so of two at once one does.

mod decide;

pub use decide::{Answer, Move, Refused, advance, back, values};

use super::{Playbook, RequestKind, datum};
use crate::Private;
use crate::pack::Pack;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RunEvent {
    /// Somebody began it.
    #[serde(rename = "run.begun")]
    Begun(Begun),
    /// A node was answered.
    #[serde(rename = "run.stepped")]
    Stepped {
        /// Moves before this one.
        after: u32,
        /// Node id.
        node: String,
        /// What was answered.
        given: Given,
        /// Node id that follows.
        to: String,
    },
    /// Somebody went back to the node before.
    #[serde(rename = "run.went_back")]
    WentBack {
        /// Moves before this one.
        after: u32,
    },
    /// It came to an outcome.
    #[serde(rename = "run.ended")]
    Ended {
        /// Moves before this one.
        after: u32,
        /// Node id of the outcome.
        node: String,
        /// What came of it.
        ending: Ending,
    },
}

/// See [`RunEvent::Begun`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Playbook id.
    pub playbook: String,
    /// The version of the pack that it goes by to its end.
    pub version: u32,
    /// The partition whose playbook it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Public id of the ticket that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Node id that it begins at.
    pub start: String,
}

/// What was answered at a node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Given {
    /// Question: id of the choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<String>,
    /// Identity check: ids of what fitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<String>,
    /// Identity check: enough of it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Action: it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// Data entry: what was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Private<Map<String, Value>>>,
    /// Action: what was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestKind>,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// An answer, for the agent to send.
    Answer(Draft),
    /// A request was recorded.
    Request {
        /// What is requested.
        request: RequestKind,
        /// Its values.
        data: Private<Map<String, Value>>,
    },
    /// Another team has the ticket now.
    Escalation {
        /// Team id.
        team: String,
    },
}

/// An answer from a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// Template of the pack.
    pub template: String,
    /// The locale that was used.
    pub locale: String,
    /// E-mail: the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Private<String>>,
    /// The text.
    pub text: Private<String>,
}

/// A node that was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Id of the event.
    pub id: String,
    /// Node id.
    pub node: String,
    /// When the run came to it.
    pub since: DateTime<Utc>,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// What was answered.
    pub given: Given,
    /// Somebody went back to it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undone: bool,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Node id of the outcome.
    pub node: String,
    /// What came of it.
    pub ending: Ending,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

/// A run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How it began; none before the first event.
    pub begun: Option<Begun>,
    /// When it began.
    pub begun_at: Option<DateTime<Utc>>,
    /// Who began it.
    pub begun_by: String,
    /// What was answered, in order.
    pub visits: Vec<Visit>,
    /// Node id of where it is.
    pub here: String,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// Moves so far.
    pub moves: u32,
    /// Ids of the moves that counted, but for answers.
    pub returns: Vec<String>,
    /// How it ended.
    pub ended: Option<Ended>,
}

impl Fold for Run {
    type Data = RunEvent;
    const KIND: &'static str = "run";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<RunEvent>) {
        let counts = |after: u32| self.begun.is_some() && self.ended.is_none() && after == self.moves;
        match &event.data {
            RunEvent::Begun(begun) if self.begun.is_none() => {
                self.here.clone_from(&begun.start);
                self.since = Some(event.at);
                self.begun_at = Some(event.at);
                self.begun_by.clone_from(&event.by);
                self.begun = Some(begun.clone());
            }
            RunEvent::Stepped { after, node, given, to } if counts(*after) && *node == self.here => {
                self.visits.push(Visit {
                    id: event.id.to_string(),
                    node: node.clone(),
                    since: self.since.unwrap_or(event.at),
                    at: event.at,
                    by: event.by.clone(),
                    given: given.clone(),
                    undone: false,
                });
                self.go_to(to.clone(), event.at);
            }
            RunEvent::WentBack { after } if counts(*after) => {
                let last = self.visits.iter_mut().rev().find(|visit| !visit.undone);
                let node = last.map(|visit| {
                    visit.undone = true;
                    visit.node.clone()
                });
                if let Some(node) = node {
                    self.returns.push(event.id.to_string());
                    self.go_to(node, event.at);
                }
            }
            RunEvent::Ended { after, node, ending } if counts(*after) && *node == self.here => {
                let (node, ending) = (node.clone(), ending.clone());
                self.ended = Some(Ended { node, ending, at: event.at, by: event.by.clone() });
            }
            _ => {}
        }
    }
}

impl Run {
    fn go_to(&mut self, node: String, at: DateTime<Utc>) {
        self.here = node;
        self.since = Some(at);
        self.moves = self.moves.saturating_add(1);
    }

    /// What was answered and not gone back on, in order.
    pub fn path(&self) -> impl DoubleEndedIterator<Item = &Visit> {
        self.visits.iter().filter(|visit| !visit.undone)
    }

    /// Whether a move counted: of two at once one does.
    pub fn has_move(&self, id: &str) -> bool {
        self.visits.iter().any(|visit| visit.id == id) || self.returns.iter().any(|other| other == id)
    }
}

/// What was written down by now; of a field that was asked for twice the newest value.
pub fn gathered(run: &Run) -> Map<String, Value> {
    let data = run.path().filter_map(|visit| visit.given.data.as_ref());
    data.flat_map(|data| data.0.clone()).filter(|(_, value)| !value.is_null()).collect()
}

/// What a run that has ended says of its ticket's custom fields; what a field does not hold is left out.
pub fn ticket_fields(playbook: &Playbook, run: &Run, pack: &Pack) -> Map<String, Value> {
    let gathered = gathered(run);
    let said = playbook.ticket_fields.iter().filter_map(|(name, value)| {
        let value = match datum(value) {
            Some(from) => gathered.get(from)?,
            None => value,
        };
        let holds =
            pack.fields.get(name).map_or(!pack.declares_fields(), |field| field.refuses(value).is_none());
        holds.then(|| (name.clone(), value.clone()))
    });
    said.collect()
}

#[cfg(test)]
mod tests;
