//! What may be set of an account, and what of it can be seen to be wrong before a provider's first request: a misspelt
//! setting would change nothing, and a mangled secret would refuse everything.

use crate::{AccountSecrets, crypto};
use http::Uri;
use serde_json::{Map, Value};

/// What a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Text, or a number that is read as its digits.
    Text,
    /// True or false.
    Flag,
    /// A text for each of several names.
    Texts,
}

use Kind::{Flag, Text, Texts};

/// Settings that an account of any channel may have: where its provider's API is, which account answers for it, the
/// address that its mail comes in at.
const OF_ALL: &[(&str, Kind)] = &[("base_url", Text), ("reply_through", Text)];

/// Longest secret, in bytes.
const MAX_SECRET_BYTES: usize = 4_096;

/// The settings that a channel reads itself, beside those of all.
fn of(slug: &str) -> &'static [(&'static str, Kind)] {
    match slug {
        "form" => &[("honeypot", Text)],
        "in-app" | "standard" => &[("path", Text)],
        "instagram" => &[("instagram_id", Text), ("api_version", Text), ("human_agent", Flag)],
        "jira" => &[
            ("email", Text),
            ("account_id", Text),
            ("project", Text),
            ("projects", Texts),
            ("issue_type", Text),
            ("accepted_status", Text),
            ("rejected_status", Text),
        ],
        "mailgun" => &[("domain", Text), ("from", Text), ("inbox", Text), ("opens", Flag)],
        "messenger" => &[("page_id", Text), ("api_version", Text), ("human_agent", Flag)],
        "mime" => &[("inbox", Text)],
        "podio" => &[("app_id", Text), ("client_id", Text), ("contact_field", Text)],
        "postmark" => &[("from", Text), ("inbox", Text), ("message_stream", Text), ("opens", Flag)],
        "sendgrid" => &[("from", Text), ("inbox", Text)],
        "sendgrid-events" => &[("opens", Flag)],
        "slack" => &[("team_id", Text), ("mentions_only", Flag)],
        "twilio-sms" | "twilio-whatsapp" => &[
            ("account_sid", Text),
            ("from", Text),
            ("messaging_service_sid", Text),
            ("status_callback", Text),
        ],
        "twilio-voice" => &[("account_sid", Text), ("from", Text), ("twiml", Text)],
        "whatsapp" => &[
            ("phone_number_id", Text),
            ("display_phone_number", Text),
            ("api_version", Text),
            ("preview_url", Flag),
        ],
        _ => &[],
    }
}

/// What is wrong with the settings of an account: the setting, and why.
pub fn wrong_settings(slug: &str, settings: &Map<String, Value>) -> Vec<(String, String)> {
    let known = || of(slug).iter().chain(OF_ALL);
    let wrong = |(name, value): (&String, &Value)| {
        let why = match known().find(|(known, _)| known == name).map(|(_, kind)| kind) {
            None => {
                let names: Vec<&str> = known().map(|(name, _)| *name).collect();
                format!("{slug} has no such setting; it has {}", names.join(", "))
            }
            Some(Text) if !matches!(value, Value::String(_) | Value::Number(_)) => {
                "a text is expected".to_owned()
            }
            Some(Flag) if !value.is_boolean() => "true or false is expected".to_owned(),
            Some(Texts) if !is_texts(value) => "an object is expected, with a text for each name".to_owned(),
            Some(_) => return None,
        };
        Some((name.clone(), why))
    };
    settings.iter().filter_map(wrong).collect()
}

fn is_texts(value: &Value) -> bool {
    value.as_object().is_some_and(|named| named.values().all(Value::is_string))
}

/// What is wrong with the secrets of an account: the member, and why. No reason repeats any of a secret.
pub fn wrong_secrets(slug: &str, secrets: &AccountSecrets) -> Vec<(&'static str, String)> {
    let given = [
        ("secret", &secrets.secret),
        ("previous_secret", &secrets.previous_secret),
        ("verify_token", &secrets.verify_token),
        ("access_token", &secrets.access_token),
        ("client_secret", &secrets.client_secret),
    ];
    let mut wrong = Vec::new();
    for (name, secret) in given {
        let Some(secret) = secret.as_deref().filter(|secret| !secret.is_empty()) else { continue };
        let signs = name == "secret" || name == "previous_secret";
        if let Some(why) = anywhere(secret).or_else(|| if signs { signing(slug, secret) } else { None }) {
            wrong.push((name, why.to_owned()));
        }
    }
    if secrets.public_url.as_deref().is_some_and(|url| !url.is_empty() && !is_origin(url)) {
        let why = "the origin under which the provider reaches us is expected, such as https://support.example.com, \
                   without a path";
        wrong.push(("public_url", why.to_owned()));
    }
    wrong
}

/// What no provider's secret has: what comes of copying it.
fn anywhere(secret: &str) -> Option<&'static str> {
    if secret.len() > MAX_SECRET_BYTES {
        return Some("at most 4096 bytes are expected");
    }
    if secret.trim() != secret || secret.chars().any(char::is_control) {
        return Some("there is a space or a line break at an end or within: was it copied with it?");
    }
    None
}

/// What is wrong with what a provider signs with, or presents.
fn signing(slug: &str, secret: &str) -> Option<&'static str> {
    match slug {
        "sendgrid-events" if !is_key(secret) => {
            Some("the verification key of the event webhook is expected as SendGrid shows it: base64")
        }
        "standard" | "in-app" | "phone" if !is_standard(secret) => {
            Some("what follows whsec_ is base64; it was cut off or changed")
        }
        _ => None,
    }
}

/// A public key of an elliptic curve of 256 bits with its usual wrapping: 91 bytes in base64.
fn is_key(secret: &str) -> bool {
    crypto::from_base64(secret).is_some_and(|key| key.len() == 91)
}

/// Any text may be a secret of Standard Webhooks; with their prefix it says that base64 follows.
fn is_standard(secret: &str) -> bool {
    let Some(base64) = secret.strip_prefix("whsec_") else { return true };
    crypto::from_base64(base64).is_some_and(|key| !key.is_empty())
}

/// Scheme and host, perhaps a port, and nothing after them.
fn is_origin(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let web = matches!(uri.scheme_str(), Some("https" | "http"));
    let bare = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    web && bare
        && uri.host().is_some_and(|host| !host.is_empty())
        && uri.path() == "/"
        && uri.query().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(slug: &str, settings: &Value) -> Vec<String> {
        let settings = settings.as_object().cloned().unwrap_or_default();
        wrong_settings(slug, &settings).into_iter().map(|(name, why)| format!("{name}: {why}")).collect()
    }

    #[test]
    fn a_setting_that_nobody_reads_is_refused_with_those_that_there_are() {
        assert!(
            settings("whatsapp", &json!({"phone_number_id": 106_540_352, "preview_url": true})).is_empty()
        );
        assert!(settings("jira", &json!({"base_url": "https://jira.example.com"})).is_empty());
        assert_eq!(
            settings("slack", &json!({"team": "T1"})),
            ["team: slack has no such setting; it has team_id, mentions_only, base_url, reply_through"]
        );
        assert_eq!(
            settings("slack", &json!({"mentions_only": "yes"})),
            ["mentions_only: true or false is expected"]
        );
        assert_eq!(settings("slack", &json!({"team_id": ["T1"]})), ["team_id: a text is expected"]);
    }

    fn secrets(slug: &str, secrets: AccountSecrets) -> Vec<&'static str> {
        wrong_secrets(slug, &secrets).into_iter().map(|(name, _)| name).collect()
    }

    fn secret(secret: &str) -> AccountSecrets {
        AccountSecrets { secret: Some(secret.into()), ..AccountSecrets::default() }
    }

    #[test]
    fn a_mangled_secret_is_refused_before_it_refuses_everything() {
        assert!(secrets("whatsapp", secret("0123456789abcdef")).is_empty());
        assert!(secrets("whatsapp", secret("")).is_empty(), "none");
        for mangled in ["abc\n", " abc", "a\u{0}bc", &"x".repeat(5_000)] {
            assert_eq!(secrets("whatsapp", secret(mangled)), ["secret"], "{mangled:?}");
        }
        assert!(secrets("standard", secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).is_empty());
        assert_eq!(secrets("standard", secret("whsec_MfKQ9r8GKYqrTwjU*D8")), ["secret"]);
        assert_eq!(secrets("standard", secret("whsec_")), ["secret"]);
        assert_eq!(secrets("sendgrid-events", secret("MFkwEwYHKoZI")), ["secret"]);
        assert!(secrets("sendgrid-events", secret(&crypto::to_base64(&[7; 91]))).is_empty());
        let token = AccountSecrets { access_token: Some("EAAG\n".into()), ..AccountSecrets::default() };
        assert_eq!(secrets("whatsapp", token), ["access_token"]);
    }

    #[test]
    fn the_public_url_is_an_origin() {
        let url = |url: &str| {
            secrets("whatsapp", AccountSecrets { public_url: Some(url.into()), ..AccountSecrets::default() })
        };
        for good in ["https://support.example.com", "http://127.0.0.1:3000", "https://support.example.com/"] {
            assert!(url(good).is_empty(), "{good}");
        }
        for bad in [
            "support.example.com",
            "https://a.example/hooks",
            "ftp://a.example",
            "https://a.example?x=1",
            "https://u:p@a.example",
        ] {
            assert_eq!(url(bad), ["public_url"], "{bad}");
        }
    }
}
