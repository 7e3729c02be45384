//! Telegram: `getFile` gives a path that is good for at least an hour, below `/file/bot{token}/`. Bots get files of up to
//! 20 MB.
//!
//! Source: Telegram, "Bot API: getFile".

use super::{Answered, Fetcher, MediaRequest, Place, Step, again, ask, fault, refused};
use crate::{account::Account, outbound::FormatError, telegram};
use http::HeaderMap;
use relevo_domain::Private;
use serde_json::Value;

pub(super) static FETCHER: Fetcher =
    Fetcher { base_url: telegram::BASE_URL, first: look_up, next: looked_up };

fn look_up(account: &Account, place: Place<'_>, id: &str) -> Result<MediaRequest, FormatError> {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("file_id", id).finish();
    request(place.join(&format!("/bot{}/getFile?{query}", telegram::token(account)?)))
}

fn request(url: String) -> Result<MediaRequest, FormatError> {
    Ok(MediaRequest { url: Private(url), headers: HeaderMap::new() })
}

fn looked_up(account: &Account, place: Place<'_>, asked: &MediaRequest, answered: Answered<'_>) -> Step {
    let files = match telegram::token(account) {
        Ok(token) => place.join(&format!("/file/bot{token}/")),
        Err(why) => return refused(&why.to_string()),
    };
    if asked.url.0.starts_with(&files) {
        return fault(answered).unwrap_or(Step::File);
    }
    match answered.status {
        // "wrong file_id", "file is too big": no token or method is at fault.
        400 => return refused("the provider no longer has the file, or it is too large for bots"),
        401 | 404 => return refused("the bot's token is not valid"),
        _ => {}
    }
    if let Some(fault) = fault(answered) {
        return fault;
    }
    let answer: Value = serde_json::from_slice(answered.body).unwrap_or_default();
    let Some(path) = answer.pointer("/result/file_path").and_then(Value::as_str) else {
        return again("the provider did not say where the file is");
    };
    // It goes behind a token: nothing may lead elsewhere.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
    if path.is_empty() || path.contains("..") || !path.chars().all(plain) {
        return refused("the provider said something else than where the file is");
    }
    ask(request(format!("{files}{path}")))
}
