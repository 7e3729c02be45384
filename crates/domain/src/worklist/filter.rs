//! What a work list is narrowed to. A filter can be kept: it holds nothing of a customer.

use super::head::HeadRow;
use super::is_live;
use crate::category::Category;
use crate::pack::{Pack, Priority};
use crate::rows::TicketRow;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What tickets have to be like; what is not given asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// Status id, or a category's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Queue id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Team id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Person id; `me`: whoever looks; `none`: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Channel slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// A tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// A target that is not done is past its time, or none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breached: Option<bool>,
    /// A target is due within so many minutes, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_within_minutes: Option<u32>,
    /// Only what is out of sight; without it only what is in sight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<bool>,
    /// Custom fields and their values, as text: what is no text is written as JSON.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

/// Who looks, and when.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// Person id.
    pub person: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

impl Filter {
    /// Everything that names what the pack does not have: the field, and what is known.
    pub fn check(&self, pack: &Pack) -> Vec<(&'static str, String)> {
        fn known<'a>(words: impl Iterator<Item = &'a str>) -> String {
            words.collect::<Vec<_>>().join(", ")
        }
        let mut wrong = Vec::new();
        let unknown = |value: &Option<String>, is_known: &dyn Fn(&str) -> bool| {
            value.as_deref().is_some_and(|value| !is_known(value))
        };
        if unknown(&self.status, &|status| pack.status(status).is_some()) {
            let own = pack.statuses.keys().map(String::as_str);
            let all = known(own.chain(Category::ALL.map(Category::as_str)));
            wrong.push(("status", format!("status is one of {all}")));
        }
        if unknown(&self.queue, &|queue| pack.queues.contains_key(queue)) {
            wrong.push((
                "queue",
                format!("queue is one of {}", known(pack.queues.keys().map(String::as_str))),
            ));
        }
        if unknown(&self.team, &|team| pack.teams.contains_key(team)) {
            wrong.push(("team", format!("team is one of {}", known(pack.teams.keys().map(String::as_str)))));
        }
        if unknown(&self.assignee, &|one| matches!(one, "me" | "none") || pack.people.contains_key(one)) {
            wrong.push(("assignee", "assignee is me, none or the id of somebody of the desk".to_owned()));
        }
        if unknown(&self.channel, &|channel| pack.channels.contains_key(channel)) {
            let all = known(pack.channels.keys().map(String::as_str));
            wrong.push(("channel", format!("channel is one of {all}")));
        }
        if self.tag.as_ref().is_some_and(|tag| tag.is_empty() || tag.len() > 64) {
            wrong.push(("tag", "a tag has 1 to 64 characters".to_owned()));
        }
        if self.fields.keys().any(|name| pack.declares_fields() && !pack.fields.contains_key(name)) {
            // In the words in which one is refused that the caller does not see: others are not named here either.
            wrong.push(("fields", "the desk has no such field".to_owned()));
        }
        wrong
    }

    /// The fields that it asks for and that may not be kept in a view: what says something of a person, and what nobody
    /// has said does not.
    pub fn personal_fields<'a>(&'a self, pack: &'a Pack) -> impl Iterator<Item = &'a str> {
        let is_personal = |name: &str| pack.fields.get(name).is_none_or(|field| field.personal);
        self.fields.keys().map(String::as_str).filter(move |name| is_personal(name))
    }

    /// Does a ticket with these custom fields fit? They are in no row.
    pub fn admits_fields(&self, fields: &Map<String, Value>) -> bool {
        self.fields.iter().all(|(name, wanted)| match fields.get(name) {
            Some(Value::String(text)) => text == wanted,
            Some(other) => serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| wanted == *other),
            None => false,
        })
    }

    /// Does a ticket fit?
    pub fn admits(&self, row: &TicketRow, viewer: Viewer<'_>) -> bool {
        let equal =
            |wanted: &Option<String>, actual: Option<&str>| wanted.is_none() || wanted.as_deref() == actual;
        let now_ms = viewer.now.timestamp_millis();
        let due_by = |limit_ms: i64| row.due_ms.is_some_and(|due| due <= limit_ms);
        let within = |minutes: u32| {
            viewer.now.checked_add_signed(TimeDelta::minutes(minutes.into())).map(|at| at.timestamp_millis())
        };
        let status = self
            .status
            .as_deref()
            .is_none_or(|status| status == row.status || Category::parse(status) == Some(row.category));
        let is_snoozed = row.snoozed_until_ms.is_some_and(|until| until > now_ms);
        status
            && equal(&self.queue, Some(&row.queue))
            && equal(&self.team, row.team.as_deref())
            && self.agent(viewer).is_none_or(|wanted| wanted == row.agent.as_deref())
            && self.priority.is_none_or(|wanted| wanted == row.priority)
            && equal(&self.channel, Some(&row.channel))
            && self.tag.as_ref().is_none_or(|tag| row.tags.contains(tag))
            && self.breached.is_none_or(|wanted| wanted == (is_live(row) && due_by(now_ms)))
            && self.due_within_minutes.is_none_or(|minutes| due_by(within(minutes).unwrap_or(i64::MAX)))
            && self.snoozed.unwrap_or_default() == is_snoozed
    }

    /// Whether all that fits is still to be worked on: then what is done need not be looked through.
    pub fn is_live_only(&self, pack: &Pack) -> bool {
        let category =
            self.status.as_deref().and_then(|status| pack.status(status)).map(|(_, category)| category);
        category.is_some_and(|category| !category.is_done()) || self.breached == Some(true)
    }

    /// Whether a live ticket that fits may be among those that a head sums up.
    pub fn may_be_in(&self, head: &HeadRow, viewer: Viewer<'_>) -> bool {
        let counted = |wanted: &Option<String>, counts: &BTreeMap<String, u32>| {
            wanted.as_ref().is_none_or(|name| counts.contains_key(name))
        };
        let agent = match self.agent(viewer) {
            None => true,
            Some(None) => head.unassigned > 0,
            Some(Some(agent)) => head.load.contains_key(agent),
        };
        head.live > 0 && agent && counted(&self.queue, &head.queues)
    }

    /// Whose: anybody's, nobody's, somebody's.
    fn agent<'a>(&'a self, viewer: Viewer<'a>) -> Option<Option<&'a str>> {
        self.assignee.as_deref().map(|assignee| match assignee {
            "none" => None,
            "me" => Some(viewer.person),
            other => Some(other),
        })
    }
}
