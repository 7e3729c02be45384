//! Trying a template: in all its languages side by side, and as a message to oneself.

use crate::{answers, fill_in, manage, sets};
use relevo_domain::conversation::Conversation;
use relevo_domain::message::{Address, AddressKind};
use relevo_domain::outbox::{
    ChannelMessage, Entry, Outbox, OutboxEvent, Request as Outgoing, WhatsappTemplate,
};
use relevo_domain::tone::Warning;
use relevo_edge::api::{Kick, PreviewTemplate, TestTemplate};
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::auth::Caller;
use relevo_edge::http::{Incoming, Response, json};
use relevo_edge::identity::{self, Identity};
use relevo_edge::partitions;
use relevo_edge::problem::Problem;
use relevo_edge::{approval, ids, internal};
use relevo_journal::Fold;
use relevo_rendering::{Channel, Rendered, Request, Template, TemplateSet};
use serde_json::{Map, Value, json};
use spin_sdk::http::StatusCode;
use std::rc::Rc;

/// The templates of the pack in force, or with the draft of one of them in its place.
async fn set(context: &DeskContext, name: &str, draft: bool) -> Result<Rc<TemplateSet>, Problem> {
    if !draft {
        return sets::of_desk(context).await;
    }
    let document = manage::with_draft(context, name).await?;
    sets::load(&document).map(Rc::new).map_err(answers::preview_problem)
}

fn template<'s>(set: &'s TemplateSet, name: &str) -> Result<(&'s str, &'s Template), Problem> {
    set.documents().template(name).ok_or_else(manage::unknown)
}

/// The author's examples.
fn examples(template: &Template) -> Map<String, Value> {
    let fields = template.data.iter();
    fields.filter_map(|(name, field)| Some((name.clone(), field.example.clone()?))).collect()
}

/// What is known of a ticket, as a reply to it would know it.
async fn known(
    context: &DeskContext,
    pack: &PublishedPack,
    caller: &Caller,
    ticket: &str,
) -> Result<Map<String, Value>, Problem> {
    partitions::ticket(context, &pack.pack, caller, ticket).await?;
    let (name, ordinal) = ids::parse_ticket(ticket)?;
    let stream = context.stream(Conversation::KIND, name)?;
    let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
    let unknown = || Problem::not_found("unknown_ticket", "there is no such ticket at this desk");
    let found = loaded.state.ticket(ordinal).ok_or_else(unknown)?;
    let mut offered = found.fields.0.clone();
    let hidden = pack.pack.hidden_fields(caller.role);
    offered.retain(|name, _| !hidden.contains(name));
    offered.insert("ticket_number".to_owned(), json!(found.number));
    if let Some(name) = loaded.state.party.as_ref().and_then(|party| party.name.as_ref()) {
        offered.insert("contact_name".to_owned(), json!(name.0));
    }
    if let Some(person) = pack.pack.people.get(&caller.person) {
        offered.insert("agent_name".to_owned(), json!(person.name));
    }
    Ok(offered)
}

/// `POST …/templates/{template}/preview`
pub async fn preview(
    context: &DeskContext,
    caller: &Caller,
    request: &Incoming,
    name: &str,
) -> Result<Response, Problem> {
    let body: PreviewTemplate = request.json()?;
    let pack = context.pack().await?;
    let set = set(context, name, body.draft).await?;
    let (name, template) = template(&set, name)?;
    let mut data = body.data;
    if let Some(ticket) = &body.ticket {
        fill_in(&set, name, &mut data, known(context, &pack, caller, ticket).await?);
    }
    for (field, example) in examples(template) {
        data.entry(field).or_insert(example);
    }
    let data = Value::Object(data);
    let mut items = Vec::new();
    for locale in template.locales.keys() {
        let time_zone = body.time_zone.as_deref();
        let rendered = set.render(&Request { name, locale, channel: &body.channel, data: &data, time_zone });
        items.push(match rendered {
            Ok(message) => {
                let warnings: Vec<Warning> = answers::warnings(&pack.pack, locale, &message.text);
                json!({"locale": locale, "message": message, "warnings": warnings})
            }
            // One language that fails does not hide the others.
            Err(error) => {
                json!({"locale": locale, "problem": {"code": error.code(), "detail": error.to_string()}})
            }
        });
    }
    Ok(json(StatusCode::OK, &json!({"name": name, "items": items, "next": null})))
}

/// `POST …/templates/{template}/test`: to the caller's own address in the pack, and to no other.
pub async fn send(
    context: &DeskContext,
    caller: &Caller,
    request: &Incoming,
    name: &str,
) -> Result<Response, Problem> {
    let body: TestTemplate = request.json()?;
    let pack = context.pack().await?;
    if pack.pack.account(&body.channel, &body.account).is_none() {
        return Err(Problem::invalid("/channel", "the desk has no such account of this channel"));
    }
    let set = set(context, name, body.draft).await?;
    let (name, template) = template(&set, name)?;
    let address = own_address(&pack, caller, &body.channel)?;
    let mut data = examples(template);
    data.extend(body.data);
    let data = Value::Object(data);
    let locale = body.locale.as_deref().unwrap_or(&pack.pack.locale.default);
    let rendered = set
        .render(&Request { name, locale, channel: &body.channel, data: &data, time_zone: None })
        .map_err(answers::render_problem)?;
    let outbox = match request.idempotency_key()? {
        Some(key) => context.keys.id("outbox", &["test", &caller.person, &request.path, key]),
        None => identity::random()?,
    };
    let stream = context.stream(Outbox::KIND, &outbox)?;
    let loaded = context.journal.load::<Outbox>(&stream, context.now).await?;
    let called = Identity { id: "queued".to_owned(), ..Identity::of(context, &caller.person, request)? };
    called.repeats(&loaded)?;
    let loaded = loaded.sealed_under(context.journal.desk_key()?);
    let whatsapp: Option<WhatsappTemplate> = serde_json::from_value(json!(rendered.whatsapp))
        .map_err(|error| Problem::unavailable(error.to_string()))?;
    if let Some(whatsapp) = &whatsapp {
        let approvals = approval::of_account(context, &body.channel, &body.account).await?;
        approval::check(&approvals, &whatsapp.name, &whatsapp.language)?;
    }
    let entry = entry(body.channel, body.account, address, &rendered, whatsapp);
    let mut commit = context.commit();
    let queued = event(called.id, &caller.actor(), called.tag, OutboxEvent::Queued(Box::new(entry)))?;
    commit.append(&loaded, vec![queued])?;
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    let kick = Kick { desk: context.desk.to_string(), streams: vec![outbox.clone()] };
    internal::kick("delivery", "/internal/send", kick);
    let answer = json!({"outbox": format!("{}{outbox}", ids::OUTBOX), "message": rendered});
    Ok(json(StatusCode::CREATED, &answer))
}

fn own_address(pack: &PublishedPack, caller: &Caller, channel: &str) -> Result<Address, Problem> {
    let kind = match Channel::parse(channel) {
        Some(Channel::Email) => AddressKind::Email,
        Some(Channel::Sms | Channel::WhatsApp) => AddressKind::Phone,
        _ => AddressKind::User,
    };
    let word = match kind {
        AddressKind::Email => "email",
        AddressKind::Phone => "phone",
        AddressKind::User | AddressKind::Group => channel,
    };
    let addresses = pack.pack.people.get(&caller.person).map(|person| &person.addresses);
    let value = addresses.and_then(|addresses| addresses.get(channel).or_else(|| addresses.get(word)));
    let value = value.ok_or_else(|| {
        let detail = format!("the pack has no address of yours for this: add people/…/addresses/{word}");
        Problem::new(StatusCode::CONFLICT, "no_own_address", detail)
    })?;
    Ok(Address { kind, value: value.as_str().into() })
}

fn entry(
    channel: String,
    account: String,
    address: Address,
    rendered: &Rendered,
    whatsapp: Option<WhatsappTemplate>,
) -> Entry {
    Entry {
        ticket: None,
        message: None,
        trace: relevo_edge::trace::parent(),
        hold: None,
        request: Outgoing::Channel(Box::new(ChannelMessage {
            subject: rendered.subject.as_deref().map(Into::into),
            html: rendered.html.as_deref().map(Into::into),
            whatsapp,
            ..ChannelMessage::text(channel, account, address, rendered.text.as_str().into())
        })),
    }
}
