//! relevo-projections.
