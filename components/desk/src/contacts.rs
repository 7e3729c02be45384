//! Contacts: who wrote, where, and what about.

pub mod merge;

use crate::call::Call;
use chrono::{DateTime, Months, Utc};
use futures::future::try_join_all;
use http::StatusCode;
use relevo_domain::Private;
use relevo_domain::contact::{Contact, ContactEvent, Way};
use relevo_domain::conversation::{Conversation, view};
use relevo_domain::identity;
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::rows::TicketRow;
use relevo_edge::api;
use relevo_edge::app::event;
use relevo_edge::http::{Response, json};
use relevo_edge::partitions;
use relevo_edge::problem::Problem;
use relevo_edge::{cursor, ids, internal, people};
use relevo_journal::{Cursor, Fold, Kind, Month};
use relevo_projections::shards;
use serde_json::{Value, json};

/// Months that one page of the list of contacts goes back.
const MONTHS: u32 = 12;

/// `GET …/contacts`: newest first, from the directory of contacts; `?address=` finds one.
pub async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let limit = crate::list::limit(call)?;
    let (names, next) = match call.request.parameter("address").filter(|a| !a.is_empty()) {
        Some(address) => (by_address(call, &address).await?, None),
        None => newest(call, limit).await?,
    };
    let items = try_join_all(names.iter().take(limit).map(|name| seen(call, name))).await?;
    let items: Vec<Value> = items.into_iter().flatten().collect();
    Ok(json(StatusCode::OK, &json!({"items": items, "next": next})))
}

/// Stream names of the newest contacts from the cursor on, out of the directory of each month, and the next cursor: a
/// month, and how many of its entries are older.
async fn newest(call: &Call<'_>, limit: usize) -> Result<(Vec<String>, Option<String>), Problem> {
    let context = &call.context;
    let kind =
        Kind::new(Contact::KIND).map_err(|_| Problem::not_found("not_found", "there are no contacts"))?;
    let (mut at, mut older) = match call.request.parameter("cursor") {
        None => (context.now, usize::MAX),
        Some(text) => {
            let (ms, older) = cursor::parse_after(&text)?;
            let at = DateTime::from_timestamp_millis(ms).filter(|at| *at <= context.now);
            (at.ok_or_else(cursor::bad)?, older.parse().map_err(|_| cursor::bad())?)
        }
    };
    let mut names: Vec<String> = Vec::new();
    for _ in 0..MONTHS {
        let month = Month::of(at);
        let mut cursor = Cursor::default();
        let page = context
            .journal
            .read_directory(&context.desk, &kind, month, &mut cursor, usize::MAX, context.now)
            .await?;
        for (place, stream) in page.entries.iter().enumerate().take(older).rev() {
            if names.len() >= limit {
                let next = cursor::after(at.timestamp_millis(), &place.saturating_add(1).to_string());
                return Ok((names, Some(next)));
            }
            // Two first writers at once each added the contact.
            if !names.iter().any(|name| name == stream.name()) {
                names.push(stream.name().to_owned());
            }
        }
        older = usize::MAX;
        at = at.checked_sub_months(Months::new(1)).unwrap_or(at);
    }
    // Whatever is older than a year without anybody new is looked for no further.
    let next = (!names.is_empty()).then(|| cursor::after(at.timestamp_millis(), &older.to_string()));
    Ok((names, next))
}

/// A contact, if the caller may see them.
async fn seen(call: &Call<'_>, name: &str) -> Result<Option<Value>, Problem> {
    let (context, pack, id) = (&call.context, call.context.pack().await?, format!("{}{name}", ids::CONTACT));
    match partitions::contact(context, &pack.pack, &call.caller, &id).await {
        Err(problem) if problem.status == StatusCode::NOT_FOUND => Ok(None),
        Err(problem) => Err(problem),
        Ok(()) => view(call, name).await,
    }
}

/// `GET …/contacts/{contact}`
pub async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    let name = ids::parse(call.matched.part(1), ids::CONTACT, "contact")?;
    answer(call, name, StatusCode::OK).await
}

/// A contact with all that it stands for, and the tickets of all of them.
pub async fn answer(call: &Call<'_>, name: &str, status: StatusCode) -> Result<Response, Problem> {
    internal::follow(call.context.desk.as_str()).await?;
    let unknown = || Problem::not_found("unknown_contact", "there is no such contact at this desk");
    let mut contact = view(call, name).await?.ok_or_else(unknown)?;
    let tickets: Vec<Value> = rows(call, &format!("{}{name}", ids::CONTACT))
        .await?
        .iter()
        .map(|row| {
            json!({
                "id": ids::ticket(&row.conversation, row.ordinal),
                "number": row.number,
                "status": row.status,
                "category": row.category,
                "channel": row.channel,
                "queue": row.queue,
            })
        })
        .collect();
    if let Some(contact) = contact.as_object_mut() {
        contact.insert("tickets".to_owned(), Value::Array(tickets));
    }
    Ok(json(status, &contact))
}

/// `POST …/contacts/{contact}/surveys`
pub async fn surveys(call: &Call<'_>) -> Result<Response, Problem> {
    let body: api::SurveyConsent = call.request.json()?;
    let name = ids::parse(call.matched.part(1), ids::CONTACT, "contact")?;
    let identity = call.identity()?;
    let stream = call.context.stream(Contact::KIND, name)?;
    let loaded = call.context.journal.load::<Contact>(&stream, call.context.now).await?;
    let unknown = || Problem::not_found("unknown_contact", "there is no such contact at this desk");
    if loaded.is_new() {
        return Err(unknown());
    }
    if !identity.repeats(&loaded)? && loaded.state.no_surveys != body.declined {
        let declined = ContactEvent::SurveysDeclined { declined: body.declined };
        let mut commit = call.context.commit();
        commit.append(&loaded, vec![event(identity.id, &call.caller.actor(), identity.tag, declined)?])?;
        call.context.journal.commit(commit).await?;
    }
    let contact = view(call, name).await?.ok_or_else(unknown)?;
    Ok(json(StatusCode::OK, &contact))
}

async fn view(call: &Call<'_>, name: &str) -> Result<Option<Value>, Problem> {
    let united = people::united(&call.context, name).await?;
    let pack = call.context.pack().await?;
    let told = match partitions::divides(&pack.pack, &call.caller) {
        true => Some(told(call, &united).await?),
        false => None,
    };
    let since = match &told {
        Some(told) => told.since,
        None => united.members.iter().filter_map(|(_, contact)| contact.since).min(),
    };
    let Some(since) = since else { return Ok(None) };
    let is_told = |channel: &str, address: &Address| {
        told.as_ref().is_none_or(|told| told.addresses.iter().any(|(c, a)| c == channel && a == address))
    };
    let addresses: Vec<Value> = united
        .members
        .iter()
        .flat_map(|(_, contact)| contact.addresses.iter().map(move |known| (known, contact)))
        .filter(|((channel, address), _)| is_told(channel, address))
        .map(|((channel, address), contact)| {
            let way = Way { channel, account: None, sender: None };
            let opted_out = contact.stopped(&way).map(|said| said.at);
            json!({
                "channel": channel, "kind": address.kind, "value": address.value.0,
                "e164": identity::e164(address), "opted_out_at": opted_out.map(view::rfc3339),
            })
        })
        .collect();
    let of_members = || united.members.iter().find_map(|(_, contact)| contact.name.clone());
    let called = told.as_ref().map_or_else(of_members, |told| told.name.clone());
    // That two are one is for those to know who work for all.
    let links = united.members.iter().filter(|_| told.is_none()).flat_map(|(_, contact)| &contact.absorbed);
    let merged: Vec<Value> = links
        .filter(|link| united.members.iter().any(|(member, _)| *member == link.contact))
        .map(|link| {
            json!({
                "id": format!("{}{}", ids::CONTACT, link.contact),
                "at": view::rfc3339(link.at), "by": link.by,
            })
        })
        .collect();
    Ok(Some(json!({
        "id": format!("{}{}", ids::CONTACT, united.name),
        "name": called.map(|n| n.0),
        "addresses": addresses,
        "merged": merged,
        "since": view::rfc3339(since),
        "no_surveys": united.members.iter().any(|(_, contact)| contact.no_surveys),
        "erased_at": united.members.iter().filter_map(|(_, contact)| contact.erased_at).max().map(view::rfc3339),
        "held": united.members.iter().any(|(_, contact)| contact.hold.is_some()),
    })))
}

/// What was said of a contact in the conversations of tickets that the caller sees: a contact is one for the whole desk, and
/// what it told one client company is not for another's agents.
#[derive(Default)]
struct Told {
    name: Option<Private<String>>,
    /// Channel and address.
    addresses: Vec<(String, Address)>,
    /// When the first of the tickets was opened.
    since: Option<DateTime<Utc>>,
}

async fn told(call: &Call<'_>, united: &people::United) -> Result<Told, Problem> {
    let (context, pack) = (&call.context, call.context.pack().await?);
    let names = united.members.iter().flat_map(|(_, contact)| &contact.conversations);
    let loaded = try_join_all(names.map(|name| async move {
        let stream = context.stream(Conversation::KIND, name)?;
        Ok::<_, Problem>(context.journal.load::<Conversation>(&stream, context.now).await?.state)
    }))
    .await?;
    let mut told = Told::default();
    let mut named_at = None;
    for state in loaded {
        let mut seen =
            state.tickets.iter().filter(|one| partitions::sees_ticket(&pack.pack, &call.caller, one));
        let (Some(first), Some(party)) = (seen.next(), &state.party) else { continue };
        let heard_at = seen.map(|one| one.updated_at).chain([first.updated_at]).max();
        told.since = told.since.into_iter().chain([first.opened_at]).min();
        told.addresses.push((party.channel.clone(), party.address.clone()));
        if party.name.is_some() && heard_at > named_at {
            (told.name, named_at) = (party.name.clone(), heard_at);
        }
    }
    Ok(told)
}

/// The contacts that an address may be: a telephone number, an e-mail address or a provider's user id.
pub async fn by_address(call: &Call<'_>, address: &str) -> Result<Vec<String>, Problem> {
    let pack = call.context.pack().await?;
    let keys = &call.context.keys;
    let of = |kind, channel: &str| ids::contact(keys, channel, &Address { kind, value: address.into() });
    let mut names = vec![of(AddressKind::Phone, ""), of(AddressKind::Email, "")];
    names.extend(pack.pack.channels.keys().map(|channel| of(AddressKind::User, channel)));
    // Of an erased person no address is left: whoever knows one learns nothing by it.
    let known = try_join_all(names.into_iter().map(|name| async move {
        let stream = call.context.stream(Contact::KIND, &name)?;
        let contact = call.context.journal.load::<Contact>(&stream, call.context.now).await?.state;
        let erased = contact.erased_at.is_some() && contact.addresses.is_empty();
        Ok::<_, Problem>((!erased).then_some(name))
    }))
    .await?;
    Ok(known.into_iter().flatten().collect())
}

/// The rows of all tickets of a contact, given by id or by address, newest first.
pub async fn rows(call: &Call<'_>, contact: &str) -> Result<Vec<TicketRow>, Problem> {
    let context = &call.context;
    let names = match ids::parse(contact, ids::CONTACT, "contact") {
        Ok(name) => vec![name.to_owned()],
        Err(_) => by_address(call, contact).await?,
    };
    let united = try_join_all(names.iter().map(|name| people::united(context, name))).await?;
    let members = united.into_iter().flat_map(|person| person.members);
    let mut conversations: Vec<String> = Vec::new();
    for conversation in members.flat_map(|(_, contact)| contact.conversations) {
        if !conversations.contains(&conversation) {
            conversations.push(conversation);
        }
    }
    let loaded = try_join_all(conversations.iter().map(|name| async move {
        let stream = context.stream(Conversation::KIND, name)?;
        Ok::<_, Problem>(context.journal.load::<Conversation>(&stream, context.now).await?)
    }))
    .await?;
    let tickets: Vec<(String, u64)> = conversations
        .iter()
        .zip(&loaded)
        .flat_map(|(name, loaded)| {
            loaded.state.tickets.iter().map(|ticket| (ids::ticket(name, ticket.ordinal), ticket.number))
        })
        .collect();
    let shards: Vec<String> = tickets.iter().map(|(_, number)| shards::by_number(*number)).collect();
    let loaded = shards::load_all::<TicketRow, _>(context, &shards).await?;
    let mut rows: Vec<TicketRow> =
        tickets.iter().zip(&loaded).filter_map(|((id, _), shard)| shard.state.get(id).cloned()).collect();
    let pack = context.pack().await?;
    rows.retain(|row| partitions::sees(&pack.pack, &call.caller, &row.queue, row.team.as_deref()));
    rows.sort_by_key(|row| std::cmp::Reverse(row.number));
    Ok(rows)
}
