//! Mailgun: a route's `store()` keeps the mail and says where its files are (`attachments[].url`), at whichever of the
//! provider's storages; the API key opens them for three days.
//!
//! Source: Mailgun, "Storing and retrieving messages", "Receive messages via store()".

use super::{Answered, ELSEWHERE, Fetcher, MediaRequest, Place, Step, fault};
use crate::{account::Account, mailgun, outbound::FormatError};
use relevo_domain::Private;

pub(super) static FETCHER: Fetcher = Fetcher { base_url: mailgun::BASE_URL, first, next };

/// Where files are (`storage-us-east4.api.mailgun.net`, `so.api.mailgun.net`), which takes the key.
const HOSTS: &[&str] = &[".mailgun.net", ".mailgun.org"];

fn first(account: &Account, place: Place<'_>, url: &str) -> Result<MediaRequest, FormatError> {
    let url = place.at(url, HOSTS).ok_or(ELSEWHERE)?;
    Ok(MediaRequest { url: Private(url), headers: mailgun::authorisation(account)? })
}

/// Whoever is led elsewhere is not: nothing says that Mailgun does so, and the key must not follow.
fn next(_: &Account, _: Place<'_>, _: &MediaRequest, answered: Answered<'_>) -> Step {
    fault(answered).unwrap_or(Step::File)
}
