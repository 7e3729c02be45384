//! Events, as they are used and as they are stored.

use chrono::{DateTime, SubsecRound, Utc};
use data_encoding::BASE64;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::data_key::{DataKey, KeyId};
use crate::error::JournalError;
use crate::hash::{FNV_START, fnv1a};
use crate::hlt::Hlt;
use crate::names::{StreamId, checked_name};
use crate::private;
use crate::upcast::named_among_fields;
use crate::value;
use crate::vault::{Access, Keys};

fn id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'_' | b'-')
}

checked_name!(
    /// What an event is *about*, computed from its source (a provider's message id, an idempotency key): the
    /// same source makes the same id, and a repeat is dropped. Opaque; by contract no personal data in clear.
    EventId, "event id", "[A-Za-z0-9:._-]{1,128}", id_byte, id_byte, 1..=128
);

/// Something that was done or said.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<D> {
    /// What it is about.
    pub id: EventId,
    /// Its place in the order.
    pub hlt: Hlt,
    /// The writer's clock when it was recorded, to the millisecond.
    pub at: DateTime<Utc>,
    /// Who did it: an agent's id, `channel:whatsapp/main`, `sla`.
    pub by: String,
    /// Fingerprint of the source's content: the same id with another tag means that the same key was used for
    /// something else.
    pub tag: u32,
    /// What happened.
    pub data: D,
}

/// An event before it has a time.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent<D> {
    /// As in [`Event`].
    pub id: EventId,
    /// As in [`Event`].
    pub by: String,
    /// As in [`Event`].
    pub tag: u32,
    /// As in [`Event`].
    pub data: D,
}

/// A total order of events: logical time, then id, then content. Two events with the same order are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Order(pub Hlt, pub String, pub u64);

/// The stored form. `data` stays text: what this version cannot decode keeps its place all the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    #[serde(rename = "i")]
    pub id: EventId,
    #[serde(rename = "h")]
    pub hlt: Hlt,
    #[serde(rename = "t")]
    pub at_ms: i64,
    #[serde(rename = "b")]
    pub by: String,
    #[serde(rename = "g", default, skip_serializing_if = "is_zero")]
    pub tag: u32,
    /// The last field: in a slot the links (`audit::links`) come after it, as `l`.
    #[serde(rename = "d")]
    pub data: Box<RawValue>,
    /// The data key that the personal values are sealed under; also without any where the stream's key changes.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The personal values, sealed: a JSON list, to whose places the placeholders in `data` point.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the shape that serde asks for
fn is_zero(tag: &u32) -> bool {
    *tag == 0
}

impl StoredEvent {
    /// The stored form of an event. `key` seals its personal values; without one there may be none.
    pub(crate) fn new<D: Serialize>(
        stream: &StreamId,
        new: &NewEvent<D>,
        hlt: Hlt,
        now: DateTime<Utc>,
        key: Option<&DataKey>,
    ) -> Result<Self, JournalError> {
        let encode = |why: String| JournalError::Encode { what: format!("event {}", new.id), why };
        let (data, values) = private::storing(|| serde_json::value::to_raw_value(&new.data));
        let data = data.map_err(|e| encode(e.to_string()))?;
        let sealed = match (values.as_slice(), key) {
            ([], _) => None,
            (_, None) => return Err(JournalError::Unsealed { event: new.id.to_string() }),
            (values, Some(key)) => {
                let text = serde_json::to_vec(values).map_err(|_| encode("a personal value".to_owned()))?;
                let stream = stream.to_string();
                let sealed = key.seal(&about(&stream, &new.id, data.get()), &text);
                Some(
                    BASE64.encode(&sealed.ok_or_else(|| encode("a personal value is too large".to_owned()))?),
                )
            }
        };
        Ok(Self {
            id: new.id.clone(),
            hlt,
            at_ms: now.trunc_subsecs(3).timestamp_millis(),
            by: new.by.clone(),
            tag: new.tag,
            data,
            key: key.map(|key| key.id().clone()),
            sealed,
        })
    }

    /// Bytes of what it says.
    pub(crate) fn bytes(&self) -> usize {
        self.data.get().len().saturating_add(self.sealed.as_ref().map_or(0, String::len))
    }

    pub(crate) fn order(&self) -> Order {
        // Only decides between two contents under one id at one time: any fixed function will do.
        let mut hash = fnv1a(FNV_START, &self.at_ms.to_le_bytes());
        hash = fnv1a(hash, &self.tag.to_le_bytes());
        hash = fnv1a(hash, self.data.get().as_bytes());
        hash = fnv1a(hash, self.by.as_bytes());
        if let (Some(key), Some(sealed)) = (&self.key, &self.sealed) {
            hash = fnv1a(fnv1a(hash, key.as_str().as_bytes()), sealed.as_bytes());
        }
        Order(self.hlt, self.id.as_str().to_owned(), hash)
    }

    /// The event with its data decoded, personal values as far as their key exists; nothing when a newer version
    /// wrote it or somebody altered it.
    pub(crate) fn decode<D: DeserializeOwned>(&self, stream: &StreamId, keys: &Keys) -> Option<Event<D>> {
        let decode = || {
            let data = self.data.get();
            let today = || named_among_fields(data).and_then(|today| serde_json::from_str(&today).ok());
            serde_json::from_str(data).ok().or_else(today)
        };
        let data = match &self.sealed {
            None => decode(),
            Some(sealed) => private::reading(self.values(stream, keys, sealed)?, decode),
        };
        Some(Event {
            id: self.id.clone(),
            hlt: self.hlt,
            at: DateTime::from_timestamp_millis(self.at_ms)?,
            by: self.by.clone(),
            tag: self.tag,
            data: data?,
        })
    }

    /// Its personal values; `Some(None)` when their key is destroyed or not at hand.
    fn values(&self, stream: &StreamId, keys: &Keys, sealed: &str) -> Option<Option<Vec<Value>>> {
        let key = match keys.access(self.key.as_ref()?) {
            Access::Open(key) => key,
            Access::Destroyed | Access::Closed => return Some(None),
        };
        let stream = stream.to_string();
        let sealed = BASE64.decode(sealed.as_bytes()).ok()?;
        let text = key.open(&about(&stream, &self.id, self.data.get()), &sealed)?;
        serde_json::from_slice(&text).ok().map(Some)
    }
}

/// What sealed values belong to: the event, and by the placeholders in its data the field of each.
fn about<'a>(stream: &'a str, id: &'a EventId, data: &'a str) -> [&'a [u8]; 4] {
    [b"relevo/event", stream.as_bytes(), id.as_str().as_bytes(), data.as_bytes()]
}

/// Reads one slot: what one commit appended to one stream.
pub(crate) fn decode_slot(bytes: &[u8]) -> Result<Vec<StoredEvent>, String> {
    value::decode(bytes)
}

/// Sorts and drops what is there twice: the set that a state is a function of.
pub(crate) fn sorted_set(events: Vec<StoredEvent>) -> Vec<(Order, StoredEvent)> {
    let mut keyed: Vec<_> = events.into_iter().map(|event| (event.order(), event)).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    keyed.dedup_by(|a, b| a.0 == b.0);
    keyed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::links::Texts;

    fn stream() -> StreamId {
        "school:log:a".parse().unwrap()
    }

    fn event(id: &str, hlt: u64, text: &str) -> StoredEvent {
        let id = EventId::new(id).unwrap();
        let new = NewEvent { id, by: "test".to_owned(), tag: 7, data: text.to_owned() };
        StoredEvent::new(&stream(), &new, Hlt(hlt), DateTime::from_timestamp_nanos(1_234_567_899), None)
            .unwrap()
    }

    #[test]
    fn ids_are_checked() {
        assert!(EventId::new("notice:a.b_c-D9").is_ok());
        for bad in ["", "a b", "a@b", "+34", "é", &"i".repeat(129)] {
            assert!(EventId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_stored_form_is_fixed() {
        let stored = Texts::of(&[event("m:1", 65536, "hola")]).unwrap().unlinked();
        let expected = r#"1[{"i":"m:1","h":65536,"t":1234,"b":"test","g":7,"d":"hola"}]"#;
        assert_eq!(std::str::from_utf8(&stored).unwrap(), expected);
        let back = decode_slot(&stored).unwrap();
        let event: Event<String> = back[0].decode(&stream(), &Keys::default()).unwrap();
        assert_eq!((event.data.as_str(), event.tag, event.at.timestamp_millis()), ("hola", 7, 1234));
        assert_eq!(back[0].order(), self::event("m:1", 65536, "hola").order());
    }

    #[test]
    fn fields_and_data_of_newer_versions_do_no_harm() {
        let newer = br#"1[{"i":"a","h":1,"t":1,"b":"x","d":{"new":[1]},"l":["mac"],"z":0}]"#;
        let slot = decode_slot(newer).unwrap();
        assert!(slot[0].decode::<String>(&stream(), &Keys::default()).is_none(), "data of another shape");
        assert!(decode_slot(b"2[]").is_err());
        assert!(decode_slot(br#"1[{"i":"a b","h":1,"t":1,"b":"x","d":1}]"#).is_err());
    }

    #[test]
    fn the_set_is_sorted_by_time_id_and_content() {
        let set = sorted_set(vec![
            event("b", 1, "x"),
            event("a", 2, "x"),
            event("a", 1, "y"),
            event("b", 1, "x"),
            event("a", 1, "x"),
        ]);
        let shape: Vec<_> = set.iter().map(|(o, _)| (o.0.0, o.1.as_str())).collect();
        assert_eq!(shape, [(1, "a"), (1, "a"), (1, "b"), (2, "a")]);
    }
}
