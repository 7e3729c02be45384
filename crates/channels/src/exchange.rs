//! Work at another system's API that takes more than one request: what is asked first, and what an answer leads to.

use crate::{
    account::Account,
    media::Answered,
    outbound::{FormatError, OutboundRequest, Outcome, retry_after},
};
use chrono::{DateTime, Utc};

/// What comes next.
#[derive(Debug)]
pub enum Turn {
    /// A request.
    Ask(OutboundRequest),
    /// Nothing: it is done.
    Done,
    /// Not now, or never: [`Outcome::Retry`] or [`Outcome::Refused`].
    Not(Outcome),
}

/// A piece of work, from its first request to its end. Begun again after a crash it does nothing twice.
pub trait Exchange {
    /// The first request.
    fn begin(&mut self, account: &Account, now: DateTime<Utc>) -> Turn;
    /// What an answer to the request before leads to.
    fn next(&mut self, account: &Account, answered: Answered<'_>, now: DateTime<Utc>) -> Turn;
}

/// The request, where one could be made.
pub(crate) fn ask(request: Result<OutboundRequest, FormatError>) -> Turn {
    match request {
        Ok(request) => Turn::Ask(request),
        Err(why) => refused(why.to_string()),
    }
}

pub(crate) fn refused(why: impl Into<String>) -> Turn {
    Turn::Not(Outcome::Refused { why: why.into() })
}

/// Something that may be otherwise soon.
pub(crate) fn again(answered: Answered<'_>, why: impl Into<String>) -> Turn {
    Turn::Not(Outcome::Retry { after_seconds: retry_after(answered.headers), why: why.into() })
}

/// What a status means that is neither success nor anything particular.
pub(crate) fn fault(answered: Answered<'_>) -> Turn {
    let why = format!("HTTP {}", answered.status);
    match answered.status {
        // 420 is Podio's for too many requests.
        408 | 409 | 420 | 425 | 429 | 500.. => again(answered, why),
        _ => refused(why),
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;
    use http::{HeaderMap, header};

    /// Plays the answers; what was asked, as method, path and authorisation, the last body, and how it ended in words.
    pub(crate) fn play(
        work: &mut dyn Exchange,
        account: &Account,
        now: DateTime<Utc>,
        answers: &[(u16, &str)],
    ) -> (Vec<String>, serde_json::Value, String) {
        let (mut asked, mut body, headers) = (Vec::new(), serde_json::Value::Null, HeaderMap::new());
        let mut turn = work.begin(account, now);
        let mut answers = answers.iter();
        while let Turn::Ask(request) = &turn {
            let token =
                request.headers.get(header::AUTHORIZATION).map_or("", |token| token.to_str().unwrap());
            asked.push(format!("{} {} {token}", request.method, request.path).trim_end().to_owned());
            body = serde_json::from_slice(&request.body).unwrap_or(body);
            let (status, answer) = answers.next().unwrap_or_else(|| panic!("no answer to {asked:?}"));
            turn = work.next(
                account,
                Answered { status: *status, headers: &headers, body: answer.as_bytes() },
                now,
            );
        }
        assert!(answers.next().is_none(), "it ended before all was answered: {turn:?}");
        let end = match turn {
            Turn::Not(Outcome::Refused { why }) => why,
            Turn::Not(Outcome::Retry { why, .. }) => format!("later: {why}"),
            Turn::Done | Turn::Ask(_) | Turn::Not(Outcome::Sent { .. }) => "done".to_owned(),
        };
        (asked, body, end)
    }
}
