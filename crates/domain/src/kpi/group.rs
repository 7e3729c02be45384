//! A cohort divided by what its tickets and surveys have in common.

use super::Cohort;
use crate::quality::Listed;
use crate::rows::{SurveyRow, TicketRow};
use chrono::{DateTime, NaiveDate};
use relevo_calendar::Zone;
use std::collections::BTreeMap;

/// What a cohort is divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// Who solved the ticket last; until then who has it.
    Agent,
    /// The channel that the customer wrote on.
    Channel,
    /// The day, in the desk's time, on which the ticket was opened or the survey was issued.
    Day,
    /// The critical period in which the ticket was opened or the survey was issued.
    Period,
    /// The ticket's priority.
    Priority,
    /// The ticket's queue.
    Queue,
    /// The ticket's team.
    Team,
    /// What the survey's ticket was about, by the pack's field for it; of tickets themselves it is not known.
    Topic,
}

impl GroupBy {
    /// All of them, by name.
    pub const ALL: [Self; 8] = [
        Self::Agent,
        Self::Channel,
        Self::Day,
        Self::Period,
        Self::Priority,
        Self::Queue,
        Self::Team,
        Self::Topic,
    ];

    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Channel => "channel",
            Self::Day => "day",
            Self::Period => "period",
            Self::Priority => "priority",
            Self::Queue => "queue",
            Self::Team => "team",
            Self::Topic => "topic",
        }
    }

    /// The reverse of [`GroupBy::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == name)
    }

    /// Does a survey's row not tell, so that its ticket's is needed?
    pub fn needs_ticket_of_survey(self) -> bool {
        matches!(self, Self::Priority | Self::Team)
    }
}

/// What is needed to divide a cohort.
#[derive(Clone, Copy)]
pub struct Grouping<'a> {
    /// By what.
    pub by: GroupBy,
    /// Which critical period it is on a day by UTC.
    pub periods: &'a dyn Fn(NaiveDate) -> Option<String>,
    /// The desk's time.
    pub zone: &'a Zone,
    /// The tickets of surveys by id, where [`GroupBy::needs_ticket_of_survey`].
    pub tickets: &'a BTreeMap<String, TicketRow>,
}

impl Grouping<'_> {
    /// The groups by key; what has none (nobody assigned, no team) comes first. No group is empty.
    pub fn groups<'a>(&self, cohort: &Cohort<'a>) -> BTreeMap<Option<String>, Cohort<'a>> {
        let mut groups: BTreeMap<Option<String>, Cohort<'a>> = BTreeMap::new();
        for ticket in &cohort.tickets {
            groups.entry(self.key_of_ticket(ticket)).or_default().tickets.push(ticket);
        }
        for survey in &cohort.surveys {
            groups.entry(self.key_of_survey(survey)).or_default().surveys.push(survey);
        }
        for answer in &cohort.answers {
            groups.entry(self.key_of_answer(answer)).or_default().answers.push(answer);
        }
        groups
    }

    fn key_of_answer(&self, one: &Listed) -> Option<String> {
        match self.by {
            GroupBy::Agent => Some(one.answer.person.clone()),
            GroupBy::Channel => Some(one.answer.channel.clone()),
            GroupBy::Day => self.day(one.at.timestamp_millis()),
            GroupBy::Period => self.period(one.at.timestamp_millis()),
            GroupBy::Queue => Some(one.answer.queue.clone()),
            GroupBy::Team => one.answer.team.clone(),
            GroupBy::Priority | GroupBy::Topic => None,
        }
    }

    fn key_of_ticket(&self, row: &TicketRow) -> Option<String> {
        match self.by {
            GroupBy::Agent => row.solved_by.clone().or_else(|| row.agent.clone()),
            GroupBy::Channel => Some(row.channel.clone()),
            GroupBy::Day => self.day(row.opened_ms),
            GroupBy::Period => self.period(row.opened_ms),
            GroupBy::Priority => Some(row.priority.as_str().to_owned()),
            GroupBy::Queue => Some(row.queue.clone()),
            GroupBy::Team => row.team.clone(),
            GroupBy::Topic => None,
        }
    }

    fn key_of_survey(&self, row: &SurveyRow) -> Option<String> {
        match self.by {
            GroupBy::Agent => row.agent.clone(),
            GroupBy::Channel => Some(row.channel.clone()),
            GroupBy::Day => self.day(row.issued_ms),
            GroupBy::Period => self.period(row.issued_ms),
            GroupBy::Queue => Some(row.queue.clone()),
            GroupBy::Topic => row.topic.clone(),
            GroupBy::Priority | GroupBy::Team => self.key_of_ticket(self.tickets.get(&row.ticket)?),
        }
    }

    fn period(&self, at_ms: i64) -> Option<String> {
        (self.periods)(DateTime::from_timestamp_millis(at_ms)?.date_naive())
    }

    fn day(&self, at_ms: i64) -> Option<String> {
        let at = DateTime::from_timestamp_millis(at_ms)?;
        Some(self.zone.local(at).date().to_string())
    }
}
