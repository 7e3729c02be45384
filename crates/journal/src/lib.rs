//! relevo-journal.
