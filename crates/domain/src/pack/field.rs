//! Custom fields that a desk declares: what they hold, who sees them, who changes them.

use super::validate::escape;
use super::{Pack, Role};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longest pattern, in characters.
pub(super) const MAX_PATTERN_CHARS: usize = 500;

/// A custom field. A pack that declares none leaves names and values free.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomField {
    /// What people call it, by BCP 47 tag.
    pub name: BTreeMap<String, String>,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// What there is to choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<FieldChoice>,
    /// Least number, or least amount in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest number, or greatest amount in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// What a text has to be like as a whole: a regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Whoever opens a ticket has to say it, unless it is known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// What a new ticket has unless something else is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Who sees it, at least; none: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<Role>,
    /// Who changes it, at least; none: whoever sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<Role>,
    /// Customers may fill it in where they fill in a form.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_customers: bool,
    /// It says something of a person: then no figure is grouped by it.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub personal: bool,
}

/// Something to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldChoice {
    /// The value.
    pub id: String,
    /// What people call it, by BCP 47 tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub name: BTreeMap<String, String>,
}

/// What a custom field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// A line.
    Text,
    /// Several lines.
    LongText,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// `{"minor": 1250, "currency": "EUR"}`.
    Money,
    /// `2026-03-01`.
    Date,
    /// An instant in RFC 3339.
    DateTime,
    /// True or false.
    Boolean,
    /// The id of a choice.
    Choice,
    /// Ids of choices, each once.
    MultiChoice,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// An address of the web.
    Url,
    /// An IBAN whose check digits fit.
    Iban,
}

impl FieldType {
    /// Whether its values are written as text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::LongText | Self::Email | Self::Phone | Self::Url | Self::Iban)
    }

    fn is_chosen(self) -> bool {
        matches!(self, Self::Choice | Self::MultiChoice)
    }

    fn has_bounds(self) -> bool {
        matches!(self, Self::Number | Self::Integer | Self::Money)
    }
}

fn yes() -> bool {
    true
}

impl CustomField {
    /// Whether a role sees it; a program sees what an agent does.
    pub fn is_seen_by(&self, role: Role) -> bool {
        self.seen_by.is_none_or(|least| role.max(Role::Agent) >= least)
    }

    /// Whether a role changes it.
    pub fn is_changed_by(&self, role: Role) -> bool {
        self.is_seen_by(role) && self.changed_by.is_none_or(|least| role.max(Role::Agent) >= least)
    }

    /// Its pattern, if it has one that can be read.
    pub(crate) fn expression(&self) -> Option<Regex> {
        self.pattern.as_deref().and_then(whole)
    }
}

/// An expression that a whole text has to fit.
fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

impl Pack {
    /// The declared fields that a role does not see.
    pub fn hidden_fields(&self, role: Role) -> BTreeSet<String> {
        let hidden = self.fields.iter().filter(|(_, field)| !field.is_seen_by(role));
        hidden.map(|(id, _)| id.clone()).collect()
    }

    /// Whether the desk says which fields there are.
    pub fn declares_fields(&self) -> bool {
        !self.fields.is_empty()
    }
}

/// Everything that is wrong with the fields of a pack, and with what names them elsewhere in it.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (id, field) in &pack.fields {
        let at = format!("/fields/{}", escape(id));
        let mut say = |part: &str, what: &str| problems.push((format!("{at}{part}"), what.to_owned()));
        if !field.name.contains_key(&pack.locale.default) {
            say("/name", "a name in the desk's default language is needed");
        }
        if field.kind.is_chosen() == field.choices.is_empty() {
            say("/choices", "choices belong to the types choice and multi_choice, and those have some");
        }
        let mut ids = BTreeSet::new();
        for (n, choice) in field.choices.iter().enumerate() {
            if choice.id.trim().is_empty() || !ids.insert(&choice.id) {
                say(&format!("/choices/{n}/id"), "each choice has an id of its own");
            }
        }
        if (field.min.is_some() || field.max.is_some()) && !field.kind.has_bounds() {
            say("/min", "bounds belong to the types number, integer and money");
        }
        if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
            say("/max", "the greatest is not below the least");
        }
        if let Some(pattern) = &field.pattern {
            if !field.kind.is_text() {
                say("/pattern", "a pattern belongs to a type that is written as text");
            } else if pattern.chars().count() > MAX_PATTERN_CHARS || whole(pattern).is_none() {
                say("/pattern", "a regular expression of at most 500 characters");
            }
        }
        if let Some(wrong) = field.default.as_ref().and_then(|value| field.refuses(value)) {
            say("/default", &wrong);
        }
        if field.required && !field.is_changed_by(Role::Agent) {
            say("/required", "whoever opens a ticket has to be able to say it");
        }
    }
    if pack.declares_fields() {
        problems.extend(named_elsewhere(pack));
    }
    problems
}

/// Where other parts of the pack name a field that there is not, or one that does not do there.
fn named_elsewhere(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let mut known = |pointer: String, id: &str| match pack.fields.get(id) {
        Some(field) => Some(field),
        None => {
            problems.push((pointer, format!("no field {id:?}; add it to /fields")));
            None
        }
    };
    for (n, transition) in pack.transitions.iter().enumerate() {
        for (f, id) in transition.fields.iter().enumerate() {
            known(format!("/transitions/{n}/fields/{f}"), id);
        }
    }
    for (id, queue) in &pack.queues {
        if let Some(field) = queue.assignment.as_ref().and_then(|rule| rule.skill_field.as_deref()) {
            known(format!("/queues/{}/assignment/skill_field", escape(id)), field);
        }
    }
    let topic = pack.survey.as_ref().and_then(|survey| survey.topic_field.as_deref());
    let at = "/survey/topic_field";
    if let Some(field) = topic.and_then(|topic| known(at.to_owned(), topic))
        && (field.personal || !field.is_seen_by(Role::Lead))
    {
        let what = "figures are for leads and of nobody: a field with `personal` false that they may see";
        problems.push((at.to_owned(), what.to_owned()));
    }
    for (n, policy) in pack.sla.iter().enumerate() {
        let unknown = policy.unknown_fields(pack, Role::Admin).into_iter();
        problems.extend(unknown.map(|(place, what)| (format!("/sla/{n}{place}"), what)));
    }
    problems
}
