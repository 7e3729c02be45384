//! Conditions, the one language in which packs ask what a ticket is like: service-level policies, routing rules and
//! automations all use it.
//!
//! ```json5
//! "when": {"channel": ["whatsapp"],                          // one of these
//!          "tags": {"not": ["spam"]},                        // none of these
//!          "text": {"contains": ["queja", "hoja de reclamaciones"]},    // one of these, as whole words
//!          "address": {"matches": ["*@example.org"]},        // the whole value; * stands for anything
//!          "fields.pupils": {"at_least": 100, "at_most": 900},
//!          "fields.module": {"present": true}}
//! ```
//!
//! All of a list of conditions hold, or it does not. Of a fact with several values (tags) one is enough. Words are
//! compared without regard to capitals and punctuation, lists of values as they are written. Money is compared by its amount
//! in whole units of its currency, whichever that is: `{"minor": 120000, "currency": "EUR"}` is at least 1200.

use crate::pack::{Pack, Role, escape};
use crate::survey::chat::plain;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt;

/// The fact that is the custom field of its name.
pub(crate) const SEGMENT: &str = "segment";

/// Conditions by fact.
pub type Conditions = BTreeMap<String, Condition>;

/// The facts that conditions ask for.
pub trait Facts {
    /// The values of a fact: none if it is not known, several for tags.
    fn values(&self, fact: &str) -> Vec<Cow<'_, str>>;
}

impl<K: Borrow<str> + Ord> Facts for BTreeMap<K, String> {
    fn values(&self, fact: &str) -> Vec<Cow<'_, str>> {
        self.get(fact).map(Cow::from).into_iter().collect()
    }
}

impl<K: Borrow<str> + Ord> Facts for BTreeMap<K, Vec<String>> {
    fn values(&self, fact: &str) -> Vec<Cow<'_, str>> {
        self.get(fact).into_iter().flatten().map(Cow::from).collect()
    }
}

/// What a fact must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Condition {
    /// One of these: a list.
    Any(Vec<String>),
    /// What an object says.
    Test(Test),
}

/// What a fact must be, all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Test {
    /// None of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not: Vec<String>,
    /// One of these words or phrases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<String>,
    /// One of these patterns, the whole of it; `*` stands for anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<String>,
    /// A number of this size, or more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
    /// A number of this size, or less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<i64>,
    /// It is known, or it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Condition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of values, or an object such as {\"not\": […]} or {\"contains\": […]}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Condition, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Condition::Any)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Condition, A::Error> {
                Test::deserialize(MapAccessDeserializer::new(map)).map(Condition::Test)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl Condition {
    /// None of these values.
    pub fn not(values: Vec<String>) -> Self {
        Self::Test(Test { not: values, ..Test::default() })
    }

    /// Does it hold of a fact's values?
    pub fn holds(&self, values: &[Cow<'_, str>]) -> bool {
        let is_one_of =
            |list: &[String]| values.iter().any(|value| list.iter().any(|one| one == value.as_ref()));
        let test = match self {
            Self::Any(allowed) => return is_one_of(allowed),
            Self::Test(test) => test,
        };
        let asks = |list: &[String], fits: &dyn Fn(&str) -> bool| {
            list.is_empty() || values.iter().any(|value| fits(value))
        };
        !is_one_of(&test.not)
            && test.present.is_none_or(|wanted| wanted != values.is_empty())
            && asks(&test.contains, &|value| {
                let text = format!(" {} ", plain(value));
                test.contains.iter().any(|phrase| text.contains(&format!(" {} ", plain(phrase))))
            })
            && asks(&test.matches, &|value| {
                let value = value.to_lowercase();
                test.matches.iter().any(|pattern| fits_pattern(&pattern.to_lowercase(), &value))
            })
            && (test.at_least.is_none() && test.at_most.is_none()
                || values
                    .iter()
                    .filter_map(|value| value.parse::<f64>().ok())
                    .any(|number| test.allows(number)))
    }

    /// The values that it compares with.
    pub(crate) fn named(&self) -> &[String] {
        match self {
            Self::Any(list) => list,
            Self::Test(test) => &test.not,
        }
    }

    /// What is wrong with it.
    pub(crate) fn check(&self) -> Option<&'static str> {
        let empty = "an empty list decides nothing; name a value or leave the condition out";
        match self {
            Self::Any(list) => list.is_empty().then_some(empty),
            Self::Test(test) if *test == Test::default() => Some(empty),
            Self::Test(test) if test.contains.iter().any(|phrase| plain(phrase).is_empty()) => {
                Some("a phrase has at least one letter or digit")
            }
            Self::Test(test) if test.at_least.zip(test.at_most).is_some_and(|(least, most)| least > most) => {
                Some("no number is both at least the one and at most the other")
            }
            Self::Test(_) => None,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let test = match self {
            Self::Any(list) => return write!(f, "is {}", list.join(" or ")),
            Self::Test(test) => test,
        };
        let mut said: Vec<String> = Vec::new();
        for (word, list) in [("is not", &test.not), ("contains", &test.contains), ("matches", &test.matches)]
        {
            said.extend((!list.is_empty()).then(|| format!("{word} {}", list.join(" or "))));
        }
        said.extend(test.at_least.map(|least| format!("is at least {least}")));
        said.extend(test.at_most.map(|most| format!("is at most {most}")));
        said.extend(test.present.map(|there| if there { "is known" } else { "is not known" }.to_owned()));
        f.write_str(&said.join(" and "))
    }
}

impl Test {
    fn allows(&self, number: f64) -> bool {
        #[allow(clippy::cast_precision_loss)] // written by hand: none is too large
        let (least, most) = (self.at_least.map(|n| n as f64), self.at_most.map(|n| n as f64));
        least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
    }
}

/// Do all conditions hold?
pub fn all_hold(conditions: &Conditions, facts: &impl Facts) -> bool {
    conditions.iter().all(|(fact, condition)| condition.holds(&facts.values(fact)))
}

/// Conditions in words, for a history.
pub fn in_words(conditions: &Conditions) -> String {
    let each: Vec<String> =
        conditions.iter().map(|(fact, condition)| format!("{fact} {condition}")).collect();
    each.join(", ")
}

/// Everything that is wrong with conditions: JSON pointer into them, and what to do.
pub(crate) fn check(conditions: &Conditions, facts: &[&str]) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (fact, condition) in conditions {
        let at = format!("/{}", escape(fact));
        if !facts.contains(&fact.as_str()) && fact.strip_prefix("fields.").is_none_or(str::is_empty) {
            let known = facts.join(", ");
            problems
                .push((at.clone(), format!("there is no such fact; known are {known} and fields.<name>")));
        }
        problems.extend(condition.check().map(|what| (at, what.to_owned())));
    }
    problems
}

/// Fields that conditions ask for and a desk that declares its fields does not have, or not for a role that does not see
/// them: JSON pointer into them, and what to do.
pub(crate) fn unknown_fields(conditions: &Conditions, pack: &Pack, role: Role) -> Vec<(String, String)> {
    let is_there = |name: &str| pack.fields.get(name).is_some_and(|field| field.is_seen_by(role));
    let is_hidden = |name: &str| pack.fields.contains_key(name) && !is_there(name);
    let unknown = |fact: &&String| match fact.strip_prefix("fields.") {
        Some(name) => pack.declares_fields() && !is_there(name),
        // A fact of its own that reads the field of this name, if there is one.
        None => *fact == SEGMENT && is_hidden(SEGMENT),
    };
    let place = |fact: &String| {
        let name = fact.strip_prefix("fields.").unwrap_or(fact);
        (format!("/{}", escape(fact)), format!("no field {name:?}; add it to /fields"))
    };
    conditions.keys().filter(unknown).map(place).collect()
}

/// Is a value what a pattern says? Each star takes as little as it can; that is enough to find whether there is a way.
fn fits_pattern(pattern: &str, value: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| value.strip_prefix(first)) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece).and_then(|at| rest.get(at.saturating_add(piece.len())..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(condition: serde_json::Value, values: &[&str]) -> bool {
        let condition: Condition = serde_json::from_value(condition).expect("a condition");
        assert_eq!(condition.check(), None);
        condition.holds(&values.iter().map(|value| Cow::from(*value)).collect::<Vec<_>>())
    }

    #[test]
    fn each_word_of_the_language_says_what_it_says() {
        for (condition, values, expected) in [
            (json!(["a", "b"]), &["b"][..], true),
            (json!(["a"]), &[], false),
            (json!(["A"]), &["a"], false),
            (json!({"not": ["a"]}), &["b"], true),
            (json!({"not": ["a"]}), &["b", "a"], false),
            (json!({"not": ["a"]}), &[], true),
            (json!({"contains": ["queja formal"]}), &["Es una QUEJA, formal."], true),
            (json!({"contains": ["queja"]}), &["Me quejaba"], false),
            (json!({"contains": ["queja"]}), &[], false),
            (json!({"matches": ["*@example.org"]}), &["Ana@Example.org"], true),
            (json!({"matches": ["*@example.org"]}), &["ana@example.org.evil"], false),
            (json!({"matches": ["a*b*c"]}), &["a1bb2c"], true),
            (json!({"matches": ["a*b*c"]}), &["acb"], false),
            (json!({"matches": ["a*a"]}), &["a"], false),
            (json!({"matches": ["abc"]}), &["abc"], true),
            (json!({"matches": ["abc"]}), &["abcd"], false),
            (json!({"matches": ["*"]}), &[""], true),
            (json!({"at_least": 4}), &["4"], true),
            (json!({"at_least": 4}), &["3.9"], false),
            (json!({"at_least": 4}), &["many"], false),
            (json!({"at_least": 1, "at_most": 3}), &["9", "2"], true),
            (json!({"at_least": 1, "at_most": 3}), &["9", "0"], false),
            (json!({"present": true}), &[], false),
            (json!({"present": false}), &[], true),
            (json!({"present": true, "not": ["x"]}), &["y"], true),
        ] {
            assert_eq!(holds(condition.clone(), values), expected, "{condition} {values:?}");
        }
    }

    #[test]
    fn what_decides_nothing_or_cannot_be_is_wrong() {
        for wrong in [
            json!([]),
            json!({}),
            json!({"not": []}),
            json!({"contains": ["…"]}),
            json!({"at_least": 3, "at_most": 2}),
        ] {
            let condition: Condition = serde_json::from_value(wrong.clone()).expect("readable");
            assert!(condition.check().is_some(), "{wrong}");
        }
        for unreadable in
            [json!("x"), json!([1]), json!([["a"]]), json!({"is": ["a"]}), json!({"at_least": "1"})]
        {
            assert!(serde_json::from_value::<Condition>(unreadable.clone()).is_err(), "{unreadable}");
        }
        let both: Conditions = serde_json::from_value(
            json!({"weather": ["x"], "tags": [], "fields.": ["x"], "fields.a/b": ["x"]}),
        )
        .expect("readable");
        let places: Vec<_> = check(&both, &["tags"]).into_iter().map(|(at, _)| at).collect();
        assert_eq!(places, ["/fields.", "/tags", "/weather"]);
    }

    #[test]
    fn conditions_can_be_read_aloud() {
        let conditions: Conditions = serde_json::from_value(json!({
            "channel": ["whatsapp", "telegram"], "text": {"contains": ["queja"], "not": ["x"]},
            "score": {"at_most": 2}, "fields.plan": {"present": true}
        }))
        .expect("readable");
        assert_eq!(
            in_words(&conditions),
            "channel is whatsapp or telegram, fields.plan is known, score is at most 2, text is not x and contains queja"
        );
    }
}
