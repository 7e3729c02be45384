//! Which kind of message a channel carries, and how long one may be.

/// What a channel carries; many channel slugs are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Subject, text and HTML.
    Email,
    /// Title, body and an action.
    InApp,
    /// Text that is cut into segments.
    Sms,
    /// Plain text; the number is the most characters that the provider takes.
    Text(usize),
    /// Text, or a template that the provider has approved.
    WhatsApp,
}

/// Slugs and kinds, alphabetical. Limits: the providers' documented ones, in UTF-16 units.
const CHANNELS: [(&str, Channel); 22] = [
    ("email", Channel::Email),
    ("form", Channel::Text(16_384)),
    ("in-app", Channel::InApp),
    ("instagram", Channel::Text(1_000)),
    ("jira", Channel::Text(32_767)),
    ("kommo", Channel::Text(4_096)),
    ("kommo-chats", Channel::Text(4_096)),
    ("mailgun", Channel::Email),
    ("messenger", Channel::Text(2_000)),
    ("mime", Channel::Email),
    ("phone", Channel::Text(16_384)),
    ("podio", Channel::Text(16_384)),
    ("postmark", Channel::Email),
    ("sendgrid", Channel::Email),
    ("slack", Channel::Text(40_000)),
    ("sms", Channel::Sms),
    ("standard", Channel::Text(16_384)),
    ("telegram", Channel::Text(4_096)),
    ("text", Channel::Text(16_384)),
    ("twilio-sms", Channel::Sms),
    ("twilio-whatsapp", Channel::WhatsApp),
    ("whatsapp", Channel::WhatsApp),
];

impl Channel {
    /// The kind of a channel slug (`whatsapp`, `twilio-sms`, `mailgun` …) or of a kind's own name (`email`, `sms`,
    /// `text`). Channels that carry no message to a person (`twilio-voice`, `sendgrid-events`) have none.
    pub fn parse(slug: &str) -> Option<Self> {
        CHANNELS.iter().find(|(name, _)| *name == slug).map(|(_, channel)| *channel)
    }

    /// Every slug that [`Channel::parse`] knows.
    pub fn slugs() -> impl Iterator<Item = &'static str> {
        CHANNELS.iter().map(|(name, _)| *name)
    }

    /// The most UTF-16 units that a message's text may have; beyond them the provider refuses or cuts it.
    /// SMS: Twilio's limit of a body; it is above ten segments.
    pub fn max_units(self) -> usize {
        match self {
            Self::Email => 256 * 1024,
            Self::InApp | Self::WhatsApp => 4_096,
            Self::Sms => 1_600,
            Self::Text(limit) => limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_sorted_and_each_is_found() {
        let slugs: Vec<_> = Channel::slugs().collect();
        assert!(slugs.is_sorted());
        for slug in slugs {
            assert!(Channel::parse(slug).is_some(), "{slug}");
        }
    }

    #[test]
    fn what_carries_no_message_is_no_channel() {
        for slug in ["", "SMS", "twilio-voice", "sendgrid-events", "carrier-pigeon"] {
            assert_eq!(Channel::parse(slug), None, "{slug}");
        }
    }
}
