//! A desk with one conversation that is told its events at given times.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::panic)]

use chrono::{DateTime, Utc};
use relevo_calendar::Calendar;
use relevo_domain::conversation::decide::{self, Published};
use relevo_domain::conversation::{Conversation, ConversationEvent, Outgoing, Party};
use relevo_domain::message::{Address, AddressKind, InboundMessage};
use relevo_domain::pack::{Pack, parse};
use relevo_domain::sla::CalendarSource;
use relevo_journal::{Event, EventId, Fold, Hlt};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub struct Desk {
    pub pack: Pack,
    pub version: u32,
    pub calendars: BTreeMap<String, Calendar>,
    pub state: Conversation,
    pub at: DateTime<Utc>,
    pub by: String,
    /// All that it was told.
    pub events: Vec<Event<ConversationEvent>>,
    count: u64,
}

/// An instant of January 2026: `05 09:30` is a Monday.
pub fn at(text: &str) -> DateTime<Utc> {
    let (day, time) = text.split_once(' ').unwrap();
    format!("2026-01-{day}T{time}:00Z").parse().unwrap()
}

impl Desk {
    pub fn new(pack: Value) -> Self {
        let pack = parse(pack).unwrap_or_else(|problems| panic!("{problems:?}"));
        let calendars = pack.calendars.iter();
        let calendars = calendars.map(|(name, c)| (name.clone(), Calendar::parse(c).unwrap())).collect();
        let (state, at) = (Conversation::default(), DateTime::UNIX_EPOCH);
        Self { pack, version: 1, calendars, state, at, by: "person:ana".into(), events: Vec::new(), count: 0 }
    }

    pub fn published(&self) -> Published<'_> {
        Published { pack: &self.pack, version: self.version }
    }

    pub fn party(&self) -> Party {
        Party {
            channel: "whatsapp".into(),
            account: "main".into(),
            address: Address { kind: AddressKind::Phone, value: "34600000001".into() },
            contact: "ctc_x".into(),
            name: Some("Luz".into()),
            locale: "es".into(),
        }
    }

    pub fn pass(&mut self, time: &str) {
        self.at = at(time);
    }

    pub fn tell(&mut self, time: &str, events: Vec<ConversationEvent>) {
        self.tell_at(at(time), events);
    }

    pub fn tell_at(&mut self, at: DateTime<Utc>, events: Vec<ConversationEvent>) {
        self.at = at;
        for data in events {
            self.count += 1;
            let id = EventId::new(format!("e{}", self.count)).unwrap();
            let by = self.by.clone();
            let event = Event { id, hlt: Hlt(self.count), at, by, tag: 0, data };
            self.state.apply(&event);
            self.events.push(event);
        }
    }

    pub fn receive(&mut self, time: &str, id: &str) {
        self.receive_at(at(time), id, self.party());
    }

    pub fn receive_at(&mut self, at: DateTime<Utc>, id: &str, party: Party) {
        let message: InboundMessage = serde_json::from_value(json!({
            "external_id": id, "from": {"kind": "phone", "value": "34600000001"}, "kind": "text", "text": "hola"
        }))
        .unwrap();
        let opens = decide::opens_ticket(&self.state, &self.pack, &message, at);
        let number = opens.then_some(self.count + 1);
        let id = format!("msg_{id}");
        let event = decide::receive(&self.state, self.published(), id, party, message, number, at);
        self.tell_at(at, vec![event]);
    }

    pub fn reply_at(&mut self, at: DateTime<Utc>, id: &str) {
        let message = Outgoing::text(id, "Buenos días");
        let ticket = self.state.tickets.len().try_into().unwrap();
        let events = decide::reply(&self.state, self.published(), ticket, message, true).unwrap();
        self.tell_at(at, events);
    }

    pub fn status(&mut self, time: &str, status: &str) {
        self.status_at(at(time), status);
    }

    pub fn status_at(&mut self, at: DateTime<Utc>, status: &str) {
        let ticket = self.state.tickets.len().try_into().unwrap();
        let events = decide::change_status(&self.state, &self.pack, ticket, status, None).unwrap();
        self.tell_at(at, events);
    }
}

impl CalendarSource for Desk {
    fn calendar(&self, _: u32, name: &str) -> Option<&Calendar> {
        self.calendars.get(name)
    }
}
