//! What a channel allows when writing to somebody, known without carrying its code.

use crate::outbound::{FormatError, count_at_most};
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

/// What one message through a channel carries of text and files.
pub struct Limits {
    /// Longest text.
    text: usize,
    /// It counts in bytes of UTF-8, not in characters.
    in_bytes: bool,
    /// Longest text beside a file; none: a file goes alone.
    caption: Option<usize>,
    /// Most files.
    files: usize,
}

/// What one message through a channel carries; none: nothing that anybody reaches.
///
/// Sources: Meta, "Send API", "Instagram: send a message" (“1000 bytes or less”), "WhatsApp: text messages, media messages";
/// Telegram, "sendMessage, sendPhoto"; Slack, "chat.postMessage" (cut after 4 000); Twilio, "Messages resource".
pub fn limits(slug: &str) -> Option<Limits> {
    let characters = |text, caption, files| Some(Limits { text, in_bytes: false, caption, files });
    match slug {
        "instagram" => Some(Limits { text: 1000, in_bytes: true, caption: None, files: 1 }),
        "messenger" => characters(2000, None, 1),
        "slack" => characters(4000, Some(4000), usize::MAX),
        "telegram" | "whatsapp" => characters(4096, Some(1024), 1),
        "twilio-sms" | "twilio-whatsapp" => characters(1600, Some(1600), 10),
        _ => None,
    }
}

impl Limits {
    /// Can a message carry this? `files` are their kinds.
    ///
    /// # Errors
    /// What it cannot carry, and how much it could.
    pub fn check(&self, text: Option<&str>, files: &[&str]) -> Result<(), FormatError> {
        count_at_most("files in one message", files.len(), self.files)?;
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(()) };
        let (what, limit) = match (files.first(), self.caption) {
            (Some(_), None) => {
                return Err(FormatError::Unsupported("a text with a file: send them one after the other"));
            }
            (Some(_), Some(caption)) if caption < self.text => {
                ("characters of a text beside a file", caption)
            }
            _ if self.in_bytes => ("bytes of the text in UTF-8", self.text),
            _ => ("characters of the text", self.text),
        };
        count_at_most(what, if self.in_bytes { text.len() } else { text.chars().count() }, limit)
    }
}

/// Can a message through a channel carry this?
///
/// # Errors
/// As [`Limits::check`].
pub fn carries(slug: &str, text: Option<&str>, files: &[&str]) -> Result<(), FormatError> {
    if slug == "whatsapp" && files.contains(&"audio") && text.is_some_and(|text| !text.is_empty()) {
        return Err(FormatError::Unsupported("a text with a sound or sticker: send it as its own message"));
    }
    limits(slug).map_or(Ok(()), |limits| limits.check(text, files))
}

/// Can a template that the provider has approved be sent when the window is closed?
pub fn takes_templates(slug: &str) -> bool {
    matches!(slug, "whatsapp" | "twilio-whatsapp")
}

/// Is what goes out through it a mail?
pub fn is_mail(slug: &str) -> bool {
    matches!(slug, "mailgun" | "postmark" | "sendgrid")
}

/// Does a message that one of us wrote past this system open a ticket? Not in the chats of a business that a bot only looks
/// into: most of them are none of the desk's.
pub fn echo_opens(slug: &str) -> bool {
    slug != "telegram"
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

/// The sender that a person hears on an account, where several accounts share one: whoever says STOP to one number of a
/// messaging service says it to all. Source: Twilio, "Advanced Opt-Out".
pub fn shared_sender(settings: &Map<String, Value>) -> Option<&str> {
    settings.get("messaging_service_sid").and_then(Value::as_str)
}

/// Does the provider vouch for it that the identifiers in one message are one person's?
pub fn vouches(slug: &str) -> bool {
    matches!(slug, "whatsapp" | "twilio-whatsapp")
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
    fn a_message_carries_what_its_provider_takes_and_not_one_more() {
        for (slug, most, beside_a_file) in [
            ("messenger", 2000, None),
            ("slack", 4000, Some(4000)),
            ("telegram", 4096, Some(1024)),
            ("whatsapp", 4096, Some(1024)),
            ("twilio-sms", 1600, Some(1600)),
        ] {
            let text = |length| "ñ".repeat(length);
            let taken = |length, files: &[&str]| carries(slug, Some(&text(length)), files).is_ok();
            assert_eq!((taken(most, &[]), taken(most + 1, &[])), (true, false), "{slug}");
            let caption = beside_a_file.unwrap_or(0);
            assert_eq!((taken(caption, &["image"]), taken(caption + 1, &["image"])), (true, false), "{slug}");
            assert!(carries(slug, None, &["image"]).is_ok(), "{slug}");
        }
        let in_bytes = |text: &str| carries("instagram", Some(text), &[]).map_err(|error| error.to_string());
        assert_eq!(in_bytes(&"ñ".repeat(500)), Ok(()));
        let why = "bytes of the text in UTF-8: 1002, at most 1000 allowed".to_owned();
        assert_eq!(in_bytes(&"ñ".repeat(501)), Err(why));
        assert!(
            carries("whatsapp", Some("x"), &["audio"]).is_err()
                && carries("whatsapp", None, &["audio"]).is_ok()
        );
        assert!(carries("whatsapp", None, &["image", "image"]).is_err());
        assert!(carries("postmark", Some(&"x".repeat(100_000)), &["image"; 20]).is_ok());
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
