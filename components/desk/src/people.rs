//! Who works at the desk, who of them is there, and who takes over for whom.

use crate::call::{Call, Identity};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::conversation::Conversation;
use relevo_domain::conversation::view::rfc3339;
use relevo_domain::pack::{Pack, Person, Role};
use relevo_domain::presence::{Absence, People, PeopleEvent, Presence};
use relevo_domain::sla::Duty;
use relevo_edge::api;
use relevo_edge::app::{PublishedPack, event};
use relevo_edge::http::{Response, empty, json};
use relevo_edge::presence::{ALL, last_call, people, stand_in};
use relevo_edge::problem::Problem;
use relevo_journal::{Fold, Loaded};
use serde_json::{Value, json};

/// Longest absence, and how far ahead one is set, in days.
const MAX_DAYS: i64 = 731;

/// `GET …/people`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let (context, pack) = (&call.context, call.context.pack().await?);
    let people = people(context).await?;
    let calls = try_join_all(pack.pack.people.keys().map(|id| last_call(context, id))).await?;
    let all = pack.pack.people.iter().zip(calls);
    let items: Vec<_> =
        all.map(|((id, person), called)| item(&pack, &people, (id, person), called, context.now)).collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

fn item(
    pack: &PublishedPack,
    people: &People,
    (id, person): (&str, &Person),
    last_call: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Value {
    let named = |name: &str| pack.calendar(name);
    let staff = pack.pack.people_at(now);
    let duty = Duty { people: &staff, calendars: &named };
    let away_after = pack.pack.presence.away_after_minutes.map(|minutes| TimeDelta::minutes(minutes.into()));
    let absence = people.absence(id, now);
    let presence = match absence {
        Some(_) => "absent",
        None if people.is_available(id, now, last_call, away_after) => "available",
        None => "away",
    };
    let to_come =
        people.absences.iter().filter(|(_, one)| one.person == id && one.until.is_none_or(|at| at > now));
    json!({
        "id": id, "name": person.name, "role": person.role,
        "teams": person.teams, "languages": person.languages,
        "skills": person.skills, "capacity": person.capacity,
        "on_shift": duty.is_on_shift(id, now),
        "presence": presence,
        "last_call_at": last_call.map(rfc3339),
        "substitute": absence.and_then(|_| stand_in(&pack.pack, people, id, now)),
        "absences": to_come.map(|(id, absence)| shown(id, absence)).collect::<Vec<_>>(),
    })
}

/// Who gets a ticket that is meant for a person; none: nobody does, or nobody whom the ticket's partition is open to.
pub fn stand_in_on(
    pack: &Pack,
    people: &People,
    (state, ordinal): (&Conversation, u32),
    person: &str,
    at: DateTime<Utc>,
) -> Option<String> {
    let found = stand_in(pack, people, person, at)?;
    let partition =
        state.ticket(ordinal).and_then(|one| pack.partition_of_ticket(&one.queue, one.team.as_deref()));
    (found == person || pack.works_for(found, partition)).then(|| found.to_owned())
}

/// `POST …/people/{person}/absences`
pub async fn set_absence(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewAbsence = call.request.json()?;
    let person = call.matched.part(1).to_owned();
    let pack = call.context.pack().await?;
    may_change(call, &pack.pack, &person)?;
    let (now, from) = (call.context.now, body.from.unwrap_or(call.context.now));
    let last = now + TimeDelta::days(MAX_DAYS);
    if from > last {
        return Err(Problem::invalid("/from", "an absence begins within the next two years"));
    }
    if body.until.is_some_and(|until| until <= from || until <= now || until > last) {
        return Err(Problem::invalid(
            "/until",
            "an absence ends after it has begun, later than now, within two years",
        ));
    }
    if let Some(other) = &body.substitute {
        if *other == person {
            return Err(Problem::invalid("/substitute", "nobody is their own substitute"));
        }
        if pack.pack.people.get(other).is_none_or(|one| one.role == Role::Service) {
            return Err(Problem::invalid("/substitute", "the id of somebody who works at the desk"));
        }
        if !pack.pack.work_together(&person, other) {
            let what =
                "the substitute works for no partition that the person works for; name somebody who does";
            return Err(Problem::invalid("/substitute", what));
        }
    }
    let (identity, loaded) = (call.identity()?, load(call).await?);
    let id = format!("abs_{}", call.context.keys.id("absence", &[&identity.id]));
    let absence = Absence { person, from, until: body.until, substitute: body.substitute };
    let set = PeopleEvent::AbsenceSet { id: id.clone(), absence: absence.clone() };
    let after = record(call, &identity, loaded, set).await?;
    // A repeat is answered as the first time.
    let kept = after.state.absences.get(&id).unwrap_or(&absence);
    Ok(json(StatusCode::CREATED, &shown(&id, kept)))
}

/// `DELETE …/people/{person}/absences/{absence}`
pub async fn end_absence(call: &Call<'_>) -> Result<Response, Problem> {
    let (person, id) = (call.matched.part(1), call.matched.part(2));
    let pack = call.context.pack().await?;
    may_change(call, &pack.pack, person)?;
    let (identity, loaded) = (call.identity()?, load(call).await?);
    if loaded.state.absences.get(id).is_none_or(|absence| absence.person != person) {
        return Err(Problem::not_found("unknown_absence", "there is no such absence of this person"));
    }
    record(call, &identity, loaded, PeopleEvent::AbsenceEnded { id: id.to_owned() }).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `POST …/people/{person}/presence`
pub async fn set_presence(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewPresence = call.request.json()?;
    let presence = match body.presence.as_str() {
        "available" => Presence::Available,
        "away" => Presence::Away,
        _ => return Err(Problem::invalid("/presence", "presence is available or away")),
    };
    let person = call.matched.part(1).to_owned();
    let pack = call.context.pack().await?;
    may_change(call, &pack.pack, &person)?;
    let (identity, loaded) = (call.identity()?, load(call).await?);
    let set = PeopleEvent::PresenceSet { person: person.clone(), presence };
    let after = record(call, &identity, loaded, set).await?;
    let Some(known) = pack.pack.people.get_key_value(&person) else { return Err(unknown()) };
    let called = last_call(&call.context, &person).await?;
    let known = (known.0.as_str(), known.1);
    Ok(json(StatusCode::OK, &item(&pack, &after.state, known, called, call.context.now)))
}

/// People speak for themselves; leads and those above them for people of their role and below.
fn may_change(call: &Call<'_>, pack: &Pack, person: &str) -> Result<(), Problem> {
    let one = pack.people.get(person).filter(|one| one.role != Role::Service).ok_or_else(unknown)?;
    let sees = |team: &String| pack.sees(&call.caller.person, call.caller.role, pack.partition_of_team(team));
    let speaks_for =
        call.caller.role >= Role::Lead && one.role <= call.caller.role && one.teams.iter().all(sees);
    if call.caller.person == person || speaks_for {
        return Ok(());
    }
    Err(Problem::forbidden("people speak for themselves, and leads for people of their role and below"))
}

fn unknown() -> Problem {
    Problem::not_found("unknown_person", "nobody with this id works at the desk")
}

async fn load(call: &Call<'_>) -> Result<Loaded<People>, Problem> {
    let stream = call.context.stream(People::KIND, ALL)?;
    Ok(call.context.journal.load::<People>(&stream, call.context.now).await?)
}

async fn record(
    call: &Call<'_>,
    identity: &Identity,
    loaded: Loaded<People>,
    data: PeopleEvent,
) -> Result<Loaded<People>, Problem> {
    if identity.repeats(&loaded)? {
        return Ok(loaded);
    }
    let mut commit = call.context.commit();
    let named = event(identity.id.clone(), &call.caller.actor(), identity.tag, data)?;
    let after = commit.append(&loaded, vec![named])?;
    call.context.journal.commit(commit).await?;
    Ok(after)
}

fn shown(id: &str, absence: &Absence) -> Value {
    json!({
        "id": id, "person": absence.person, "from": rfc3339(absence.from),
        "until": absence.until.map(rfc3339), "substitute": absence.substitute,
    })
}
