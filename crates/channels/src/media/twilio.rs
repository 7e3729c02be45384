//! Twilio: `MediaUrl…` and `RecordingUrl` take basic authentication and may lead to a signed URL elsewhere, which must not
//! be shown the credentials. Media stay until the account deletes them, which some do soon.
//!
//! Source: Twilio, "Media resource", "Recordings resource", "Protect media access with HTTP basic authentication".

use super::{Answered, ELSEWHERE, Fetcher, MediaRequest, Place, Step, ask, fault, refused};
use crate::{account::Account, outbound::FormatError, twilio};
use http::{HeaderMap, Uri, header};
use relevo_domain::Private;

pub(super) static FETCHER: Fetcher = Fetcher { base_url: twilio::BASE_URL, first: own, next: led_on };

/// Where references are, which takes the credentials; an account in another region says so by its `base_url`.
const API: &[&str] = &["api.twilio.com"];

/// Where they lead to: its own networks, and the storage below them (`s3-external-1.amazonaws.com` where media are
/// public).
const HOSTS: &[&str] = &[".twilio.com", ".twiliocdn.com", ".amazonaws.com"];

fn own(account: &Account, place: Place<'_>, url: &str) -> Result<MediaRequest, FormatError> {
    let of_account = url.parse::<Uri>().is_ok_and(|uri| uri.path().starts_with("/2010-04-01/Accounts/"));
    let url = place.at(url, API).filter(|_| of_account).ok_or(ELSEWHERE)?;
    Ok(MediaRequest { url: Private(url), headers: twilio::authorisation(account)? })
}

fn led_on(_: &Account, place: Place<'_>, asked: &MediaRequest, answered: Answered<'_>) -> Step {
    if !matches!(answered.status, 301 | 302 | 303 | 307 | 308) {
        return fault(answered).unwrap_or(Step::File);
    }
    // Led on once, to where no credentials are needed.
    if !asked.headers.contains_key(header::AUTHORIZATION) {
        return refused("the provider led on and on");
    }
    let to = answered.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    let url = place.at(to, HOSTS).ok_or(ELSEWHERE);
    ask(url.map(|url| MediaRequest { url: Private(url), headers: HeaderMap::new() }))
}
