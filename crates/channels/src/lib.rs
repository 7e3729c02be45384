//! relevo-channels.
