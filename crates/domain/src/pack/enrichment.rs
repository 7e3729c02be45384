//! What a new ticket's fields are filled from.

use super::field::MAX_PATTERN_CHARS;
use super::validate::escape;
use super::{CustomField, Pack};
use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where the fields of a new ticket come from, unless a person says them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrichment {
    /// Field id → what the directory says of the contact (`person.module`) or of the account (`account.csm`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub directory: BTreeMap<String, String>,
    /// An account is also known by the domain of the contact's e-mail address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_domain: bool,
    /// What subject and text tell: of each field the first rule that fits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<TextRule>,
}

/// A rule on what the customer wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRule {
    /// Its id, by which histories name it.
    pub id: String,
    /// Words or phrases, whatever the case of their letters; one is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Or a regular expression that fits somewhere, whatever the case of letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Fields and their values.
    pub set: Map<String, Value>,
}

impl Enrichment {
    /// Does it ask the directory?
    pub fn asks_directory(&self) -> bool {
        !self.directory.is_empty()
    }
}

impl TextRule {
    /// Does it fit? `text` is in small letters.
    pub fn fits(&self, text: &str) -> bool {
        let words = || self.words.iter().any(|word| holds_word(text, &word.to_lowercase()));
        words() || self.pattern.as_deref().and_then(expression).is_some_and(|found| found.is_match(text))
    }
}

/// Whether a phrase stands in a text by itself, not as a part of longer words.
fn holds_word(text: &str, phrase: &str) -> bool {
    let apart = |side: Option<char>| side.is_none_or(|c| !c.is_alphanumeric());
    !phrase.is_empty()
        && text.match_indices(phrase).any(|(at, found)| {
            let (before, after) = (text.get(..at), text.get(at + found.len()..));
            apart(before.and_then(|side| side.chars().next_back()))
                && apart(after.and_then(|side| side.chars().next()))
        })
}

fn expression(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).case_insensitive(true).build().ok()
}

/// Everything that is wrong with the enrichment of a pack and with what its channel accounts set.
pub(super) fn check(pack: &Pack) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (id, member) in &pack.enrichment.directory {
        let at = format!("/enrichment/directory/{}", escape(id));
        let is_one = member.split_once('.').is_some_and(|(of, name)| {
            matches!(of, "person" | "account") && !name.is_empty() && !name.contains('.')
        });
        if !is_one {
            problems.push((at.clone(), "person.<name> or account.<name>, as account.csm".to_owned()));
        }
        if pack.declares_fields() && !pack.fields.contains_key(id) {
            problems.push((at, format!("no field {id:?}; add it to /fields")));
        }
    }
    for (n, rule) in pack.enrichment.rules.iter().enumerate() {
        let at = format!("/enrichment/rules/{n}");
        let earlier = pack.enrichment.rules.iter().take(n);
        if rule.id.trim().is_empty() || earlier.into_iter().any(|before| before.id == rule.id) {
            problems.push((format!("{at}/id"), "each rule has an id of its own".to_owned()));
        }
        if rule.words.is_empty() == rule.pattern.is_none() {
            problems.push((at.clone(), "a rule has either words or a pattern".to_owned()));
        }
        let readable =
            |pattern: &String| pattern.chars().count() <= MAX_PATTERN_CHARS && expression(pattern).is_some();
        if rule.pattern.as_ref().is_some_and(|pattern| !readable(pattern)) {
            let what = format!("a regular expression of at most {MAX_PATTERN_CHARS} characters");
            problems.push((format!("{at}/pattern"), what));
        }
        problems.extend(values(pack, &format!("{at}/set"), &rule.set));
    }
    for (channel, accounts) in &pack.channels {
        for (name, account) in accounts {
            let at = format!("/channels/{}/{}/fields", escape(channel), escape(name));
            problems.extend(values(pack, &at, &account.fields));
        }
    }
    problems
}

fn values(pack: &Pack, at: &str, set: &Map<String, Value>) -> Vec<(String, String)> {
    if !pack.declares_fields() {
        return Vec::new();
    }
    let wrong = set.iter().filter_map(|(id, value)| {
        let why = match pack.fields.get(id) {
            Some(field) => CustomField::refuses(field, value)?,
            None => format!("no field {id:?}; add it to /fields"),
        };
        Some((format!("{at}/{}", escape(id)), why))
    });
    wrong.collect()
}
