//! Shares of tickets. A ticket counts as solved if it was solved at least once.

use super::Part;
use crate::category::Category;
use crate::rows::TicketRow;

/// Solved, and never handed to another team.
pub(super) fn no_escalation(row: &TicketRow) -> Part<'static> {
    of_solved(row, !row.escalated)
}

/// Solved with at most one reply of a person.
pub(super) fn one_touch(row: &TicketRow) -> Part<'static> {
    of_solved(row, row.replies <= 1)
}

/// Solved, and opened again at some time.
pub(super) fn reopened(row: &TicketRow) -> Part<'static> {
    of_solved(row, row.reopenings > 0)
}

/// Solved or closed now.
pub(super) fn completed(row: &TicketRow) -> Part<'static> {
    match row.category {
        Category::Spam => Part::Excluded("spam"),
        category => Part::Counted(i64::from(category.is_done())),
    }
}

/// Solved or closed now, with an article linked.
pub(super) fn with_article(row: &TicketRow) -> Part<'static> {
    match row.category {
        Category::Spam => Part::Excluded("spam"),
        category if category.is_done() => Part::Counted(i64::from(row.article)),
        _ => Part::Excluded("not_closed"),
    }
}

fn of_solved(row: &TicketRow, counts: bool) -> Part<'static> {
    match (row.category, row.first_resolution) {
        (Category::Spam, _) => Part::Excluded("spam"),
        (_, None) => Part::Excluded("not_solved"),
        (_, Some(_)) => Part::Counted(i64::from(counts)),
    }
}
