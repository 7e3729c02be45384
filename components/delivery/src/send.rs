//! One attempt to send one entry: claim it, send, record what came of it.
//!
//! The claim is an increment on a counter of the entry and the attempt: one taker only. A taker that dies between
//! claim and outcome leaves the attempt open; after [`ABANDONED_SECONDS`] the next attempt is claimed instead. That
//! may send twice, as may a store that does not take the outcome for longer than [`PAUSES_NS`], and only then: the request carries the entry's id as idempotency key for receivers that take one.

use crate::format::{self, Prepared, Unprepared};
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use futures::future::join_all;
use http_body_util::{BodyExt, Full};
use relevo_channels::Outcome;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_domain::outbox::{Attempt, Entry, Outbox, OutboxEvent, Request, Status};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_edge::trace::{self, Trace};
use relevo_edge::{clock, ids, internal, log, meter};
use relevo_journal::{Fold, Loaded};
use relevo_projections::claims;
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

/// Time that a receiver may take, in nanoseconds.
const TIMEOUT_NS: u64 = 20_000_000_000;

/// Age of a claim without an outcome after which its taker is held to be dead. Longer than an attempt can take.
const ABANDONED_SECONDS: i64 = 90;

/// Pauses before the outcome is recorded again, in nanoseconds, when the store did not take it: what a receiver has
/// accepted would be sent once more for want of a note.
const PAUSES_NS: [u64; 4] = [250_000_000, 1_000_000_000, 2_000_000_000, 4_000_000_000];

/// Largest answer of a receiver that is read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Why an entry whose personal values were erased is given up.
const ERASED: &str = "the person's data were erased: nothing is left to send and nobody to send it to";

/// Entries sent at the same time.
const AT_ONCE: usize = 16;

/// Sends what is due of some entries; a fault with one does not keep the others. Returns how many were accepted.
///
/// # Errors
/// 503 if the store did not answer for one of them: it is still queued.
pub async fn all(context: &DeskContext, entries: &[String]) -> Result<usize, Problem> {
    let mut sent = 0;
    let mut fault = None;
    for some in entries.chunks(AT_ONCE) {
        for result in join_all(some.iter().map(|name| one(context, name))).await {
            match result {
                Ok(true) => sent += 1,
                Ok(false) => {}
                Err(problem) => fault = Some(problem),
            }
        }
    }
    fault.map_or(Ok(sent), Err)
}

async fn one(context: &DeskContext, name: &str) -> Result<bool, Problem> {
    let stream = context.stream(Outbox::KIND, name)?;
    let loaded = context.journal.load::<Outbox>(&stream, context.now).await?;
    let due = loaded.state.next_at.is_some_and(|at| at <= context.now);
    let Some(entry) = loaded.state.entry.clone().filter(|_| loaded.state.status == Status::Queued && due)
    else {
        return Ok(false);
    };
    let Some(attempt) = claim(context, name, loaded.state.attempts.saturating_add(1)).await? else {
        return Ok(false);
    };
    // The attempt is a piece of what the message follows from; the present request merely brought it about.
    let origin = entry.trace.as_deref().and_then(Trace::parse).map(|origin| origin.child());
    let work = async {
        let begun = clock::precise();
        let outcome = match format::prepare(context, name, &entry).await {
            _ if loaded.erased() > 0 => Outcome::Refused { why: ERASED.to_owned() },
            Ok(prepared) => send(prepared).await,
            Err(Unprepared::Refused(why)) => Outcome::Refused { why },
            Err(Unprepared::NotNow(why)) => Outcome::Retry { after_seconds: None, why },
        };
        tell(context, name, attempt, &outcome, begun.elapsed());
        let mut pauses = PAUSES_NS.iter();
        loop {
            let recorded = record(context, name, &loaded, &entry, attempt, outcome.clone()).await;
            match (recorded, pauses.next()) {
                (Err(_), Some(pause)) => spin_sdk::wasip3::clocks::monotonic_clock::wait_for(*pause).await,
                (recorded, _) => break recorded,
            }
        }
    };
    trace::scope(origin.or_else(trace::current), work).await
}

/// Tells the log and the meters of an attempt.
fn tell(context: &DeskContext, name: &str, attempt: u32, outcome: &Outcome, took: std::time::Duration) {
    let (outcome, why) = match outcome {
        Outcome::Sent { .. } => ("sent", None),
        Outcome::Retry { why, .. } => ("retry", Some(why.as_str())),
        Outcome::Refused { why } => ("refused", Some(why.as_str())),
    };
    let desk = context.desk.as_str();
    meter::count(&["attempts", desk, outcome]);
    log::event(
        "outbox.attempted",
        &[
            ("desk", desk.into()),
            ("outbox", format!("{}{name}", ids::OUTBOX).into()),
            ("attempt", attempt.into()),
            ("outcome", outcome.into()),
            ("why", why.into()),
            ("elapsed_ms", u64::try_from(took.as_millis()).unwrap_or(u64::MAX).into()),
        ],
    );
}

/// Claims the next attempt; none if somebody else has it.
async fn claim(context: &DeskContext, name: &str, first: u32) -> Result<Option<u32>, Problem> {
    let mut attempt = first;
    loop {
        let claimed = claims::name(name, attempt);
        let key = context.doc("claim", &claimed)?;
        if context.journal.claim(&context.sequence("claim", &claimed)?).await? {
            context.journal.put_doc(&key, &clock::now()).await?;
            return Ok(Some(attempt));
        }
        match context.journal.get_doc::<DateTime<Utc>>(&key).await? {
            // The taker is between the claim and its note, or died there: from now on its time runs.
            None => {
                context.journal.put_doc(&key, &clock::now()).await?;
                return reschedule(context, name).await;
            }
            Some(at) if clock::now() - at < Duration::seconds(ABANDONED_SECONDS) => {
                return reschedule(context, name).await;
            }
            Some(_) => attempt = attempt.saturating_add(1),
        }
    }
}

/// Looks at an entry again after its taker must have finished.
async fn reschedule(context: &DeskContext, name: &str) -> Result<Option<u32>, Problem> {
    use relevo_projections::agenda::{Floors, Work, schedule};
    let at = context.now + Duration::seconds(ABANDONED_SECONDS + 1);
    let mut commit = context.commit();
    let floors = Floors::load(context).await?;
    schedule(&mut commit, &floors, Work::Delivery, name, at, context.now)?;
    context.journal.commit(commit).await?;
    Ok(None)
}

async fn send(prepared: Prepared) -> Outcome {
    let retry = |why: String| Outcome::Retry { after_seconds: None, why };
    let length = prepared.body.len();
    let mut request = http::Request::new(Full::new(Bytes::from(prepared.body)));
    *request.method_mut() = prepared.method;
    *request.uri_mut() = prepared.url;
    *request.headers_mut() = prepared.headers;
    request.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
    if let Some(parent) = trace::parent().and_then(|parent| parent.parse().ok()) {
        request.headers_mut().insert("traceparent", parent);
    }
    request.extensions_mut().insert(RequestOptionsExtension(internal::options(TIMEOUT_NS)));
    let response = match spin_sdk::http::send(request).await {
        Ok(response) => response,
        // The error names the kind of failure, not what was sent.
        Err(code) => return retry(format!("no answer: {code}")),
    };
    let (parts, mut body) = response.into_parts();
    let mut answer = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return retry("the answer broke off".to_owned()) };
        if let Ok(data) = frame.into_data() {
            let room = MAX_ANSWER_BYTES.saturating_sub(answer.len());
            answer.extend(data.into_iter().take(room));
        }
    }
    (prepared.outcome)(parts.status.as_u16(), &parts.headers, &answer)
}

/// Records what came of an attempt, with the conversation if the entry is a message of one.
async fn record(
    context: &DeskContext,
    name: &str,
    before: &Loaded<Outbox>,
    entry: &Entry,
    attempt: u32,
    outcome: Outcome,
) -> Result<bool, Problem> {
    let now = clock::now();
    let mut jitter = [0; 1];
    // Without randomness retries are merely less spread out.
    let _ = getrandom::fill(&mut jitter);
    let jitter = f64::from(u8::from_le_bytes(jitter)) / 255.0;
    let outcome = match outcome {
        Outcome::Sent { provider_id } => Attempt::Sent { external_id: provider_id },
        Outcome::Retry { after_seconds, why } => before.state.next_attempt(now, jitter, after_seconds, why),
        Outcome::Refused { why } => Attempt::Refused { why },
    };
    let mut commit = relevo_journal::Commit::new(context.desk.clone(), now);
    commit.trace(trace::parent());
    let desk_key = context.journal.desk_key()?;
    let attempted = OutboxEvent::Attempted { attempt, outcome: outcome.clone() };
    // One from before there were keys has none; what a provider calls a message goes under the desk's then.
    let before = before.clone().sealed_under(before.key().is_none().then(|| desk_key.clone()));
    commit.append(&before, vec![event(format!("attempt.{attempt}"), "system:delivery", 0, attempted)?])?;
    let concluded = match &outcome {
        Attempt::Sent { external_id } => Some((external_id.clone(), None)),
        Attempt::Refused { why } => Some((None, Some(why.clone()))),
        Attempt::Retry { .. } => None,
    };
    if let (Some((external_id, failed)), Some((conversation, message))) = (concluded, &entry.message) {
        let stream = context.stream(Conversation::KIND, conversation)?;
        let loaded = context.journal.load::<Conversation>(&stream, now).await?;
        let loaded = loaded.clone().sealed_under(loaded.key().is_none().then_some(desk_key));
        if let (Some(external_id), Request::Channel(sent)) = (&external_id, &entry.request) {
            let known = ids::sent(&context.keys, &sent.channel, &sent.account, external_id);
            commit.put(&context.doc("sent", &known)?, conversation)?;
        }
        let id = format!("out.{name}.{attempt}");
        let data = ConversationEvent::DeliveryConcluded { message: message.clone(), external_id, failed };
        commit.append(&loaded, vec![event(id, "system:delivery", 0, data)?])?;
    }
    context.journal.commit(commit).await?;
    Ok(matches!(outcome, Attempt::Sent { .. }))
}
