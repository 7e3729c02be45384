//! relevo-calendar.
