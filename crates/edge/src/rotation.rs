//! A new master key in place of an old one.
//!
//! A desk's keys are derived from the master key of its beginning, its *root*, for good: ids and everything that is
//! sealed hang on them. Under a later master key the root lies in the store, sealed under that one. So a rotation
//! rewrites one document per desk and no event.

use crate::keys::{DeskKeys, KeyError};
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use relevo_domain::config::Config;
use relevo_journal::store::Store;
use relevo_journal::{Desk, DocKey, Journal, Kind, Loaded, StreamId};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Desks whose keys an instance remembers.
const KEPT_DESKS: usize = 256;

/// What a root is sealed for.
const PURPOSE: &str = "relevo/root";

thread_local! {
    /// The keys of desks that exist. A desk's never change; only what their root is sealed under does.
    static KEYS: RefCell<BTreeMap<(String, String), DeskKeys>> = const { RefCell::new(BTreeMap::new()) };
}

/// The master key in force, and the one before while a rotation is under way.
#[derive(Clone, Default)]
pub struct MasterKeys {
    /// In hexadecimal.
    pub current: String,
    /// In hexadecimal; empty: none.
    pub previous: String,
}

/// A desk's keys and configuration, and the journal, which links events with its key from then on. Seals its root under the
/// master key in force if it is not yet.
///
/// Costs one get more than the configuration, once for each desk and instance.
///
/// # Errors
/// 503 if the store does not answer or the root cannot be opened with either master key.
pub async fn unlock<S: Store>(
    journal: Journal<S>,
    desk: &Desk,
    config: &StreamId,
    masters: &MasterKeys,
    now: DateTime<Utc>,
) -> Result<(Journal<S>, DeskKeys, Loaded<Config>), Problem> {
    let place = (desk.to_string(), masters.current.clone());
    if let Some(keys) = KEYS.with_borrow(|known| known.get(&place).cloned()) {
        let journal = journal.linked(keys.link_key());
        let config = journal.load(config, now).await?;
        return Ok((journal, keys, config));
    }
    let document = document(desk)?;
    let stored = journal.get_doc::<String>(&document).await?;
    let (keys, resealed) = root(masters, desk.as_str(), stored.as_deref()).map_err(|error| {
        crate::log::event(
            "variables.wrong",
            &[("desk", desk.as_str().into()), ("why", error.to_string().into())],
        );
        Problem::unavailable("the application is not set up: the variable master_key is not usable")
    })?;
    let journal = journal.linked(keys.link_key());
    let config = journal.load::<Config>(config, now).await?;
    if config.state.current().is_some() {
        if let Some(resealed) = resealed {
            journal.put_doc(&document, &resealed).await?;
            crate::log::event("root.resealed", &[("desk", desk.as_str().into())]);
        }
        KEYS.with_borrow_mut(|known| {
            if known.len() >= KEPT_DESKS {
                known.clear();
            }
            known.insert(place, keys.clone());
        });
    }
    Ok((journal, keys, config))
}

/// Where a desk's root lies, if it was ever sealed anew.
///
/// # Errors
/// None for a desk's name.
pub fn document(desk: &Desk) -> Result<DocKey, Problem> {
    let failed = |_| Problem::unavailable("a desk's root could not be named");
    DocKey::new(desk.clone(), Kind::new("root").map_err(failed)?, "root").map_err(failed)
}

/// A desk's keys, and its root as it is to be stored if that is not how it is.
fn root(
    masters: &MasterKeys,
    desk: &str,
    stored: Option<&str>,
) -> Result<(DeskKeys, Option<String>), KeyError> {
    let current = DeskKeys::derive(&masters.current, desk)?;
    let Some(stored) = stored else {
        // Never rotated: the root is the master key that has been in force until now.
        if masters.previous.is_empty() {
            return Ok((current, None));
        }
        let keys = DeskKeys::derive(&masters.previous, desk)?;
        return Ok((keys, Some(current.seal(PURPOSE, masters.previous.trim().as_bytes())?)));
    };
    let derive = |root: &[u8]| DeskKeys::derive(std::str::from_utf8(root).unwrap_or_default(), desk);
    if let Ok(root) = current.open(PURPOSE, stored) {
        return Ok((derive(&root)?, None));
    }
    if masters.previous.is_empty() {
        return Err(KeyError::CannotOpen);
    }
    let root = DeskKeys::derive(&masters.previous, desk)?.open(PURPOSE, stored)?;
    Ok((derive(&root)?, Some(current.seal(PURPOSE, &root)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masters(current: u8, previous: Option<u8>) -> MasterKeys {
        let hex = |byte: u8| format!("{byte:02x}").repeat(32);
        MasterKeys { current: hex(current), previous: previous.map(hex).unwrap_or_default() }
    }

    fn id(keys: &DeskKeys) -> String {
        keys.id("contact", &["34600"])
    }

    #[test]
    fn a_desks_keys_stay_the_same_through_rotations() {
        let (first, none) = root(&masters(1, None), "school", None).expect("keys");
        assert_eq!(none, None, "nothing is stored before the first rotation");
        let sealed = first.seal("x", b"secret").expect("sealed");

        let (keys, stored) = root(&masters(2, Some(1)), "school", None).expect("keys");
        assert_eq!(id(&keys), id(&first));
        let stored = stored.expect("is to be stored");
        let (keys, again) = root(&masters(2, Some(1)), "school", Some(&stored)).expect("keys");
        assert_eq!((id(&keys), again), (id(&first), None), "while the previous one is still named");
        let (keys, again) = root(&masters(2, None), "school", Some(&stored)).expect("keys");
        assert_eq!((id(&keys), again), (id(&first), None), "and when it is not");
        assert_eq!(keys.open("x", &sealed).as_deref(), Ok(b"secret".as_slice()));

        let (keys, second) = root(&masters(3, Some(2)), "school", Some(&stored)).expect("keys");
        assert_eq!(id(&keys), id(&first));
        let second = second.expect("is to be stored");
        assert_eq!(id(&root(&masters(3, None), "school", Some(&second)).expect("keys").0), id(&first));
        assert_eq!(root(&masters(2, None), "school", Some(&second)).err(), Some(KeyError::CannotOpen));
    }

    #[test]
    fn another_master_key_opens_nothing_and_no_other_desks_root() {
        let (_, stored) = root(&masters(2, Some(1)), "school", None).expect("keys");
        let stored = stored.expect("is to be stored");
        assert_eq!(root(&masters(9, None), "school", Some(&stored)).err(), Some(KeyError::CannotOpen));
        assert_eq!(root(&masters(9, Some(8)), "school", Some(&stored)).err(), Some(KeyError::CannotOpen));
        assert_eq!(root(&masters(2, None), "cards", Some(&stored)).err(), Some(KeyError::CannotOpen));
        assert_eq!(root(&MasterKeys::default(), "school", None).err(), Some(KeyError::BadMasterKey));
    }
}
