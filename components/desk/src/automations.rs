//! `GET …/automations`: the automations of the pack, in their order, and what they did.

use crate::call::Call;
use http::StatusCode;
use relevo_domain::conversation::{RanBy, view};
use relevo_edge::http::{Response, json};
use relevo_edge::internal;
use relevo_edge::problem::Problem;
use relevo_projections::heads;
use serde_json::{Value, json};

/// `GET …/automations`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    internal::follow(call.context.desk.as_str()).await?;
    let pack = call.context.pack().await?;
    let newest = call.context.newest_ticket_number().await?;
    let mut sums = RanBy::new();
    for head in heads::load(&call.context, newest).await?.into_values() {
        for (id, ran) in &head.automations {
            sums.entry(id.clone()).or_default().add(ran);
        }
    }
    let shown = pack.pack.automations.iter().map(|one| {
        let ran = sums.get(&one.id).cloned().unwrap_or_default();
        let what = json!(one);
        let mut item = json!({
            "version": pack.version, "enabled": one.enabled, "stop": one.stop,
            "fired": ran.fired, "held": ran.held, "last_at": ran.last_at.map(view::rfc3339),
        });
        if let (Some(item), Value::Object(what)) = (item.as_object_mut(), what) {
            item.extend(what);
        }
        item
    });
    let items: Vec<Value> = shown.collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}
