//! What is sent when: by account, within a conversation in the order it was written in.

use crate::accounts::Account;
use crate::fetch::{Fetched, fetch};
use crate::issue;
use crate::read_back;
use crate::record::{Done, ERASED, record, record_patiently};
use crate::send;
use crate::{format, held};
use chrono::{DateTime, Duration, Utc};
use futures::future::{join_all, try_join_all};
use relevo_channels::Outcome;
use relevo_domain::conversation::{Conversation, Party};
use relevo_domain::outbox::{Entry, Outbox, Request, Status};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_edge::trace::{self, Trace};
use relevo_edge::{clock, outgoing};
use relevo_journal::{Fold, Loaded};
use relevo_projections::agenda::{Floors, Work, schedule};
use std::collections::BTreeMap;

/// Entries sent at the same time.
const AT_ONCE: usize = 16;

/// Files fetched at the same time: each may take as much memory as all of a round's messages.
const FILES_AT_ONCE: usize = 2;

/// Files of one account fetched in one call: what is sent does not wait for more.
const FILES_IN_ONE_CALL: usize = 16;

/// Rounds of one call: what a conversation has waiting is sent one after the other.
const ROUNDS: usize = 20;

/// An entry that is due.
struct Ready {
    name: String,
    loaded: Loaded<Outbox>,
}

/// Sends what is due of some entries, and what had waited for them; a fault with one does not keep the others.
/// Returns how many were accepted.
///
/// # Errors
/// 503 if the store did not answer for one of them: it is still queued.
pub async fn all(context: &DeskContext, entries: &[String]) -> Result<usize, Problem> {
    let mut sent = 0;
    let mut fault = None;
    let mut names = entries.to_vec();
    for _ in 0..ROUNDS {
        let mut next = Vec::new();
        let (ready, failed) = by_account(context, &names).await?;
        fault = failed.or(fault);
        for ((_, account), ready) in ready {
            for result in through(context, &account, ready).await? {
                match result {
                    Ok(done) => {
                        sent += usize::from(done.sent);
                        next.extend(done.next);
                    }
                    Err(problem) => fault = Some(problem),
                }
            }
        }
        if next.is_empty() {
            break;
        }
        names = next;
    }
    fault.map_or(Ok(sent), Err)
}

/// What is due of some entries, by what it is sent through; files come last. What was held until now is let go first; a fault
/// with one does not keep the others.
async fn by_account(
    context: &DeskContext,
    names: &[String],
) -> Result<(BTreeMap<(bool, String), Vec<Ready>>, Option<Problem>), Problem> {
    // What the agenda held to be due is crossed off after this: a clock that has gone back since must not make it early.
    let now = clock::now().max(context.now);
    let loads = names.iter().map(|name| async move {
        let stream = context.stream(Outbox::KIND, name)?;
        let loaded = context.journal.load::<Outbox>(&stream, now).await?;
        Ok::<_, Problem>(Ready { name: name.clone(), loaded })
    });
    let mut all = try_join_all(loads).await?;
    let is_due = |state: &Outbox| state.next_at.is_some_and(|at| at <= now);
    // One after the other, in the order in which their times were over: each is a moment of its conversation.
    all.sort_by_key(|ready| {
        (ready.loaded.state.status == Status::Held).then_some(ready.loaded.state.next_at)
    });
    let (mut by_account, mut fault) = (BTreeMap::<(bool, String), Vec<Ready>>::new(), None);
    for mut ready in all {
        let mut goes_now = false;
        if ready.loaded.state.status == Status::Held && is_due(&ready.loaded.state) {
            let Some(entry) = ready.loaded.state.entry.clone() else { continue };
            match held::let_go(context, &ready.name, &ready.loaded, &entry).await {
                Ok(Some(now)) => (ready.loaded, goes_now) = (now, true),
                Ok(None) => continue,
                Err(problem) => {
                    fault = Some(problem);
                    continue;
                }
            }
        }
        let state = &ready.loaded.state;
        let due = state.status == Status::Queued && (goes_now || is_due(state));
        if let Some(entry) = state.entry.as_ref().filter(|_| due || state.bounced) {
            let through = (is_file(entry), entry.request.through());
            by_account.entry(through).or_default().push(ready);
        }
    }
    Ok((by_account, fault))
}

fn is_file(entry: &Entry) -> bool {
    matches!(entry.request, Request::Fetch(_))
}

/// Sends through one account, as far as its breaker lets.
async fn through(
    context: &DeskContext,
    name: &str,
    ready: Vec<Ready>,
) -> Result<Vec<Result<Done, Problem>>, Problem> {
    let mut account = Account::load(context, name).await?;
    let mut results = Vec::new();
    let files = ready.first().and_then(|ready| ready.loaded.state.entry.as_ref()).is_some_and(is_file);
    let mut rest = ready.into_iter().peekable();
    while rest.peek().is_some() {
        let enough = (files && results.len() >= FILES_IN_ONE_CALL).then(clock::now);
        if let Some(until) = account.wait_until().or(enough) {
            let waiting: Vec<_> = rest.map(|ready| ready.name).collect();
            later(context, &waiting, until).await?;
            break;
        }
        let at_once = match (account.breaker.is_on_trial(clock::now()), files) {
            (true, _) => 1,
            (false, true) => FILES_AT_ONCE,
            (false, false) => AT_ONCE,
        };
        let some: Vec<Ready> = rest.by_ref().take(at_once).collect();
        for result in join_all(some.iter().map(|ready| one(context, ready))).await {
            match result {
                Ok((done, outcome)) => {
                    if let Some(outcome) = outcome {
                        account.note(context, &outcome).await?;
                    }
                    results.push(Ok(done));
                }
                Err(problem) => results.push(Err(problem)),
            }
        }
    }
    Ok(results)
}

/// One entry: not before what precedes it in its conversation, and not to somebody who has opted out. The provider's
/// answer, if it was asked.
async fn one(context: &DeskContext, ready: &Ready) -> Result<(Done, Option<Outcome>), Problem> {
    let nothing = Done::default();
    let Some(entry) = ready.loaded.state.entry.clone() else { return Ok((nothing, None)) };
    let (name, before) = (&ready.name, &ready.loaded);
    let conversation = match &entry.message {
        Some((conversation, _)) => {
            let stream = context.stream(Conversation::KIND, conversation)?;
            Some(context.journal.load::<Conversation>(&stream, clock::now()).await?)
        }
        None => None,
    };
    if ready.loaded.state.bounced {
        let why = ready.loaded.state.why.clone().unwrap_or_default();
        let done = record(context, name, before, &entry, None, &Outcome::Refused { why }, None).await?;
        return Ok((done, None));
    }
    let state = conversation.as_ref().map(|loaded| &loaded.state);
    if let Some(first) = state.and_then(|state| state.before(name))
        && let Some(at) = still_queued(context, &first.outbox).await?
    {
        later(context, std::slice::from_ref(name), at).await?;
        return Ok((nothing, None));
    }
    let Some(attempt) = send::claim(context, name, before.state.attempts.saturating_add(1)).await? else {
        return Ok((nothing, None));
    };
    let opted_out = match state.and_then(|state| state.party.as_ref()) {
        Some(party) => is_unwanted(context, party, &entry.request).await?,
        None => false,
    };
    if opted_out && before.erased() == 0 {
        let outcome = Outcome::Refused { why: crate::record::OPTED_OUT.to_owned() };
        return Ok((record(context, name, before, &entry, Some(attempt), &outcome, None).await?, None));
    }
    // The attempt is a piece of what the message follows from; the present request merely brought it about.
    let origin = entry.trace.as_deref().and_then(Trace::parse).map(|origin| origin.child());
    let work = async {
        let begun = clock::precise();
        let Fetched { outcome, asked, learned } = attempted(context, name, before, &entry).await;
        send::tell(context, name, attempt, &outcome, begun.elapsed());
        let done =
            record_patiently(context, name, before, &entry, attempt, &outcome, learned.as_ref()).await?;
        Ok::<_, Problem>((done, outcome, asked))
    };
    let (done, outcome, asked) = trace::scope(origin.or_else(trace::current), work).await?;
    Ok((done, asked.then_some(outcome)))
}

/// Has the contact asked not to be written to this way?
async fn is_unwanted(context: &DeskContext, party: &Party, request: &Request) -> Result<bool, Problem> {
    let Request::Channel(message) = request else { return Ok(false) };
    let (pack, way) = (context.pack().await?, (message.channel.as_str(), message.account.as_str()));
    Ok(outgoing::opted_out(context, &pack, party, way).await?.is_some())
}

/// What came of sending an entry, or of fetching what it names.
async fn attempted(context: &DeskContext, name: &str, before: &Loaded<Outbox>, entry: &Entry) -> Fetched {
    let not_asked = |outcome| Fetched { outcome, asked: false, learned: None };
    if before.erased() != 0 {
        return not_asked(Outcome::Refused { why: ERASED.to_owned() });
    }
    match &entry.request {
        Request::Fetch(file) => return fetch(context, name, before, file).await,
        Request::Handshake { account, hook, code, .. } => {
            return read_back::validate(context, account, hook, &code.0).await;
        }
        Request::Issue(work) => return issue::work(context, name, work).await,
        Request::ReadBack(read) => return read_back::read(context, read).await,
        Request::Channel(_) | Request::Subscriber { .. } => {}
    }
    match format::prepare(context, name, entry).await {
        Ok(prepared) => Fetched { outcome: send::send(prepared).await, asked: true, learned: None },
        Err(unprepared) => not_asked(unprepared.into()),
    }
}

/// When an entry that others wait for is tried next; none if it is done with.
pub async fn still_queued(context: &DeskContext, name: &str) -> Result<Option<DateTime<Utc>>, Problem> {
    let stream = context.stream(Outbox::KIND, name)?;
    let state = context.journal.load::<Outbox>(&stream, clock::now()).await?.state;
    let next_at = state.next_at.filter(|_| state.status == Status::Queued);
    // Who sends it looks after those that wait; this is for the case that nobody does.
    Ok(next_at.map(|at| at.max(clock::now()) + Duration::seconds(1)))
}

/// Looks at entries again at a later time.
pub async fn later(context: &DeskContext, names: &[String], at: DateTime<Utc>) -> Result<(), Problem> {
    let mut commit = context.commit();
    let floors = Floors::load(context).await?;
    for name in names {
        schedule(&mut commit, &floors, Work::Delivery, name, at, context.now)?;
    }
    context.journal.commit(commit).await?;
    Ok(())
}
