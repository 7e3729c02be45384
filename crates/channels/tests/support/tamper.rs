//! What each provider's signature must notice.

use crate::case::Case;
use chrono::TimeDelta;
use http::HeaderValue;
use relevo_channels::{Account, Channel, Refusal, Secret, Unverified};

struct Signature {
    /// Headers that prove the sender. None may be missing, none may be changed.
    headers: &'static [&'static str],
    covers_body: bool,
    covers_url: bool,
    window_seconds: Option<i64>,
    /// Anybody may write where no secret is set.
    open_without_secret: bool,
}

fn signature(slug: &str) -> Signature {
    let plain = |headers| Signature {
        headers,
        covers_body: true,
        covers_url: false,
        window_seconds: None,
        open_without_secret: false,
    };
    let presented = |headers| Signature { covers_body: false, ..plain(headers) };
    match slug {
        "in-app" | "phone" | "standard" => Signature {
            window_seconds: Some(300),
            ..plain(&["webhook-id", "webhook-timestamp", "webhook-signature"])
        },
        "instagram" | "messenger" | "whatsapp" => plain(&["x-hub-signature-256"]),
        "jira" => plain(&["x-hub-signature"]),
        "slack" => Signature {
            window_seconds: Some(300),
            ..plain(&["x-slack-request-timestamp", "x-slack-signature"])
        },
        "form" => Signature { open_without_secret: true, ..presented(&["authorization"]) },
        "mime" => presented(&["authorization"]),
        // Signed fields are in the body: the fixtures hold each of them changed.
        "mailgun" => Signature { window_seconds: Some(9 * 3600), ..presented(&[]) },
        "postmark" => presented(&["authorization"]),
        "sendgrid-events" => {
            plain(&["x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"])
        }
        "kommo" | "podio" | "sendgrid" => presented(&[]),
        "kommo-chats" => plain(&["x-signature"]),
        "telegram" => presented(&["x-telegram-bot-api-secret-token"]),
        "twilio-sms" | "twilio-voice" | "twilio-whatsapp" => {
            Signature { covers_url: true, ..plain(&["x-twilio-signature"]) }
        }
        _ => panic!("say here what the signature of {slug} covers"),
    }
}

pub fn check(channel: &Channel, case: &Case) {
    let signature = signature(channel.slug);
    let place = case.folder.display();
    let verify = |request: Unverified, account: &Account, seconds: i64| {
        (channel.verify)(request, account, case.now + TimeDelta::seconds(seconds)).map(|_| ())
    };
    let refused = |request: Unverified, what: &str| {
        assert!(verify(request, &case.account, 0).is_err(), "{place}: accepted with {what}");
    };

    if signature.covers_body && !case.request.body.is_empty() {
        let length = case.request.body.len();
        for at in (0..length).step_by((length / 16).max(1)).chain(length.checked_sub(1)) {
            let mut request = case.request();
            request.body[at] ^= 0x01;
            refused(request, &format!("byte {at} of the body changed"));
        }
        let mut request = case.request();
        request.body.push(b'\n');
        refused(request, "a byte appended to the body");
        let mut request = case.request();
        request.body.pop();
        refused(request, "the body cut");
    }
    if signature.covers_url {
        let mut request = case.request();
        request.path_and_query.push_str(if request.path_and_query.contains('?') { "&x=1" } else { "?x=1" });
        refused(request, "the URL changed");
    }
    if signature.open_without_secret && case.account.secrets.is_empty() {
        return;
    }
    for name in signature.headers {
        let mut request = case.request();
        assert!(request.headers.remove(*name).is_some(), "{place}: no {name}");
        assert_eq!(verify(request, &case.account, 0), Err(Refusal::Missing), "{place}: without {name}");

        let value = case.request.headers[*name].to_str().unwrap().to_owned();
        // Among several signatures only the last one is ours.
        for at in value.rfind(' ').map_or(0, |space| space + 1)..value.len() {
            let mut bytes = value.clone().into_bytes();
            bytes[at] = if bytes[at] == b'5' { b'6' } else { b'5' };
            let mut request = case.request();
            request.headers.insert(*name, HeaderValue::from_bytes(&bytes).unwrap());
            // The unused bits of base64's last character may differ.
            if bytes.get(at + 1) != Some(&b'=') {
                refused(request, &format!("character {at} of {name} changed"));
            }
        }
        for (first, second) in [(&*value, "x"), ("x", &*value), (&*value, &*value)] {
            let mut request = case.request();
            request.headers.insert(*name, HeaderValue::from_str(first).unwrap());
            request.headers.append(*name, HeaderValue::from_str(second).unwrap());
            refused(request, &format!("{name} twice"));
        }
        let mut request = case.request();
        request.headers.insert(*name, HeaderValue::from_static(""));
        refused(request, &format!("{name} empty"));
    }

    let with = |secrets: &[&str]| Account {
        secrets: secrets.iter().map(|secret| Secret::from(*secret)).collect(),
        ..case.account.clone()
    };
    let mut own = case.account.secrets.iter().map(Secret::expose);
    let own = own.find(|secret| verify(case.request(), &with(&[secret]), 0).is_ok());
    let own = own.unwrap_or_else(|| panic!("{place}: no single secret fits"));
    assert!(
        verify(case.request(), &with(&["bm90IHRoaXMgb25l"]), 0).is_err(),
        "{place}: a foreign secret fits"
    );
    let bare = if signature.open_without_secret { Ok(()) } else { Err(Refusal::NotConfigured) };
    assert_eq!(verify(case.request(), &with(&[]), 0), bare, "{place}: no secret");
    for order in [["bm90IHRoaXMgb25l", own], [own, "bm90IHRoaXMgb25l"]] {
        assert_eq!(
            verify(case.request(), &with(&order), 0),
            Ok(()),
            "{place}: a rotated secret does not fit"
        );
    }
    assert_eq!(verify(case.request(), &case.account, 0), Ok(()), "{place}");
    if let Some(window) = signature.window_seconds {
        for seconds in [window + 301, -window - 301] {
            let result = verify(case.request(), &case.account, seconds);
            assert_eq!(result, Err(Refusal::Stale), "{place}: {seconds} s off");
        }
    }
}
