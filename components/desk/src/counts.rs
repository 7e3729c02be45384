//! `GET …/tickets/counts`: how many live tickets fit, in all and by what lists are narrowed to.

use crate::call::Call;
use crate::list;
use http::StatusCode;
use relevo_domain::rows::TicketRow;
use relevo_domain::worklist::Filter;
use relevo_edge::http::{Response, json};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use serde_json::json;
use std::collections::BTreeMap;

/// `GET …/tickets/counts`
pub async fn counts(call: &Call<'_>) -> Result<Response, Problem> {
    let mut filters: Vec<Filter> = list::view(call).await?.into_iter().map(|view| view.filter).collect();
    filters.push(list::filter(call).await?);
    internal::follow(call.context.desk.as_str()).await?;
    let (rows, complete) = list::live(call).await?;
    let (rows, looked_at_all) = list::Looked::new(call).fitting(&rows, &filters).await?;
    Ok(json(
        StatusCode::OK,
        &json!({
            "total": rows.len(),
            "complete": complete && looked_at_all,
            "status": by(&rows, |row| Some(&row.status)),
            "category": by(&rows, |row| Some(row.category.as_str())),
            "queue": by(&rows, |row| Some(&row.queue)),
            "team": by(&rows, |row| row.team.as_deref()),
            "assignee": by(&rows, |row| row.agent.as_deref()),
            "priority": by(&rows, |row| Some(row.priority.as_str())),
        }),
    ))
}

fn by<'a>(rows: &[&'a TicketRow], name: impl Fn(&'a TicketRow) -> Option<&'a str>) -> BTreeMap<&'a str, u32> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let count: &mut u32 = counts.entry(name(row).unwrap_or("none")).or_default();
        *count = count.saturating_add(1);
    }
    counts
}
