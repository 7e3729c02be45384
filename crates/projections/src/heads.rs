//! Shards of tickets in short: which of them have work, whose, and how urgent. Lists of work and assignments read these
//! and then the few shards that matter, however many tickets there ever were.
//!
//! A head is a function of its shard's rows at a revision. Of two followers at once the one that reads the shard last has
//! seen all of it, and its revision is the larger one.

use crate::shards;
use relevo_domain::rows::TicketRow;
use relevo_domain::table::Put;
use relevo_domain::worklist::HeadRow;
use relevo_edge::app::{DeskContext, event};
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use std::collections::{BTreeMap, BTreeSet};

/// Shards of tickets that one table of heads sums up.
const SHARDS_PER_TABLE: u64 = 100;

/// Tables loaded at once.
const AT_ONCE: usize = 16;

fn table_of(place: u64) -> String {
    format!("h{}", place / SHARDS_PER_TABLE)
}

/// Brings the heads of some shards up to date.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn sum_up<S: Store>(context: &DeskContext<S>, shards: &BTreeSet<String>) -> Result<(), Problem> {
    let names: Vec<String> = shards.iter().cloned().collect();
    let mut tables: BTreeMap<String, Vec<Put<HeadRow>>> = BTreeMap::new();
    for (name, loaded) in names.iter().zip(shards::load_all::<TicketRow, S>(context, &names).await?) {
        let Some(place) = shards::place(name) else { continue };
        let row = Some(HeadRow::of(loaded.state.rows().map(|(_, row)| row)));
        let put = Put { key: name.clone(), revision: loaded.events(), row };
        tables.entry(table_of(place)).or_default().push(put);
    }
    let mut commit = context.commit();
    for (table, puts) in tables {
        let loaded = shards::load::<HeadRow, S>(context, &table).await?;
        let puts = puts.into_iter().filter(|put| loaded.state.changes(put));
        let events: Result<Vec<_>, Problem> = puts
            .map(|put| event(format!("{}:{}", put.key, put.revision), "system:projector", 0, put))
            .collect();
        let events = events?;
        if !events.is_empty() {
            commit.append_quiet(&loaded, events)?;
        }
    }
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    Ok(())
}

/// The head of every shard that holds numbers up to one, by the shard's place.
///
/// # Errors
/// 503 if the store does not answer.
pub async fn load<S: Store>(
    context: &DeskContext<S>,
    newest: u64,
) -> Result<BTreeMap<u64, HeadRow>, Problem> {
    let tables = shards::count_up_to(newest).div_ceil(SHARDS_PER_TABLE);
    let names: Vec<String> = (0..tables).map(|n| table_of(n * SHARDS_PER_TABLE)).collect();
    let mut heads = BTreeMap::new();
    for some in names.chunks(AT_ONCE) {
        for table in shards::load_all::<HeadRow, S>(context, some).await? {
            let rows = table.state.rows();
            heads.extend(rows.filter_map(|(name, head)| Some((shards::place(name)?, head.clone()))));
        }
    }
    Ok(heads)
}
