//! What a new ticket begins with beside what was said: its fields, filled from what is known and never over what a person
//! said, and what the critical period makes of it.

use super::decide::{Published, Told, facts, policy, reroute};
use super::event::{ConversationEvent, Filled, Opening, Party};
use crate::Private;
use crate::condition::all_hold;
use crate::pack::Pack;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the directory knows of whoever a ticket is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The contact.
    pub person: Option<Source>,
    /// The account that they belong to.
    pub account: Option<Source>,
}

/// An entry of the directory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// How histories name it, with its revision.
    pub named: String,
    /// What it says.
    pub values: Map<String, Value>,
}

/// Fills the fields of the ticket that an event opens, notes the critical period, and finds its policy again: what
/// decides it may be known now. A priority that a person chose (`is_chosen`) stays.
pub fn enrich(
    event: &mut ConversationEvent,
    published: Published<'_>,
    known: &Known,
    is_chosen: bool,
    now: DateTime<Utc>,
) {
    let nothing = Map::new();
    let (party, opening, given, texts, form) = match event {
        ConversationEvent::MessageReceived(received) => {
            let message = &received.message;
            let texts = [message.subject.as_ref(), message.text.as_ref()];
            let form = message.data.as_ref().and_then(|data| data.0.as_object());
            (&received.party, received.opening.as_mut(), &nothing, texts, form)
        }
        ConversationEvent::MessageSentElsewhere(sent) => {
            (&sent.party, sent.opening.as_mut(), &nothing, [None, None], None)
        }
        ConversationEvent::CallReported(reported) => {
            let Some(party) = &reported.party else { return };
            (party, reported.opening.as_mut(), &nothing, [None, None], None)
        }
        ConversationEvent::TicketCreated(created) => {
            let texts = [created.subject.as_ref(), None];
            (&created.party, Some(&mut created.opening), &created.fields.0, texts, None)
        }
        _ => return,
    };
    let Some(opening) = opening else { return };
    let text = texts.into_iter().flatten().map(|text| text.0.to_lowercase()).collect::<Vec<_>>().join("\n");
    let mut filling =
        Filling { pack: published.pack, given, filled: BTreeMap::new(), unvalidated: BTreeMap::new() };
    filling.take_form(party, form);
    filling.take_directory(known);
    filling.take_text(&text);
    filling.take_account(party);
    filling.take_defaults();
    let Filling { filled, unvalidated, .. } = filling;
    let period = published.pack.period_at(now);
    if filled.is_empty() && unvalidated.is_empty() && period.is_none() {
        return;
    }
    opening.filled = (!filled.is_empty()).then_some(Private(filled));
    opening.unvalidated = unvalidated;
    opening.period = period.map(|(id, _)| id.to_owned());
    let known = fields(opening, given);
    let [subject, written] = texts.map(|text| text.map(|text| text.0.as_str()));
    let told = Told { subject, text: written, fields: Some(given) };
    reroute(published.pack, party, opening, told, &known);
    if let Some((_, period)) = period.filter(|_| !is_chosen) {
        let facts = facts(party, opening, &known);
        let raise = period.raise.iter().find(|raise| all_hold(&raise.when, &facts));
        let to = raise.map_or(opening.priority, |raise| raise.to.max(opening.priority));
        opening.priority = to;
    }
    opening.policy = policy(published, party, opening, &known);
}

/// The fields that a ticket opens with: what a person said, and what it was filled with besides.
pub fn fields(opening: &Opening, given: &Map<String, Value>) -> Map<String, Value> {
    let mut fields = given.clone();
    for (name, filled) in opening.filled.iter().flat_map(|filled| &filled.0) {
        fields.entry(name).or_insert_with(|| filled.value.clone());
    }
    fields
}

struct Filling<'a> {
    pack: &'a Pack,
    given: &'a Map<String, Value>,
    filled: BTreeMap<String, Filled>,
    unvalidated: BTreeMap<String, String>,
}

impl Filling<'_> {
    /// What the customer filled in: taken if it is what the field holds, else named, and kept with the message.
    fn take_form(&mut self, party: &Party, form: Option<&Map<String, Value>>) {
        let form = form.into_iter().flatten();
        for (name, value) in
            form.filter(|(name, _)| self.pack.fields.get(*name).is_some_and(|field| field.by_customers))
        {
            if !value.as_str().is_some_and(|text| text.trim().is_empty()) {
                self.put(name, value, &format!("form:{}/{}", party.channel, party.account));
            }
        }
    }

    fn take_directory(&mut self, known: &Known) {
        for (name, member) in &self.pack.enrichment.directory {
            let Some((of, member)) = member.split_once('.') else { continue };
            let source = if of == "person" { &known.person } else { &known.account };
            if let Some((source, value)) =
                source.as_ref().and_then(|source| Some((source, source.values.get(member)?)))
            {
                self.put(name, value, &format!("directory:{}", source.named));
            }
        }
    }

    fn take_text(&mut self, text: &str) {
        for rule in self.pack.enrichment.rules.iter().filter(|rule| rule.fits(text)) {
            for (name, value) in &rule.set {
                self.put(name, value, &format!("rule:{}", rule.id));
            }
        }
    }

    fn take_account(&mut self, party: &Party) {
        let account = self.pack.account(&party.channel, &party.account);
        for (name, value) in account.into_iter().flat_map(|account| &account.fields) {
            self.put(name, value, &format!("channel:{}/{}", party.channel, party.account));
        }
    }

    fn take_defaults(&mut self) {
        for (name, field) in &self.pack.fields {
            if let Some(value) = &field.default {
                self.put(name, value, "default");
            }
        }
    }

    /// The first who says something counts.
    fn put(&mut self, name: &str, value: &Value, by: &str) {
        if self.given.contains_key(name) || self.filled.contains_key(name) || value.is_null() {
            return;
        }
        let read = match (self.pack.fields.get(name), value) {
            (None, _) => Ok(value.clone()),
            (Some(field), value) => match (field.refuses(value), value.as_str()) {
                (None, _) => Ok(value.clone()),
                (Some(why), Some(text)) => field.read(text).ok_or(why),
                (Some(why), None) => Err(why),
            },
        };
        match read {
            Ok(value) => {
                self.filled.insert(name.to_owned(), Filled { value, by: by.to_owned() });
            }
            Err(why) => {
                self.unvalidated.entry(name.to_owned()).or_insert_with(|| format!("{by}: {why}"));
            }
        }
    }
}
