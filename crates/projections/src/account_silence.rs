//! Channel accounts that have gone silent against their habit: noted while the feed is followed, told by housekeeping.

use chrono::{DateTime, Utc};
use relevo_domain::account::{Account, AccountEvent};
use relevo_domain::account_silence::{Habit, News};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::log;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{DocKey, Fold, VitalName};
use std::collections::{BTreeMap, BTreeSet};

/// Channel and account that something came in through, and when.
pub type Heard = BTreeSet<(String, String, DateTime<Utc>)>;

/// Accounts (`channel/account`) that are silent, and since when.
pub type Silent = BTreeMap<String, DateTime<Utc>>;

/// Notes the hours in which accounts were heard. Of two followers at once the later one's hour may be all that is
/// kept; the next message says it again.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn note<S: Store>(context: &DeskContext<S>, heard: &Heard) -> Result<(), Problem> {
    let mut by_account: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (channel, account, at) in heard {
        by_account.entry((channel, account)).or_default().push(*at);
    }
    for ((channel, account), times) in by_account {
        let key = key(context, channel, account)?;
        let mut habit: Habit = context.journal.get_doc(&key).await?.unwrap_or_default();
        let news = times.into_iter().filter(|at| habit.note(*at)).count();
        if news > 0 {
            context.journal.put_doc(&key, &habit).await?;
        }
    }
    Ok(())
}

/// Records of each account, once, that it has gone silent, and that it was heard again.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn tell<S: Store>(context: &DeskContext<S>) -> Result<(), Problem> {
    if !context.exists() {
        return Ok(());
    }
    let pack = context.pack().await?;
    let mut silent = Silent::new();
    for (channel, accounts) in &pack.pack.channels {
        for account in accounts.keys() {
            let Some(habit) = context.journal.get_doc::<Habit>(&key(context, channel, account)?).await?
            else {
                continue;
            };
            if let Some(since) = tell_one(context, channel, account, &habit).await? {
                silent.insert(format!("{channel}/{account}"), since);
            }
        }
    }
    Ok(context.journal.put_note(&note_name(context)?, &silent).await?)
}

/// The accounts that were silent at the last round.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn known<S: Store>(context: &DeskContext<S>) -> Result<Silent, Problem> {
    Ok(context.journal.note(&note_name(context)?).await?.unwrap_or_default())
}

/// Since when it is silent, if it is.
async fn tell_one<S: Store>(
    context: &DeskContext<S>,
    channel: &str,
    account: &str,
    habit: &Habit,
) -> Result<Option<DateTime<Utc>>, Problem> {
    let name = context.keys.id("account", &[channel, account]);
    let stream = context.stream(Account::KIND, &name)?;
    let loaded = context.journal.load::<Account>(&stream, context.now).await?;
    let (channel, account) = (channel.to_owned(), account.to_owned());
    let (word, since, data) = match habit.news(loaded.state.silent_since, context.now) {
        None => return Ok(loaded.state.silent_since),
        Some(News::WentSilent(since)) => {
            ("silent", since, AccountEvent::WentSilent { channel, account, since })
        }
        Some(News::HeardAgain(since)) => {
            ("heard", since, AccountEvent::HeardAgain { channel, account, since })
        }
    };
    // Named by the silence: rounds at once tell of it once.
    let id = format!("{word}.{}", since.timestamp());
    let mut commit = context.commit();
    let after = commit.append(&loaded, vec![event(id, "system:projector", 0, data)?])?;
    context.journal.commit(commit).await?;
    log::event(
        &format!("account.{word}"),
        &[("desk", context.desk.as_str().into()), ("since", since.to_rfc3339().into())],
    );
    Ok(after.state.silent_since)
}

fn key<S: Store>(context: &DeskContext<S>, channel: &str, account: &str) -> Result<DocKey, Problem> {
    context.doc("habit", &context.keys.id("habit", &[channel, account]))
}

fn note_name<S: Store>(context: &DeskContext<S>) -> Result<VitalName, Problem> {
    VitalName::new(&["silent", context.desk.as_str()])
        .map_err(|_| Problem::unavailable("a note could not be named"))
}
