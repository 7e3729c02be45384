//! Saved views: filters and orders under a name, of one person or of all.

use super::{Filter, Order};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most views of a desk: they are read together.
pub const MAX_VIEWS: usize = 500;

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// What people call it.
    pub name: String,
    /// Whose it is; none: everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Which tickets.
    #[serde(default)]
    pub filter: Filter,
    /// In which order.
    #[serde(default)]
    pub order: Order,
}

/// A change of the views.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ViewEvent {
    /// A view was added or changed.
    #[serde(rename = "view.set")]
    Set {
        /// View id.
        id: String,
        /// The view.
        view: Box<View>,
        /// The revision that it was changed from: it counts only if that is then the newest. None: a new view, or as
        /// events were before there were revisions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u32>,
    },
    /// A view was removed.
    #[serde(rename = "view.removed")]
    Removed {
        /// View id.
        id: String,
        /// As above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u32>,
    },
}

/// A view as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The view.
    pub view: View,
    /// From 1; each change is one more.
    pub revision: u32,
    /// Ids of the changes that counted, the newest.
    changes: Vec<String>,
}

/// Changes of a view whose ids are known.
const KNOWN_CHANGES: usize = 20;

impl Kept {
    /// Whether a change of it counted.
    pub fn has(&self, id: &str) -> bool {
        self.changes.iter().any(|known| known == id)
    }
}

/// The views of a desk, by id. Of two changes at once from one revision the first counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Views {
    /// By id.
    pub views: BTreeMap<String, Kept>,
}

impl Views {
    /// Whether a change made from a revision counts.
    fn counts(&self, id: &str, after: Option<u32>) -> bool {
        after.is_none_or(|after| self.views.get(id).is_some_and(|kept| kept.revision == after))
    }
}

impl View {
    /// Whether somebody may see it.
    pub fn is_seen_by(&self, person: &str) -> bool {
        self.owner.as_deref().is_none_or(|owner| owner == person)
    }
}

impl Fold for Views {
    type Data = ViewEvent;
    const KIND: &'static str = "views";
    const VERSION: u16 = 2;

    fn apply(&mut self, event: &Event<ViewEvent>) {
        match &event.data {
            ViewEvent::Set { id, view, after } if self.counts(id, *after) => {
                let view = view.as_ref().clone();
                let new = Kept { view: view.clone(), revision: 0, changes: Vec::new() };
                let kept = self.views.entry(id.clone()).or_insert(new);
                kept.view = view;
                kept.revision = kept.revision.saturating_add(1);
                kept.changes.push(event.id.to_string());
                if kept.changes.len() > KNOWN_CHANGES {
                    kept.changes.remove(0);
                }
            }
            ViewEvent::Removed { id, after } if self.counts(id, *after) => {
                self.views.remove(id);
            }
            ViewEvent::Set { .. } | ViewEvent::Removed { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeZone, Utc};
    use relevo_journal::{EventId, Hlt};

    fn views(events: Vec<ViewEvent>) -> Views {
        let mut views = Views::default();
        for (n, data) in events.into_iter().enumerate() {
            let id = EventId::new(format!("api.{n}")).expect("an id");
            let at = Utc.with_ymd_and_hms(2026, 3, 2, 10, 0, 0).unwrap();
            views.apply(&Event { id, hlt: Hlt(0), at, by: "person:ana".into(), tag: 0, data });
        }
        views
    }

    fn set(name: &str, after: Option<u32>) -> ViewEvent {
        let view =
            View { name: name.into(), owner: None, filter: Filter::default(), order: Order::default() };
        ViewEvent::Set { id: "v".into(), view: Box::new(view), after }
    }

    #[test]
    fn of_two_changes_at_once_the_first_counts_and_what_is_gone_stays_gone() {
        let removed = |after| ViewEvent::Removed { id: "v".into(), after };
        let both = views(vec![set("a", None), set("b", Some(1)), set("c", Some(1))]);
        let kept = &both.views["v"];
        assert_eq!((kept.view.name.as_str(), kept.revision), ("b", 2));
        assert!(kept.has("api.1") && !kept.has("api.2"));
        assert!(views(vec![set("a", None), removed(Some(1)), set("b", Some(1))]).views.is_empty());
        let changed = views(vec![set("a", None), set("b", Some(1)), removed(Some(1))]);
        assert_eq!(changed.views["v"].view.name, "b");
        assert!(
            views(vec![set("a", None), set("b", None), removed(None)]).views.is_empty(),
            "as it was before"
        );
    }
}
