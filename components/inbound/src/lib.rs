//! `POST /hooks/{desk}/{channel}/{account}`: verify, parse, decide, commit, answer. GET for handshakes.

mod again;
mod files;
mod identity;
mod intake;
mod issues;
mod item;
mod notes;
mod opening;
mod oversized;
mod person;
mod place;
mod portions;
mod votes;

use http::{Method, StatusCode};
use relevo_channels::{Account, Answer, Channel, IN_URL, Malformed, Repeats, Unverified};
use relevo_edge::app::{DeskContext, PublishedPack};
use relevo_edge::clock;
use relevo_edge::http::{Incoming, Response, respond, serve};
use relevo_edge::limits::{self, Spender};
use relevo_edge::problem::Problem;
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::wasip3::clocks::monotonic_clock::wait_for;
use std::rc::Rc;
use std::time::Duration;

/// Largest body: WhatsApp sends up to 3 MB.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Largest body where mails come in: providers take 25 MB of files and send them in base64 or in JSON.
const MAX_MAIL_BYTES: usize = 36 * 1024 * 1024;

/// Code of the one answer to whoever proves nothing.
const REFUSED: &str = "webhook_refused";

/// How long that answer takes, whatever was found out on the way: the time tells no more than the answer does.
const REFUSAL_TAKES: Duration = Duration::from_millis(5);

/// What the log calls it.
const REFUSED_EVENT: &str = "webhook.refused";

/// What it says where there is nothing that could be proved to.
const NOT_THERE: &str = "there is no such desk, channel or account";

/// Channels that mails and files come in through.
const WITH_FILES: [&str; 5] = ["form", "mailgun", "mime", "postmark", "sendgrid"];

/// Items of one request: several times what the largest batch of any provider has. What keeps more takes so long that
/// others wait for it.
const MAX_ITEMS: usize = 5_000;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let channel = request.uri().path().split('/').nth(3).unwrap_or_default();
    let limit = if WITH_FILES.contains(&channel) { MAX_MAIL_BYTES } else { MAX_BODY_BYTES };
    serve("inbound", request, limit, async |request| {
        let begun = clock::precise();
        let answer = route(request).await;
        if matches!(&answer, Err(problem) if problem.code == REFUSED) {
            let left = REFUSAL_TAKES.saturating_sub(begun.elapsed());
            wait_for(u64::try_from(left.as_nanos()).unwrap_or_default()).await;
        }
        answer
    })
    .await
}

async fn route(request: &Incoming) -> Result<Response, Problem> {
    if request.path == "/internal/again" {
        return again::read(request).await;
    }
    if request.path == "/internal/item" {
        return item::take(request).await;
    }
    let segments = request.segments();
    let (desk, channel, account) = match segments.as_slice() {
        [_, desk, channel, account] => (desk, channel, account),
        // Where a provider signs nothing, one more segment may be the secret.
        [_, desk, channel, account, _] if IN_URL.contains(channel) => (desk, channel, account),
        _ => return Err(refused(request)),
    };
    match request.method {
        Method::GET | Method::POST => {}
        // As GET without a question.
        Method::HEAD => return Err(refused(request)),
        _ => {
            let problem = Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "webhooks take GET and POST",
            );
            return Err(Problem { allow: Some("GET, POST".to_owned()), ..problem });
        }
    }
    // An unknown desk, channel or account answers like a wrong signature: nobody can probe for names.
    let found = relevo_channels::channel(channel);
    let unverified = Unverified {
        method: request.method.clone(),
        path_and_query: match request.query.as_str() {
            "" => request.path.clone(),
            query => format!("{}?{query}", request.path),
        },
        headers: request.headers.clone(),
        body: request.body.to_vec(),
    };
    let known = known(desk, channel, account).await?;
    let (Some(found), Some((context, pack, settings))) = (found, known) else {
        // What the store, a signature and the line in the log cost is spent all the same, for when they take longer than
        // a refusal does.
        let slug = found.map_or("", |found| found.slug);
        if let Some(like) = found.or_else(|| relevo_channels::channel("whatsapp")) {
            let _ = (like.handshake)(&unverified, &Account::default());
            let _ = (like.verify)(unverified, &Account::default(), clock::now());
        }
        relevo_edge::log::event(REFUSED_EVENT, &[("channel", slug.into()), ("why", NOT_THERE.into())]);
        return Err(refused(request));
    };
    let account = intake::Origin { channel: found.slug, account };
    let taken = take(request, unverified, found, (&context, &pack, &settings), account).await;
    if matches!(&taken, Err(problem) if problem.code == REFUSED) {
        context.look_up_again().await?;
    }
    taken
}

/// What an account of a desk makes of a request.
async fn take(
    request: &Incoming,
    unverified: Unverified,
    found: &Channel,
    (context, pack, settings): (&DeskContext, &PublishedPack, &Account),
    account: intake::Origin<'_>,
) -> Result<Response, Problem> {
    if let Some(answer) = (found.handshake)(&unverified, settings) {
        return Ok(answered(answer));
    }
    // Twilio calls by GET if it is set up so, and signs it like everything else.
    if request.method == Method::GET && !found.slug.starts_with("twilio-") {
        return Err(refused(request));
    }
    let verified = (found.verify)(unverified, settings, context.now).map_err(|refusal| {
        relevo_edge::log::event(
            REFUSED_EVENT,
            &[
                ("desk", context.desk.as_str().into()),
                ("channel", found.slug.into()),
                ("why", refusal.to_string().into()),
            ],
        );
        refused(request)
    })?;
    // Only what was proved genuine counts: nobody uses up an account's share without its secret.
    if let Err(problem) = limits::spend(context, Spender::Account(found.slug, account.account)).await {
        match (problem.status, relevo_channels::repeats(found.slug)) {
            (StatusCode::TOO_MANY_REQUESTS, Repeats::Never) => {}
            (StatusCode::TOO_MANY_REQUESTS, Repeats::AfterServerError) => {
                return Err(Problem { status: StatusCode::SERVICE_UNAVAILABLE, ..problem });
            }
            _ => return Err(problem),
        }
    }
    let parsed = match (found.parse)(&verified, settings) {
        Ok(parsed) => parsed,
        // What the provider documents for what it need not send again.
        Err(Malformed { answer: Some(answer), why, .. }) => {
            let noted =
                [("desk", context.desk.as_str().into()), ("channel", found.slug.into()), ("why", why.into())];
            relevo_edge::log::event("webhook.malformed", &noted);
            return Ok(answered(answer));
        }
        Err(malformed) => {
            let place = if malformed.pointer.is_empty() { "" } else { " at " };
            let detail = format!("{}{place}{}", malformed.why, malformed.pointer);
            return Err(Problem::bad_request("malformed", detail));
        }
    };
    if parsed.items.len() > MAX_ITEMS {
        let detail =
            format!("{} items in one request; at most {MAX_ITEMS} are taken at once", parsed.items.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_items", detail));
    }
    intake::keep(context, pack, account, parsed, &verified)
        .await?
        .ok_or_else(|| refused(request))
        .map(answered)
}

/// A desk, its pack and the account of the channel; none if one of them is not there.
async fn known(
    desk: &str,
    channel: &str,
    account: &str,
) -> Result<Option<(DeskContext, Rc<PublishedPack>, Account)>, Problem> {
    let Some(context) = unless_absent(DeskContext::open(desk).await)? else { return Ok(None) };
    let Some(pack) = unless_absent(context.pack().await)? else { return Ok(None) };
    let Some(settings) = context.account(&pack.pack, channel, account)? else {
        context.look_up_again().await?;
        return Ok(None);
    };
    Ok(Some((context, pack, settings)))
}

/// The one answer to whoever is not who they should be. What a handshake presents is no signature.
fn refused(request: &Incoming) -> Problem {
    let detail = match request.parameter("hub.mode") {
        Some(_) if request.method == Method::GET => {
            "the verify token does not fit this webhook; check its path and its verify token"
        }
        _ => "the signature does not fit this webhook; check its path and its secret",
    };
    Problem::new(StatusCode::UNAUTHORIZED, REFUSED, detail)
}

fn unless_absent<T>(found: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match found {
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
        found => found.map(Some),
    }
}

fn answered(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    respond(status, answer.content_type.unwrap_or(""), answer.body)
}
