//! What a channel allows when writing to somebody, known without carrying its code.

use relevo_domain::message::AddressKind;
use serde_json::{Map, Value};

/// Hours after the customer's last message in which anything may be written; after that only a template that the
/// provider has approved. None: no such limit.
///
/// Sources: Meta, "Customer service windows" (WhatsApp), "Standard messaging window" and "Human agent" (Messenger,
/// Instagram); Twilio, "WhatsApp: the 24-hour session".
pub fn window_hours(slug: &str, settings: &Map<String, Value>) -> Option<i64> {
    match slug {
        "whatsapp" | "twilio-whatsapp" => Some(24),
        // With the tag HUMAN_AGENT a person may answer within seven days.
        "messenger" | "instagram" if settings.get("human_agent") == Some(&Value::Bool(true)) => Some(7 * 24),
        "messenger" | "instagram" => Some(24),
        _ => None,
    }
}

/// Can a template that the provider has approved be sent when the window is closed?
pub fn takes_templates(slug: &str) -> bool {
    matches!(slug, "whatsapp" | "twilio-whatsapp")
}

/// Is what goes out through it a mail?
pub fn is_mail(slug: &str) -> bool {
    matches!(slug, "mailgun" | "postmark" | "sendgrid")
}

/// The kind of address that means the same at other providers and that the channel can write to; none: it knows
/// only ids of its own.
pub fn common_address(slug: &str) -> Option<AddressKind> {
    match slug {
        "whatsapp" | "twilio-whatsapp" | "twilio-sms" => Some(AddressKind::Phone),
        slug if is_mail(slug) => Some(AddressKind::Email),
        _ => None,
    }
}

/// The channel whose account has sent what this channel reports on: some providers report apart.
pub fn sends_as(slug: &str) -> &str {
    if slug == "sendgrid-events" { "sendgrid" } else { slug }
}

/// The domain of an account's mails, for Message-IDs: that of its setting `from`.
pub fn mail_domain(settings: &Map<String, Value>) -> &str {
    let from = settings.get("from").and_then(Value::as_str).unwrap_or_default();
    let domain = from.rsplit_once('@').map(|(_, domain)| domain.trim_end_matches('>').trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    domain.filter(|d| !d.is_empty() && d.chars().all(plain)).unwrap_or("relevo.invalid")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn windows_are_those_of_the_providers() {
        let none = Map::new();
        let human = json!({"human_agent": true}).as_object().cloned().unwrap_or_default();
        assert_eq!(window_hours("whatsapp", &none), Some(24));
        assert_eq!(window_hours("whatsapp", &human), Some(24), "WhatsApp has no such tag");
        assert_eq!(window_hours("messenger", &none), Some(24));
        assert_eq!(window_hours("instagram", &human), Some(168));
        for free in ["twilio-sms", "telegram", "slack", "postmark", "in-app", "standard"] {
            assert_eq!(window_hours(free, &none), None, "{free}");
        }
    }

    #[test]
    fn the_domain_of_mails_is_the_senders() {
        let of = |from: &str| {
            let settings = json!({"from": from}).as_object().cloned().unwrap_or_default();
            mail_domain(&settings).to_owned()
        };
        assert_eq!(of("Desk <desk@mail.example.org>"), "mail.example.org");
        assert_eq!(of("desk@example.org"), "example.org");
        for bad in ["", "desk", "desk@", "a@b\r\nBcc: x"] {
            assert_eq!(of(bad), "relevo.invalid");
        }
    }

    #[test]
    fn every_channel_that_is_named_here_exists() {
        for slug in ["whatsapp", "twilio-whatsapp", "twilio-sms", "mailgun", "postmark", "sendgrid"] {
            assert!(crate::can_send(slug), "{slug}");
        }
        assert!(crate::SLUGS.contains(&"sendgrid-events"));
    }
}
