//! The ledger of erasures: one stream a month, exported, and replayed on a restored backup.

use chrono::{DateTime, Months, Utc};
use futures::future::try_join_all;
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::erasure::{Cause, ErasureEvent, Erasures, KeysDestroyed};
use relevo_edge::app::{DeskContext, event};
use relevo_edge::ids;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_journal::{Commit, Fold, KeyId, Loaded, Month};
use serde::{Deserialize, Serialize};

/// Months that the ledger is read back.
const MONTHS: u32 = 120;

/// Keys destroyed in one commit of a replay.
const KEYS_AT_ONCE: usize = 500;

/// An entry as it is exported and taken back. Nothing in it tells who the person was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Names the entry; a repeat is recognised by it.
    pub id: String,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
    /// The contact's id; none for what belonged to nobody known.
    #[serde(default)]
    pub contact: Option<String>,
    /// The data keys.
    pub keys: Vec<KeyId>,
    /// Why keys were destroyed.
    pub cause: Cause,
    /// In words.
    #[serde(default)]
    pub reason: String,
}

fn as_text<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// What replaying did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Entries that were read.
    pub entries: usize,
    /// Data keys that were there again and are destroyed again.
    pub destroyed: usize,
}

/// Enters destroyed keys with a commit.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn enter<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    entry: KeysDestroyed,
    by: &str,
) -> Result<(), Problem> {
    let first = entry.keys.first().map_or("none", KeyId::as_str);
    let id = format!("erase.{first}.{}", context.now.timestamp_millis());
    let loaded = load(context, context.now).await?;
    commit.append(&loaded, vec![event(id, by, 0, ErasureEvent::KeysDestroyed(entry))?])?;
    Ok(())
}

/// All entries, oldest first.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn export<S: Store>(context: &DeskContext<S>) -> Result<Vec<Entry>, Problem> {
    let months: Vec<DateTime<Utc>> =
        (0..MONTHS).rev().filter_map(|n| context.now.checked_sub_months(Months::new(n))).collect();
    let loads = months.iter().map(|at| async move {
        let stream = context.stream(Erasures::KIND, &Month::of(*at).to_string())?;
        Ok::<_, Problem>(context.journal.load_events::<Erasures>(&stream, None).await?.1)
    });
    let entries = try_join_all(loads).await?.into_iter().flatten().map(|event| {
        let ErasureEvent::KeysDestroyed(entry) = event.data;
        Entry {
            id: event.id.to_string(),
            at: event.at,
            by: event.by,
            contact: entry.contact,
            keys: entry.keys,
            cause: entry.cause,
            reason: entry.reason.0,
        }
    });
    Ok(entries.collect())
}

/// Destroys again what entries say was destroyed, and enters it: on a store that was restored from a backup.
///
/// # Errors
/// 503 if the store does not answer; the same entries may be replayed again.
pub async fn replay<S: Store>(
    context: &DeskContext<S>,
    entries: &[Entry],
    by: &str,
) -> Result<Replayed, Problem> {
    let mut replayed = Replayed { entries: entries.len(), destroyed: 0 };
    for entry in entries {
        for keys in entry.keys.chunks(KEYS_AT_ONCE) {
            let existing = context.journal.existing_keys(&context.desk, keys).await?;
            if existing.is_empty() {
                continue;
            }
            let mut commit = context.commit();
            context.journal.destroy_keys(&mut commit, &existing)?;
            replayed.destroyed += existing.len();
            note(context, &mut commit, entry, &existing, by).await?;
            let reason = format!("replayed; {} on {} by {}", entry.reason, rfc3339(entry.at), entry.by);
            let again = KeysDestroyed {
                contact: entry.contact.clone(),
                keys: existing,
                cause: entry.cause,
                reason: reason.into(),
            };
            enter(context, &mut commit, again, by).await?;
            context.journal.commit(commit).await?;
        }
    }
    Ok(replayed)
}

/// Tells the contact's stream, if the restored store has it, that the keys are gone.
async fn note<S: Store>(
    context: &DeskContext<S>,
    commit: &mut Commit,
    entry: &Entry,
    keys: &[KeyId],
    by: &str,
) -> Result<(), Problem> {
    let contact = entry.contact.as_deref().and_then(|id| ids::parse(id, ids::CONTACT, "contact").ok());
    let (Some(contact), Some(first)) = (contact, keys.first()) else { return Ok(()) };
    let stream = context.stream(Contact::KIND, contact)?;
    let loaded = context.journal.load::<Contact>(&stream, context.now).await?;
    if !loaded.is_new() {
        let data = match entry.cause {
            Cause::Request => ContactEvent::Erased,
            Cause::Retention => ContactEvent::KeysExpired { keys: keys.to_vec() },
        };
        commit.append(&loaded, vec![event(format!("replay.{first}"), by, 0, data)?])?;
    }
    Ok(())
}

/// This month's stream. Why somebody is forgotten may name them: it is sealed under the desk's own key.
async fn load<S: Store>(context: &DeskContext<S>, at: DateTime<Utc>) -> Result<Loaded<Erasures>, Problem> {
    let stream = context.stream(Erasures::KIND, &Month::of(at).to_string())?;
    let loaded = context.journal.load::<Erasures>(&stream, context.now).await?;
    Ok(loaded.sealed_under(context.journal.desk_key()?))
}
