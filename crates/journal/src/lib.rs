//! relevo-journal.
pub mod store;
