#![doc = include_str!("../README.md")]

mod account;
mod brackets;
mod crypto;
pub mod exchange;
mod fields;
mod html;
pub mod in_app;
pub mod instagram;
pub mod jira;
mod json;
pub mod kommo;
pub mod kommo_chats;
mod mail;
pub mod mailgun;
pub mod media;
pub mod messenger;
mod meta;
pub mod mime;
mod outbound;
mod parsed;
pub mod phone;
pub mod podio;
pub mod postmark;
mod presented;
pub mod reach;
mod repeats;
mod request;
mod safe_html;
mod secrets;
pub mod sendgrid;
pub mod sendgrid_events;
mod settings;
pub mod slack;
pub mod standard;
pub mod telegram;
mod twilio;
pub mod twilio_sms;
pub mod twilio_voice;
pub mod twilio_whatsapp;
pub mod web_form;
pub mod whatsapp;

pub use account::{Account, Secret};
pub use crypto::fingerprint;
pub use outbound::{
    ButtonParameter, ButtonValue, Choice, Choices, FileSource, FormatError, Interactive, Outbound,
    OutboundFile, OutboundMail, OutboundRequest, Outcome, Parameter, Section, Template, TemplateHeader,
};
pub use parsed::{Answer, File, Malformed, Once, Parsed};
pub use presented::IN_URL;
pub use repeats::{Repeats, repeats};
pub use request::{Refusal, Unverified, Verified};
pub use safe_html::safe_html;
pub use secrets::AccountSecrets;
pub use settings::{wrong_secrets, wrong_settings};

use chrono::{DateTime, Utc};
use http::HeaderMap;

/// A provider's webhook and API, as pure functions.
pub struct Channel {
    /// The name in paths and packs.
    pub slug: &'static str,
    /// Answers what a provider asks before it sends events; none if the request is no such question, or not
    /// with this account's token.
    pub handshake: fn(&Unverified, &Account) -> Option<Answer>,
    /// Proves who sent the request.
    pub verify: fn(Unverified, &Account, now: DateTime<Utc>) -> Result<Verified, Refusal>,
    /// Reads all of its items.
    pub parse: fn(&Verified, &Account) -> Result<Parsed, Malformed>,
}

/// A channel's outgoing half. Apart from the incoming one, so that a component carries only what it uses.
pub struct Sender {
    /// The name in paths and packs.
    pub slug: &'static str,
    /// The origin of the provider's API; none where every account has its own (setting `base_url`, which
    /// also overrides it).
    pub base_url: Option<&'static str>,
    /// Makes the provider's request for a message.
    pub format: fn(&Outbound, &Account, now: DateTime<Utc>) -> Result<OutboundRequest, FormatError>,
    /// Reads the provider's answer: status, headers, body.
    pub outcome: fn(u16, &HeaderMap, &[u8]) -> Outcome,
}

/// What comes in, by slug.
pub static CHANNELS: &[Channel] = &[
    Channel {
        slug: "form",
        handshake: web_form::handshake,
        verify: web_form::verify,
        parse: web_form::parse,
    },
    Channel { slug: "in-app", handshake: in_app::handshake, verify: in_app::verify, parse: in_app::parse },
    Channel {
        slug: "instagram",
        handshake: instagram::handshake,
        verify: instagram::verify,
        parse: instagram::parse,
    },
    Channel { slug: "jira", handshake: jira::handshake, verify: jira::verify, parse: jira::parse },
    Channel { slug: "kommo", handshake: kommo::handshake, verify: kommo::verify, parse: kommo::parse },
    Channel {
        slug: "kommo-chats",
        handshake: kommo_chats::handshake,
        verify: kommo_chats::verify,
        parse: kommo_chats::parse,
    },
    Channel {
        slug: "mailgun",
        handshake: mailgun::handshake,
        verify: mailgun::verify,
        parse: mailgun::parse,
    },
    Channel {
        slug: "messenger",
        handshake: messenger::handshake,
        verify: messenger::verify,
        parse: messenger::parse,
    },
    Channel { slug: "mime", handshake: mime::handshake, verify: mime::verify, parse: mime::parse },
    Channel { slug: "phone", handshake: phone::handshake, verify: phone::verify, parse: phone::parse },
    Channel { slug: "podio", handshake: podio::handshake, verify: podio::verify, parse: podio::parse },
    Channel {
        slug: "postmark",
        handshake: postmark::handshake,
        verify: postmark::verify,
        parse: postmark::parse,
    },
    Channel {
        slug: "sendgrid",
        handshake: sendgrid::handshake,
        verify: sendgrid::verify,
        parse: sendgrid::parse,
    },
    Channel {
        slug: "sendgrid-events",
        handshake: sendgrid_events::handshake,
        verify: sendgrid_events::verify,
        parse: sendgrid_events::parse,
    },
    Channel { slug: "slack", handshake: slack::handshake, verify: slack::verify, parse: slack::parse },
    Channel {
        slug: "standard",
        handshake: standard::handshake,
        verify: standard::verify,
        parse: standard::parse,
    },
    Channel {
        slug: "telegram",
        handshake: telegram::handshake,
        verify: telegram::verify,
        parse: telegram::parse,
    },
    Channel {
        slug: "twilio-sms",
        handshake: twilio_sms::handshake,
        verify: twilio_sms::verify,
        parse: twilio_sms::parse,
    },
    Channel {
        slug: "twilio-voice",
        handshake: twilio_voice::handshake,
        verify: twilio_voice::verify,
        parse: twilio_voice::parse,
    },
    Channel {
        slug: "twilio-whatsapp",
        handshake: twilio_whatsapp::handshake,
        verify: twilio_whatsapp::verify,
        parse: twilio_whatsapp::parse,
    },
    Channel {
        slug: "whatsapp",
        handshake: whatsapp::handshake,
        verify: whatsapp::verify,
        parse: whatsapp::parse,
    },
];

/// What goes out, by slug.
pub static SENDERS: &[Sender] = &[
    Sender { slug: "in-app", base_url: None, format: in_app::format, outcome: in_app::outcome },
    Sender {
        slug: "instagram",
        base_url: Some(instagram::BASE_URL),
        format: instagram::format,
        outcome: instagram::outcome,
    },
    Sender {
        slug: "mailgun",
        base_url: Some(mailgun::BASE_URL),
        format: mailgun::format,
        outcome: mailgun::outcome,
    },
    Sender {
        slug: "messenger",
        base_url: Some(messenger::BASE_URL),
        format: messenger::format,
        outcome: messenger::outcome,
    },
    Sender {
        slug: "postmark",
        base_url: Some(postmark::BASE_URL),
        format: postmark::format,
        outcome: postmark::outcome,
    },
    Sender {
        slug: "sendgrid",
        base_url: Some(sendgrid::BASE_URL),
        format: sendgrid::format,
        outcome: sendgrid::outcome,
    },
    Sender { slug: "slack", base_url: Some(slack::BASE_URL), format: slack::format, outcome: slack::outcome },
    Sender { slug: "standard", base_url: None, format: standard::format, outcome: standard::outcome },
    Sender {
        slug: "telegram",
        base_url: Some(telegram::BASE_URL),
        format: telegram::format,
        outcome: telegram::outcome,
    },
    Sender {
        slug: "twilio-sms",
        base_url: Some(twilio_sms::BASE_URL),
        format: twilio_sms::format,
        outcome: twilio_sms::outcome,
    },
    Sender {
        slug: "twilio-whatsapp",
        base_url: Some(twilio_whatsapp::BASE_URL),
        format: twilio_whatsapp::format,
        outcome: twilio_whatsapp::outcome,
    },
    Sender {
        slug: "whatsapp",
        base_url: Some(whatsapp::BASE_URL),
        format: whatsapp::format,
        outcome: whatsapp::outcome,
    },
];

/// The slugs of [`CHANNELS`]: to know of a channel without carrying its code.
pub const SLUGS: &[&str] = &[
    "form",
    "in-app",
    "instagram",
    "jira",
    "kommo",
    "kommo-chats",
    "mailgun",
    "messenger",
    "mime",
    "phone",
    "podio",
    "postmark",
    "sendgrid",
    "sendgrid-events",
    "slack",
    "standard",
    "telegram",
    "twilio-sms",
    "twilio-voice",
    "twilio-whatsapp",
    "whatsapp",
];

/// The slugs of [`SENDERS`].
pub const SENDING: &[&str] = &[
    "in-app",
    "instagram",
    "mailgun",
    "messenger",
    "postmark",
    "sendgrid",
    "slack",
    "standard",
    "telegram",
    "twilio-sms",
    "twilio-whatsapp",
    "whatsapp",
];

/// The outgoing half of the channel of that name, if it has one.
pub fn sender(slug: &str) -> Option<&'static Sender> {
    SENDERS.iter().find(|sender| sender.slug == slug)
}

/// Can messages be sent through the channel of that name?
pub fn can_send(slug: &str) -> bool {
    SENDING.contains(&slug)
}

/// The channel of that name.
pub fn channel(slug: &str) -> Option<&'static Channel> {
    CHANNELS.iter().find(|channel| channel.slug == slug)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod unwritten;

#[cfg(test)]
extern crate self as relevo_channels;

/// What an event of a channel reports about an item of the system behind it, if that is known of the channel. What the
/// account did itself there is no news.
pub fn issue_report(
    channel: &str,
    settings: &serde_json::Map<String, serde_json::Value>,
    event: &relevo_domain::message::OtherEvent,
) -> Option<relevo_domain::conversation::IssueReport> {
    match channel {
        "jira" => jira::issue_report(settings, event),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_slugs_are_those_of_the_registries() {
        assert_eq!(CHANNELS.iter().map(|c| c.slug).collect::<Vec<_>>(), SLUGS);
        assert_eq!(SENDERS.iter().map(|s| s.slug).collect::<Vec<_>>(), SENDING);
        assert!(SENDERS.is_sorted_by(|a, b| a.slug < b.slug));
    }

    #[test]
    fn what_is_accepted_in_the_url_is_listed_and_nothing_else_is() {
        let account = Account { secrets: vec![Secret::new("s3cret")], ..Account::default() };
        for channel in CHANNELS {
            let path = format!("/hooks/desk/{}/main/s3cret", channel.slug);
            let request = Unverified {
                method: http::Method::POST,
                path_and_query: path,
                headers: HeaderMap::new(),
                body: Vec::new(),
            };
            let accepted = (channel.verify)(request, &account, DateTime::UNIX_EPOCH).is_ok();
            assert_eq!(accepted, IN_URL.contains(&channel.slug), "{}", channel.slug);
        }
    }

    #[test]
    fn the_registry_is_in_alphabetical_order() {
        assert!(CHANNELS.is_sorted_by(|a, b| a.slug < b.slug));
        assert!(channel("whatsapp").is_some_and(|channel| channel.slug == "whatsapp"));
        assert!(channel("WhatsApp").is_none());
    }
}
