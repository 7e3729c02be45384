//! `…/tickets/{ticket}/notes` with `@person` and `@team`, and `/api/{desk}/me/mentions`.

use crate::call::Call;
use crate::tickets::load as load_ticket;
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::conversation::{ConversationEvent, decide, view};
use relevo_domain::mention::{self, Inbox, InboxEvent, Mention};
use relevo_edge::app::event;
use relevo_edge::http::{Response, empty, json};
use relevo_edge::personal::Persons;
use relevo_edge::problem::Problem;
use relevo_edge::{api, partitions};
use relevo_journal::{Fold, Loaded};
use serde_json::{Value, json};

/// Most notes that one call marks as seen.
const MAX_SEEN: usize = 200;

/// `POST …/notes`
pub async fn note(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::NewNote = call.request.json()?;
    let identity = call.identity()?;
    let (stream, loaded, pack) = load_ticket(call).await?;
    let ticket = loaded.state.ticket(stream.ordinal);
    let partition = ticket.and_then(|one| pack.pack.partition_of_ticket(&one.queue, one.team.as_deref()));
    let (mentions, unknown) = mention::mentioned(&pack.pack, partition, &body.text);
    let told = json!({"people": mentions.people, "teams": mentions.teams, "unknown": unknown});
    let answer = |state| {
        let mut view = stream.view(state)?;
        view.insert("mentions".to_owned(), told.clone());
        Ok(json(StatusCode::CREATED, &view))
    };
    if identity.repeats(&loaded)? {
        return answer(&loaded.state);
    }
    let (mut commit, actor) = (call.context.commit(), call.caller.actor());
    let whose =
        mentions.people.iter().map(|id| ("person", id)).chain(mentions.teams.iter().map(|id| ("team", id)));
    for inbox in try_join_all(whose.map(|(kind, id)| load(call, kind, id))).await? {
        let made = InboxEvent::Made {
            ticket: stream.id.clone(),
            note: format!("msg_{}", identity.id),
            by: actor.clone(),
        };
        commit.append(&inbox, vec![event(identity.id.clone(), &actor, 0, made)?])?;
    }
    let written = decide::note(&loaded.state, stream.ordinal, body.text)?;
    let mut events = vec![event(identity.id.clone(), &actor, identity.tag, written)?];
    if !mentions.is_empty() {
        let note = format!("msg_{}", identity.id);
        let mentioned = ConversationEvent::PeopleMentioned { ticket: stream.ordinal, note, mentions };
        events.push(event(format!("{}.1", identity.id), &actor, identity.tag, mentioned)?);
    }
    let loaded = Persons::new(&call.context, &actor).sealing(&mut commit, loaded).await?;
    let after = commit.append(&loaded, events)?;
    call.context.journal.commit(commit).await?;
    let after = identity.confirm(&call.context, after).await?;
    answer(&after.state)
}

/// `GET …/me/mentions`
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = crate::list::limit(call)?;
    let wanted = call.request.parameter("seen").map(|word| word.parse::<bool>()).transpose();
    let wanted = wanted.map_err(|_| Problem::bad_request("bad_seen", "seen is true or false"))?;
    let pack = call.context.pack().await?;
    let own = load(call, "person", &call.caller.person).await?.state;
    let teams = pack.pack.people.get(&call.caller.person).map(|one| one.teams.clone()).unwrap_or_default();
    let of_teams = try_join_all(teams.iter().map(|team| load(call, "team", team))).await?;
    let mut all: Vec<(Mention, Option<&str>)> = own.mentions.iter().map(|one| (one.clone(), None)).collect();
    for (team, inbox) in teams.iter().zip(of_teams) {
        all.extend(inbox.state.mentions.into_iter().map(|one| (one, Some(team.as_str()))));
    }
    all.sort_by(|(a, _), (b, _)| (b.at, &b.note).cmp(&(a.at, &a.note)));
    // Who is mentioned by name and with their team is mentioned once: by name, which comes first.
    all.dedup_by(|(a, _), (b, _)| a.note == b.note);
    let cursor = call.request.parameter("cursor");
    let place = cursor.as_ref().and_then(|cursor| all.iter().position(|(one, _)| one.note == *cursor));
    if cursor.is_some() && place.is_none() {
        return Err(Problem::bad_request(
            "bad_cursor",
            "the cursor is of no mention that is kept; begin anew",
        ));
    }
    let mut items: Vec<Value> = Vec::new();
    let (mut next, mut last) = (None, None);
    for (one, team) in all.iter().skip(place.map_or(0, |place| place.saturating_add(1))) {
        let seen = own.seen.get(&one.note);
        if wanted.is_some_and(|wanted| wanted != seen.is_some()) {
            continue;
        }
        if partitions::ticket(&call.context, &pack.pack, &call.caller, &one.ticket).await.is_err() {
            continue;
        }
        if items.len() >= limit {
            next = last;
            break;
        }
        items.push(json!({
            "ticket": one.ticket, "note": one.note, "by": one.by, "at": view::rfc3339(one.at),
            "team": team, "seen_at": seen.map(|at| view::rfc3339(*at)),
        }));
        last = Some(one.note.clone());
    }
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

/// `POST …/me/mentions`
pub async fn mark(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::SeenMentions = call.request.json()?;
    if body.seen.is_empty() || body.seen.len() > MAX_SEEN {
        return Err(Problem::invalid("/seen", format!("1 to {MAX_SEEN} notes")));
    }
    if let Some(n) = body.seen.iter().position(|note| note.is_empty() || note.len() > 128) {
        return Err(Problem::invalid(format!("/seen/{n}"), "the id of a note"));
    }
    let identity = call.identity()?;
    let inbox = load(call, "person", &call.caller.person).await?;
    if !identity.repeats(&inbox)? {
        let mut commit = call.context.commit();
        let seen = InboxEvent::Seen { notes: body.seen };
        commit.append(&inbox, vec![event(identity.id.clone(), &call.caller.actor(), identity.tag, seen)?])?;
        call.context.journal.commit(commit).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

async fn load(call: &Call<'_>, kind: &str, id: &str) -> Result<Loaded<Inbox>, Problem> {
    let stream = call.context.stream(Inbox::KIND, &call.context.keys.id("mentions", &[kind, id]))?;
    Ok(call.context.journal.load::<Inbox>(&stream, call.context.now).await?)
}
