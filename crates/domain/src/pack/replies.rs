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
    /// For what a contact's STOP holds.
    #[serde(default, skip_serializing_if = "StopScope::is_default")]
    pub stop_holds_for: StopScope,
}

/// For what a contact's STOP holds.
///
/// A STOP is said to a sender, and that is what carriers, Twilio and the rules on electronic messages (Reg. F § 1006.6(e):
/// “to that address or telephone number”) go by. Who answers a question on another channel does not break it; a desk that
/// writes of its own accord, and whose law takes one objection for all of that (GDPR art. 21(3), TCPA revocation), says `desk`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopScope {
    /// The account to which it was said, and those that share its sender.
    #[default]
    Account,
    /// Every channel and account of the desk.
    Desk,
}

impl StopScope {
    #[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
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
