//! Who is away, who takes over, who is there: what people say of themselves and leads of them. Shifts are the pack's.

use chrono::{DateTime, TimeDelta, Utc};
use relevo_journal::{Event, Fold};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Days that an absence is remembered after its end.
const KEPT_DAYS: i64 = 90;

/// A time in which somebody does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// Person id.
    pub person: String,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when; none: until it is ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Who takes over rights and work; none: whom the pack names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substitute: Option<String>,
}

impl Absence {
    /// Is it going on?
    pub fn is_on(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// What somebody says of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Takes work.
    Available,
    /// Takes none now.
    Away,
}

/// A change of who is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PeopleEvent {
    /// Somebody is or will be absent.
    #[serde(rename = "absence.set")]
    AbsenceSet {
        /// Absence id.
        id: String,
        /// Who, when, and who takes over.
        absence: Absence,
    },
    /// They are back, or will not be absent.
    #[serde(rename = "absence.ended")]
    AbsenceEnded {
        /// Absence id.
        id: String,
    },
    /// Somebody takes work, or none.
    #[serde(rename = "presence.set")]
    PresenceSet {
        /// Person id.
        person: String,
        /// What they say.
        presence: Presence,
    },
}

/// Who is there, by what was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// Absences by id.
    pub absences: BTreeMap<String, Absence>,
    /// What people last said, and when.
    pub presence: BTreeMap<String, (Presence, DateTime<Utc>)>,
}

impl People {
    /// The absence that somebody is in; of several the one that began last.
    pub fn absence(&self, person: &str, at: DateTime<Utc>) -> Option<&Absence> {
        let on = self.absences.values().filter(|absence| absence.person == person && absence.is_on(at));
        on.max_by_key(|absence| absence.from)
    }

    /// Who does somebody's work: they themselves, else whoever takes over for them, and so on. `named` gives the
    /// pack's substitutes. None: nobody does.
    pub fn stand_in<'a>(
        &'a self,
        person: &'a str,
        at: DateTime<Utc>,
        named: &dyn Fn(&str) -> &'a [String],
    ) -> Option<&'a str> {
        self.first_present(person, at, named, &mut BTreeSet::new())
    }

    fn first_present<'a>(
        &'a self,
        person: &'a str,
        at: DateTime<Utc>,
        named: &dyn Fn(&str) -> &'a [String],
        asked: &mut BTreeSet<&'a str>,
    ) -> Option<&'a str> {
        if !asked.insert(person) {
            return None;
        }
        let Some(absence) = self.absence(person, at) else { return Some(person) };
        match &absence.substitute {
            Some(other) => self.first_present(other, at, named, asked),
            None => named(person).iter().find_map(|other| self.first_present(other, at, named, asked)),
        }
    }

    /// Those for whom somebody stands in by name: their rights are lent for as long.
    pub fn stands_in_for<'a>(&'a self, person: &'a str, at: DateTime<Utc>) -> impl Iterator<Item = &'a str> {
        let on = self.absences.values().filter(move |absence| absence.is_on(at));
        on.filter(move |absence| absence.substitute.as_deref() == Some(person))
            .map(|absence| absence.person.as_str())
    }

    /// Whether somebody takes work: not absent, not away, and, where the desk says so, heard of lately. A person who
    /// says to be available counts as heard of then.
    pub fn is_available(
        &self,
        person: &str,
        at: DateTime<Utc>,
        last_call: Option<DateTime<Utc>>,
        away_after: Option<TimeDelta>,
    ) -> bool {
        let said = self.presence.get(person);
        let heard = last_call.max(said.map(|(_, when)| *when));
        self.absence(person, at).is_none()
            && said.is_none_or(|(presence, _)| *presence == Presence::Available)
            && away_after.is_none_or(|after| heard.is_some_and(|when| at - when < after))
    }
}

impl Fold for People {
    type Data = PeopleEvent;
    const KIND: &'static str = "people";
    const VERSION: u16 = 1;

    fn apply(&mut self, event: &Event<PeopleEvent>) {
        match &event.data {
            PeopleEvent::AbsenceSet { id, absence } => {
                let kept = event.at.checked_sub_signed(TimeDelta::days(KEPT_DAYS)).unwrap_or(event.at);
                self.absences.retain(|_, old| old.until.is_none_or(|until| until > kept));
                self.absences.insert(id.clone(), absence.clone());
            }
            PeopleEvent::AbsenceEnded { id } => {
                if let Some(absence) = self.absences.get_mut(id) {
                    absence.until = Some(absence.until.map_or(event.at, |until| until.min(event.at)));
                }
            }
            PeopleEvent::PresenceSet { person, presence } => {
                self.presence.insert(person.clone(), (*presence, event.at));
            }
        }
    }
}
