//! relevo-edge.
