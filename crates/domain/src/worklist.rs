//! Work lists: which tickets, in which order, and why that one first.

mod filter;
mod head;
mod order;
mod view;

pub use filter::{Filter, Viewer};
pub use head::HeadRow;
pub use order::{Key, Order};
pub use view::{Kept, MAX_VIEWS, View, ViewEvent, Views};

use crate::rows::TicketRow;

/// Whether somebody still has to work on it.
pub fn is_live(row: &TicketRow) -> bool {
    !row.category.is_done() && !row.merged
}
