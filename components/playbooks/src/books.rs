//! The playbooks of the published pack: those that the caller may see.

use http::StatusCode;
use relevo_domain::pack::Pack;
use relevo_domain::playbook::Playbook;
use relevo_edge::http::{Response, json};
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use serde_json::{Value, json};

/// `GET …/playbooks`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let pack = call.context.pack().await?;
    let books = pack.pack.playbooks.keys().filter_map(|id| Some((id, visible(call, &pack.pack, id).ok()?)));
    let items: Vec<Value> = books
        .map(|(id, book)| {
            json!({
                "id": id, "name": book.name, "description": book.description, "partition": book.partition,
                "nodes": book.nodes.len(), "version": pack.version,
            })
        })
        .collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `GET …/playbooks/{playbook}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let pack = call.context.pack().await?;
    let id = call.matched.part(1);
    let book = visible(call, &pack.pack, id)?;
    Ok(json(StatusCode::OK, &json!({"id": id, "version": pack.version, "playbook": book})))
}

/// A playbook that the caller may see; one of another partition is as good as none.
pub fn visible(call: &Call<'_>, pack: &Pack, id: &str) -> Result<Playbook, Problem> {
    let book = of_pack(pack, id)?;
    let sees = pack.sees(&call.caller.person, call.caller.role, book.partition.as_deref());
    if sees { Ok(book) } else { Err(unknown()) }
}

/// A playbook of a version of the pack.
pub fn of_pack(pack: &Pack, id: &str) -> Result<Playbook, Problem> {
    let document = pack.playbooks.get(id).ok_or_else(unknown)?;
    // It was checked when it was published.
    serde_json::from_value(document.clone()).map_err(|error| {
        relevo_edge::log::event("playbook.unreadable", &[("why", error.to_string().into())]);
        Problem::unavailable("the playbook cannot be read by this version; publish the pack again")
    })
}

fn unknown() -> Problem {
    Problem::not_found("unknown_playbook", "there is no such playbook at this desk")
}
