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

/// The kind of an address that somebody typed in for a channel: its own where it writes to one kind only, else what it
/// looks like.
///
/// # Errors
/// That the channel cannot write to such an address.
pub fn typed(slug: &str, kind: Option<AddressKind>, value: &str) -> Result<AddressKind, &'static str> {
    let Some(own) = common_address(slug) else { return Ok(kind.unwrap_or_else(|| looks_like(value))) };
    match kind {
        // WhatsApp knows people who show no number by an id.
        Some(AddressKind::User) | None if slug == "whatsapp" && is_whatsapp_user(value) => {
            Ok(AddressKind::User)
        }
        None => Ok(own),
        Some(kind) if kind == own => Ok(own),
        Some(_) if own == AddressKind::Email => Err("this channel writes to e-mail addresses only"),
        Some(_) if slug == "whatsapp" => {
            Err("this channel writes to telephone numbers, and to user ids such as ES.13491208655302741918")
        }
        Some(_) => Err("this channel writes to telephone numbers only"),
    }
}

/// The kind of an address, from its form.
pub fn looks_like(value: &str) -> AddressKind {
    let number = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')');
    if value.contains('@') {
        AddressKind::Email
    } else if value.chars().all(number) {
        AddressKind::Phone
    } else {
        AddressKind::User
    }
}

/// A country, a dot, and letters and digits. Source: Meta, "Business-scoped user ids".
fn is_whatsapp_user(value: &str) -> bool {
    value.split_once('.').is_some_and(|(country, id)| {
        country.len() == 2
            && country.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=128).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    })
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
    fn what_is_typed_in_is_an_address_of_its_channel() {
        use AddressKind::{Email, Phone, User};
        let typed = |slug, kind, value| typed(slug, kind, value).ok();
        assert_eq!(typed("whatsapp", None, "abc"), Some(Phone), "which is no number, and refused for that");
        assert_eq!(typed("whatsapp", Some(User), "abc"), None);
        assert_eq!(typed("whatsapp", None, "ES.13491208655302741918"), Some(User));
        assert_eq!(typed("whatsapp", Some(User), "ES.13491208655302741918"), Some(User));
        for odd in ["es.1", "ES.", "ESP.1", "ES.1 2", "ES"] {
            assert_eq!(typed("whatsapp", Some(User), odd), None, "{odd}");
        }
        assert_eq!(typed("twilio-sms", None, "ES.13491208655302741918"), Some(Phone));
        assert_eq!(
            (typed("mailgun", None, "x"), typed("mailgun", Some(Phone), "+34600111222")),
            (Some(Email), None)
        );
        assert_eq!((typed("telegram", None, "7"), typed("telegram", None, "abc")), (Some(Phone), Some(User)));
        assert_eq!(typed("form", None, "a@example.org"), Some(Email));
    }

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
