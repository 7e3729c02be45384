//! What automations follow: events of a conversation, and what the customer thinks of it.

use crate::conversation::{Conversation, ConversationEvent, Opening};
use crate::sla::Threshold;
use crate::survey::SurveyEvent;
use chrono::{DateTime, Utc};
use relevo_journal::Event;
use serde::{Deserialize, Serialize};

/// Kinds of events that an automation can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trigger {
    /// A ticket was opened, by a message or by an agent.
    #[serde(rename = "ticket.opened")]
    Opened,
    /// The customer wrote.
    #[serde(rename = "message.received")]
    MessageReceived,
    /// A reply was written, by a person or a program.
    #[serde(rename = "reply.written")]
    ReplyWritten,
    /// A note was written.
    #[serde(rename = "note.written")]
    NoteWritten,
    /// Another status.
    #[serde(rename = "ticket.status_changed")]
    StatusChanged,
    /// Another priority.
    #[serde(rename = "ticket.priority_changed")]
    PriorityChanged,
    /// Another assignee or team.
    #[serde(rename = "ticket.assigned")]
    Assigned,
    /// Another queue.
    #[serde(rename = "ticket.queue_changed")]
    QueueChanged,
    /// Custom fields changed.
    #[serde(rename = "ticket.fields_changed")]
    FieldsChanged,
    /// Tags changed.
    #[serde(rename = "ticket.tags_changed")]
    TagsChanged,
    /// Handed over to another team.
    #[serde(rename = "ticket.escalated")]
    Escalated,
    /// The others are done with it.
    #[serde(rename = "ticket.returned")]
    Returned,
    /// Its agent accepted or rejected that.
    #[serde(rename = "ticket.validated")]
    Validated,
    /// It is back in sight.
    #[serde(rename = "ticket.woken")]
    Woken,
    /// An issue that it waits for is finished.
    #[serde(rename = "issue.closed")]
    IssueClosed,
    /// A warning on a target.
    #[serde(rename = "sla.warned")]
    Warned,
    /// A target was missed.
    #[serde(rename = "sla.breached")]
    Breached,
    /// A step of an escalation.
    #[serde(rename = "sla.escalated")]
    SlaEscalated,
    /// The customer said how it went.
    #[serde(rename = "rating.received")]
    Rated,
    /// A run of a playbook came to an outcome.
    #[serde(rename = "run.ended")]
    RunEnded,
    /// A time is over: of automations that wait.
    #[serde(skip)]
    Waited,
}

/// Something that automations may follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Id of the event, or what time was over.
    pub id: String,
    /// Id of what began the chain: its own if no automation led to it.
    pub root: String,
    /// Its kind.
    pub trigger: Trigger,
    /// The ticket.
    pub ordinal: u32,
    /// Who did it.
    pub by: String,
    /// The automations that led to it, the first one first.
    pub chain: Vec<String>,
    /// What else it says.
    pub told: Told,
    /// Since when somebody waited, if that is what it is.
    pub since: Option<DateTime<Utc>>,
}

/// What a cause says beside what the ticket is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What was written.
    pub text: Option<String>,
    /// The vote.
    pub score: Option<u8>,
    /// Name of the target.
    pub target: Option<String>,
    /// `w50`, `w80` …
    pub threshold: Option<String>,
    /// The template that a reply was made with.
    pub template: Option<String>,
    /// Names of fields that changed.
    pub changed: Vec<String>,
}

/// What automations may follow among the events of one slot, in their order.
pub fn causes(state: &Conversation, slot: &[Event<ConversationEvent>]) -> Vec<Cause> {
    slot.iter().flat_map(|event| of_event(state, event, origin(slot, event.id.as_str()))).collect()
}

/// What a vote is to automations.
pub fn rated(survey: &str, ordinal: u32, event: &Event<SurveyEvent>) -> Option<Cause> {
    let SurveyEvent::SurveyAnswered { score, comment, .. } = &event.data else { return None };
    let text = comment.as_ref().map(|comment| comment.0.clone());
    let id = format!("{survey}/{}", event.id);
    Some(Cause {
        root: id.clone(),
        id,
        trigger: Trigger::Rated,
        ordinal,
        by: event.by.clone(),
        chain: Vec::new(),
        told: Told { text, score: Some(*score), ..Told::default() },
        since: None,
    })
}

/// What began the chain that led to an event, and the automations in it. What one did is written together with what tells
/// of it, and named after that.
fn origin(slot: &[Event<ConversationEvent>], id: &str) -> (String, Vec<String>) {
    let told = slot
        .iter()
        .filter(|event| id.strip_prefix(event.id.as_str()).is_some_and(|rest| rest.starts_with('.')));
    let mut origins = told.filter_map(|event| match &event.data {
        ConversationEvent::AutomationFired(fired) => Some((&fired.root, &fired.chain)),
        ConversationEvent::AutomationReplied(replied) => Some((&replied.root, &replied.chain)),
        _ => None,
    });
    origins.next().map_or_else(|| (id.to_owned(), Vec::new()), |(root, chain)| (root.clone(), chain.clone()))
}

fn of_event(
    state: &Conversation,
    event: &Event<ConversationEvent>,
    (root, chain): (String, Vec<String>),
) -> Vec<Cause> {
    let last = u32::try_from(state.tickets.len()).unwrap_or(u32::MAX);
    let opened = |opening: Option<&Opening>| {
        let number = opening?.number;
        state.tickets.iter().find(|ticket| ticket.number == number).map(|ticket| ticket.ordinal)
    };
    let none = Told::default;
    let text = |text: Option<&str>| Told { text: text.map(str::to_owned), ..Told::default() };
    let found: Vec<(u32, Trigger, Told)> = match &event.data {
        ConversationEvent::MessageReceived(received) if received.vote.is_none() => {
            let said =
                |ticket: &&crate::conversation::Ticket| ticket.last_said.as_ref() == Some(&received.id);
            let joined = state.tickets.iter().find(said).map_or(last, |ticket| ticket.ordinal);
            let told = text(received.message.text.as_ref().map(|text| text.0.as_str()));
            let opened = opened(received.opening.as_ref());
            let written = (opened.unwrap_or(joined), Trigger::MessageReceived, told.clone());
            opened.map(|ordinal| (ordinal, Trigger::Opened, told)).into_iter().chain([written]).collect()
        }
        ConversationEvent::MessageSentElsewhere(sent) => {
            opened(sent.opening.as_ref()).map(|o| (o, Trigger::Opened, none())).into_iter().collect()
        }
        ConversationEvent::CallReported(call) => {
            opened(call.opening.as_ref()).map(|o| (o, Trigger::Opened, none())).into_iter().collect()
        }
        ConversationEvent::TicketCreated(created) => {
            opened(Some(&created.opening)).map(|o| (o, Trigger::Opened, none())).into_iter().collect()
        }
        ConversationEvent::ReplyWritten(reply) => {
            let template = reply.message.template.as_ref().map(|used| used.name.clone());
            let told = Told { template, ..text(Some(&reply.message.text.0)) };
            vec![(reply.ticket, Trigger::ReplyWritten, told)]
        }
        // What it says was written before: the whole conversation must have been read.
        ConversationEvent::ReplyReleased { ticket, message } => {
            let reply = state.messages(*ticket).find(|written| written.id == *message);
            let template = reply.and_then(|reply| Some(reply.template.as_ref()?.name.clone()));
            let said = reply.and_then(|reply| reply.text.as_ref()).map(|text| text.0.as_str());
            vec![(*ticket, Trigger::ReplyWritten, Told { template, ..text(said) })]
        }
        ConversationEvent::NoteWritten { ticket, text: note } => {
            vec![(*ticket, Trigger::NoteWritten, text(Some(&note.0)))]
        }
        ConversationEvent::StatusChanged { ticket, .. }
        | ConversationEvent::SilencePassed { ticket, to: Some(_), .. } => {
            vec![(*ticket, Trigger::StatusChanged, none())]
        }
        ConversationEvent::PriorityChanged { ticket, .. } => {
            vec![(*ticket, Trigger::PriorityChanged, none())]
        }
        ConversationEvent::AssignmentChanged { ticket, .. } => vec![(*ticket, Trigger::Assigned, none())],
        ConversationEvent::QueueChanged { ticket, .. } => vec![(*ticket, Trigger::QueueChanged, none())],
        ConversationEvent::FieldsChanged { ticket, set } => {
            let changed = set.0.keys().cloned().collect();
            vec![(*ticket, Trigger::FieldsChanged, Told { changed, ..none() })]
        }
        ConversationEvent::TagsChanged { ticket, add, remove } => {
            let changed = add.iter().chain(remove).cloned().collect();
            vec![(*ticket, Trigger::TagsChanged, Told { changed, ..none() })]
        }
        ConversationEvent::TicketEscalated { ticket, .. } => vec![(*ticket, Trigger::Escalated, none())],
        ConversationEvent::TicketReturned { ticket, .. } => vec![(*ticket, Trigger::Returned, none())],
        ConversationEvent::TicketValidated { ticket, .. } => vec![(*ticket, Trigger::Validated, none())],
        ConversationEvent::TicketWoken { ticket, .. } => vec![(*ticket, Trigger::Woken, none())],
        ConversationEvent::IssueReported { ticket, done: true, .. } => {
            vec![(*ticket, Trigger::IssueClosed, none())]
        }
        ConversationEvent::RunEnded { ticket, .. } => vec![(*ticket, Trigger::RunEnded, none())],
        ConversationEvent::NoticeSent { ticket, instance, threshold, .. } => {
            let trigger = match Threshold::parse(threshold) {
                Some(Threshold::Breach) => Trigger::Breached,
                Some(Threshold::Step(_)) => Trigger::SlaEscalated,
                Some(Threshold::Warn(_)) | None => Trigger::Warned,
            };
            let target = instance.rsplit_once('.').map_or(instance.as_str(), |(name, _)| name);
            let told = Told { target: Some(target.to_owned()), threshold: Some(threshold.clone()), ..none() };
            vec![(*ticket, trigger, told)]
        }
        _ => Vec::new(),
    };
    found
        .into_iter()
        .map(|(ordinal, trigger, told)| Cause {
            id: event.id.to_string(),
            root: root.clone(),
            trigger,
            ordinal,
            by: writer(state, event),
            chain: chain.clone(),
            told,
            since: None,
        })
        .collect()
}

/// Who did it; of a reply that was let go: whoever wrote it.
fn writer(state: &Conversation, event: &Event<ConversationEvent>) -> String {
    let ConversationEvent::ReplyReleased { ticket, message } = &event.data else { return event.by.clone() };
    let reply = state.messages(*ticket).find(|written| written.id == *message);
    reply.map_or_else(|| event.by.clone(), |reply| reply.by.clone())
}

impl Trigger {
    /// As in packs.
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned));
        name.unwrap_or_else(|| "waited".to_owned())
    }
}
