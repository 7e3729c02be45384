//! What may be done with a conversation: a command and the state give events, or a refusal.

mod arrive;
mod assign;
mod route;

pub use arrive::{
    by_machine, called, is_answer_after_all, opens_nothing, opens_ticket, receive, sent_elsewhere,
};
pub use assign::{assign, assign_present};
pub(super) use route::{Told, reroute};
use route::{route, routed_again};

use super::event::*;
use super::facts::{TicketFacts, policy_change};
use super::merge::workable;
use super::{Conversation, Ticket, apart};
use crate::Private;
use crate::category::Category;
use crate::field;
use crate::message::InboundMessage;
use crate::pack::{Pack, Priority, Role};
use crate::refusal::Refusal;
use crate::sla::ResolvedPolicy;
use crate::survey;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Most that the custom fields of a ticket hold together, in bytes of JSON: they are in every list item.
pub const MAX_FIELDS_BYTES: usize = 32 * 1024;

/// Longest subject of a ticket that an agent opens, in characters: what a line of a mail may hold.
pub const MAX_SUBJECT_CHARS: usize = 998;

/// Most tags of a ticket.
pub const MAX_TAGS: usize = 100;

/// A published pack and its version.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// Its version.
    pub version: u32,
}

/// Longest text of a reply or note, in characters: what the longest channel takes.
pub const MAX_TEXT_CHARS: usize = 32_768;

/// The vote that a message is, if the customer was asked just before and it says nothing else.
pub fn vote_of(
    state: &Conversation,
    pack: &Pack,
    party: &Party,
    message: &InboundMessage,
    now: DateTime<Utc>,
) -> Option<ChatVote> {
    let survey = pack.survey.as_ref()?;
    let asked = state.asked.as_ref().filter(|asked| now <= asked.until)?;
    let locales = pack.locale_chain(&party.locale);
    let score = survey::chat::score_of(message, survey.kind, survey.in_chat.as_ref()?, &locales)?;
    Some(ChatVote { survey: asked.survey.clone(), score })
}

/// A message that is a vote.
pub fn vote(id: String, party: Party, message: InboundMessage, vote: ChatVote) -> ConversationEvent {
    let received = MessageReceived { id, party, message, opening: None, open_status: None, vote: Some(vote) };
    ConversationEvent::MessageReceived(Box::new(received))
}

/// What an agent says about a ticket that they open.
#[derive(Clone, Debug, Default)]
pub struct NewTicket {
    /// What it is about.
    pub subject: Option<String>,
    /// Queue id; else by routing.
    pub queue: Option<String>,
    /// Priority; else by routing.
    pub priority: Option<Priority>,
    /// Custom fields.
    pub fields: Map<String, Value>,
    /// Tags.
    pub tags: Vec<String>,
    /// Person id of the assignee.
    pub agent: Option<String>,
    /// Ordinal of the ticket of the same conversation that it follows up.
    pub follows: Option<u32>,
}

/// An agent opens a ticket.
///
/// # Errors
/// If it names a queue or a person that the pack does not have, or one who does not work for the partition of the desk
/// that it belongs to, or a field, tag or subject is unusable.
pub fn create(
    published: Published<'_>,
    party: Party,
    number: u64,
    new: NewTicket,
) -> Result<ConversationEvent, Refusal> {
    let pack = published.pack;
    if let Some(agent) = &new.agent {
        known_person(pack, agent)?;
    }
    check_fields(&new.fields)?;
    check_tags("/tags", &new.tags, 0)?;
    if new.subject.as_ref().is_some_and(|subject| subject.chars().count() > MAX_SUBJECT_CHARS) {
        let what = format!("the subject is longer than {MAX_SUBJECT_CHARS} characters");
        return Err(Refusal::invalid("subject_too_long", "/subject", what));
    }
    let opening = create_opening(published, &party, number, &new)?;
    if let Some(agent) = &new.agent {
        apart::person(pack, pack.partition_of_ticket(&opening.queue, opening.team.as_deref()), agent)?;
    }
    Ok(ConversationEvent::TicketCreated(Box::new(TicketCreated {
        party,
        opening,
        subject: new.subject.map(Private),
        fields: Private(new.fields),
        agent: new.agent,
    })))
}

/// What a ticket that somebody opens starts with.
pub(super) fn create_opening(
    published: Published<'_>,
    party: &Party,
    number: u64,
    new: &NewTicket,
) -> Result<Opening, Refusal> {
    let pack = published.pack;
    if let Some(queue) = new.queue.as_ref().filter(|q| !pack.queues.contains_key(*q)) {
        return Err(Refusal::invalid("unknown_queue", "/queue", format!("the desk has no queue {queue:?}")));
    }
    let told = Told { subject: new.subject.as_deref(), text: None, fields: Some(&new.fields) };
    let mut opening = route(pack, party, number, Category::Open, new.priority, told);
    if let Some(queue) = &new.queue {
        opening.team = pack.queues.get(queue).and_then(|q| q.team.clone());
        opening.queue.clone_from(queue);
        opening.routed_by = None;
    }
    opening.tags.extend(new.tags.iter().cloned());
    opening.follows = new.follows;
    opening.policy = policy(published, party, &opening, &new.fields);
    Ok(opening)
}

/// A reply to the customer; takes a new ticket into category `open`, or where the pack says.
///
/// # Errors
/// If there is no such ticket or it is merged, the text is empty or too long, or the ticket is spam.
pub fn reply(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    message: Outgoing,
    human: bool,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = check_reply(state, ticket, &message.text.0)?;
    let next = follows_reply(published.pack, current, human);
    let written = ConversationEvent::ReplyWritten(Box::new(ReplyWritten { ticket, message, human }));
    Ok([Some(written), next].into_iter().flatten().collect())
}

/// The ticket, if a reply with this text may be sent on it.
///
/// # Errors
/// If there is no such ticket or it is merged, the text is empty or too long, or the ticket is spam.
pub fn check_reply<'a>(state: &'a Conversation, ticket: u32, text: &str) -> Result<&'a Ticket, Refusal> {
    let current = workable(state, ticket)?;
    check_text(text)?;
    if current.category == Category::Spam {
        return Err(Refusal::conflict(
            "ticket_is_spam",
            "the ticket is spam; change its status before replying",
        ));
    }
    Ok(current)
}

/// The status that follows from a reply on a ticket.
pub(super) fn follows_reply(pack: &Pack, current: &Ticket, human: bool) -> Option<ConversationEvent> {
    let open = (current.category == Category::New).then(|| (status_id(pack, Category::Open), Category::Open));
    let (status, category) = pack.after_reply(&current.status).or(open).filter(|_| human)?;
    Some(ConversationEvent::StatusChanged { ticket: current.ordinal, status, category, reason: None })
}

/// An internal note.
///
/// # Errors
/// If there is no such ticket or it is merged, or the text is empty or too long.
pub fn note(state: &Conversation, ticket: u32, text: String) -> Result<ConversationEvent, Refusal> {
    existing(state, ticket)?;
    check_text(&text)?;
    Ok(ConversationEvent::NoteWritten { ticket, text: Private(text) })
}

/// Another status: a status id of the pack, or a category's name. The same status again changes nothing.
///
/// # Errors
/// If there is no such ticket or status.
pub fn change_status(
    state: &Conversation,
    pack: &Pack,
    ticket: u32,
    status: &str,
    reason: Option<String>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    let Some((status, category)) = pack.status(status) else {
        let known: Vec<_> =
            pack.statuses.keys().map(String::as_str).chain(Category::ALL.map(Category::as_str)).collect();
        let what = format!("no status {status:?}; one of {}", known.join(", "));
        return Err(Refusal::invalid("unknown_status", "/status", what));
    };
    if current.status == status && current.category == category {
        return Ok(Vec::new());
    }
    Ok(vec![ConversationEvent::StatusChanged { ticket, status, category, reason: reason.map(Private) }])
}

/// Another priority; the policy that it leads to applies from now on.
///
/// # Errors
/// If there is no such ticket.
pub fn change_priority(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    priority: Priority,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    if current.priority == priority {
        return Ok(Vec::new());
    }
    let policy = state
        .party
        .as_ref()
        .and_then(|party| TicketFacts { priority, ..TicketFacts::of(party, current) }.policy(published));
    Ok(vec![ConversationEvent::PriorityChanged { ticket, priority, policy }])
}

/// Custom fields that a person sets; null removes one.
///
/// # Errors
/// As [`set_fields`], and if the person may not change one of them.
pub fn change_fields(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    set: Map<String, Value>,
    role: Role,
) -> Result<Vec<ConversationEvent>, Refusal> {
    existing(state, ticket)?;
    field::check(published.pack, &set, role, "")?;
    set_fields(state, published, ticket, set)
}

/// Custom fields; null removes one.
///
/// # Errors
/// If there is no such ticket or it is merged, a name is unusable, a value is not what its field holds, or the fields
/// are too large.
pub fn set_fields(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    set: Map<String, Value>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let mut fields = workable(state, ticket)?.fields.0.clone();
    // The desk's own rules may change what no person may.
    field::check(published.pack, &set, Role::Admin, "")?;
    fields.extend(set.clone());
    check_fields(&fields)?;
    let again = routed_again(state, published.pack, ticket, &fields);
    let (queue, team) = again.as_ref().map_or((None, None), |(queue, team, _)| (Some(*queue), *team));
    let policy = policy_change(state, published, ticket, "fields", |facts| {
        facts.fields = Cow::Owned(fields);
        facts.queue = queue.unwrap_or(facts.queue);
        facts.team = team.or(facts.team);
    });
    let changed = ConversationEvent::FieldsChanged { ticket, set: Private(set) };
    let again = again.map(|(queue, team, because)| ConversationEvent::QueueChanged {
        ticket,
        queue: queue.to_owned(),
        team: team.map(str::to_owned),
        because: Some(because),
    });
    Ok([Some(changed), again, policy].into_iter().flatten().collect())
}

/// Tags to add and to take off.
///
/// # Errors
/// If there is no such ticket or it is merged, a tag is unusable or there are too many.
pub fn set_tags(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    add: Vec<String>,
    remove: Vec<String>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    check_tags("/add", &add, current.tags.len())?;
    let policy = policy_change(state, published, ticket, "tags", |facts| {
        let tags = current.tags.iter().chain(&add).filter(|tag| !remove.contains(*tag));
        facts.tags = Cow::Owned(tags.cloned().collect());
    });
    let changed = ConversationEvent::TagsChanged { ticket, add, remove };
    Ok([Some(changed), policy].into_iter().flatten().collect())
}

/// Hands a ticket to another team.
///
/// # Errors
/// If there is no such ticket or team, it is over, or the team works for another partition of the desk.
pub fn escalate(
    state: &Conversation,
    published: Published<'_>,
    ticket: u32,
    team: String,
    reason: Option<String>,
) -> Result<Vec<ConversationEvent>, Refusal> {
    let current = workable(state, ticket)?;
    if current.category.is_done() {
        let what = format!("the ticket is {}; open it again first", current.category.as_str());
        return Err(Refusal::conflict("ticket_is_over", what));
    }
    known_team(published.pack, &team)?;
    apart::team(published.pack, current, &team)?;
    let policy =
        policy_change(state, published, ticket, "escalation", |facts| facts.team = Some(team.as_str()));
    let next = published.pack.after_handover(&team).map(|(status, category)| {
        ConversationEvent::StatusChanged { ticket, status, category, reason: None }
    });
    let escalated =
        ConversationEvent::TicketEscalated { ticket, team: team.clone(), reason: reason.map(Private) };
    Ok([Some(escalated), policy, next].into_iter().flatten().collect())
}

/// The ticket, or the refusal that says there is none.
///
/// # Errors
/// If there is none.
pub fn existing(state: &Conversation, ticket: u32) -> Result<&Ticket, Refusal> {
    state
        .ticket(ticket)
        .ok_or_else(|| Refusal::not_found("unknown_ticket", "there is no such ticket at this desk"))
}

/// The status id of the pack for a category.
pub fn status_id(pack: &Pack, category: Category) -> String {
    pack.status(category.as_str()).map_or_else(|| category.as_str().to_owned(), |(id, _)| id)
}

fn opening(
    published: Published<'_>,
    party: &Party,
    number: u64,
    category: Category,
    told: Told<'_>,
) -> Opening {
    let mut opening = route(published.pack, party, number, category, None, told);
    opening.policy = policy(published, party, &opening, &Map::new());
    opening
}

/// The policy that a new ticket leads to.
pub(super) fn policy(
    published: Published<'_>,
    party: &Party,
    opening: &Opening,
    fields: &Map<String, Value>,
) -> Option<ResolvedPolicy> {
    facts(party, opening, fields).policy(published)
}

/// What a new ticket is to conditions.
pub(super) fn facts<'a>(
    party: &'a Party,
    opening: &'a Opening,
    fields: &'a Map<String, Value>,
) -> TicketFacts<'a> {
    TicketFacts {
        party,
        queue: &opening.queue,
        team: opening.team.as_deref(),
        period: opening.period.as_deref(),
        priority: opening.priority,
        tags: Cow::Owned(opening.tags.iter().cloned().collect()),
        fields: Cow::Borrowed(fields),
    }
}

fn check_text(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::invalid("empty_text", "/text", "the text is empty"));
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        let what = format!("the text is longer than {MAX_TEXT_CHARS} characters");
        return Err(Refusal::invalid("text_too_long", "/text", what));
    }
    Ok(())
}

fn check_fields(fields: &Map<String, Value>) -> Result<(), Refusal> {
    if fields.keys().any(|name| name.is_empty() || name.len() > 64) {
        return Err(Refusal::invalid("bad_field_name", "", "a field name has 1 to 64 characters"));
    }
    if serde_json::to_vec(fields).map_or(true, |json| json.len() > MAX_FIELDS_BYTES) {
        let what = format!("the fields of a ticket hold at most {MAX_FIELDS_BYTES} bytes together");
        return Err(Refusal::invalid("fields_too_large", "", what));
    }
    Ok(())
}

fn check_tags(pointer: &'static str, add: &[String], present: usize) -> Result<(), Refusal> {
    if add.iter().any(|tag| tag.trim().is_empty() || tag.len() > 64) {
        return Err(Refusal::invalid("bad_tag", pointer, "a tag has 1 to 64 characters"));
    }
    if present.saturating_add(add.len()) > MAX_TAGS {
        return Err(Refusal::invalid(
            "too_many_tags",
            pointer,
            format!("a ticket has at most {MAX_TAGS} tags"),
        ));
    }
    Ok(())
}

/// Refuses whom the desk does not have, and a program.
fn known_person(pack: &Pack, person: &str) -> Result<(), Refusal> {
    match pack.people.get(person).map(|one| one.role) {
        Some(Role::Service) => {
            let what = "a program works on no ticket; name a person";
            Err(Refusal::invalid("works_on_no_ticket", "/agent", what))
        }
        Some(_) => Ok(()),
        None => {
            let what = format!("the desk has nobody with the id {person:?}");
            Err(Refusal::invalid("unknown_person", "/agent", what))
        }
    }
}

fn known_team(pack: &Pack, team: &str) -> Result<(), Refusal> {
    if pack.teams.contains_key(team) {
        return Ok(());
    }
    Err(Refusal::invalid("unknown_team", "/team", format!("the desk has no team {team:?}")))
}
