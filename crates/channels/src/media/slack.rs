//! Slack: `url_private_download` takes the bot's token (scope `files:read`). Without the scope it leads to a page to
//! sign in, sometimes with status 200.
//!
//! Source: Slack, "File object", "Working with files".

use super::{Answered, ELSEWHERE, Fetcher, MediaRequest, Place, Step, fault, refused};
use crate::{
    account::Account,
    outbound::{FormatError, secret_header},
    slack,
};
use http::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE};
use relevo_domain::Private;

pub(super) static FETCHER: Fetcher = Fetcher { base_url: slack::BASE_URL, first: private, next: file };

/// Where files are, which takes the token.
const HOSTS: &[&str] = &["files.slack.com"];

const NO_SCOPE: &str = "the bot may not read files: give it the scope files:read";

fn private(account: &Account, place: Place<'_>, url: &str) -> Result<MediaRequest, FormatError> {
    let url = place.at(url, HOSTS).ok_or(ELSEWHERE)?;
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    let headers = secret_header(AUTHORIZATION, &format!("Bearer {}", token.expose()), "access_token")?;
    Ok(MediaRequest { url: Private(url), headers })
}

fn file(_: &Account, _: Place<'_>, _: &MediaRequest, answered: Answered<'_>) -> Step {
    let header = |name| answered.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A file is sent as one, whatever is in it; the page to sign in is not.
    let is_page = header(CONTENT_TYPE).starts_with("text/html") && header(CONTENT_DISPOSITION).is_empty();
    match answered.status {
        301 | 302 | 303 | 307 | 308 => refused(NO_SCOPE),
        200..=299 if is_page => refused(NO_SCOPE),
        _ => fault(answered).unwrap_or(Step::File),
    }
}
