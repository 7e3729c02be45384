//! WhatsApp through Twilio: the fields of [`crate::twilio_sms`], addresses with `whatsapp:` before them.

use crate::{
    account::Account,
    outbound::{FormatError, Outbound, OutboundRequest},
    twilio,
};
use chrono::{DateTime, Utc};
use relevo_domain::message::AddressKind;

pub use crate::twilio_sms::parse;
pub(crate) use twilio::{BASE_URL, handshake, outcome, verify};

/// Makes the request for one message. A template is named by its `ContentSid`.
pub fn format(
    message: &Outbound,
    account: &Account,
    _now: DateTime<Utc>,
) -> Result<OutboundRequest, FormatError> {
    if !matches!(message.to.kind, AddressKind::Phone | AddressKind::User) {
        return Err(FormatError::Unsupported("to anything but a phone number or user id"));
    }
    twilio::format(message, account, "whatsapp:")
}
