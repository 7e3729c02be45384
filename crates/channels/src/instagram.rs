//! Instagram Messaging: Messenger's envelope, its own ids and limits.
//!
//! Settings: `instagram_id`, `api_version`, `human_agent`. The base URL is that of Instagram Login; accounts
//! linked through a page set `base_url` to the Graph API's.

use crate::{
    account::Account,
    messenger,
    outbound::{FormatError, Outbound, OutboundRequest},
    parsed::{Malformed, Parsed},
    request::Verified,
};
use chrono::{DateTime, Utc};

pub(crate) use crate::meta::{handshake, verify};
pub use messenger::outcome;

/// The provider's API.
pub const BASE_URL: &str = "https://graph.instagram.com";

/// Reads the whole batch.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    messenger::parse_batch(request, account, "instagram_id")
}

/// Makes the request for one message.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    messenger::send_request(account, "instagram_id", &messenger::send_body(message, account, "instagram")?)
}
