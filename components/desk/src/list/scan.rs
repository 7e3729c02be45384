//! From a query to a page of rows.

use super::query::Query;
use crate::call::Call;
use relevo_domain::rows::TicketRow;
use relevo_domain::worklist::{HeadRow, Key, Order, is_live};
use relevo_edge::partitions;
use relevo_edge::problem::Problem;
use relevo_projections::{heads, shards};
use std::collections::BTreeMap;

/// Shards that one call looks through; where little fits the answer may hold fewer items than the limit and a cursor to
/// go on with.
const SHARDS_PER_CALL: usize = 200;

/// Shards that one call looks through for an order of work, which cannot be left off anywhere.
const SHARDS_PER_ORDER: usize = 2_000;

/// Shards loaded at once.
const SHARDS_AT_ONCE: usize = 8;

/// Rows in their order.
pub struct Page {
    /// The rows.
    pub rows: Vec<TicketRow>,
    /// After which place it goes on; none: that was all.
    pub next: Option<Key>,
}

/// The page of a query.
pub async fn page(call: &Call<'_>, query: &Query, limit: usize) -> Result<Page, Problem> {
    let newest = call.context.newest_ticket_number().await?;
    if let Some(number) = query.number {
        let shard = shards::by_number(number.min(newest));
        let rows = load(call, &[shard]).await?;
        return Ok(among(rows, query, limit));
    }
    match query.order {
        Order::Newest | Order::Oldest => by_number(call, query, newest, limit).await,
        Order::Due | Order::Priority => by_urgency(call, query, newest, limit).await,
    }
}

/// The page of a query among rows that are at hand.
pub fn among(rows: Vec<TicketRow>, query: &Query, limit: usize) -> Page {
    let mut rows: Vec<TicketRow> = rows.into_iter().filter(|row| query.admits(row)).collect();
    rows.sort_by_key(|row| (query.order.key(row), row.ordinal));
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| query.order.key(row));
    Page { rows, next }
}

/// Goes through the shards in the order of their numbers; those without anything to be worked on are passed over where
/// only that is asked for.
async fn by_number(call: &Call<'_>, query: &Query, newest: u64, limit: usize) -> Result<Page, Problem> {
    let is_down = query.order == Order::Newest;
    let last = shards::count_up_to(newest).saturating_sub(1);
    let start = query.after.map(|after| if is_down { u64::MAX - after.2 } else { after.2 });
    let place_of = |number: u64| shards::count_up_to(number).saturating_sub(1);
    let (low, high) = match (start, is_down) {
        (None, _) => (0, last),
        (Some(number), true) => (0, place_of(number).min(last)),
        (Some(number), false) => (place_of(number), last),
    };
    let heads = if query.live_only { heads::load(&call.context, newest).await? } else { BTreeMap::new() };
    let wanted = |place: &u64| !query.live_only || may_hold(query, heads.get(place));
    let mut places: Box<dyn Iterator<Item = u64>> = match is_down {
        true => Box::new((low..=high).rev().filter(wanted)),
        false => Box::new((low..=high).filter(wanted)),
    };
    let mut found: Vec<TicketRow> = Vec::new();
    let mut reached = None;
    for _ in 0..SHARDS_PER_CALL / SHARDS_AT_ONCE {
        let some: Vec<u64> = places.by_ref().take(SHARDS_AT_ONCE).collect();
        if some.is_empty() {
            return Ok(among(found, query, limit));
        }
        reached = some.last().copied();
        let rows = load(call, &names(some)).await?;
        found.extend(rows.into_iter().filter(|row| row.number <= newest && query.admits(row)));
        if found.len() > limit {
            return Ok(among(found, query, limit));
        }
    }
    let mut page = among(found, query, limit);
    if let (Some(place), true) = (reached, places.next().is_some()) {
        let (first, end) = shards::numbers(place);
        let number = if is_down { first } else { end.saturating_sub(1) };
        page.next = Some(Key(0, 0, if is_down { u64::MAX - number } else { number }));
    }
    Ok(page)
}

/// Looks into the shards that may hold what comes first, until nothing that is left can come before what was found.
async fn by_urgency(call: &Call<'_>, query: &Query, newest: u64, limit: usize) -> Result<Page, Problem> {
    let heads = heads::load(&call.context, newest).await?;
    let all = (0..shards::count_up_to(newest)).filter(|place| may_hold(query, heads.get(place)));
    let mut bounds: Vec<(Key, u64)> = all
        .map(|place| (heads.get(&place).map_or_else(Key::default, |head| head.bound(query.order)), place))
        .collect();
    bounds.sort_unstable();
    let mut found: Vec<TicketRow> = Vec::new();
    for (n, some) in bounds.chunks(SHARDS_AT_ONCE).enumerate() {
        let bound = some.first().map(|(bound, _)| *bound).unwrap_or_default();
        let certain = found.iter().filter(|row| query.order.key(row) < bound).count();
        if certain > limit {
            break;
        }
        if n * SHARDS_AT_ONCE >= SHARDS_PER_ORDER {
            // What may come after something that was not looked at is left out: rather too little than in a wrong order.
            found.retain(|row| query.order.key(row) < bound);
            break;
        }
        let rows = load(call, &names(some.iter().map(|(_, place)| *place))).await?;
        found.extend(rows.into_iter().filter(|row| query.admits(row)));
    }
    Ok(among(found, query, limit))
}

/// All that is still to be worked on, as far as one call looks, the most urgent shards first; and whether that was all.
pub async fn live(call: &Call<'_>) -> Result<(Vec<TicketRow>, bool), Problem> {
    let pack = call.context.pack().await?;
    let newest = call.context.newest_ticket_number().await?;
    let heads = heads::load(&call.context, newest).await?;
    let bound = |place: &u64| heads.get(place).map_or_else(Key::default, |head| head.bound(Order::Due));
    let mut places: Vec<u64> = (0..shards::count_up_to(newest))
        .filter(|place| heads.get(place).is_none_or(|head| head.live > 0))
        .collect();
    places.sort_by_key(bound);
    let complete = places.len() <= SHARDS_PER_ORDER;
    places.truncate(SHARDS_PER_ORDER);
    let mut found = Vec::new();
    for some in places.chunks(SHARDS_AT_ONCE) {
        let rows = load(call, &names(some.iter().copied())).await?.into_iter();
        let sees =
            |row: &TicketRow| partitions::sees(&pack.pack, &call.caller, &row.queue, row.team.as_deref());
        found.extend(rows.filter(|row| is_live(row) && sees(row)));
    }
    Ok((found, complete))
}

/// A shard without a head is looked into.
fn may_hold(query: &Query, head: Option<&HeadRow>) -> bool {
    head.is_none_or(|head| query.filters.iter().all(|filter| filter.may_be_in(head, query.viewer())))
}

fn names(places: impl IntoIterator<Item = u64>) -> Vec<String> {
    places.into_iter().map(shards::nth).collect()
}

async fn load(call: &Call<'_>, shards: &[String]) -> Result<Vec<TicketRow>, Problem> {
    let tables = shards::load_all::<TicketRow, _>(&call.context, shards).await?;
    Ok(tables.iter().flat_map(|table| table.state.rows().map(|(_, row)| row.clone())).collect())
}
