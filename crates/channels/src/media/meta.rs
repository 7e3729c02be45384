//! WhatsApp: `GET /{version}/{media id}` gives an URL that is good for five minutes and takes the same token; the media
//! itself is gone after 30 days (that of webhooks after 7). Messenger and Instagram: the webhook has an URL of the
//! content network, which takes no token and is good for some days.
//!
//! Source: Meta, "WhatsApp Cloud API: media", "Messenger Platform: message attachments", "Instagram messaging".

use super::{Answered, ELSEWHERE, Fetcher, MediaRequest, Place, Step, again, ask, fault};
use crate::{account::Account, instagram, messenger, outbound::FormatError, whatsapp};
use http::{HeaderMap, Uri};
use relevo_domain::Private;
use serde_json::Value;

pub(super) static WHATSAPP: Fetcher =
    Fetcher { base_url: whatsapp::BASE_URL, first: look_up, next: looked_up };
pub(super) static MESSENGER: Fetcher = Fetcher { base_url: messenger::BASE_URL, first: public, next: file };
pub(super) static INSTAGRAM: Fetcher = Fetcher { base_url: instagram::BASE_URL, first: public, next: file };

/// Hosts that WhatsApp serves files from.
const WHATSAPP_HOSTS: &[&str] = &["lookaside.fbsbx.com"];

/// The content network.
const HOSTS: &[&str] = &[".cdninstagram.com", ".fbcdn.net", ".fbsbx.com"];

/// Is it a file of the content network?
pub(crate) fn is_metas(url: &str) -> bool {
    let Some(uri) = url.parse::<Uri>().ok().filter(|uri| uri.scheme_str() == Some("https")) else {
        return false;
    };
    uri.host().is_some_and(|host| HOSTS.iter().any(|known| host.ends_with(known)))
}

fn look_up(account: &Account, place: Place<'_>, id: &str) -> Result<MediaRequest, FormatError> {
    // It goes into a path.
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FormatError::Invalid { what: "the media id", why: "it is not a number" });
    }
    authorised(account, format!("{}{id}", lookups(account, place)?))
}

/// What the URLs of look-ups begin with.
fn lookups(account: &Account, place: Place<'_>) -> Result<String, FormatError> {
    Ok(place.join(&format!("/{}/", whatsapp::version(account)?)))
}

fn authorised(account: &Account, url: String) -> Result<MediaRequest, FormatError> {
    Ok(MediaRequest { url: Private(url), headers: whatsapp::authorisation(account)? })
}

fn looked_up(account: &Account, place: Place<'_>, asked: &MediaRequest, answered: Answered<'_>) -> Step {
    if let Some(fault) = fault(answered) {
        return fault;
    }
    if !lookups(account, place).is_ok_and(|lookups| asked.url.0.starts_with(&lookups)) {
        return Step::File;
    }
    let answer: Value = serde_json::from_slice(answered.body).unwrap_or_default();
    let Some(url) = answer.get("url").and_then(Value::as_str) else {
        return again("the provider did not say where the file is");
    };
    ask(place.at(url, WHATSAPP_HOSTS).ok_or(ELSEWHERE).and_then(|url| authorised(account, url)))
}

fn public(_: &Account, place: Place<'_>, url: &str) -> Result<MediaRequest, FormatError> {
    let url = place.at(url, HOSTS).ok_or(ELSEWHERE)?;
    Ok(MediaRequest { url: Private(url), headers: HeaderMap::new() })
}

fn file(_: &Account, _: Place<'_>, _: &MediaRequest, answered: Answered<'_>) -> Step {
    match answered.status {
        // What the signature in the URL was good for is over.
        403 => super::refused("the provider no longer has the file"),
        _ => fault(answered).unwrap_or(Step::File),
    }
}
