//! Files that a provider keeps for a while: the requests that fetch one, and what its answers mean.
//!
//! Whether a reference leads anywhere is up to whoever wrote the webhook: only hosts that the provider is known to serve
//! files from are asked, over https, and the account's credentials go to its API alone.

mod mailgun;
mod meta;
mod slack;
mod telegram;
#[cfg(test)]
mod tests;
mod twilio;

pub(crate) use meta::is_metas;

use crate::{
    account::Account,
    outbound::{FormatError, Outcome, retry_after},
};
use http::{HeaderMap, Uri};
use relevo_domain::Private;

/// A GET.
#[derive(Clone, Debug)]
pub struct MediaRequest {
    /// Where; whoever has it may have the file.
    pub url: Private<String>,
    /// Headers, authorisation included.
    pub headers: HeaderMap,
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, or as much of it as was read.
    pub body: &'a [u8],
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

/// Where the provider is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Scheme and host of its API.
    pub base: &'a str,
    /// That is a stand-in, which plays all of the provider's hosts.
    pub is_rehearsal: bool,
}

/// How a channel's files are fetched.
pub struct Fetcher {
    /// The provider's API, unless the account says otherwise.
    pub base_url: &'static str,
    /// The first request for a reference.
    pub first: fn(&Account, Place<'_>, reference: &str) -> Result<MediaRequest, FormatError>,
    /// What an answer to a request means.
    pub next: fn(&Account, Place<'_>, &MediaRequest, Answered<'_>) -> Step,
}

/// How the files of a channel are fetched; none if they come with the message, or stay where they are.
pub fn fetcher(channel: &str) -> Option<&'static Fetcher> {
    Some(match channel {
        "instagram" => &meta::INSTAGRAM,
        "mailgun" => &mailgun::FETCHER,
        "messenger" => &meta::MESSENGER,
        "slack" => &slack::FETCHER,
        "telegram" => &telegram::FETCHER,
        "twilio-sms" | "twilio-voice" | "twilio-whatsapp" => &twilio::FETCHER,
        "whatsapp" => &meta::WHATSAPP,
        _ => return None,
    })
}

/// Can the files of a channel be fetched? To know of it without carrying the code.
pub fn is_fetched(channel: &str) -> bool {
    FETCHED.contains(&channel)
}

/// The slugs that [`fetcher`] knows.
const FETCHED: &[&str] = &[
    "instagram",
    "mailgun",
    "messenger",
    "slack",
    "telegram",
    "twilio-sms",
    "twilio-voice",
    "twilio-whatsapp",
    "whatsapp",
];

impl Place<'_> {
    /// An URL at one of the hosts (a name, or from a dot on the end of one) over https, without a user or a port; or at
    /// the API itself. The stand-in plays them all.
    fn at(&self, url: &str, hosts: &[&str]) -> Option<String> {
        let uri: Uri = url.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
        let base: Option<Uri> = self.base.parse().ok();
        let is_own = base.is_some_and(|base| {
            base.scheme_str() == Some(scheme) && base.authority().map(|own| own.as_str()) == Some(authority)
        });
        if is_own {
            return Some(url.to_owned());
        }
        let host = authority.to_ascii_lowercase();
        let is_one = |known: &&str| host == **known || (known.starts_with('.') && host.ends_with(*known));
        if scheme != "https" || host.contains(['@', ':']) || !hosts.iter().any(is_one) {
            return None;
        }
        match (self.is_rehearsal, uri.path_and_query()) {
            (true, Some(path)) => Some(self.join(path.as_str())),
            (true, None) => None,
            (false, _) => Some(url.to_owned()),
        }
    }

    fn join(&self, path: &str) -> String {
        format!("{}{path}", self.base.trim_end_matches('/'))
    }
}

/// The refusal of an URL.
const ELSEWHERE: FormatError =
    FormatError::Invalid { what: "the file's URL", why: "it is not at a host of the provider's" };

/// What every provider means by a status that is no success.
fn fault(answered: Answered<'_>) -> Option<Step> {
    let status = answered.status;
    Some(match status {
        200..=299 => return None,
        408 | 425 | 429 | 500.. => {
            let after_seconds = retry_after(answered.headers);
            Step::Not(Outcome::Retry { after_seconds, why: format!("HTTP {status}") })
        }
        401 | 403 => refused("the provider does not take the account's credentials for it"),
        404 | 410 => refused("the provider no longer has the file"),
        _ => refused(&format!("HTTP {status}")),
    })
}

fn refused(why: &str) -> Step {
    Step::Not(Outcome::Refused { why: why.to_owned() })
}

fn again(why: &str) -> Step {
    Step::Not(Outcome::Retry { after_seconds: None, why: why.to_owned() })
}

/// The next request, where one could be made.
fn ask(request: Result<MediaRequest, FormatError>) -> Step {
    match request {
        Ok(request) => Step::Ask(request),
        Err(why) => refused(&why.to_string()),
    }
}
