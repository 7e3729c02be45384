//! A store held against its links and anchors: what was altered, removed, added or back-dated, up to the last anchor.
//!
//! Nothing that the store says of itself is relied on: streams are found by their keys, wherever they are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::MacKey;
use super::anchor::{self, Anchor, Covered, Exported};
use super::check::{Made, Outcome, Subject, check, time};
use super::links;
use crate::Journal;
use crate::blobs::BlobId;
use crate::error::JournalError;
use crate::keys::{Numbered, PREFIX};
use crate::names::{Desk, Kind, StreamId};
use crate::store::Store;
use crate::value;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stream or other record.
    pub of: String,
    /// Its slot, if it is of one.
    pub slot: Option<u64>,
    /// The event's id, if it is of one.
    pub event: Option<String>,
    /// What is wrong.
    pub what: String,
}

/// What was found on one desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Streams that were looked at.
    pub streams: u64,
    /// Their events.
    pub events: u64,
    /// Events from before there were links, and the time of the newest, in milliseconds.
    pub unlinked: u64,
    /// The time of the newest of them, in milliseconds.
    pub unlinked_until_ms: Option<i64>,
    /// Slots that were written after an anchor had seen their number taken: their writers were slow.
    pub late: u64,
    /// Anchors, exported ones too.
    pub anchors: usize,
    /// The time of the newest anchor that covers everything, in milliseconds: what is promised ends there.
    pub anchored_until_ms: Option<i64>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// The desks that keys of a store, or exported anchors, are of.
pub fn desks(keys: &[String], exported: &[Exported]) -> BTreeSet<Desk> {
    let of_key = |key: &String| Some(slot_of_key(key)?.0.desk().clone());
    let exported = exported.iter().map(|exported| exported.stream.desk().clone());
    keys.iter().filter_map(of_key).chain(exported).collect()
}

/// Verifies a desk. `keys` are all keys of the store, listed after this desk's anchors were read or while nobody
/// writes; `derived` says which kinds of stream are computed from others.
///
/// # Errors
/// [`JournalError::NoKey`] if the journal has no key; else when the store fails.
pub async fn verify_desk<S: Store>(
    journal: &Journal<S>,
    desk: &Desk,
    keys: &[String],
    exported: &[Exported],
    derived: impl Fn(&Kind) -> bool,
) -> Result<AuditReport, JournalError> {
    let key = journal.link_key.as_ref().map(|key| &*key.0).ok_or(JournalError::NoKey)?;
    let mut report = AuditReport::default();
    let chain = anchor::chain(desk)?;
    let anchors = anchors(journal, key, &chain, exported, &mut report).await?;
    let made: Vec<Made> =
        anchors.iter().map(|(at_ms, anchor)| Made { at_ms: *at_ms, whole: anchor.whole }).collect();
    report.anchors = made.len();
    report.anchored_until_ms = made.iter().rev().find(|made| made.whole).map(|made| made.at_ms);
    let mut said: BTreeMap<&StreamId, Vec<(usize, &Covered)>> = BTreeMap::new();
    for (index, (_, anchor)) in anchors.iter().enumerate() {
        for covered in &anchor.covers {
            said.entry(&covered.stream).or_default().push((index, covered));
        }
    }

    let mut slots: BTreeMap<StreamId, BTreeSet<u64>> = BTreeMap::new();
    for (stream, slot) in keys.iter().filter_map(|key| slot_of_key(key)) {
        if stream.desk() == desk && !derived(stream.kind()) {
            slots.entry(stream).or_default().insert(slot);
        }
    }
    for stream in said.keys() {
        slots.entry((*stream).clone()).or_default();
    }
    let listed = listed(journal, desk, keys).await?;
    for (stream, numbers) in &slots {
        let said = said.get(stream).map(Vec::as_slice).unwrap_or_default();
        let made = Some(made.as_slice()).filter(|_| *stream != chain);
        let mut outcome = one(journal, key, stream, numbers, made, said).await?;
        if !outcome.wrong.is_empty() {
            // Somebody may have been writing: what is wrong is so at a second look too.
            outcome = one(journal, key, stream, numbers, made, said).await?;
        }
        report.add(stream, outcome);
        if *stream != chain && !numbers.is_empty() && !listed.contains(stream) {
            report.wrong(stream, "no directory lists it: its entry was removed".to_owned());
        }
    }
    blobs(journal, desk, keys, &mut report).await?;
    Ok(report)
}

/// Reads and checks a stream.
async fn one<S: Store>(
    journal: &Journal<S>,
    key: &dyn MacKey,
    stream: &StreamId,
    numbers: &BTreeSet<u64>,
    anchors: Option<&[Made]>,
    said: &[(usize, &Covered)],
) -> Result<Outcome, JournalError> {
    let at = Numbered::stream(stream);
    let counter = journal.read_counter(&at).await?;
    // What the counter says, what keys say, and what anchors saw.
    let highest = numbers.last().copied().unwrap_or(0);
    let within = (1..=counter.min(highest.saturating_add(1_000))).collect::<BTreeSet<u64>>();
    let wanted: Vec<u64> = within.union(numbers).copied().collect();
    let found = journal.read_slots(&at, &wanted).await?;
    let slots: BTreeMap<u64, Vec<u8>> =
        wanted.into_iter().zip(found).filter_map(|(slot, value)| Some((slot, value?))).collect();
    Ok(check(&Subject { key, stream, counter, slots: &slots, anchors, said }))
}

/// All anchors in the order of the chain that are what was written: those of the store and the exported ones.
async fn anchors<S: Store>(
    journal: &Journal<S>,
    key: &dyn MacKey,
    chain: &StreamId,
    exported: &[Exported],
    report: &mut AuditReport,
) -> Result<Vec<(i64, Anchor)>, JournalError> {
    let at = Numbered::stream(chain);
    let numbers: Vec<u64> = (1..=journal.read_counter(&at).await?).collect();
    let found = journal.read_slots(&at, &numbers).await?;
    let stored: BTreeMap<u64, Vec<u8>> =
        numbers.into_iter().zip(found).filter_map(|(slot, value)| Some((slot, value?))).collect();
    let mut all = stored.clone();
    for exported in exported.iter().filter(|exported| exported.stream == *chain) {
        let value = exported.value();
        let of = format!("{chain} (exported)");
        let mut wrong = |what: &str| {
            let slot = Some(exported.slot);
            report.findings.push(Finding { of: of.clone(), slot, event: None, what: what.to_owned() });
        };
        if !is_genuine(key, chain, exported.slot, &value) {
            wrong("this anchor is not what was written: altered in the file, or of another master key");
            continue;
        }
        match stored.get(&exported.slot) {
            None => wrong("this anchor is gone from the store"),
            Some(there) if *there != value => wrong("this anchor is another one in the store"),
            Some(_) => {}
        }
        all.insert(exported.slot, value);
    }
    // What is wrong with those of the store is found when their stream is checked.
    all.retain(|slot, value| is_genuine(key, chain, *slot, value));
    Ok(all.values().flat_map(|value| anchor::read(value)).collect())
}

/// Whether all events of a slot are what was written there.
fn is_genuine(key: &dyn MacKey, stream: &StreamId, slot: u64, value: &[u8]) -> bool {
    let Ok(texts) = links::texts(value) else { return false };
    let of = texts.len();
    texts.iter().enumerate().all(|(index, text)| {
        let event = links::split(text.get());
        let at = links::Place { stream, slot, index, of };
        event.links.is_some_and(|(mac, parents)| at.mac(key, event.body, Some(&parents)) == mac)
    })
}

/// The streams that the directories of a desk list.
async fn listed<S: Store>(
    journal: &Journal<S>,
    desk: &Desk,
    keys: &[String],
) -> Result<BTreeSet<StreamId>, JournalError> {
    let prefix = format!("{PREFIX}d:{desk}:");
    let mut listed = BTreeSet::new();
    for key in keys.iter().filter(|key| key.starts_with(&prefix)) {
        let entry = journal.store().get(key).await?;
        listed.extend(entry.and_then(|bytes| value::decode::<StreamId>(&bytes).ok()));
    }
    Ok(listed)
}

/// Blobs are named by what they are: events that name them vouch for them.
async fn blobs<S: Store>(
    journal: &Journal<S>,
    desk: &Desk,
    keys: &[String],
    report: &mut AuditReport,
) -> Result<(), JournalError> {
    let prefix = format!("{PREFIX}b:{desk}:");
    for key in keys {
        let Some(id) = key.strip_prefix(&prefix).and_then(|name| BlobId::new(name).ok()) else { continue };
        match journal.get_blob(desk, &id).await {
            Err(JournalError::Corrupt { key, why }) => report.wrong(&key, why),
            other => drop(other?),
        }
    }
    Ok(())
}

/// The stream and slot that a key is of.
fn slot_of_key(key: &str) -> Option<(StreamId, u64)> {
    let (stream, slot) = key.strip_prefix(PREFIX)?.strip_prefix("s:")?.rsplit_once(':')?;
    Some((stream.parse().ok()?, slot.parse().ok()?))
}

impl AuditReport {
    fn add(&mut self, stream: &StreamId, outcome: Outcome) {
        self.streams = self.streams.saturating_add(1);
        self.events = self.events.saturating_add(outcome.events);
        self.unlinked = self.unlinked.saturating_add(outcome.unlinked);
        self.unlinked_until_ms = self.unlinked_until_ms.max(outcome.unlinked_until_ms);
        self.late = self.late.saturating_add(outcome.late);
        let of = stream.to_string();
        let finding = |(slot, event, what)| Finding { of: of.clone(), slot, event, what };
        self.findings.extend(outcome.wrong.into_iter().map(finding));
    }

    fn wrong(&mut self, of: &impl fmt::Display, what: String) {
        self.findings.push(Finding { of: of.to_string(), slot: None, event: None, what });
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of)?;
        if let Some(slot) = self.slot {
            write!(f, " slot {slot}")?;
        }
        if let Some(event) = &self.event {
            write!(f, " event {event}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} streams, {} events, {} anchors", self.streams, self.events, self.anchors)?;
        match self.anchored_until_ms {
            Some(ms) => write!(f, ", anchored until {}", time(ms))?,
            None => write!(f, ", no anchor covers everything yet")?,
        }
        if self.unlinked > 0 {
            let until = self.unlinked_until_ms.map_or_else(String::new, time);
            write!(f, ", {} events unlinked, the last of {until}", self.unlinked)?;
        }
        if self.late > 0 {
            write!(f, ", {} slots written late", self.late)?;
        }
        write!(f, ", {} findings", self.findings.len())
    }
}
