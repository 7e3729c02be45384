//! The same done to many tickets: a record of what is to be done to which, and of what became of each.

use crate::Private;
use crate::action::Action;
use crate::pack::Role;
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most tickets of one bulk action.
pub const MAX_TICKETS: usize = 1_000;

/// What is to be done, by whom, to which tickets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Ticket ids, each once.
    pub tickets: Vec<String>,
    /// What is done to each. Reasons and notes are free text.
    pub actions: Private<Vec<Action>>,
    /// Who asked for it.
    pub person: String,
    /// What they may do.
    pub role: Role,
}

/// What became of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Place of the ticket in the order, from 0.
    pub index: u32,
    /// Code of the refusal; none: done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// A step of a bulk action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BulkEvent {
    /// It was asked for.
    #[serde(rename = "bulk.started")]
    Started(Box<Order>),
    /// Some tickets are through.
    #[serde(rename = "bulk.progressed")]
    Progressed {
        /// What became of them.
        outcomes: Vec<Outcome>,
    },
}

/// A bulk action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bulk {
    /// What was asked for; none before that.
    pub order: Option<Order>,
    /// Codes of refusals, or none for what is done, by place. The first word on each counts.
    pub outcomes: BTreeMap<u32, Option<String>>,
}

impl Bulk {
    /// How many tickets were asked for.
    pub fn total(&self) -> usize {
        self.order.as_ref().map_or(0, |order| order.tickets.len())
    }

    /// Those that are still to be done, with their places.
    pub fn pending(&self) -> impl Iterator<Item = (u32, &str)> {
        let tickets = self.order.iter().flat_map(|order| &order.tickets);
        (0..).zip(tickets.map(String::as_str)).filter(|(place, _)| !self.outcomes.contains_key(place))
    }

    /// Is all of it through?
    pub fn is_finished(&self) -> bool {
        self.order.is_some() && self.pending().next().is_none()
    }
}

impl Fold for Bulk {
    type Data = BulkEvent;
    const KIND: &'static str = "bulk";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<BulkEvent>) {
        match &event.data {
            BulkEvent::Started(order) => {
                self.order.get_or_insert_with(|| order.as_ref().clone());
            }
            BulkEvent::Progressed { outcomes } => {
                for outcome in outcomes {
                    self.outcomes.entry(outcome.index).or_insert_with(|| outcome.refused.clone());
                }
            }
        }
    }
}
