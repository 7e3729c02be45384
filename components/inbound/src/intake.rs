//! From parsed items to committed events: all of a request is kept before it is answered.

use crate::again;
use crate::files;
use crate::identity;
use crate::issues;
use crate::notes;
use crate::opening;
use crate::oversized;
use crate::person::{self, Met, report_on_person, seal};
use crate::place;
use crate::portions::{self, Found, LARGEST_ITEM_BYTES, Placed, Portion};
use crate::votes::Votes;
use futures::future::try_join_all;
use relevo_channels::{Answer, File, Once, Parsed, Verified, reach};
use relevo_domain::account::approval::reported;
use relevo_domain::account::{Account, AccountEvent};
use relevo_domain::card_number;
use relevo_domain::conversation::{Conversation, ConversationEvent, Party, decide};
use relevo_domain::message::{Address, Automatic, Inbound, MessageKind, OtherEvent, Problem as Kept};
use relevo_edge::api::Kick;
use relevo_edge::app::{DeskContext, PublishedPack, event};
use relevo_edge::personal::{self, Persons};
use relevo_edge::problem::Problem;
use relevo_edge::{ids, internal, log, merging, meter};
use relevo_journal::store::spin::SpinStore;
use relevo_journal::{Commit, EventId, Fold, Loaded, NewEvent};

/// The webhook that a request came through.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// Channel slug.
    pub channel: &'static str,
    /// Account name.
    pub account: &'a str,
}

/// Conversations that a line of the log names.
const SHOWN_CONVERSATIONS: usize = 8;

/// Who wrote what came in.
pub const BY: &str = "channel";

/// Keeps everything in a request; none if it is a replay of a signed token with another content.
pub async fn keep(
    context: &DeskContext,
    pack: &PublishedPack,
    origin: Origin<'_>,
    mut parsed: Parsed,
    request: &Verified,
) -> Result<Option<Answer>, Problem> {
    if let Some(once) = &parsed.once
        && !is_first_use(context, origin, once).await?
    {
        return Ok(None);
    }
    if pack.pack.mask_card_numbers {
        mask(context, origin, &mut parsed.items);
    } else {
        again::keep_request(context, origin, &mut parsed.items, request).await?;
    }
    let fitted: Vec<_> =
        parsed.items.into_iter().map(|item| oversized::fit(context, &mut parsed.files, item)).collect();
    let placed = fitted.into_iter().map(|(item, whole)| place(context, origin, item, whole));
    let placed = identity::spread(try_join_all(placed).await?);
    let mut for_delivery = Vec::new();
    for portion in portions::divide(placed) {
        for_delivery.extend(commit(context, pack, origin, &parsed.files, portion).await?);
    }
    if !for_delivery.is_empty() {
        let kick = Kick { desk: context.desk.to_string(), streams: for_delivery };
        internal::kick("delivery", "/internal/send", kick);
    }
    Ok(Some(parsed.answer))
}

/// Masks card numbers before anything is kept. Nor is a whole request kept, then, in which they could stand in any
/// encoding.
fn mask(context: &DeskContext, origin: Origin<'_>, items: &mut [Inbound]) {
    let masked = items.iter_mut().filter_map(|item| card_number::mask_inbound(item).then_some(())).count();
    if masked > 0 {
        let (desk, channel) = (context.desk.as_str().into(), origin.channel.into());
        log::event("intake.masked", &[("desk", desk), ("channel", channel), ("items", masked.into())]);
    }
}

/// A token that its provider signed without the content: the first content it came with is the one it stands for.
async fn is_first_use(context: &DeskContext, origin: Origin<'_>, once: &Once) -> Result<bool, Problem> {
    let name = context.keys.id("once", &[origin.channel, origin.account, &once.token]);
    let key = context.doc("once", &name)?;
    let known: Option<String> = context.journal.get_doc(&key).await?;
    match known {
        Some(content) => Ok(content == once.content),
        None => {
            context.journal.put_doc(&key, &once.content).await?;
            Ok(true)
        }
    }
}

/// An item with the conversation that it belongs to; `whole` is its JSON. One that is too large is the account's.
async fn place(
    context: &DeskContext,
    origin: Origin<'_>,
    item: Inbound,
    whole: Vec<u8>,
) -> Result<Placed, Problem> {
    if whole.len() <= LARGEST_ITEM_BYTES {
        let bytes = whole.len().saturating_add(files::bytes_to_fetch(origin, &item));
        return place::place(context, origin, item, bytes).await;
    }
    let item = oversized::for_a_look(context, origin, &whole).await?;
    Ok(Placed { conversation: None, item, bytes: 0, found: Found::default() })
}

async fn commit(
    context: &DeskContext,
    pack: &PublishedPack,
    origin: Origin<'_>,
    came_along: &[File],
    portion: Portion,
) -> Result<Vec<String>, Problem> {
    let mut commit = context.commit();
    let mut done = Done { items: portion.iter().map(|(_, items)| items.len()).sum(), ..Done::default() };
    let mut for_account = Vec::new();
    let mut for_delivery = Vec::new();
    let mut persons = Persons::new(context, BY);
    let mut votes = Votes::default();
    let mut conversations = merging::Conversations::new();
    let loads = portion.into_iter().map(|(name, items)| async move {
        let Some(name) = name else { return Ok((None, items)) };
        let stream = context.stream(Conversation::KIND, &name)?;
        let loaded = context.journal.load::<Conversation>(&stream, context.now).await?;
        Ok::<_, Problem>((Some(identity::follow(context, origin, name, loaded).await?), items))
    });
    for (conversation, items) in identity::gather(try_join_all(loads).await?) {
        let Some((name, mut loaded)) = conversation else {
            for_account.extend(items.into_iter().map(|(item, _)| item));
            continue;
        };
        done.conversations.push(name.clone());
        for (item, Found { entry, identity }) in items {
            notes::keep(context, &mut commit, origin, &name, &item).await?;
            let known = match &item {
                Inbound::Status(report) => loaded.state.delivery_of(&report.external_id),
                _ => None,
            };
            let about = (entry.as_ref(), known);
            for_delivery.extend(notes::bounce(context, &mut commit, &for_delivery, about, &item).await?);
            match conversation_event(context, &mut persons, pack, origin, &loaded, (item, entry)).await? {
                Outcome::Repeat => done.repeats += 1,
                Outcome::Account(item) => for_account.push(*item),
                Outcome::Event(mut event, met) => {
                    votes.note(&event, &loaded.state);
                    let met = met.map(|met| Box::new(Met { further: identity.addresses.clone(), ..*met }));
                    identity.note(context, &mut persons, &mut commit).await?;
                    loaded = match met {
                        Some(met) => seal(&mut persons, &mut commit, loaded, &name, *met).await?,
                        None => persons.sealing(&mut commit, loaded).await?,
                    };
                    if let (Some(key), ConversationEvent::MessageReceived(received)) =
                        (loaded.key(), &mut event.data)
                    {
                        files::keep(context, key, came_along, &mut received.message).await?;
                    }
                    let away = files::to_fetch(context, origin, &name, &mut event.data);
                    loaded = commit.append(&loaded, vec![*event])?;
                    for_delivery.extend(files::queue(context, &mut commit, &loaded, away).await?);
                }
            }
        }
        conversations.insert(name, loaded);
    }
    issues::tell(context, pack, origin, &mut commit, &mut conversations, &for_account).await?;
    merging::tell(context, &mut commit, &mut conversations).await?;
    votes.note_others(&for_account);
    votes.append(context, &mut commit).await?;
    let mut unknown = Vec::new();
    for item in for_account {
        unknown.extend(report_on_person(&mut persons, &mut commit, origin, item).await?);
    }
    done.for_account = unknown.len();
    if !unknown.is_empty() {
        for_delivery.extend(keep_for_account(context, &mut commit, origin, came_along, unknown).await?);
    }
    if !commit.is_empty() {
        context.journal.commit(commit).await?;
    }
    done.tell(context, origin);
    Ok(for_delivery)
}

/// What became of a portion, for the log and the meters.
#[derive(Default)]
struct Done {
    items: usize,
    repeats: usize,
    for_account: usize,
    conversations: Vec<String>,
}

impl Done {
    fn tell(self, context: &DeskContext, origin: Origin<'_>) {
        let desk = context.desk.as_str();
        let kept = self.items.saturating_sub(self.repeats);
        for (outcome, count) in [("kept", kept), ("repeated", self.repeats)] {
            meter::add(&["intake", desk, origin.channel, outcome], count);
        }
        let some: Vec<_> = self.conversations.into_iter().take(SHOWN_CONVERSATIONS).collect();
        log::event(
            "intake.kept",
            &[
                ("desk", desk.into()),
                ("channel", origin.channel.into()),
                ("account", origin.account.into()),
                ("items", self.items.into()),
                ("repeats", self.repeats.into()),
                ("for_account", self.for_account.into()),
                ("conversations", some.into()),
            ],
        );
    }
}

/// What an item turned out to mean to its conversation.
enum Outcome {
    /// It is there already.
    Repeat,
    /// It belongs to no conversation after all.
    Account(Box<Inbound>),
    /// An event, and whom it is from if it is a message or a call.
    Event(Box<NewEvent<ConversationEvent>>, Option<Box<Met>>),
}

async fn conversation_event(
    context: &DeskContext,
    persons: &mut Persons<'_, SpinStore>,
    pack: &PublishedPack,
    origin: Origin<'_>,
    loaded: &Loaded<Conversation>,
    (item, entry): (Inbound, Option<ids::Sent>),
) -> Result<Outcome, Problem> {
    let seen = |id: &str| EventId::new(id).is_ok_and(|id| loaded.seen(&id).is_some());
    let id_of =
        |label: &str, external: &str| context.keys.id(label, &[origin.channel, origin.account, external]);
    let mut item = item;
    if let Inbound::Message(message) = &mut item
        && decide::is_answer_after_all(&loaded.state, message)
        && let Some(mail) = &mut message.mail
    {
        mail.automatic = Some(Automatic::Reply);
    }
    match item {
        // A report or an automatic answer to nothing that is known here must not make a ticket.
        // So must what somebody thinks of a message in a group.
        Inbound::Message(message) if loaded.is_new() && decide::opens_nothing(&message) => {
            Ok(Outcome::Account(Box::new(Inbound::Message(message))))
        }
        Inbound::Message(message) => {
            let hash = id_of("message", &message.external_id);
            let id = format!("in.{hash}");
            if seen(&id) {
                return Ok(Outcome::Repeat);
            }
            let address = message.reply_to.clone().unwrap_or_else(|| message.from.clone());
            let party = party(
                context,
                pack,
                origin,
                &loaded.state,
                (&message.from, address),
                message.name.clone(),
                message.locale.clone(),
            );
            let (address, wish) = (message.from.clone(), person::wish(&pack.pack, &party, &message, &hash));
            if let Some(vote) = decide::vote_of(&loaded.state, &pack.pack, &party, &message, context.now) {
                let met =
                    Met { party: party.clone(), address, opens_ticket: false, wish, further: Vec::new() };
                let data = decide::vote(format!("msg_{hash}"), party, *message, vote);
                return Ok(Outcome::Event(Box::new(event(id, BY, 0, data)?), Some(Box::new(met))));
            }
            let number = match decide::opens_ticket(&loaded.state, &pack.pack, &message, context.now) {
                true => Some(context.next_ticket_number().await?),
                false => None,
            };
            let met = Met {
                party: party.clone(),
                address,
                opens_ticket: number.is_some(),
                wish,
                further: Vec::new(),
            };
            let mut data = decide::receive(
                &loaded.state,
                pack.published(),
                format!("msg_{hash}"),
                party,
                *message,
                number,
                context.now,
            );
            if number.is_some() {
                opening::complete(context, persons, pack, &mut data, (origin.channel, &met.address)).await?;
            }
            Ok(Outcome::Event(Box::new(event(id, BY, 0, data)?), Some(Box::new(met))))
        }
        Inbound::Outgoing(message) => {
            let hash = id_of("message", &message.external_id);
            let id = format!("in.{hash}");
            if seen(&id) {
                return Ok(Outcome::Repeat);
            }
            if loaded.state.current().is_none() && !reach::echo_opens(origin.channel) {
                return aside(Inbound::Outgoing(message), id_of, seen, loaded.is_new());
            }
            let party =
                party(context, pack, origin, &loaded.state, (&message.to, message.to.clone()), None, None);
            let address = message.to.clone();
            let number = match loaded.state.current().is_none() {
                true => Some(context.next_ticket_number().await?),
                false => None,
            };
            let met = Met {
                party: party.clone(),
                address,
                opens_ticket: number.is_some(),
                wish: None,
                further: Vec::new(),
            };
            let mut data =
                decide::sent_elsewhere(pack.published(), format!("msg_{hash}"), party, *message, number);
            if number.is_some() {
                opening::complete(context, persons, pack, &mut data, (origin.channel, &met.address)).await?;
            }
            Ok(Outcome::Event(Box::new(event(id, BY, 0, data)?), Some(Box::new(met))))
        }
        Inbound::Call(call) => {
            let id = format!("call.{}", id_of("call", &call.external_id));
            if seen(&id) {
                return Ok(Outcome::Repeat);
            }
            let message = format!("msg_{}", id_of("call", &call.call_id));
            let party = call
                .person
                .clone()
                .map(|p| party(context, pack, origin, &loaded.state, (&p, p.clone()), None, None));
            let number = match party.is_some() && loaded.state.current().is_none() {
                true => Some(context.next_ticket_number().await?),
                false => None,
            };
            if loaded.is_new() && number.is_none() {
                return Ok(Outcome::Account(Box::new(Inbound::Call(call))));
            }
            let met = party.clone().zip(call.person.clone()).map(|(party, address)| {
                Box::new(Met {
                    party,
                    address,
                    opens_ticket: number.is_some(),
                    wish: None,
                    further: Vec::new(),
                })
            });
            let mut data = decide::called(&loaded.state, pack.published(), message, party, *call, number);
            if let (Some(_), Some(met)) = (number, &met) {
                opening::complete(context, persons, pack, &mut data, (origin.channel, &met.address)).await?;
            }
            Ok(Outcome::Event(Box::new(event(id, BY, 0, data)?), met))
        }
        // A report on something that is not known here must not make a conversation of its own.
        item if loaded.is_new() => Ok(Outcome::Account(Box::new(item))),
        Inbound::Status(report) => {
            let state = serde_json::to_value(report.state).ok().and_then(|v| v.as_str().map(str::to_owned));
            let id = format!("st.{}.{}", id_of("status", &report.external_id), state.unwrap_or_default());
            if seen(&id) {
                return Ok(Outcome::Repeat);
            }
            let data = ConversationEvent::DeliveryReported {
                external_id: report.external_id,
                state: report.state,
                error: report.error,
                message: match entry {
                    Some(entry) => notes::message_of(context, &entry).await?,
                    None => None,
                },
            };
            Ok(Outcome::Event(Box::new(event(id, BY, 0, data)?), None))
        }
        Inbound::Other(event) => other(event, id_of, seen),
        item @ Inbound::Problem(_) => Ok(Outcome::Account(Box::new(item))),
    }
}

/// Something that is of no ticket, if there is a conversation: a line of its history.
fn aside(
    item: Inbound,
    id_of: impl Fn(&str, &str) -> String,
    seen: impl Fn(&str) -> bool,
    is_new: bool,
) -> Result<Outcome, Problem> {
    if is_new {
        return Ok(Outcome::Account(Box::new(item)));
    }
    match unplaced(item) {
        (_, _, AccountEvent::EventReceived(event)) => other(event, id_of, seen),
        _ => Err(Problem::unavailable("an item could not be written")),
    }
}

fn other(
    other: OtherEvent,
    id_of: impl Fn(&str, &str) -> String,
    seen: impl Fn(&str) -> bool,
) -> Result<Outcome, Problem> {
    let id = format!("ev.{}", id_of("event", &other.external_id));
    if seen(&id) {
        return Ok(Outcome::Repeat);
    }
    let data = ConversationEvent::EventReceived { kind: other.kind, data: other.data, means: other.means };
    Ok(Outcome::Event(Box::new(event(id, BY, 0, data)?), None))
}

fn party(
    context: &DeskContext,
    pack: &PublishedPack,
    origin: Origin<'_>,
    state: &Conversation,
    (person, address): (&Address, Address),
    name: Option<relevo_domain::Private<String>>,
    locale: Option<String>,
) -> Party {
    // A conversation with one person has one contact, whichever identifier they show.
    let known = state.party.as_ref().filter(|_| reach::vouches(origin.channel) && *person == address);
    let contact = || format!("{}{}", ids::CONTACT, ids::contact(&context.keys, origin.channel, person));
    Party {
        channel: origin.channel.to_owned(),
        account: origin.account.to_owned(),
        contact: known.map_or_else(contact, |known| known.contact.clone()),
        address,
        name,
        locale: locale.unwrap_or_else(|| pack.pack.locale_of(origin.channel, origin.account).to_owned()),
    }
}

async fn keep_for_account(
    context: &DeskContext,
    commit: &mut Commit,
    origin: Origin<'_>,
    came_along: &[File],
    items: Vec<Inbound>,
) -> Result<Vec<String>, Problem> {
    let mut for_delivery = Vec::new();
    let name = context.keys.id("account", &[origin.channel, origin.account]);
    let mut loaded =
        context.journal.load::<Account>(&context.stream(Account::KIND, &name)?, context.now).await?;
    loaded = personal::sealing_account(context, commit, loaded, BY).await?;
    for mut item in items {
        if let (Some(key), Inbound::Message(message)) = (loaded.key(), &mut item) {
            files::keep(context, key, came_along, message).await?;
        }
        if let Inbound::Other(other) = &item
            && let Some(report) = reported(other)
        {
            // Beside the event itself, which goes with its month's key: what became of a template has to stay.
            let hash = context.keys.id("template", &[origin.channel, origin.account, &other.external_id]);
            let data = AccountEvent::TemplateReported(report);
            loaded = commit.append(&loaded, vec![event(format!("template.{hash}"), BY, 0, data)?])?;
        }
        let (label, external_id, data) = match item {
            Inbound::Problem(kept) => ("problem", kept.external_id.clone(), AccountEvent::ProblemKept(kept)),
            Inbound::Other(other) => {
                let work = notes::podio(context, commit, origin, loaded.key(), &other, &for_delivery).await?;
                for_delivery.extend(work);
                ("event", other.external_id.clone(), AccountEvent::EventReceived(other))
            }
            other => unplaced(other),
        };
        let hash = context.keys.id(label, &[origin.channel, origin.account, &external_id]);
        loaded = commit.append(&loaded, vec![event(format!("{label}.{hash}"), BY, 0, data)?])?;
    }
    Ok(for_delivery)
}

/// Something that names a person nobody has a conversation with: kept as an event of the account.
fn unplaced(item: Inbound) -> (&'static str, String, AccountEvent) {
    let (kind, external_id) = match &item {
        Inbound::Status(report) => ("status", format!("{}/{:?}", report.external_id, report.state)),
        Inbound::Call(call) => ("call", call.external_id.clone()),
        Inbound::Message(message) if message.kind == MessageKind::Reaction => {
            ("reaction", message.external_id.clone())
        }
        Inbound::Message(message) => ("automatic", message.external_id.clone()),
        Inbound::Outgoing(message) => ("outgoing", message.external_id.clone()),
        _ => ("item", String::new()),
    };
    match serde_json::to_value(&item) {
        Ok(data) => {
            let event = OtherEvent {
                group: None,
                means: None,
                external_id: external_id.clone(),
                kind: kind.to_owned(),
                from: None,
                data: data.into(),
            };
            ("event", external_id, AccountEvent::EventReceived(event))
        }
        Err(error) => {
            let kept = Kept {
                external_id: external_id.clone(),
                pointer: String::new(),
                why: error.to_string(),
                data: serde_json::Value::Null.into(),
                request: None,
            };
            ("problem", external_id, AccountEvent::ProblemKept(kept))
        }
    }
}
