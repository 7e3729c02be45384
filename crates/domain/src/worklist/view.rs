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
    },
    /// A view was removed.
    #[serde(rename = "view.removed")]
    Removed {
        /// View id.
        id: String,
    },
}

/// The views of a desk, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Views {
    /// By id.
    pub views: BTreeMap<String, View>,
}

impl Views {
    /// A view that somebody may see.
    pub fn seen_by(&self, id: &str, person: &str) -> Option<&View> {
        self.views.get(id).filter(|view| view.is_seen_by(person))
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
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<ViewEvent>) {
        match &event.data {
            ViewEvent::Set { id, view } => {
                self.views.insert(id.clone(), view.as_ref().clone());
            }
            ViewEvent::Removed { id } => {
                self.views.remove(id);
            }
        }
    }
}
