//! Slack: `url_private_download` takes the bot's token (scope `files:read`). Without the scope it leads to a page to
//! sign in, sometimes with status 200. Of a file in a channel that is shared with others the webhook has the id alone
//! (`file_access: check_file_info`): `files.info` says where it is.
//!
//! Source: Slack, "File object", "Working with files", "files.info".

use super::{Answered, ELSEWHERE, Fetcher, MediaRequest, Place, Step, again, ask, fault, refused};
use crate::{
    account::Account,
    outbound::{FormatError, secret_header},
    slack,
};
use http::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE};
use relevo_domain::Private;
use serde_json::Value;

pub(super) static FETCHER: Fetcher = Fetcher { base_url: slack::BASE_URL, first, next };

/// Where files are, which takes the token.
const HOSTS: &[&str] = &["files.slack.com"];

/// Where the API says what a file is.
const INFO: &str = "/api/files.info?file=";

const NO_SCOPE: &str = "the bot may not read files: give it the scope files:read";

fn first(account: &Account, place: Place<'_>, reference: &str) -> Result<MediaRequest, FormatError> {
    // An id goes into a query; an URL has other characters.
    if !reference.is_empty() && reference.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return authorised(account, place.join(&format!("{INFO}{reference}")));
    }
    private(account, place, reference)
}

fn private(account: &Account, place: Place<'_>, url: &str) -> Result<MediaRequest, FormatError> {
    authorised(account, place.at(url, HOSTS).ok_or(ELSEWHERE)?)
}

fn authorised(account: &Account, url: String) -> Result<MediaRequest, FormatError> {
    let token = account.access_token.as_ref().ok_or(FormatError::Setting("access_token"))?;
    let headers = secret_header(AUTHORIZATION, &format!("Bearer {}", token.expose()), "access_token")?;
    Ok(MediaRequest { url: Private(url), headers })
}

fn next(account: &Account, place: Place<'_>, asked: &MediaRequest, answered: Answered<'_>) -> Step {
    if !asked.url.0.starts_with(&place.join(INFO)) {
        return file(answered);
    }
    if let Some(fault) = fault(answered) {
        return fault;
    }
    let answer: Value = serde_json::from_slice(answered.body).unwrap_or_default();
    match answer.get("error").and_then(Value::as_str) {
        None => {}
        Some(
            "ratelimited" | "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout",
        ) => {
            return again("Slack cannot say now where the file is");
        }
        Some("file_not_found" | "file_deleted") => return refused("the provider no longer has the file"),
        Some("missing_scope") => return refused(NO_SCOPE),
        Some(_) => return refused("the provider does not take the account's credentials for it"),
    }
    let at = |key: &str| answer.get("file")?.get(key)?.as_str();
    match at("url_private_download").or_else(|| at("url_private")) {
        Some(url) => ask(private(account, place, url)),
        None => refused("the provider keeps no bytes of the file"),
    }
}

fn file(answered: Answered<'_>) -> Step {
    let header = |name| answered.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A file is sent as one, whatever is in it; the page to sign in is not.
    let is_page = header(CONTENT_TYPE).starts_with("text/html") && header(CONTENT_DISPOSITION).is_empty();
    match answered.status {
        301 | 302 | 303 | 307 | 308 => refused(NO_SCOPE),
        200..=299 if is_page => refused(NO_SCOPE),
        _ => fault(answered).unwrap_or(Step::File),
    }
}
