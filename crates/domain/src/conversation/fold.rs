//! What follows from the events: which ticket a message belongs to, when one is re-opened, what is updated.

mod ticket;

use super::decide::by_machine;
use super::enrich;
use super::event::*;
use super::held::Approved;
use super::merge::{Merged, Said};
use super::message::{Direction, Envelope, Message};
use super::{Asked, Conversation, KIND, Moments, Silent, SurveyDecision, Ticket};
use crate::Private;
use crate::category::Category;
use crate::message::{Automatic, DeliveryState, MessageKind};
use crate::sla::Timeline;
use chrono::{DateTime, Utc};
use relevo_journal::{Event, Fold};
use serde_json::Map;

impl Fold for Conversation {
    type Data = ConversationEvent;
    const KIND: &'static str = KIND;
    const VERSION: u16 = 6;

    fn apply(&mut self, event: &Event<ConversationEvent>) {
        let at = event.at;
        match &event.data {
            ConversationEvent::MessageReceived(received) => self.message_received(received, event),
            ConversationEvent::MessageSentElsewhere(sent) => self.sent_elsewhere(sent, event),
            ConversationEvent::CallReported(reported) => {
                self.call_reported(reported, plain(0, reported.id.clone(), Direction::In, event));
            }
            ConversationEvent::TicketCreated(created) => self.ticket_created(created, at),
            ConversationEvent::ReplyWritten(reply) => self.reply_written(reply, event),
            ConversationEvent::ReplyHeld(reply) => self.reply_held(reply, event),
            ConversationEvent::ReplyApproved { ticket, message, text, outbox, note, until } => {
                let (text, outbox, note, until) = (text.as_ref(), outbox.as_deref(), note.as_ref(), *until);
                self.reply_approved(*ticket, &Approved { message, text, outbox, note, until }, event);
            }
            ConversationEvent::ReplyReleased { ticket, message } => {
                self.reply_released(*ticket, message, at);
            }
            ConversationEvent::ReplyHeldBack { ticket, message, .. } => {
                self.reply_held_back(*ticket, message, at);
            }
            ConversationEvent::ReplyCancelled { ticket, message } => {
                self.reply_taken_back(*ticket, message, ("cancelled", None), event);
            }
            ConversationEvent::ReplyRejected { ticket, message, note } => {
                self.reply_taken_back(*ticket, message, ("rejected", Some(note)), event);
            }
            ConversationEvent::PeopleMentioned { note, mentions, .. } => {
                if let Some(message) = self.correspondence.message_mut(note) {
                    message.mentions = Some(Box::new(mentions.clone()));
                }
            }
            ConversationEvent::TicketSplit(split) => self.ticket_split(split, at),
            ConversationEvent::ParentLinked { ticket, parent } => self.parent_linked(*ticket, parent, at),
            ConversationEvent::ParentUnlinked { ticket, parent } => {
                self.parent_unlinked(*ticket, parent, at);
            }
            ConversationEvent::ChildLinked { ticket, child } => self.child_linked(*ticket, child, at),
            ConversationEvent::ChildUnlinked { ticket, child } => self.child_unlinked(*ticket, child, at),
            ConversationEvent::NoteWritten { ticket, text } => {
                if let Some(noted) = self.touch(*ticket, at) {
                    noted.timeline.named_event(at, "note.written");
                    let id = format!("msg_{}", event.id);
                    let message =
                        Message { text: Some(text.clone()), ..plain(*ticket, id, Direction::Note, event) };
                    self.correspondence.push(message);
                }
            }
            ConversationEvent::AssignmentChanged { ticket, agent, team, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.assigned(agent.as_deref(), team.as_deref(), at);
                    ticket.assignments = ticket.assignments.saturating_add(1);
                    // Whoever takes it back by hand has it.
                    ticket.handed_by.take_if(|held| held.team == ticket.team);
                }
            }
            ConversationEvent::StatusChanged { ticket, status, category, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.change_status(status, *category, at);
                    // What is nobody's was solved by whoever said so.
                    if ticket.solved_at == Some(at) && ticket.solved_by.is_none() {
                        ticket.solved_by = event.by.strip_prefix("person:").map(str::to_owned);
                    }
                    ticket.moments.status_led_by = ticket.led_to(event.id.as_str());
                }
            }
            ConversationEvent::PriorityChanged { ticket, priority, policy } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.priority = *priority;
                    ticket.timeline.policy_changed(at, policy.as_ref(), "priority");
                }
            }
            ConversationEvent::PolicyChanged { ticket, policy, because } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.timeline.policy_changed(at, policy.as_ref(), because);
                }
            }
            ConversationEvent::FieldsChanged { ticket, set } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    for (name, value) in &set.0 {
                        ticket.unvalidated.remove(name);
                        if value.is_null() {
                            ticket.fields.0.remove(name);
                            ticket.timeline.named_event(at, &format!("field.removed.{name}"));
                        } else {
                            ticket.fields.0.insert(name.clone(), value.clone());
                            ticket.timeline.named_event(at, &format!("field.set.{name}"));
                        }
                    }
                }
            }
            ConversationEvent::QueueChanged { ticket, queue, team, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.requeued(queue, team.as_deref(), at);
                }
            }
            ConversationEvent::AutomationFired(fired) => self.automation_fired(fired, event.id.as_str(), at),
            ConversationEvent::AutomationHeld(held) => self.automation_held(held, at),
            ConversationEvent::AutomationReplied(replied) => self.automation_replied(replied),
            // What a macro did follows it; a notice is for others.
            ConversationEvent::MacroApplied { .. } | ConversationEvent::NoticeRaised { .. } => {}
            ConversationEvent::RunBegun { ticket, .. } => self.happened(*ticket, at, "run.begun"),
            ConversationEvent::RunEnded { ticket, .. } => self.happened(*ticket, at, "run.ended"),
            ConversationEvent::RequestRecorded { ticket, .. } => {
                self.happened(*ticket, at, "request.recorded");
            }
            ConversationEvent::TagsChanged { ticket, add, remove } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    for tag in add.iter().filter(|tag| ticket.tags.insert((*tag).clone())) {
                        ticket.timeline.named_event(at, &format!("tag.added.{tag}"));
                    }
                    for tag in remove.iter().filter(|tag| ticket.tags.remove(*tag)) {
                        ticket.timeline.named_event(at, &format!("tag.removed.{tag}"));
                    }
                }
            }
            ConversationEvent::TicketEscalated { ticket, team, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.escalated = true;
                    ticket.hand_over();
                    ticket.timeline.named_event(at, "escalated");
                    ticket.assigned(None, Some(team), at);
                }
            }
            ConversationEvent::TicketSnoozed { ticket, until } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.snoozed_until = *until;
                }
            }
            ConversationEvent::TicketWoken { ticket, until } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.snoozed_until.take_if(|snoozed| snoozed == until);
                }
            }
            ConversationEvent::SilencePassed { ticket, since, after_seconds, to, category } => {
                let to = to.as_deref().zip(*category);
                self.silence_passed(*ticket, (*since, *after_seconds), to, at);
            }
            ConversationEvent::TicketReturned { ticket, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.returned(at);
                }
            }
            ConversationEvent::TicketValidated { ticket, accepted, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.validated(*accepted, at);
                }
            }
            ConversationEvent::ArticleLinked { ticket, article, linked } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    match linked {
                        true => ticket.articles.insert(article.clone()),
                        false => ticket.articles.remove(article),
                    };
                    ticket
                        .timeline
                        .named_event(at, if *linked { "article.linked" } else { "article.unlinked" });
                }
            }
            ConversationEvent::IssueLinked { ticket, issue, linked } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.issue_linked(issue, *linked);
                }
            }
            ConversationEvent::IssueReported { ticket, issue, done, at: reported, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.issue_reported(issue, *done, *reported, at);
                }
            }
            ConversationEvent::IssueTold { ticket, issue, done, .. } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.issue_stands(issue, *done);
                }
            }
            ConversationEvent::TicketMerged { ticket, into, here, status, unanswered, .. } => {
                let (into, here, status) = (into.clone(), *here, status.clone());
                let (category, wrote, untold) = (Category::Closed, false, Vec::new());
                let merged = Merged { into, here, at, status, category, wrote, untold };
                self.ticket_merged(*ticket, merged, *unanswered);
            }
            ConversationEvent::TicketAbsorbed { ticket, from, here, unanswered, open_status } => {
                self.ticket_absorbed(*ticket, from, *here, (*unanswered, open_status), at);
            }
            ConversationEvent::TicketUnmerged { ticket, from, open_status, .. } => {
                self.ticket_unmerged(*ticket, from, open_status, at);
            }
            ConversationEvent::TicketReleased { ticket, from } => self.ticket_released(*ticket, from, at),
            ConversationEvent::MergedTold { ticket, said } => self.merge_told(*ticket, said),
            ConversationEvent::MergedHeard { ticket, said, open_status, .. } => {
                if let Some(ticket) = self.ticket_mut(*ticket) {
                    ticket.heard(said, Some(open_status), at);
                }
            }
            ConversationEvent::DeliveryReported { external_id, state, error, message } => {
                if let Some(message) = message {
                    self.correspondence.alias(external_id, message);
                }
                self.correspondence.report(external_id, *state, error.clone());
            }
            ConversationEvent::DeliveryRerouted { message, outbox, .. } => {
                self.rerouted(message, outbox);
                self.correspondence.retry(message);
            }
            ConversationEvent::DeliveryConcluded { message, external_id, failed } => {
                self.concluded(message);
                self.correspondence.conclude(message, external_id.as_deref(), failed.clone());
            }
            ConversationEvent::DeliveryRetried { message } => self.correspondence.retry(message),
            ConversationEvent::FileKept(file) => self.file_kept(file),
            ConversationEvent::FileLost { message, fetched_by, why } => {
                self.file_lost(message, fetched_by, why)
            }
            ConversationEvent::NoticeSent { ticket, instance, threshold, to, folded } => {
                if let Some(ticket) = self.ticket_mut(*ticket) {
                    ticket.timeline.notice(instance, threshold, at, to, folded);
                }
            }
            ConversationEvent::BreachExcused { ticket, instance, reason } => {
                if let Some(ticket) = self.touch(*ticket, at) {
                    ticket.timeline.excuse(instance, at, &event.by, &reason.0);
                }
            }
            ConversationEvent::SurveyDecided(decided) => self.survey_decided(decided, event),
            ConversationEvent::EventReceived { kind, means, .. } => {
                if let Some(ticket) = self.tickets.last_mut() {
                    ticket.timeline.named_event(at, &format!("event.{kind}"));
                }
                let amended = means.as_deref().and_then(|means| self.correspondence.amend(means, at));
                if let Some(ordinal) = amended {
                    self.touch(ordinal, at);
                }
            }
        }
    }
}

impl Conversation {
    pub(super) fn touch(&mut self, ordinal: u32, at: DateTime<Utc>) -> Option<&mut Ticket> {
        let ticket = self.ticket_mut(ordinal)?;
        ticket.updated_at = ticket.updated_at.max(at);
        Some(ticket)
    }

    pub(super) fn open(&mut self, opening: &Opening, by_customer: bool, at: DateTime<Utc>) -> u32 {
        let ordinal = u32::try_from(self.tickets.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.tickets.push(Ticket {
            ordinal,
            number: opening.number,
            lost_numbers: Vec::new(),
            automatic: false,
            spoken: Vec::new(),
            status: opening.status.clone(),
            category: opening.category,
            queue: opening.queue.clone(),
            team: opening.team.clone(),
            priority: opening.priority,
            agent: None,
            tags: opening.tags.iter().cloned().collect(),
            fields: Private(enrich::fields(opening, &Map::new())),
            unvalidated: opening.unvalidated.clone(),
            period: opening.period.clone(),
            subject: None,
            opened_at: at,
            updated_at: at,
            by_customer,
            timeline: Timeline::opened(at, by_customer, opening.policy.as_ref()),
            resolutions: 0,
            reopenings: 0,
            first_solved_at: None,
            solved_at: None,
            solved_by: None,
            replies: 0,
            escalated: false,
            surveys: Vec::new(),
            merged: None,
            absorbed: Vec::new(),
            snoozed_until: None,
            last_said: None,
            follows: opening.follows,
            silent: Silent { since: at, passed: Vec::new() },
            handed_by: None,
            returned_by: None,
            issues: Default::default(),
            issues_done: Default::default(),
            issues_reported: Default::default(),
            articles: Default::default(),
            assignments: 0,
            moments: Moments { status_changed: Some(at), ..Moments::default() },
            automations: Default::default(),
            acted: None,
            owed: Vec::new(),
            skills: opening.skills.clone(),
            held: Vec::new(),
            parent: None,
            children: Vec::new(),
            split_from: None,
            moved_away: Default::default(),
        });
        if let Some(ticket) = self.tickets.last_mut() {
            ticket.timeline.named_event(at, "opened");
            ticket.team_event("entered", at);
        }
        ordinal
    }

    /// The last ticket, which something joins although its writer may have wanted to open one.
    pub(super) fn joined(&mut self, opening: Option<&Opening>) -> u32 {
        if let (Some(opening), Some(ticket)) = (opening, self.tickets.last_mut()) {
            ticket.lost_numbers.push(opening.number);
        }
        self.home(self.newest())
    }

    pub(super) fn update_party(&mut self, party: &Party) {
        let name = party.name.clone().or_else(|| self.party.take().and_then(|p| p.name));
        self.party = Some(Party { name, ..party.clone() });
    }

    fn message_received(&mut self, received: &MessageReceived, event: &Event<ConversationEvent>) {
        let at = event.at;
        let mail = received.message.mail.as_deref();
        // No answer goes to a machine, and what it wrote re-opens nothing.
        let automatic = by_machine(&received.message);
        if !automatic || self.party.is_none() {
            self.update_party(&received.party);
            self.last_inbound_at = self.last_inbound_at.max(Some(at));
            let wrote_at = received.message.sent_at.map_or(at, |sent| sent.min(at));
            self.last_wrote_at = self.last_wrote_at.max(Some(wrote_at));
        }
        if let Some(mail) = mail {
            let own = received.message.message_ref.as_ref().unwrap_or(&received.message.external_id);
            self.threaded(mail.references.iter().chain([own]));
        }
        let silent = automatic || received.message.kind == MessageKind::Reaction;
        let said = !silent && received.vote.is_none();
        if said {
            self.asked = None;
        }
        let last = u32::try_from(self.tickets.len()).unwrap_or(u32::MAX);
        let over = self.current().is_none_or(|current| {
            let follows = received.opening.as_ref().and_then(|opening| opening.follows);
            current.category == Category::Solved && follows == Some(last)
        });
        let ordinal = match &received.opening {
            // A reaction opens nothing, but a conversation's very first ticket must not be lost with it.
            Some(opening) if over && !silent => self.open(opening, true, at),
            // Without an opening the writer saw a ticket that was still open: it is re-opened.
            opening => self.joined(opening.as_ref()),
        };
        if let Some(ticket) = self.touch(ordinal, at).filter(|_| said) {
            if ticket.subject.is_none() {
                ticket.subject.clone_from(&received.message.subject);
            }
            let said = Said { id: received.id.clone(), at, by_customer: true };
            ticket.customer_wrote(said, received.open_status.as_deref(), at);
            ticket.automatic = mail.is_some_and(|mail| mail.automatic == Some(Automatic::Generated));
        }
        let inbound = &received.message;
        self.correspondence.push(Message {
            external_id: Some(inbound.external_id.clone()),
            kind: Some(inbound.kind),
            text: inbound.text.clone(),
            subject: inbound.subject.clone(),
            message_ref: inbound.message_ref.clone(),
            html: mail.and_then(|mail| mail.html.clone()),
            automatic: mail.and_then(|mail| mail.automatic),
            envelope: mail.and_then(Envelope::of),
            attachments: inbound.attachments.clone(),
            data: inbound.data.clone(),
            in_reply_to: inbound.in_reply_to.clone(),
            sent_at: inbound.sent_at,
            ..plain(ordinal, received.id.clone(), Direction::In, event)
        });
    }

    fn sent_elsewhere(&mut self, sent: &MessageSentElsewhere, event: &Event<ConversationEvent>) {
        self.update_party(&sent.party);
        self.asked = None;
        let ordinal = match &sent.opening {
            Some(opening) if self.current().is_none() => self.open(opening, false, event.at),
            opening => self.joined(opening.as_ref()),
        };
        if let Some(ticket) = self.touch(ordinal, event.at) {
            ticket.replied(Said { id: sent.id.clone(), at: event.at, by_customer: false });
        }
        let message = &sent.message;
        self.correspondence.push(Message {
            external_id: Some(message.external_id.clone()),
            kind: Some(message.kind),
            text: message.text.clone(),
            attachments: message.attachments.clone(),
            data: message.data.clone(),
            in_reply_to: message.in_reply_to.clone(),
            sent_at: message.sent_at,
            delivery: Some(DeliveryState::Sent),
            ..plain(ordinal, sent.id.clone(), Direction::Out, event)
        });
    }

    fn ticket_created(&mut self, created: &TicketCreated, at: DateTime<Utc>) {
        self.update_party(&created.party);
        let ordinal = self.open(&created.opening, false, at);
        if let Some(ticket) = self.ticket_mut(ordinal) {
            ticket.subject.clone_from(&created.subject);
            ticket.fields = Private(enrich::fields(&created.opening, &created.fields.0));
            ticket.agent.clone_from(&created.agent);
        }
    }

    fn reply_written(&mut self, reply: &ReplyWritten, event: &Event<ConversationEvent>) {
        let Some(ticket) = self.touch(reply.ticket, event.at) else { return };
        if reply.human {
            ticket.replied(Said { id: reply.message.id.clone(), at: event.at, by_customer: false });
        }
        // What is said next answers this and not the survey, unless it is the survey's own reminder.
        if event.by != crate::survey::BY {
            self.asked = None;
        }
        self.push_outgoing(reply.ticket, &reply.message, event);
    }

    fn survey_decided(&mut self, decided: &SurveyDecided, event: &Event<ConversationEvent>) {
        let Some(ticket) = self.ticket_mut(decided.ticket) else { return };
        if ticket.surveys.iter().any(|s| s.resolution == decided.resolution) {
            return;
        }
        ticket.surveys.push(SurveyDecision {
            resolution: decided.resolution,
            survey: decided.survey.clone(),
            not_eligible: decided.not_eligible.clone(),
            at: event.at,
        });
        if let (Some(survey), Some(until)) = (&decided.survey, decided.votes_until) {
            self.asked = Some(Asked { survey: survey.clone(), until });
        }
        if let Some(message) = &decided.message {
            self.push_outgoing(decided.ticket, message, event);
        }
    }

    fn push_outgoing(&mut self, ticket: u32, outgoing: &Outgoing, event: &Event<ConversationEvent>) {
        self.dispatched(outgoing.outbox.as_deref(), &outgoing.id);
        self.threaded(outgoing.message_ref.iter());
        self.push_written(ticket, outgoing, event);
    }

    /// As people see it; nothing is on its way yet.
    pub(super) fn push_written(
        &mut self,
        ticket: u32,
        outgoing: &Outgoing,
        event: &Event<ConversationEvent>,
    ) {
        self.correspondence.push(Message {
            message_ref: outgoing.message_ref.clone(),
            text: Some(outgoing.text.clone()),
            subject: outgoing.subject.clone(),
            html: outgoing.html.clone(),
            attachments: outgoing.attachments.clone(),
            template: outgoing.template.clone(),
            delivery: Some(DeliveryState::Queued),
            ..plain(ticket, outgoing.id.clone(), Direction::Out, event)
        });
    }
}

/// A message with nothing but what every message has.
fn plain(ticket: u32, id: String, direction: Direction, event: &Event<ConversationEvent>) -> Message {
    Message {
        ticket,
        id,
        external_id: None,
        direction,
        kind: None,
        text: None,
        subject: None,
        html: None,
        automatic: None,
        envelope: None,
        message_ref: None,
        attachments: Vec::new(),
        data: None,
        in_reply_to: None,
        at: event.at,
        sent_at: None,
        by: event.by.clone(),
        template: None,
        delivery: None,
        error: None,
        call: None,
        held: None,
        mentions: None,
        edited_at: None,
        withdrawn_at: None,
    }
}
