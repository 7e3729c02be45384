//! `GET /api/{desk}/shifts`: who is at work, until when, and who stands in for whom.

use chrono::{DateTime, Utc};
use http::StatusCode;
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::presence::People;
use relevo_domain::sla::Duty;
use relevo_edge::app::{DeskContext, PublishedPack};
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::presence;
use relevo_edge::problem::Problem;
use serde_json::{Value, json};

/// `GET …/shifts?at=`
pub async fn shifts(context: &DeskContext, request: &Incoming) -> Result<Response, Problem> {
    let at = at(context, request)?;
    let (pack, people) = (context.pack().await?, presence::people(context).await?);
    Ok(json(StatusCode::OK, &json!({"items": items(&pack, &people, at), "next": null})))
}

/// The instant that is asked about: now, if none is given.
pub fn at(context: &DeskContext, request: &Incoming) -> Result<DateTime<Utc>, Problem> {
    match request.parameter("at") {
        None => Ok(context.now),
        Some(text) => DateTime::parse_from_rfc3339(&text).map(|at| at.with_timezone(&Utc)).map_err(|_| {
            let detail = "at is an instant in RFC 3339, such as 2026-03-01T09:00:00Z";
            Problem::bad_request("bad_instant", detail)
        }),
    }
}

fn items(pack: &PublishedPack, people: &People, at: DateTime<Utc>) -> Vec<Value> {
    let named = |name: &str| pack.calendar(name);
    let staff = pack.pack.people_at(at);
    let duty = Duty { people: &staff, calendars: &named };
    let item = |(id, person): (&String, &relevo_domain::pack::Person)| {
        let on_shift = duty.is_on_shift(id, at);
        let is_absent = people.absence(id, at).is_some();
        // Whose substitute is absent too is stood in for by theirs.
        let present = |other| presence::stand_in(&pack.pack, people, other, at);
        let substitute =
            if is_absent { present(id.as_str()) } else { duty.stand_in(id, at).and_then(present) };
        let changes = duty.changes_at(id, at).map(rfc3339);
        json!({
            "person": id,
            "name": person.name,
            "role": person.role,
            "teams": person.teams,
            "on_shift": on_shift,
            "until": changes.as_ref().filter(|_| on_shift),
            "next": changes.as_ref().filter(|_| !on_shift),
            "absent": is_absent,
            "substitute": substitute.filter(|other| *other != id),
        })
    };
    staff.iter().map(item).collect()
}
