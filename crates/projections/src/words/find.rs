//! From words to tickets that may have them.

use super::{Code, table};
use relevo_domain::index::Index;
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use std::collections::BTreeSet;

/// Tickets of a segment that may fit: each is to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Any: the segment waits for being indexed.
    Any,
    /// Only these, by number.
    Only(BTreeSet<u64>),
}

/// The tickets of a segment that have all words. One read for each word, until none is left.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn candidates<S: Store>(
    context: &DeskContext<S>,
    index: &Index,
    segment: u64,
    codes: &[Code],
) -> Result<Found, Problem> {
    let Some(known) = index.segments.get(&segment) else { return Ok(Found::Only(BTreeSet::new())) };
    if known.waits || codes.is_empty() {
        return Ok(Found::Any);
    }
    let mut found = BTreeSet::new();
    for key in &known.keys {
        if context.journal.data_key(&context.desk, key).await?.is_none() {
            return Ok(Found::Any); // destroyed, and not noted yet
        }
        let mut left: Option<BTreeSet<u64>> = None;
        for code in codes {
            if left.as_ref().is_some_and(BTreeSet::is_empty) {
                break;
            }
            let table = table(context, segment, code.part, key).await?;
            let have = table.state.rows().filter(|(_, row)| code.is_in(row));
            let have = have.filter_map(|(number, _)| number.parse().ok());
            left = Some(match left {
                Some(before) => have.filter(|number| before.contains(number)).collect(),
                None => have.collect(),
            });
        }
        found.extend(left.unwrap_or_default());
    }
    Ok(Found::Only(found))
}
