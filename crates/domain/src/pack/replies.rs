//! How replies go out.

use serde::{Deserialize, Serialize};

/// Longest window in which a reply may be taken back.
pub const MAX_UNDO_SECONDS: u32 = 300;

/// How replies go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replies {
    /// For how long a person may take a reply back; 0: it goes at once.
    #[serde(default, skip_serializing_if = "none")]
    pub undo_seconds: u32,
    /// A scheduled reply waits for another look if the customer writes before it goes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold_back: bool,
}

impl Replies {
    /// Nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn none(seconds: &u32) -> bool {
    *seconds == 0
}
