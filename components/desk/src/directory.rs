//! `/api/{desk}/directory`: what the desk knows of accounts and people before anybody writes.

mod import;
mod row;

use crate::call::Call;
use http::StatusCode;
pub use import::import;
use relevo_domain::directory::{self, AccountEntry, DirectoryCall, Members, Of};
use relevo_domain::message::Address;
use relevo_edge::api;
use relevo_edge::directory::{ALL, Asked, Change, Entries, LISTED, load_account};
use relevo_edge::http::{Response, empty, json};
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, ids};
use relevo_journal::Cursor;
use row::{Known, Person, Row};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// `GET …/directory/accounts`, in the order in which they came into the directory.
pub async fn accounts(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = crate::list::limit(call)?;
    let after = call.request.parameter("cursor").filter(|text| !text.is_empty());
    let upto = after.map(|text| cursor::parse_below(&text)).transpose()?.unwrap_or_default();
    let mut place = Cursor { upto, ..Cursor::default() };
    let sequence = call.context.sequence(LISTED, ALL)?;
    let page = call.context.journal.read_after(&sequence, &mut place, limit, call.context.now).await?;
    let ids: BTreeSet<String> =
        page.entries.iter().filter_map(|(_, id)| serde_json::from_slice(id).ok()).collect();
    let mut items = Vec::new();
    for id in &ids {
        let entry = load_account(&call.context, id).await?.state;
        items.extend(shown(call, id, &entry).await?);
    }
    let next = (page.behind > 0).then(|| cursor::below(place.upto));
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

/// `GET …/directory/accounts/{customer}`
pub async fn account(call: &Call<'_>) -> Result<Response, Problem> {
    let id = call.matched.part(1);
    let entry = load_account(&call.context, id).await?.state;
    let view = shown(call, id, &entry).await?.ok_or_else(unknown_account)?;
    Ok(json(StatusCode::OK, &view))
}

/// `PUT …/directory/accounts/{customer}`
pub async fn set_account(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::DirectoryAccount = call.request.json()?;
    let id = call.matched.part(1);
    let row = row::account(id, body.values, body.domains).map_err(row::refused)?;
    let pack = call.context.pack().await?;
    let members = Members::new(&pack.pack, Of::Account, call.caller.role);
    row::of_members(members, &row.values, false).map_err(row::refused)?;
    let (identity, actor) = (call.identity()?, call.caller.actor());
    let mut entries = Entries::new(&call.context, &actor, identity.tag);
    let asked = Asked::load(&call.context, identity.clone()).await?;
    if asked.answered()?.is_none() {
        let row = fitting(call, Row::Account(row)).await?;
        let (mut commit, kept) = (call.context.commit(), members.kept());
        if let Row::Account(row) = row {
            entries.set_account(&mut commit, &identity.id, id, row.values, &kept, row.domains).await?;
        }
        asked.note(&mut commit, &actor, DirectoryCall::default())?;
        finish(call, commit, asked).await?;
    }
    let view = shown(call, id, &entries.account(id).await?.state).await?.ok_or_else(unknown_account)?;
    Ok(json(StatusCode::OK, &view))
}

/// `DELETE …/directory/accounts/{customer}`
pub async fn remove_account(call: &Call<'_>) -> Result<Response, Problem> {
    let (identity, actor, id) = (call.identity()?, call.caller.actor(), call.matched.part(1));
    let mut entries = Entries::new(&call.context, &actor, identity.tag);
    if !identity.repeats(entries.account(id).await?)? {
        let mut commit = call.context.commit();
        if !entries.remove_account(&mut commit, &identity.id, id).await? {
            return Err(unknown_account());
        }
        call.context.journal.commit(commit).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// `GET …/directory/people?address=`: nobody is listed, whoever has an address asks for it.
pub async fn people(call: &Call<'_>) -> Result<Response, Problem> {
    let needed = || Problem::bad_request("address_missing", "say whose entry is meant: ?address=");
    let address = call.request.parameter("address").filter(|a| !a.is_empty()).ok_or_else(needed)?;
    let actor = call.caller.actor();
    let mut entries = Entries::new(&call.context, &actor, 0);
    let mut items = Vec::new();
    for contact in crate::contacts::by_address(call, &address).await? {
        items.extend(person(call, &mut entries, &contact).await?);
    }
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `PUT …/directory/people`
pub async fn set_person(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::DirectoryPerson = call.request.json()?;
    let named = |address: api::DirectoryAddress| {
        let kind = address.kind.unwrap_or_else(|| relevo_channels::reach::looks_like(&address.address));
        (address.channel, Address { kind, value: address.address.trim().into() })
    };
    let addresses = body.addresses.into_iter().map(named).collect();
    let row = row::person(body.account, body.values, addresses).map_err(row::refused)?;
    let pack = call.context.pack().await?;
    let members = Members::new(&pack.pack, Of::Person, call.caller.role);
    row::of_members(members, &row.values, false).map_err(row::refused)?;
    let (identity, actor) = (call.identity()?, call.caller.actor());
    let mut entries = Entries::new(&call.context, &actor, identity.tag);
    let contacts = contacts(call, &row);
    let asked = Asked::load(&call.context, identity.clone()).await?;
    if asked.answered()?.is_none() {
        let row = fitting(call, Row::Person(row)).await?;
        let (mut commit, kept) = (call.context.commit(), members.kept());
        if let Row::Person(row) = row {
            put_person(call, &mut entries, &mut commit, &identity.id, row, &kept).await?;
        }
        asked.note(&mut commit, &actor, DirectoryCall::default())?;
        finish(call, commit, asked).await?;
    }
    let mut items = Vec::new();
    for contact in &contacts {
        items.extend(person(call, &mut entries, contact).await?);
    }
    Ok(json(StatusCode::OK, &json!({"items": items, "next": null})))
}

/// `DELETE …/directory/people/{contact}`
pub async fn remove_person(call: &Call<'_>) -> Result<Response, Problem> {
    let (identity, actor) = (call.identity()?, call.caller.actor());
    let name = ids::parse(call.matched.part(1), ids::CONTACT, "contact")?;
    let asked = Asked::load(&call.context, identity.clone()).await?;
    if asked.answered()?.is_none() {
        let mut entries = Entries::new(&call.context, &actor, identity.tag);
        let mut commit = call.context.commit();
        if !entries.remove_person(&mut commit, &identity.id, name).await? {
            return Err(Problem::not_found(
                "unknown_contact",
                "the directory says nothing of such a contact",
            ));
        }
        asked.note(&mut commit, &actor, DirectoryCall::default())?;
        finish(call, commit, asked).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

/// A row that fits what the directory knows.
async fn fitting(call: &Call<'_>, row: Row) -> Result<Row, Problem> {
    let wrong = Known::load(call, [&row].into_iter()).await?.misfits(&row);
    if wrong.is_empty() { Ok(row) } else { Err(row::refused(wrong)) }
}

/// Commits what a call changes, and whether it is the one of its key that counts.
async fn finish(call: &Call<'_>, commit: relevo_journal::Commit, asked: Asked) -> Result<(), Problem> {
    if !commit.is_empty() {
        call.context.journal.commit(commit).await?;
    }
    asked.confirm(&call.context).await
}

/// The contacts that a person's addresses lead to.
fn contacts(call: &Call<'_>, row: &Person) -> Vec<String> {
    let of = |(channel, address): &(Option<String>, Address)| {
        ids::contact(&call.context.keys, channel.as_deref().unwrap_or_default(), address)
    };
    row.addresses.iter().map(of).collect()
}

/// Sets a person's entry at each of their addresses.
async fn put_person(
    call: &Call<'_>,
    entries: &mut Entries<'_, relevo_journal::store::spin::SpinStore>,
    commit: &mut relevo_journal::Commit,
    id: &str,
    row: Person,
    kept: &BTreeSet<String>,
) -> Result<Change, Problem> {
    let mut change = Change::Unchanged;
    for contact in contacts(call, &row) {
        if entries.set_person(commit, id, &contact, row.values.clone(), kept).await? == Change::Set {
            change = Change::Set;
        }
    }
    Ok(change)
}

/// An account as the caller may see it; none: it is not in the directory.
async fn shown(call: &Call<'_>, id: &str, entry: &AccountEntry) -> Result<Option<Value>, Problem> {
    if entry.id.is_none() {
        return Ok(None);
    }
    let values = visible(call, Of::Account, entry.values.0.clone()).await?;
    Ok(Some(json!({"id": id, "values": values, "domains": entry.domains, "revision": entry.revision})))
}

/// A person as the caller may see them; none: they are not in the directory.
async fn person(
    call: &Call<'_>,
    entries: &mut Entries<'_, relevo_journal::store::spin::SpinStore>,
    contact: &str,
) -> Result<Option<Value>, Problem> {
    let entry = entries.contact(contact).await?.directory.clone();
    if entry.values.0.is_empty() {
        return Ok(None);
    }
    let mut values = visible(call, Of::Person, entry.values.0).await?;
    let account = values.remove(directory::ACCOUNT);
    let id = format!("{}{contact}", ids::CONTACT);
    Ok(Some(json!({"contact": id, "account": account, "values": values, "revision": entry.revision})))
}

/// What fills a field that the caller does not see is not shown here either.
async fn visible(
    call: &Call<'_>,
    of: Of,
    mut values: Map<String, Value>,
) -> Result<Map<String, Value>, Problem> {
    let pack = call.context.pack().await?;
    Members::new(&pack.pack, of, call.caller.role).leave_out(&mut values);
    Ok(values)
}

fn unknown_account() -> Problem {
    Problem::not_found("unknown_account", "the directory has no such account")
}
