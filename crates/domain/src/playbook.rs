//! Guided work: decision trees that a pack holds as data, and their runs, which are records.
//!
//! A [`Playbook`] is checked when its pack is published ([`parse`]). A [`Run`] is a stream of its own: it goes by the
//! version of the pack that it began with, whatever is published meanwhile.

mod check;
mod definition;
mod entry;
mod flow;
mod run;
mod statistics;
mod story;

pub use check::parse;
pub use definition::{
    Action, Check, Choice, DataEntry, End, Field, FieldKind, Guidance, IdentityCheck, Node, Outcome,
    Playbook, Question, Record, RequestKind, datum,
};
pub use run::{
    Answer, Begun, Draft, Ended, Ending, Given, Move, Refused, Run, RunEvent, Visit, advance, back, gathered,
    ticket_fields, values,
};
pub use statistics::{IDLE_HOURS, NodeFigures, Statistics, statistics};
pub use story::story;
