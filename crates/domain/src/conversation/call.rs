//! Telephone calls of a conversation: several reports are one call.

use super::event::CallReported;
use super::file::is_same;
use super::merge::Said;
use super::message::{Direction, Message};
use super::{Conversation, Ticket};
use crate::message::{CallDirection, CallReport, CallState};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A call, as far as its reports tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The provider's id.
    pub id: String,
    /// Who called whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<CallDirection>,
    /// How far it has got: of two reports the later state counts, in whatever order they came.
    pub state: CallState,
    /// Our agent, as the provider names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Seconds of conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_seconds: Option<u32>,
    /// Seconds on hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<u32>,
    /// Seconds of work after the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrap_up_seconds: Option<u32>,
    /// How it was classified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
}

impl Call {
    fn new(report: &CallReport) -> Self {
        Self {
            id: report.call_id.clone(),
            direction: None,
            state: report.state,
            agent: None,
            talk_seconds: None,
            hold_seconds: None,
            wrap_up_seconds: None,
            disposition: None,
        }
    }

    fn learn(&mut self, report: &CallReport) {
        fn known<T: Clone>(into: &mut Option<T>, from: Option<&T>) {
            if let Some(value) = from {
                *into = Some(value.clone());
            }
        }
        self.state = self.state.max(report.state);
        known(&mut self.direction, report.direction.as_ref());
        known(&mut self.agent, report.agent.as_ref());
        known(&mut self.talk_seconds, report.talk_seconds.as_ref());
        known(&mut self.hold_seconds, report.hold_seconds.as_ref());
        known(&mut self.wrap_up_seconds, report.wrap_up_seconds.as_ref());
        known(&mut self.disposition, report.disposition.as_ref());
    }
}

impl Conversation {
    pub(super) fn call_reported(&mut self, reported: &CallReported, plain: Message) {
        let at = plain.at;
        if let Some(party) = &reported.party {
            self.update_party(party);
        }
        let ordinal = match &reported.opening {
            Some(opening) if self.current().is_none() => {
                self.open(opening, reported.call.direction != Some(CallDirection::Out), at)
            }
            opening => self.joined(opening.as_ref()),
        };
        let report = &reported.call;
        if let Some(ticket) = self.touch(ordinal, at) {
            ticket.called(reported, at);
        }
        let message = self.correspondence.call(&reported.id, || Message {
            ticket: ordinal,
            external_id: Some(report.call_id.clone()),
            call: Some(Call::new(report)),
            ..plain
        });
        let Some(message) = message else { return };
        if let Some(call) = message.call.as_mut() {
            call.learn(report);
            message.direction = match call.direction {
                Some(CallDirection::Out) => Direction::Out,
                _ => Direction::In,
            };
        }
        if report.text.is_some() {
            message.text.clone_from(&report.text);
        }
        for file in &report.attachments {
            if !message.attachments.iter().any(|known| is_same(known, file)) {
                message.attachments.push(file.clone());
            }
        }
    }
}

impl Ticket {
    /// Who was spoken to has been answered, once however many reports tell of it; who called in vain waits.
    fn called(&mut self, reported: &CallReported, at: DateTime<Utc>) {
        let report = &reported.call;
        self.timeline.named_event(at, "event.call");
        let said = |by_customer| Said { id: reported.id.clone(), at, by_customer };
        match (report.state, report.direction) {
            (CallState::Answered | CallState::Ended, _) if !self.spoken.contains(&reported.id) => {
                self.spoken.push(reported.id.clone());
                self.replied(said(false));
            }
            (CallState::Voicemail, _) | (CallState::Missed, Some(CallDirection::In)) => {
                self.customer_wrote(said(true), reported.open_status.as_deref(), at);
            }
            _ => {}
        }
    }
}
