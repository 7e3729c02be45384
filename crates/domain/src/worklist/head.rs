//! What a shard of tickets has for those who look for work: enough to pass it over, or to look into it first.

use super::{Key, Order, is_live};
use crate::conversation::RanBy;
use crate::pack::Priority;
use crate::rows::TicketRow;
use crate::table::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A shard's live tickets in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadRow {
    /// How many there are.
    #[serde(rename = "n")]
    pub live: u32,
    /// Those of nobody.
    #[serde(rename = "u", default)]
    pub unassigned: u32,
    /// The earliest time that one of them is due.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// The highest priority among them.
    #[serde(rename = "p", default)]
    pub priority: Priority,
    /// Tickets by queue.
    #[serde(rename = "q", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<String, u32>,
    /// Tickets by assignee and channel.
    #[serde(rename = "l", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub load: BTreeMap<String, BTreeMap<String, u32>>,
    /// What automations did, on tickets that are done too.
    #[serde(rename = "a", default, skip_serializing_if = "RanBy::is_empty")]
    pub automations: RanBy,
}

impl Row for HeadRow {
    const KIND: &'static str = "t-heads";
    const VERSION: u16 = 1;
}

impl HeadRow {
    /// Sums up a shard.
    pub fn of<'a>(rows: impl Iterator<Item = &'a TicketRow>) -> Self {
        let mut head = Self { priority: Priority::Low, ..Self::default() };
        let one_more = |count: &mut u32| *count = count.saturating_add(1);
        for row in rows {
            for (id, ran) in &row.automations {
                head.automations.entry(id.clone()).or_default().add(ran);
            }
            if !is_live(row) {
                continue;
            }
            one_more(&mut head.live);
            head.due_ms = head.due_ms.into_iter().chain(row.due_ms).min();
            head.priority = head.priority.max(row.priority);
            one_more(head.queues.entry(row.queue.clone()).or_default());
            match &row.agent {
                None => one_more(&mut head.unassigned),
                Some(agent) => {
                    let of_agent = head.load.entry(agent.clone()).or_default();
                    one_more(of_agent.entry(row.channel.clone()).or_default());
                }
            }
        }
        head
    }

    /// Nothing in the shard comes before this.
    pub fn bound(&self, order: Order) -> Key {
        order.key_of(self.priority, self.due_ms, 0)
    }
}
