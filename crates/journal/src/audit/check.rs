//! One stream held against its links and against what anchors say of it. Pure: everything was read before.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::anchor::Covered;
use super::links::{self, Place};
use super::{Known, Mac, MacKey};
use crate::event::StoredEvent;
use crate::names::StreamId;

/// What seems recorded earlier than this before it was first seen is back-dated: two clocks may be wrong by an hour
/// each, in opposite directions, and a request has a life.
pub(super) const TOLERANCE_MS: i64 = 130 * 60 * 1000;

/// An anchor in the order of its chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    pub at_ms: i64,
    /// See [`super::anchor::Anchor::whole`].
    pub whole: bool,
}

/// A stream as it was read.
pub(super) struct Subject<'a> {
    pub key: &'a dyn MacKey,
    pub stream: &'a StreamId,
    pub counter: u64,
    pub slots: &'a BTreeMap<u64, Vec<u8>>,
    /// All anchors of the desk; none when this is their own stream.
    pub anchors: Option<&'a [Made]>,
    /// What they say of this stream, with the anchor's index.
    pub said: &'a [(usize, &'a Covered)],
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Slot, event id, what is wrong.
    pub wrong: Vec<(Option<u64>, Option<String>, String)>,
    pub events: u64,
    /// Without links, and the time of the newest of them.
    pub unlinked: u64,
    pub unlinked_until_ms: Option<i64>,
    /// Slots that were holes when an anchor was made.
    pub late: u64,
}

/// An event that is as its writer wrote it.
struct Node {
    slot: u64,
    id: String,
    hlt: u64,
    at_ms: i64,
    parents: Vec<Mac>,
}

/// The field that an event without links does not have.
#[derive(Deserialize)]
struct Field {
    l: Option<IgnoredAny>,
}

/// Checks a stream.
pub(super) fn check(subject: &Subject<'_>) -> Outcome {
    let mut out = Outcome::default();
    let before_links = subject.before_links();
    let mut nodes = BTreeMap::new();
    for (slot, bytes) in subject.slots {
        if *slot > subject.counter {
            let why = format!(
                "it lies beyond the counter, which says {}: one of the two was changed",
                subject.counter
            );
            out.wrong(*slot, None, why);
        }
        match links::texts(bytes) {
            Ok(texts) => {
                for (index, text) in texts.iter().enumerate() {
                    let at = Place { stream: subject.stream, slot: *slot, index, of: texts.len() };
                    event(subject, at, text.get(), &before_links, &mut nodes, &mut out);
                }
            }
            Err(why) => out.wrong(*slot, None, format!("it cannot be read: {why}")),
        }
    }
    graph(&nodes, &mut out);
    anchored(subject, &nodes, &mut out);
    out
}

/// One event: is it what its writer wrote, where it wrote it, and when?
fn event(
    subject: &Subject<'_>,
    at: Place<'_>,
    text: &str,
    before_links: &BTreeSet<u64>,
    nodes: &mut BTreeMap<Mac, Node>,
    out: &mut Outcome,
) {
    out.events = out.events.saturating_add(1);
    let Ok(stored) = serde_json::from_str::<StoredEvent>(text) else {
        return out.wrong(at.slot, None, "its event cannot be read".to_owned());
    };
    let id = stored.id.to_string();
    let linked = links::split(text);
    let Some((mac, parents)) = linked.links else {
        if serde_json::from_str::<Field>(text).map_or(true, |field| field.l.is_some()) {
            return out.wrong(at.slot, Some(id), "its links cannot be read".to_owned());
        }
        if !before_links.contains(&at.slot) {
            let why =
                "it has no MAC and is not among what there was before events had one: added without the key";
            return out.wrong(at.slot, Some(id), why.to_owned());
        }
        out.unlinked = out.unlinked.saturating_add(1);
        out.unlinked_until_ms = out.unlinked_until_ms.max(Some(stored.at_ms));
        return;
    };
    if at.mac(subject.key, linked.body, Some(&parents)) != mac {
        let why = "its MAC is not that of what is stored here: altered, added without the key, or moved here";
        return out.wrong(at.slot, Some(id), why.to_owned());
    }
    if i64::try_from(stored.hlt.ms()).is_ok_and(|ms| ms < stored.at_ms) {
        out.wrong(at.slot, Some(id.clone()), "it sorts before the time at which it was recorded".to_owned());
    }
    if let Some(seen_ms) = subject.not_there_at(at.slot)
        && stored.at_ms < seen_ms.saturating_sub(TOLERANCE_MS)
    {
        let why = format!(
            "back-dated: it says {}, and was not there at the anchor of {}",
            time(stored.at_ms),
            time(seen_ms)
        );
        out.wrong(at.slot, Some(id.clone()), why);
    }
    let node = Node { slot: at.slot, id, hlt: stored.hlt.0, at_ms: stored.at_ms, parents };
    if let Some(other) = nodes.insert(mac, node) {
        out.wrong(at.slot, None, format!("it repeats an event of slot {}", other.slot));
    }
}

/// Is everything there that writers had read, and earlier than what they wrote?
fn graph(nodes: &BTreeMap<Mac, Node>, out: &mut Outcome) {
    for node in nodes.values() {
        for parent in &node.parents {
            let wrong = match nodes.get(parent) {
                None => format!("an event that its writer had read is gone or altered (MAC {parent})"),
                Some(parent) if parent.hlt >= node.hlt => {
                    format!(
                        "it sorts before {} of slot {}, which its writer had read",
                        parent.id, parent.slot
                    )
                }
                Some(parent) if node.at_ms < parent.at_ms.saturating_sub(TOLERANCE_MS) => format!(
                    "back-dated: it says {}, and its writer had read {} of {}",
                    time(node.at_ms),
                    parent.id,
                    time(parent.at_ms)
                ),
                Some(_) => continue,
            };
            out.wrong(node.slot, Some(node.id.clone()), wrong);
        }
    }
}

/// Is everything there that anchors saw, and nothing else in its place?
fn anchored(subject: &Subject<'_>, nodes: &BTreeMap<Mac, Node>, out: &mut Outcome) {
    let each: Vec<(u64, Known)> = subject
        .slots
        .iter()
        .map(|slot| (*slot.0, Known::of(subject.key, subject.stream, *slot.0, slot.1)))
        .collect();
    let mut late: BTreeSet<u64> = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for (index, said) in subject.said {
        let when = subject
            .anchors
            .and_then(|made| made.get(*index))
            .map_or_else(String::new, |made| time(made.at_ms));
        if subject.slots.is_empty() && said.known.events > 0 {
            let why = format!(
                "the whole stream is gone: the anchor of {when} counted {} events",
                said.known.events
            );
            out.wrong.push((None, None, why));
            return;
        }
        if said.upto > subject.counter {
            let why =
                format!("its counter says {}, at the anchor of {when} it was {}", subject.counter, said.upto);
            out.wrong.push((None, None, why));
        }
        late.extend(said.holes.iter().filter(|hole| subject.slots.contains_key(hole)));
        let before = out.wrong.len();
        for slot in (1..=said.upto).filter(|slot| said.saw(*slot) && !subject.slots.contains_key(slot)) {
            if gone.insert(slot) {
                out.wrong(slot, None, format!("removed: it was there at the anchor of {when}"));
            }
        }
        let mut known = Known::default();
        for (_, slot) in each.iter().filter(|(slot, _)| *slot <= said.upto && said.saw(*slot)) {
            known.count(slot);
        }
        if known.events != said.known.events && out.wrong.len() == before && gone.is_empty() {
            let why = format!(
                "the anchor of {when} counted {} events, there are {}",
                said.known.events, known.events
            );
            out.wrong.push((None, None, why));
        }
        if known.unlinked != said.known.unlinked {
            let why = "what there was before events had MACs was altered, added to or removed from";
            out.wrong.push((None, None, format!("{why} since the anchor of {when}")));
        }
        for head in said.known.heads.iter().filter(|head| !nodes.contains_key(head)) {
            let why = format!("an event that the anchor of {when} saw is gone or altered (MAC {head})");
            out.wrong.push((None, None, why));
        }
    }
    out.late = u64::try_from(late.len()).unwrap_or(u64::MAX);
}

impl Subject<'_> {
    /// Slots in which events may be that carry no links: those that were there when the desk's first anchors
    /// were made. Before there are any, nobody can tell.
    fn before_links(&self) -> BTreeSet<u64> {
        let Some(anchors) = self.anchors else { return BTreeSet::new() };
        let Some(first_whole) = anchors.iter().position(|made| made.whole) else {
            return self.slots.keys().copied().collect();
        };
        let first =
            self.said.first().filter(|(index, said)| *index <= first_whole && said.known.unlinked.is_some());
        let Some((_, said)) = first else { return BTreeSet::new() };
        self.slots.keys().copied().filter(|slot| *slot <= said.upto && said.saw(*slot)).collect()
    }

    /// The time of an anchor at which everything was covered and this slot was not there, nor taken.
    fn not_there_at(&self, slot: u64) -> Option<i64> {
        let covers = |said: &Covered| said.upto >= slot;
        let first = self.said.iter().find(|(_, said)| covers(said));
        let before = match first {
            // Its number was taken by then: its writer was slow.
            Some((_, said)) if !said.saw(slot) => return None,
            Some((index, _)) => self.anchors?.get(..*index)?,
            None => self.anchors?,
        };
        before.iter().rev().find(|made| made.whole).map(|made| made.at_ms)
    }
}

impl Covered {
    /// Whether the slot, of those up to `upto`, was there.
    fn saw(&self, slot: u64) -> bool {
        self.holes.binary_search(&slot).is_err()
    }
}

impl Outcome {
    fn wrong(&mut self, slot: u64, event: Option<String>, what: String) {
        self.wrong.push((Some(slot), event, what));
    }
}

/// A time for people.
pub(super) fn time(ms: i64) -> String {
    chrono::DateTime::from_timestamp_millis(ms)
        .map_or_else(|| ms.to_string(), |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}
