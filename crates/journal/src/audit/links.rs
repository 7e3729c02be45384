//! Links as they are stored: the last field of an event, `"l": [its MAC, the MACs of its parents…]`.
//!
//! The MAC is over the very bytes of the event before that field, and over where it lies: stream, slot, place in
//! the slot and how many the slot holds. Nothing is decoded and encoded again, so whatever differs by one
//! byte, or lies elsewhere, has another MAC.

use serde_json::value::RawValue;

use super::{Mac, MacKey};
use crate::error::JournalError;
use crate::event::StoredEvent;
use crate::names::StreamId;
use crate::value;

/// Parents that one event names at most: as many events were written at the same time. What is not named now
/// stays a head and is named by the next.
pub(crate) const MOST_PARENTS: usize = 256;

/// What comes before the MACs; `]}` comes after.
const FIELD: &str = ",\"l\":[";

/// The longest that the links of an event with one parent are, and what each further parent takes.
const LINK_BYTES: usize = 56;
const PARENT_BYTES: usize = 25;

/// An event's stored text, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Linked<'a> {
    /// Its bytes up to the links, without the closing brace.
    pub body: &'a str,
    /// Its MAC and those of its parents; nothing when it was written without.
    pub links: Option<(Mac, Vec<Mac>)>,
}

/// The events of a slot as they are stored, before they have a number.
#[derive(Debug)]
pub(crate) struct Texts(Vec<String>);

impl Texts {
    pub(crate) fn of(events: &[StoredEvent]) -> Result<Self, JournalError> {
        let text = |event: &StoredEvent| {
            serde_json::to_string(event)
                .map_err(|e| JournalError::Encode { what: format!("event {}", event.id), why: e.to_string() })
        };
        Ok(Self(events.iter().map(text).collect::<Result<_, _>>()?))
    }

    /// What the slot takes at most when the first event has so many parents.
    pub(crate) fn most_bytes(&self, parents: usize) -> usize {
        let events = self.0.iter().map(|text| text.len().saturating_add(1).saturating_add(LINK_BYTES));
        let sum = events.fold(3, usize::saturating_add);
        sum.saturating_add(parents.saturating_mul(PARENT_BYTES))
    }

    /// The slot's value without links.
    pub(crate) fn unlinked(&self) -> Vec<u8> {
        slot_of(self.0.iter().map(String::as_str))
    }

    /// The slot's value. The first event names the parents, each other the one before it. Returns the last MAC.
    pub(crate) fn linked(
        &self,
        key: &dyn MacKey,
        stream: &StreamId,
        slot: u64,
        parents: &[Mac],
    ) -> (Vec<u8>, Option<Mac>) {
        let mut parents = parents.to_vec();
        let mut linked = Vec::with_capacity(self.0.len());
        for (index, text) in self.0.iter().enumerate() {
            let body = text.strip_suffix('}').unwrap_or(text);
            let at = Place { stream, slot, index, of: self.0.len() };
            let mac = at.mac(key, body, Some(&parents));
            let mut text = format!("{body}{FIELD}\"{mac}\"");
            for parent in &parents {
                text.push_str(&format!(",\"{parent}\""));
            }
            text.push_str("]}");
            linked.push(text);
            parents = vec![mac];
        }
        let last = if linked.is_empty() { None } else { parents.first().copied() };
        (slot_of(linked.iter().map(String::as_str)), last)
    }
}

fn slot_of<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = vec![value::FORMAT, b'['];
    for (index, text) in texts.enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.push(b']');
    bytes
}

/// Where an event lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub stream: &'a StreamId,
    pub slot: u64,
    pub index: usize,
    pub of: usize,
}

impl Place<'_> {
    /// The MAC of an event here. One without links has one too, which nothing stores.
    pub(crate) fn mac(&self, key: &dyn MacKey, body: &str, parents: Option<&[Mac]>) -> Mac {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX).to_be_bytes();
        let flat: Vec<u8> = parents.unwrap_or_default().iter().flat_map(|parent| parent.0).collect();
        let label: &[u8] = if parents.is_some() { b"event" } else { b"unlinked event" };
        key.mac(&[
            label,
            self.stream.to_string().as_bytes(),
            &self.slot.to_be_bytes(),
            &number(self.index),
            &number(self.of),
            body.as_bytes(),
            &flat,
        ])
    }
}

/// The events of a slot's value, as their own bytes.
pub(crate) fn texts(bytes: &[u8]) -> Result<Vec<Box<RawValue>>, String> {
    value::decode(bytes)
}

/// Takes an event's text apart.
pub(crate) fn split(text: &str) -> Linked<'_> {
    let links = text.rfind(FIELD).and_then(|at| {
        let (body, field) = text.split_at_checked(at)?;
        let list = field.get(FIELD.len().checked_sub(1)?..)?.strip_suffix('}')?;
        let macs: Vec<Mac> = serde_json::from_str(list).ok()?;
        let (own, parents) = macs.split_first()?;
        Some((body, (*own, parents.to_vec())))
    });
    match links {
        Some((body, links)) => Linked { body, links: Some(links) },
        None => Linked { body: text.strip_suffix('}').unwrap_or(text), links: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing::TestKey;
    use crate::event::{NewEvent, decode_slot};
    use crate::{EventId, Hlt};
    use chrono::DateTime;
    use serde_json::{Value, json};

    fn stored(data: Value) -> StoredEvent {
        let new = NewEvent { id: EventId::new("a").unwrap(), by: "x".to_owned(), tag: 0, data };
        let stream = "school:log:a".parse().unwrap();
        StoredEvent::new(&stream, &new, Hlt(9), DateTime::UNIX_EPOCH, None).unwrap()
    }

    #[test]
    fn links_are_the_last_field_and_change_nothing_before_it() {
        let stream: StreamId = "school:log:a".parse().unwrap();
        let events = [stored(json!("é")), stored(json!({"l": ["AAAAAAAAAAAAAAAAAAAAAA"]}))];
        let texts = Texts::of(&events).unwrap();
        let parent = Mac([7; 16]);
        let (bytes, last) = texts.linked(&TestKey("k"), &stream, 3, &[parent]);
        assert!(bytes.len() <= texts.most_bytes(1), "{} {}", bytes.len(), texts.most_bytes(1));
        assert_eq!(decode_slot(&bytes).unwrap()[0].order(), events[0].order());

        let raw = super::texts(&bytes).unwrap();
        let first = split(raw[0].get());
        assert_eq!(format!("{}}}", first.body), serde_json::to_string(&events[0]).unwrap());
        let (mac, parents) = first.links.unwrap();
        assert_eq!(parents, [parent]);
        let second = split(raw[1].get()).links.unwrap();
        assert_eq!((Some(second.0), second.1), (last, vec![mac]));
        let at = Place { stream: &stream, slot: 3, index: 0, of: 2 };
        assert_eq!(at.mac(&TestKey("k"), first.body, Some(&[parent])), mac);
        for elsewhere in [Place { slot: 4, ..at }, Place { index: 1, ..at }, Place { of: 1, ..at }] {
            assert_ne!(elsewhere.mac(&TestKey("k"), first.body, Some(&[parent])), mac, "{elsewhere:?}");
        }
    }

    #[test]
    fn a_field_of_the_data_is_not_taken_for_links() {
        for data in [json!({"a": 1, "l": ["AAAAAAAAAAAAAAAAAAAAAA"]}), json!(",\"l\":[\"x\"]"), json!([])] {
            let slot = Texts::of(&[stored(data.clone())]).unwrap().unlinked();
            let raw = super::texts(&slot).unwrap();
            assert_eq!(split(raw[0].get()).links, None, "{data}");
            assert_eq!(slot, value::encode("a slot", &[stored(data)]).unwrap());
        }
    }
}
