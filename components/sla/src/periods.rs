//! `GET /api/{desk}/periods`: the critical periods of a desk, and which is on.

use http::StatusCode;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::problem::Problem;
use serde_json::{Value, json};

/// `GET …/periods?at=`
pub async fn periods(context: &DeskContext, request: &Incoming) -> Result<Response, Problem> {
    let at = crate::shifts::at(context, request)?;
    let pack = context.pack().await?;
    let on = pack.pack.period_at(at).map(|(id, _)| id);
    let items = pack.pack.periods.iter().map(|(id, period)| {
        json!({
            "id": id, "name": period.name, "from": period.from, "to": period.to, "yearly": period.yearly,
            "on": on == Some(id.as_str()),
        })
    });
    let items: Vec<Value> = items.collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}
