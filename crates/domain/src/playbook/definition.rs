//! A decision tree as a pack holds it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A decision tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// What people call it.
    pub name: String,
    /// When to take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The partition whose it is; none: the whole desk's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Custom fields that its ticket has once a run has ended: values, or `{"from": "<field>"}` for what was written
    /// down. What a run did not ask for stays as it is.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub ticket_fields: Map<String, Value>,
    /// Node that a run begins at.
    pub start: String,
    /// Nodes by id.
    pub nodes: BTreeMap<String, Node>,
}

/// A node: what is asked or done there, and where it leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// One of several answers.
    Question(Question),
    /// Something to read, or to say.
    Guidance(Guidance),
    /// Whether the customer is who they say.
    IdentityCheck(IdentityCheck),
    /// Values to write down.
    DataEntry(DataEntry),
    /// Something to do elsewhere, or a request to record.
    Action(Action),
    /// The end.
    Outcome(Outcome),
}

/// See [`Node::Question`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// The answers.
    pub choices: Vec<Choice>,
}

/// An answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// By which it is given.
    pub id: String,
    /// What people read.
    pub label: String,
    /// Node id.
    pub to: String,
}

/// See [`Node::Guidance`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guidance {
    /// What to know or to say.
    pub text: String,
    /// Node id.
    pub to: String,
}

/// See [`Node::IdentityCheck`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityCheck {
    /// What to ask for.
    pub text: String,
    /// What may be compared with what the client knows. What the customer says is kept nowhere.
    pub checks: Vec<Check>,
    /// How many must fit.
    pub needed: usize,
    /// Node id, if they do.
    pub passed: String,
    /// Node id, if they do not.
    pub failed: String,
}

/// Something to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// By which it is confirmed.
    pub id: String,
    /// What people read.
    pub label: String,
}

/// See [`Node::DataEntry`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataEntry {
    /// What to ask for.
    pub text: String,
    /// The values.
    pub fields: Vec<Field>,
    /// Node id.
    pub to: String,
}

/// A value to write down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name, the same throughout a playbook.
    pub name: String,
    /// What people read.
    pub label: String,
    /// What is taken.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// It may be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// `choice`: the values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// `date`: so many days from today (UTC) at the earliest; negative: in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest_days: Option<i64>,
    /// `date`: so many days from today (UTC) at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_days: Option<i64>,
}

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text.
    Text,
    /// The last four digits of a card.
    CardLastFour,
    /// An IBAN, with check digits that fit.
    Iban,
    /// A day, `2026-03-01`.
    Date,
    /// An amount, `{"minor": 1250, "currency": "EUR"}`.
    Money,
    /// One of several texts.
    Choice,
}

/// See [`Node::Action`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What to do.
    pub text: String,
    /// What is recorded when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// Node id, when it is done.
    pub done: String,
    /// Node id, when it cannot be done; none: it always can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_done: Option<String>,
}

/// A request to record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What is requested.
    pub request: RequestKind,
    /// The fields that belong to it.
    pub fields: Vec<String>,
}

/// What a cardholder requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A card is to be activated.
    Activation,
    /// A payment is to be made.
    Payment,
    /// Another name.
    NameChange,
    /// Another address.
    AddressChange,
}

/// See [`Node::Outcome`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What people call it.
    pub text: String,
    /// How the run ends.
    pub end: End,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum End {
    /// With an answer from a template: a draft for the agent.
    Answer {
        /// Template of the pack.
        template: String,
        /// Its data: values, or `{"from": "<field>"}` for what was written down.
        #[serde(default)]
        data: Map<String, Value>,
    },
    /// With a recorded request.
    Request(Record),
    /// With another team, which gets the ticket and everything gathered.
    Escalation {
        /// Team id.
        team: String,
    },
}

/// The field that a template's datum is taken from.
pub fn datum(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get("from")?.as_str()
}

impl Playbook {
    /// A node by id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.get(id)
    }
}

impl Node {
    /// As a pack writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Question(_) => "question",
            Self::Guidance(_) => "guidance",
            Self::IdentityCheck(_) => "identity_check",
            Self::DataEntry(_) => "data_entry",
            Self::Action(_) => "action",
            Self::Outcome(_) => "outcome",
        }
    }

    /// What people read.
    pub fn text(&self) -> &str {
        match self {
            Self::Question(node) => &node.text,
            Self::Guidance(node) => &node.text,
            Self::IdentityCheck(node) => &node.text,
            Self::DataEntry(node) => &node.text,
            Self::Action(node) => &node.text,
            Self::Outcome(node) => &node.text,
        }
    }

    /// Where it leads, each with the place in the node that says so.
    pub fn targets(&self) -> Vec<(String, &str)> {
        let one = |place: &str, to| (format!("/{}/{place}", self.kind()), to);
        match self {
            Self::Question(node) => {
                let choices = node.choices.iter().enumerate();
                choices.map(|(n, choice)| one(&format!("choices/{n}/to"), choice.to.as_str())).collect()
            }
            Self::Guidance(node) => vec![one("to", &node.to)],
            Self::IdentityCheck(node) => vec![one("passed", &node.passed), one("failed", &node.failed)],
            Self::DataEntry(node) => vec![one("to", &node.to)],
            Self::Action(node) => {
                let not_done = node.not_done.as_ref().map(|to| one("not_done", to.as_str()));
                [one("done", node.done.as_str())].into_iter().chain(not_done).collect()
            }
            Self::Outcome(_) => Vec::new(),
        }
    }

    /// What it has recorded, and the place in the node that says so.
    pub fn record(&self) -> Option<(&Record, &'static str)> {
        match self {
            Self::Action(node) => Some((node.record.as_ref()?, "/action/record")),
            Self::Outcome(Outcome { end: End::Request(record), .. }) => {
                Some((record, "/outcome/end/request"))
            }
            _ => None,
        }
    }
}

impl RequestKind {
    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::Payment => "payment",
            Self::NameChange => "name_change",
            Self::AddressChange => "address_change",
        }
    }
}
