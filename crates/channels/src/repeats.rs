//! What each provider does with a webhook that was not accepted: whether a refusal delays or loses what it says.

/// What becomes of a webhook that is refused for the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// It comes again after any answer but a 2xx, so also after 429.
    Always,
    /// It comes again after a 5xx; a 4xx loses it.
    AfterServerError,
    /// It is sent once.
    Never,
}

/// What the provider of a channel does. Of one that is not known here it is believed that it sends once.
pub fn repeats(slug: &str) -> Repeats {
    match slug {
        "instagram" | "jira" | "messenger" | "postmark" | "sendgrid-events" | "slack" | "standard"
        | "telegram" | "whatsapp" => Repeats::Always,
        // Programs of the desk's own and mail gateways: a passing fault is a 5xx to them.
        "in-app" | "mailgun" | "mime" | "phone" | "sendgrid" => Repeats::AfterServerError,
        // Forms are sent by browsers, the others by providers that do not repeat.
        "form" | "kommo" | "kommo-chats" | "podio" | "twilio-sms" | "twilio-voice" | "twilio-whatsapp" => {
            Repeats::Never
        }
        _ => Repeats::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SLUGS;

    #[test]
    fn it_is_said_of_every_channel() {
        let source = include_str!("repeats.rs");
        for slug in SLUGS {
            assert!(
                source.contains(&format!("\"{slug}\"")),
                "say above whether the provider of {slug} repeats"
            );
        }
        assert_eq!(repeats("kommo-chats"), Repeats::Never);
        assert_eq!(repeats("sendgrid"), Repeats::AfterServerError);
    }
}
