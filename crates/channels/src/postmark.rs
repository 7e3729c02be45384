//! Postmark: inbound mail, and what became of what we sent.
//!
//! Basic authentication in the URL; the secret is `user:password`. A repeat is known by `MessageID`. Expects 200;
//! 403 stops repeats.
//!
//! Settings: `from`, `message_stream` (to send); `opens` (true: an opened mail counts as read). The server token is
//! the access token. There is no idempotency key: a crash between sending and recording can send twice.
//!
//! Sources: Postmark, "Inbound webhook", "Bounce, delivery, open webhooks", "Bounce API: bounce types", "Email API".

mod send;

pub use send::{format, outcome};

use crate::{
    account::Account,
    crypto, json,
    mail::{self, Letter},
    parsed::{Answer, File, Malformed, Parsed},
    presented,
    request::{Refusal, Unverified, Verified},
};
use chrono::{DateTime, Utc};
use relevo_domain::{
    Private,
    message::{DeliveryState, Inbound, OtherEvent, StatusReport},
};
use serde_json::{Map, Value};

/// The provider's API.
pub const BASE_URL: &str = "https://api.postmarkapp.com";

/// There is no handshake.
pub(crate) fn handshake(_: &Unverified, _: &Account) -> Option<Answer> {
    None
}

/// Compares user and password.
pub fn verify(request: Unverified, account: &Account, now: DateTime<Utc>) -> Result<Verified, Refusal> {
    presented::basic(request, account, now)
}

/// Reads the one mail or record.
pub fn parse(request: &Verified, account: &Account) -> Result<Parsed, Malformed> {
    let body = json::body_object(request.body()).map_err(|fault| fault.answered(403))?;
    let id = json::id(&body, "MessageID");
    match json::text(&body, "RecordType") {
        None | Some("Inbound") => {
            let id = id.ok_or_else(|| Malformed::at("/MessageID", "missing").answered(403))?;
            let mut remarks = Vec::new();
            let letter = letter(&body, &mut remarks);
            let letter = letter.ok_or_else(|| Malformed::new("not a mail").answered(403))?;
            let (items, files) = letter.items(id, remarks);
            Ok(Parsed { items, files, ..Parsed::default() })
        }
        Some(kind) => Ok(vec![record(kind, id, &body, account, request.body())].into()),
    }
}

fn letter(body: &Map<String, Value>, remarks: &mut Vec<String>) -> Option<Letter> {
    let text = |key| json::text(body, key);
    let listed = body.get("Headers").and_then(Value::as_array).into_iter().flatten();
    let listed =
        listed.filter_map(|header| Some((header.get("Name")?.as_str()?, header.get("Value")?.as_str()?)));
    let wrapped = |name: &str| {
        let name = name.to_ascii_lowercase();
        (name.starts_with("content-") && name != "content-language") || name == "mime-version"
    };
    let own = [("From", "From"), ("To", "To"), ("Cc", "Cc"), ("Reply-To", "ReplyTo"), ("Subject", "Subject")];
    let own = own.iter().chain(&[("Date", "Date")]).filter_map(|(name, key)| Some((*name, text(key)?)));
    let own = own.filter(|(_, value)| !value.is_empty());
    let block = mail::header_block(own.chain(listed.filter(|(name, _)| !wrapped(name))));
    let mut letter = mail::letter(block.as_bytes())?.with_bodies(text("TextBody"), text("HtmlBody"));
    // Their own reading of the sender is better than a second reading of the line.
    if let Some(sender) = json::child(body, "FromFull").filter(|sender| json::id(sender, "Email").is_some()) {
        let name = json::text(sender, "Name").filter(|name| !name.is_empty());
        letter.from = json::id(sender, "Email").map(|address| (name.map(str::to_owned), address));
    }
    let attachments = body.get("Attachments").and_then(Value::as_array).into_iter().flatten();
    for item in attachments.filter_map(Value::as_object) {
        let Some(bytes) = json::text(item, "Content").and_then(crypto::from_base64) else {
            remarks.push("an attachment could not be decoded".to_owned());
            continue;
        };
        let name = json::text(item, "Name").unwrap_or_default();
        letter.attach(
            File::attached(name, json::text(item, "ContentType"), bytes),
            json::text(item, "ContentID"),
        );
    }
    Some(letter)
}

/// Whether a bounce says that the mail did not arrive and will not. Postmark makes bounces of much that comes back from a mail
/// that did arrive: absence notes, changed addresses, subscriptions, complaints, challenges.
fn is_failure(body: &Map<String, Value>) -> bool {
    match json::text(body, "Type") {
        Some(
            "BadEmailAddress"
            | "Blocked"
            | "DMARCPolicy"
            | "HardBounce"
            | "ManuallyDeactivated"
            | "SMTPApiError"
            | "TemplateRenderingFailed",
        ) => true,
        Some(
            "AddressChange"
            | "AutoResponder"
            | "ChallengeVerification"
            | "InboundError"
            | "OpenRelayTest"
            | "SpamComplaint"
            | "SpamNotification"
            | "Subscribe"
            | "Unsubscribe"
            | "VirusNotification",
        ) => false,
        // Of the others (`Transient`, `DnsError`, `SoftBounce`, `Unknown`, what is added yet) it is one if Postmark gave the
        // address up.
        _ => body.get("Inactive").and_then(Value::as_bool) == Some(true),
    }
}

fn record(
    kind: &str,
    id: Option<String>,
    body: &Map<String, Value>,
    account: &Account,
    raw: &[u8],
) -> Inbound {
    let recipient = json::id(body, "Recipient").or_else(|| json::id(body, "Email")).map(mail::email);
    let state = match kind {
        "Delivery" => Some(DeliveryState::Delivered),
        "Open" if account.flag("opens") => Some(DeliveryState::Read),
        "Bounce" if is_failure(body) => Some(DeliveryState::Failed),
        _ => None,
    };
    let Some((state, external_id)) = state.zip(id) else {
        let (external_id, kind) = (crypto::fingerprint(raw), kind.to_owned());
        let data = Private(Value::Object(body.clone()));
        return Inbound::Other(OtherEvent {
            group: None,
            means: None,
            external_id,
            kind,
            from: recipient,
            data,
        });
    };
    let at = ["DeliveredAt", "BouncedAt", "ReceivedAt"].iter().find_map(|key| body.get(*key));
    Inbound::Status(StatusReport {
        external_id,
        our_id: json::child(body, "Metadata").and_then(|own| json::id(own, "relevo_id")),
        state,
        recipient,
        error: json::text(body, "Type").filter(|_| state == DeliveryState::Failed).map(str::to_owned),
        at: at.and_then(json::rfc3339),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mail_that_arrived_is_not_failed_by_what_comes_back() {
        let fails = |kind: &str, inactive: bool| {
            let body = json!({ "Type": kind, "Inactive": inactive });
            is_failure(body.as_object().expect("an object"))
        };
        for kind in [
            "AddressChange",
            "AutoResponder",
            "ChallengeVerification",
            "OpenRelayTest",
            "Subscribe",
            "SpamComplaint",
        ] {
            assert!(!fails(kind, false) && !fails(kind, true), "{kind}");
        }
        for kind in ["Transient", "DnsError", "SoftBounce", "Unknown", "Added yet"] {
            assert!(!fails(kind, false) && fails(kind, true), "{kind}");
        }
        for kind in ["HardBounce", "BadEmailAddress", "Blocked", "SMTPApiError"] {
            assert!(fails(kind, false) && fails(kind, true), "{kind}");
        }
        assert!(!is_failure(&Map::new()));
    }
}
