//! Work at another system's API that takes several requests.

use crate::format::{Reached, reach};
use crate::send::{End, ask};
use relevo_channels::Outcome;
use relevo_channels::exchange::{Exchange, Turn};
use relevo_channels::media::Answered;
use relevo_edge::app::DeskContext;
use relevo_edge::clock;

/// Requests that one piece of work may take.
const MOST_REQUESTS: usize = 12;

/// Largest answer that is read.
const MAX_ANSWER_BYTES: usize = 2 * 1024 * 1024;

/// Asks until the work is done; `asked` tells whether the provider was asked at all.
///
/// # Errors
/// That it is not done, now or ever.
pub async fn hold(
    context: &DeskContext,
    (channel, account): (&str, &str),
    base_url: Option<&'static str>,
    work: &mut dyn Exchange,
    asked: &mut bool,
) -> Result<(), Outcome> {
    let Reached { account, base, stand_in, .. } = reach(context, channel, account, base_url).await?;
    let refused = |why: &str| Outcome::Refused { why: why.to_owned() };
    let retry = |why: String| Outcome::Retry { after_seconds: None, why };
    let mut turn = work.begin(&account, clock::now());
    for _ in 0..MOST_REQUESTS {
        let request = match turn {
            Turn::Ask(request) => request,
            Turn::Done => return Ok(()),
            Turn::Not(outcome) => return Err(outcome),
        };
        let url = format!("{}{}", base.trim_end_matches('/'), request.path);
        let url = relevo_outward::parse(&url, &stand_in).map_err(refused)?;
        *asked = true;
        let answer = ask(request.method, url, request.headers, request.body.into(), MAX_ANSWER_BYTES).await;
        let answer = answer.map_err(retry)?;
        match answer.end {
            End::Whole => {}
            End::BrokeOff => return Err(retry("the answer broke off".to_owned())),
            End::TooLong => return Err(refused("the provider's answer is larger than is read")),
        }
        let answered = Answered { status: answer.status, headers: &answer.headers, body: &answer.body };
        turn = work.next(&account, answered, clock::now());
    }
    match turn {
        Turn::Done => Ok(()),
        Turn::Not(outcome) => Err(outcome),
        Turn::Ask(_) => Err(refused("the provider led on and on")),
    }
}
