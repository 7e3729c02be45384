//! Runs: begun, answered, gone back in, read. What is written down is sealed under the key of the ticket's contact.

use crate::end::{self, Written};
use crate::ticket::OnTicket;
use crate::{books, show};
use http::StatusCode;
use relevo_domain::category::Category;
use relevo_domain::conversation::ConversationEvent;
use relevo_domain::playbook::{self, Answer, Begun, Playbook, Refused, Run, RunEvent};
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::identity::Identity;
use relevo_edge::problem::Problem;
use relevo_edge::routes::Call;
use relevo_edge::{api, card_numbers, clock, ids, personal};
use relevo_journal::{Commit, Fold, Loaded, private};
use relevo_projections::claims;

/// A run that the caller may see, and the playbook as it was when it began.
struct Found {
    name: String,
    loaded: Loaded<Run>,
    begun: Begun,
    book: Playbook,
}

/// `POST …/playbooks/{playbook}/runs`
pub async fn begin(call: &Call<'_>) -> Result<Response, Problem> {
    let (context, id) = (&call.context, call.matched.part(1));
    let body: api::NewRun = call.request.json()?;
    let pack = context.pack().await?;
    let book = books::visible(call, &pack.pack, id)?;
    let identity = identity(call)?;
    let name = context.keys.id("run", &[&identity.id]);
    let loaded = context.journal.load::<Run>(&context.stream(Run::KIND, &name)?, context.now).await?;
    if identity.repeats(&loaded)? {
        return answered(call, StatusCode::CREATED, &name).await;
    }
    let ticket = match &body.ticket {
        Some(ticket) => Some(OnTicket::load(call, ticket).await?),
        None => None,
    };
    // A run of what is the whole desk's belongs to whom its ticket does.
    let mut partition = book.partition.clone();
    if let Some(ticket) = &ticket {
        let category = ticket.ticket()?.category;
        if matches!(category, Category::Closed | Category::Spam) {
            let detail = format!("the ticket is {}; open it again, or follow it up", category.as_str());
            return Err(Problem::new(StatusCode::CONFLICT, "ticket_is_over", detail));
        }
        let of_ticket = ticket.partition(call, &pack.pack)?;
        if partition.is_some() && of_ticket != partition.as_deref() {
            let detail = "the ticket is of another partition than the playbook";
            return Err(Problem::new(StatusCode::CONFLICT, "other_partition", detail));
        }
        partition = of_ticket.map(str::to_owned);
    }
    let (mut commit, actor) = (context.commit(), call.caller.actor());
    let begun = Begun {
        playbook: id.to_owned(),
        version: pack.version,
        partition,
        ticket: body.ticket,
        start: book.start,
    };
    commit
        .append(&loaded, vec![event(identity.id.clone(), &actor, identity.tag, RunEvent::Begun(begun))?])?;
    if let Some(on) = &ticket {
        let run = format!("{}{name}", ids::RUN);
        let begun = ConversationEvent::RunBegun {
            ticket: on.ordinal,
            run,
            playbook: id.to_owned(),
            version: pack.version,
        };
        commit.append(&on.loaded, vec![event(format!("run.{name}.begun"), &actor, 0, begun)?])?;
    }
    context.journal.commit(commit).await?;
    answered(call, StatusCode::CREATED, &name).await
}

/// `GET …/runs/{run}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let found = find(call).await?;
    Ok(json(StatusCode::OK, &show::run(&found.name, &found.book, &found.loaded.state)))
}

/// `POST …/runs/{run}/answers`: what is answered, and, if it leads to an outcome, what comes of it, become visible
/// together.
pub async fn answer(call: &Call<'_>) -> Result<Response, Problem> {
    let context = &call.context;
    card_numbers::refuse(&context.pack().await?.pack, call.request)?;
    let body: api::RunAnswer = call.request.json()?;
    let Found { name, loaded, begun, book } = find(call).await?;
    let identity = identity(call)?;
    if identity.repeats(&loaded)? {
        return answered(call, StatusCode::OK, &name).await;
    }
    let answer = Answer {
        node: body.node,
        choice: body.choice,
        confirmed: body.confirmed,
        done: body.done,
        data: body.data,
    };
    let made = playbook::advance(&book, &loaded.state, answer, context.now).map_err(refused)?;
    let ticket = match &begun.ticket {
        Some(ticket) => Some(OnTicket::load(call, ticket).await?),
        None => None,
    };
    let (mut commit, actor) = (context.commit(), call.caller.actor());
    let move_number = loaded.state.moves;
    let sealing = private::is_in(&made.event);
    let loaded = if sealing { seal(call, &mut commit, loaded, ticket.as_ref()).await? } else { loaded };
    let stepped = event(identity.id.clone(), &actor, identity.tag, made.event)?;
    let after = commit.append(&loaded, vec![stepped])?;
    let mut told = Vec::new();
    if let (Some((record, data)), Some(on)) = (made.record, &ticket) {
        let run = format!("{}{name}", ids::RUN);
        let request = record.request;
        told.push(ConversationEvent::RequestRecorded { ticket: on.ordinal, run, request, data: data.into() });
    }
    let written = Written { name: &name, book: &book, begun: &begun, run: &after.state };
    if let Some(end) = end::at(call, &written, ticket.as_ref()).await? {
        let ended = RunEvent::Ended { after: after.state.moves, node: made.to, ending: end.ending };
        let after = match private::is_in(&ended) {
            true => seal(call, &mut commit, after, ticket.as_ref()).await?,
            false => after,
        };
        commit.append(&after, vec![event(format!("{}.1", identity.id), &actor, identity.tag, ended)?])?;
        told.extend(end.told);
    }
    if let (Some(on), false) = (ticket, told.is_empty()) {
        tell(call, &mut commit, on, &format!("run.{name}.{move_number}"), told).await?;
    }
    if !take_move(call, &name, move_number).await? {
        return moved(call, &name, &identity).await;
    }
    context.journal.commit(commit).await?;
    moved(call, &name, &identity).await
}

/// Takes the next move of a run, right before it is committed: of several at once one is made, and what follows from it
/// on the ticket follows once. Who takes it and dies is waited for, as a sender is.
async fn take_move(call: &Call<'_>, name: &str, number: u32) -> Result<bool, Problem> {
    let taken = claims::take(&call.context, &format!("move-{name}-{number}"), 1, clock::now()).await?;
    Ok(taken.is_some())
}

/// `POST …/runs/{run}/back`
pub async fn back(call: &Call<'_>) -> Result<Response, Problem> {
    let Found { name, loaded, .. } = find(call).await?;
    let identity = identity(call)?;
    if identity.repeats(&loaded)? {
        return answered(call, StatusCode::OK, &name).await;
    }
    let move_number = loaded.state.moves;
    let went = playbook::back(&loaded.state)?;
    let mut commit = call.context.commit();
    let went = event(identity.id.clone(), &call.caller.actor(), identity.tag, went)?;
    commit.append(&loaded, vec![went])?;
    if !take_move(call, &name, move_number).await? {
        return moved(call, &name, &identity).await;
    }
    call.context.journal.commit(commit).await?;
    moved(call, &name, &identity).await
}

fn identity(call: &Call<'_>) -> Result<Identity, Problem> {
    Identity::of(&call.context, &call.caller.person, call.request)
}

/// The run that a call names. One of a playbook that the caller may not see is as good as none.
async fn find(call: &Call<'_>) -> Result<Found, Problem> {
    find_named(call, ids::parse(call.matched.part(2), ids::RUN, "run")?).await
}

async fn find_named(call: &Call<'_>, name: &str) -> Result<Found, Problem> {
    let (context, id) = (&call.context, call.matched.part(1));
    let unknown = || Problem::not_found("unknown_run", "there is no such run of this playbook");
    let loaded = context.journal.load::<Run>(&context.stream(Run::KIND, name)?, context.now).await?;
    let begun = loaded.state.begun.clone().filter(|begun| begun.playbook == id).ok_or_else(unknown)?;
    let pack = context.pack().await?;
    if !pack.pack.sees(&call.caller.person, call.caller.role, begun.partition.as_deref()) {
        return Err(unknown());
    }
    let version = context.config.state.version(begun.version).cloned().ok_or_else(unknown)?;
    let book = books::of_pack(&context.pack_version(&version).await?.pack, id)?;
    Ok(Found { name: name.to_owned(), loaded, begun, book })
}

/// The run as it is now.
async fn answered(call: &Call<'_>, status: StatusCode, name: &str) -> Result<Response, Problem> {
    let found = find_named(call, name).await?;
    Ok(json(status, &show::run(name, &found.book, &found.loaded.state)))
}

/// The run after a move; of two at once one counts, and who made the other is told so.
async fn moved(call: &Call<'_>, name: &str, identity: &Identity) -> Result<Response, Problem> {
    let found = find_named(call, name).await?;
    identity.repeats(&found.loaded)?;
    if !found.loaded.state.has_move(&identity.id) {
        let detail = "somebody else is moving the run on at the same time; read it again, and repeat this in a \
                      minute and a half if it has not moved";
        return Err(Problem::new(StatusCode::CONFLICT, "run_moved_on", detail));
    }
    Ok(json(StatusCode::OK, &show::run(name, &found.book, &found.loaded.state)))
}

/// The run with a key for what is written down: its contact's, or, where it is about nobody, that of the playbook for
/// this month, which goes with what could not be placed.
async fn seal(
    call: &Call<'_>,
    commit: &mut Commit,
    loaded: Loaded<Run>,
    ticket: Option<&OnTicket>,
) -> Result<Loaded<Run>, Problem> {
    if loaded.key().is_some() {
        return Ok(loaded);
    }
    let key = match ticket {
        Some(on) => on.key(call, commit).await?,
        None => {
            let actor = call.caller.actor();
            Some(personal::account_key(&call.context, "playbook", call.matched.part(1), &actor).await?)
        }
    };
    Ok(loaded.sealed_under(key))
}

/// Tells the ticket. What follows from one move is named after it, so that it is told once.
async fn tell(
    call: &Call<'_>,
    commit: &mut Commit,
    on: OnTicket,
    id: &str,
    told: Vec<ConversationEvent>,
) -> Result<(), Problem> {
    let actor = call.caller.actor();
    let key = match on.loaded.key() {
        Some(_) => None,
        None if told.iter().any(private::is_in) => on.key(call, commit).await?,
        None => None,
    };
    let events = told.into_iter().enumerate();
    let events: Result<Vec<_>, Problem> =
        events.map(|(n, data)| event(format!("{id}.{n}"), &actor, 0, data)).collect();
    commit.append(&on.loaded.sealed_under(key), events?)?;
    Ok(())
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Rule(refusal) => refusal.into(),
        Refused::Values(wrong) => Problem::invalid_all(wrong),
        Refused::CardNumber(place) => card_numbers::refused(place),
    }
}
