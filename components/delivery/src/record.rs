//! What came of an attempt, with the conversation if the entry is a message of one, and what is to be sent next.

use crate::fallback;
use crate::fetch::Learned;
use crate::issue;
use crate::read_back;
use relevo_channels::Outcome;
use relevo_domain::conversation::{Conversation, ConversationEvent};
use relevo_domain::outbox::{Attempt, Entry, Fetch, Outbox, OutboxEvent, Request};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_edge::{clock, ids, trace};
use relevo_journal::{Commit, Fold, Loaded};

/// Why nothing goes to somebody who asked for that; no other way is looked for.
pub const OPTED_OUT: &str = "the contact has asked not to be written to";

/// Why an entry whose personal values were erased is given up; there is nothing to send another way either.
pub const ERASED: &str = "the person's data were erased: nothing is left to send and nobody to send it to";

/// Pauses before the outcome is recorded again, in nanoseconds, when the store did not take it: what a receiver has
/// accepted would be sent once more for want of a note.
pub const PAUSES_NS: [u64; 4] = [250_000_000, 1_000_000_000, 2_000_000_000, 4_000_000_000];

/// Who sends.
pub const BY: &str = "system:delivery";

/// What an attempt led to.
#[derive(Debug, Default)]
pub struct Done {
    /// The receiver accepted it.
    pub sent: bool,
    /// The entry whose turn it is now.
    pub next: Option<String>,
}

/// As [`record`], again after a while if the store does not take it.
pub async fn record_patiently(
    context: &DeskContext,
    name: &str,
    before: &Loaded<Outbox>,
    entry: &Entry,
    attempt: u32,
    outcome: &Outcome,
    learned: Option<&Learned>,
) -> Result<Done, Problem> {
    let mut pauses = PAUSES_NS.iter();
    loop {
        match (record(context, name, before, entry, Some(attempt), outcome, learned).await, pauses.next()) {
            (Err(_), Some(pause)) => spin_sdk::wasip3::clocks::monotonic_clock::wait_for(*pause).await,
            (recorded, _) => return recorded,
        }
    }
}

/// Records an outcome; without an attempt, that the provider did not deliver what it had accepted.
pub async fn record(
    context: &DeskContext,
    name: &str,
    before: &Loaded<Outbox>,
    entry: &Entry,
    attempt: Option<u32>,
    outcome: &Outcome,
    learned: Option<&Learned>,
) -> Result<Done, Problem> {
    let now = clock::now();
    let came_of_it = match outcome {
        Outcome::Sent { provider_id } => Attempt::Sent { external_id: provider_id.clone() },
        Outcome::Retry { after_seconds, why } => {
            before.state.next_attempt(now, jitter(), *after_seconds, why.clone())
        }
        Outcome::Refused { why } => Attempt::Refused { why: why.clone() },
    };
    let mut commit = Commit::new(context.desk.clone(), now);
    commit.trace(trace::parent());
    // One from before there were keys has none; what a provider calls a message goes under the desk's then.
    let desk_key = context.journal.desk_key()?;
    if let Some(attempt) = attempt {
        let attempted = OutboxEvent::Attempted { attempt, outcome: came_of_it.clone() };
        let before = before.clone().sealed_under(before.key().is_none().then(|| desk_key.clone()));
        commit.append(&before, vec![event(format!("attempt.{attempt}"), BY, 0, attempted)?])?;
    }
    if let (Some(attempt), Request::Fetch(file)) = (attempt, &entry.request)
        && let Some(data) = told_of_file(name, file, &came_of_it, learned)
    {
        let stream = context.stream(Conversation::KIND, &file.conversation)?;
        // Under the key of the message, as the file is: what cannot be read any more is not named either.
        let loaded = context.journal.load::<Conversation>(&stream, now).await?;
        let loaded = loaded.sealed_under(before.key().cloned());
        commit.append(&loaded, vec![event(format!("file.{name}.{attempt}"), BY, 0, data)?])?;
    }
    if let Request::ReadBack(read) = &entry.request {
        let was_retried = before.state.retried_after > 0;
        read_back::note(context, &mut commit, name, read, &came_of_it, was_retried).await?;
    }
    if let (Request::Issue(work), Some(learned)) = (&entry.request, learned) {
        issue::note(context, &mut commit, name, work, learned).await?;
    }
    let mut done = Done { sent: matches!(came_of_it, Attempt::Sent { .. }), next: None };
    if let (Some((conversation, message)), false) =
        (&entry.message, matches!(came_of_it, Attempt::Retry { .. }))
    {
        let stream = context.stream(Conversation::KIND, conversation)?;
        let loaded = context.journal.load::<Conversation>(&stream, now).await?;
        let data = match &came_of_it {
            Attempt::Sent { external_id } => {
                remember(context, &mut commit, name, conversation, entry, external_id.as_deref())?;
                let (message, external_id) = (message.clone(), external_id.clone());
                Some(ConversationEvent::DeliveryConcluded { message, external_id, failed: None })
            }
            Attempt::Refused { why } => {
                let rerouted = match [ERASED, OPTED_OUT].contains(&why.as_str()) {
                    true => None,
                    false => fallback::queue(context, &mut commit, name, entry, &loaded, why).await?,
                };
                // What had been accepted was marked as failed by whoever heard the report.
                let failed = || ConversationEvent::DeliveryConcluded {
                    message: message.clone(),
                    external_id: None,
                    failed: Some(why.clone()),
                };
                rerouted.or_else(|| attempt.map(|_| failed()))
            }
            Attempt::Retry { .. } => None,
        };
        if let Some(data) = data {
            let id = format!("out.{name}.{}", attempt.map_or("bounced".to_owned(), |n| n.to_string()));
            let loaded = loaded.clone().sealed_under(loaded.key().is_none().then_some(desk_key));
            let after = commit.append(&loaded, vec![event(id, BY, 0, data)?])?;
            done.next = after.state.pending.first().map(|p| p.outbox.clone());
        }
    }
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(done)
}

/// What the conversation hears of one of its files.
fn told_of_file(
    name: &str,
    file: &Fetch,
    came_of_it: &Attempt,
    learned: Option<&Learned>,
) -> Option<ConversationEvent> {
    match came_of_it {
        Attempt::Sent { .. } => match learned {
            Some(Learned::File(kept)) => Some(ConversationEvent::FileKept(Box::new(kept.clone()))),
            _ => None,
        },
        Attempt::Refused { why } => Some(ConversationEvent::FileLost {
            message: file.message.clone(),
            fetched_by: format!("{}{name}", ids::OUTBOX),
            why: why.clone(),
        }),
        Attempt::Retry { .. } => None,
    }
}

/// Reports of the provider find the message by its id there.
fn remember(
    context: &DeskContext,
    commit: &mut Commit,
    name: &str,
    conversation: &str,
    entry: &Entry,
    external_id: Option<&str>,
) -> Result<(), Problem> {
    let (Some(external_id), Request::Channel(sent)) = (external_id, &entry.request) else { return Ok(()) };
    let key = ids::sent(&context.keys, &sent.channel, &sent.account, external_id);
    let known = ids::Sent { conversation: conversation.to_owned(), outbox: name.to_owned() };
    commit.put(&context.doc("sent", &key)?, &known)?;
    Ok(())
}

fn jitter() -> f64 {
    let mut byte = [0; 1];
    // Without randomness retries are merely less spread out.
    let _ = getrandom::fill(&mut byte);
    f64::from(u8::from_le_bytes(byte)) / 255.0
}
