//! Retention: what a pack says is kept for so long, and no longer. A few contacts at each call, all of them once a day.

use crate::erasure::destroy;
use chrono::{DateTime, Duration, Utc};
use futures::future::try_join_all;
use relevo_domain::account::{Account, AccountEvent};
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::Conversation;
use relevo_domain::erasure::{Cause, KeysDestroyed};
use relevo_domain::pack::Retention;
use relevo_domain::retention::expired;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Cursor, Fold, KeyId, Kind, Month};
use relevo_projections::words;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Contacts looked at in one call.
const CONTACTS_PER_CALL: usize = 50;

/// Hours between the end of a round and the next.
const PAUSE_HOURS: i64 = 20;

/// Longest time that an account's key is in use, in days: it is for one month.
const MONTH_DAYS: i64 = 31;

/// Who does it.
const BY: &str = "system:retention";

/// How far a round has come. A stale one that is written back only makes contacts be looked at again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Progress {
    /// The month of the directory of contacts, its first instant; none between rounds.
    month: Option<DateTime<Utc>>,
    /// How far in it.
    cursor: Cursor,
    /// When the next round begins.
    next_at: Option<DateTime<Utc>>,
}

/// Goes on with the round; returns how many data keys were destroyed.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn step<S: Store>(context: &DeskContext<S>) -> Result<usize, Problem> {
    let Some(first) = context.config.state.packs.first().map(|pack| pack.at) else { return Ok(0) };
    let pack = context.pack().await?;
    let Some(retention) = pack.pack.retention else { return Ok(0) };
    let key = context.doc("retention", "progress")?;
    let mut progress: Progress = context.journal.get_doc(&key).await?.unwrap_or_default();
    if progress.next_at.is_some_and(|at| at > context.now) {
        return Ok(0);
    }
    let mut destroyed = 0;
    let month = progress.month.unwrap_or(first);
    if progress.month.is_none() {
        destroyed += accounts(context, &pack.pack, retention).await?;
    }
    let kind = Kind::new(Contact::KIND).map_err(|_| Problem::unavailable("contacts could not be named"))?;
    let page = context.journal.read_directory(
        &context.desk,
        &kind,
        Month::of(month),
        &mut progress.cursor,
        CONTACTS_PER_CALL,
        context.now,
    );
    let page = page.await?;
    for stream in &page.entries {
        destroyed += contact(context, stream.name(), retention).await?;
    }
    let next = next_month(month).filter(|_| page.behind == 0);
    progress = match next {
        None => Progress { month: Some(month), ..progress },
        Some(next) if next <= context.now => Progress { month: Some(next), ..Progress::default() },
        Some(_) => {
            let next_at = Some(context.now + Duration::hours(PAUSE_HOURS));
            Progress { next_at, ..Progress::default() }
        }
    };
    context.journal.put_doc(&key, &progress).await?;
    Ok(destroyed)
}

/// The keys of a contact whose time is over.
async fn contact<S: Store>(
    context: &DeskContext<S>,
    name: &str,
    retention: Retention,
) -> Result<usize, Problem> {
    let Some(days) = retention.personal_days else { return Ok(0) };
    let stream = context.stream(Contact::KIND, name)?;
    let loaded = context.journal.load::<Contact>(&stream, context.now).await?;
    let limit = context.now - Duration::days(i64::from(days));
    if loaded.state.hold.is_some() || loaded.state.keys.iter().all(|key| key.at > limit) {
        return Ok(0);
    }
    let names = loaded.state.keys.iter().filter_map(|key| key.conversation.clone());
    let conversations = try_join_all(names.map(|name| async move {
        let stream = context.stream(Conversation::KIND, &name)?;
        let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        Ok::<_, Problem>((name, loaded.state))
    }));
    let conversations: BTreeMap<String, Conversation> = conversations.await?.into_iter().collect();
    let keys = expired(&loaded.state, &conversations, limit);
    let Some(first) = keys.first() else { return Ok(0) };
    // Tickets of the time of these keys are in the index of words.
    let since = loaded.state.keys.iter().filter(|key| keys.contains(&key.id)).map(|key| key.at).min();
    let tickets = conversations.values().flat_map(|conversation| &conversation.tickets);
    let gone =
        tickets.filter(|ticket| ticket.updated_at <= limit && since.is_none_or(|at| ticket.updated_at >= at));
    let segments: BTreeSet<u64> = gone.map(|ticket| words::segment_of(ticket.number)).collect();
    let mut commit = context.commit();
    let over = ContactEvent::KeysExpired { keys: keys.clone() };
    commit.append(&loaded, vec![event(format!("expire.{first}"), BY, 0, over)?])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    // A hold that came in between keeps them.
    let state = context.journal.load::<Contact>(&stream, context.now).await?.state;
    let keys: Vec<KeyId> = keys.into_iter().filter(|key| state.destroyed.contains(key)).collect();
    let contact = Some(format!("{}{name}", ids::CONTACT));
    destroy(context, over_time(contact, keys), &segments, BY).await
}

/// The keys of accounts whose month is long over.
async fn accounts<S: Store>(
    context: &DeskContext<S>,
    pack: &relevo_domain::pack::Pack,
    retention: Retention,
) -> Result<usize, Problem> {
    let Some(days) = retention.unplaced_days else { return Ok(0) };
    let limit = context.now - Duration::days(i64::from(days) + MONTH_DAYS);
    let mut destroyed = 0;
    let accounts =
        pack.channels.iter().flat_map(|(channel, accounts)| accounts.keys().map(move |a| (channel, a)));
    let accounts = accounts.map(|(channel, account)| (channel.as_str(), account.as_str()));
    for (channel, account) in accounts {
        let name = context.keys.id("account", &[channel, account]);
        let stream = context.stream(Account::KIND, &name)?;
        let loaded = context.journal.load::<Account>(&stream, context.now).await?;
        let keys: Vec<KeyId> =
            loaded.state.keys.iter().filter(|key| key.at <= limit).map(|key| key.id.clone()).collect();
        let Some(first) = keys.first() else { continue };
        destroyed += destroy(context, over_time(None, keys.clone()), &BTreeSet::new(), BY).await?;
        let mut commit = context.commit();
        let over = AccountEvent::KeysDestroyed { keys: keys.clone() };
        commit.append(&loaded, vec![event(format!("expire.{first}"), BY, 0, over)?])?;
        context.journal.commit(commit).await?;
    }
    Ok(destroyed)
}

fn over_time(contact: Option<String>, keys: Vec<KeyId>) -> KeysDestroyed {
    KeysDestroyed { contact, keys, cause: Cause::Retention, reason: "its time was over".into() }
}

fn next_month(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    use chrono::Datelike;
    at.with_day(1)?.checked_add_months(chrono::Months::new(1))
}
