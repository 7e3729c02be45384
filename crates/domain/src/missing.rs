//! What people looked for in the knowledge base and did not find, a stream for each month.

use crate::Private;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most different queries that are kept of a month; the most often missed stay.
const MOST_QUERIES: usize = 2_000;

/// Something was missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MissingEvent {
    /// There is no article about it.
    #[serde(rename = "article.missed")]
    Missed {
        /// What was looked for, folded.
        query: Private<String>,
    },
}

/// How often something was missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// How often.
    pub count: u64,
    /// When last.
    pub last: DateTime<Utc>,
}

/// What was missed in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// By query.
    pub queries: Private<BTreeMap<String, Missed>>,
}

impl Fold for Missing {
    type Data = MissingEvent;
    const KIND: &'static str = "missing";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<MissingEvent>) {
        let MissingEvent::Missed { query } = &event.data;
        let queries = &mut self.queries.0;
        if let Some(known) = queries.get_mut(&query.0) {
            known.count = known.count.saturating_add(1);
            known.last = known.last.max(event.at);
            return;
        }
        if queries.len() >= MOST_QUERIES {
            let rarest = queries.iter().min_by_key(|(_, missed)| (missed.count, missed.last));
            if let Some(query) = rarest.map(|(query, _)| query.clone()) {
                queries.remove(&query);
            }
        }
        if !query.0.is_empty() {
            queries.insert(query.0.clone(), Missed { count: 1, last: event.at });
        }
    }
}
