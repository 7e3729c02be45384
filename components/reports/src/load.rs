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

/// The tickets opened in a period. Numbers are given in the order of opening, but for those opened at the same time:
/// the search ends at a shard of which all are older.
pub async fn tickets<S: Store>(context: &DeskContext<S>, period: Period) -> Result<Vec<TicketRow>, Problem> {
    let from_ms = period.from.timestamp_millis();
    let mut all = shards::numbers_down_from(context.newest_ticket_number().await?);
    let mut found = Vec::new();
    loop {
        let some: Vec<String> = all.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(found);
        }
        let mut past = false;
        for shard in shards::load_all::<TicketRow, S>(context, &some).await? {
            let mut rows = shard.state.rows().map(|(_, row)| row).peekable();
            let is_empty = rows.peek().is_none();
            let mut older = true;
            for row in rows {
                older &= row.opened_ms < from_ms;
                if period.contains_ms(row.opened_ms) {
                    found.push(row.clone());
                }
            }
            past |= older && !is_empty;
        }
        if past {
            return Ok(found);
        }
    }
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
