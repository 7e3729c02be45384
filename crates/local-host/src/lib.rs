//! relevo-local-host.
