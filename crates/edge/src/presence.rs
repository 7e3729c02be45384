//! When people last called: noted at most once a minute, so that whoever has gone without saying so counts as away.

use crate::app::DeskContext;
use crate::auth::Caller;
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use relevo_domain::pack::Pack;
use relevo_domain::presence::People;
use relevo_journal::Fold;
use relevo_journal::store::Store;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Name of the stream that says who is there.
pub const ALL: &str = "all";

/// Seconds between two notes of one person.
const EVERY_S: i64 = 60;

/// People whose last note an instance remembers.
const REMEMBERED: usize = 1_000;

thread_local! {
    static NOTED: RefCell<BTreeMap<(String, String), i64>> = const { RefCell::new(BTreeMap::new()) };
}

/// Notes that a person calls.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn note_call<S: Store>(context: &DeskContext<S>, caller: &Caller) -> Result<(), Problem> {
    if caller.token.is_none() || !caller.is_human() {
        return Ok(());
    }
    let (key, now) = ((context.desk.to_string(), caller.person.clone()), context.now.timestamp());
    let is_noted =
        |noted: &mut BTreeMap<_, i64>| noted.get(&key).is_some_and(|at| (now - at).abs() < EVERY_S);
    if NOTED.with_borrow_mut(is_noted) {
        return Ok(());
    }
    let name = context.keys.id("seen", &[&caller.person]);
    context.journal.put_doc(&context.doc("seen", &name)?, &context.now).await?;
    NOTED.with_borrow_mut(|noted| {
        if noted.len() >= REMEMBERED {
            noted.clear();
        }
        noted.insert(key, now);
    });
    Ok(())
}

/// When a person last called, to the minute.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn last_call<S: Store>(
    context: &DeskContext<S>,
    person: &str,
) -> Result<Option<DateTime<Utc>>, Problem> {
    let name = context.keys.id("seen", &[person]);
    Ok(context.journal.get_doc(&context.doc("seen", &name)?).await?)
}

/// Who is absent, and what people said of themselves.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn people<S: Store>(context: &DeskContext<S>) -> Result<People, Problem> {
    let stream = context.stream(People::KIND, ALL)?;
    Ok(context.journal.load::<People>(&stream, context.now).await?.state)
}

/// Who does the work of a person of the pack; none: nobody.
pub fn stand_in<'a>(
    pack: &'a Pack,
    people: &'a People,
    person: &'a str,
    at: DateTime<Utc>,
) -> Option<&'a str> {
    let named = |id: &str| pack.people.get(id).map_or(&[][..], |one| one.substitutes.as_slice());
    people.stand_in(person, at, &named)
}
