//! How a desk wants to sound, as data of its pack, and where a text departs from it. Warnings, never refusals: the
//! writer decides.

use crate::survey::chat::plain;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Warnings in one answer; whoever gets so many reads no more.
const MAX_WARNINGS: usize = 50;

/// How a desk wants to sound. Words are compared without regard to capitals and punctuation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tone {
    /// Words and phrases to avoid, with what to write instead (or why not), by locale.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub avoid: BTreeMap<String, BTreeMap<String, String>>,
    /// What a message begins with: one of these, by locale.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub greetings: BTreeMap<String, Vec<String>>,
    /// What its last two lines have: one of these, by locale.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub closings: BTreeMap<String, Vec<String>>,
    /// Two ways of addressing somebody that must not be mixed, by locale.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub formality: BTreeMap<String, Formality>,
    /// Most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<usize>,
    /// Most exclamation marks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_exclamations: Option<usize>,
}

/// Words that tell how somebody is addressed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Formality {
    /// `tú`, `te`, `tienes` …
    pub familiar: Vec<String>,
    /// `usted`, `su`, `tiene` …
    pub formal: Vec<String>,
    /// The one that the desk uses; without it either, but not both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Address>,
}

/// A way of addressing somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// `tú`.
    Familiar,
    /// `usted`.
    Formal,
}

/// Where a text departs from the desk's tone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Warning {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// `avoid`, `greeting`, `closing`, `formality`, `length`, `exclamations`.
    pub code: String,
    /// What to do.
    pub message: String,
}

/// A word of a text and where it stands.
struct Word {
    text: String,
    line: usize,
    column: usize,
}

impl Tone {
    /// Where a text departs from this tone. `locales`: those to look words up in; the first that has any counts.
    pub fn check(&self, text: &str, locales: &[String]) -> Vec<Warning> {
        let words = words(text);
        let mut warnings = Vec::new();
        let mut say = |line: usize, column: usize, code: &str, message: String| {
            warnings.push(Warning { line, column, code: code.to_owned(), message });
        };
        for (phrase, advice) in of(&self.avoid, locales).into_iter().flatten() {
            for at in places(&words, phrase) {
                say(at.line, at.column, "avoid", format!("avoid \"{phrase}\": {advice}"));
            }
        }
        if let Some(greetings) = of(&self.greetings, locales)
            && !greetings.iter().any(|greeting| starts(&words, greeting))
        {
            say(1, 1, "greeting", format!("begin with one of: {}", greetings.join(", ")));
        }
        if let Some(closings) = of(&self.closings, locales) {
            let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
            let end = lines.get(lines.len().saturating_sub(2)..).unwrap_or_default().join("\n");
            let end_words = self::words(&end);
            if !closings.iter().any(|closing| !places(&end_words, closing).is_empty()) {
                let line = text.lines().count().max(1);
                say(line, 1, "closing", format!("end with one of: {}", closings.join(", ")));
            }
        }
        if let Some(formality) = of(&self.formality, locales) {
            let found = |list: &[String]| -> Vec<(usize, usize, String)> {
                let each = list.iter().flat_map(|word| places(&words, word));
                each.map(|at| (at.line, at.column, at.text.clone())).collect()
            };
            let (familiar, formal) = (found(&formality.familiar), found(&formality.formal));
            // Without a wish the rarer of the two is the slip.
            let slips = match formality.wanted {
                Some(Address::Familiar) => formal,
                Some(Address::Formal) => familiar,
                None if familiar.is_empty() || formal.is_empty() => Vec::new(),
                None if familiar.len() <= formal.len() => familiar,
                None => formal,
            };
            for (line, column, word) in slips {
                say(
                    line,
                    column,
                    "formality",
                    format!("\"{word}\" addresses the reader in another way than the rest"),
                );
            }
        }
        let chars = text.chars().count();
        if let Some(most) = self.max_chars.filter(|most| chars > *most) {
            say(1, 1, "length", format!("{chars} characters; at most {most} are read to the end"));
        }
        if let Some(most) = self.max_exclamations {
            let mut marks = text.lines().enumerate().flat_map(|(n, line)| {
                let at = line.chars().enumerate().filter(|(_, c)| matches!(c, '!' | '！'));
                at.map(move |(column, _)| (n.saturating_add(1), column.saturating_add(1)))
            });
            if let Some((line, column)) = marks.nth(most) {
                say(line, column, "exclamations", format!("at most {most} exclamation marks"));
            }
        }
        warnings.sort();
        warnings.dedup();
        warnings.truncate(MAX_WARNINGS);
        warnings
    }
}

/// What the first locale of a chain that has anything has.
fn of<'a, T>(table: &'a BTreeMap<String, T>, locales: &[String]) -> Option<&'a T> {
    locales.iter().find_map(|locale| table.get(locale))
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let mut inside = false;
        for (column, c) in line.chars().enumerate() {
            match words.last_mut().filter(|_| inside && c.is_alphanumeric()) {
                Some(word) => word.text.extend(c.to_lowercase()),
                None if c.is_alphanumeric() => words.push(Word {
                    text: c.to_lowercase().collect(),
                    line: n.saturating_add(1),
                    column: column.saturating_add(1),
                }),
                None => {}
            }
            inside = c.is_alphanumeric();
        }
    }
    words
}

/// Where a phrase stands: its first word.
fn places<'w>(words: &'w [Word], phrase: &str) -> Vec<&'w Word> {
    let plain = plain(phrase);
    let wanted: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let fits = |window: &&[Word]| window.iter().zip(&wanted).all(|(word, wanted)| word.text == *wanted);
    words.windows(wanted.len()).filter(fits).filter_map(<[Word]>::first).collect()
}

fn starts(words: &[Word], phrase: &str) -> bool {
    let first = words.first().map(|word| (word.line, word.column));
    places(words, phrase).first().map(|word| (word.line, word.column)) == first && first.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tone() -> Tone {
        serde_json::from_value(json!({
            "avoid": {"es": {"problema": "di \"incidencia\"", "a la mayor brevedad": "di cuándo"}},
            "greetings": {"es": ["Hola", "Buenos días"]},
            "closings": {"es": ["un saludo", "gracias"]},
            "formality": {"es": {"familiar": ["tú", "te", "tienes", "tu"], "formal": ["usted", "su", "le"]}},
            "max_chars": 200, "max_exclamations": 1
        }))
        .unwrap_or_default()
    }

    fn check(text: &str) -> Vec<(usize, usize, String)> {
        let locales = ["es-MX".to_owned(), "es".to_owned()];
        tone().check(text, &locales).into_iter().map(|w| (w.line, w.column, w.code)).collect()
    }

    fn at(line: usize, column: usize, code: &str) -> (usize, usize, String) {
        (line, column, code.to_owned())
    }

    #[test]
    fn a_text_in_the_desk_s_tone_has_no_warning() {
        assert_eq!(check("Hola, Ana:\n\nYa está resuelta su incidencia.\n\nUn saludo,\nEva"), []);
        assert_eq!(check("¡BUENOS DÍAS! Le escribimos. Gracias."), []);
    }

    #[test]
    fn each_departure_is_told_with_its_place() {
        assert_eq!(
            check("Hola:\nEl Problema se verá a la mayor brevedad.\nGracias"),
            [at(2, 4, "avoid"), at(2, 21, "avoid")]
        );
        assert_eq!(check("Ya está. Gracias"), [at(1, 1, "greeting")]);
        assert_eq!(check("Hola.\nListo.\nListo.\nListo."), [at(4, 1, "closing")]);
        assert_eq!(check("Hola. ¡Bien! ¡Muy bien! Gracias"), [at(1, 23, "exclamations")]);
        assert_eq!(check(&format!("Hola {} gracias", "a".repeat(200))), [at(1, 1, "length")]);
        assert_eq!(check("Hola. Problemático no es lo mismo. Gracias"), [], "whole words");
    }

    #[test]
    fn two_ways_of_address_in_one_text_are_a_slip() {
        assert_eq!(
            check("Hola. Si usted lo desea, le llamamos. ¿Tienes su número? Gracias"),
            [at(1, 40, "formality")]
        );
        assert_eq!(check("Hola. ¿Tienes tu número? Te llamamos. Gracias"), [], "one of the two");
        let mut formal = tone();
        if let Some(formality) = formal.formality.get_mut("es") {
            formality.wanted = Some(Address::Formal);
        }
        let warnings = formal.check("Hola. ¿Tienes tu número? Gracias", &["es".to_owned()]);
        assert_eq!(warnings.iter().filter(|w| w.code == "formality").count(), 2);
    }

    #[test]
    fn a_language_without_rules_and_an_empty_text_are_no_fault() {
        assert_eq!(tone().check("whatever!", &["fr".to_owned()]), []);
        assert_eq!(Tone::default().check("", &[]), []);
        assert_eq!(check("").len(), 2, "no greeting and no closing");
    }
}
