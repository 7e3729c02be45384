#![doc = include_str!("../README.md")]

mod account;
mod brackets;
mod crypto;
mod fields;
#[cfg(test)]
mod hostile;
pub mod in_app;
pub mod instagram;
pub mod jira;
mod json;
pub mod kommo;
pub mod kommo_chats;
pub mod messenger;
mod meta;
mod outbound;
mod parsed;
pub mod phone;
pub mod podio;
mod presented;
mod request;
mod secrets;
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
pub use outbound::{
    ButtonParameter, ButtonValue, Choice, Choices, FileSource, FormatError, Interactive, Outbound,
    OutboundFile, OutboundMail, OutboundRequest, Outcome, Parameter, Section, Template, TemplateHeader,
};
pub use parsed::{Answer, File, Malformed, Once, Parsed};
pub use request::{Refusal, Unverified, Verified};
pub use secrets::AccountSecrets;

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
    /// Sending, for channels that can.
    pub send: Option<Send>,
}

/// The outgoing half of a channel.
pub struct Send {
    /// The origin of the provider's API; none where every account has its own (setting `base_url`, which
    /// also overrides it).
    pub base_url: Option<&'static str>,
    /// Makes the provider's request for a message.
    pub format: fn(&Outbound, &Account, now: DateTime<Utc>) -> Result<OutboundRequest, FormatError>,
    /// Reads the provider's answer: status, headers, body.
    pub outcome: fn(u16, &HeaderMap, &[u8]) -> Outcome,
}

/// All channels, by slug.
pub static CHANNELS: &[Channel] = &[
    Channel {
        slug: "form",
        handshake: web_form::handshake,
        verify: web_form::verify,
        parse: web_form::parse,
        send: None,
    },
    Channel {
        slug: "in-app",
        handshake: in_app::handshake,
        verify: in_app::verify,
        parse: in_app::parse,
        send: Some(Send { base_url: None, format: in_app::format, outcome: in_app::outcome }),
    },
    Channel {
        slug: "instagram",
        handshake: instagram::handshake,
        verify: instagram::verify,
        parse: instagram::parse,
        send: Some(Send {
            base_url: Some(instagram::BASE_URL),
            format: instagram::format,
            outcome: instagram::outcome,
        }),
    },
    Channel {
        slug: "jira",
        handshake: jira::handshake,
        verify: jira::verify,
        parse: jira::parse,
        send: None,
    },
    Channel {
        slug: "kommo",
        handshake: kommo::handshake,
        verify: kommo::verify,
        parse: kommo::parse,
        send: None,
    },
    Channel {
        slug: "kommo-chats",
        handshake: kommo_chats::handshake,
        verify: kommo_chats::verify,
        parse: kommo_chats::parse,
        send: None,
    },
    Channel {
        slug: "messenger",
        handshake: messenger::handshake,
        verify: messenger::verify,
        parse: messenger::parse,
        send: Some(Send {
            base_url: Some(messenger::BASE_URL),
            format: messenger::format,
            outcome: messenger::outcome,
        }),
    },
    Channel {
        slug: "phone",
        handshake: phone::handshake,
        verify: phone::verify,
        parse: phone::parse,
        send: None,
    },
    Channel {
        slug: "podio",
        handshake: podio::handshake,
        verify: podio::verify,
        parse: podio::parse,
        send: None,
    },
    Channel {
        slug: "slack",
        handshake: slack::handshake,
        verify: slack::verify,
        parse: slack::parse,
        send: Some(Send { base_url: Some(slack::BASE_URL), format: slack::format, outcome: slack::outcome }),
    },
    Channel {
        slug: "standard",
        handshake: standard::handshake,
        verify: standard::verify,
        parse: standard::parse,
        send: Some(Send { base_url: None, format: standard::format, outcome: standard::outcome }),
    },
    Channel {
        slug: "telegram",
        handshake: telegram::handshake,
        verify: telegram::verify,
        parse: telegram::parse,
        send: Some(Send {
            base_url: Some(telegram::BASE_URL),
            format: telegram::format,
            outcome: telegram::outcome,
        }),
    },
    Channel {
        slug: "twilio-sms",
        handshake: twilio_sms::handshake,
        verify: twilio_sms::verify,
        parse: twilio_sms::parse,
        send: Some(Send {
            base_url: Some(twilio_sms::BASE_URL),
            format: twilio_sms::format,
            outcome: twilio_sms::outcome,
        }),
    },
    Channel {
        slug: "twilio-voice",
        handshake: twilio_voice::handshake,
        verify: twilio_voice::verify,
        parse: twilio_voice::parse,
        send: None,
    },
    Channel {
        slug: "twilio-whatsapp",
        handshake: twilio_whatsapp::handshake,
        verify: twilio_whatsapp::verify,
        parse: twilio_whatsapp::parse,
        send: Some(Send {
            base_url: Some(twilio_whatsapp::BASE_URL),
            format: twilio_whatsapp::format,
            outcome: twilio_whatsapp::outcome,
        }),
    },
    Channel {
        slug: "whatsapp",
        handshake: whatsapp::handshake,
        verify: whatsapp::verify,
        parse: whatsapp::parse,
        send: Some(Send {
            base_url: Some(whatsapp::BASE_URL),
            format: whatsapp::format,
            outcome: whatsapp::outcome,
        }),
    },
];

/// The channel of that name.
pub fn channel(slug: &str) -> Option<&'static Channel> {
    CHANNELS.iter().find(|channel| channel.slug == slug)
}

#[cfg(test)]
extern crate self as relevo_channels;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_in_alphabetical_order() {
        assert!(CHANNELS.is_sorted_by(|a, b| a.slug < b.slug));
        assert!(channel("whatsapp").is_some_and(|channel| channel.slug == "whatsapp"));
        assert!(channel("WhatsApp").is_none());
    }
}
