//! A desk as data: queues, people, calendars, policies, templates, channels, survey.
//!
//! The format is described with an annotated example in the README of the journal crate. A pack is one JSON
//! document; parts that belong to another crate (calendars, templates) are kept as JSON here and are checked
//! by that crate when the pack is published.

mod assignment;
mod audits;
mod enrichment;
mod fallback;
mod field;
mod lifecycle;
mod limits;
mod macros;
mod notice;
mod partition;
mod period;
mod replies;
mod retention;
mod routing;
mod survey;
mod transitions;
mod validate;
mod vocabulary;

use crate::automation::Automation;
use crate::category::Category;
use crate::sla::Policy;
use crate::tone::Tone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub use assignment::{Assignment, Method, PresenceRule};
pub use audits::{Audits, Question};
pub use enrichment::{Enrichment, TextRule};
pub use fallback::Fallback;
pub use field::{CustomField, FieldChoice, FieldType};
pub use lifecycle::{Lifecycle, Silence};
pub use limits::Limits;
pub use macros::Macro;
pub use notice::{Notice, Told, told};
pub use partition::Partition;
pub use period::{Period, Raise};
pub use replies::{MAX_UNDO_SECONDS, Replies, StopScope};
pub use retention::Retention;
pub use routing::{ROUTING_FACTS, Route};
pub use survey::{AskingRule, Brand, FollowUp, InChat, Recovery, Reminder, Survey, SurveyPage};
pub use transitions::{Transition, Wanted};
pub use validate::escape;
pub use validate::{PackProblem, parse, pointer};
pub use vocabulary::is_language_tag;
pub(crate) use vocabulary::unknown;

/// The format that this version reads and writes.
pub const FORMAT: &str = "relevo-pack/1";

/// A whole pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Always [`FORMAT`].
    pub format: String,
    /// What people call the desk.
    pub name: String,
    /// Language of the desk and the fallback chains for others.
    pub locale: Locale,
    /// Business calendars by name; format of the calendar crate.
    #[serde(default)]
    pub calendars: BTreeMap<String, Value>,
    /// Teams by id.
    #[serde(default)]
    pub teams: BTreeMap<String, Team>,
    /// People by id; a token is issued for one of them.
    #[serde(default)]
    pub people: BTreeMap<String, Person>,
    /// When people count as there.
    #[serde(default)]
    pub presence: PresenceRule,
    /// Queues by id.
    pub queues: BTreeMap<String, Queue>,
    /// Custom fields of tickets by id; none: names and values are free.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, CustomField>,
    /// What fields of new tickets are filled from.
    #[serde(default)]
    pub enrichment: Enrichment,
    /// Statuses by id, each in a fixed category. Every category also is a status of its own name unless the
    /// pack names one.
    #[serde(default)]
    pub statuses: BTreeMap<String, Status>,
    /// The changes of status that people may make: the first that fits counts; none listed: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    /// What happens to tickets by itself.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// Critical periods by id: term start, closings, migrations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub periods: BTreeMap<String, Period>,
    /// How replies go out.
    #[serde(default, skip_serializing_if = "Replies::is_default")]
    pub replies: Replies,
    /// How answers are audited; none: they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audits: Option<Audits>,
    /// Where new tickets go: the first rule that matches.
    #[serde(default)]
    pub routing: Vec<Route>,
    /// What follows when something happens or for a time does not, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub automations: Vec<Automation>,
    /// What people may do to a ticket with one call, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub macros: BTreeMap<String, Macro>,
    /// Service-level policies: the first that matches.
    #[serde(default)]
    pub sla: Vec<Policy>,
    /// Days after being solved for which a message opens a ticket again; after that another one follows it up.
    /// None: a solved ticket is always opened again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopen_within_days: Option<u32>,
    /// Other ways for what cannot be delivered: the first rule that matches.
    #[serde(default)]
    pub fallback: Vec<Fallback>,
    /// What is told in rooms of a team chat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// Channel accounts: channel slug → account name → settings. Secrets are set apart and never part of a pack.
    #[serde(default)]
    pub channels: BTreeMap<String, BTreeMap<String, ChannelAccount>>,
    /// Templates by name; format of the rendering crate.
    #[serde(default)]
    pub templates: BTreeMap<String, Value>,
    /// Pieces that templates include, by name.
    #[serde(default)]
    pub partials: BTreeMap<String, Value>,
    /// Client companies that are kept apart, by id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub partitions: BTreeMap<String, Partition>,
    /// Decision trees by id; format of [`crate::playbook`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub playbooks: BTreeMap<String, Value>,
    /// Full card numbers are masked in what customers write, and refused in what the desk writes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mask_card_numbers: bool,
    /// How many requests the desk takes.
    #[serde(default)]
    pub limits: Limits,
    /// The satisfaction survey, if the desk asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey: Option<Survey>,
    /// How long personal values are kept; for ever if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// How the desk wants to sound: warnings in previews and on replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
}

/// Languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locale {
    /// BCP 47 tag used where nothing else is known.
    pub default: String,
    /// For a tag, the tags to try after it (`"es-MX": ["es", "en"]`).
    #[serde(default)]
    pub fallback: BTreeMap<String, Vec<String>>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// What people call it.
    pub name: String,
}

/// Somebody who works at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Name as shown to colleagues and, where a template says so, to customers.
    pub name: String,
    /// What the person may do at most; a token may carry less.
    pub role: Role,
    /// Team ids.
    #[serde(default)]
    pub teams: Vec<String>,
    /// BCP 47 tags.
    #[serde(default)]
    pub languages: Vec<String>,
    /// What the person can do, in words of the pack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<String>,
    /// Most live tickets at a time for being given more: by channel slug, and in all (`total`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capacity: BTreeMap<String, u32>,
    /// Names of the calendars that are this person's shifts: at work while one of them is open; none: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shifts: Vec<String>,
    /// Who is told in this person's place out of shift: person ids, the first choice first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub substitutes: Vec<String>,
    /// Learns the work: a lead looks at their replies before they go out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trainee: bool,
    /// Where the person tries messages out: an address for each kind (`email`, `phone`) or channel slug.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub addresses: BTreeMap<String, String>,
}

/// What a person may do; each role may do all that the ones before it may (a service: what an agent may).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A program; its replies are not a human's and stop no response clock.
    Service,
    /// Works on tickets.
    Agent,
    /// Also sees the team's figures and excuses breaches.
    Lead,
    /// Also the desk's reports.
    Manager,
    /// Also packs, secrets and tokens.
    Admin,
}

impl Role {
    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Agent => "agent",
            Self::Lead => "lead",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// What people call it.
    pub name: String,
    /// The team that works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// How its tickets are given to people of the team; none: they take them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Assignment>,
}

/// A status that the pack defines inside a fixed category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// What people call it.
    pub name: String,
    /// What it means to clocks and figures.
    pub category: Category,
}

/// Priorities, lowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Can wait.
    Low,
    /// As it comes.
    #[default]
    Normal,
    /// Before others.
    High,
    /// Now.
    Urgent,
}

impl Priority {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// As in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

/// A channel account of the desk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelAccount {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Language of those who write here unless they are known to speak another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Custom fields of tickets that are opened here, unless something else is known.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub fields: serde_json::Map<String, Value>,
    /// What the channel needs to know and may be seen (`phone_number_id`, `sender` …); documented by each channel.
    #[serde(default)]
    pub settings: serde_json::Map<String, Value>,
}

impl Pack {
    /// The category of a status id or of a category's own name, with the status id to record.
    pub fn status(&self, name: &str) -> Option<(String, Category)> {
        if let Some(status) = self.statuses.get(name) {
            return Some((name.to_owned(), status.category));
        }
        let category = Category::parse(name)?;
        let own = self.statuses.iter().find(|(_, s)| s.category == category).map(|(id, _)| id.clone());
        Some((own.unwrap_or_else(|| name.to_owned()), category))
    }

    /// The desk's time: the zone that most of its calendars are in, of several the one of the first calendar by name.
    pub fn time_zone(&self) -> Option<&str> {
        let zones: Vec<&str> =
            self.calendars.values().filter_map(|calendar| calendar.get("time_zone")?.as_str()).collect();
        // Of equals, `max_by_key` takes the last.
        zones.iter().rev().copied().max_by_key(|zone| zones.iter().filter(|other| *other == zone).count())
    }

    /// The settings of a channel account.
    pub fn account(&self, channel: &str, account: &str) -> Option<&ChannelAccount> {
        self.channels.get(channel)?.get(account)
    }

    /// The language to use with somebody who writes on an account.
    pub fn locale_of(&self, channel: &str, account: &str) -> &str {
        self.account(channel, account).and_then(|a| a.locale.as_deref()).unwrap_or(&self.locale.default)
    }

    /// The tags to try for a language: itself, its chain, its base language, the desk's default.
    pub fn locale_chain(&self, locale: &str) -> Vec<String> {
        let mut chain = vec![locale.to_owned()];
        chain.extend(self.locale.fallback.get(locale).into_iter().flatten().cloned());
        if let Some((base, _)) = locale.split_once('-') {
            chain.push(base.to_owned());
        }
        chain.push(self.locale.default.clone());
        let mut seen = std::collections::BTreeSet::new();
        chain.retain(|tag| seen.insert(tag.clone()));
        chain
    }
}
