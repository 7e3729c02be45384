//! Two contacts that turn out to be one person, and back.

use crate::call::Call;
use http::StatusCode;
use relevo_domain::contact::{Contact, ContactEvent};
use relevo_edge::api::{ContactMerge, ContactUnmerge};
use relevo_edge::app::event;
use relevo_edge::http::Response;
use relevo_edge::ids;
use relevo_edge::people::united;
use relevo_edge::problem::Problem;
use relevo_journal::{Fold, Loaded};

/// `POST …/contacts/merge`: the contact `from` is from now on read as part of `into`.
pub async fn merge(call: &Call<'_>) -> Result<Response, Problem> {
    let body: ContactMerge = call.request.json()?;
    let (into, from) = (name(&body.into, "/into")?, name(&body.from, "/from")?);
    let (kept, absorbed) = (known(call, into).await?, known(call, from).await?);
    let identity = call.identity()?;
    if identity.repeats(&absorbed)? || absorbed.state.merged_into.as_deref() == Some(into) {
        return super::answer(call, into, StatusCode::OK).await;
    }
    if absorbed.state.merged_into.is_some() {
        let detail = "the contact is already part of another one; take it out of there first";
        return Err(Problem::new(StatusCode::CONFLICT, "already_merged", detail));
    }
    if united(&call.context, into).await?.name == from || into == from {
        let detail = "a contact cannot become part of itself or of what is part of it";
        return Err(Problem::new(StatusCode::CONFLICT, "same_contact", detail));
    }
    let merged = ContactEvent::Merged { into: into.to_owned() };
    let other = ContactEvent::Absorbed { other: from.to_owned() };
    commit(call, identity, (&absorbed, merged), (&kept, other)).await?;
    super::answer(call, into, StatusCode::OK).await
}

/// `POST …/contacts/unmerge`: the contact `from` stands for itself again.
pub async fn unmerge(call: &Call<'_>) -> Result<Response, Problem> {
    let body: ContactUnmerge = call.request.json()?;
    let from = name(&body.from, "/from")?;
    let absorbed = known(call, from).await?;
    let identity = call.identity()?;
    if identity.repeats(&absorbed)? {
        return super::answer(call, from, StatusCode::OK).await;
    }
    let Some(into) = absorbed.state.merged_into.clone() else {
        let detail = "the contact is not part of another one";
        return Err(Problem::new(StatusCode::CONFLICT, "not_merged", detail));
    };
    let kept = known(call, &into).await?;
    let released = ContactEvent::Released { other: from.to_owned() };
    commit(call, identity, (&absorbed, ContactEvent::Unmerged), (&kept, released)).await?;
    super::answer(call, from, StatusCode::OK).await
}

/// Both sides of the link become visible together.
async fn commit(
    call: &Call<'_>,
    identity: crate::call::Identity,
    (one, first): (&Loaded<Contact>, ContactEvent),
    (other, second): (&Loaded<Contact>, ContactEvent),
) -> Result<(), Problem> {
    let actor = call.caller.actor();
    let mut commit = call.context.commit();
    commit.append(one, vec![event(identity.id.clone(), &actor, identity.tag, first)?])?;
    commit.append(other, vec![event(identity.id, &actor, identity.tag, second)?])?;
    call.context.journal.commit(commit).await?;
    Ok(())
}

fn name<'a>(id: &'a str, pointer: &'static str) -> Result<&'a str, Problem> {
    ids::parse(id, ids::CONTACT, "contact").map_err(|_| Problem::invalid(pointer, "a contact's id is needed"))
}

async fn known(call: &Call<'_>, name: &str) -> Result<Loaded<Contact>, Problem> {
    let stream = call.context.stream(Contact::KIND, name)?;
    let loaded = call.context.journal.load::<Contact>(&stream, call.context.now).await?;
    if loaded.is_new() {
        return Err(Problem::not_found("unknown_contact", "there is no such contact at this desk"));
    }
    Ok(loaded)
}
