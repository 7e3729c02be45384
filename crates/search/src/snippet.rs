//! Where a text fits, and the piece of it that shows so.

use crate::words::{Word, words};

/// Characters that a piece has before and after the first place that fits.
const AROUND: usize = 60;

/// A part of a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The text.
    pub text: String,
    /// It is what was looked for.
    pub hit: bool,
}

/// A text, read once for several phrases.
pub struct Text<'a> {
    text: &'a str,
    words: Vec<Word>,
}

impl<'a> Text<'a> {
    /// Reads a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, words: words(text) }
    }

    /// Whether the words of a phrase follow each other somewhere.
    pub fn has(&self, phrase: &[String]) -> bool {
        self.places(phrase).next().is_some()
    }

    /// The piece around the first place where one of the phrases is, with all such places in it; none if there is none.
    pub fn snippet(&self, phrases: &[Vec<String>]) -> Option<Vec<Part>> {
        let mut places: Vec<(usize, usize)> = phrases.iter().flat_map(|phrase| self.places(phrase)).collect();
        places.sort_unstable();
        let (first, _) = *places.first()?;
        let (from, to) = (self.before(first), self.after(first));
        let mut parts = Vec::new();
        let mut push = |text: Option<&str>, hit| {
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                parts.push(Part { text: text.to_owned(), hit });
            }
        };
        push((from > 0).then_some("…"), false);
        let mut at = from;
        for (start, end) in places {
            if start < at || end > to {
                continue;
            }
            push(self.text.get(at..start), false);
            push(self.text.get(start..end), true);
            at = end;
        }
        push(self.text.get(at..to), false);
        push((to < self.text.len()).then_some("…"), false);
        Some(joined(parts))
    }

    fn places(&self, phrase: &[String]) -> impl Iterator<Item = (usize, usize)> {
        self.words.windows(phrase.len().max(1)).filter_map(move |some| {
            let fits = !phrase.is_empty() && some.iter().map(|word| &word.folded).eq(phrase);
            Some((some.first()?.start, some.last()?.end)).filter(|_| fits)
        })
    }

    fn before(&self, place: usize) -> usize {
        let ahead = self.text.get(..place).unwrap_or_default();
        ahead.char_indices().rev().take(AROUND).last().map_or(place, |(at, _)| at)
    }

    fn after(&self, place: usize) -> usize {
        let behind = self.text.get(place..).unwrap_or_default();
        behind.char_indices().nth(2 * AROUND).map_or(self.text.len(), |(at, _)| place.saturating_add(at))
    }
}

/// Parts of one kind that follow each other are one.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    for part in parts {
        match all.last_mut() {
            Some(last) if last.hit == part.hit => last.text.push_str(&part.text),
            _ => all.push(part),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(all: &[&[&str]]) -> Vec<Vec<String>> {
        all.iter().map(|phrase| phrase.iter().map(|word| (*word).to_owned()).collect()).collect()
    }

    fn shown(text: &str, all: &[&[&str]]) -> Option<String> {
        let parts = Text::new(text).snippet(&phrases(all))?;
        Some(parts.iter().map(|p| if p.hit { format!("[{}]", p.text) } else { p.text.clone() }).collect())
    }

    #[test]
    fn what_fits_is_marked_as_it_was_written() {
        let text = "No puedo entrar: la CONTRASEÑA no vale, y la contraseña nueva tampoco.";
        assert_eq!(
            shown(text, &[&["contrasena"]]).as_deref(),
            Some("No puedo entrar: la [CONTRASEÑA] no vale, y la [contraseña] nueva tampoco.")
        );
        assert_eq!(
            shown(text, &[&["contrasena", "nueva"]]).as_deref(),
            Some("No puedo entrar: la CONTRASEÑA no vale, y la [contraseña nueva] tampoco.")
        );
        assert_eq!(shown(text, &[&["nueva", "contrasena"]]), None);
        assert_eq!(shown(text, &[&[]]), None);
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_place() {
        let text = format!("{} aquí {}", "é ".repeat(500), "ñ ".repeat(500));
        let shown = shown(&text, &[&["aqui"]]).expect("a snippet");
        assert!(shown.starts_with("…") && shown.ends_with('…') && shown.contains("[aquí]"), "{shown}");
        assert!(shown.chars().count() < 200);
    }
}
