//! Files that a provider keeps for a while: the requests that fetch one, and what its answers mean.
//!
//! WhatsApp: `GET /{version}/{media id}` gives an URL that is good for five minutes and takes the same token; the media
//! itself is gone after 30 days (of webhooks: 7). Twilio: `MediaUrl…` and `RecordingUrl` take basic authentication and
//! lead to a signed URL elsewhere, which must not be shown the credentials.
//!
//! An URL comes from outside: only hosts that the provider is known to serve files from are asked, over https.
//!
//! Sources: Meta, "WhatsApp Cloud API: media"; Twilio, "Media resource", "Recordings resource".

use crate::{
    account::Account,
    outbound::{FormatError, Outcome, retry_after},
    twilio, whatsapp,
};
use http::{HeaderMap, Uri, header};
use relevo_domain::Private;
use serde_json::Value;

/// Hosts that WhatsApp serves files from.
const WHATSAPP_HOSTS: &[&str] = &["lookaside.fbsbx.com"];

/// Hosts that Twilio's media and recordings are at, and those that it leads to.
const TWILIO_HOSTS: &[&str] = &[
    "api.twilio.com",
    "media.twiliocdn.com",
    "mms.twiliocdn.com",
    "s3-external-1.amazonaws.com",
    "com-twilio-us1-recording.s3.amazonaws.com",
];

/// A GET.
#[derive(Clone, Debug)]
pub struct MediaRequest {
    /// Where; whoever has it may have the file.
    pub url: Private<String>,
    /// Headers, authorisation included.
    pub headers: HeaderMap,
}

/// What comes after an answer.
#[derive(Debug)]
pub enum Step {
    /// Another request.
    Ask(MediaRequest),
    /// The answer's body is the file.
    File,
    /// Not now, or never: [`Outcome::Retry`] or [`Outcome::Refused`].
    Not(Outcome),
}

/// How a channel's files are fetched. `base` is where the provider's API is.
pub struct Fetcher {
    /// The first request for a reference.
    pub first: fn(&Account, base: &str, reference: &str) -> Result<MediaRequest, FormatError>,
    /// What an answer means.
    pub next: fn(&Account, base: &str, asked: &MediaRequest, u16, &HeaderMap, &[u8]) -> Step,
}

/// How the files of a channel are fetched; none if they come with the message, or stay where they are.
pub fn fetcher(channel: &str) -> Option<&'static Fetcher> {
    static WHATSAPP: Fetcher = Fetcher { first: whatsapp_first, next: whatsapp_next };
    static TWILIO: Fetcher = Fetcher { first: twilio_first, next: twilio_next };
    match channel {
        "whatsapp" => Some(&WHATSAPP),
        "twilio-sms" | "twilio-whatsapp" | "twilio-voice" => Some(&TWILIO),
        _ => None,
    }
}

fn whatsapp_first(account: &Account, base: &str, id: &str) -> Result<MediaRequest, FormatError> {
    // It goes into a path.
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FormatError::Invalid { what: "the media id", why: "it is not a number" });
    }
    let url = format!("{}/{}/{id}", base.trim_end_matches('/'), whatsapp::version(account)?);
    whatsapp_request(account, url)
}

fn whatsapp_request(account: &Account, url: String) -> Result<MediaRequest, FormatError> {
    Ok(MediaRequest { url: Private(url), headers: whatsapp::authorisation(account)? })
}

fn whatsapp_next(
    account: &Account,
    base: &str,
    asked: &MediaRequest,
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
) -> Step {
    if let Some(fault) = fault(status, headers) {
        return fault;
    }
    let about = format!("{}/{}/", base.trim_end_matches('/'), whatsapp::version(account).unwrap_or_default());
    let is_file = !asked.url.0.starts_with(&about);
    if is_file {
        return Step::File;
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(url) = answer.get("url").and_then(Value::as_str) else {
        return again("the provider did not say where the file is");
    };
    match (is_allowed(url, WHATSAPP_HOSTS, base), whatsapp_request(account, url.to_owned())) {
        (true, Ok(request)) => Step::Ask(request),
        (false, _) => refused("the file is at a host that is not the provider's"),
        (_, Err(why)) => refused(&why.to_string()),
    }
}

fn twilio_first(account: &Account, base: &str, url: &str) -> Result<MediaRequest, FormatError> {
    let own = url.parse::<Uri>().ok().filter(|uri| uri.host() == Some("api.twilio.com"));
    let own = own.filter(|uri| uri.path().starts_with("/2010-04-01/Accounts/"));
    if own.is_none() || !is_allowed(url, TWILIO_HOSTS, base) {
        let why = "it is not at the provider's API: the credentials are for that alone";
        return Err(FormatError::Invalid { what: "the file's URL", why });
    }
    // Where the API is elsewhere (a region, a stand-in) so are its files.
    let path = url.strip_prefix("https://api.twilio.com").unwrap_or_default();
    let url = format!("{}{path}", base.trim_end_matches('/'));
    Ok(MediaRequest { url: Private(url), headers: twilio::authorisation(account)? })
}

fn twilio_next(
    _: &Account,
    base: &str,
    asked: &MediaRequest,
    status: u16,
    headers: &HeaderMap,
    _: &[u8],
) -> Step {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return fault(status, headers).unwrap_or(Step::File);
    }
    let to = headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
    // Led on once, to where no credentials are needed.
    match to.filter(|_| asked.headers.contains_key(header::AUTHORIZATION)) {
        Some(to) if is_allowed(to, TWILIO_HOSTS, base) => {
            Step::Ask(MediaRequest { url: Private(to.to_owned()), headers: HeaderMap::new() })
        }
        Some(_) => refused("the file is at a host that is not the provider's"),
        None => refused("the provider led on and on"),
    }
}

/// Over https, without a user or a port, at one of the hosts; or at the API's own origin (a stand-in).
fn is_allowed(url: &str, hosts: &[&str], base: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let origin = |uri: &Uri| Some((uri.scheme_str()?.to_owned(), uri.authority()?.as_str().to_owned()));
    if base.parse::<Uri>().ok().as_ref().and_then(origin).is_some_and(|own| Some(own) == origin(&uri)) {
        return true;
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    uri.scheme_str() == Some("https") && hosts.contains(&authority)
}

fn fault(status: u16, headers: &HeaderMap) -> Option<Step> {
    let why = match status {
        200..=299 => return None,
        408 | 425 | 429 | 500.. => {
            let why = format!("HTTP {status}");
            return Some(Step::Not(Outcome::Retry { after_seconds: retry_after(headers), why }));
        }
        401 | 403 => "the provider does not take the account's credentials",
        404 | 410 => "the provider no longer has the file",
        _ => return Some(refused(&format!("HTTP {status}"))),
    };
    Some(refused(why))
}

fn refused(why: &str) -> Step {
    Step::Not(Outcome::Refused { why: why.to_owned() })
}

fn again(why: &str) -> Step {
    Step::Not(Outcome::Retry { after_seconds: None, why: why.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use serde_json::json;

    const GRAPH: &str = "https://graph.facebook.com";
    const TWILIO: &str = "https://api.twilio.com";
    const MEDIA: &str = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1";

    fn account() -> Account {
        let settings = json!({"account_sid": "AC1"});
        let settings = settings.as_object().cloned().unwrap();
        Account { access_token: Some(Secret::new("token")), settings, ..Account::default() }
    }

    fn next(channel: &str, base: &str, asked: &MediaRequest, status: u16, to: &str, body: &Value) -> Step {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, to.parse().unwrap());
        headers.insert(header::RETRY_AFTER, "7".parse().unwrap());
        (fetcher(channel).unwrap().next)(
            &account(),
            base,
            asked,
            status,
            &headers,
            body.to_string().as_bytes(),
        )
    }

    fn asks(step: Step) -> MediaRequest {
        match step {
            Step::Ask(request) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whatsapp_says_where_the_file_is_and_gives_it_for_the_same_token() {
        let first = (fetcher("whatsapp").unwrap().first)(&account(), GRAPH, "42").unwrap();
        assert_eq!(first.url.0, "https://graph.facebook.com/v23.0/42");
        assert_eq!(first.headers[header::AUTHORIZATION], "Bearer token");
        let url = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=42&ext=1&hash=x";
        let second = asks(next("whatsapp", GRAPH, &first, 200, "x", &json!({"url": url, "id": "42"})));
        assert_eq!(
            (second.url.0.as_str(), &second.headers[header::AUTHORIZATION]),
            (url, &first.headers[header::AUTHORIZATION])
        );
        assert!(matches!(next("whatsapp", GRAPH, &second, 200, "x", &json!(null)), Step::File));
    }

    #[test]
    fn the_token_is_shown_to_no_other_host() {
        let first = (fetcher("whatsapp").unwrap().first)(&account(), GRAPH, "42").unwrap();
        for url in [
            "https://example.com/",
            "http://lookaside.fbsbx.com/",
            "https://lookaside.fbsbx.com.example.com/",
            "https://lookaside.fbsbx.com@example.com/",
            "https://lookaside.fbsbx.com:8443/",
            "https://169.254.169.254/",
            "//lookaside.fbsbx.com/",
            "",
        ] {
            let step = next("whatsapp", GRAPH, &first, 200, "x", &json!({ "url": url }));
            assert!(matches!(step, Step::Not(Outcome::Refused { .. })), "{url}: {step:?}");
        }
        for id in ["", "../me", "1/2", "1?x=y", "ñ"] {
            assert!((fetcher("whatsapp").unwrap().first)(&account(), GRAPH, id).is_err(), "{id}");
        }
    }

    #[test]
    fn twilio_leads_on_once_and_the_credentials_stay_behind() {
        let first = (fetcher("twilio-sms").unwrap().first)(&account(), TWILIO, MEDIA).unwrap();
        assert_eq!(first.url.0, MEDIA);
        assert_eq!(first.headers[header::AUTHORIZATION], "Basic QUMxOnRva2Vu");
        let to = "https://mms.twiliocdn.com/AC1/x?Signature=y";
        let second = asks(next("twilio-sms", TWILIO, &first, 307, to, &json!(null)));
        assert_eq!((second.url.0.as_str(), second.headers.len()), (to, 0));
        assert!(matches!(next("twilio-sms", TWILIO, &second, 200, "x", &json!(null)), Step::File));
        assert!(matches!(next("twilio-voice", TWILIO, &first, 200, "x", &json!(null)), Step::File));
        for (asked, to) in
            [(&second, to), (&first, "https://example.com/"), (&first, "http://mms.twiliocdn.com/")]
        {
            let step = next("twilio-sms", TWILIO, asked, 307, to, &json!(null));
            assert!(matches!(step, Step::Not(Outcome::Refused { .. })), "{to}: {step:?}");
        }
        for url in [
            "https://example.com/2010-04-01/Accounts/AC1/x",
            "https://api.twilio.com/other",
            "http://api.twilio.com/2010-04-01/Accounts/AC1/x",
            "blob:x",
        ] {
            assert!((fetcher("twilio-sms").unwrap().first)(&account(), TWILIO, url).is_err(), "{url}");
        }
    }

    #[test]
    fn passing_faults_are_tried_again_and_what_is_gone_is_gone() {
        let first = (fetcher("whatsapp").unwrap().first)(&account(), GRAPH, "42").unwrap();
        for status in [408, 429, 500, 503] {
            let step = next("whatsapp", GRAPH, &first, status, "x", &json!(null));
            assert!(
                matches!(step, Step::Not(Outcome::Retry { after_seconds: Some(7), .. })),
                "{status}: {step:?}"
            );
        }
        for status in [400, 401, 403, 404, 410] {
            let step = next("whatsapp", GRAPH, &first, status, "x", &json!(null));
            assert!(matches!(step, Step::Not(Outcome::Refused { .. })), "{status}: {step:?}");
        }
        let step = next("whatsapp", GRAPH, &first, 200, "x", &json!({}));
        assert!(matches!(step, Step::Not(Outcome::Retry { .. })), "half an answer: {step:?}");
    }
}
