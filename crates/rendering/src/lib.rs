//! relevo-rendering.
