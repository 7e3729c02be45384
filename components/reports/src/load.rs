//! The rows that figures are computed from.

use chrono::{DateTime, Utc};
use relevo_domain::kpi::Period;
use relevo_domain::rows::{SurveyRow, TicketRow};
use relevo_edge::app::DeskContext;
use relevo_edge::problem::Problem;
use relevo_journal::store::Store;
use relevo_projections::shards;
use std::collections::{BTreeMap, BTreeSet};

/// Shards loaded at once.
const AT_ONCE: usize = 8;

/// By how much the order of numbers and that of opening may differ: a number is taken while a request is under way, and
/// none lasts so long.
const DISORDER_MS: i64 = 10 * 60 * 1_000;

/// The tickets opened in a period, each once. Numbers are given in the order of opening, but for those opened at the
/// same time: the first shard is found by halving, and the search ends at one of which all are older. So the cost is
/// that of the period, whatever came after it.
pub async fn tickets<S: Store>(context: &DeskContext<S>, period: Period) -> Result<Vec<TicketRow>, Problem> {
    let ends_ms = period.to.timestamp_millis().saturating_add(DISORDER_MS);
    let begins_ms = period.from.timestamp_millis().saturating_sub(DISORDER_MS);
    let all = shards::count_up_to(context.newest_ticket_number().await?);
    let mut beyond = if period.to >= context.now { all } else { first_beyond(context, all, ends_ms).await? };
    // A ticket whose number changed may have left a row in the shard of the other: the larger revision is right.
    let mut found: BTreeMap<String, (u64, TicketRow)> = BTreeMap::new();
    while beyond > 0 {
        let some: Vec<String> = (0..beyond).rev().take(AT_ONCE).map(shards::nth).collect();
        beyond = beyond.saturating_sub(AT_ONCE as u64);
        let mut past = false;
        for shard in shards::load_all::<TicketRow, S>(context, &some).await? {
            let mut newest_ms = None;
            for (key, revision, row) in shard.state.revised() {
                newest_ms = newest_ms.max(Some(row.opened_ms));
                if period.contains_ms(row.opened_ms)
                    && found.get(key).is_none_or(|(known, _)| *known < revision)
                {
                    found.insert(key.to_owned(), (revision, row.clone()));
                }
            }
            past |= newest_ms.is_some_and(|newest| newest < begins_ms);
        }
        if past {
            break;
        }
    }
    Ok(found.into_values().map(|(_, row)| row).collect())
}

/// The place of the first of `all` shards from which on every ticket was opened at or after an instant.
async fn first_beyond<S: Store>(context: &DeskContext<S>, all: u64, ms: i64) -> Result<u64, Problem> {
    let (mut low, mut high) = (0, all);
    while low < high {
        let middle = low.midpoint(high);
        let shard = shards::load::<TicketRow, S>(context, &shards::nth(middle)).await?;
        let oldest = shard.state.rows().map(|(_, row)| row.opened_ms).min();
        // One without rows tells nothing; what is looked through in vain costs time alone.
        if oldest.is_some_and(|oldest| oldest >= ms) { high = middle } else { low = middle + 1 }
    }
    Ok(low)
}

/// The surveys issued in a period, and decisions made in it to issue none.
pub async fn surveys<S: Store>(context: &DeskContext<S>, period: Period) -> Result<Vec<SurveyRow>, Problem> {
    let mut found = Vec::new();
    for some in days(period, context.now).chunks(AT_ONCE) {
        for shard in shards::load_all::<SurveyRow, S>(context, some).await? {
            let rows = shard.state.rows().map(|(_, row)| row);
            found.extend(rows.filter(|row| period.contains_ms(row.issued_ms)).cloned());
        }
    }
    Ok(found)
}

/// The tickets that surveys are about, by id.
pub async fn tickets_of<S: Store>(
    context: &DeskContext<S>,
    surveys: &[SurveyRow],
) -> Result<BTreeMap<String, TicketRow>, Problem> {
    let wanted: BTreeSet<&str> = surveys.iter().map(|row| row.ticket.as_str()).collect();
    let shards: BTreeSet<String> = surveys.iter().map(|row| shards::by_number(row.number)).collect();
    let shards: Vec<String> = shards.into_iter().collect();
    let mut found = BTreeMap::new();
    for some in shards.chunks(AT_ONCE) {
        for shard in shards::load_all::<TicketRow, S>(context, some).await? {
            let rows = shard.state.rows().filter(|(id, _)| wanted.contains(id));
            found.extend(rows.map(|(id, row)| (id.to_owned(), row.clone())));
        }
    }
    Ok(found)
}

/// The shards of a period's days, newest first, without those that are still to come.
pub fn days(period: Period, now: DateTime<Utc>) -> Vec<String> {
    shards::days_down(period.from, period.to.min(now))
}

#[cfg(test)]
mod tests;
