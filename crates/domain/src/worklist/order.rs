//! In which order tickets are worked on.

use crate::pack::Priority;
use crate::rows::TicketRow;
use chrono::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// An order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The highest number first.
    #[default]
    Newest,
    /// The lowest number first.
    Oldest,
    /// What is due first, or was, first; what has no time to keep last.
    Due,
    /// The highest priority first; of equals what is due first.
    Priority,
}

/// A ticket's place in an order: smaller comes first. It is all that a cursor needs, so paging is stable while tickets
/// come, go and change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(pub i64, pub i64, pub u64);

impl Order {
    /// All orders.
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::Due, Self::Priority];

    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Due => "due",
            Self::Priority => "priority",
        }
    }

    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == name)
    }

    /// Whether it is an order of work: of what is done nothing is in it.
    pub fn is_of_work(self) -> bool {
        matches!(self, Self::Due | Self::Priority)
    }

    /// Where a ticket stands.
    pub fn key(self, row: &TicketRow) -> Key {
        self.key_of(row.priority, row.due_ms, row.number)
    }

    pub(super) fn key_of(self, priority: Priority, due_ms: Option<i64>, number: u64) -> Key {
        let due = due_ms.unwrap_or(i64::MAX);
        match self {
            Self::Newest => Key(0, 0, u64::MAX - number),
            Self::Oldest => Key(0, 0, number),
            Self::Due => Key(0, due, number),
            Self::Priority => Key(rank(priority), due, number),
        }
    }

    /// Why a ticket stands where it does, in the order in which it counts.
    pub fn why(self, row: &TicketRow, now_ms: i64) -> Value {
        let due =
            row.due_ms.and_then(DateTime::from_timestamp_millis).map(crate::conversation::view::rfc3339);
        let overdue = row.due_ms.is_some_and(|due| due <= now_ms);
        match self {
            Self::Newest | Self::Oldest => json!({"number": row.number}),
            Self::Due => json!({"due_at": due, "overdue": overdue, "number": row.number}),
            Self::Priority => {
                json!({"priority": row.priority, "due_at": due, "overdue": overdue, "number": row.number})
            }
        }
    }

    /// The order in words.
    pub fn explained(self) -> &'static str {
        match self {
            Self::Newest => "the highest number first",
            Self::Oldest => "the lowest number first",
            Self::Due => {
                "what is due first, or was, first; then what has no time to keep; of equals the lowest number first"
            }
            Self::Priority => {
                "the highest priority first; of equals what is due first, then the lowest number first"
            }
        }
    }
}

fn rank(priority: Priority) -> i64 {
    match priority {
        Priority::Urgent => 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Low => 3,
    }
}
