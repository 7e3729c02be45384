//! relevo-domain.
