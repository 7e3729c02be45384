//! What would be due when, on a calendar of the pack or on one that is given.

use http::StatusCode;
use relevo_calendar::{Calendar, Zone};
use relevo_domain::sla::CALENDAR_TIME;
use relevo_edge::app::DeskContext;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::problem::Problem;
use serde_json::{Value, json};

/// Previews in one call.
const MAX_ITEMS: usize = 1_000;

/// `POST …/sla/preview`: one question, or up to a thousand as `items`.
pub async fn preview(context: &DeskContext, request: &Incoming) -> Result<Response, Problem> {
    let body: Value = request.json()?;
    let pack = context.pack().await?;
    // As in a policy: a name of the pack, or every second.
    let named = |name: &str| match name {
        CALENDAR_TIME => Some(Calendar::around_the_clock(Zone::utc())),
        _ => pack.calendar(name).cloned(),
    };
    let one = |item: &Value, prefix: &str| {
        relevo_calendar::preview(item, &named).map_err(|problems| {
            problems.into_iter().map(|p| (format!("{prefix}{}", p.pointer), p.message)).collect::<Vec<_>>()
        })
    };
    let Some(items) = body.get("items") else {
        return one(&body, "").map(|answer| json(StatusCode::OK, &answer)).map_err(Problem::invalid_all);
    };
    if body.as_object().is_some_and(|o| o.len() > 1) {
        return Err(Problem::invalid("", "a body with items has nothing beside them"));
    }
    let items = items.as_array().ok_or_else(|| Problem::invalid("/items", "items is a list"))?;
    if items.len() > MAX_ITEMS {
        return Err(Problem::invalid("/items", format!("at most {MAX_ITEMS} items in one call")));
    }
    let mut answers = Vec::with_capacity(items.len());
    let mut errors = Vec::new();
    for (n, item) in items.iter().enumerate() {
        match one(item, &format!("/items/{n}")) {
            Ok(answer) => answers.push(answer),
            Err(problems) => errors.extend(problems),
        }
    }
    if errors.is_empty() {
        Ok(json(StatusCode::OK, &json!({"items": answers})))
    } else {
        Err(Problem::invalid_all(errors))
    }
}
