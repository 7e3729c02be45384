//! Who is on shift, and who is told in place of those who are not.

use super::escalation::Recipient;
use crate::pack::{Person, Role};
use chrono::{DateTime, Utc};
use relevo_calendar::Calendar;
use std::collections::{BTreeMap, BTreeSet};

/// Shifts on end after which a person counts as always at work.
const MAX_SHIFTS_ON_END: usize = 50;

/// The people of a desk with their shifts.
#[derive(Clone, Copy)]
pub struct Duty<'a> {
    /// People by id.
    pub people: &'a BTreeMap<String, Person>,
    /// A calendar by name.
    pub calendars: &'a dyn Fn(&str) -> Option<&'a Calendar>,
}

/// Who works on a ticket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owner<'a> {
    /// Person id of the assignee.
    pub agent: Option<&'a str>,
    /// Team id.
    pub team: Option<&'a str>,
}

impl<'a> Duty<'a> {
    /// Is a person at work? Always, if no shifts are named for them.
    pub fn is_on_shift(&self, person: &str, at: DateTime<Utc>) -> bool {
        let Some(person) = self.people.get(person) else { return false };
        person.shifts.is_empty() || self.shifts(person).any(|shift| shift.is_open(at))
    }

    /// Until when a person is at work who is now, or from when on one is who is not. None without shifts, or if
    /// there is no such time.
    pub fn changes_at(&self, person: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let shifts: Vec<&Calendar> = self.shifts(self.people.get(person)?).collect();
        if !shifts.iter().any(|shift| shift.is_open(at)) {
            return shifts.iter().filter_map(|shift| shift.next_open(at).ok()).min();
        }
        // Shifts that overlap or touch follow each other, without end perhaps.
        let mut until = at;
        for _ in 0..MAX_SHIFTS_ON_END {
            let closes = shifts.iter().filter_map(|shift| shift.shift_at(until)).map(|shift| shift.closes);
            match closes.max().filter(|later| *later > until) {
                Some(later) => until = later,
                None => return Some(until),
            }
        }
        None
    }

    /// The person if they are on shift, else the first of their substitutes who is, or whose substitute is.
    pub fn stand_in<'b>(&'b self, person: &'b str, at: DateTime<Utc>) -> Option<&'b str> {
        self.first_on_shift(person, at, &mut BTreeSet::new())
    }

    /// Who is told, each once. Of several those on shift; if none is, who stands in for them; if nobody does, they
    /// themselves: a notice that nobody gets is worse than one out of hours.
    pub fn told(&self, to: &[Recipient], owner: Owner<'_>, at: DateTime<Utc>) -> Vec<String> {
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for recipient in to {
            let meant = self.meant(recipient, owner);
            let on_shift: Vec<&str> = meant.iter().copied().filter(|one| self.is_on_shift(one, at)).collect();
            let stand_ins = || meant.iter().filter_map(|one| self.stand_in(one, at)).collect::<Vec<_>>();
            let found = if on_shift.is_empty() { stand_ins() } else { on_shift };
            told.extend(if found.is_empty() { meant } else { found });
        }
        told.into_iter().map(str::to_owned).collect()
    }

    fn meant<'b>(&'b self, recipient: &Recipient, owner: Owner<'b>) -> Vec<&'b str> {
        let with = |fits: &dyn Fn(&Person) -> bool| -> Vec<&'b str> {
            self.people.iter().filter(|(_, person)| fits(person)).map(|(id, _)| id.as_str()).collect()
        };
        let of_team = |role: Role| {
            let team = owner.team.unwrap_or_default();
            let own = with(&|person| person.role == role && person.teams.iter().any(|t| t == team));
            if own.is_empty() { with(&|person| person.role == role) } else { own }
        };
        match recipient {
            Recipient::Assignee => match owner.agent.filter(|agent| self.people.contains_key(*agent)) {
                Some(agent) => vec![agent],
                None => of_team(Role::Agent),
            },
            Recipient::Lead => of_team(Role::Lead),
            Recipient::Manager => of_team(Role::Manager),
            Recipient::Team(team) => with(&|person| person.teams.contains(team)),
            Recipient::Person(id) => {
                self.people.get_key_value(id).map(|(id, _)| id.as_str()).into_iter().collect()
            }
        }
    }

    fn first_on_shift<'b>(
        &'b self,
        person: &'b str,
        at: DateTime<Utc>,
        asked: &mut BTreeSet<&'b str>,
    ) -> Option<&'b str> {
        if !asked.insert(person) {
            return None;
        }
        if self.is_on_shift(person, at) {
            return Some(person);
        }
        self.people.get(person)?.substitutes.iter().find_map(|next| self.first_on_shift(next, at, asked))
    }

    fn shifts(&self, person: &Person) -> impl Iterator<Item = &'a Calendar> {
        person.shifts.iter().filter_map(|name| (self.calendars)(name))
    }
}
